"""Data and checkpoint of a run: made where they are due, kept where training had ended."""

import pytest

from llavapose.cli.training import _with_workers, refuse_no_room, train
from llavapose.config.compose import composed, settings, typed
from llavapose.errors import CheckpointError, ConfigError


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


def test_a_refused_resume_changes_nothing_and_a_good_one_goes_on_with_its_log(config_of, tmp_path):
    """Other kinds of sample are another plan: only the checkpoint itself can say so."""
    log = ["logger=csv", "trainer.log_every_n_steps=1", "callbacks.checkpoint.keep=3"]
    train(config_of(*log))
    run = tmp_path / "run"

    def files() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in run.rglob("*") if path.is_file()}

    before = files()
    with pytest.raises(CheckpointError, match="was trained on another plan"):
        train(config_of(*log, "resume=true", "data.kinds.detail=0"))
    assert files() == before
    with pytest.raises(CheckpointError, match="was trained by other settings of model, connector or adapter"):
        train(config_of(*log, "resume=true", "connector=linear"))
    assert files() == before
    rows = (run / "logs" / "metrics.csv").read_text().splitlines()
    train(config_of(*log, "resume=true", "trainer.max_steps=3"))
    longer = (run / "logs" / "metrics.csv").read_text().splitlines()
    assert longer[: len(rows)] == rows and len(longer) == len(rows) + 1
    train(config_of(*log))
    assert (run / "logs" / "metrics-earlier-1.csv").read_text().splitlines() == longer, "a new run deletes nothing"
    assert len((run / "logs" / "metrics.csv").read_text().splitlines()) == len(rows)


def test_a_picture_alone_is_no_sample(config_of):
    refuse_no_room(config_of())
    refuse_no_room(config_of("model.base=nobody/knows", "data.max_length=3"))
    with pytest.raises(
        ConfigError, match=r"^data.max_length is 9, and a picture of .* alone takes 9 tokens; leave room"
    ):
        refuse_no_room(config_of("data.max_length=9"))


def test_a_trial_run_keeps_nothing(config_of, tmp_path, capsys):
    assert train(config_of("trainer.fast_dev_run=true")) is None
    assert "every part has run; nothing is kept" in capsys.readouterr().out
    assert not [path for path in (tmp_path / "run").rglob("*") if path.is_file()]


def test_no_more_loading_processes_than_cores(config_of, monkeypatch, capsys):
    monkeypatch.setattr("llavapose.data.index.shards.num_cores", lambda: 2)
    assert _with_workers(config_of("data.num_workers=2")).data.num_workers == 2 and not capsys.readouterr().out
    assert _with_workers(config_of("data.num_workers=8")).data.num_workers == 2
    assert capsys.readouterr().out == "data.num_workers=8: 2 cores here, and as many loading processes\n"


def test_resume_needs_something_to_go_on_from(conf, tmp_path):
    with pytest.raises(ConfigError, match="resume=true: no checkpoint below"):
        settings("train", conf, ["resume=true", f"output_dir={tmp_path}"])
    (tmp_path / "trained.json").touch()
    assert settings("train", conf, ["resume=true", f"output_dir={tmp_path}"]).resume
