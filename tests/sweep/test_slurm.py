"""A run as a job of Slurm's: the script, what stands in for ``sbatch`` and ``srun``, and a sweep of such jobs."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from llavapose.config.compose import settings
from llavapose.errors import ConfigError
from llavapose.sweep.slurm import batch_of, local_words, script_of, submit
from tests import warm

ROOT = Path(__file__).parents[2]
SMALL = ("scenes.num_train=40", "scenes.num_val=20", "scenes.image_size=64", "teacher.num_samples=60",
         "evaluate=false", "batch_size=4", "data.num_val=8", "trainer.max_steps=2")  # fmt: skip
SRUN = """#!{python}
import os, subprocess, sys
words = [word for word in sys.argv[1:] if not word.startswith("--")]
shared = os.environ | {{"SLURM_JOB_ID": "4711", "SLURM_STEP_ID": "0", "SLURM_NTASKS": "2", "SLURM_NTASKS_PER_NODE": "2",
    "SLURM_JOB_NUM_NODES": "1", "SLURM_NNODES": "1", "SLURM_JOB_NAME": "llavapose", "SLURM_NODEID": "0",
    "SLURM_JOB_NODELIST": "localhost", "SLURM_NODELIST": "localhost", "MASTER_ADDR": "127.0.0.1"}}
