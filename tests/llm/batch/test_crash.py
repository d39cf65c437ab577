"""Killed at every step of a run by batches, the same command goes on, and no request is submitted twice."""

import tempfile
from pathlib import Path

import pytest

from llavapose.llm.ledger.ledger import Ledger
from tests.llm.batch_runs import REPLY_USD, command, in_a_process, requests
from tests.llm.batch_server import BatchServer, Fault, answer_of, lost_line, serving

ASKED = requests(5)
"""Two batches, and a third for the request that the first one loses."""

pytestmark = pytest.mark.slow


@pytest.fixture
def folder():
    """Memory, where there is such a disk: killing a process tests no disk's sync, and there are hundreds."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as name:
        yield Path(name)


def one_expires(line, nth):
    lost = line["custom_id"] == ASKED[1].key and nth == 1
    return ("error", lost_line(line)) if lost else ("output", answer_of(line))


def settings(doubt_s=0.02):
    return {"max_requests": 3, "doubt_s": doubt_s}


def check_all_is_there(path, account):
    """Each request was taken on as often as it was lost, and once more; every reply is there and paid once."""
    assert account.wrong == []
    assert [account.times[one.key] for one in ASKED] == [1, 2, 1, 1, 1]
    with Ledger(path) as ledger:
        assert ledger.answered(one.key for one in ASKED) == {one.key for one in ASKED}
        assert ledger.spent_usd() == pytest.approx(len(ASKED) * REPLY_USD)
        assert ledger.database.execute("SELECT count(*) FROM batch_lines WHERE request <> ''").fetchone() == (0,)


def http_requests(folder):
    """What an undisturbed run asks of the server."""
    with serving(BatchServer(answer=one_expires)) as account:
        assert command(folder / "whole.db", account.url, ASKED, **settings()).answered == 5
        check_all_is_there(folder / "whole.db", account)
        return list(account.log)


@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.long), "after"])
def test_killed_at_every_request_to_the_server(folder, when):
    log = http_requests(folder)
    assert len(log) >= 16
    for nth in range(1, len(log) + 1):
        path = folder / f"{nth}.db"
        with serving(BatchServer(answer=one_expires, faults=[Fault(nth=nth, when=when)])) as account:
            assert in_a_process(path, account.url, ASKED, **settings()) == -9, log[nth - 1]
            tally = command(path, account.url, ASKED, **settings())
            assert (tally.asked, tally.left, tally.stopped) == (5, 0, None), log[nth - 1]
            check_all_is_there(path, account)


@pytest.mark.long
def test_killed_at_every_write_to_the_disk(folder):
    nth = 0
    while True:
        nth += 1
        path = folder / f"{nth}.db"
        with serving(BatchServer(answer=one_expires)) as account:
            code = in_a_process(path, account.url, ASKED, die_at_write=nth, **settings())
            if code == 0:
                break
            assert code == 9
            tally = command(path, account.url, ASKED, **settings())
            assert (tally.asked, tally.left, tally.stopped) == (5, 0, None), nth
            check_all_is_there(path, account)
    assert nth > 20


def test_killed_again_and_again(folder):
    path, kills = folder / "l.db", 0
    with serving(BatchServer(answer=one_expires)) as account:
        while kills < 100:
            # Each life gets as far as three requests, or dies on the disk.
            account.faults = [Fault(nth=3, when=("before", "after")[kills % 2])]
            code = in_a_process(path, account.url, ASKED, **settings())
            if code == 0:
                break
            kills += 1
        check_all_is_there(path, account)
    assert kills >= 4


def test_a_batch_that_starts_after_its_caller_died_is_adopted(folder):
    faults = [Fault(at="POST /v1/batches", when="late")]
    with serving(BatchServer(answer=one_expires, faults=faults)) as account:
        assert in_a_process(folder / "l.db", account.url, ASKED, **settings()) == -9
        assert len(account.batches) == 0
        command(folder / "l.db", account.url, ASKED, **settings(doubt_s=3.0))
        check_all_is_there(folder / "l.db", account)


def test_a_killed_run_holds_the_money_of_what_it_left(folder):
    with serving(BatchServer(answer=one_expires, polls=10**6, faults=[Fault(at="GET /v1/batches/batch_2")])) as account:
        assert in_a_process(folder / "l.db", account.url, ASKED, **settings()) == -9
        tally = command(folder / "l.db", account.url, requests(9), max_usd=0.0135, wait=False, **settings())
        # Five requests at about $0.0021 each lie there; the cap has room for one more.
        assert tally.stopped is not None and "budget" in tally.stopped
        assert sum(len(account.lines(batch)) for batch in account.batches.values()) == 6
