"""``benchmarks/pose_judge.py`` over a few pictures: what is written blind earns nothing there, what is seen earns all.

Few pictures leave wide intervals: a cheat fails here where even its lower bound is a point above what silence gets.
"""

import random
from dataclasses import replace
from itertools import combinations

import pytest

from benchmarks import cheats_blind, cheats_developed, pose_judge
from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.rating import Scale
from llavapose.evaluation.judges.protocol import LOWEST
from llavapose.kinds import rated_kinds
from llavapose.pose.people import references
from llavapose.pose.vocabulary import VALUES
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

NUM_TRAIN, NUM_PICTURES, NUM_ATTACKED = 500, 16, 6
MOST_SURE = LOWEST + 1.0
CHEATS = {**cheats_developed.CHEATS, **cheats_blind.CHEATS}


@pytest.fixture(scope="module")
def training(tmp_path_factory):
    world = ensure_world(tmp_path_factory.mktemp("judged"), WorldSettings(num_train=NUM_TRAIN, num_val=60, seed=9173))
    return read_world(world, "train").scenes, pose_judge.cases_of(read_world(world, "val").scenes, NUM_PICTURES)


@pytest.fixture(scope="module")
def scale(training) -> Scale:
    return Scale(Chance(training[0]))


@pytest.fixture(scope="module")
def cases(training):
    assert len(training[1]) == NUM_PICTURES
    return training[1]


@pytest.fixture(scope="module")
def answers(training):
    return pose_judge.training_answers(training[0][:100])


@pytest.fixture
def mean(cases, scale):
    """Kind -> the mean rating of what is written."""

    def rated(write):
        return {kind: pose_judge.mean_of(found) for kind, found in pose_judge.rate(cases, write, scale).items()}

    return rated


def test_there_are_twelve_cheats_of_each_sort():
    assert len(cheats_blind.CHEATS) >= 12 and len(cheats_developed.CHEATS) >= 12


@pytest.mark.parametrize("name", CHEATS)
def test_no_text_written_blind_beats_saying_nothing(mean, answers, name):
    rng = random.Random(name)
    found = mean(lambda case, question: CHEATS[name](question.kind, question.text, rng, answers))
    assert {kind: str(one) for kind, one in found.items() if one.low > MOST_SURE} == {}


def test_the_statements_rated_best_over_training_pictures_do_not_either(mean, training, scale):
    attacked = pose_judge.cases_of(training[0], NUM_ATTACKED)
    text = pose_judge.greedy_attack(attacked, scale, "detail", most=2)
    assert text and mean(lambda *_: text)["detail"].low <= MOST_SURE


@pytest.mark.parametrize(
    ("kind", "values"),
    [(kind, VALUES[kind]) for kind in ("elbow", "knee", "arm_height", "stance")],
)
def test_naming_several_values_of_what_is_asked_expects_nothing(training, scale, kind, values):
    """Of neighbours, "straight" and "slightly bent", only one is decided of a picture: which one must not be luck."""
    seen = [
        replace(case, questions=tuple(q for q in case.questions if q.asked and q.asked.kind == kind))
        for case in pose_judge.cases_of(training[0], 150)
    ]  # by these pictures chance is counted
    seen = [case for case in seen if case.questions]
    assert len(seen) > 80
    for pair in combinations(values, 2):
        for first, second in (pair, pair[::-1]):

            def write(case, question, told=(first, second)):
                who = references(case.scene)[question.asked.person]
                what = f"the {question.asked.part} of {who}" if question.asked.part else who
                return f"One viewer says that {what} is {told[0]}. Another has found that {what} is {told[1]}."

            found = pose_judge.rate(seen, write, scale)
            assert pose_judge.mean_of(found["conv"]).mean <= LOWEST, (first, second)


def test_what_the_pictures_other_questions_tell_earns_nothing(mean):
    told = {"There is one person in the picture.", "There are two people in the picture."}
    written = []

    def write(case, question):
        written.append(pose_judge.told_by_questions(case))
        return written[-1]

    found = mean(write)
    assert told <= set(written) and all(found[kind].low <= LOWEST + 0.1 for kind in ("detail", "complex")), found


def test_the_prior_is_as_good_as_anything_said_blind(mean, training, scale):
    blind = PriorAnswerer(lambda: scale)
    found = mean(lambda case, question: blind.answer(question))
    assert all(one.low <= pose_judge.MOST_PRIOR for one in found.values()), found
    seen = pose_judge.cases_of(training[0], 100)  # by these it chooses
    texts = sorted({text for told in scale.statements.values() for text in told})[::40]
    for kind, best in pose_judge.rate(seen, lambda case, question: blind.answer(question), scale).items():
        for text in ("", *texts):
            said = pose_judge.rate(seen, lambda case, question, text=text: text, scale)[kind]
            assert pose_judge.mean_of(best).mean >= pose_judge.mean_of(said).mean - 0.1, (kind, text)


@pytest.mark.parametrize(("share", "least"), [(1.0, pose_judge.LEAST_FULL), (0.5, pose_judge.LEAST_HALF)])
def test_what_is_seen_is_rated_high(mean, share, least):
    found = mean(lambda case, question: pose_judge.honest(case, question, share))
    assert set(found) == set(rated_kinds()) and all(one.mean >= least for one in found.values()), found


def test_every_further_fact_raises_and_every_planted_error_lowers(cases, scale):
    assert pose_judge.rising(cases, scale) == []
    assert pose_judge.falling(cases[:5], scale) == []
