"""The pose judge on clips: the ground truth is rated high, what is false or of one frame alone is not."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.answerers.text_only import offline_answer
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.evaluation.judges.pose.chance import Chance
from llavapose.evaluation.judges.pose.judge import PoseJudge, is_judgeable, judge_answer
from llavapose.evaluation.judges.pose.rating import Scale
from llavapose.evaluation.judges.protocol import Case, Seen
from llavapose.evaluation.probe.counterparts import is_one_way
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import ask_open, flipped, state
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import Answer, Asked
from llavapose.teacher.offline.motion.middle import asked_there
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


def about_the_middle(scene, kind, fact=None):
    """A question of a kind about the middle of a clip, conv for ``fact``."""
    base = build_benchmark([scene], num_images=1)[0]
    text = asked_there(ask_open(fact, scene) if fact else "Describe the poses of the people.")
    asked = Asked(kind=fact.kind, person=fact.person, part=fact.part) if fact else None
    return replace(base, id=f"{scene.id}-middle-{kind}", kind=kind, text=text, asked=asked)


def test_of_the_middle_still_claims_count_and_motions_do_not(questions, scenes, scale):
    scene = scenes[questions[0].scene_id]
    still = [f for f in scene_facts(scene) if f.sure and f.kind not in (*VALUES, "count")]
    moved = [f for f in scene_facts(scene) if f.sure and f.kind in VALUES]
    question = about_the_middle(scene, "detail")
    assert rate(" ".join(state(f, scene) for f in still), question, scenes, scale).rating > 8
    assert rate(state(moved[0], scene), question, scenes, scale).silent
    wrong = [flipped(f, scene, random.Random(0)) for f in still]
    assert rate(" ".join(state(f, scene) for f in wrong if f), question, scenes, scale).rating < 1


def test_what_a_motion_changes_is_asked_of_the_middle_alone(scenes, scale):
    """Of a knee that bends, "straight" is right or wrong by when it is looked at: without a time it is unscored."""
    for scene in scenes.values():
        facts = scene_facts(scene)
        knees = [f.part for f in facts if f.kind == "knee_motion"]
        changed = [f for f in facts if f.kind == "knee" and f.sure and f.part in knees]
        if changed and any(is_one_way(f, facts) for f in facts if f.sure and f.kind in VALUES):
            break
    question = about_the_middle(scene, "conv", changed[0])
    told = state(changed[0], scene)
    middle = rate(told, question, scenes, scale)
    assert "in the middle" in question.text.lower() and middle.reason
    anytime = rate(told, replace(question, text=ask_open(changed[0], scene)), scenes, scale)
    assert anytime.rating is None and "cannot decide" in anytime.reason
    assert not is_judgeable(replace(question, text=ask_open(changed[0], scene)), facts)
    assert is_judgeable(question, facts)
