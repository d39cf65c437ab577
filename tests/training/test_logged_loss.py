"""The logged loss is the optimizer step's own, however the step is cut into micro-batches and dealt to ranks."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import lightning as L
import pytest
import torch

from llavapose.config.choices import LossMean
from llavapose.config.schema import DataConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.plan.epoch import EpochPlan, arranged, plan_epoch
from llavapose.kinds import KINDS
from llavapose.model.attention.mask import packed_mask
from llavapose.model.losses import sample_losses, token_losses
from llavapose.model.pretrained import load_model, load_processor
from llavapose.training.module import PoseModule
from tests.training.runs import lines, run

CUTS = {"whole": (8, 1), "in two": (4, 2), "in four": (2, 4)}  # always 8 samples a step; 36 fill four steps and a half
LEARNS = {"lr": 1e-2, "eps": 1.0, "warmup_ratio": 0.0}  # nearly plain gradient descent


def logged(folder: Path) -> list[float]:
    """One loss an optimizer step."""
    found = [line for line in lines(folder) if "train/loss" in line]
    assert [line["step"] for line in found] == list(range(1, len(found) + 1))
    return [line["train/loss"] for line in found]


@pytest.fixture(scope="module")
def whole(places, tmp_path_factory) -> list[float]:
    folder = tmp_path_factory.mktemp("whole")
    run(**places, output_dir=str(folder), batch_size=8, epochs=2, num_val=4, optim=LEARNS)
    return logged(folder)


@pytest.mark.parametrize("cut", ["in two", "in four"])
def test_cut_into_micro_batches(whole, places, tmp_path, cut):
    size, accumulate = CUTS[cut]
    run(**places, output_dir=str(tmp_path), batch_size=size, accumulate=accumulate, epochs=2, num_val=4, optim=LEARNS)
    assert len(whole) == 10 and logged(tmp_path) == pytest.approx(whole, abs=1e-5)


def test_dealt_to_ranks(whole, places, tmp_path, launcher):
    shared: dict[str, Any] = {**places, "strategy": "ddp", "devices": 2, "epochs": 2, "num_val": 4, "optim": LEARNS}
    jobs = [
        shared | {"output_dir": str(tmp_path / f"{size}x{accumulate}"), "batch_size": size, "accumulate": accumulate}
        for size, accumulate in ((4, 1), (2, 2))
    ]
    assert launcher(jobs, tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    for job in jobs:
        assert logged(Path(job["output_dir"])) == pytest.approx(whole, abs=1e-5)


def test_resumed_within_an_epoch(places, tmp_path):
    job: dict[str, Any] = {**places, "batch_size": 4, "accumulate": 2, "num_val": 4, "optim": LEARNS, "save_every": 1}
    run(**job, output_dir=str(tmp_path / "whole"))
    run(**job, output_dir=str(tmp_path / "stopped"), stop=(3, False))
    run(**job, output_dir=str(tmp_path / "stopped"), resume=True)
    assert logged(tmp_path / "stopped") == pytest.approx(logged(tmp_path / "whole"), abs=1e-5)


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("mean", [mean for mean in LossMean if mean is not LossMean.micro_batch])
def test_it_is_the_mean_over_the_steps_samples(places, tmp_path, cut, mean):
    size, accumulate = CUTS[cut]
    run(
        **places,
        output_dir=str(tmp_path),
        batch_size=size,
        accumulate=accumulate,
        num_val=4,
        optim={"lr": 0.0, "loss_mean": mean},
    )
    # The loss of every sample, by itself; the weights stay those of the base.
    data = PoseDataModule(
        samples=Path(places["samples"]),
        images=Path(places["images"]),
        processor=load_processor(places["base"], chat_template=CHAT_TEMPLATE),
        config=DataConfig(
            name="test", max_branches_per_image=0, kinds=dict.fromkeys(KINDS, 1.0), max_length=512, num_val=4
        ),
        batch_size=8,
    )
    model, expected = load_model(places["base"]), []
    for batch in data.train_dataloader():
        with torch.no_grad():
            found = sample_losses(token_losses(model, batch, packed_mask(batch.segments)), batch).values()
        weights = [count ** (1 - mean.power) for _, count in found]
        expected.append(sum(w * total / count for w, (total, count) in zip(weights, found, strict=True)) / sum(weights))
    assert logged(tmp_path) == pytest.approx(expected, abs=1e-5)


def test_loggers_get_it_once_a_step(places, tmp_path, monkeypatch):
    calls: list[tuple[int, bool]] = []
    log = L.LightningModule.log

    def counted(self: PoseModule, name: str, *args: Any, **settings: Any) -> None:
        if name == "train/loss":
            calls.append((self.trainer.global_step, settings["prog_bar"]))
        log(self, name, *args, **settings)

    monkeypatch.setattr(PoseModule, "log", counted)
    run(**places, output_dir=str(tmp_path), batch_size=2, accumulate=4, num_val=4, optim=LEARNS, csv=True)
    assert calls == [(step, True) for step in range(5)]
    with (tmp_path / "csv" / "metrics.csv").open() as stream:
        rows = [float(row["train/loss"]) for row in csv.DictReader(stream) if row["train/loss"]]
    assert rows == pytest.approx(logged(tmp_path), abs=1e-6)


def test_what_comes_last_does_not_decide(places, tmp_path, monkeypatch):
    job: dict[str, Any] = {**places, "batch_size": 2, "accumulate": 4, "num_val": 4, "optim": {"lr": 0.0}}
    run(**job, output_dir=str(tmp_path / "planned"))

    def turned(lengths: Any, settings: Any, **when: Any) -> EpochPlan:
        batches = list(plan_epoch(lengths, settings, **when).micro_batches(0))
        steps = [batches[at : at + 4] for at in range(0, len(batches), 4)]
        return arranged((batch.rows for step in steps for batch in step[::-1]), lengths, settings)

    monkeypatch.setattr("llavapose.data.datamodule.plan_epoch", turned)
    run(**job, output_dir=str(tmp_path / "turned"))
    assert logged(tmp_path / "turned") == pytest.approx(logged(tmp_path / "planned"), abs=1e-5)
