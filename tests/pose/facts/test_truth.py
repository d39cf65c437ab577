"""Stated facts against the world's latent truth in three dimensions."""

import pytest

from benchmarks import facts as benchmark
from benchmarks.facts import is_right, moved, rows, score
from llavapose.pose.check import check_text
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.thresholds import ARM
from llavapose.pose.thresholds import rows as threshold_rows
from llavapose.pose.vocabulary import flip_part
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_truth, read_world
from llavapose.teacher.offline.teacher import OfflineTeacher, Request

LEAST_COVERAGE = {
    "elbow": 0.5, "knee": 0.5, "arm_height": 0.45, "arm_side": 0.4, "legs": 0.25, "leg_lift": 0.5, "trunk": 0.7,
    "stance": 0.7, "facing": 0.7, "place": 0.6, "side_of": 0.9, "contact": 0.25, "count": 0.99,
}  # fmt: skip
"""Share of facts that are sure, with room for the chance of a small set; benchmarks/facts.py prints the full table."""


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    settings = WorldSettings(num_train=0, num_val=240, seed=3)
    folder = ensure_world(tmp_path_factory.mktemp("world"), settings, progress=False)
    truths = {truth["image_id"]: truth for truth in read_truth(folder, "val")}
    return read_world(folder, "val").scenes, truths


def test_at_least_98_of_100_stated_facts_are_right_and_many_are_stated(world):
    table, wrong = score(*world)
    by_kind = {row["kind"]: row for row in rows(table, by_value=False)}
    scored = sum(row["num_scored"] for row in by_kind.values())
    assert scored > 2000
    assert len(wrong) <= 0.01 * scored, wrong[:5]
    for kind, least in LEAST_COVERAGE.items():
        bad = [line for line in wrong if f" {kind} " in line]
        # Two mistakes by chance are allowed to a kind with few facts.
        assert len(bad) <= max(2, 0.02 * by_kind[kind]["num_scored"]), bad
        assert by_kind[kind]["coverage"] >= least, kind


def test_the_truth_notices_left_and_right_swapped(world):
    scenes, truths = world
    swapped = right = 0
    for scene in scenes:
        for fact in scene_facts(scene):
            if fact.sure and fact.kind == "elbow" and fact.part:
                fact = type(fact)(**{**fact.__dict__, "part": flip_part(fact.part)})
                swapped += 1
                right += is_right(fact, scene, truths[scene.id]) is True
    assert right / swapped < 0.75


def test_a_threshold_that_decides_is_told_and_put_back(world, monkeypatch):
    scenes, truths = world
    told = ("ARM.out_sure_reach_torsos", "PLACE.side_sure_rel", "BODY.trunk_torsos")
    monkeypatch.setattr(benchmark, "threshold_rows", lambda: [row for row in threshold_rows() if row.name in told])
    before = ARM.out_sure_reach_torsos
    reach, side = moved(list(scenes[:80]), truths, 0.4)
    assert reach.startswith("ARM.out_sure_reach_torsos")
    assert "stated" in reach
    assert side.count("same") == 2
    assert ARM.out_sure_reach_torsos == before


def test_what_the_offline_teacher_writes_is_read_back_as_true(world):
    """Captions may say more than the joints show; nothing that is written may contradict them."""
    outcomes = {"supported": 0, "contradicted": 0, "unverifiable": 0}
    for scene in world[0][:120]:
        facts = scene_facts(scene)
        for kind in ("conv", "detail", "complex"):
            asked = Request(scene=scene, facts=facts, kind=kind, num=1, seed=scene.id)
            for turns in OfflineTeacher(context="keypoints").write(asked):
                for turn in turns:
                    for checked in check_text(turn.text, scene, facts) if turn.role == "assistant" else ():
                        outcomes[checked.outcome] += 1
    assert outcomes["supported"] > 700
    assert outcomes["unverifiable"] < 0.05 * outcomes["supported"]
    assert outcomes["contradicted"] <= 0.001 * outcomes["supported"]
