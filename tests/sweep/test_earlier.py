"""Rerun, a sweep keeps what is finished, goes on with what was begun, and writes over nothing else unasked."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest

from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.sweep import identity
from llavapose.sweep.earlier import is_trained, mark_trained
from llavapose.sweep.identity import Identity
from llavapose.sweep.jobs import _folder_name, plan_sweep
from llavapose.sweep.launch import launch
from tests import warm

ROOT = Path(__file__).parents[2]
LINE = ["data=conv,detail", "sweep_dir=out"]
ALL = ["baseline", "conv", "detail"]


@pytest.fixture
def sweep(house, data, capsys):
    """Runs a sweep; returns which jobs started, and what was said about each: name -> (kept | resumed | new, why)."""

    def run(*overrides: str, fails: bool = False):
        (house / "started.txt").unlink(missing_ok=True)
        with pytest.raises(LlavaPoseError) if fails else nullcontext():
            launch(house / "conf", overrides or LINE, prepare=data, finish=lambda folder, config: None)
        lines = [line[2:] for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
        said = [re.match(r"(.*?) +((?:kept|resumed|new)\b.*)", line) for line in lines]
        started = (house / "started.txt").read_text().splitlines() if (house / "started.txt").exists() else []
        return started, {match[1]: match[2] for match in said if match}

    return run


def test_finished_jobs_are_kept(sweep, house):
    started, said = sweep()
    assert started == ALL and set(said.values()) == {"new"}
    before = [row["seconds"] for row in json.loads((house / "out" / "jobs.json").read_text())]
    started, said = sweep()
    assert started == [] and set(said) == set(ALL)
    assert set(said.values()) == {"kept     settings unchanged, results whole"}
    rows = json.loads((house / "out" / "jobs.json").read_text())
    assert [(row["what"], row["exit_code"]) for row in rows] == [("kept", 0)] * 3
    assert [row["seconds"] for row in rows] == before


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_the_others_stay_when_one_ends_badly_and_it_goes_on(sweep, house, how):
    (house / f"detail.{how}").touch()
    started, _ = sweep(fails=True)
    assert started == ALL
    rows = json.loads((house / "out" / "jobs.json").read_text())
    code = 1 if how == "fails" else -signal.SIGKILL
    assert [row["exit_code"] for row in rows] == [0, 0, code]
    (house / f"detail.{how}").unlink()
    started, said = sweep()
    assert started == ["detail resume"]
    assert said["detail"] == f"resumed  had failed (exit {code}); goes on from its last checkpoint"
    assert sweep()[0] == []


def test_a_job_without_a_checkpoint_begins_anew(sweep, house):
    (house / "detail.fails").touch()
    sweep(fails=True)
    (house / "detail.fails").unlink()
    (house / "out/runs/detail/checkpoints/last.ckpt").unlink()
    started, said = sweep()
    assert started == ["detail"] and said["detail"] == "new      had failed (exit 1)"


def test_a_sweep_that_was_killed_itself_goes_on(sweep, house):
    """Its cards say which jobs had started: no exit code."""
    sweep()
    card = house / "out" / "runs" / "conv" / "job.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"exit_code": None, "results": {}}))
    started, said = sweep()
    assert started == ["conv resume"]
    assert said["conv"] == "resumed  had not come to its end; goes on from its last checkpoint"


def test_what_was_trained_by_other_settings_is_not_written_over_unasked(sweep, house):
    sweep()
    checkpoint = house / "out/runs/conv/checkpoints/last.ckpt"
    (house / "out/runs/detail/hf/config.json").unlink()
    refused = (
        "sweep_dir=out holds what was trained otherwise: conv (other settings: optim.lr is 0.5, was 0.001); detail"
    )
    with pytest.raises(ConfigError, match=re.escape(refused)):
        sweep(*LINE, "optim.lr=0.5")
    assert checkpoint.exists() and not (house / "started.txt").exists()
    assert set(sweep()[1].values()) == {"kept     settings unchanged, results whole"}
    started, said = sweep(*LINE, "optim.lr=0.5", "resume=false")
    assert started == ALL and said["conv"] == "new      resume=false"


def test_what_nobody_can_tell_the_settings_of_is_not_written_over_unasked(sweep, house):
    sweep()
    (house / "out/runs/conv/job.json").unlink()
    with pytest.raises(ConfigError, match=r"conv \(what lies there does not say its settings\); give"):
        sweep()


def test_other_settings_where_nothing_was_trained_begin_anew(sweep, house):
    """A mistake that was seen and stopped at once is mended in the same line."""
    (house / "train.py").write_text("raise SystemExit(1)")
    sweep(fails=True)
    _, said = sweep(*LINE, "optim.lr=0.5", fails=True)
    assert said["conv"] == "new      other settings: optim.lr is 0.5, was 0.001"
    assert said["baseline"].startswith("kept")


def test_checkpoints_of_other_settings_are_never_gone_on_from(sweep, house):
    """Killed before the new run has written anything, its card must not speak for the old checkpoints."""
    sweep()
    (house / "train.py").write_text("import os; os.kill(os.getpid(), 9)")
    sweep(*LINE, "optim.lr=0.5", "resume=false", fails=True)
    assert not (house / "out/runs/conv/checkpoints").exists()
    with pytest.raises(ConfigError, match="what was trained otherwise"):
        sweep()


def test_another_evaluation_keeps_the_training(sweep):
    sweep()
    started, said = sweep(*LINE, "probe.num_items=7")
    assert started == ["baseline", "conv resume", "detail resume"]
    assert said["conv"].startswith("resumed  evaluated anew: probe.num_items is 7, was 1500; ")


@pytest.mark.parametrize(("told", "started"), [("controls=[]", 3), ("max_usd=null", 0), ("reference=demo", 0)])
def test_what_decides_no_weight_trains_nothing_again(sweep, told, started):
    sweep()
    again, said = sweep(*LINE, told)
    assert len(again) == started and not any(why.startswith("new") for why in said.values()), said


def test_other_code_evaluates_anew(sweep, monkeypatch):
    sweep()
    monkeypatch.setattr(identity, "code", lambda: "llavapose 9")
    started, said = sweep()
    assert "baseline" in started and "conv resume" in started
    assert "evaluated anew: code is llavapose 9, was" in said["conv"]


def test_other_samples_are_other_settings(sweep, house):
    sweep()
    (house / "samples.jsonl").write_text("{}\n{}\n")
    with pytest.raises(ConfigError, match=r"conv \(other settings: samples is "):
        sweep()


@pytest.mark.parametrize("name", ["answers", "verdicts/pose", "probe"])
def test_results_that_were_lost_or_changed_are_made_again(sweep, house, name):
    sweep()
    (house / "out" / name / "conv.jsonl").unlink()
    (house / "out" / name / "detail.jsonl").write_text("changed")
    started, said = sweep()
    assert started == ["conv resume", "detail resume"]
    for arm in ("conv", "detail"):
        assert f"{name}/{arm}.jsonl is gone, or is not what it was" in said[arm]


def test_verdicts_about_replaced_answers_are_made_again(sweep, house):
    """Rated beside the baseline's answers, which are others now."""
    sweep()
    mark = {"answers": {"conv": "0" * 64}}
    (house / "out/verdicts/pose/conv.made.json").write_text(json.dumps(mark))
    assert sweep()[0] == ["conv resume"]


