"""Motion facts of a stick figure: every kind, and what leaves each unsure."""

import pytest

from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.motion.facts import motion_facts
from tests.pose.motion.stick import (
    ARM_HALF_UP,
    ARM_UP,
    BACK,
    ELBOW_BENT,
    FRONT,
    SEATED,
    SIDE,
    clip,
    moved,
)


def told(scene, person=0, *, sure=True):
    """(kind, part) -> value of a person's facts."""
    return {(f.kind, f.part): f.value for f in motion_facts(scene) if f.person == person and f.sure == sure}


def test_a_picture_that_stands_alone_has_no_motion():
    scene = clip([(0, {})], num=1)
    assert motion_facts(scene) == ()


def test_who_keeps_still_has_no_motion():
    assert motion_facts(clip([(0, {})])) == ()


def test_a_hand_is_raised_past_the_head():
    found = [f for f in motion_facts(clip([(0.8, {}), (1.6, ARM_UP)])) if f.kind == "hand_motion"]
    assert [(f.part, f.value, f.sure) for f in found] == [("left hand", "raised past the head", True)]
    assert found[0].measure == pytest.approx(2.22, abs=0.1)
    assert found[0].span_s is not None
    assert 0.8 <= found[0].span_s[0] < found[0].span_s[1] <= 1.8


def test_a_hand_is_raised_past_the_shoulder_alone():
    assert told(clip([(0.8, {}), (1.6, ARM_HALF_UP)]))["hand_motion", "left hand"] == "raised past the shoulder"


def test_a_hand_is_lowered_from_over_the_head():
    assert told(clip([(0.8, ARM_UP), (1.6, {})]))["hand_motion", "left hand"] == "lowered past the head"


def test_a_hand_from_the_shoulder_to_over_the_head():
    assert told(clip([(0.8, ARM_HALF_UP), (1.6, ARM_UP)]))["hand_motion", "left hand"] == "raised past the head"


def test_an_elbow_bends_and_straightens():
    bends = clip([(0.8, {}), (1.6, ELBOW_BENT)])
    assert told(bends)["elbow_motion", "left elbow"] == "bends"
    assert told(clip([(0.8, ELBOW_BENT), (1.6, {})]))["elbow_motion", "left elbow"] == "straightens"


def test_an_elbow_bends_three_times():
    keys = [(0.5 + 0.5 * i, ELBOW_BENT if i % 2 else {}) for i in range(7)]
    found = told(clip(keys, num=41, step_s=0.1))
    assert found["repeats", "left elbow"] == "3"
    assert ("elbow_motion", "left elbow") not in found


def test_a_hand_goes_up_and_down_twice():
    keys = [(0.4 + 0.8 * i, ARM_UP if i % 2 else {}) for i in range(5)]
    found = told(clip(keys, num=25, step_s=0.2))
    assert found["repeats", "left hand"] == "2"
    assert ("hand_motion", "left hand") not in found


def test_who_goes_up_twice_and_down_once_is_not_counted():
    keys = [(0.4 + 0.8 * i, ARM_UP if i % 2 else {}) for i in range(4)]
    scene = clip(keys, num=20, step_s=0.2)
    assert ("repeats", "left hand") not in told(scene)
    assert told(scene, sure=False)["repeats", "left hand"] == "1"


def test_somebody_sits_down_and_stands_up():
    down = told(clip([(0.8, SIDE), (1.6, SEATED)]))
    assert down["stance_motion", None] == "sits down"
    assert down["knee_motion", "left knee"] == "bends"
    assert ("shift", None) not in down
    assert told(clip([(0.8, SEATED), (1.6, SIDE)]))["stance_motion", None] == "stands up"


def test_somebody_turns():
    assert told(clip([(0.8, FRONT), (1.6, SIDE)]))["turn", None] == "own left"
    assert told(clip([(0.8, SIDE), (1.6, FRONT)]))["turn", None] == "own right"


def test_somebody_moves_in_the_picture():
    assert told(clip([(0.6, {}), (2.0, moved(FRONT, dx=130))]))["shift", None] == "image right"
    assert told(clip([(0.6, {}), (2.0, moved(FRONT, dx=-130))]))["shift", None] == "image left"


def test_a_camera_that_pans_moves_nobody():
    one, other = moved(FRONT, dx=-120, scale=0.6), moved(FRONT, dx=20, scale=0.6)
    scene = clip([(0.6, one), (2.0, moved(one, dx=80))], [(0.6, other), (2.0, moved(other, dx=80))])
    assert told(scene) == told(scene, 1) == {}
    assert told(scene, sure=False) == {("shift", None): "image right"}


def test_who_walks_past_somebody_who_stands_moves():
    one, other = moved(FRONT, dx=-120, scale=0.6), moved(FRONT, dx=20, scale=0.6)
    scene = clip([(0.6, one), (2.0, moved(one, dx=80))], [(0, other)])
    assert told(scene) == {("shift", None): "image right"}
    assert told(scene, 1) == {}


def test_somebody_comes_nearer_and_goes():
    near, far = moved(FRONT, scale=1.0), moved(FRONT, scale=0.6)
    assert told(clip([(0.6, far), (2.0, near)])) == {("approach", None): "nearer"}
    assert told(clip([(0.6, near), (2.0, far)])) == {("approach", None): "away"}


def test_a_zoom_brings_nobody_nearer():
    one, other = moved(FRONT, dx=-60, scale=0.5), moved(FRONT, dx=60, scale=0.5)
    scene = clip([(0.6, one), (2.0, moved(one, scale=1.5))], [(0.6, other), (2.0, moved(other, scale=1.5))])
    assert "approach" not in {kind for kind, _ in told(scene) | told(scene, 1)}


def test_who_moves_first():
    one, other = moved(FRONT, dx=-100, scale=0.6), moved(FRONT, dx=100, scale=0.6)
    up = [{**place, **moved(ARM_UP, dx=dx, scale=0.6)} for place, dx in ((one, -100), (other, 100))]
    scene = clip([(0.4, one), (1.0, up[0])], [(1.6, other), (2.2, up[1])])
    found = {(f.person, f.target): f.value for f in motion_facts(scene) if f.kind == "order" and f.sure}
    assert found == {(0, 1): "before", (1, 0): "after"}
    scene = clip([(0.4, one), (1.0, up[0])], [(0.5, other), (1.1, up[1])])
    assert not [f for f in motion_facts(scene) if f.kind == "order" and f.sure]


def test_turning_round_unseen_is_not_sure():
    scene = clip([(0.8, FRONT), (1.2, BACK)])
    assert ("turn", None) not in told(scene)


def test_they_are_among_the_scene_s_facts():
    scene = clip([(0.8, {}), (1.6, ARM_UP)])
    assert set(motion_facts(scene)) <= set(scene_facts(scene))
