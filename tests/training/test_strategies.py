"""Two ranks = one, for every strategy: the same global batches must leave the same weights.

Adam with ``eps=1`` moves a weight nearly in proportion to its gradient, so that a gradient of the wrong size, which
plain Adam hides, shows in the weights.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hydra.utils import instantiate
from lightning.pytorch.strategies import DDPStrategy, DeepSpeedStrategy, SingleDeviceStrategy

from llavapose.config.choices import Sampler
from llavapose.config.compose import composed
from llavapose.config.schema import DataConfig
from llavapose.data.datamodule import PoseDataModule
from llavapose.kinds import KINDS
from llavapose.samples import write_samples
from llavapose.training.strategies import FSDP2Strategy, keeps_matrices
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import lines, run, weights

STEEP = {"eps": 1.0, "lr": 0.5, "warmup_ratio": 0.0}
RUNS = {  # name -> (strategy, samples a rank and micro-step, accumulation): always 8 samples a step
    "ddp": ("ddp", 4, 1),
    "ddp_accumulated": ("ddp", 2, 2),
    "deepspeed": ("deepspeed", 4, 1),
    "deepspeed_accumulated": ("deepspeed", 2, 2),
    "deepspeed_stage2": ("deepspeed2", 4, 1),
    "deepspeed_offload": ("deepspeed_offload", 4, 1),
    "fsdp2": ("fsdp2", 4, 1),
}
RESUMED = {"deepspeed_resumed": ("deepspeed", 4, 1), "fsdp2_resumed": ("fsdp2", 4, 1)}
"""Stopped after the third step and gone on with from the second, in a run of their own."""
MIXED = {"mixed_ddp": "ddp", "mixed_deepspeed": "deepspeed"}
"""Of samples most of which are text alone, in LLaVA's order: ranks without any picture beside others that have some."""


