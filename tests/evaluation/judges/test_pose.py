"""Ratings follow what claims add to chance: right raises, wrong lowers, a text without the picture gains nothing."""

import itertools
import random
from dataclasses import replace

import pytest

from llavapose.config.choices import SceneSource
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.judges.pose.chance import FAILS, HOLDS, Chance
from llavapose.evaluation.judges.pose.judge import NOT_JUDGED, PoseJudge, is_judgeable, judge_answer, scale_of
from llavapose.evaluation.judges.pose.rating import Scale, read
from llavapose.evaluation.judges.pose.said import read_answer
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


VALUES = {
    "elbow": ("bent", "straight"),
    "knee": ("bent", "straight"),
    "arm_height": ("raised", "lowered"),
    "stance": ("standing", "sitting"),
    "facing": ("toward the camera", "away from the camera", "image left", "image right"),
    "legs": ("apart", "together"),
}


def even(scene) -> tuple[Fact, ...]:
    """Facts as ``FACTS`` are of everybody in a scene, each value as common as the others."""
    rng = random.Random(scene.id)
    own = range(len(scene.people))
    return tuple(replace(fact, person=i, value=rng.choice(VALUES[fact.kind])) for i in own for fact in FACTS)


@pytest.fixture(scope="module")
def scale(scenes) -> Scale:
    many = [replace(scene, id=1000 * time + scene.id) for time in range(4) for scene in scenes]
    return Scale(Chance(many, even))


@pytest.fixture
def scene(scenes):
    return next(scene for scene in scenes if len(scene.people) == 1)


@pytest.fixture
def rate(scale, scene):
    def rated(text, kind, facts=FACTS, *, question="?"):
        asked = Question(id="q", scene_id=scene.id, image=scene.image, kind=kind, text=question,
                         asked=ASKED if kind == "conv" else None)  # fmt: skip
        answer = Answer(question_id="q", arm="full", text=text)
        return judge_answer(asked, answer, scene, facts, scale).verdict

    return rated


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_flipping_any_claim_lowers_the_rating(kind, rate):
    for chosen in itertools.product((0, 1), repeat=len(SENTENCES)):
        pairs = list(SENTENCES.items())
        text = " ".join(pair[wrong] for pair, wrong in zip(pairs, chosen, strict=True))
        before = rate(text, kind).rating
        for index, wrong in enumerate(chosen):
            if wrong:
                continue
            flipped = " ".join(
                pair[1 if i == index else w] for i, (pair, w) in enumerate(zip(pairs, chosen, strict=True))
            )
            assert rate(flipped, kind).rating < before, (text, flipped)


@pytest.mark.parametrize("kind", ["detail", "complex"])
def test_another_right_claim_always_raises_the_rating(kind, rate):
    said, last = [], 1.0
    for sentence in SENTENCES:
        said.append(sentence)
        rating = rate(" ".join(said), kind).rating
        assert rating > last
        last = rating
    assert last > 7


def test_repeating_a_claim_changes_nothing(rate):
    text = " ".join(SENTENCES)
    assert rate(f"{text} {text}", "detail").rating == rate(text, "detail").rating


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_saying_nothing_checkable_is_1_and_silent(kind, rate):
    for text in ("", "What a lovely day it is.", "A dog.", "The person is either standing or sitting."):
        verdict = rate(text, kind)
        assert verdict.rating == 1 and verdict.silent and verdict.reason


def test_conv_is_about_the_asked_fact(rate):
    right, wrong = next(iter(SENTENCES.items()))
    assert rate(right, "conv").rating == 10
    assert rate(wrong, "conv").rating < 1 and not rate(wrong, "conv").silent
    assert rate("The person is standing.", "conv").rating == 1
    assert rate(f"{right} The person is sitting.", "conv").rating == pytest.approx(10 - 9 * 0.2)