def test_a_sweep_is_told_to_go_on_or_to_begin_anew(sweep):
    assert sweep(*LINE, "resume=true")[0] == ALL
    assert sweep(*LINE, "resume=true")[0] == []
    started, said = sweep(*LINE, "resume=false")
    assert started == ALL and said["conv"] == "new      resume=false"


def test_what_decides_nothing_keeps_all(sweep):
    sweep()
    further = ["launcher.jobs=2", "data.num_workers=2", "callbacks.progress.refresh_rate=9", "logger=none"]
    assert sweep(*LINE, *further)[0] == []


def test_another_arm_or_seed_joins_those_that_are_there(sweep):
    sweep("data=conv,detail", "seed=0,1", "sweep_dir=out")
    started, _ = sweep("data=conv,detail,full", "seed=0,1,2", "sweep_dir=out")
    assert started == ["conv seed=2", "detail seed=2", "full seed=0", "full seed=1", "full seed=2"]


def test_the_same_line_finds_its_folder_again(conf):
    def folder(*overrides: str) -> Path:
        return plan_sweep(conf, overrides).folder

    first = folder("data=conv,full", "optim.lr=0.1")
    assert first.parent == Path("outputs/sweeps") and first.name.startswith("data=conv,full-")
    assert folder("optim.lr=0.1", "data=conv,full", "launcher.jobs=2", "resume=true") == first
    assert folder("data=conv,full", "optim.lr=0.2") != first
    seeds = [f"seed={number}" for number in range(200)]
    assert len(_folder_name([f"seed={','.join(map(str, range(200)))}"], [seeds])) < 80


