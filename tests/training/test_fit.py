"""One whole run: it learns, says what it does, and leaves a folder that transformers loads."""

from __future__ import annotations

import json

import pytest
import torch
from transformers import AutoProcessor, LlavaForConditionalGeneration

from llavapose.config.choices import ConnectorType
from llavapose.errors import CheckpointError
from llavapose.model.connectors.configured import connector_type
from llavapose.model.pretrained import load_model
from llavapose.training.callbacks.curves import Curves
from llavapose.training.callbacks.progress import Progress
from tests.training.runs import lines, run, weights


@pytest.fixture(scope="module")
def learnt(places, tmp_path_factory):
    """Eight epochs of the tiny samples."""
    folder = tmp_path_factory.mktemp("learnt")
    return run(**places, output_dir=str(folder), epochs=8, num_val=4, optim={"lr": 1e-2}, clip=1.0)


def test_the_loss_falls(learnt):
    train = [line["train/loss"] for line in lines(learnt.parent) if "train/loss" in line]
    held_out = [line["val/loss"] for line in lines(learnt.parent) if "val/loss" in line]
    assert len(train) == 40 and len(held_out) == 8
    assert train[-1] < 0.5 * train[0]
    assert held_out[-1] < 0.6 * held_out[0]


def test_curves_say_the_rate_and_the_throughput(learnt):
    train = [line for line in lines(learnt.parent) if "train/loss" in line]
    assert [line["step"] for line in train] == list(range(1, 41))
    assert max(line["lr"] for line in train) == pytest.approx(1e-2, rel=0.01)
    assert train[-1]["lr"] == pytest.approx(0, abs=1e-9)
    assert train[-1]["train/samples_per_s"] > 0 and train[-1]["train/tokens_per_s"] > train[-1]["train/samples_per_s"]


def test_the_folder_loads_in_transformers(learnt):
    model = LlavaForConditionalGeneration.from_pretrained(learnt)
    processor = AutoProcessor.from_pretrained(learnt, backend="pil")
    assert model.config.architectures == ["LlavaForConditionalGeneration"]
    assert "ASSISTANT:" in processor.chat_template and processor.image_processor.do_pad
    index = json.loads((learnt / "config.json").read_text())
    assert index["model_type"] == "llava"


def test_what_is_frozen_stays(learnt, places):
    before, after = load_model(places["base"]).state_dict(), load_model(str(learnt)).state_dict()
    for name, value in before.items():
        assert torch.equal(value, after[name]) is name.startswith("model.vision_tower"), name


def test_equal_runs_are_equal(places, tmp_path):
    folders = [run(**places, output_dir=str(tmp_path / str(number)), num_val=4) for number in range(2)]
    left, right = (weights(folder) for folder in folders)
    assert all(torch.equal(left[name], right[name]) for name in left)


def test_linear_connector_comes_out_linear(places, tmp_path):
    folder = run(**places, output_dir=str(tmp_path), connector=ConnectorType.linear)
    model = load_model(str(folder))
    projector = model.model.multi_modal_projector
    assert connector_type(model.config) == "linear"
    assert torch.equal(projector.linear_2.weight, torch.eye(32)) and not projector.linear_2.bias.any()


def test_checkpointed_activations_change_nothing(places, tmp_path):
    plain = run(**places, output_dir=str(tmp_path / "plain"))
    saved = run(**places, output_dir=str(tmp_path / "saved"), gradient_checkpointing=True)
    found = weights(saved)
    for name, value in weights(plain).items():
        torch.testing.assert_close(found[name], value, atol=1e-5, rtol=0)


def test_trained_vision_moves(places, tmp_path):
    folder = run(**places, output_dir=str(tmp_path), freeze_vision=False)
    name = "model.vision_tower.encoder.layers.0.self_attn.q_proj.weight"
    assert not torch.equal(weights(folder)[name], load_model(places["base"]).state_dict()[name])


def test_half_precision_trains(places, tmp_path):
    folder = run(**places, output_dir=str(tmp_path), epochs=6, precision="bf16-true", optim={"lr": 1e-2})
    train = [line["train/loss"] for line in lines(tmp_path)]
    assert train[-1] < 0.8 * train[0]
    assert all(value.isfinite().all() for value in weights(folder).values())


def test_a_wrong_base_is_told_before_training(places, tmp_path):
    with pytest.raises(CheckpointError, match="no such folder"):
        run(**{**places, "base": str(tmp_path / "nowhere")}, output_dir=str(tmp_path))


def test_in_a_file_progress_is_a_line_now_and_then(places, tmp_path, capsys):
    run(**places, output_dir=str(tmp_path), epochs=2, progress=Progress(every_s=0))
    said = capsys.readouterr()
    shown = [line for line in said.out.splitlines() if line.startswith("step ")]
    assert shown[0].startswith("step 1 of 10, loss ") and "samples/s" in shown[-1]
    assert shown[-1].endswith("0:00:00 left")
    assert "packing check: " in said.out and "\r" not in said.out


def test_a_loss_that_is_no_number_leaves_lines_of_json(tmp_path):
    from types import SimpleNamespace

    metrics = {"train/loss": torch.tensor(float("nan")), "train/samples_per_s": torch.tensor(2.0)}
    trainer = SimpleNamespace(is_global_zero=True, global_step=5, callback_metrics=metrics)
    Curves(tmp_path)._append(trainer, {"lr": 0.1}, "train/")  # type: ignore[arg-type]
    assert lines(tmp_path) == [{"step": 5, "train/loss": None, "train/samples_per_s": 2.0, "lr": 0.1}]


def test_samples_that_no_step_takes_are_said(places, tmp_path, capsys):
    """Forty samples in steps of nine micro-steps of four: a rest of four cannot be shared out."""
    run(**places, output_dir=str(tmp_path), batch_size=4, accumulate=9, check=False)
    assert "full: 4 samples of each epoch's order are left out" in capsys.readouterr().out
    run(**places, output_dir=str(tmp_path / "whole"), batch_size=4, accumulate=4, check=False)
    assert "left out" not in capsys.readouterr().out, "eight samples for four micro-steps"
