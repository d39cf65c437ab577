"""Answers while training: written and logged, and no loss or weight is another for it."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from llavapose.config.choices import AdapterType
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.records import Question
from tests.training.callbacks.test_kinds import Reference
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import lines, run, weights
from tests.wandb_records import records_of

JOB: dict[str, Any] = {"batch_size": 8, "epochs": 2, "num_val": 4, "val_check": 0.6, "optim": {"lr": 1e-2}}
"""Ten steps, with validations amid."""
ASKED = {"every_n_steps": 2, "num_samples": 3, "max_new_tokens": 12}


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def curve(folder: Path) -> list[tuple[Any, ...]]:
    return [(line["step"], line.get("train/loss"), line.get("val/loss")) for line in lines(folder)]


@pytest.fixture(scope="module")
def pair(places, tmp_path_factory) -> tuple[Path, Path]:
    """With adapters' dropout, which draws: (a run without predictions, one with)."""
    folder = tmp_path_factory.mktemp("pair")
    shared: dict[str, Any] = {
        **places,
        **JOB,
        "adapter": {"type": AdapterType.lora, "r": 4, "alpha": 8, "dropout": 0.1},
    }
    shared["save_every"] = 4
    run(**shared, output_dir=str(folder / "without"))
    run(**shared, output_dir=str(folder / "with"), predictions=ASKED)
    return folder / "without", folder / "with"


def test_losses_and_weights_are_bit_equal(pair):
    without, with_ = pair
    assert curve(without) == curve(with_) and len(curve(with_)) > 10
    left, right = weights(without / "hf"), weights(with_ / "hf")
    assert all(torch.equal(left[name], value) for name, value in right.items())


def test_what_is_written(pair, places):
    found = rows(pair[1])
    assert [row["step"] for row in found] == [step for step in (2, 4, 6, 8, 10) for _ in range(3)]
    held_out = Reference.data(places).val
    samples = {held_out.sample(index).id: held_out.sample(index) for index in range(len(held_out))}
    assert len({row["kind"] for row in found[:3]}) == 3, "one of each kind first"
    for row in found:
        sample = samples[row["id"]]
        assert (row["kind"], row["image"]) == (sample.kind, sample.images[0])
        assert (row["question"], row["reference"]) == (sample.turns[0].text, sample.turns[1].text)
        assert set(row) == {"step", "id", "kind", "image", "question", "reference", "prediction"}
    assert [row["id"] for row in found[:3]] == [row["id"] for row in found[3:6]], "the same ones every time"


def test_the_last_ones_are_what_the_exported_folder_answers(places, tmp_path):
    folder = run(**places, **JOB, output_dir=str(tmp_path), predictions=ASKED)
    last = [row for row in rows(tmp_path) if row["step"] == 10]
    answerer = CheckpointAnswerer(folder, device="cpu", max_new_tokens=12)
    questions = [
        Question(id=row["id"], scene_id=0, image=row["image"], kind=row["kind"], text=row["question"]) for row in last
    ]
    answers = list(answerer.answers(questions, Path(places["images"]), "x"))
    assert [answer.text for answer in answers] == [row["prediction"] for row in last]


def test_a_resumed_run_writes_each_once(pair, places, tmp_path):
    shared: dict[str, Any] = {
        **places,
        **JOB,
        "adapter": {"type": AdapterType.lora, "r": 4, "alpha": 8, "dropout": 0.1},
    }
    shared |= {"save_every": 4, "predictions": ASKED, "output_dir": str(tmp_path)}
    run(**shared, stop=(7, False))
    run(**shared, resume=True)
    assert rows(tmp_path) == rows(pair[1])


def test_no_held_out_samples_ask_nothing(places, tmp_path, capsys):
    run(**places, **{**JOB, "num_val": 0}, output_dir=str(tmp_path), predictions=ASKED)
    assert not (tmp_path / "predictions.jsonl").exists()
    assert "callbacks.predictions: nothing is held out" in capsys.readouterr().out