@pytest.fixture(scope="module")
def one_process(places, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    # By the dense mask; the ranks go branch by branch, which is what a CPU's ``auto`` is.
    run(**places, output_dir=str(folder), batch_size=8, optim=STEEP, clip=2.0, num_val=4, packed_attention="dense")
    return folder


@pytest.fixture(scope="module")
def mixed(places, samples, tmp_path_factory) -> dict[str, Any]:
    """Two of three samples without a picture."""
    path = tmp_path_factory.mktemp("mixed") / "samples.jsonl"
    write_samples(path, [replace(one, images=()) if at % 3 < 2 else one for at, one in enumerate(samples)])
    return {**places, "samples": str(path), "sampler": "llava", "optim": STEEP, "clip": 2.0}


@pytest.fixture(scope="module")
def two_processes(request, places, mixed, tmp_path_factory, launcher) -> Path:
    folder = tmp_path_factory.mktemp("two")
    jobs = []
    for name in asked_for(request, RUNS | RESUMED):
        strategy, batch_size, accumulate = (RUNS | RESUMED)[name]
        if strategy.startswith("deepspeed") and not HAS_DEEPSPEED:
            continue
        job = {
            **places,
            "output_dir": str(folder / name),
            "strategy": strategy,
            "devices": 2,
            "batch_size": batch_size,
            "accumulate": accumulate,
            "optim": STEEP,
            "clip": 2.0,
            "num_val": 4,
        }
        stages = [{"save_every": 2, "stop": [3, False]}, {"save_every": 2, "resume": True}]
        jobs += [job | stage for stage in (stages if name in RESUMED else [{}])]
    shape = {"devices": 2, "batch_size": 2, "accumulate": 2}
    jobs += [
        {**mixed, **shape, "output_dir": str(folder / name), "strategy": strategy, "check": False}
        for name in asked_for(request, MIXED)
        if (strategy := MIXED[name]) == "ddp" or HAS_DEEPSPEED
    ]
    assert launcher(jobs, folder, ranks=2) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


def moved(base: str, folder: Path) -> float:
    before, after = weights(Path(base)), weights(folder)
    return max(float((after[name] - before[name]).abs().max()) for name in after)


@pytest.mark.parametrize(
    "name",
    most_long([*RUNS, *RESUMED], but=("ddp", "deepspeed_accumulated", "deepspeed_resumed", "fsdp2_resumed")),
)
def test_two_ranks_leave_the_weights_of_one(name, one_process, two_processes, places):
    if name.startswith("deepspeed") and not HAS_DEEPSPEED:
        pytest.skip("deepspeed is not installed")
    folder = two_processes / name
    assert not (folder / "error-0.txt").exists(), (folder / "error-0.txt").read_text()[-3000:]
    said = (two_processes / "log-0.txt").read_text()
    assert "of their size (branches)" in said and "in its place" not in said
    expected, found = weights(one_process / "hf"), weights(folder / "hf")
    assert expected.keys() == found.keys()
    difference = max(float((expected[key] - found[key]).abs().max()) for key in expected)
    assert moved(places["base"], one_process / "hf") > 0.05
    assert difference < 1e-4, difference
    held_out = [
        [line["val/loss"] for line in lines(place) if "val/loss" in line][-1] for place in (folder, one_process)
    ]
    assert held_out[0] == pytest.approx(held_out[1], abs=1e-3)
    logged = [[line["train/loss"] for line in lines(place) if "train/loss" in line] for place in (folder, one_process)]
    assert logged[0] == pytest.approx(logged[1], abs=1e-3)


@pytest.fixture(scope="module")
def one_process_mixed(mixed, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("one_mixed")
    run(**mixed, output_dir=str(folder), batch_size=8, check=False)
    return folder


@pytest.mark.parametrize("name", most_long(MIXED, but=("mixed_deepspeed",)))
def test_ranks_without_a_picture_leave_what_one_process_leaves(name, mixed, one_process_mixed, two_processes):
    if name.endswith("deepspeed") and not HAS_DEEPSPEED:
        pytest.skip("deepspeed is not installed")
    folder = two_processes / name
    assert (folder / "hf").is_dir(), (folder / "error-0.txt").read_text()[-3000:]
    assert "another process is at it" not in (two_processes / "log-1.txt").read_text(), "the first rank indexes"
    logged, expected = ([line["train/loss"] for line in lines(one)] for one in (folder, one_process_mixed))
    assert len(logged) == 5 and logged == pytest.approx(expected, abs=2e-5)
    found, alone, base = weights(folder / "hf"), weights(one_process_mixed / "hf"), mixed["base"]
    assert max(float((found[key] - value).abs().max()) for key, value in alone.items()) < 1e-4
    assert moved(base, one_process_mixed / "hf") > 0.05


def test_some_ranks_have_no_picture_beside_others_that_have(mixed, processor):
    """So that the runs above show what they are there for."""
    path = Path(mixed["samples"])
    config = DataConfig(name="x", kinds=dict.fromkeys(KINDS, 1.0), max_length=512, num_val=0, sampler=Sampler.llava)
    data = PoseDataModule(
        samples=path, images=Path(mixed["images"]), processor=processor, config=config, batch_size=2, accumulate=2
    )
    data.trainer = SimpleNamespace(world_size=2)  # type: ignore[assignment]
    image, plan = data.train.lengths.image, data.plan(0)
    has = [[bool((image[list(one.samples)] >= 0).any()) for one in plan.micro_batches(rank)] for rank in range(2)]
    assert any(first != second for first, second in zip(*has, strict=True))


def test_accumulated_equals_whole(one_process, places, tmp_path):
    folder = run(**places, output_dir=str(tmp_path), batch_size=2, accumulate=4, optim=STEEP, clip=2.0, num_val=4)
    found, expected = weights(folder), weights(one_process / "hf")
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=0, msg=name)


def test_muon_runs_only_where_matrices_stay_whole():
    assert keeps_matrices(SingleDeviceStrategy()) and keeps_matrices(DDPStrategy())
    assert not keeps_matrices(DeepSpeedStrategy(stage=2)) and not keeps_matrices(FSDP2Strategy())


@pytest.mark.parametrize("name", ["deepspeed_stage3", "deepspeed_stage3_offload"])
def test_zero3_s_sizes_are_llava_s(conf, name):
    """Of ``sub_group_size`` weights at a time float32 gradients and AdamW's temporaries are made."""
    config = composed("train", conf, [f"strategy={name}", "model=llava15_13b"])
    strategy = instantiate(config.strategy, _convert_="all")
    zero = strategy.config["zero_optimization"]
    assert (zero["stage"], zero["sub_group_size"], zero["reduce_bucket_size"]) == (3, 1_000_000_000, 4096**2)
    assert ("offload_optimizer" in zero) is ("offload_param" in zero) is name.endswith("offload")