ranks = [subprocess.Popen(words, env=shared | {{"SLURM_PROCID": str(i), "SLURM_LOCALID": str(i)}}) for i in range(2)]
sys.exit(max(rank.wait() for rank in ranks))
"""
"""Two tasks on this machine, with what Slurm tells each."""


def program(folder: Path, name: str, text: str) -> None:
    path = folder / name
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def config_of(conf, *words):
    return settings(
        "train", conf, ["launcher=slurm", "strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu", *words]
    )


def test_the_script(conf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ["launcher=slurm", "trainer.devices=4", "trainer.num_nodes=2", "strategy=deepspeed_stage3",
             "trainer.precision=bf16-true", "launcher.setup=[module load cuda]", "launcher.mem=200G",
             "launcher.account=me"]  # fmt: skip
    config = settings("train", conf, words)
    command = ["python", "train.py", "data=detail", "output_dir='a b'"]
    text = script_of(batch_of(config, name="detail", folder=Path("out"), words=command))
    assert text == (
        "#!/bin/bash\n#SBATCH --job-name=llavapose-detail\n#SBATCH --nodes=2\n#SBATCH --ntasks-per-node=4\n"
        "#SBATCH --gpus-per-node=4\n#SBATCH --cpus-per-task=8\n#SBATCH --mem=200G\n#SBATCH --time=24:00:00\n"
        f"#SBATCH --account=me\n#SBATCH --output={tmp_path}/out/slurm-%j.log\n#SBATCH --open-mode=append\n"
        "#SBATCH --signal=USR1@300\n#SBATCH --requeue\n"
        f"set -euo pipefail\ncd {tmp_path}\nmodule load cuda\n"
        "exec srun --kill-on-bad-exit=1 python train.py data=detail 'output_dir='\"'\"'a b'\"'\"''\n"
    )
    assert subprocess.run(["bash", "-n"], input=text, text=True, check=False).returncode == 0


def test_no_gpu_is_asked_for_on_a_cpu(conf, tmp_path):
    batch = batch_of(config_of(conf), name="x", folder=tmp_path, words=["true"])
    assert "--gpus" not in script_of(batch) and "--ntasks-per-node=2\n" in script_of(batch)
    alone = batch_of(config_of(conf), name="x", folder=tmp_path, words=["true"], alone=True)
    assert "--ntasks-per-node=1\n" in script_of(alone)


def test_the_job_itself_asks_nobody():
    words = ["launcher=slurm", "launcher.time=1:00:00", "++launcher.mem=8G", "data=detail"]
    assert local_words(words) == ["data=detail"]


def test_submitted(conf, tmp_path, monkeypatch, capsys):
    program(tmp_path, "sbatch", f'#!/bin/bash\necho "$@" > {tmp_path}/asked\necho "4711;cluster"\n')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    submit(batch_of(config_of(conf), name="detail", folder=tmp_path / "out", words=["true"]))
    assert (tmp_path / "asked").read_text() == f"--parsable {tmp_path}/out/slurm.sh\n"
    assert capsys.readouterr().out == f"detail: Slurm's job 4711; its output: {tmp_path}/out/slurm-4711.log\n"


def test_refused(conf, tmp_path, monkeypatch):
    program(tmp_path, "sbatch", "#!/bin/bash\necho 'invalid partition specified: x' >&2\nexit 1\n")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    batch = batch_of(config_of(conf), name="detail", folder=tmp_path / "out", words=["true"])
    with pytest.raises(ConfigError, match=r"sbatch refuses .*slurm\.sh \(invalid partition specified: x\)"):
        submit(batch)
    monkeypatch.setenv("PATH", str(tmp_path / "nowhere"))
    with pytest.raises(ConfigError, match="no sbatch on PATH"):
        submit(batch)


def test_settings(conf):
    for words, said in {
        ("launcher.time=1:00:00",): r"launcher\.time=1:00:00 is read by nothing: choose launcher=slurm",
        ("launcher=slurm", "trainer.devices=auto"): r"launcher=slurm: trainer\.devices says how many GPUs",
        ("launcher=slurm", "launcher.jobs=2"): r"launcher\.jobs=2 is read by nothing: Slurm decides",
    }.items():
        with pytest.raises(ConfigError, match=said):
            settings("train", conf, words)


def train(folder: Path, *words: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}
    command = [sys.executable, str(ROOT / "train.py"), *words, *SMALL]
    return warm.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600, check=False)


@pytest.mark.long
def test_two_tasks_train_together(tmp_path):
    """What Slurm would run, with two tasks of this machine: one run, one folder, nothing made twice."""
    path = tmp_path / "bin"
    path.mkdir()
    program(path, "sbatch", f'#!/bin/bash\nbash "$2" > {tmp_path}/job.log 2>&1\necho $? > {tmp_path}/code\necho 4711\n')
    program(path, "srun", SRUN.format(python=sys.executable))
    words = ("launcher=slurm", "strategy=ddp", "trainer.devices=2", "trainer.accelerator=cpu", "output_dir=out")
    done = train(tmp_path, *words, path=path)
    assert done.returncode == 0, done.stderr[-2000:]
    log = (tmp_path / "job.log").read_text()
    assert (tmp_path / "code").read_text() == "0\n", log[-3000:]
    assert (tmp_path / "out" / "hf" / "config.json").is_file()
    facts = json.loads((tmp_path / "out" / "hf" / "training.json").read_text())
    assert facts["training"]["ranks"] == 2 and facts["training"]["optimizer steps"] == 2
    assert log.count("samples of pictures") <= 1 and "in use by" not in log


@pytest.mark.slow
def test_a_sweep_is_a_job_each(tmp_path):
    path = tmp_path / "bin"
    path.mkdir()
    program(path, "sbatch", f'#!/bin/bash\necho "$2" >> {tmp_path}/asked\necho 4711\n')
    done = train(
        tmp_path, "-m", "launcher=slurm", "data=conv,detail", "trainer.devices=1", "sweep_dir=sweep", path=path
    )
    assert done.returncode == 0, done.stderr[-2000:]
    asked = [Path(line) for line in (tmp_path / "asked").read_text().splitlines()]
    assert [path.parent.name for path in asked] == ["conv", "detail"]
    for script in asked:
        text = (tmp_path / script).read_text()
        assert "launcher" not in text and f"data={script.parent.name}" in text and "#SBATCH --requeue" in text
    assert "python train.py -m" in done.stdout.splitlines()[-1]
    assert "launcher" not in done.stdout.splitlines()[-1]
