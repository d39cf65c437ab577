"""Data and checkpoint of a run: made where they are due, kept where training had ended."""

import pytest

from llavapose.cli.training import train
from llavapose.config.compose import composed, settings, typed
from llavapose.errors import ConfigError


@pytest.fixture
def config_of(conf, tiny_base, tiny_jsonl, tiny_pictures, tmp_path):
    def composed_with(*overrides: str):
        words = [
            f"model.base={tiny_base}", f"data.path={tiny_jsonl}", f"data.images={tiny_pictures}", "data.num_val=4",
            "batch_size=8", "trainer.max_steps=2", "evaluate=false", "logger=none", "callbacks.progress=null",
            f"output_dir={tmp_path / 'run'}", "+trainer.enable_progress_bar=false", *overrides,
        ]  # fmt: skip
        return typed("train", composed("train", conf, words))

    return composed_with


def test_training_that_had_ended_is_left_out(config_of, capsys):
    checkpoint = train(config_of())
    assert checkpoint is not None
    written = (checkpoint / "model.safetensors").stat().st_mtime_ns
    # How it is evaluated decides no weight.
    assert train(config_of("resume=true", "probe.num_items=3")) == checkpoint
    assert "its training had ended" in capsys.readouterr().out
    assert (checkpoint / "model.safetensors").stat().st_mtime_ns == written


def test_without_resume_or_with_other_settings_it_trains(config_of, capsys):
    checkpoint = train(config_of())
    assert checkpoint is not None
    written = (checkpoint / "model.safetensors").stat().st_mtime_ns
    train(config_of("resume=true", "trainer.max_steps=3"))
    longer = (checkpoint / "model.safetensors").stat().st_mtime_ns
    assert longer != written, "two more steps were asked for"
    train(config_of())
    assert (checkpoint / "model.safetensors").stat().st_mtime_ns != longer
    assert "its training had ended" not in capsys.readouterr().out


def test_resume_needs_something_to_go_on_from(conf, tmp_path):
    with pytest.raises(ConfigError, match="resume=true: no checkpoint below"):
        settings("train", conf, ["resume=true", f"output_dir={tmp_path}"])
    (tmp_path / "trained.json").touch()
    assert settings("train", conf, ["resume=true", f"output_dir={tmp_path}"]).resume
