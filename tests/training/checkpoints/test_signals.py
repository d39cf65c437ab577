"""Slurm starts a job again whose time was up; the run that it starts is the same one."""

from __future__ import annotations

import json
import os
import signal

import pytest

from llavapose.config.compose import composed, typed
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError
from llavapose.training.checkpoints.signals import requeue
from llavapose.training.trainer import with_run_id


@pytest.fixture
def scontrol(tmp_path, monkeypatch):
    """A scontrol that notes how it was called."""
    tool = tmp_path / "scontrol"
    tool.write_text(
        f'#!/bin/sh\necho "$@" >> {tmp_path}/called\ntest -z "$REFUSED" || {{ echo no such job; exit 1; }}\n'
    )
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), os.environ["PATH"]]))
    for name in ("SLURM_ARRAY_JOB_ID", "SLURM_JOB_ID"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "called"


def test_outside_slurm_nothing_is_called(scontrol):
    assert requeue(signal.SIGUSR1) is None and not scontrol.exists()


def test_a_job_is_started_again(scontrol, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert requeue(signal.SIGTERM) is None, "Slurm itself does that"
    assert requeue(signal.SIGUSR1) == "Slurm starts job 17 again"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert requeue(signal.SIGUSR1) == "Slurm starts job 12_3 again"
    assert scontrol.read_text() == "requeue 17\nrequeue 12_3\n"
    monkeypatch.setenv("REFUSED", "1")
    assert requeue(signal.SIGUSR1) == "`scontrol requeue 12_3` failed (no such job)"


def test_without_scontrol_the_command_is_said(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID", raising=False)
    monkeypatch.setenv("PATH", "")
    assert requeue(signal.SIGUSR1) == "no scontrol on PATH; start job 17 again yourself: scontrol requeue 17"


def settings(tmp_path, *words: str):
    return typed("train", composed("train", conf_folder(), ["logger=wandb", f"output_dir={tmp_path}", *words]))


def test_a_run_that_goes_on_is_the_same_on_wandb(tmp_path, monkeypatch):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    first = with_run_id(settings(tmp_path))["wandb"]
    assert json.loads((tmp_path / "wandb.json").read_text()) == {"id": first["id"]} and "resume" not in first
    assert with_run_id(settings(tmp_path, "resume=true"))["wandb"]["id"] == first["id"]
    online = with_run_id(settings(tmp_path, "resume=auto", "logger.wandb.offline=false"))["wandb"]
    assert (online["id"], online["resume"]) == (first["id"], "allow")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
    assert with_run_id(settings(tmp_path))["wandb"]["id"] == first["id"]
    monkeypatch.setenv("SLURM_RESTART_COUNT", "0")
    assert with_run_id(settings(tmp_path))["wandb"]["id"] != first["id"], "a new run is another one"
    assert with_run_id(settings(tmp_path, "+logger.wandb.id=mine"))["wandb"]["id"] == "mine"


@pytest.mark.parametrize(("words", "restarts", "resumes"), [
    ([], "", False), (["resume=auto"], "", True), (["resume=true"], "", True), ([], "0", False), ([], "2", True),
])  # fmt: skip
def test_what_slurm_starts_again_goes_on(tmp_path, monkeypatch, words, restarts, resumes):
    monkeypatch.delenv("SLURM_RESTART_COUNT", raising=False)
    if restarts:
        monkeypatch.setenv("SLURM_RESTART_COUNT", restarts)
    assert settings(tmp_path, *words).resumes is resumes


def test_other_words_are_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"^resume is 'maybe'; expected true, false or auto$"):
        settings(tmp_path, "resume=maybe")
