"""Offline runs of Weights & Biases, read back with its own reader."""

import json
import os
import subprocess
import sys
from pathlib import Path


def records_of(run: Path, *, home: Path) -> list[dict]:
    """The records of one offline run's folder; ``home`` keeps the reader's own files out of the user's."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, env={**os.environ, "HOME": str(home)})
    assert shown.returncode == 0, shown.stderr
    return [json.loads(line) for line in shown.stdout.splitlines()]
