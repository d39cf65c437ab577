"""A run takes what runs and passes; what ``auto`` chose is replaced with a line, what was asked for ends the run."""

from __future__ import annotations

import pytest
import torch

from llavapose.config.choices import PackedAttention
from llavapose.errors import LlavaPoseError
from llavapose.model.attention import branches
from llavapose.model.attention.choose import BACKENDS
from llavapose.model.attention.interface import NAME
from llavapose.model.attention.rules import Rows
from tests.training.runs import run


@pytest.fixture
def leaks(monkeypatch):
    """``branches`` passes the small row of the start, and lets rows of a batch see all that is earlier."""

    def see(rows: Rows) -> branches.BranchRows:
        seen = branches._see(rows)
        return seen if rows.segments.shape == (1, 256) else Leaking(layout=seen.layout)

    class Leaking(branches.BranchRows):
        def attend(self, query, key, value, *, scale, dropout):
            times = query.shape[1] // key.shape[1]
            key, value = (one.repeat_interleave(times, dim=1) for one in (key, value))
            found = torch.nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scale)
            return found.transpose(1, 2).contiguous()

    monkeypatch.setitem(BACKENDS, "branches", branches.Backend(name="branches", see=see))


def test_auto_on_a_cpu_goes_by_branches(places, tmp_path, capsys):
    run(**places, output_dir=str(tmp_path))
    said = capsys.readouterr().out
    assert "of their size (branches)" in said and "packed attention:" not in said
    assert NAME not in (tmp_path / "hf" / "config.json").read_text()


def test_auto_falls_back_to_what_passes(leaks, places, tmp_path, capsys):
    run(**places, output_dir=str(tmp_path))
    said = capsys.readouterr().out
    assert "packed attention: attention 'branches': packed losses differ from separate samples by" in said
    assert "dense in its place" in said and "of their size (dense)" in said


def test_what_was_asked_for_ends_the_run(leaks, places, tmp_path):
    with pytest.raises(LlavaPoseError, match=r"attention 'branches': packed losses differ .* model\.packed_att"):
        run(**places, output_dir=str(tmp_path), packed_attention=PackedAttention.branches)


def test_a_kernel_that_is_not_here_ends_the_run_in_one_line(places, tmp_path):
    with pytest.raises(LlavaPoseError, match=r"^model\.packed_attention=varlen does not run here: [^\n]*$"):
        run(**places, output_dir=str(tmp_path), packed_attention="varlen")


@pytest.mark.parametrize("rank", [0, 1])
def test_what_fails_on_one_rank_falls_back_or_ends_on_all(places, tmp_path, launcher, rank):
    shared = {**places, "strategy": "ddp", "devices": 2, "batch_size": 4, "num_val": 4, "unproven": rank}
    jobs = [
        shared | {"output_dir": str(tmp_path / "auto")},
        shared | {"output_dir": str(tmp_path / "named"), "packed_attention": "branches"},
    ]
    assert launcher(jobs, tmp_path, ranks=2) == [0, 0]
    said = (tmp_path / "log-0.txt").read_text()
    fault = "planted on rank 0" if rank == 0 else "failed on another rank"
    assert f"packed attention: {fault}; dense in its place" in said and "of their size (dense)" in said, said[-3000:]
    assert "of their size (branches)" not in said and (tmp_path / "auto" / "hf").is_dir()
    ended = [(tmp_path / "named" / f"said-{one}.txt").read_text() for one in (0, 1)]
    assert ended[rank] == f"planted on rank {rank}"
    assert ended[1 - rank] == "attention 'branches': another rank's self-test failed"
    assert not (tmp_path / "named" / "hf").exists()