@pytest.fixture
def weights_and_biases(monkeypatch, tmp_path) -> Iterator[None]:
    """Offline and silent; its folders are gone behind the test, whose garbage would be another's warning."""
    import wandb

    wandb.teardown()  # what it read of the environment for an earlier test
    monkeypatch.delenv("WANDB_PROJECT", raising=False)
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DATA_DIR", str(tmp_path / "data"))
    yield
    wandb.finish()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def test_weights_and_biases_get_a_table_with_pictures_and_every_number(places, tmp_path, weights_and_biases):
    import wandb

    run(**places, **JOB, output_dir=str(tmp_path), predictions=ASKED, wandb=True)
    wandb.finish()
    (folder,) = (tmp_path / "wandb").glob("offline-run-*")
    history = [one["history"]["item"] for one in records_of(folder, home=tmp_path) if one["type"] == "history"]
    numbers = [step for step in history if "train/loss" in step]
    written = [line for line in lines(tmp_path) if "train/loss" in line]
    for key in ("train/loss", "train/loss/conv", "train/grad_norm", "train/lr/language"):
        found = {step["trainer/global_step"]: step[key] for step in numbers if key in step}
        assert found and list(found.values()) == pytest.approx([line[key] for line in written if key in line]), key
    tables = [step for step in history if "predictions.path" in step]
    assert [step["trainer/global_step"] for step in tables] == [2, 4, 6, 8, 10]
    found = []
    for step in tables:
        table = json.loads((folder / "files" / step["predictions.path"]).read_text())
        assert table["columns"] == [*rows(tmp_path)[0], "picture"]
        assert {row[-1] for row in table["data"]} == {"Image"}
        found += [dict(zip(table["columns"], row[:-1], strict=False)) for row in table["data"]]
    assert found == rows(tmp_path)
    staged = [path.read_bytes() for path in (tmp_path / "data").rglob("*") if path.is_file()]
    pixels = {Image.open(BytesIO(data)).convert("RGB").tobytes() for data in staged if data.startswith(b"\x89PNG")}
    own = {Image.open(Path(places["images"]) / row["image"]).convert("RGB").tobytes() for row in found}
    assert own and own <= pixels


STRATEGIES = ("ddp", "deepspeed2", "deepspeed", "fsdp2")


@pytest.fixture(scope="module")
def two(request, places, tmp_path_factory, launcher) -> Path:
    folder = tmp_path_factory.mktemp("two")
    jobs = []
    for name in asked_for(request, STRATEGIES):
        if name.startswith("deepspeed") and not HAS_DEEPSPEED:
            continue
        job = {**places, **JOB, "strategy": name, "devices": 2, "batch_size": 2, "accumulate": 2, "save_every": 4}
        job["epochs"] = 1
        jobs += [
            job | {"output_dir": str(folder / name / "without")},
            job | {"output_dir": str(folder / name / "with"), "predictions": ASKED},
        ]
    assert launcher(jobs, folder, ranks=2) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


@pytest.mark.parametrize("name", most_long(STRATEGIES, but=("deepspeed", "fsdp2")))
def test_two_ranks_answer_in_step_and_train_as_without(two, name, places):
    if name.startswith("deepspeed") and not HAS_DEEPSPEED:
        pytest.skip("deepspeed is not installed")
    folder = two / name
    assert (folder / "with" / "hf").is_dir(), (folder / "with" / "error-0.txt").read_text()[-3000:]
    assert curve(folder / "with") == curve(folder / "without")
    left, right = weights(folder / "with" / "hf"), weights(folder / "without" / "hf")
    assert all(torch.equal(left[key], value) for key, value in right.items())
    last = [row for row in rows(folder / "with") if row["step"] == 5]
    answerer = CheckpointAnswerer(folder / "with" / "hf", device="cpu", max_new_tokens=12)
    questions = [
        Question(id=row["id"], scene_id=0, image=row["image"], kind=row["kind"], text=row["question"]) for row in last
    ]
    answers = list(answerer.answers(questions, Path(places["images"]), "x"))
    assert [answer.text for answer in answers] == [row["prediction"] for row in last]
