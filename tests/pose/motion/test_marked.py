"""The marked texts about motion are what they say: the vocabulary's kinds, flips of texts that are there."""

import json
from pathlib import Path

import pytest

from llavapose.pose.motion.vocabulary import PARTS, VALUES

MARKED = Path(__file__).parent / "marked"
HALVES = ("developed", "counted", "fresh")
LEAST = {"fresh": (100, 50, 30)}
"""True texts, flips, traps: of the second writer's texts all are counted."""


def rows(half: str, sort: str) -> list[dict]:
    name = half if half == "fresh" else f"{half}_{sort}"
    told = [json.loads(line) for line in (MARKED / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [row for row in told if row["sort"] == sort.removesuffix("s")] if half == "fresh" else told


def least(half: str) -> tuple[int, int, int]:
    return LEAST.get(half, (60, 30, 20))


def of_the_vocabulary(one: dict) -> bool:
    return one["value"] in VALUES[one["kind"]] and one["part"] in (None, *PARTS.get(one["kind"], ()))


@pytest.mark.parametrize("half", HALVES)
def test_claims_and_facts_are_of_the_vocabulary(half):
    texts = rows(half, "true")
    assert len({row["text"] for row in texts}) == len(texts) >= least(half)[0]
    assert half == "fresh" or all(row["claims"] for row in texts)
    for row in texts:
        assert all(of_the_vocabulary(one) for one in (*row["claims"], *row["facts"])), row
        assert all(one["mention"] in row["text"].lower() for one in row["claims"] if half == "fresh"), row
        assert all(0 <= one["person"] < row["people"] for one in (*row["claims"], *row["facts"])), row


@pytest.mark.parametrize("half", HALVES)
def test_every_flip_is_of_a_true_text_and_false_of_its_scene(half):
    true = {row["id"]: row for row in rows(half, "true")}
    flips = rows(half, "flips")
    assert len({row["text"] for row in flips}) == len(flips) >= least(half)[1]
    for row in flips:
        assert row["text"] != true[row["of"]]["text"] and of_the_vocabulary(row["false"])
        same = [one for one in row["facts"]
                if all(one[name] == row["false"][name] for name in ("kind", "part", "person"))]  # fmt: skip
        assert same and row["false"]["value"] not in {one["value"] for one in same}, row


@pytest.mark.parametrize("half", HALVES)
def test_traps_are_texts(half):
    traps = rows(half, "traps")
    assert len({row["text"] for row in traps}) == len(traps) >= least(half)[2]
