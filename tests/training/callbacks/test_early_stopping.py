"""A run whose held-out loss rises ends early with one line and exports the best, also when it is killed on the way."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
import torch

from llavapose.manifest import checkpoints_in
from llavapose.training.checkpoints.trained import read_trained
from llavapose.training.module import PoseModule
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import lines, planted, run, weights

RISES = {1: 3.0, 2: 2.0, 3: 2.5, 4: 2.6, 5: 2.7, 6: 2.8}
"""Held-out losses by step: the second is the best."""
JOB: dict[str, Any] = {
    "batch_size": 8,
    "epochs": 3,
    "num_val": 4,
    "val_check": 0.2,
    "check": False,
    "save_every": 1,
    "keep": 1,
}
"""Fifteen steps, five an epoch, a validation behind each."""
STOPS = {"best": "val/loss", "patience": 3}


@pytest.fixture
def rises(monkeypatch):
    monkeypatch.setattr(PoseModule, "losses", planted(PoseModule.losses, RISES))


@pytest.fixture(scope="module")
def second(places, tmp_path_factory) -> dict[str, torch.Tensor]:
    """The weights behind the second step of a run to the end."""
    folder = tmp_path_factory.mktemp("second")
    run(**places, **{**JOB, "keep": 20}, output_dir=str(folder))
    return behind(folder, 2)


def behind(folder: Path, step: int) -> dict[str, torch.Tensor]:
    """The weights of one of a run's checkpoints, by their names in the module tree."""
    return read_trained(folder / "checkpoints" / f"step-{step:06}").state


def assert_equal(found: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert found.keys() <= expected.keys()
    assert all(torch.equal(value, expected[name]) for name, value in found.items())


def kept(folder: Path) -> list[int]:
    return [one.step for one in checkpoints_in(folder / "checkpoints") if not one.fault]


def steps(folder: Path) -> list[tuple[float, float | None, float | None]]:
    return [(line["step"], line.get("train/loss"), line.get("val/loss")) for line in lines(folder)]


def test_it_ends_with_one_line_and_leaves_the_best(places, tmp_path, rises, second, capsys):
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path))
    said = capsys.readouterr().out
    line = "ended behind step 5 of 15: val/loss was best behind step 2 (2), and no better in 3 validations since"
    assert said.count(line) == 1
    assert f"exported is {tmp_path}/checkpoints/step-000002, where val/loss was lowest (2)" in said
    assert kept(tmp_path) == [5, 2], "the newest, and the best"
    assert_equal(weights(tmp_path / "hf"), second)
    assert "step 2" in (tmp_path / "hf" / "training.json").read_text()


@pytest.mark.parametrize("step", [2, 4])
def test_killed_on_the_way_it_leaves_the_same(places, tmp_path, rises, second, launcher, step):
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path / "whole"))
    job = {**places, **JOB, **STOPS, "output_dir": str(tmp_path / "run"), "planted": list(RISES.items())}
    assert launcher([job | {"stop": [step, True]}], tmp_path) == [-signal.SIGKILL]
    assert launcher([job | {"resume": True}], tmp_path) == [0]
    assert steps(tmp_path / "run") == steps(tmp_path / "whole")
    assert kept(tmp_path / "run") == [5, 2]
    assert_equal(weights(tmp_path / "run" / "hf"), second)


def test_a_run_that_had_ended_early_is_not_trained_on(places, tmp_path, rises, second, capsys):
    """Killed between its end and its export."""
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path))
    before = steps(tmp_path)
    shutil.rmtree(tmp_path / "hf")
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path), resume=True)
    assert steps(tmp_path) == before and kept(tmp_path) == [5, 2]
    assert_equal(weights(tmp_path / "hf"), second)
    # With more patience it goes on from there.
    run(**places, **JOB, **{**STOPS, "patience": 4}, output_dir=str(tmp_path), resume=True)
    assert [line["step"] for line in lines(tmp_path) if "train/loss" in line] == [1, 2, 3, 4, 5, 6]


CAN_END_NOTHING = "callbacks.early_stopping can end nothing here: "


def told(said: str) -> list[str]:
    return [line.partition(CAN_END_NOTHING)[2] for line in said.splitlines() if CAN_END_NOTHING in line]


@pytest.mark.parametrize(
    ("job", "line"),
    [
        # Five steps an epoch.
        ({"epochs": 1, "val_check": 1.0}, "1 validation in the whole run, and a patience of 3"),
        ({"epochs": 3, "val_check": 1.0}, "3 validations in the whole run, and a patience of 3"),
        ({"val_check": 0.2, "max_steps": 3}, "3 validations in the whole run, and a patience of 3"),
        ({"val_check": 0.2, "max_steps": 4}, None),
        ({"epochs": 2, "val_check": 0.4}, None),
        # Two micro-steps a step: a validation waits for a step's edge, and comes five times an epoch, not ten.
        (
            {"epochs": 1, "batch_size": 4, "accumulate": 2, "val_check": 0.1, "patience": 5},
            "5 validations in the whole run, and a patience of 5",
        ),
    ],
    ids=str,
)
def test_patience_that_no_run_can_use_up_is_told(places, tmp_path, monkeypatch, capsys, job, line):
    falls = {step: 3.0 - 0.1 * step for step in range(1, 16)}
    monkeypatch.setattr(PoseModule, "losses", planted(PoseModule.losses, falls))
    run(**places, **{**JOB, "save_every": None, "patience": 3, **job}, output_dir=str(tmp_path))
    said = told(capsys.readouterr().out)
    assert len([one for one in lines(tmp_path) if "val/loss" in one]) == int(line[0] if line else 4)
    assert [one.partition(";")[0] for one in said] == ([line] if line else [])
    assert all("lower trainer.val_check_interval or callbacks.early_stopping.patience" in one for one in said)


