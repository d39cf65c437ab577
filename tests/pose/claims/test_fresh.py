"""The fresh material is what it says: the vocabulary's kinds, flips of texts that are there, no text of a source."""

import json
from pathlib import Path

import pytest

from benchmarks.claims_fresh import WORLD, precision
from llavapose.pose.vocabulary import PARTS, VALUES
from llavapose.scenes.world.world import ensure_world, read_world
from llavapose.teacher.checks.findings import REPORTED_ONLY

FRESH = Path(__file__).parent / "fresh"


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (FRESH / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", ["true.jsonl", "free.jsonl", "real_marks.jsonl", "real_marks_unsure.jsonl"])
def test_claims_are_of_the_vocabulary(name):
    for row in rows(name):
        for claim in row["claims"]:
            assert claim["value"] in VALUES[claim["kind"]], row
            part = claim["part"]
            assert part in PARTS.get(claim["kind"], (None,)) or (claim["kind"], part) == ("contact", "hand"), row


def test_every_flip_is_of_a_true_text_and_differs():
    true = {row["id"]: row for row in rows("true.jsonl")}
    flips = rows("flips.jsonl")
    assert len(true) == 600 and len(flips) == len({row["id"] for row in flips}) == 200
    assert len({row["text"] for row in true.values()}) == 600
    for row in flips:
        assert row["text"] != true[row["of"]]["text"] and row["scene"] == true[row["of"]]["scene"]
        assert row["false"]["value"] in VALUES[row["false"]["kind"]]


def test_marks_on_real_texts_hold_none_of_them():
    for row in rows("real_marks.jsonl") + rows("real_marks_unsure.jsonl"):
        assert set(row) <= {"source", "key", "sentence", "sha256", "people", "claims"}
        for claim in row["claims"]:
            assert all(isinstance(claim.get(name), list | None) for name in ("mention", "target")), row


def test_only_sure_contradictions_cost_a_reply(tmp_path):
    """Kinds that are acted on: at least 85% of their contradictions in free English are one."""
    scenes = {scene.id: scene for scene in read_world(ensure_world(tmp_path, WORLD, progress=False), "val").scenes}
    right, told = precision(scenes)
    sure = set(VALUES) - REPORTED_ONLY
    assert sum(told.values()) > 100 and len(sure) > 4 and sure <= set(told)
    assert all(right[kind] / told[kind] >= 0.85 for kind in sure), (right, told)
