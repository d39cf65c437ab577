"""A stopped run goes on as if it had never stopped: the same weights and losses bit for bit, no sample seen twice."""

from __future__ import annotations

import contextlib
import os
import re
import signal
from pathlib import Path

import lightning as L
import pytest
import torch

from llavapose.errors import CheckpointError, StoppedError
from llavapose.manifest import checkpoints_in
from tests.training.runs import flip, lines, run, weights

WHOLE = {"batch_size": 4, "accumulate": 2, "epochs": 2, "num_val": 4, "save_every": 1, "check": False}
"""Five steps an epoch."""


@pytest.fixture(scope="module")
def whole(places, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run(**places, **WHOLE, output_dir=str(folder))
    return folder


def assert_same(found: Path, expected: Path, *, held_out: bool = True) -> None:
    """No tolerance: a resumed run computes the same numbers."""
    left, right = weights(found / "hf"), weights(expected / "hf")
    assert all(torch.equal(left[name], value) for name, value in right.items())
    curves = [[line for line in curve(place) if held_out or line[1] is not None] for place in (found, expected)]
    assert curves[0] == curves[1]


def curve(folder: Path) -> list[tuple[float, float | None, float | None]]:
    return [(line["step"], line.get("train/loss"), line.get("val/loss")) for line in lines(folder)]


def saved(folder: Path) -> list[int]:
    return [one.step for one in checkpoints_in(folder / "checkpoints") if not one.fault]


@pytest.mark.parametrize(("step", "workers"), [(3, 0), (5, 0), (7, 2)])
def test_stopped_in_good_order_goes_on(whole, places, tmp_path, step, workers):
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(step, False), workers=workers)
    run(**places, **WHOLE, output_dir=str(tmp_path), resume=True, workers=workers)
    # Lightning ends in good order with a validation of its own, where the whole run has none.
    assert_same(tmp_path, whole, held_out=False)


def test_killed_goes_on(whole, places, tmp_path, launcher):
    job = {**places, **WHOLE, "output_dir": str(tmp_path / "run"), "save_every": 3, "stop": [7, True]}
    assert launcher([job], tmp_path) == [-signal.SIGKILL]
    assert max(line["step"] for line in lines(tmp_path / "run")) == 7
    run(**places, **{**WHOLE, "save_every": 3}, output_dir=str(tmp_path / "run"), resume=True)
    assert_same(tmp_path / "run", whole)
    for name in ("train/padding_share", "train/targets"):
        told = [[line.get(name) for line in lines(folder)] for folder in (tmp_path / "run", whole)]
        assert told[0] == told[1] and set(told[0]) != {None}, f"{name}: of what was before the resume too"


def cut(checkpoint: Path) -> None:
    path = checkpoint / "state.ckpt"
    path.write_bytes(path.read_bytes()[:-7])


@pytest.mark.parametrize("damage", [flip, cut])
def test_a_damaged_newest_one_is_laid_aside_and_trained_anew(whole, places, tmp_path, capsys, damage):
    """What is read is what was proven, and the step that it is passed over for can be saved again."""
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(4, False))
    assert saved(tmp_path) == [4, 3]
    damage(tmp_path / "checkpoints" / "step-000004")
    run(**places, **WHOLE, output_dir=str(tmp_path), resume=True)
    said = capsys.readouterr().out
    assert "goes on from step 3" in said and "step-000004.passed-1" in said
    assert_same(tmp_path, whole, held_out=False)
    assert saved(tmp_path) == [10, 9] and (tmp_path / "checkpoints" / "step-000004.passed-1" / "state.ckpt").is_file()


@pytest.mark.parametrize("step", [2, 4, 5])
def test_validation_between_steps_is_neither_lost_nor_done_twice(places, tmp_path, step):
    """Behind steps 2 and 4 of five: their checkpoints are written when it has run."""
    settings = {**WHOLE, "val_check": 0.4, "epochs": 1}
    run(**places, **settings, output_dir=str(tmp_path / "whole"))
    assert sum(held_out is not None for _, _, held_out in curve(tmp_path / "whole")) == 2
    for moment in ("before", "behind"):
        folder = tmp_path / moment
        with pytest.raises(KeyError, match="cut"):
            run(**places, **settings, output_dir=str(folder), extra=[_CutAround(step, moment)])
        assert max(saved(folder)) == step - (moment == "before" and step < 5)
        run(**places, **settings, output_dir=str(folder), resume=True)
        assert_same(folder, tmp_path / "whole")


