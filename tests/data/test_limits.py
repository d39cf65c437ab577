"""What samples may cost in time and memory: the benchmarks, against their limits by ``make test-all`` only."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.start import beyond

ROOT = Path(__file__).parents[2]


def test_what_is_beyond_a_limit():
    assert beyond(200_328, cpu_s=20, mb=600) == beyond(2_000_000, cpu_s=100, mb=1_200) == []
    assert beyond(200_328, cpu_s=20.1, mb=601) == [
        "601 MB; expected at most 600", "20.1 CPU s; expected at most 20.0"
    ]  # fmt: skip
    assert beyond(2_000_000, cpu_s=100, mb=1_201) == ["1201 MB; expected at most 1200"]


@pytest.mark.long
@pytest.mark.parametrize(
    "words",
    [("start", "--samples", "200328"), ("start", "--samples", "2000000"), ("loader",), ("padding",)],
    ids=["start", "start-2M", "loader", "padding"],
)
def test_the_limits_are_kept(words):
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{words[0]}", *words[1:]], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