def test_less_than_min_delta_is_no_better(places, tmp_path, monkeypatch):
    slow = {step: 3.0 - 0.01 * step for step in range(1, 16)}
    monkeypatch.setattr(PoseModule, "losses", planted(PoseModule.losses, slow))
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path / "any"))
    assert max(line["step"] for line in lines(tmp_path / "any")) == 15
    run(**places, **JOB, **STOPS, min_delta=0.05, output_dir=str(tmp_path / "much"))
    assert max(line["step"] for line in lines(tmp_path / "much")) == 4


def test_the_best_outlives_newer_ones_without_early_stopping(places, tmp_path, rises, second, monkeypatch, launcher):
    rises_on = {step: RISES.get(step, 3.0) for step in range(1, 16)}
    job = {**places, **JOB, "best": "val/loss", "output_dir": str(tmp_path / "run")}
    job["planted"] = list(rises_on.items())
    assert launcher([job | {"stop": [9, True]}], tmp_path) == [-signal.SIGKILL]
    assert set(kept(tmp_path / "run")) >= {2}
    assert launcher([job | {"resume": True}], tmp_path) == [0]
    assert kept(tmp_path / "run") == [15, 2]
    assert_equal(weights(tmp_path / "run" / "hf"), second)


def test_where_the_last_is_the_best_it_is_exported_as_ever(places, tmp_path, monkeypatch, capsys):
    falls = {step: 3.0 - 0.1 * step for step in range(1, 16)}
    run(**places, **JOB, output_dir=str(tmp_path / "plain"))
    monkeypatch.setattr(PoseModule, "losses", planted(PoseModule.losses, falls))
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path / "best"))
    assert kept(tmp_path / "best") == [15] and "exported is" not in capsys.readouterr().out
    assert_equal(weights(tmp_path / "best" / "hf"), weights(tmp_path / "plain" / "hf"))


def test_a_best_that_is_gone_is_told_and_forgotten(places, tmp_path, rises, launcher, capsys):
    job = {**places, **JOB, **STOPS, "output_dir": str(tmp_path / "run"), "planted": list(RISES.items())}
    assert launcher([job | {"stop": [4, True]}], tmp_path) == [-signal.SIGKILL]
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "step-000002")
    run(**places, **JOB, **STOPS, output_dir=str(tmp_path / "run"), resume=True)
    assert "step-000002, the best so far, is gone" in capsys.readouterr().out
    assert 2 not in kept(tmp_path / "run") and (tmp_path / "run" / "hf").is_dir()


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_validations_come_at_a_steps_edge(places, tmp_path, share):
    """Ten micro-steps of two: one validation behind each, or behind three, would be amid a step."""
    job = {**JOB, "batch_size": 4, "accumulate": 2, "epochs": 1, "val_check": share}
    run(**places, **job, **STOPS, output_dir=str(tmp_path))
    validated = [line["step"] for line in lines(tmp_path) if "val/loss" in line]
    assert validated == ([1, 2, 3, 4, 5] if share == 0.1 else [2, 4])


def test_a_loss_of_a_kind_can_be_the_measure(places, tmp_path, rises):
    run(**places, **JOB, best="val/loss/conv", output_dir=str(tmp_path), stop=(5, False))
    assert 2 in kept(tmp_path)


STRATEGIES = ("ddp", "deepspeed", "fsdp2")


@pytest.fixture(scope="module")
def two(request, places, tmp_path_factory, launcher) -> Path:
    folder = tmp_path_factory.mktemp("two")
    jobs = []
    for name in asked_for(request, STRATEGIES):
        if name == "deepspeed" and not HAS_DEEPSPEED:
            continue
        job = {**places, **JOB, "strategy": name, "devices": 2, "batch_size": 4, "planted": list(RISES.items())}
        where = {"output_dir": str(folder / name / "early")}
        jobs += [
            job | {"output_dir": str(folder / name / "whole"), "keep": 20, "planted": None},
            job | STOPS | where | {"fault": ["signal", 1, 3]},
            job | STOPS | where | {"resume": True},
        ]
    assert launcher(jobs, folder, ranks=2) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


@pytest.mark.parametrize("name", most_long(STRATEGIES, but=("deepspeed",)))
def test_two_ranks_end_together_and_leave_the_best(two, name):
    if name == "deepspeed" and not HAS_DEEPSPEED:
        pytest.skip("deepspeed is not installed")
    folder = two / name / "early"
    assert (folder / "hf").is_dir(), (folder / "error-0.txt").read_text()[-3000:]
    assert max(line["step"] for line in lines(folder)) == 5 and kept(folder) == [5, 2]
    assert_equal(weights(folder / "hf"), behind(two / name / "whole", 2))
