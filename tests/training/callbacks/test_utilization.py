"""Operations that the batches need, over a planted clock's seconds and a planted card's rate."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from llavapose.config.choices import AdapterType
from llavapose.config.schema import ModelConfig, TrainConfig
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import PADDING, Batch
from llavapose.training.callbacks import utilization
from llavapose.training.callbacks.utilization import needed
from llavapose.training.forecast.activations import Rows
from llavapose.training.forecast.cost import Counts, operations, work_of
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import read_shapes
from tests.training.callbacks.test_kinds import Reference
from tests.training.runs import lines, run

COUNTED = ("tokens", "pairs", "targets", "pictures")


def counts_of(batch: Batch) -> Counts:
    """What a batch needs, from the mask that attention is given."""
    real = batch.segments != PADDING
    seen = packed_mask(batch.segments)[:, 0] & real[:, :, None] & real[:, None, :]
    return Counts(
        tokens=int(real.sum()), pairs=int(seen.sum()), targets=batch.num_targets, pictures=len(batch.pixel_values)
    )


def step_operations(places: dict[str, str], *, ranks: int = 1, size: int = 8, accumulate: int = 1) -> list[float]:
    """What each step of eight samples needs, over its micro-steps and ranks."""
    data = Reference.data(places, batch_size=size, accumulate=accumulate)
    data.trainer = SimpleNamespace(world_size=ranks)  # type: ignore[assignment]
    shapes, setup = read_shapes(places["base"]), Setup(engine=Engine.whole, ranks=1, ranks_a_node=1)
    found: list[float] = []
    for rank in range(ranks):
        micro = [
            operations(shapes, setup, counts_of(data.train[one])).model for one in data.plan(0).micro_batches(rank)
        ]
        steps = [sum(micro[at : at + accumulate]) for at in range(0, len(micro), accumulate)]
        found = [one + more for one, more in zip(found or [0.0] * len(steps), steps, strict=True)]
    return found


def logged(folder: Path) -> list[float]:
    return [line["train/model_tflops_per_s"] * 1e12 for line in lines(folder) if "train/loss" in line]


def test_what_a_batch_needs_is_counted_without_its_mask(places):
    padded = 0
    for batch in Reference.data(places).train_dataloader():
        expected = counts_of(batch)
        assert needed(batch).tolist() == [getattr(expected, name) for name in COUNTED]
        padded += batch.num_computed - batch.num_tokens
    assert padded > 0


@pytest.mark.parametrize("shape", [(8, 1), (2, 4)])
def test_it_is_operations_over_seconds(places, tmp_path, shape):
    size, accumulate = shape
    job: dict[str, Any] = {"batch_size": size, "accumulate": accumulate, "num_val": 4, "log_every": 2, "clock": True}
    run(**places, **job, output_dir=str(tmp_path))
    steps = step_operations(places, size=size, accumulate=accumulate)
    assert logged(tmp_path) == pytest.approx([sum(steps[:2]), sum(steps[2:4]), steps[4]], rel=1e-5)
    assert not any("train/mfu" in line for line in lines(tmp_path)), "nobody knows a CPU's peak"


def test_what_two_ranks_need_is_added_up(places, tmp_path, launcher):
    job: dict[str, Any] = {**places, "num_val": 4, "log_every": 2, "clock": True, "strategy": "ddp", "devices": 2}
    # Of processes of their own: the peak stays planted there.
    jobs = [job | {"batch_size": 2, "accumulate": 2, "output_dir": str(tmp_path / "two"), "peak": 2e12}]
    assert launcher(jobs, tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    shares = [line["train/mfu"] for line in lines(tmp_path / "two") if "train/loss" in line]
    assert shares == pytest.approx([one / 4e12 for one in logged(tmp_path / "two")], rel=1e-5), "two cards' peak"
    steps = step_operations(places, ranks=2, size=2, accumulate=2)
    assert logged(tmp_path / "two") == pytest.approx([sum(steps[:2]), sum(steps[2:4]), steps[4]], rel=1e-5)


def test_seconds_of_validation_do_not_count(places, tmp_path):
    job: dict[str, Any] = {**places, "batch_size": 8, "num_val": 4, "clock": True}
    run(**job, output_dir=str(tmp_path / "once"))
    run(**job, output_dir=str(tmp_path / "often"), val_check=0.2)
    assert len([line for line in lines(tmp_path / "often") if "val/loss" in line]) == 5
    once, often = logged(tmp_path / "once"), logged(tmp_path / "often")
    # The clock is looked at where validation begins, a second behind the line, and where it ends: that second is its.
    assert often == pytest.approx([once[0], *(one / 2 for one in once[1:])], rel=1e-5)


def test_of_a_card_whose_peak_is_known_it_is_a_share(places, tmp_path, monkeypatch):
    monkeypatch.setattr(utilization, "peak_of", lambda device, setup: 2e12)
    run(**places, output_dir=str(tmp_path), batch_size=8, clock=True)
    for line in lines(tmp_path):
        assert line["train/mfu"] == pytest.approx(line["train/model_tflops_per_s"] / 2, rel=1e-5)


def test_the_peak_is_the_cards_at_the_runs_precision(monkeypatch):
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "NVIDIA H200")
    for size, peak in ((2, 989e12), (4, 67e12)):
        setup = Setup(engine=Engine.whole, ranks=1, ranks_a_node=1, compute_bytes=size)
        assert utilization.peak_of(torch.device("cuda", 0), setup) == peak
        assert utilization.peak_of(torch.device("cpu"), setup) is None
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "GeForce 256")
    assert utilization.peak_of(torch.device("cuda", 0), setup) is None


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("adapter", [AdapterType.none, AdapterType.lora])
def test_the_forecasts_work_is_of_padded_squares(adapter, frozen):
    setup = Setup(engine=Engine.whole, ranks=1, ranks_a_node=1, adapter=adapter, freeze_vision=frozen)
    shapes, rows = read_shapes("tiny"), Rows(rows=3, width=50, targets=31, pictures=2)
    counts = Counts(tokens=150, pairs=7500, targets=31, pictures=2)
    assert work_of(shapes, setup, rows) == operations(shapes, setup, counts)
    # In proportion: what steps need can be added up before it is priced.
    twice = Counts(tokens=300, pairs=15000, targets=62, pictures=4)
    assert operations(shapes, setup, twice).model == pytest.approx(2 * operations(shapes, setup, counts).model)


def test_a_base_that_no_plan_knows_has_no_price(tmp_path):
    assert utilization.priced(TrainConfig(model=ModelConfig(base=str(tmp_path))), num_gpus=1) is None
