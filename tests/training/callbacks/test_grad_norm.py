"""The gradients' norm before clipping: the reference's, and on two ranks of every strategy that of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from llavapose.model.attention.mask import packed_mask
from llavapose.model.losses import token_losses
from llavapose.model.pretrained import load_model
from tests.training.callbacks.test_kinds import Reference
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import lines, run

CLIPPED: dict[str, Any] = {"num_val": 4, "clip": 0.05, "optim": {"lr": 1e-2, "eps": 1.0, "warmup_ratio": 0.0}}
RUNS = {  # name -> (strategy, samples a rank and micro-step, accumulation): always 8 samples a step
    "ddp": ("ddp", 4, 1),
    "ddp_accumulated": ("ddp", 2, 2),
    "deepspeed2": ("deepspeed2", 4, 1),
    "deepspeed2_accumulated": ("deepspeed2", 2, 2),
    "deepspeed3": ("deepspeed", 4, 1),
    "deepspeed3_accumulated": ("deepspeed", 2, 2),
    "fsdp2": ("fsdp2", 4, 1),
    "fsdp2_accumulated": ("fsdp2", 2, 2),
}


def norms(folder: Path) -> list[float]:
    return [line["train/grad_norm"] for line in lines(folder) if "train/loss" in line]


@pytest.fixture(scope="module")
def one(places, tmp_path_factory) -> list[float]:
    folder = tmp_path_factory.mktemp("one")
    run(**places, **CLIPPED, output_dir=str(folder), batch_size=8)
    return norms(folder)


def test_it_is_that_of_the_steps_mean_loss(one, places):
    """Of the first step, from the base's own weights."""
    data, model = Reference.data(places), load_model(places["base"])
    batch = next(iter(data.train_dataloader()))
    model.model.vision_tower.requires_grad_(False)
    token_losses(model, batch, packed_mask(batch.segments)).mean().backward()
    total = sum(float(value.grad.double().pow(2).sum()) for value in model.parameters() if value.grad is not None)
    assert one[0] == pytest.approx(total**0.5, rel=1e-5)
    assert all(norm > 0.05 for norm in one), "before clipping"


def test_cut_into_micro_batches(one, places, tmp_path):
    run(**places, **CLIPPED, output_dir=str(tmp_path), batch_size=2, accumulate=4)
    assert len(one) == 5 and norms(tmp_path) == pytest.approx(one, rel=1e-5)


@pytest.fixture(scope="module")
def two(request, places, tmp_path_factory, launcher) -> Path:
    folder = tmp_path_factory.mktemp("two")
    shared = {**places, **CLIPPED, "devices": 2}
    jobs = [
        shared | {"output_dir": str(folder / name), "strategy": strategy, "batch_size": size, "accumulate": accumulate}
        for name in asked_for(request, RUNS)
        for strategy, size, accumulate in [RUNS[name]]
        if HAS_DEEPSPEED or not strategy.startswith("deepspeed")
    ]
    assert launcher(jobs, folder, ranks=2) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


@pytest.mark.parametrize(
    "name", most_long(RUNS, but=("ddp", "deepspeed2_accumulated", "deepspeed3_accumulated", "fsdp2"))
)
def test_two_ranks_have_that_of_one(name, one, two):
    if name.startswith("deepspeed") and not HAS_DEEPSPEED:
        pytest.skip("deepspeed is not installed")
    assert not (two / name / "error-0.txt").exists(), (two / name / "error-0.txt").read_text()[-3000:]
    assert norms(two / name) == pytest.approx(one, rel=1e-5)


def test_autocast_has_one_too(places, tmp_path):
    run(**places, output_dir=str(tmp_path), batch_size=8, precision="bf16-mixed")
    assert all(torch.isfinite(torch.tensor(norms(tmp_path)))) and len(norms(tmp_path)) == 5