class _CutAround(L.Callback):
    """Raises behind a step, before its validation or in the next batch."""

    def __init__(self, step: int, moment: str) -> None:
        self.step, self.moment = step, moment

    def on_validation_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if self.moment == "before" and trainer.global_step == self.step:
            raise KeyError("cut")

    def on_train_batch_start(self, trainer: L.Trainer, *further: object) -> None:
        if trainer.global_step == self.step:
            raise KeyError("cut")

    def on_train_end(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        if trainer.global_step == self.step:
            raise KeyError("cut")


def test_a_run_that_had_ended_is_exported_again(whole, places, tmp_path):
    run(**places, **WHOLE, output_dir=str(tmp_path))
    (tmp_path / "hf" / "model.safetensors").unlink()
    run(**places, **WHOLE, output_dir=str(tmp_path), resume=True)
    assert_same(tmp_path, whole)


class _Signal(L.Callback):
    """Sends this process a signal in the middle of an optimizer step."""

    def __init__(self, step: int, number: int) -> None:
        self.step, self.number = step, number

    def on_train_batch_start(self, trainer: L.Trainer, *further: object) -> None:
        if trainer.global_step == self.step:
            os.kill(os.getpid(), self.number)
            self.step = -1


class _Enough(L.Callback):
    """Ends the run behind step 3, as early stopping does."""

    def on_train_batch_end(self, trainer: L.Trainer, *_) -> None:
        trainer.should_stop = trainer.global_step >= 3


def test_a_run_that_a_callback_ends_is_left_where_it_stood(whole, places, tmp_path):
    """In the middle of its epoch, of which Lightning would count the rest as done."""
    settings = {**WHOLE, "save_every": 100}
    run(**places, **settings, output_dir=str(tmp_path), extra=[_Enough()])
    assert saved(tmp_path) == [3]
    run(**places, **WHOLE, output_dir=str(tmp_path), resume=True)
    assert_same(tmp_path, whole, held_out=False)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_a_signal_saves_at_the_edge_and_stops(whole, places, tmp_path, number, monkeypatch):
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    settings = {**WHOLE, "save_every": 100}
    name = "Ctrl-C" if number == signal.SIGINT else number.name
    with pytest.raises(StoppedError, match=rf"^{name}: stopped behind step 4, saved in .*step-000004$") as stopped:
        run(**places, **settings, output_dir=str(tmp_path), extra=[_Signal(3, number)])
    assert stopped.value.exit_code == (130 if number == signal.SIGINT else 1)
    assert saved(tmp_path) == [4] and not (tmp_path / "hf").exists()
    run(**places, **settings, output_dir=str(tmp_path), resume="auto")
    assert_same(tmp_path, whole)


def test_ctrl_c_before_the_first_step_or_twice_ends_at_once(places, tmp_path):
    """Lightning would end the process there, without a word."""
    before = L.pytorch.callbacks.LambdaCallback(setup=lambda *_, **__: os.kill(os.getpid(), signal.SIGINT))
    twice = [_Signal(3, signal.SIGINT), _Signal(3, signal.SIGINT)]
    for extra in ([before], twice):
        with pytest.raises(KeyboardInterrupt):
            run(**places, **WHOLE, output_dir=str(tmp_path), extra=extra)
        assert signal.getsignal(signal.SIGINT) == signal.default_int_handler


def test_nothing_to_go_on_from(places, tmp_path):
    with pytest.raises(CheckpointError, match=r"resume=true: no whole checkpoint in .*checkpoints"):
        run(**places, **WHOLE, output_dir=str(tmp_path), resume=True)


def test_other_data_are_refused(places, tmp_path):
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(2, False))
    with pytest.raises(CheckpointError, match=r"resume: .*step-000002 was trained on another plan"):
        run(**places, **{**WHOLE, "num_val": 8}, output_dir=str(tmp_path), resume=True)
    assert saved(tmp_path) == [2, 1]


def test_other_ranks_are_refused(places, tmp_path):
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(2, False))
    with pytest.raises(CheckpointError, match=r"written by 1 ranks of SingleDeviceStrategy, this run has 2 of DDP"):
        run(**places, **WHOLE, output_dir=str(tmp_path), resume=True, devices=2, strategy="ddp")


def test_a_new_run_moves_an_earlier_ones_checkpoints_aside(places, tmp_path, capsys):
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(2, False))
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(1, False))
    assert re.search(r"an earlier run: moved to .*checkpoints-earlier-1 \(0\.00 GB\)", capsys.readouterr().out)
    assert saved(tmp_path) == [1]
    assert [one.step for one in checkpoints_in(tmp_path / "checkpoints-earlier-1")] == [2, 1]


def test_a_resumed_run_draws_the_same_random_numbers(places, tmp_path):
    """What trains without dropout draws nothing; an adapter's dropout does."""
    drawn: dict[str, list[float]] = {}
    for name in ("whole", "cut", "resumed"):
        folder = tmp_path / ("whole" if name == "whole" else "cut")
        noise = _Noise()
        extra = [_CutAround(4, "behind"), noise] if name == "cut" else [noise]
        with pytest.raises(KeyError) if name == "cut" else contextlib.nullcontext():
            run(**places, **WHOLE, output_dir=str(folder), extra=extra, workers=2, resume=name == "resumed")
        drawn[name] = noise.drawn
    assert drawn["cut"] + drawn["resumed"] == drawn["whole"]


class _Noise(L.Callback):
    """Draws behind everything that happens at a batch's start, as dropout would."""

    def __init__(self) -> None:
        self.drawn: list[float] = []

    def on_before_backward(self, *further: object) -> None:
        import random

        import numpy as np

        self.drawn.append(float(torch.rand(())) + random.random() + np.random.rand())
