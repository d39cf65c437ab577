"""Marked texts about clips: what is aimed at of the developed half, that the counted half stays near it, and that no
less is read of a second writer's texts than was when they were first read."""

import pytest

from benchmarks.motion_claims import FRESH, HALVES, by_kind, measured, missed

LEAST = {"developed": {"precision": 0.98, "recall": 0.96, "found": 0.95}, "counted": {"precision": 0.95, "recall": 0.94,
         "found": 0.93}, "fresh": {"precision": 102 / 114, "recall": 102 / 126, "found": 43 / 50}}  # fmt: skip
MOST_ALARMS = {"developed": 1, "counted": 1, "fresh": 0}


@pytest.mark.parametrize("half", (*HALVES, FRESH))
def test_claims_are_read_and_flips_found(half):
    told = {name: (right, num) for name, right, num in measured(half)}
    for name, least in LEAST[half].items():
        right, num = told[name]
        assert right / num >= least, (name, right, num)
    assert told["alarms"][0] <= MOST_ALARMS[half] and told["fell"][0] == 0


def test_what_goes_wrong_is_counted_by_kind():
    told = {name: (right, num) for name, right, num in measured(FRESH)}
    kinds = list(by_kind(FRESH))
    assert all(lacking <= marked and lacking + extra for _, marked, lacking, extra in kinds)
    assert sum(lacking for _, _, lacking, _ in kinds) == told["recall"][1] - told["recall"][0]
    assert sum(extra for *_, extra in kinds) == told["precision"][1] - told["precision"][0]
    assert not list(by_kind("developed"))


def test_what_is_missed_in_the_developed_half_is_listed():
    assert not list(missed())
