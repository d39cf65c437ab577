"""A loading process leaves signals to its run, and ends when the run itself tells it to."""

import os
import signal
import subprocess
import time
from multiprocessing import get_context

import pytest

from llavapose.data.worker import leave_signals


def _load(ready) -> None:
    leave_signals(0)
    ready.set()
    time.sleep(60)


@pytest.fixture
def worker():
    context = get_context("spawn")
    ready = context.Event()
    process = context.Process(target=_load, args=(ready,), daemon=True)
    process.start()
    assert ready.wait(60)
    yield process
    process.kill()
    process.join()


def test_what_others_send_is_left_to_the_run(worker):
    for name in ("INT", "TERM", "USR1", "HUP"):
        subprocess.run(["kill", f"-{name}", str(worker.pid)], check=True)  # a process that is not its run
    worker.join(0.5)
    assert worker.is_alive()


def test_the_run_can_end_it(worker):
    """As a loader does that was left with batches to load, and Python itself with its children when it ends."""
    os.kill(worker.pid, signal.SIGINT)
    worker.terminate()
    worker.join(10)
    assert worker.exitcode == 0
