"""Several processes that torchrun starts: the first prepares, the others hear of it, and nobody waits for the dead."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llavapose.cli.training import by_first
from llavapose.ranks import Launched, is_first, launched
from tests import warm

ROOT = Path(__file__).parents[2]
SMALL = ("scenes.num_train=40", "scenes.num_val=20", "scenes.image_size=64", "teacher.num_samples=60",
         "evaluate=false", "batch_size=4", "data.num_val=8", "trainer.max_steps=2", "trainer.accelerator=cpu",
         "trainer.devices=2", "output_dir=out", "data_dir=samples", "scenes.root=world")  # fmt: skip
RANK = """
import sys, time
from llavapose.errors import ConfigError
from llavapose.training.launched import after_first, told_by_first

def make():
    begun = time.monotonic()
    time.sleep(0.5)
    return begun, time.monotonic()

def act():
    print("acting", flush=True)
    time.sleep(1)
    if sys.argv[1] == "fails":
        raise ConfigError("the first rank's own reason")
    if sys.argv[1] == "dies":
        import os, signal
        os.kill(os.getpid(), signal.SIGKILL)
    return {"samples": "a", "ids": [1, 2]}

for number in range(2):
    print(told_by_first(act), flush=True)
print(*after_first(make))
"""


def free_port() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return str(free.getsockname()[1])


def ranks(how: str, size: int = 3) -> tuple[list[int], list[str], list[str]]:
    """(exit codes, outputs, errors) of ranks that tell one another."""
    shared = os.environ | {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": free_port(), "WORLD_SIZE": str(size),
                           "PYTHONPATH": str(ROOT)}  # fmt: skip
    started = [
        warm.Popen([sys.executable, "-c", RANK, how], env=shared | {"RANK": str(rank)}, text=True,
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for rank in reversed(range(size))
    ]  # fmt: skip
    said = [process.communicate(timeout=240) for process in started][::-1]
    return [process.returncode for process in started][::-1], [out for out, _ in said], [err for _, err in said]


def test_all_hear_what_the_first_found():
    codes, outputs, errors = ranks("works")
    assert codes == [0, 0, 0], errors
    heard = "{'samples': 'a', 'ids': [1, 2]}\n"
    begun, ended = zip(*([float(one) for one in text.splitlines()[-1].split()] for text in outputs), strict=True)
    assert min(begun[1:]) > ended[0], "what the first makes is there before the others begin"
    outputs = ["".join(text.splitlines(keepends=True)[:-1]) for text in outputs]
    assert outputs == [("acting\n" + heard) * 2, heard * 2, heard * 2]


def test_a_failure_is_told_once_and_ends_all():
    codes, outputs, errors = ranks("fails")
    assert codes == [1, 1, 1] and outputs == ["acting\n", "", ""]
    assert "the first rank's own reason" in errors[0]
    assert not any("the first rank's own reason" in text for text in errors[1:])


def test_nobody_waits_for_the_dead():
    start = time.monotonic()
    codes, _, errors = ranks("dies")
    assert codes[0] == -9 and all(code == 1 for code in codes[1:])
    assert all("the first rank is gone" in text for text in errors[1:])
    assert time.monotonic() - start < 200


def test_alone_nobody_is_asked(monkeypatch):
    for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "SLURM_PROCID", "SLURM_NTASKS", "LOCAL_RANK"):
        monkeypatch.delenv(name, raising=False)
    assert launched() is None and is_first() and by_first(lambda: 3) == 3
    # A rank that Lightning starts: its parent has prepared everything.
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert launched() is None and not is_first()


def test_whom_launchers_start(monkeypatch):
    monkeypatch.setenv("SLURM_PROCID", "1")
    monkeypatch.setenv("SLURM_NTASKS", "4")
    assert launched() is None, "a job's own shell, without srun"
    monkeypatch.setenv("SLURM_STEP_ID", "0")
    assert launched() == Launched(rank=1, size=4, by="srun")
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "8")
    monkeypatch.setenv("MASTER_ADDR", "node1")
    assert launched() == Launched(rank=2, size=8, by="torchrun")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    place = launched()
    assert place is not None and place.counts == {"devices": 4, "num_nodes": 2}
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "3")
    assert Launched(rank=2, size=8, by="torchrun") == launched(), "nodes of different sizes have no number in common"


def run(folder: Path, *words: str, torchrun: bool) -> subprocess.CompletedProcess[str]:
    launcher = ["-m", "torch.distributed.run", "--nproc_per_node", "2", "--master_port", free_port()]
    small = [word for word in SMALL if not (torchrun and word == "trainer.devices=2")]  # which torchrun itself says
    command = [sys.executable, *(launcher if torchrun else []), str(ROOT / "train.py"), *small, *words]
    environment = {name: value for name, value in os.environ.items() if name not in ("RANK", "WORLD_SIZE")}
    return warm.run(
        command, cwd=folder, env=environment | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, timeout=900, check=False,
    )  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("torchrun", "strategy"),
    [
        pytest.param(True, "ddp", id="torchrun", marks=pytest.mark.long),
        pytest.param(True, "deepspeed_stage3_cpu", id="torchrun-zero3", marks=pytest.mark.long),
        pytest.param(False, "deepspeed_stage3_cpu", id="lightning", marks=pytest.mark.long),
    ],
)
def test_one_command_from_nothing_to_a_checkpoint(tmp_path, torchrun, strategy):
    """Pictures, samples, training on two ranks, export: started by torchrun, or by Lightning itself."""
    done = run(tmp_path, f"strategy={strategy}", torchrun=torchrun)
    assert done.returncode == 0, done.stdout[-1500:] + done.stderr[-3000:]
    facts = json.loads((tmp_path / "out" / "hf" / "training.json").read_text())
    assert facts["training"]["ranks"] == 2 and facts["training"]["optimizer steps"] == 2
    assert done.stdout.count("; 2 steps") == 1 and "in use by" not in done.stdout + done.stderr
    owner = json.loads((tmp_path / "out" / "owner.json").read_text())
    assert owner["ok"] and owner["ended"]
    again = run(tmp_path, f"strategy={strategy}", "resume=true", torchrun=torchrun)
    assert again.returncode == 0, again.stderr[-3000:]
    assert again.stdout.count("its training had ended") == 1


@pytest.mark.slow
def test_what_the_first_rank_refuses_ends_all_at_once(tmp_path):
    done = run(tmp_path, "strategy=ddp", "optim.lr=-1", torchrun=True)
    assert done.returncode != 0
    lines = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert lines == ["error: optim.lr is -1.0; expected a positive number such as 2e-5"]
    assert "Traceback" not in done.stderr.split("error: ")[1].split("torch/distributed")[0]