def test_training_that_has_ended_is_known_by_settings_and_files(tmp_path):
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "model.safetensors").write_bytes(b"123")
    now = Identity(training={"optim.lr": 1.0}, evaluation={"probe.num_items": 1})
    assert not is_trained(tmp_path, now)
    mark_trained(tmp_path, now)
    (tmp_path / "hf" / "README.md").write_text("written later")
    assert is_trained(tmp_path, Identity(training={"optim.lr": 1.0}, evaluation={}))
    assert not is_trained(tmp_path, Identity(training={"optim.lr": 2.0}, evaluation={}))
    (tmp_path / "hf" / "model.safetensors").unlink()
    assert not is_trained(tmp_path, now)


SMALL = [
    "scenes.num_train=24", "scenes.num_val=40", "teacher.num_samples=100", "data.num_val=8", "batch_size=2",
    "trainer.log_every_n_steps=1", "callbacks.checkpoint.every_n_steps=1", "benchmark.num_images=3",
    "answerer.max_new_tokens=8", "probe.num_items=20", "sweep_dir=out",
]  # fmt: skip


@pytest.mark.long
def test_killed_and_started_again_a_real_sweep_trains_nothing_twice(tmp_path):
    """kill -9 of the whole sweep in the middle of a training: the same line goes on behind its last checkpoint."""
    command = [sys.executable, str(ROOT / "train.py"), "-m", "data=conv,detail", *SMALL]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    with (tmp_path / "log.txt").open("w") as log:
        first = warm.Popen(command, cwd=tmp_path, env=env, stdout=log, stderr=subprocess.STDOUT)
    curve = tmp_path / "out/runs/conv/metrics.jsonl"
    limit = time.monotonic() + 240
    while not curve.is_file() or len(curve.read_text().splitlines()) < 5:
        assert first.poll() is None and time.monotonic() < limit, (tmp_path / "log.txt").read_text()
        time.sleep(0.02)
    first.kill()
    first.wait()
    before = curve.read_text().splitlines()[:3]
    done = warm.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=400)
    assert done.returncode == 0, done.stderr
    said = done.stdout.partition("jobs in out:")[2].splitlines()[1:4]
    assert [line.split()[:2] for line in said] == [["baseline", "kept"], ["conv", "resumed"], ["detail", "new"]]
    rows = [json.loads(line) for line in curve.read_text().splitlines()]
    assert curve.read_text().splitlines()[:3] == before, "speeds in these lines: training began anew"
    steps = [row["step"] for row in rows if "train/loss" in row]
    assert steps == sorted(set(steps)) and steps[0] == 1
    assert "Ablation" in done.stdout
