"""How a machine asks a run to stop: SIGTERM, or the signal that Slurm sends before a job's time is up."""

import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from types import FrameType

ASKED = (signal.SIGTERM, signal.SIGUSR1)


@dataclass
class Heard:
    """The last signal that this process was sent; 0: none. Its handler only notes it: training is not to be cut."""

    number: int = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Python's handler."""
        self.number = number


def listen() -> Heard:
    """Note signals from here on, in place of what Lightning does with them; Lightning puts the old ways back."""
    heard = Heard()
    if threading.current_thread() is threading.main_thread():
        for number in ASKED:
            signal.signal(number, heard)
    return heard


def name_of(number: int) -> str:
    """SIGTERM and its like."""
    return signal.Signals(number).name


def requeue(number: int) -> str | None:
    """Have Slurm start this job again, where its time was up; what came of it, None outside Slurm.

    After SIGTERM Slurm itself does what the job's own settings (``--requeue``) say.
    """
    job = os.environ.get("SLURM_JOB_ID")
    if number != signal.SIGUSR1 or job is None:
        return None
    if array := os.environ.get("SLURM_ARRAY_JOB_ID"):
        job = f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    command = ["scontrol", "requeue", job]
    if shutil.which(command[0]) is None:
        return f"no scontrol on PATH; start job {job} again yourself: {' '.join(command)}"
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    said = " ".join((done.stderr or done.stdout).split())[:150]
    return f"Slurm starts job {job} again" if done.returncode == 0 else f"`{' '.join(command)}` failed ({said})"
