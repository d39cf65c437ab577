"""The marked texts about motion are what they say: the vocabulary's kinds, flips of texts that are there."""

import json
from pathlib import Path

import pytest

from llavapose.pose.motion.vocabulary import PARTS, VALUES

MARKED = Path(__file__).parent / "marked"
HALVES = ("developed", "counted")


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (MARKED / name).read_text(encoding="utf-8").splitlines()]


def of_the_vocabulary(one: dict) -> bool:
    return one["value"] in VALUES[one["kind"]] and one["part"] in (None, *PARTS.get(one["kind"], ()))


@pytest.mark.parametrize("half", HALVES)
def test_claims_and_facts_are_of_the_vocabulary(half):
    texts = rows(f"{half}_true.jsonl")
    assert len({row["text"] for row in texts}) == len(texts) >= 60
    for row in texts:
        assert row["claims"] and all(of_the_vocabulary(one) for one in (*row["claims"], *row["facts"])), row
        assert all(0 <= one["person"] < row["people"] for one in (*row["claims"], *row["facts"])), row


@pytest.mark.parametrize("half", HALVES)
def test_every_flip_is_of_a_true_text_and_false_of_its_scene(half):
    true = {row["id"]: row for row in rows(f"{half}_true.jsonl")}
    flips = rows(f"{half}_flips.jsonl")
    assert len({row["text"] for row in flips}) == len(flips) >= 30
    for row in flips:
        assert row["text"] != true[row["of"]]["text"] and of_the_vocabulary(row["false"])
        same = [one for one in row["facts"]
                if all(one[name] == row["false"][name] for name in ("kind", "part", "person"))]  # fmt: skip
        assert same and row["false"]["value"] not in {one["value"] for one in same}, row


@pytest.mark.parametrize("half", HALVES)
def test_traps_are_texts(half):
    traps = rows(f"{half}_traps.jsonl")
    assert len({row["text"] for row in traps}) == len(traps) >= 20
