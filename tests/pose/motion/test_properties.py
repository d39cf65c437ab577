"""What must hold of motion facts whatever moves: backwards, thinned, mirrored, held still, and with joints off."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from benchmarks.people.jitter import MOST_FLIPS
from benchmarks.people.moving import backwards, held_still, shaken_frames, thinned
from llavapose.pose.motion.facts import motion_facts
from llavapose.pose.motion.vocabulary import OPPOSITES
from tests.pose.motion.stick import CLIPS, mirrored

OTHER_SIDE = {"left": "right", "right": "left"}
NUM_DRAWS = 15


def stated(scene):
    """What is sure, by kind, person, part and target."""
    return {(f.kind, f.person, f.part, f.target): f.value for f in motion_facts(scene) if f.sure}


def undone(kind, value):
    """What a motion is when played backwards; who stands up from whatever it was has sat or crouched down."""
    if kind == "repeats":
        return {value}
    return {"sits down", "crouches down"} if value == "stands up" else {OPPOSITES[kind][value]}


def swapped(words):
    return words and " ".join(OTHER_SIDE.get(word, word) for word in words.split(" "))


def test_there_is_something_in_every_clip_but_one():
    assert [name for name, scene in CLIPS.items() if not stated(scene)] == ["keeps still"]


@pytest.mark.parametrize("name", CLIPS)
def test_played_backwards_every_fact_is_its_opposite(name):
    before, after = stated(CLIPS[name]), stated(backwards(CLIPS[name]))
    assert before.keys() == after.keys()
    assert all(after[key] in undone(key[0], value) for key, value in before.items())


@pytest.mark.parametrize("name", CLIPS)
def test_played_backwards_they_take_place_at_the_mirrored_times(name):
    end = CLIPS[name].frames[-1].time_s
    forth, back = (
        {(f.kind, f.person, f.part): f.span_s for f in motion_facts(scene) if f.kind != "order"}
        for scene in (CLIPS[name], backwards(CLIPS[name]))
    )
    for key, (first, last) in forth.items():
        assert (end - last, end - first) == pytest.approx(back[key])


@pytest.mark.parametrize("name", CLIPS)
def test_in_a_mirror_sides_are_exchanged(name):
    before = stated(CLIPS[name])
    expected = {
        (kind, who, swapped(part), target): swapped(value) for (kind, who, part, target), value in before.items()
    }
    assert stated(mirrored(CLIPS[name])) == expected


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("name", CLIPS)
def test_with_every_second_frame_no_fact_is_another(name, first):
    before, after = stated(CLIPS[name]), stated(thinned(CLIPS[name], first))
    assert all(after[key] == value for key, value in before.items() if key in after)
    assert after.keys() <= before.keys()


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
             for one in (frame.people[0] for frame in other.frames)]  # fmt: skip
    frames = list(scene.frames)
    for number in range(16, 24):
        frames[number] = replace(frames[number], people=(wrong[number],))
    parts = {key[2] for key in stated(replace(scene, frames=tuple(frames)))}
    assert not parts & {"left hand", "right hand", "left elbow", "right elbow"}
