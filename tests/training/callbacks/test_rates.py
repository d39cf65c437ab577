"""Each part's learning rate by its name."""

from __future__ import annotations

from typing import Any

import pytest

from tests.training.conftest import HAS_DEEPSPEED
from tests.training.runs import lines, run

PEAK: dict[str, Any] = {"lr": 1e-3, "schedule": "constant", "warmup_ratio": 0.0}


def rates(folder) -> dict[str, float]:
    line = lines(folder)[0]
    return {key.removeprefix("train/lr/"): value for key, value in line.items() if key.startswith("train/lr/")}


def test_one_rate(places, tmp_path):
    run(**places, output_dir=str(tmp_path), optim=PEAK)
    assert rates(tmp_path) == pytest.approx({"language": 1e-3, "connector": 1e-3})
    assert lines(tmp_path)[0]["lr"] == pytest.approx(1e-3)


def test_every_part_has_its_own(places, tmp_path):
    optim = PEAK | {"connector_lr": 2e-3, "vision_lr": 1e-4, "muon_lr": 1e-2}
    run(**places, output_dir=str(tmp_path), optim=optim, freeze_vision=False)
    expected = {"language": 1e-3, "connector": 2e-3, "vision": 1e-4, "language_muon": 1e-2, "vision_muon": 1e-3}
    assert rates(tmp_path) == pytest.approx(expected)


def test_a_vision_encoder_at_the_language_models_rate_is_named(places, tmp_path):
    """Both are in one group of the optimizer then."""
    run(**places, output_dir=str(tmp_path), optim=PEAK, freeze_vision=False)
    assert rates(tmp_path) == pytest.approx({"language": 1e-3, "connector": 1e-3, "vision": 1e-3})


def test_they_move_with_the_schedule_and_on_a_resume(places, tmp_path):
    job: dict[str, Any] = {**places, "batch_size": 8, "num_val": 4, "save_every": 1, "optim": {"connector_lr": 1e-4}}
    run(**job, output_dir=str(tmp_path / "whole"))
    run(**job, output_dir=str(tmp_path / "stopped"), stop=(3, False))
    run(**job, output_dir=str(tmp_path / "stopped"), resume=True)
    found = [[line["train/lr/connector"] for line in lines(tmp_path / name) if "lr" in line]
             for name in ("whole", "stopped")]  # fmt: skip
    assert found[0] == found[1] and len(set(found[0])) == 5 and found[0][-1] == pytest.approx(0, abs=1e-9)


@pytest.mark.skipif(not HAS_DEEPSPEED, reason="deepspeed is not installed")
@pytest.mark.long
def test_deepspeed_keeps_the_parts_apart(places, tmp_path, launcher):
    job: dict[str, Any] = {**places, "strategy": "deepspeed", "devices": 2, "optim": PEAK | {"connector_lr": 2e-3}}
    assert launcher([job | {"output_dir": str(tmp_path / "two")}], tmp_path, ranks=2) == [0, 0]
    assert rates(tmp_path / "two") == pytest.approx({"language": 1e-3, "connector": 2e-3})
