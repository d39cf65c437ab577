"""Runs in processes of their own against a real server: killed, interrupted, out of disk, and gone on with."""

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.live import workers
from tests.llm.asking import requests
from tests.llm.chat_server import Answer, ChatServer, completion, good

NURSERY = Path(__file__).parents[1] / "nursery.py"
MONEY = {"price_in": 1.0, "price_out": 1.0}


class Runs:
    """Starts runs on one ledger in processes of their own; see nursery.py."""

    def __init__(self, nursery: subprocess.Popen[str], url: str, ledger: Path) -> None:
        self.ledger = ledger
        self._nursery, self._url = nursery, url

    def start(self, number: int, *, max_usd: float | None = None, file_size: int | None = None, **config: Any) -> int:
        return self._order(
            url=self._url, ledger=str(self.ledger), number=number, config=config, max_usd=max_usd, file_size=file_size
        )

    def end(self, pid: int) -> dict[str, Any]:
        """Wait for the run's end: its wait status, and what it left."""
        said = {"status": self._order(wait=pid)}
        result = Path(f"{self.ledger}.{pid}.json")
        return said | (json.loads(result.read_text()) if result.exists() else {})

    def run(self, number: int, **more: Any) -> dict[str, Any]:
        return self.end(self.start(number, **more))

    def told(self) -> list[str]:
        """Keys of the replies that any run was told are recorded."""
        return Path(f"{self.ledger}.told").read_text().split()

    def _order(self, **order: Any) -> int:
        assert self._nursery.stdin is not None and self._nursery.stdout is not None
        self._nursery.stdin.write(json.dumps(order) + "\n")
        self._nursery.stdin.flush()
        return int(self._nursery.stdout.readline())


@pytest.fixture(scope="module")
def nursery():
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, NURSERY], stdin=pipe, stdout=pipe, text=True) as process:
        yield process


@pytest.fixture
def server():
    with ChatServer() as running:
        yield running


@pytest.fixture
def runs(nursery, server, tmp_path):
    return Runs(nursery, server.url, tmp_path / "ledger.sqlite")


def recorded(path: Path) -> set[str]:
    """The questions that the ledger holds replies to, read without the run's own code."""
    keys = {one.key: one.messages[-1].text for one in requests(2000)}
    with closing(sqlite3.connect(path)) as database:
        return {keys[key] for (key,) in database.execute("SELECT key FROM replies")}


def wait_for(number: int, server: ChatServer) -> None:
    """Wait until the server has given so many answers in all."""
    end = time.monotonic() + 60
    while len(server.log) < number:
        assert time.monotonic() < end, "the run stands still"
        time.sleep(0.001)


