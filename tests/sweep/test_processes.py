"""Process trees: in order, apart, marked output, and none left behind."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Thread

import pytest

from llavapose.sweep.processes import Command, Ended, run_all

ROOT = Path(__file__).parents[2]


def python(name: str, code: str) -> Command:
    return Command(name=name, words=[sys.executable, "-c", code])


def run(commands: list[Command], at_once: int = 1) -> dict[int, Ended]:
    ended: dict[int, Ended] = {}
    run_all(commands, at_once=at_once, done=ended.__setitem__)
    return ended


def test_a_failure_stops_no_other():
    ended = run([python("a", "raise SystemExit(3)"), python("b", "pass"), python("c", "import os; os.abort()")])
    assert [ended[index].exit_code for index in range(3)] == [3, 0, -signal.SIGABRT]


def test_an_end_is_told_when_it_comes():
    told: list[int] = []
    commands = [python("slow", "import time; time.sleep(1.5)"), python("quick", "pass")]
    run_all(commands, at_once=2, done=lambda index, end: told.append(index))
    assert told == [1, 0]


def test_parallel_output_is_marked_and_cores_are_shared(capfd):
    code = "import os, time; time.sleep(0.2); print('threads', os.environ['OMP_NUM_THREADS']); print('50%', end='\\r')"
    run([python("one", code), python("two", code)], at_once=2)
    said = capfd.readouterr().out.splitlines()
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    assert sorted(said) == ["[one] 50%", f"[one] threads {threads}", "[two] 50%", f"[two] threads {threads}"]


def test_a_tree_leaves_nobody_behind(tmp_path):
    code = (
        "import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(str(p.pid))"
    )
    run([python("parent", code)])
    wait_for(lambda: not is_running(int((tmp_path / "pid").read_text())), limit_s=5.0)


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
def test_ending_the_parent_ends_the_trees(tmp_path, how):
    """A job and its rank both, also where the parent is killed and has no chance to end them."""
    rank = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {rank!r}])"
    code = (
        "import sys; from llavapose.sweep.processes import Command, run_all\n"
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # ignored under nohup
        f"c = Command(name='x', words=[sys.executable, '-c', {child!r}])\n"
        "run_all([c, c], at_once=1, done=lambda index, end: None)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stderr=subprocess.DEVNULL)
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    pid = int((tmp_path / "pid").read_text())
    assert is_running(pid)
    job = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    parent.send_signal(how)
    assert parent.wait(timeout=60) != 0
    wait_for(lambda: not is_running(pid) and not is_running(job))


def test_a_job_that_is_killed_leaves_the_others_alone(tmp_path):
    killed = f"import os, time; open({str(tmp_path / 'pid')!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    other = f"import time; time.sleep(0.5); open({str(tmp_path / 'done')!r}, 'w').write('done')"
    found: dict[int, Ended] = {}
    sweep = Thread(target=run_all, args=([python("a", killed), python("b", other)],),
                   kwargs={"at_once": 2, "done": found.__setitem__})  # fmt: skip
    sweep.start()
    wait_for(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
    os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
    sweep.join()
    assert [found[0].exit_code, found[1].exit_code] == [-signal.SIGKILL, 0]
    assert (tmp_path / "done").read_text() == "done"


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def wait_for(condition, limit_s: float = 20.0) -> None:
    end = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)
