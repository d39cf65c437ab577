"""A signal that reaches every process of a run, as a terminal's Ctrl-C does: the run answers it, its loaders do not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests import warm
from tests.training.runs import lines, weights

ROOT = Path(__file__).parents[2]


def start(places: dict[str, str], folder: Path, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, str(ROOT / "train.py"), "data=published", f"data.path={places['samples']}",
               f"data.images={places['images']}", f"model.base={places['base']}", "evaluate=false", "batch_size=2",
               "data.num_val=4", "data.num_workers=2", "trainer.accumulate_grad_batches=2", "trainer.max_epochs=6",
               "callbacks.checkpoint.every_n_steps=2", f"output_dir={folder}", f"data_dir={folder.parent}/d",
               *words]  # fmt: skip
    env = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    return warm.Popen(command, cwd=folder.parent, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                      start_new_session=True)  # fmt: skip


@pytest.fixture(scope="module")
def whole(places, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "out"
    with start(places, folder) as run:
        said = run.communicate(timeout=240)[0]
    assert run.returncode == 0, said
    return folder


@pytest.mark.parametrize(
    "number",
    [signal.SIGINT, signal.SIGTERM, pytest.param(signal.SIGUSR1, marks=pytest.mark.long)],
    ids=lambda one: one.name,
)
def test_it_saves_at_the_edge_and_goes_on(places, whole, tmp_path, number):
    folder = tmp_path / "out"
    with start(places, folder) as run:
        limit = time.monotonic() + 120
        while not list((folder / "checkpoints").glob("step-*")) and time.monotonic() < limit:
            assert run.poll() is None, run.communicate()[0]
            time.sleep(0.01)
        os.killpg(run.pid, number)
        said = run.communicate(timeout=120)[0]
    assert run.returncode == (130 if number == signal.SIGINT else 1), said
    assert "Traceback" not in said and " stopped behind step " in said and "go on:  python train.py" in said
    with start(places, folder, "resume=true") as run:
        said = run.communicate(timeout=240)[0]
    assert run.returncode == 0, said
    losses = [[line["train/loss"] for line in lines(one) if "train/loss" in line] for one in (folder, whole)]
    assert losses[0] == losses[1]
    left, right = weights(folder / "hf"), weights(whole / "hf")
    assert all(bool((left[name] == value).all()) for name, value in right.items())
