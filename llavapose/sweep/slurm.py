"""A command as a job of Slurm's: the script that ``sbatch`` takes, with every rank a task of its own.

The job is put back into the queue when its time is up: Slurm signals its processes before, the run saves at the next
step and asks to be started again, and then goes on from its last checkpoint.
"""

import os
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from llavapose.config.schema import LauncherConfig, TrainConfig
from llavapose.errors import ConfigError
from llavapose.owner import release


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A job for Slurm.

    Attributes:
        name: what the queue calls it.
        folder: where its script and its output lie.
        words: the command of every rank.
        nodes: machines.
        tasks: ranks on each.
        gpus: on each.
        launcher: what is asked of Slurm besides.
    """

    name: str
    folder: Path
    words: Sequence[str]
    nodes: int
    tasks: int
    gpus: int
    launcher: LauncherConfig


def batch_of(config: TrainConfig, *, name: str, folder: Path, words: Sequence[str], alone: bool = False) -> Batch:
    """The job of a command with a run's settings.

    Args:
        config: of the run, for its ranks and what is asked of Slurm.
        name: what the queue calls it.
        folder: where its script and its output lie.
        words: the command of every rank.
        alone: one rank, such as an evaluation's.
    """
    devices = config.trainer.get("devices", 1)
    tasks = 1 if alone else len(devices) if isinstance(devices, list) else int(devices)
    target = str(config.strategy.get("_target_"))
    on_cpu = config.trainer.get("accelerator") == "cpu" or target.endswith(".CPUDeepSpeedStrategy")
    nodes = 1 if alone else int(config.trainer.get("num_nodes", 1))
    return Batch(
        name=name, folder=folder, words=words, nodes=nodes, tasks=tasks, gpus=0 if on_cpu else tasks,
        launcher=config.launcher,
    )  # fmt: skip


def local_words(words: Sequence[str]) -> list[str]:
    """A command that runs where it is started, from one that Slurm was asked for."""
    return [word for word in words if not word.lstrip("+").startswith(("launcher=", "launcher."))]


def script_of(batch: Batch) -> str:
    """The text that ``sbatch`` takes."""
    asked = batch.launcher
    options = {
        "job-name": f"llavapose-{batch.name}",
        "nodes": batch.nodes,
        "ntasks-per-node": batch.tasks,
        "gpus-per-node": batch.gpus or None,
        "cpus-per-task": asked.cpus_per_task,
        "mem": asked.mem,
        "time": asked.time,
        "partition": asked.partition,
        "account": asked.account,
        "output": f"{batch.folder.resolve()}/slurm-%j.log",
        # Started again, a job goes on writing where it stopped.
        "open-mode": "append",
        # To every task: the run saves at its next step, and has Slurm start it again.
        "signal": f"USR1@{asked.signal_s}",
    }
    lines = [f"#SBATCH --{name}={shlex.quote(str(value))}" for name, value in options.items() if value is not None]
    # One rank that fails would leave the others waiting for it until the time is up.
    run = f"exec srun --kill-on-bad-exit=1 {shlex.join(batch.words)}"
    body = ["set -euo pipefail", f"cd {shlex.quote(os.getcwd())}", *asked.setup, run]
    return "\n".join(["#!/bin/bash", *lines, "#SBATCH --requeue", *body]) + "\n"


def submit(batch: Batch) -> None:
    """Write the script and give it to Slurm; with ``launcher.submit=false`` print it.

    The folders that this process holds are given back before, for a job may start at once and needs them.

    Raises:
        ConfigError: no Slurm here, or Slurm refuses the job.
    """
    text = script_of(batch)
    if not batch.launcher.submit:
        print(text, end="", flush=True)
        return
    if shutil.which("sbatch") is None:
        raise ConfigError(
            "launcher=slurm: no sbatch on PATH; run this where jobs are submitted, or print the script with "
            "launcher.submit=false"
        )
    batch.folder.mkdir(parents=True, exist_ok=True)
    script = batch.folder / "slurm.sh"
    script.write_text(text, encoding="utf-8")
    release(ok=True)
    done = subprocess.run(["sbatch", "--parsable", str(script)], capture_output=True, text=True, check=False)
    if done.returncode:
        said = " ".join((done.stderr or done.stdout).split())[:300]
        raise ConfigError(f"launcher=slurm: sbatch refuses {script} ({said}); change launcher.*, as --cfg job shows it")
    number = done.stdout.strip().partition(";")[0]
    print(f"{batch.name}: Slurm's job {number}; its output: {batch.folder}/slurm-{number}.log", flush=True)
