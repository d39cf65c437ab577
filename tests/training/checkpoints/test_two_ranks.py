"""On two ranks: gone on from bit for bit, under every strategy; what goes wrong on one rank ends both with a line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from llavapose.manifest import checkpoints_in
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import lines, weights

STRATEGIES = ("ddp", "deepspeed", "fsdp2")
SETTINGS: dict[str, Any] = {
    "devices": 2,
    "batch_size": 2,
    "accumulate": 2,
    "save_every": 2,
    "num_val": 4,
    "check": False,
}
"""Five steps, saved behind 2, 4 and 5."""
FAULTS = {name: (name, 1, 3) for name in ("signal", "full", "nan", "gradients")}
"""On rank 1, behind step 3."""


@pytest.fixture(scope="module")
def runs(request, places, tmp_path_factory, launcher) -> Path:
    folder = tmp_path_factory.mktemp("two")
    jobs: list[dict[str, Any]] = []
    for strategy in asked_for(request, STRATEGIES):
        if strategy == "deepspeed" and not HAS_DEEPSPEED:
            continue
        plain = {**places, **SETTINGS, "strategy": strategy}
        jobs.append({**plain, "output_dir": str(folder / strategy / "whole")})
        for name in asked_for(request, FAULTS):
            fault = FAULTS[name]
            where = str(folder / strategy / name)
            jobs += [{**plain, "output_dir": where, "fault": fault}, {**plain, "output_dir": where, "resume": True}]
        where = str(folder / strategy / "rotten")
        jobs += [
            {**plain, "output_dir": where, "stop": [4, False]},
            {**plain, "output_dir": where, "flip": 4, "resume": True},
        ]
    codes = launcher(jobs, folder, ranks=2)
    assert codes == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


@pytest.fixture(params=most_long(STRATEGIES, but=("deepspeed",)))
def of_strategy(request, runs) -> Path:
    if not (runs / request.param).exists():
        pytest.skip("deepspeed is not installed")
    return runs / request.param


@pytest.mark.parametrize("name", most_long([*FAULTS, "rotten"], but=("signal", "rotten")))
def test_losses_and_weights_are_those_of_the_run_that_nobody_touched(of_strategy, name):
    found, whole = of_strategy / name, of_strategy / "whole"
    assert (found / "hf").is_dir(), (found / "error-0.txt").read_text()[-3000:]
    assert lines_of(found) == lines_of(whole)
    left, right = weights(found / "hf"), weights(whole / "hf")
    assert all(torch.equal(left[key], value) for key, value in right.items())


def lines_of(folder: Path) -> list[tuple[float, float | None, float | None]]:
    return [(line["step"], line.get("train/loss"), line.get("val/loss")) for line in lines(folder)]


SAID = {
    "signal": r"SIGTERM: stopped behind step 4, saved in .*step-000004",
    "gradients": r"the gradients' norm is (nan|inf) at step 4 \(samples [\w, -]+\); .* is .*step-000002: go on",
    "nan": r"loss is nan at step 4 \(samples [\w, -]+\); .*the last good checkpoint is .*step-000002: go on",
}


@pytest.mark.parametrize("rank", [0, 1])
@pytest.mark.parametrize("name", most_long(SAID, but=("signal",)))
def test_both_ranks_say_the_same(of_strategy, name, rank):
    said = (of_strategy / name / f"said-{rank}.txt").read_text()
    assert re.match(SAID[name], said), said


@pytest.mark.long
@pytest.mark.parametrize("name", ["full"])
def test_a_full_disk_on_one_rank_ends_both(of_strategy, name):
    """Nothing of the half-written checkpoint stays."""
    for rank in range(2):
        said = (of_strategy / name / f"said-{rank}.txt").read_text()
        assert "step-000004 on rank" in said and "the disk is full" in said and said.endswith("step-000002"), said


def test_what_was_passed_over_lies_aside(of_strategy):
    """One bit of it was wrong: gone on from step 2, and step 4 is saved again."""
    names = {path.name for path in (of_strategy / "rotten" / "checkpoints").iterdir()}
    assert names == {"run.json", "step-000004", "step-000004.passed-1", "step-000005"}


@pytest.mark.parametrize("name", most_long(["whole", *FAULTS], but=("whole", "signal")))
def test_what_is_left(of_strategy, name):
    """The newest two, whole, and no folder that was being written."""
    folder = of_strategy / name / "checkpoints"
    assert sorted(path.name for path in folder.iterdir()) == ["run.json", "step-000004", "step-000005"]
    assert not any(one.fault for one in checkpoints_in(folder))
