"""What must hold of motion facts whatever moves: backwards, thinned, mirrored, held still, and with joints off."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.people.jitter import MOST_FLIPS
from benchmarks.people.moving import CHANGES, backwards, held_still, judged, mirrored, shaken_frames, stated
from llavapose.pose.motion.facts import motion_facts
from tests.pose.motion.stick import CLIPS

NUM_DRAWS = 15


def test_there_is_something_in_every_clip_but_one():
    assert [name for name, scene in CLIPS.items() if not stated(scene)] == ["keeps still"]


@pytest.mark.parametrize("name", CLIPS)
def test_played_backwards_every_fact_is_its_opposite_and_in_a_mirror_the_other_side_s(name):
    for change in ("backwards", "mirrored"):
        found = judged(CLIPS[name], CHANGES[change])
        assert found["as it must be"] == len(stated(CLIPS[name]))
        assert found["made up"] == 0


@pytest.mark.parametrize("name", CLIPS)
def test_played_backwards_they_take_place_at_the_mirrored_times(name):
    end = CLIPS[name].frames[-1].time_s
    forth, back = (
        {(f.kind, f.person, f.part): f.span_s for f in motion_facts(scene) if f.kind != "order" and f.span_s}
        for scene in (CLIPS[name], backwards(CLIPS[name]))
    )
    for key, (first, last) in forth.items():
        assert (end - last, end - first) == pytest.approx(back[key])


@pytest.mark.parametrize("change", ["the even ones", "the odd ones"])
@pytest.mark.parametrize("name", CLIPS)
def test_with_every_second_frame_no_fact_is_another(name, change):
    found = judged(CLIPS[name], CHANGES[change])
    assert found["another"] == found["made up"] == 0


@pytest.mark.parametrize("name", CLIPS)
def test_one_frame_repeated_has_no_motion(name):
    for number in range(0, len(CLIPS[name].frames), 5):
        assert motion_facts(held_still(CLIPS[name], number)) == ()


def test_joints_as_far_off_as_annotators_differ_turn_nothing_over():
    rng, seen = random.Random(3), Counter()
    for scene in CLIPS.values():
        before = stated(scene)
        for _ in range(NUM_DRAWS):
            after = stated(shaken_frames(scene, rng))
            both = before.keys() & after.keys()
            seen.update("kept" if after[key] == before[key] else "turned over" for key in both)
            seen["unsure"] += len(before.keys() - after.keys())
            seen["made up"] += len(after.keys() - before.keys())
    assert seen["kept"] > 200
    assert seen["turned over"] + seen["made up"] <= MOST_FLIPS * (seen["kept"] + seen["unsure"]), seen


def test_sides_exchanged_by_an_annotator_are_no_motion():
    scene = CLIPS["hand past the head"]
    other = mirrored(scene)
    # Joints named by the wrong side, at their own places: mirrored once by names, and back by places.
    wrong = [replace(one, keypoints=tuple((1 - x, y, seen) if seen else (x, y, seen) for x, y, seen in one.keypoints))
             for one in (frame.people[0] for frame in other.frames) if one]  # fmt: skip
    frames = list(scene.frames)
    for number in range(16, 24):
        frames[number] = replace(frames[number], people=(wrong[number],))
    parts = {key[2] for key in stated(replace(scene, frames=tuple(frames)))}
    assert not parts & {"left hand", "right hand", "left elbow", "right elbow"}
