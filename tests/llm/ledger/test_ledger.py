"""What is in the ledger stays, whatever happens, and nobody else writes there."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.llm.chat import Completion
from llavapose.llm.ledger import sent
from llavapose.llm.ledger.ledger import CHUNK, Ledger
from llavapose.llm.ledger.notes import drop_sending, note_failure, note_reply, note_sending
from tests.llm.asking import request

ROOT = Path(__file__).parents[3]
REPLY = Completion(
    text="Zwei\nZeilen ✓ \ud800".encode("utf-8", "replace").decode(),
    model="served",
    finish="length",
    num_prompt_tokens=11,
    num_completion_tokens=7,
    latency_s=1.5,
    request_id="req-1",
)


@pytest.fixture
def ledger(tmp_path):
    with Ledger(tmp_path / "ledger.sqlite") as opened:
        yield opened


def test_a_reply_comes_back_whole_after_reopening(tmp_path):
    path = tmp_path / "new" / "ledger.sqlite"
    with Ledger(path) as ledger:
        ledger.record(request(), REPLY, usd=0.25)
        assert ledger.reply(request("other").key) is None
    with Ledger(path) as ledger:
        found = ledger.reply(request().key)
        assert found is not None
        assert (found.completion, found.usd, found.key) == (REPLY, 0.25, request().key)
        assert found.asked_at > 1e9


def test_the_first_reply_stays(ledger):
    ledger.record(request(), REPLY, usd=0.25)
    ledger.record(request(), Completion(text="second", model="other"), usd=1)
    assert ledger.reply(request().key).completion == REPLY
    assert ledger.spent_usd() == 0.25


def test_every_commit_is_on_the_disk(ledger):
    for connection in (ledger.database, ledger._writer):
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA synchronous").fetchone() == (2,)


def test_the_key_covers_messages_model_and_parameters():
    changes = [
        {"model": "n"},
        {"max_tokens": 9},
        {"temperature": 0.5},
        {"seed": 1},
        {"attempt": 1},
    ]
    keys = {request().key, request("other").key, *(request(**change).key for change in changes)}
    assert len(keys) == len(changes) + 2
    assert request(tag="conv").key == request().key == request().key
    # Replies were paid under this key, of a request without pictures: it must never change.
    assert request().key == "cc01c8dca8adfc9a3b79a81445257d2a31d364419772c907edf0f922466b6f73"


def test_replies_stream_in_the_order_of_the_keys(ledger):
    number = 2 * CHUNK + 3
    ledger.write(s for i in range(number) for s in note_reply(f"k{i}", Completion(text=str(i), model="m"), usd=0.5))
    wanted = [f"k{i}" for i in range(number, -1, -1)]
    assert [reply.completion.text for _, reply in ledger.replies(iter(wanted))] == [str(i) for i in range(number)][::-1]
    assert ledger.answered(["k0", "no", "k7"]) == {"k0", "k7"}
    assert ledger.num_replies() == number
    assert ledger.spent_usd() == pytest.approx(number / 2)


def test_failures_go_when_a_reply_comes(ledger):
    ledger.failed(request(), "400")
    ledger.failed(request("other"), "gave up: 5xx", lasting=False)
    assert ledger.failures() == {request().key: "400", request("other").key: "gave up: 5xx"}
    assert ledger.failures(lasting_only=True) == {request().key: "400"}
    ledger.record(request(), REPLY, usd=0)
    assert ledger.failures() == {request("other").key: "gave up: 5xx"}


def test_a_sending_without_a_reply_is_money_in_doubt(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        tickets = [ledger.new_ticket() for _ in range(3)]
        ledger.write(note_sending(ticket, "k", 0.5) for ticket in tickets)
        for ticket in tickets:
            ledger.sent(ticket)
        ledger.write([*note_reply("k", REPLY, usd=0.125), drop_sending(tickets[1])])
    for _ in range(3):
        with Ledger(path) as ledger:
            assert (ledger.doubtful_usd(), ledger.spent_usd()) == (1.0, 1.125)
            assert ledger.new_ticket() > max(tickets)


def noted(path: Path, *, sent: int) -> None:
    """Five notes of half a dollar, so many of which were sent, as a run leaves them that was killed."""
    with Ledger(path) as ledger:
        tickets = [ledger.new_ticket() for _ in range(5)]
        ledger.write(note_sending(ticket, f"k{ticket}", 0.5) for ticket in tickets)
        for ticket in tickets[:sent]:
            ledger.sent(ticket)


def test_what_was_only_made_ready_is_no_money_in_doubt(tmp_path):
    path = tmp_path / "ledger.sqlite"
    for total in (1.0, 2.0, 3.0):  # of three runs, each killed in its turn
        noted(path, sent=2)
        with Ledger(path) as ledger:
            assert ledger.doubtful_usd() == total


@pytest.mark.parametrize("lost", ["another boot", "no file", "no boot"])
def test_where_nobody_can_tell_what_was_sent_all_of_it_counts(tmp_path, monkeypatch, lost):
    path, boot = tmp_path / "ledger.sqlite", tmp_path / "boot_id"
    boot.write_text("one\n")
    monkeypatch.setattr(sent, "BOOT_ID", boot)
    noted(path, sent=2)
    if lost == "another boot":
        boot.write_text("two\n")
    elif lost == "no boot":
        boot.unlink()
    else:
        (tmp_path / "ledger.sqlite.sent").unlink()
    with Ledger(path) as ledger:
        assert ledger.doubtful_usd() == 2.5


def test_marks_that_cannot_be_written_are_given_up(tmp_path, monkeypatch):
    path = tmp_path / "ledger.sqlite"
    with Ledger(path) as ledger:
        tickets = [ledger.new_ticket() for _ in range(5)]
        ledger.write(note_sending(ticket, f"k{ticket}", 0.5) for ticket in tickets)
        ledger.sent(tickets[0])
        monkeypatch.setattr(sent.os, "write", lambda *_: 3)
        ledger.sent(tickets[1])
        monkeypatch.undo()
        ledger.sent(tickets[2])
    with Ledger(path) as ledger:
        assert ledger.doubtful_usd() == 2.5


def test_a_ledger_of_an_earlier_version_keeps_its_money(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("DROP TABLE sendings")
        database.execute("CREATE TABLE sendings (ticket INTEGER PRIMARY KEY, key TEXT NOT NULL, usd REAL NOT NULL)")
        database.execute("INSERT INTO sendings VALUES (1, 'k', 0.75)")
    with Ledger(path) as ledger:
        assert ledger.doubtful_usd() == 0.75 and ledger.new_ticket() == 2


def test_notes_of_one_transaction_are_joined_and_mean_the_same(tmp_path):
    """A note taken back in the same transaction is gone, whatever came before it."""
    notes = [drop_sending(1), note_failure("k7", "400")]
    for number in range(1200):
        notes += [note_sending(number, f"k{number}", 1.0), *note_reply(f"k{number}", REPLY, usd=0.5)]
        notes += [drop_sending(number)] if number % 2 else []
    spent = []
    for name, statements in (("joined", notes), ("one by one", [*notes, ("DELETE FROM outcomes", ())])):
        with Ledger(tmp_path / name) as ledger:
            ledger.write(statements)
            spent.append((ledger.num_replies(), ledger.spent_usd(), ledger.doubtful_usd(), ledger.failures()))
    assert spent[0] == spent[1] == (1200, 1200.0, 600.0, {})


def test_outcomes_belong_to_a_version(ledger):
    ledger.remember({"a": '{"x": 1}', "b": "{}"}, "v1")
    ledger.remember({"a": '{"x": 2}'}, "v2")
    assert ledger.outcome(["a", "b", "c"], "v1") == {"a": '{"x": 1}', "b": "{}"}
    assert ledger.outcome(["a", "b"], "v2") == {"a": '{"x": 2}'}


def test_a_transaction_is_all_or_nothing(ledger):
    with pytest.raises(RuntimeError), ledger.transaction() as database:
        database.execute("INSERT INTO outcomes VALUES ('k', 'v', 'o')")
        raise RuntimeError
    assert ledger.outcome(["k"], "v") == {}
    with pytest.raises(DataError, match=r"ledger .*: cannot write to it"):
        ledger.write([("INSERT INTO outcomes VALUES ('k', 'v', 'o')", ()), ("INSERT INTO nowhere VALUES (1)", ())])
    assert ledger.outcome(["k"], "v") == {}


def test_another_process_gets_one_clear_line(ledger):
    code = (
        "import sys\nfrom pathlib import Path\nfrom llavapose.errors import DataError\n"
        "from llavapose.llm.ledger.ledger import Ledger\n"
        "try:\n    Ledger(Path(sys.argv[1]))\nexcept DataError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, ledger.path], capture_output=True, text=True, cwd=ROOT)
    assert len(done.stdout.splitlines()) == 1, done.stderr
    assert "is in use by another run (process " in done.stdout
    ledger.record(request(), REPLY, usd=0)  # and this one goes on


def test_a_closed_ledger_lets_others_in(tmp_path):
    for _ in range(2):
        ledger = Ledger(tmp_path / "ledger.sqlite")
        ledger.close()
        ledger.close()


@pytest.mark.parametrize("content", [b"{}" * 4000, b"SQLite format 3\x00" + b"\xff" * 4000])
def test_a_file_that_is_no_ledger_is_left_alone(tmp_path, content):
    path = tmp_path / "ledger.sqlite"
    path.write_bytes(content)
    for _ in range(2):  # the lock is given back
        with pytest.raises(DataError, match="the file is damaged or no ledger"):
            Ledger(path)
    assert path.read_bytes() == content


def test_a_later_format_is_refused(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version=9")
    database.close()
    with pytest.raises(DataError, match="has format 9; this version reads format 1"):
        Ledger(path)


def test_a_folder_in_the_way_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot open its lock file"):
        Ledger(tmp_path / "file" / "ledger.sqlite")
