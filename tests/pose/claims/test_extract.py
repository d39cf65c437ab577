"""Free English and the teacher's own wording, read back as claims."""

import pytest

from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.vocabulary import VALUES

EXAMPLES = [
    ("Her left arm is raised and she stands with both knees bent.",
     ["she|left arm|raised", "she||standing", "she|left knee|bent", "she|right knee|bent"]),
    ("The skier is standing upright with arms lowered, and her right elbow is slightly bent.",
     ["the skier||standing", "the skier||upright", "the skier|left arm|lowered", "the skier|right arm|lowered",
      "the skier|right elbow|slightly bent"]),
    ("The man on the left bends the right elbow while the woman on the right keeps her left arm straight.",
     ["the man on the left|right elbow|bent", "the woman on the right|left elbow|straight"]),
    ("The person on the left faces away from the camera. His left knee is not bent.",
     ["the person on the left||away from the camera", "the person on the left|left knee|not bent"]),
    ("The surfer's left arm is stretched out to the side and the right is lowered.",
     ["the surfer|left arm|out to the side", "the surfer|right arm|lowered"]),
    ("Standing on the left leg, the man lifts his right leg off the ground.",
     ["the man||standing", "the man|left leg|on the ground", "the man|right leg|lifted"]),
    ("With his arms raised above his head, the person on the left looks to the right.",
     ["the person on the left|left arm|above the head", "the person on the left|right arm|above the head",
      "the person on the left||image right"]),
    ("Both people are facing the camera. They stand with their legs apart.",
     ["both people||toward the camera", "both people||standing", "both people||apart"]),
    ("Her right arm hangs down by her side; the other is bent.", ["she|right arm|lowered", "she|left elbow|bent"]),
    ("Neither arm is raised.", ["|left arm|not raised", "|right arm|not raised"]),
    ("The left and right elbows are both bent.", ["|left elbow|bent", "|right elbow|bent"]),
    ("He raises his left hand high above his head and lowers the right arm.",
     ["he|left arm|above the head", "he|right arm|lowered"]),
    ("One knee is bent.", ["||bent"]),
    ("The person isn't standing but sitting.", ["the person||not standing", "the person||sitting"]),
    ("He is bent over and his knees are bent.", ["he||bent over", "he|left knee|bent", "he|right knee|bent"]),
    ("He has his back to the camera.", ["he||away from the camera"]),
    ("There are three people in the picture.", ["||3"]),
    ("A single person is visible.", ["||1"]),
    ("The left elbow of the person on the right is bent.", ["the person on the right|left elbow|bent"]),
]  # fmt: skip


def _short(claim) -> str:
    return f"{claim.mention or ''}|{claim.part or ''}|{'not ' if claim.negated else ''}{claim.value}"


@pytest.mark.parametrize(("text", "expected"), EXAMPLES)
def test_free_english(text, expected):
    assert [_short(claim) for claim in extract_claims(text)] == expected


@pytest.mark.parametrize(
    ("text", "mention", "part", "target"),
    [
        ("She is holding a tennis racket in her right hand.", "she", "right hand", "tennis racket"),
        ("The umbrella is held in the left hand of the person on the right.", "the person on the right", "left hand",
         "umbrella"),
        ("The man’s right foot is on the skateboard.", "the man", "right foot", "skateboard"),
        ("The woman holds a book.", "the woman", None, "book"),
    ],
)  # fmt: skip
def test_contact(text, mention, part, target):
    (claim,) = extract_claims(text)
    assert (claim.kind, claim.mention, claim.part, claim.target) == ("contact", mention, part, target)


@pytest.mark.parametrize(
    "text",
    [
        "Is the left elbow bent?", "He might be about to sit down.", "The left elbow is bent or straight.",
        "A dog is sitting next to the man.", "The man looks at a laptop on the table.", "", "   ", "...",
        "It is a sunny day.", "If the left knee were bent, he would fall.",
    ],
)  # fmt: skip
def test_what_claims_nothing(text):
    assert extract_claims(text) == ()


def test_spans_are_positions_in_the_text():
    text = "It is sunny.\nThe man on the left   faces the camera, and his left\nelbow is bent."
    claims = extract_claims(text)
    assert [text[claim.start : claim.end] for claim in claims] == ["faces the camera", "left\nelbow is bent"]


def test_every_value_is_in_the_vocabulary():
    for text, _ in EXAMPLES:
        assert all(claim.value in VALUES[claim.kind] for claim in extract_claims(text))
