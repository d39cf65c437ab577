"""Stated motion facts against the moving world's latent truth, and with its frames changed."""

from collections import Counter
from dataclasses import replace

import pytest

from benchmarks import motion_facts as benchmark
from benchmarks.people.jitter import MOST_FLIPS
from benchmarks.people.motion_truth import is_right, lines, placed_truths, score
from benchmarks.people.moving import CHANGES, held_still, judged, shaken_counts, stated
from llavapose.pose.motion.facts import motion_facts
from llavapose.pose.motion.vocabulary import OPPOSITES, VALUES
from llavapose.scenes.world.moving.folder import MotionSettings, ensure_motion, read_motion, read_truth

SETTINGS = MotionSettings(num_train=0, num_val=60, num_frames=16, seed=5)


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder = ensure_motion(tmp_path_factory.mktemp("world"), SETTINGS, progress=False)
    scenes = read_motion(folder, "val", SETTINGS.num_frames).scenes
    return scenes, placed_truths(scenes, read_truth(folder, "val"))


def test_at_least_98_of_100_stated_motions_are_right_and_half_of_the_events_are_stated(clips):
    scenes, truths = clips
    scored = score([(scene, motion_facts(scene)) for scene in scenes], truths)
    assert scored.all.stated > 60
    assert scored.all.wrong <= 0.02 * scored.all.stated, scored.wrong
    assert scored.all.found >= 0.5 * scored.all.events
    assert [line.split()[0] for line in lines(scored)] == ["kind", *VALUES, "all"]


def test_the_truth_notices_the_opposite(clips):
    scenes, truths = clips
    for scene in scenes:
        for fact in motion_facts(scene):
            if fact.sure and fact.kind in OPPOSITES:
                person = truths[scene.id]["people"][fact.person]
                # Either may be wrong, never both right.
                assert not is_right(fact, person) or not is_right(
                    replace(fact, value=OPPOSITES[fact.kind][fact.value]), person
                )


@pytest.mark.parametrize("name", CHANGES)
def test_changed_frames_never_make_another_fact(clips, name):
    found = sum((judged(scene, CHANGES[name]) for scene in clips[0]), Counter())
    assert found["as it must be"] > 40
    assert found["another"] == 0
    if name == "mirrored":
        assert found["unsure"] == found["made up"] == 0


def test_played_backwards_nothing_but_a_low_stance_becomes_unsure(clips):
    """Who stands up has sat or crouched; played backwards, which of the two may be open."""
    change = CHANGES["backwards"]
    for scene in clips[0]:
        before, after = stated(scene), stated(change.scene(scene))
        assert {key[0] for key in before.keys() ^ after.keys()} <= {"stance_motion"}


def test_one_frame_repeated_has_no_motion(clips):
    assert not any(motion_facts(held_still(scene, 8)) for scene in clips[0])


def test_joints_off_as_annotators_are_turn_few_facts_over(clips):
    scenes, truths = clips
    found = shaken_counts(scenes, 2, right=lambda scene, fact: is_right(fact, truths[scene.id]["people"][fact.person]))
    seen = sum(found.values(), Counter())
    assert seen["other"] <= MOST_FLIPS * (seen["same"] + seen["other"] + seen["unsure"])
    assert seen["wrong"] <= 0.04 * seen["right"]


def test_the_benchmark_prints_its_table(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["motion_facts.py", "--clips", "3", "--root", str(tmp_path), "--missed", "1"])
    benchmark.main()
    told = capsys.readouterr().out
    assert "3 clips of seed 12" in told
    assert "ms a clip of 16 frames" in told
    for option in (["--jitter", "1"], ["--changed"]):
        monkeypatch.setattr("sys.argv", ["motion_facts.py", "--clips", "3", "--root", str(tmp_path), *option])
        benchmark.main()
    assert "one frame repeated: 0 facts" in capsys.readouterr().out