def test_a_vague_answer_earns_less_than_the_value(rate):
    right, vague = (rate(text, "conv").rating for text in ("It is bent.", "The left elbow is not straight."))
    assert 1 < vague <= right == 10


@pytest.mark.parametrize("kind", ["conv", "detail", "complex"])
def test_what_takes_itself_back_earns_nothing(kind, rate):
    right, wrong = next(iter(SENTENCES.items()))
    for text in (f"{right} {wrong}", f"{wrong} {right}", f"{right} The left elbow of the person is not bent."):
        assert rate(text, kind).rating <= 1, text
    assert "said both ways" in rate(f"{right} {wrong}", kind).reason


@pytest.mark.parametrize("kind", ["detail", "complex"])
def test_a_lucky_find_that_is_taken_back_earns_nothing(kind, rate):
    """One of four ways to face: right earns more than wrong loses."""
    right, wrong = "The person is facing toward the camera.", "The person is facing away from the camera."
    assert rate(right, kind).rating > 2
    assert rate(f"{right} {wrong}", kind).rating <= 1 and rate(f"{wrong} {right}", kind).rating <= 1


@pytest.mark.parametrize("kind", ["detail", "complex"])
def test_a_wrong_claim_costs_half_however_unlikely_it_was(kind, rate):
    """True in one picture of four, it would cost a quarter; a right claim of two values earns half."""
    assert rate("The left elbow of the person is bent. The person is facing away from the camera.", kind).rating <= 1


def test_a_short_answer_counts(rate):
    assert rate("Bent.", "conv").rating == 10
    assert rate("Straight.", "conv").rating < 1
    assert rate("Bent or straight.", "conv").silent
    assert rate("His elbow is bent.", "conv").rating == 10, "the question says which elbow"


def test_every_text_without_the_picture_expects_nothing(scenes, facts_of):
    """Whatever claims follow one another, over the training scenes they earn at most what chance gives."""
    scale = Scale(Chance(scenes, facts_of))
    texts = sorted({text for told in scale.statements.values() for text in told})
    texts += [text.replace(" is ", " is not ") for text in texts]
    rng = random.Random(0)
    for _ in range(60):
        claims = [claim for text in rng.sample(texts, 6) for claim in read(text)]
        total = 0.0
        for index in range(len(scenes)):
            known = []
            for claim in claims:
                outcome = scale.chance.outcomes(claim)[index]
                if outcome in (HOLDS, FAILS):
                    total += (outcome == HOLDS) - scale.chance.probability(claim, known)
                    known.append((claim, outcome == HOLDS))
        assert total / len(scenes) < 0.02, claims


def test_what_is_certain_earns_nothing(rate):
    for text in ("The person is not touching an elephant.", "The person is not lying.", "One person can be seen."):
        assert rate(text, "detail").rating < 1.2, text


def test_what_follows_from_the_question_earns_nothing(rate):
    told = "The person is standing."
    free, given = (rate(told, "complex", question=q).rating for q in ("Why?", "Why is the person standing?"))
    assert free > 1.2 and given == pytest.approx(1, abs=0.05)


def test_what_needs_no_picture_is_not_scored(scale, scene):
    """Where nine in ten are the same, the commonest answer is no sign of seeing."""
    same = tuple(Fact(kind=f.kind, person=0, part=f.part, value=f.value, sure=True) for f in FACTS)
    alike = Scale(Chance([scene] * 500, lambda scene: same))
    question = Question(id="q", scene_id=scene.id, image=scene.image, kind="conv", text="?", asked=ASKED)
    answer = Answer(question_id="q", arm="full", text="Bent.")
    verdict = judge_answer(question, answer, scene, FACTS, alike).verdict
    assert (
        verdict.rating is None
        and "needs no picture: the commonest answer is right in up to 100 of 100" in verdict.reason
    )


