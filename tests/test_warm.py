"""Commands that are forked off the nursery are processes with the files, folder and end that they would have afresh."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests import warm

SHOWS = """
import json, os, sys
print(json.dumps({"argv": sys.argv, "path": sys.path[:2], "folder": os.getcwd(), "mark": os.environ.get("MARK"),
                  "parent": os.getppid(), "name": __name__, "group": os.getpgid(0) == os.getpid()}))
print("beside", file=sys.stderr)
sys.exit(3)
"""

pytestmark = pytest.mark.skipif(not warm.can_fork([sys.executable, "-c", ""], os.environ), reason="started afresh")


@pytest.mark.parametrize("how", ["-c", "script", "-m"])
def test_a_command_is_what_it_would_be_afresh(tmp_path, how):
    (tmp_path / "shows.py").write_text(SHOWS)
    start = {"-c": ["-c", SHOWS], "script": [str(tmp_path / "shows.py")], "-m": ["-m", "shows"]}[how]
    command, env = [sys.executable, *start, "a", "b c"], {**os.environ, "MARK": "x", "PYTHONPATH": str(tmp_path)}
    told = []
    for run in (subprocess.run, warm.run):
        done = run(command, cwd=tmp_path, env=env, capture_output=True, text=True, start_new_session=True)
        assert (done.returncode, done.stderr) == (3, "beside\n")
        told.append(json.loads(done.stdout))
    assert told[0] == told[1] and told[0]["parent"] == os.getpid()


def test_it_has_the_libraries_and_nothing_of_ours():
    code = "import sys; print('torch' in sys.modules, 'llavapose' in sys.modules)"
    assert warm.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True False\n"


def test_its_own_children_are_started_so_too():
    code = (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', \"import sys; print('torch' in sys.modules)\"])"
    )
    assert warm.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "True\n"


def test_it_can_be_killed_and_waited_for():
    process = warm.Popen(
        [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(60)"], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None and process.stdout.readline() == b"1\n"
        process.kill()
        assert process.wait(10) == -signal.SIGKILL
    assert not Path(f"/proc/{process.pid}").exists()


def test_what_cannot_be_made_so_is_started_afresh(monkeypatch):
    plain = [sys.executable, "-c", "x"]
    assert not warm.can_fork(["bash", "-c", "x"], os.environ)
    assert not warm.can_fork([sys.executable, "-I", "-c", "x"], os.environ)
    assert not warm.can_fork(plain, {**os.environ, "HF_HOME": "/elsewhere"})
    monkeypatch.setenv("LLAVAPOSE_FRESH", "1")
    assert not warm.can_fork(plain, os.environ)