@pytest.mark.slow
def test_killed_at_twenty_moments_nothing_is_lost_and_nothing_asked_twice(server, runs):
    """Of 2,000 requests, through 20 kill -9: what the ledger holds is never asked again, and it ends up with all."""
    rng = random.Random(20)
    server.behave = lambda asked: Answer(body=completion(f"reply to {asked.question}"), delay_s=rng.uniform(0, 0.03))
    held: list[tuple[int, set[str]]] = []  # requests that had come when a run was killed, and what it had recorded
    most_unrecorded = 0
    for _ in range(20):
        pid = runs.start(2000, max_concurrency=16, **MONEY)
        wait_for(len(server.log) + rng.randint(1, 90), server)
        time.sleep(rng.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        assert runs.end(pid)["status"] == signal.SIGKILL
        held.append((len(server.arrivals), recorded(runs.ledger)))
        most_unrecorded = max(most_unrecorded, len({question for _, question in server.log} - held[-1][1]))
    num_held = len(held[-1][1])
    assert 0 < num_held < 2000
    last = runs.run(2000, max_concurrency=16, **MONEY)
    assert (last["before"], last["answered"], last["left"]) == (num_held, 2000 - num_held, 0)

    for arrived, questions in held:
        assert not questions & {question for _, question in server.arrivals[arrived:]}
    told = runs.told()
    assert len(told) == len(set(told))  # no reply was recorded twice
    keys = [one.key for one in requests(2000)]
    with Ledger(runs.ledger) as ledger:
        texts = [reply.completion.text for _, reply in ledger.replies(keys)]
        assert texts == [f"reply to question {number}" for number in range(2000)]
        assert ledger.num_replies() == 2000
        assert set(told) <= set(keys)
        # Answered, but cut off by a kill: at most what was under way, and its money is remembered.
        num_twice = len(server.log) - 2000
        assert most_unrecorded <= 16 + workers.SPARE_WORKERS
        # What came to the server and brought no reply into the ledger is charged; what was only made ready is not.
        num_lost, usd = len(server.arrivals) - 2000, ledger.reply(keys[0]).usd
        shown = ledger.doubtful_usd()
        print(f"{num_lost} sendings lost by 20 kills: ${num_lost * usd:.5f} true, at most ${shown:.5f} shown")
        assert num_lost >= num_twice
        assert num_lost * usd <= shown + 1e-9
        # A reply may be twice as long as these are: the most is a third more, and a kill hits one on its way out.
        assert shown <= 1.5 * num_lost * usd


def test_what_was_told_to_be_recorded_outlives_a_kill(server, runs):
    for _ in range(3):
        pid = runs.start(400, max_concurrency=16)
        wait_for(len(server.log) + 60, server)
        os.kill(pid, signal.SIGKILL)
        runs.end(pid)
        with Ledger(runs.ledger) as ledger:
            assert runs.told()
            assert ledger.answered(runs.told()) == set(runs.told())


def test_ctrl_c_once_finishes_what_is_under_way(server, runs):
    server.behave = lambda asked: Answer(body=completion("late"), delay_s=0.5)
    pid = runs.start(500, max_concurrency=8, **MONEY)
    wait_for(8, server)
    os.kill(pid, signal.SIGINT)
    said = runs.end(pid)
    assert (said["status"], said["stopped"]) == (0, "interrupted")
    assert said["answered"] == len(server.log) == len(server.arrivals) == len(recorded(runs.ledger))
    assert 8 <= said["answered"] < 60
    assert said["asked"] == said["answered"] + said["left"] < 120
    with Ledger(runs.ledger) as ledger:
        assert ledger.doubtful_usd() == 0
    server.behave = good
    again = runs.run(100, **MONEY)
    assert (again["before"], again["answered"], again["stopped"]) == (said["answered"], 100 - said["answered"], None)
    assert set(server.asked.values()) == {1}
    assert "press Ctrl-C again to stop at once" in Path(f"{runs.ledger}.{pid}.err").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_twice_stops_at_once_and_remembers_the_money(server, runs, number):
    server.behave = lambda asked: good(asked) if len(server.arrivals) <= 20 else Answer(delay_s=60)
    pid = runs.start(500, max_concurrency=8, **MONEY)
    wait_for(20, server)
    while len(recorded(runs.ledger)) < 20 or len(server.arrivals) < 28:
        time.sleep(0.01)
    start = time.monotonic()
    for _ in range(2):
        os.kill(pid, number)
        time.sleep(0.5)
    said = runs.end(pid)
    assert time.monotonic() - start < 20  # and not 60
    assert (said["status"], said["answered"], said["stopped"]) == (0, 20, "interrupted")
    with Ledger(runs.ledger) as ledger:
        assert ledger.num_replies() == 20
        # 8 requests of 100 tokens for the reply and 100 for the prompt, as the server has counted others
        assert ledger.doubtful_usd() == pytest.approx(8 * 200e-6)


def test_a_second_run_on_the_same_ledger_is_told_and_changes_nothing(server, runs):
    server.behave = lambda asked: Answer(body=completion("late"), delay_s=1.0)
    pid = runs.start(30, max_concurrency=4)
    wait_for(1, server)
    assert f"is in use by another run (process {pid})" in runs.run(100)["error"]
    server.behave = good
    assert runs.end(pid)["answered"] == 30
    assert set(server.asked.values()) == {1}


def test_a_disk_that_fills_up(server, runs):
    """The file may not grow beyond 150 kB: the run ends with one line, and the next one goes on."""
    text = "word " * 400
    server.behave = lambda asked: Answer(body=completion(text))
    said = runs.run(300, file_size=150_000, max_concurrency=8, **MONEY)
    assert said["status"] == 0
    assert "cannot write to it" in said["error"] and len(said["error"].splitlines()) == 1
    kept = recorded(runs.ledger)
    assert 0 < len(kept) == len(runs.told()) < 300
    before = len(server.arrivals)
    again = runs.run(300, max_concurrency=8, **MONEY)
    assert (again["before"], again["answered"], again["stopped"]) == (len(kept), 300 - len(kept), None)
    assert not kept & {question for _, question in server.arrivals[before:]}