def test_how_many_there_are_can_be_asked(scale, scene):
    asked, turn = Asked(kind="count", person=None, part=None), itertools.count()
    question = Question(id="q", scene_id=scene.id, image=scene.image, kind="conv", text="How many?", asked=asked)
    count = (Fact(kind="count", person=None, value="1", sure=True),)
    answer = Answer(question_id="q", arm="full", text="There is one person.")
    verdict = judge_answer(question, answer, scene, count, scale).verdict
    assert verdict.rating is None and "training scenes have nothing of the kind" in verdict.reason
    counted = Scale(Chance([scene] * 300, lambda one: (replace(count[0], value="12"[next(turn) % 2]),)))
    assert judge_answer(question, answer, scene, count, counted).verdict.rating == 10


@pytest.mark.parametrize(
    ("text", "outcomes", "both_ways"),
    [
        ("A total of six people walk. The man is flanked by a couple of women.", ["supported"], False),
        ("There are six people in the photo. There are two people in the photo.", ["supported", "contradicted"], True),
        ("Seven women walk. Two men follow.", ["contradicted"], False),
    ],
)  # fmt: skip
def test_a_part_of_the_people_is_no_second_total(scene, text, outcomes, both_ways):
    said = read_answer(text, scene, (Fact(kind="count", person=None, value="6", sure=True, measure=6),)).said
    assert [one.checked.outcome for one in said] == outcomes and any(one.void for one in said) == both_ways


@pytest.mark.parametrize(
    ("text", "told"),
    [("Two women.", True), ("There are two players.", True), ("A man sits there, and two women stand.", False)],
)
def test_asked_how_many_a_number_of_women_is_an_answer(scene, text, told):
    asked, facts = (
        Asked(kind="count", person=None, part=None),
        (Fact(kind="count", person=None, value="2", sure=True, measure=2),),
    )
    said = read_answer(text, scene, facts, asked).said
    assert [one.right for one in said] == [True] * told


def test_the_reason_names_what_is_right_and_wrong(rate):
    reason = rate("The left elbow of the person is bent. The person is sitting.", "detail").reason
    assert "right: " in reason and "left elbow" in reason
    assert "wrong: " in reason and "sitting" in reason and NOT_JUDGED not in reason
    assert NOT_JUDGED in rate("The person is standing, so they will fly to the moon.", "complex").reason


def test_what_can_be_judged_is_known_without_an_answer(rate):
    unsure = tuple(Fact(kind=f.kind, person=f.person, part=f.part, value=f.value, sure=False) for f in FACTS)
    for kind in ("conv", "detail", "complex"):
        verdict = rate(" ".join(SENTENCES), kind, unsure)
        assert verdict.rating is None and "cannot decide" in verdict.reason and not verdict.silent
    question = Question(id="q", scene_id=1, image="x.jpg", kind="conv", text="?", asked=ASKED)
    assert is_judgeable(question, FACTS) and not is_judgeable(question, FACTS[1:])


def test_without_annotations_nothing_is_scored(scene, scale):
    question = Question(id="q", scene_id=scene.id, image=scene.image, kind="detail", text="?")
    answer = Answer(question_id="q", arm="full", text="The left elbow of the person is bent.")
    cases = [Case(question=question, scene=one, answer=answer) for one in (None, scene)]
    judge = PoseJudge(lambda: scale, facts_of=lambda scene: FACTS)
    unscored, scored = (one.verdict for (one,) in judge.judge(cases))
    assert unscored.rating is None and unscored.reason == "the picture has no annotations"
    assert scored.rating is not None and scored.rating > 1


def test_the_training_scenes_must_be_there_and_many(tmp_path, caplog):
    absent = ScenesConfig(name="coco2017", source=SceneSource.coco, root=tmp_path)
    with pytest.raises(ConfigError, match=r"judge pose: needs the training annotations.*scenes coco2017: no files for"):
        scale_of(absent)()
    few = ScenesConfig(name="world", root=tmp_path, num_train=5, num_val=1, image_size=64)
    scale_of(few)()
    assert "known from 5 training pictures only" in caplog.text
