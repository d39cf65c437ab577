"""Forty kills, as the documents show them: by ``make test-all`` only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.kills import kills

ROOT = Path(__file__).parents[3]


def test_half_hit_while_saving_and_half_are_on_two_ranks():
    planned = kills(40, 20, seed=0)
    assert kills(40, 20, seed=0) == planned != kills(40, 20, seed=1)
    double = [kill for kill in planned if kill.ranks == 2]
    assert len(double) == 20 and sum(kill.saving for kill in double) == 10 and sum(k.saving for k in planned) == 20
    assert {kill.strategy for kill in double} == {"deepspeed", "ddp", "fsdp2"}
    assert {kill.workers for kill in planned} == {0, 2} and {kill.rank for kill in double} == {0, 1}


@pytest.mark.long
def test_none_loses_more_than_it_must_and_none_resumes_what_is_mixed():
    done = subprocess.run([sys.executable, "-m", "benchmarks.kills"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert done.stdout.rstrip().endswith("40 kills, 0 wrong")
