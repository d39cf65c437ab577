"""Losses and supervised tokens by kind: those of a reference, however a step is cut, dealt to ranks or gone on with."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch

from llavapose.config.schema import DataConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.datamodule import PoseDataModule
from llavapose.kinds import KINDS
from llavapose.model.attention.mask import packed_mask
from llavapose.model.losses import sample_losses, token_losses
from llavapose.model.pretrained import load_model, load_processor
from llavapose.training.callbacks.kinds import KindLosses
from tests.training.runs import lines, run

STILL = {"lr": 0.0}
"""The weights stay the base's, whose losses the reference computes."""
SHAPES = {"whole": (8, 1), "in four": (2, 4)}
WRITTEN = (2, 4, 5)
"""Steps of 36 samples, 8 a step, that have a line with ``log_every=2``: every second one and the epoch's last."""


class Reference:
    """Sums by step and kind, one sample after another."""

    def __init__(self, places: dict[str, str]) -> None:
        data = self.data(places)
        model = load_model(places["base"])

        def sums(dataset: Any, batch: Any) -> dict[str, tuple[float, int]]:
            found: dict[str, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
            with torch.no_grad():
                losses = token_losses(model, batch, packed_mask(batch.segments))
            for index, (loss, count) in sample_losses(losses, batch).items():
                kind = dataset.sample(index).kind
                found[kind] = (found[kind][0] + loss, found[kind][1] + count)
            return found

        self.steps = [sums(data.train, batch) for batch in data.train_dataloader()]
        self.held_out = [sums(data.val, batch) for batch in data.val_dataloader()]

    @staticmethod
    def data(places: dict[str, str], **cut: int) -> PoseDataModule:
        """Eight samples a step, four held out."""
        return PoseDataModule(
            samples=Path(places["samples"]),
            images=Path(places["images"]),
            processor=load_processor(places["base"], chat_template=CHAT_TEMPLATE),
            config=DataConfig(
                name="test", max_branches_per_image=0, kinds=dict.fromkeys(KINDS, 1.0), max_length=512, num_val=4
            ),
            **{"batch_size": 8, **cut},
        )

    def mean(self, kind: str, steps: list[dict[str, tuple[float, int]]]) -> float:
        """Nats a supervised token of the kind over these steps."""
        return sum(step[kind][0] for step in steps) / sum(step[kind][1] for step in steps)


@pytest.fixture(scope="module")
def reference(places) -> Reference:
    return Reference(places)


def compare(folder: Path, reference: Reference) -> None:
    train = [line for line in lines(folder) if "train/loss" in line]
    assert [line["step"] for line in train] == list(WRITTEN)
    begin = 0
    for line in train:
        window = reference.steps[begin : line["step"]]
        for kind in ("conv", "detail", "complex"):
            assert line[f"train/loss/{kind}"] == pytest.approx(reference.mean(kind, window), abs=1e-5)
            seen = sum(step[kind][1] for step in reference.steps[: line["step"]])
            assert line[f"train/targets/{kind}"] == pytest.approx(seen / 1000, rel=1e-6)
        begin = line["step"]
    # A run that is stopped in good order validates once more.
    *_, held_out = [line for line in lines(folder) if "val/loss" in line]
    for kind in ("conv", "detail", "complex"):
        assert held_out[f"val/loss/{kind}"] == pytest.approx(reference.mean(kind, reference.held_out), abs=1e-5)
    counts = {kind: sum(one[kind][1] for one in reference.held_out) for kind in ("conv", "detail", "complex")}
    whole = sum(held_out[f"val/loss/{kind}"] * count for kind, count in counts.items()) / sum(counts.values())
    assert held_out["val/loss"] == pytest.approx(whole, abs=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_they_are_the_references(reference, places, tmp_path, shape):
    size, accumulate = SHAPES[shape]
    job: dict[str, Any] = {"batch_size": size, "accumulate": accumulate, "num_val": 4, "optim": STILL, "log_every": 2}
    run(**places, **job, output_dir=str(tmp_path))
    compare(tmp_path, reference)


def test_two_ranks_and_a_run_that_goes_on_log_the_same(reference, places, tmp_path, launcher):
    """Stopped between two lines: what was summed up until then is in the checkpoint, of both ranks."""
    job: dict[str, Any] = {**places, "strategy": "ddp", "devices": 2, "batch_size": 2, "accumulate": 2, "num_val": 4}
    job |= {"optim": STILL, "log_every": 2, "save_every": 1}
    stages = [{"stop": [3, False]}, {"resume": True}]
    jobs = [job | {"output_dir": str(tmp_path / "whole")}]
    jobs += [job | stage | {"output_dir": str(tmp_path / "stopped")} for stage in stages]
    assert launcher(jobs, tmp_path, ranks=2) == [0, 0], (tmp_path / "log-0.txt").read_text()[-3000:]
    compare(tmp_path / "whole", reference)
    compare(tmp_path / "stopped", reference)


def test_a_run_that_goes_on_logs_the_same_digits(places, tmp_path):
    job: dict[str, Any] = {**places, "batch_size": 4, "accumulate": 2, "num_val": 4, "log_every": 2, "save_every": 1}
    run(**job, output_dir=str(tmp_path / "whole"))
    run(**job, output_dir=str(tmp_path / "stopped"), stop=(3, False))
    run(**job, output_dir=str(tmp_path / "stopped"), resume=True)

    def by_kind(folder: Path) -> list[dict[str, float]]:
        *_, held_out = [line for line in lines(folder) if "val/loss" in line]
        chosen = [*(line for line in lines(folder) if "train/loss" in line), held_out]
        own = ("train/loss/", "train/targets/", "val/loss/")
        return [{key: value for key, value in line.items() if key.startswith(own)} for line in chosen]

    assert by_kind(tmp_path / "stopped") == by_kind(tmp_path / "whole")
    assert all(len(line) in (3, 6) for line in by_kind(tmp_path / "whole"))


def test_a_kind_that_no_step_of_a_line_had_is_null(places, tmp_path):
    """The number of the line before would look like one."""
    run(**places, output_dir=str(tmp_path), batch_size=1, optim=STILL)
    train = lines(tmp_path)
    assert len(train) == 40
    for before, line in pairwise(train):
        given = [kind for kind in ("conv", "detail", "complex") if line[f"train/loss/{kind}"] is not None]
        assert len(given) == 1 and line[f"train/loss/{given[0]}"] == pytest.approx(line["train/loss"], abs=1e-5)
        grown = [kind for kind in KINDS if line.get(f"train/targets/{kind}") != before.get(f"train/targets/{kind}")]
        assert grown == given


def test_loggers_get_them(places, tmp_path):
    run(**places, output_dir=str(tmp_path), batch_size=8, num_val=4, csv=True)
    header = (tmp_path / "csv" / "metrics.csv").read_text().splitlines()[0].split(",")
    assert {"train/loss/conv", "train/targets/detail", "val/loss/complex", "train/grad_norm"} <= set(header)


def test_a_resume_counts_what_was_counted_once():
    """Every rank is given the first one's sums: only the first goes on with them."""
    kinds = KindLosses()
    kinds.load_state_dict({"kinds": ["conv"], "sums": [3.0], "counts": [2], "totals": [7]})
    assert kinds._kept == {"conv": (3.0, 2, 7)}
