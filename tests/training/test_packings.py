"""Whole runs in every packing: two ranks leave what one leaves, and a stopped run goes on where it stood."""

from __future__ import annotations

import pytest
import torch

from llavapose.config.choices import Packing
from tests.training.runs import lines, run, weights

STEEP = {"lr": 3e-3, "muon_lr": None, "warmup_ratio": 0.0}
OTHERS = (Packing.samples, Packing.none)


def losses(folder) -> list[float]:
    return [line["train/loss"] for line in lines(folder) if "train/loss" in line]


@pytest.mark.parametrize("sampler", ["shared", "llava"])
def test_steps_are_the_same_steps_in_every_packing(places, tmp_path, sampler):
    """The same samples with the same weights: the same losses and weights, but for the order of summing."""
    for packing in Packing:
        shape = {"batch_size": 4, "accumulate": 2, "sampler": sampler, "packing": packing, "optim": STEEP}
        run(**places, **shape, output_dir=str(tmp_path / packing))
    expected = losses(tmp_path / "pictures")
    assert len(expected) == 5 and expected[-1] < expected[0] - 0.1
    for packing in OTHERS:
        assert losses(tmp_path / packing) == pytest.approx(expected, abs=2e-3), packing


@pytest.mark.parametrize("packing", OTHERS)
@pytest.mark.parametrize("sampler", ["shared", "balanced"])
def test_two_ranks_leave_what_one_leaves(places, tmp_path, launcher, packing, sampler):
    alike = {**places, "accumulate": 1, "sampler": sampler, "packing": packing, "optim": STEEP}
    job = {**alike, "batch_size": 4, "devices": 2, "strategy": "ddp", "output_dir": str(tmp_path / "two")}
    assert launcher([job], tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    run(**alike, batch_size=8, output_dir=str(tmp_path / "one"))
    found, expected = losses(tmp_path / "two"), losses(tmp_path / "one")
    assert len(found) == 5 and found == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("packing", OTHERS)
def test_a_stopped_run_goes_on(places, tmp_path, packing):
    whole = {"batch_size": 4, "accumulate": 2, "epochs": 2, "save_every": 1, "check": False, "sampler": "balanced"}
    run(**places, **whole, packing=packing, output_dir=str(tmp_path / "whole"))
    run(**places, **whole, packing=packing, output_dir=str(tmp_path / "cut"), stop=(7, False))
    run(**places, **whole, packing=packing, output_dir=str(tmp_path / "cut"), resume=True)
    assert losses(tmp_path / "cut") == losses(tmp_path / "whole")
    left, right = weights(tmp_path / "cut" / "hf"), weights(tmp_path / "whole" / "hf")
    assert all(torch.equal(left[name], value) for name, value in right.items())
