"""A stopped run goes on as if it had never stopped: the same weights, the same curve, no sample seen twice."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
import torch

from llavapose.errors import CheckpointError, DataError
from llavapose.training.fit import last_checkpoint
from tests.training.runs import lines, run, weights

WHOLE = {"batch_size": 4, "accumulate": 2, "epochs": 2, "num_val": 4, "save_every": 1}  # 5 steps an epoch


@pytest.fixture(scope="module")
def whole(places, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    run(**places, **WHOLE, output_dir=str(folder))
    return folder


def assert_same(found: Path, expected: Path) -> None:
    left, right = weights(found / "hf"), weights(expected / "hf")
    for name, value in right.items():
        torch.testing.assert_close(left[name], value, atol=1e-6, rtol=0, msg=name)
    assert curve(found) == [(step, pytest.approx(loss, abs=1e-5)) for step, loss in curve(expected)]


def curve(folder: Path) -> list[tuple[float, float]]:
    return [(line["step"], line["train/loss"]) for line in lines(folder) if "train/loss" in line]


@pytest.mark.parametrize("step", [3, 5, 7])
def test_stopped_in_good_order_goes_on(whole, places, tmp_path, step):
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(step, False))
    run(**places, **WHOLE, output_dir=str(tmp_path), resume=True)
    assert_same(tmp_path, whole)


def test_killed_goes_on(whole, places, tmp_path, launcher):
    job = {**places, **WHOLE, "output_dir": str(tmp_path / "run"), "save_every": 3, "stop": [7, True]}
    assert launcher([job], tmp_path) == [-signal.SIGKILL]
    assert max(line["step"] for line in lines(tmp_path / "run")) == 7
    run(**places, **{**WHOLE, "save_every": 3}, output_dir=str(tmp_path / "run"), resume=True)
    assert_same(tmp_path / "run", whole)


def test_nothing_to_go_on_from(places, tmp_path):
    with pytest.raises(CheckpointError, match=r"resume=true: no checkpoint .*last\.ckpt"):
        run(**places, **WHOLE, output_dir=str(tmp_path), resume=True)


def test_other_data_are_refused(places, tmp_path):
    run(**places, **WHOLE, output_dir=str(tmp_path), stop=(2, False))
    with pytest.raises(DataError, match="resume: samples, seed, batch size"):
        run(**places, **{**WHOLE, "num_val": 8}, output_dir=str(tmp_path), resume=True)


@pytest.mark.parametrize("content", [b"", b"garbage", b"PK\x03\x04" + b"x" * 500, b"\x80\x02cnowhere\nThing\n."])
def test_a_checkpoint_that_cannot_be_read_is_one_line(tmp_path, content):
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "last.ckpt"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"resume=true: .*last\.ckpt cannot be read") as caught:
        last_checkpoint(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_checkpoint_that_was_cut_off_is_one_line(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    path = tmp_path / "checkpoints" / "last.ckpt"
    torch.save({"weights": torch.zeros(5000)}, path)
    assert last_checkpoint(tmp_path) == str(path)
    path.write_bytes(path.read_bytes()[:-3000])
    with pytest.raises(CheckpointError, match=r"last\.ckpt cannot be read"):
        last_checkpoint(tmp_path)
