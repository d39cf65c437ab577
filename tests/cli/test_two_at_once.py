"""Two runs in one folder, as processes: the second ends in a line, and the first one's files are as they were."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm
from tests.test_owner import ENV, HOLD

ROOT = Path(__file__).parents[2]
SMALL = ["scenes.num_train=12", "scenes.num_val=2", "scenes.image_size=64", "teacher.num_samples=12"]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("train", ["data=detail", "output_dir=out"]),
        ("train", ["-m", "data=detail,conv", "sweep_dir=out"]),
        ("evaluate", ["checkpoint=tiny", "arm=x", "output_dir=out"]),
        ("generate", [*SMALL, "output_dir=out"]),
        ("generate", [*SMALL, "audit=samples.jsonl", "output_dir=out"]),
    ],
)
def test_the_second_is_refused_until_the_first_is_gone(tmp_path, script, words):
    (tmp_path / "samples.jsonl").write_text("")
    holder = [sys.executable, "-c", HOLD, "out", ""]
    with warm.Popen(holder, cwd=tmp_path, env=ENV, stdout=subprocess.PIPE, text=True) as first:
        assert first.stdout is not None and first.stdout.readline() == "held\n"
        before = sorted(path.name for path in (tmp_path / "out").rglob("*.*"))
        command = [sys.executable, str(ROOT / f"{script}.py"), *words]
        done = warm.run(command, cwd=tmp_path, capture_output=True, text=True)
        (line,) = done.stderr.splitlines()
        assert done.returncode == 1 and line.startswith("error: ") and f"(process {first.pid} on " in line
        left = {path.name for path in (tmp_path / "out").rglob("*.*")} - {".x.lock"}
        assert sorted(left) == before, "nothing was written there"
        os.kill(first.pid, signal.SIGKILL)
    if script == "generate" and "audit=samples.jsonl" not in words:
        again = warm.run(command, cwd=tmp_path, capture_output=True, text=True)
        assert again.returncode == 0 and (tmp_path / "out" / "samples.jsonl").is_file(), again.stderr
