"""Offline runs of Weights & Biases, read back with its own reader."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

WAIT_S = 60
"""W&B's service writes a run's last records when the run's process has ended; a busy machine takes its time."""


def records_of(run: Path, *, home: Path) -> list[dict]:
    """The records of one offline run's folder; ``home`` keeps the reader's own files out of the user's."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run)]
    end = time.monotonic() + WAIT_S
    while True:
        shown = subprocess.run(
            command, capture_output=True, text=True, timeout=180, env={**os.environ, "HOME": str(home)}
        )
        if shown.returncode == 0:
            return [json.loads(line) for line in shown.stdout.splitlines()]
        assert time.monotonic() < end, shown.stderr
        time.sleep(1)
