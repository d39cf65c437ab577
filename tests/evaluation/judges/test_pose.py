"""Ratings follow the claims: right raises, wrong lowers, nothing said is the lowest."""

import itertools

import pytest

from llavapose.evaluation.judges.pose import PoseJudge, is_judgeable, judge_answer
from llavapose.evaluation.judges.protocol import Case
from llavapose.records import Answer, Asked, Fact, Question

FACTS = tuple(
    Fact(kind=kind, person=0, part=part, value=value, sure=True)
    for kind, part, value in (
        ("elbow", "left elbow", "bent"),
        ("elbow", "right elbow", "straight"),
        ("knee", "left knee", "straight"),
        ("knee", "right knee", "bent"),
        ("arm_height", "left arm", "raised"),
        ("arm_height", "right arm", "lowered"),
        ("stance", None, "standing"),
        ("facing", None, "toward the camera"),
        ("legs", None, "apart"),
    )
)
SENTENCES = {
    "The left elbow of the person is bent.": "The left elbow of the person is straight.",
    "The right elbow of the person is straight.": "The right elbow of the person is bent.",
    "The right knee of the person is bent.": "The right knee of the person is straight.",
    "The left arm of the person is raised.": "The left arm of the person is lowered.",
    "The person is standing.": "The person is sitting.",
}
ASKED = Asked(kind="elbow", person=0, part="left elbow")


@pytest.fixture
def scene(scenes):
    return next(scene for scene in scenes if len(scene.people) == 1)


def rate(text, kind, scene, facts=FACTS):
    question = Question(id="q", scene_id=scene.id, image=scene.image, kind=kind, text="?",
                        asked=ASKED if kind == "conv" else None)  # fmt: skip
    return judge_answer(question, Answer(question_id="q", arm="full", text=text), scene, facts)


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_flipping_any_claim_lowers_the_rating(kind, scene):
    for chosen in itertools.product((0, 1), repeat=len(SENTENCES)):
        pairs = list(SENTENCES.items())
        text = " ".join(pair[wrong] for pair, wrong in zip(pairs, chosen, strict=True))
        before = rate(text, kind, scene).verdict.rating
        for index, wrong in enumerate(chosen):
            if wrong:
                continue
            flipped = " ".join(
                pair[1 if i == index else w] for i, (pair, w) in enumerate(zip(pairs, chosen, strict=True))
            )
            after = rate(flipped, kind, scene).verdict.rating
            # With conv's asked fact already wrong nothing can be lost any more.
            assert after < before or (kind == "conv" and before == 1), (text, flipped)


@pytest.mark.parametrize("kind", ["detail", "complex"])
def test_another_right_claim_never_lowers_the_rating(kind, scene):
    said = []
    last = 1.0
    for sentence in SENTENCES:
        said.append(sentence)
        rating = rate(" ".join(said), kind, scene).verdict.rating
        assert rating >= last
        last = rating
    assert last > 7


def test_repeating_a_claim_changes_nothing(scene):
    text = " ".join(SENTENCES)
    assert rate(f"{text} {text}", "detail", scene).verdict.rating == rate(text, "detail", scene).verdict.rating


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_saying_nothing_checkable_is_the_lowest_and_silent(kind, scene):
    for text in ("", "What a lovely day it is.", "A dog."):
        verdict = rate(text, kind, scene).verdict
        assert verdict.rating == 1 and verdict.silent and verdict.reason


def test_conv_is_about_the_asked_fact(scene):
    right, wrong = next(iter(SENTENCES.items()))
    assert rate(right, "conv", scene).verdict.rating == 10
    assert rate(wrong, "conv", scene).verdict.rating == 1
    assert not rate(wrong, "conv", scene).verdict.silent
    assert rate("The person is standing.", "conv", scene).verdict.rating == 1
    assert 1 < rate(f"{right} {wrong}", "conv", scene).verdict.rating < 6


def test_a_short_answer_counts(scene):
    assert rate("Bent.", "conv", scene).verdict.rating == 10
    assert rate("Straight.", "conv", scene).verdict.rating == 1
    assert rate("Bent or straight.", "conv", scene).verdict.silent


def test_the_reason_names_what_is_right_and_wrong(scene):
    reason = rate("The left elbow of the person is bent. The person is sitting.", "detail", scene).verdict.reason
    assert "right: " in reason and "left elbow" in reason
    assert "wrong: " in reason and "sitting" in reason


def test_what_can_be_judged_is_known_without_an_answer(scene):
    unsure = tuple(Fact(kind=f.kind, person=f.person, part=f.part, value=f.value, sure=False) for f in FACTS)
    for kind in ("conv", "detail", "complex"):
        found = rate(" ".join(SENTENCES), kind, scene, unsure)
        assert found.verdict.rating is None and "cannot decide" in found.verdict.reason and not found.verdict.silent
    question = Question(id="q", scene_id=1, image="x.jpg", kind="conv", text="?", asked=ASKED)
    assert is_judgeable(question, FACTS) and not is_judgeable(question, FACTS[1:])


def test_without_annotations_nothing_is_scored(scene):
    question = Question(id="q", scene_id=scene.id, image=scene.image, kind="detail", text="?")
    answer = Answer(question_id="q", arm="full", text="The left elbow of the person is bent.")
    cases = [Case(question=question, scene=one, answer=answer) for one in (None, scene)]
    unscored, scored = (one.verdict for one in PoseJudge(lambda scene: FACTS).judge(cases))
    assert unscored.rating is None and unscored.reason == "the picture has no annotations"
    assert scored.rating is not None and scored.rating > 1
