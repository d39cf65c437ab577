"""A rank that is gone, killed or ended by what it has told itself: the others end soon, each with one line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from llavapose.errors import LlavaPoseError
from llavapose.training.launched import others_gone
from tests.training.checkpoints.test_two_ranks import SETTINGS

LINE = r"rank {rank} of 2: another rank is gone \(.+\); its own output says why"


@pytest.mark.parametrize("rank", [0, pytest.param(1, marks=pytest.mark.long)])
def test_the_other_ends_soon_with_one_line(places, tmp_path, launcher, rank):
    job = {**places, **SETTINGS, "strategy": "ddp", "output_dir": str(tmp_path / "run"), "fault": ("killed", rank, 3)}
    codes = launcher([job], tmp_path, ranks=2)
    other = 1 - rank
    assert codes[rank] == -9, (tmp_path / f"log-{rank}.txt").read_text()[-3000:]
    said = (tmp_path / "run" / f"said-{other}.txt").read_text()
    assert re.fullmatch(LINE.format(rank=other), said), said
    assert when(tmp_path / "run" / f"ended-{other}.txt") - when(tmp_path / "run" / "killed.txt") < 10


def when(path: Path) -> float:
    return float(path.read_text())


def test_the_first_one_s_reason_is_told_once(places, tmp_path, launcher):
    """A disk that is full when the trained weights are written, while the second rank waits for that."""
    job = {**places, **SETTINGS, "strategy": "ddp", "output_dir": str(tmp_path / "run"),
           "fault": ("full_export", 0, 3)}  # fmt: skip
    launcher([job], tmp_path, ranks=2)
    assert "No space left on device" in (tmp_path / "run" / "error-0.txt").read_text()
    said = (tmp_path / "run" / "said-1.txt").read_text()
    assert re.fullmatch(LINE.format(rank=1), said), said


def test_a_slow_rank_is_not_called_gone():
    said = "[/pytorch/third_party/gloo/gloo/transport/tcp/unbound_buffer.cc:81] Timed out waiting 1800000ms for recv"
    slow = pytest.raises(LlavaPoseError, match=r"rank 0 of 2: heard nothing of another rank for too long \(Timed out")
    with slow, others_gone(0, 2):
        raise RuntimeError(said)
    with pytest.raises(RuntimeError, match="shape mismatch"), others_gone(0, 2):
        raise RuntimeError("shape mismatch")
