"""Pieces: done once, kept, by one run at a time, and by no process whose parent is gone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from llavapose.data.index.shards import do_all, once
from tests import warm

ROOT = Path(__file__).parents[3]


def squares(task: tuple[str, int]) -> dict[str, np.ndarray]:
    """Notes who did which piece."""
    folder, number = task
    with (Path(folder) / "done.txt").open("a") as stream:
        stream.write(f"{number} {os.getpid()}\n")
    if number < 0:
        raise ValueError(f"{number} is negative")
    return {"square": np.array([number * number])}


def slow(task: tuple[str, int]) -> dict[str, np.ndarray]:
    found = squares(task)
    time.sleep(30 if task[1] == 3 else 0)
    return found


def done(folder: Path) -> list[tuple[int, int]]:
    return [tuple(map(int, line.split())) for line in (folder / "done.txt").read_text().splitlines()]


@pytest.mark.parametrize("processes", [1, 2])
def test_pieces_come_in_their_order_and_are_done_once(tmp_path, processes):
    tasks = [(str(tmp_path), number) for number in range(5)]
    for _ in range(2):
        found = list(do_all(tmp_path / "parts", tasks, squares, what="squares", processes=processes))
        assert [int(one["square"][0]) for one in found] == [0, 1, 4, 9, 16]
    assert sorted(number for number, _ in done(tmp_path)) == [0, 1, 2, 3, 4]
    assert (os.getpid() in {process for _, process in done(tmp_path)}) == (processes == 1)
    (tmp_path / "parts" / "000002.npz").unlink()
    list(do_all(tmp_path / "parts", tasks, squares, what="squares", processes=processes))
    assert sorted(number for number, _ in done(tmp_path)) == [0, 1, 2, 2, 3, 4]


@pytest.mark.parametrize("processes", [1, 2])
def test_what_goes_wrong_in_a_piece_is_said(tmp_path, processes):
    tasks = [(str(tmp_path), number) for number in (1, -1, 2)]
    with pytest.raises(ValueError, match="-1 is negative"):
        list(do_all(tmp_path / "parts", tasks, squares, what="squares", processes=processes))


KILLED = """
from tests.data.index.test_shards import slow
from llavapose.data.index.shards import do_all
import sys
if __name__ == "__main__":
    folder = sys.argv[1]
    list(do_all(Path(folder) / "parts", [(folder, n) for n in range(4)], slow, what="squares", processes=2))
"""


def test_a_kill_costs_the_pieces_under_way_and_leaves_no_process(tmp_path):
    script = tmp_path / "run.py"
    script.write_text("from pathlib import Path\n" + KILLED)
    command = [sys.executable, str(script), str(tmp_path)]
    run = warm.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.DEVNULL)
    wait_for(lambda: len(list(tmp_path.glob("parts/*.npz"))) == 3 and len(done(tmp_path)) == 4)
    run.send_signal(signal.SIGKILL)
    run.wait()
    workers = {process for _, process in done(tmp_path)}
    wait_for(lambda: not any(alive(process) for process in workers))
    tasks = [(str(tmp_path), number) for number in range(4)]
    found = list(do_all(tmp_path / "parts", tasks, squares, what="squares"))
    assert [int(one["square"][0]) for one in found] == [0, 1, 4, 9]
    assert sorted(number for number, _ in done(tmp_path)) == [0, 1, 2, 3, 3]


def wait_for(true, seconds: float = 60.0) -> None:
    start = time.monotonic()
    while not true():
        assert time.monotonic() - start < seconds
        time.sleep(0.05)


def alive(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


MAKES = """
import sys, time
from pathlib import Path
from llavapose.data.index.shards import once

home = Path(sys.argv[1])

def make(parts):
    with (home / "made.txt").open("a") as stream:
        stream.write("made\\n")
    time.sleep(1)
    (home / "thing").mkdir()
    return "thing"

find = lambda: "thing" if (home / "thing").exists() else None
print(once(home / "thing", find, make, what="thing"))
"""


@pytest.mark.parametrize("harm", [lambda raw: raw[:40], lambda raw: b"", lambda raw: raw[:-60] + b"x" * 60])
def test_a_damaged_piece_is_done_again(tmp_path, harm):
    """It would stop every later start."""
    tasks = [(str(tmp_path), number) for number in range(3)]
    expected = [piece["square"].tolist() for piece in do_all(tmp_path / "parts", tasks, squares, what="x", processes=1)]
    path = tmp_path / "parts" / "000001.npz"
    path.write_bytes(harm(path.read_bytes()))
    found = [piece["square"].tolist() for piece in do_all(tmp_path / "parts", tasks, squares, what="x", processes=1)]
    assert found == expected and [number for number, _ in done(tmp_path)] == [0, 1, 2, 1]


def test_who_comes_meanwhile_waits(tmp_path):
    command = [sys.executable, "-c", MAKES, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    runs = [warm.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [run.communicate()[0].splitlines() for run in runs]
    assert (tmp_path / "made.txt").read_text() == "made\n"
    assert [lines[-1] for lines in told] == ["thing"] * 3
    assert sum("thing: another process is at it; waiting" in lines for lines in told) == 2


def test_what_is_there_needs_no_lock(tmp_path):
    found = once(tmp_path / "none" / "thing", lambda: 7, lambda parts: pytest.fail("made"), what="thing")
    assert found == 7 and not (tmp_path / "none").exists()


def test_a_lock_that_its_holder_gave_up_is_free(tmp_path):
    with pytest.raises(KeyError):
        once(tmp_path / "thing", lambda: None, lambda parts: {}["x"], what="thing")
    assert once(tmp_path / "thing", lambda: None, lambda parts: 1, what="thing") == 1
