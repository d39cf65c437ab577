"""The trainer gets the planned order: epoch by epoch, with and without workers, and from where a stopped run was."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import replace
from typing import Any

import lightning as L
import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint

from llavapose.config.schema import DataConfig
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.plan.epoch import plan_epoch
from llavapose.kinds import KINDS
from llavapose.model.batch import Batch
from llavapose.training.fit import EXPECTED_WARNINGS

MIXTURE = DataConfig(name="test", kinds=dict.fromkeys(KINDS, 1.0), max_length=512, num_val=8)
EPOCHS, ACCUMULATE = 3, 2
WHOLE = 8  # micro-batches of an epoch of 32 samples


class Stopped(Exception):
    """The run ended here."""


class Recorder(L.LightningModule):
    """Trains nothing; notes every batch that it is given: (epoch, batch index, sample indices)."""

    def __init__(self, stop: int | None = None) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.stop = stop
        self.given: list[tuple[int, int, list[int]]] = []

    def training_step(self, batch: Batch, batch_idx: int) -> torch.Tensor:
        if self.trainer.global_step == self.stop:
            raise Stopped
        self.given.append((self.trainer.current_epoch, batch_idx, indices(batch)))
        return self.weight * 1.0

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        pass

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.0)


def indices(batch: Batch) -> list[int]:
    return [int(index) for index in batch.sample_index.unique() if index >= 0]


@pytest.fixture
def record(tiny_jsonl, tiny_pictures, processor, tmp_path):
    """A fit of 3 epochs of 8 micro-batches, two a step; returns what the trainer was given."""

    def fit(
        *,
        workers: int = 0,
        stop: int | None = None,
        resume: bool = False,
        save: dict[str, Any] | None = None,
        **settings: Any,
    ) -> list[tuple[int, int, list[int]]]:
        data = PoseDataModule(
            samples=tiny_jsonl,
            images=tiny_pictures,
            processor=processor,
            config=replace(MIXTURE, num_workers=workers),
            batch_size=4,
            accumulate=ACCUMULATE,
        )
        saved = ModelCheckpoint(tmp_path, save_last=True, **(save or {"every_n_train_steps": 1}))
        trainer = L.Trainer(
            accelerator="cpu",
            max_epochs=EPOCHS,
            accumulate_grad_batches=ACCUMULATE,
            callbacks=[saved],
            logger=False,
            num_sanity_val_steps=0,
            enable_model_summary=False,
            enable_progress_bar=False,
            use_distributed_sampler=False,
            **settings,
        )
        module = Recorder(stop)
        with contextlib.suppress(Stopped), warnings.catch_warnings():
            for message in (*EXPECTED_WARNINGS, "Checkpoint directory .* exists and is not empty"):
                warnings.filterwarnings("ignore", message=message)
            trainer.fit(module, data, ckpt_path=str(tmp_path / "last.ckpt") if resume else None)
        return module.given

    return fit


@pytest.fixture(scope="module")
def planned(tiny_jsonl, tiny_pictures, processor) -> list[tuple[int, int, list[int]]]:
    """What the planner says, read off without any loader."""
    data = PoseDataModule(
        samples=tiny_jsonl,
        images=tiny_pictures,
        processor=processor,
        config=MIXTURE,
        batch_size=4,
        accumulate=ACCUMULATE,
    )
    found = []
    for epoch in range(EPOCHS):
        plan = plan_epoch(data.train.lengths, data.plan_settings(1), epoch=epoch)
        found += [(epoch, at, sorted(micro.samples)) for at, micro in enumerate(plan.micro_batches(0))]
    assert len(found) == EPOCHS * WHOLE
    return found


@pytest.mark.parametrize("settings", [{}, {"reload_dataloaders_every_n_epochs": 1}], ids=["kept", "reloaded"])
@pytest.mark.parametrize("workers", [0, 2])
def test_every_epoch_is_the_planned_one(record, planned, workers, settings):
    assert record(workers=workers, **settings) == planned


STOPS = {  # name -> (optimizer steps until the stop, micro-batches behind the checkpoint, when it is written)
    "within the first epoch": (3, 6, {"every_n_train_steps": 1}),
    "at an epoch's last step": (4, 8, {"every_n_train_steps": 1}),
    "at an epoch's end": (4, 8, {"every_n_epochs": 1, "save_on_train_epoch_end": True}),
    "behind validation": (4, 8, {"every_n_epochs": 1, "save_on_train_epoch_end": False}),
    "within the second epoch": (6, 12, {"every_n_train_steps": 1}),
    "within the second epoch, saved before": (7, 12, {"every_n_train_steps": 3}),
    "at the second epoch's last step": (8, 16, {"every_n_train_steps": 1}),
}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name", STOPS)
def test_a_stopped_run_is_given_the_rest(record, planned, name, workers):
    stop, seen, save = STOPS[name]
    assert record(workers=workers, stop=stop, save=save) == planned[: stop * ACCUMULATE]
    assert record(workers=workers, resume=True, save=save) == planned[seen:]


def test_a_resumed_run_with_reloaded_loaders(record, planned):
    record(stop=6)
    assert record(resume=True, workers=2, reload_dataloaders_every_n_epochs=1) == planned[12:]


def test_stopped_and_resumed_twice(record, planned):
    record(stop=3, workers=2)
    assert record(resume=True, stop=7) == planned[6:14]
    assert record(resume=True, workers=2) == planned[14:]
