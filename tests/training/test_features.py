"""A run that keeps features of pictures is bit for bit one that reads each picture alone, every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch

from llavapose.model.pretrained import load_model
from tests.training.runs import lines, run, weights

WHOLE: dict[str, Any] = {"batch_size": 4, "accumulate": 2, "epochs": 2, "check": False}
NONE = 1e-9
"""GiB: one byte, so that nothing is kept."""


class Pictures(L.Callback):
    """Counts the pictures of a run's batches, and how many they are."""

    def __init__(self) -> None:
        self.num, self.seen = 0, set[bytes]()

    def on_train_batch_start(self, trainer: L.Trainer, pl_module: L.LightningModule, batch: Any, batch_idx: int) -> Any:
        self.num += len(batch.pixel_values)
        self.seen |= {one.numpy().tobytes() for one in batch.pixel_values}


def losses(folder: Path) -> list[float]:
    return [line["train/loss"] for line in lines(folder) if "train/loss" in line]


def equal(left: Path, right: Path) -> bool:
    ours, theirs = weights(left / "hf"), weights(right / "hf")
    return all(torch.equal(value, theirs[name]) for name, value in ours.items()) and losses(left) == losses(right)


@pytest.fixture(scope="module")
def alone(places, tmp_path_factory) -> Path:
    """Each picture read alone, nothing kept."""
    folder = tmp_path_factory.mktemp("alone")
    run(**places, **WHOLE, num_val=4, output_dir=str(folder), keep_features_gib=NONE)
    return folder


def test_kept_is_read_alone(alone, places, tmp_path):
    run(**places, **WHOLE, num_val=4, output_dir=str(tmp_path), keep_features_gib=1)
    assert equal(tmp_path, alone)
    assert len(losses(tmp_path)) == 10


def test_as_an_ordinary_run(alone, places, tmp_path):
    run(**places, **WHOLE, num_val=4, output_dir=str(tmp_path))
    assert losses(tmp_path) == pytest.approx(losses(alone), rel=0, abs=1e-6)


def test_with_worker_processes_and_behind_a_stop(alone, places, tmp_path):
    given = {**places, **WHOLE, "num_val": 4, "output_dir": str(tmp_path), "keep_features_gib": 1, "save_every": 1}
    run(**given, workers=2, stop=(6, False))
    run(**given, workers=2, resume=True)
    assert equal(tmp_path, alone)


def test_what_came_again_is_told(places, tmp_path, capsys):
    counted = Pictures()
    run(**places, **WHOLE, output_dir=str(tmp_path), keep_features_gib=1, extra=[counted])
    num = len(counted.seen)
    said = f"features: {num} pictures encoded {num} times, {counted.num - num} taken from memory ("
    assert said in capsys.readouterr().out and counted.num > 2 * num


def test_a_run_without_says_nothing(places, tmp_path, capsys):
    run(**places, **{**WHOLE, "epochs": 1}, output_dir=str(tmp_path))
    assert "features:" not in capsys.readouterr().out


def test_what_is_exported_has_the_same_names(alone, places):
    base = load_model(places["base"])
    assert weights(alone / "hf").keys() == dict(base.named_parameters()).keys()


def test_a_key_that_overlooks_the_pixels_would_show(alone, places, tmp_path, monkeypatch):
    monkeypatch.setattr("llavapose.model.features.content", lambda pixels, told: b"the same")
    run(**places, **WHOLE, num_val=4, output_dir=str(tmp_path), keep_features_gib=1)
    assert losses(tmp_path) != pytest.approx(losses(alone), rel=0, abs=1e-6)


def test_beside_an_adapter_of_the_language_model(places, tmp_path):
    given = {**places, **WHOLE, "adapter": {"type": "lora", "r": 2, "targets": ["q_proj"]}}
    for name, gib in (("none", NONE), ("kept", 1)):
        run(**given, output_dir=str(tmp_path / name), keep_features_gib=gib)
    assert equal(tmp_path / "none", tmp_path / "kept")


def test_on_two_ranks(places, tmp_path, launcher):
    given = {**places, **WHOLE, "batch_size": 2, "strategy": "ddp", "devices": 2}
    jobs = [
        {**given, "output_dir": str(tmp_path / name), "keep_features_gib": gib}
        for name, gib in (("none", NONE), ("kept", 1))
    ]
    assert launcher(jobs, tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    assert equal(tmp_path / "none", tmp_path / "kept")
