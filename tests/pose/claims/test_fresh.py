"""The fresh material is what it says: the vocabulary's kinds, flips of texts that are there, no text of a source."""

import json
from pathlib import Path

import pytest

from benchmarks.claims_fresh import COUNTED, DEVELOPMENT, MATERIALS, SECOND, precision
from llavapose.pose.vocabulary import PARTS, VALUES
from llavapose.teacher.checks.findings import REPORTED_ONLY

FRESH = Path(__file__).parent / "fresh"


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (FRESH / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    "name", [*(one.true for one in MATERIALS), "free.jsonl", "real_marks.jsonl", "real_marks_unsure.jsonl"]
)
def test_claims_are_of_the_vocabulary(name):
    for row in rows(name):
        for claim in row["claims"]:
            assert claim["value"] in VALUES[claim["kind"]], row
            part = claim["part"]
            assert part in PARTS.get(claim["kind"], (None,)) or (claim["kind"], part) == ("contact", "hand"), row


@pytest.mark.parametrize(("material", "num"), [(DEVELOPMENT, (600, 200)), (SECOND, (146, 48)), (COUNTED, (147, 48))])
def test_every_flip_is_of_a_true_text_and_differs(material, num):
    true = {row["id"]: row for row in rows(material.true)}
    flips = rows(material.flips)
    assert (len(true), len(flips)) == (len(true), len({row["id"] for row in flips})) == num
    assert len({row["text"] for row in true.values()}) == len(true)
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
    scenes = {material.name: material.scenes(tmp_path, progress=False) for material in MATERIALS}
    right, told = precision(scenes)
    sure = set(VALUES) - REPORTED_ONLY
    assert sum(told.values()) > 100 and len(sure) > 4 and sure <= set(told)
    assert all(right[kind] / told[kind] >= 0.85 for kind in sure), (right, told)
