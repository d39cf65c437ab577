"""The pose judge on clips: the ground truth is rated high, what is false or of one frame alone is not."""

from pathlib import Path

import numpy as np
import pytest

from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.answerers.text_only import offline_answer
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.judge import PoseJudge, judge_answer
from llavapose.evaluation.judges.pose.rating import Scale
from llavapose.evaluation.judges.protocol import Case, Seen
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import flipped, state
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import Answer
from tests.evaluation.clips import clips


@pytest.fixture(scope="module")
def scenes():
    return {scene.id: scene for scene in clips(520)}


@pytest.fixture(scope="module")
def scale(scenes):
    return Scale(Chance([scene for scene in scenes.values() if scene.id > 120]))


@pytest.fixture(scope="module")
def questions(scenes):
    return build_benchmark([scene for scene in scenes.values() if scene.id <= 120], num_images=20)


def rate(text, question, scenes, scale):
    scene = scenes[question.scene_id]
    answer = Answer(question_id=question.id, arm="a", text=text)
    return judge_answer(question, answer, scene, tuple(scene_facts(scene)), scale).verdict


def test_the_truth_is_rated_high_and_the_flipped_truth_below_silence(questions, scenes, scale):
    import random

    truth, false = [], []
    for one in questions:
        if one.kind == "complex":
            continue
        scene = scenes[one.scene_id]
        told = rate(offline_answer(one, scene), one, scenes, scale)
        if told.rating is None:
            assert "needs no picture" in told.reason, told.reason
            continue
        facts = [f for f in scene_facts(scene) if f.sure and f.kind in VALUES]
        asked = one.asked
        if asked is not None:
            facts = [f for f in facts if (f.kind, f.person, f.part) == (asked.kind, asked.person, asked.part)]
        wrong = [flipped(f, scene, random.Random(0)) for f in facts]
        truth.append(told.rating)
        false.append(rate(" ".join(state(f, scene) for f in wrong if f), one, scenes, scale).rating)
    assert len(truth) > 20 and np.mean(truth) > 7.0 and np.mean(false) < 1.0, (np.mean(truth), np.mean(false))


def test_still_claims_and_the_number_of_people_earn_nothing_of_a_clip(questions, scenes, scale):
    detail = next(one for one in questions if one.kind == "detail")
    for text in ("The person is standing.", "There is one person in the picture.", "The left elbow is bent."):
        verdict = rate(text, detail, scenes, scale)
        assert (verdict.rating, verdict.silent) == (1.0, True), text


def test_the_prior_is_no_better_than_silence(questions, scenes, scale):
    prior = PriorAnswerer(lambda: scale)
    answers = {one.question_id: one.text for one in prior.answers(questions, Path("."), "prior")}
    ratings = [rate(answers[one.id], one, scenes, scale).rating for one in questions if one.kind != "complex"]
    found = [one for one in ratings if one is not None]
    assert np.mean(found) < 2.0


def test_frames_are_judged_where_several_pictures_are_not(questions, scenes, scale):
    one = next(one for one in questions if one.kind == "detail")
    scene = scenes[one.scene_id]
    answer = Answer(question_id=one.id, arm="a", text=offline_answer(one, scene))
    frames = tuple(Seen(scene=scene) for _ in one.further)
    ((judged,),) = PoseJudge(lambda: scale).judge([Case(question=one, scene=scene, answer=answer, further=frames)])
    assert judged.verdict.rating is not None and judged.verdict.rating > 1
