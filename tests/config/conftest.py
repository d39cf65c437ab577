import resource
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import warm

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Said:
    exit_code: int
    out: str
    err: str
    cpu_s: float

    @property
    def errors(self) -> list[str]:
        """What was said on stderr, one line a problem."""
        return self.err.splitlines()


@pytest.fixture
def run_script(tmp_path):
    """Runs a script as a user does, in an empty folder; ``fresh``: its start counts too."""

    def run(script: str, *arguments: str, fresh: bool = False) -> Said:
        start = subprocess.run if fresh else warm.run
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = start(
            [sys.executable, str(ROOT / f"{script}.py"), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return Said(done.returncode, done.stdout, done.stderr, cpu_s)

    return run
