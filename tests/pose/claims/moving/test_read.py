"""What a text about a clip claims: of motion, of still poses beside it, and nothing of what is not said to happen."""

import pytest

from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.motion.vocabulary import VALUES


def told(text: str) -> list[tuple[str, str | None, str]]:
    return [(claim.kind, claim.part, claim.value) for claim in extract_claims(text, moving=True)]


RAISED, LOWERED = "raised past the shoulder", "lowered past the shoulder"


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("He raises his right arm.", [("hand_motion", "right hand", RAISED)]),
        ("He lifts a cup with his right hand.", []),
        ("He raises his right arm to shoulder height.", []),
        ("He has raised his right hand above his head.", [("hand_motion", "right hand", "raised past the head")]),
        ("His right arm is raised.", [("arm_height", "right arm", "raised")]),
        ("He raises his left hand, then lowers it.", [("hand_motion", "left hand", RAISED),
                                                     ("hand_motion", "left hand", LOWERED)]),
        ("He bends the left knee twice.", [("knee_motion", "left knee", "bends"), ("repeats", "left knee", "2")]),
        ("He raises and lowers the left arm four times.", [("repeats", "left hand", "4")]),
        ("His left knee goes from bent to straight.", [("knee_motion", "left knee", "straightens")]),
        ("He has just bent both knees.", [("knee_motion", "left knee", "bends"),
                                          ("knee_motion", "right knee", "bends")]),
        ("He stretches his left hand up past his head.", [("hand_motion", "left hand", "raised past the head")]),
        ("It takes him about 0.4 s to bend the right knee.", [("knee_motion", "right knee", "bends")]),
        ("She has come closer to the camera.", [("approach", None, "nearer")]),
        ("Standing up comes first.", []),
        ("His hand goes up and down twice, bending it.", [("repeats", None, "2")]),
        ("She is sitting down on the bench.", [("stance_motion", None, "sits down")]),
        ("She begins to get up.", [("stance_motion", None, "stands up")]),
        ("She turns to the left.", []),
        ("She turns to her own left.", [("turn", None, "own left")]),
        ("She turns her head to her left.", []),
        ("She walks to the left of the man.", []),
        ("She walks to the left and toward the camera.", [("shift", None, "image left"), ("approach", None, "nearer")]),
        ("She walks toward the man.", []),
    ],
)  # fmt: skip
def test_what_happens_is_read(text, claims):
    motions = [one for one in told(text) if one[0] in VALUES or one[0] == "arm_height"]
    assert motions == claims


@pytest.mark.parametrize(
    "text",
    [
        "The left hand of the woman moves to the right.",
        "The ball moves to the left.",
        "She could sit down.",
        "She is about to raise her left hand.",
        "Does she raise her left hand?",
        "If she sits down, she will rest.",
        "A raised left hand, a bent knee.",
        "Raising the left arm would help.",
    ],
)
def test_what_does_not_happen_or_is_nobodys_is_no_motion(text):
    assert not [one for one in told(text) if one[0] in VALUES]


def test_what_is_denied_is_a_denied_claim():
    (claim,) = extract_claims("The man does not turn to his left.", moving=True)
    assert (claim.kind, claim.value, claim.negated) == ("turn", "own left", True)


def test_words_of_motion_make_no_still_claim():
    text = "The woman raises the right arm and walks toward the camera."
    assert [one[0] for one in told(text)] == ["hand_motion", "approach"]
    assert "arm_height" in [claim.kind for claim in extract_claims(text)]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("The man has the left arm raised.", ["arm_height"]),
        ("In the middle of the clip the man has the left arm raised.", ["arm_height"]),
        ("The man has the left arm raised throughout, from start to finish.", ["arm_height"]),
        ("At the start the man has the left arm raised.", []),
        ("The man has the left arm raised at the end.", []),
        ("The man is standing. Then he sits down.", ["stance_motion"]),
        ("The man on the left is standing. The man on the right sits down.", ["stance", "stance_motion"]),
    ],
)
def test_still_claims_are_those_that_may_be_of_the_middle(text, kinds):
    assert [one[0] for one in told(text)] == kinds


@pytest.mark.parametrize(
    ("text", "value", "who", "target"),
    [
        ("The man moves before the woman.", "before", "the man", "the woman"),
        ("The man sits down after the woman has stood up.", "after", "the man", "the woman"),
        ("The man on the left raises a hand first, followed by the man on the right.", "before", "the man on the left",
         "the man on the right"),
        ("The man on the left starts first; the man on the right waits.", "before", "the man on the left",
         "the man on the right"),
        ("The man makes the first move.", "before", "the man", "the other person"),
    ],
)  # fmt: skip
def test_who_is_first_is_read_of_whom(text, value, who, target):
    orders = [claim for claim in extract_claims(text, moving=True) if claim.kind == "order"]
    assert [(one.value, one.mention, one.target) for one in orders] == [(value, who, target)]
