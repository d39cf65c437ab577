"""Runs with attention over time: plain frames at step 0, the same on every strategy, exported, merged and asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from llavapose.cli.export import export
from llavapose.config.choices import ConnectorType
from llavapose.config.compose import settings
from llavapose.errors import ConfigError
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.records import FurtherPicture, Question, Sample, Turn
from llavapose.samples import write_samples
from tests.training.conftest import HAS_DEEPSPEED
from tests.training.runs import lines, run, weights
from tests.training.test_towers import BOTH

TIMES = (0.0, 0.4, 0.8)
FRAMES = ConnectorType.frame_attention
STEEP = {"lr": 0.5, "eps": 1.0, "warmup_ratio": 0.0}


@pytest.fixture(scope="module")
def clips(tiny_base, tiny_pictures, tmp_path_factory) -> dict[str, str]:
    """Ten clips of three frames with two samples each, and four samples of a single picture."""
    samples = []
    for number in range(12):
        names = tuple(f"{(number + step) % 4:03}.png" for step in range(3 if number < 10 else 1))
        for place, answer in enumerate(("It goes from red to blue.", "From the left to the right, and then back.")):
            turns = (Turn(role="user", text="What happens?"), Turn(role="assistant", text=answer))
            times_s = TIMES if len(names) == 3 else ()
            one = Sample(id=f"{number}-{place}", images=names, kind="conv", turns=turns, times_s=times_s)
            samples.append(one)
    path = tmp_path_factory.mktemp("clips") / "samples.jsonl"
    write_samples(path, samples)
    return {"base": str(tiny_base), "samples": str(path), "images": str(tiny_pictures)}


def curve(folder: Path) -> list[float]:
    return [line["train/loss"] for line in lines(folder) if "train/loss" in line]


@pytest.fixture(scope="module")
def trained(clips, tmp_path_factory) -> Path:
    out = str(tmp_path_factory.mktemp("framed"))
    return run(**clips, output_dir=out, connector=FRAMES, optim=STEEP, save_every=1, hydra=True)


def test_the_first_step_is_that_of_plain_frames_and_no_other_is(trained, clips, tmp_path):
    run(**clips, output_dir=str(tmp_path), optim=STEEP)
    framed, plain = curve(trained.parent), curve(tmp_path)
    # The second step's is too: the first has moved the silent matrix alone, by what the gradient of its zeros is.
    assert framed[0] == plain[0] and framed[-1] != plain[-1]
    assert json.loads((trained / "config.json").read_text())["connector"] == {"type": "frame_attention", "heads": 8}
    assert "`frame_attention`, is llavapose's own" in (trained / "README.md").read_text()
    assert weights(trained)["model.multi_modal_projector.out.weight"].any()


def test_gone_on_with_and_exported_again(trained, clips, tmp_path):
    job = {**clips, "connector": FRAMES, "optim": STEEP, "save_every": 1}
    run(**job, output_dir=str(tmp_path), stop=(2, False))
    run(**job, output_dir=str(tmp_path), resume=True)
    expected, found = weights(trained), weights(tmp_path / "hf")
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, atol=1e-6, rtol=0, msg=name)
    export(trained.parent, tmp_path / "again")
    assert all(torch.equal(value, expected[name]) for name, value in weights(tmp_path / "again").items())


@pytest.mark.parametrize("pool", [1, 3])
@pytest.mark.parametrize("kind", ["lora", "qlora"])
def test_beside_adapters_averaged_and_asked(clips, tmp_path, kind, pool):
    job = {**clips, "connector": FRAMES, "pool": pool, "adapter": {**BOTH, "type": kind}, "optim": {"lr": 1e-2}}
    folder = run(**job, output_dir=str(tmp_path))
    answerer = CheckpointAnswerer(folder, device="cpu", batch_size=4, max_new_tokens=4)
    names = [(f"{number:03}.png", f"{number + 1:03}.png", "002.png") for number in range(3)]
    asked = [
        Question(
            id=f"{n}-{text}",
            scene_id=n,
            image=a,
            further=tuple(FurtherPicture(scene_id=n, image=one) for one in b),
            kind="conv",
            text=text,
            times_s=TIMES,
        )
        for n, (a, *b) in enumerate(names)
        for text in ("What happens?", "Why?")
    ]
    together = {one.question_id: one.text for one in answerer.answers(asked, Path(clips["images"]), "arm")}
    answerer._agrees = False  # one by one, by transformers' own generate
    answerer.loaded.model.generation_config.max_new_tokens = 4
    alone = {one.question_id: one.text for one in answerer.answers(asked, Path(clips["images"]), "arm")}
    assert together == alone and len(alone) == 6


JOBS = {"ddp": 2, "deepspeed": 2, "fsdp2": 2}


@pytest.fixture(scope="module")
def on_ranks(clips, tmp_path_factory, launcher):
    folder = tmp_path_factory.mktemp("ranks")
    job = {**clips, "connector": "frame_attention", "optim": STEEP, "gradient_checkpointing": True}
    jobs = [
        {**job, "batch_size": 4, "strategy": strategy, "devices": 2, "output_dir": str(folder / strategy)}
        for strategy in JOBS
        if HAS_DEEPSPEED or strategy != "deepspeed"
    ]
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    run(**{**job, "connector": FRAMES}, output_dir=str(folder / "one"))
    return folder


@pytest.mark.long
@pytest.mark.parametrize("strategy", JOBS)
def test_two_ranks_leave_the_weights_of_one(strategy, on_ranks):
    """Single pictures on one rank and clips on the other: none waits for the other."""
    error = on_ranks / strategy / "error-0.txt"
    assert not error.exists(), error.read_text()[-3000:]
    expected, found = weights(on_ranks / "one" / "hf"), weights(on_ranks / strategy / "hf")
    assert expected.keys() == found.keys()
    for key, value in expected.items():
        torch.testing.assert_close(found[key], value, atol=1e-4, rtol=0, msg=key)


def test_where_nothing_would_read_it(conf):
    line = (
        r"connector=frame_attention is read by nothing: these scenes are pictures and have no frames; leave it out, or"
    )
    with pytest.raises(ConfigError, match=line):
        settings("train", conf, ["data=conv", "connector=frame_attention"])
    over_time = ["data=conv", "scenes=motion", "connector=frame_attention"]
    with pytest.raises(ConfigError, match=r"data\.frames=1 shows one picture a sample"):
        settings("train", conf, [*over_time, "data.frames=1"])
    assert settings("train", conf, [*over_time, "data.frames=4"]).connector.heads == 8
