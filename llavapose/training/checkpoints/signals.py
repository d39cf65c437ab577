"""How a run is asked to stop: SIGTERM, the signal that Slurm sends before a job's time is up, or Ctrl-C."""

import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from types import FrameType

ASKED = (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT)


@dataclass
class Heard:
    """The last signal that this process was sent; 0: none. Its handler only notes it: training is not to be cut.

    Whoever cannot wait for the step's edge presses Ctrl-C again.
    """

    number: int = 0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Python's handler."""
        if number == signal.SIGINT == self.number:
            raise KeyboardInterrupt
        self.number = number


def listen() -> Heard:
    """Note signals from here on, in place of what Lightning does with them; Lightning puts the old ways back."""
    heard = Heard()
    if threading.current_thread() is threading.main_thread():
        for number in ASKED:
            if signal.getsignal(number) != signal.SIG_IGN or number != signal.SIGINT:  # a shell's job in the background
                signal.signal(number, heard)
    return heard


def name_of(number: int) -> str:
    """SIGTERM and its like."""
    return "Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name


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
