"""The book of batches: what was handed to the Batch API, written down before it leaves, in the ledger's own file.

A batch's states: ``made`` (written down; its file may have been uploaded, nothing has been asked), ``creating`` (the
server was asked to start it and may or may not have done so), ``sent`` (it has the server's id), ``ended`` (nothing
more will come of it), then ``collected`` or ``withdrawn`` (the server never took it on). One row as a record::

    {"id": "5f0c...", "state": "sent", "base_url": "https://api.openai.com/v1", "model": "gpt-4o", "num_requests": 1200,
     "tokens": 89000, "num_bytes": 4100000, "sha256": "9d1e...", "limit_name": "max_tokens", "tried_at": 1764547200.0,
     "file_id": "file-1", "server_id": "batch_1", "status": "in_progress", "num_done": 350, "output_file_id": "",
     "error_file_id": "", "note": ""}
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, fields
from pathlib import Path
from typing import Any

from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import Statement
from llavapose.llm.pictures import Picture
from llavapose.plain_json import parse_json

ANSWERED = "answered"
FAILED = "failed"
# In which there is still something to do.
OPEN_STATES = ("made", "creating", "sent", "ended")


@dataclass(frozen=True, kw_only=True)
class ApiBatch:
    """One batch as the book knows it.

    Attributes:
        id: ours; goes along as metadata, so that the batch is recognised in the server's list.
        state: see the module's docstring.
        tokens: estimated prompt tokens, which count toward the account's limit until it has ended.
        sha256: of the file that is uploaded.
        limit_name: what the longest reply is called in it (``wire.body_of``).
        tried_at: when the server was last asked to start it, in seconds since 1970.
        file_id, server_id, output_file_id, error_file_id: the server's names; empty until known.
        status: the server's own word at the last poll.
        num_done: requests that the server had run by then.
        note: why it was refused or failed as a whole.
    """

    id: str
    state: str
    base_url: str
    model: str
    num_requests: int
    tokens: int
    num_bytes: int
    sha256: str
    limit_name: str
    tried_at: float = 0.0
    file_id: str = ""
    server_id: str = ""
    status: str = ""
    num_done: int = 0
    output_file_id: str = ""
    error_file_id: str = ""
    note: str = ""


_COLUMNS = tuple(column.name for column in fields(ApiBatch))
# The table follows from the dataclass: one column a field, in its order.
_SQL_TYPES = {int: "INTEGER", float: "REAL", str: "TEXT"}
_COLUMN_TYPES = ", ".join(f"{column.name} {_SQL_TYPES[column.type]} NOT NULL" for column in fields(ApiBatch))
_SCHEMA = (
    f"CREATE TABLE IF NOT EXISTS batches ({_COLUMN_TYPES}, PRIMARY KEY (id))",
    "CREATE TABLE IF NOT EXISTS batch_lines (batch TEXT NOT NULL, line INTEGER NOT NULL, key TEXT NOT NULL, "
    "request TEXT NOT NULL, outcome TEXT NOT NULL DEFAULT '', PRIMARY KEY (batch, line))",
    # Tries are counted by key, over all batches that ever held it.
    "CREATE INDEX IF NOT EXISTS batch_lines_by_key ON batch_lines (key)",
)


class Book:
    """The batches of one ledger; every method that changes something is one transaction.

    Args:
        ledger: whose file the book lies in.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._database = ledger.database
        with ledger.transaction() as database:
            for statement in _SCHEMA:
                database.execute(statement)

    def make(self, batch: ApiBatch, requests: Iterable[ChatRequest]) -> ApiBatch:
        """Write a batch down, with all its requests, before anything leaves this machine; returns it."""
        # One transaction for the batch and its lines: a batch without its requests could not be settled.
        numbered = enumerate(requests)
        with self._ledger.transaction() as database:
            self._write(batch)
            for number, request in numbered:
                # The text of an earlier, lost sending is not needed any more.
                database.execute("UPDATE batch_lines SET request = '' WHERE key = ?", (request.key,))
                values = (batch.id, number, request.key, _written(request))
                database.execute("INSERT INTO batch_lines (batch, line, key, request) VALUES (?, ?, ?, ?)", values)
        return batch

    def note(self, batch: ApiBatch) -> ApiBatch:
        """Write down what has become of a batch; returns it."""
        with self._ledger.transaction():
            self._write(batch)
        return batch

    def close(self, batch: ApiBatch, outcomes: Mapping[str, str], also: Sequence[Statement] = ()) -> None:
        """Write down a batch's last state with the outcome of each of its requests, all or nothing.

        Args:
            batch: in state ``collected`` or ``withdrawn``.
            outcomes: key -> ``ANSWERED``, ``FAILED`` or why it has to be sent again; a key left out was not tried.
            also: what the ledger has to know of it.
        """
        # A key may lie in several batches, all but the last lost: what is settled is settled in all.
        settled = [(outcome, key) for key, outcome in outcomes.items() if outcome in (ANSWERED, FAILED)]
        lost = [(outcome, batch.id, key) for key, outcome in outcomes.items() if outcome not in (ANSWERED, FAILED)]
        with self._ledger.transaction() as database:
            self._write(batch)
            # All sendings of the key: its text is not needed any more, and should it be asked again, tries start anew.
            database.executemany("UPDATE batch_lines SET outcome = ?, request = '' WHERE key = ?", settled)
            database.executemany("UPDATE batch_lines SET outcome = ? WHERE batch = ? AND key = ?", lost)
            for sql, values in also:
                database.execute(sql, values)

    def open(self) -> list[ApiBatch]:
        """The batches that are still to be sent, waited for or collected, oldest first."""
        marks = ", ".join("?" * len(OPEN_STATES))
        # Rows are never deleted, so that rowid is the order in which batches were made.
        query = f"SELECT {', '.join(_COLUMNS)} FROM batches WHERE state IN ({marks}) ORDER BY rowid"
        return [ApiBatch(**dict(zip(_COLUMNS, row, strict=True))) for row in self._all(query, OPEN_STATES)]

    def limit_name(self, base_url: str) -> str | None:
        """What the last batch for an endpoint called the longest reply."""
        query = "SELECT limit_name FROM batches WHERE base_url = ? ORDER BY rowid DESC LIMIT 1"
        row = self._database.execute(query, (base_url,)).fetchone()
        return row[0] if row else None

    def keys(self, batch: ApiBatch) -> list[str]:
        """The keys of a batch's requests, in the order of its file."""
        query = "SELECT key FROM batch_lines WHERE batch = ? ORDER BY line"
        return [key for (key,) in self._all(query, (batch.id,))]

    def requests(self, batch: ApiBatch, without: Container[str] = ()) -> Iterator[ChatRequest]:
        """A batch's requests but for those of some keys, in the order of its file, a few at a time."""
        query = "SELECT key, request FROM batch_lines WHERE batch = ? AND line >= ? ORDER BY line LIMIT 500"
        # By line and not by OFFSET, which would count from the start each time; 500 requests are a few megabytes.
        for start in range(0, batch.num_requests, 500):
            for key, text in self._all(query, (batch.id, start)):
                if key not in without:
                    yield _read(text)

    def request(self, batch: ApiBatch, key: str) -> ChatRequest:
        """One request of a batch that is open."""
        query = "SELECT request FROM batch_lines WHERE batch = ? AND key = ?"
        return _read(self._database.execute(query, (batch.id, key)).fetchone()[0])

    def lost(self, key: str) -> ChatRequest | None:
        """A request that was sent and has to be sent again; None where its text is kept nowhere."""
        # The newest sending: older ones have given their text up (see ``make``).
        query = "SELECT request FROM batch_lines WHERE key = ? AND request <> '' ORDER BY rowid DESC LIMIT 1"
        row = self._database.execute(query, (key,)).fetchone()
        return _read(row[0]) if row else None

    def num_tries(self, key: str) -> int:
        """How often the server took this request on and lost it."""
        # An empty outcome was never tried: the batch is open, or the server did not take it on.
        query = "SELECT COUNT(*) FROM batch_lines WHERE key = ? AND outcome NOT IN ('', ?, ?)"
        return self._database.execute(query, (key, ANSWERED, FAILED)).fetchone()[0]

    def _all(self, query: str, values: tuple[object, ...]) -> list[tuple]:
        return self._database.execute(query, values).fetchall()

    def _write(self, batch: ApiBatch) -> None:
        marks = ", ".join("?" * len(_COLUMNS))
        updates = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS if name != "id")
        self._database.execute(
            f"INSERT INTO batches ({', '.join(_COLUMNS)}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {updates}",
            astuple(batch),
        )


def under_way(ledger: Ledger) -> set[str]:
    """The keys of the requests that lie in open batches: nobody else may ask them meanwhile."""
    book = Book(ledger)
    return {key for batch in book.open() for key in book.keys(batch)}


def summary(batches: Iterable[ApiBatch]) -> str:
    """The open batches in a few words: "2 validating, 1 in progress (350 of 1,200)"."""
    groups: dict[str, list[ApiBatch]] = {}
    for batch in batches:
        word = (batch.status or "sent") if batch.state == "sent" else batch.state
        groups.setdefault(word.replace("_", " "), []).append(batch)
    return ", ".join(
        f"{len(group)} {word}"
        + (
            f" ({sum(b.num_done for b in group):,} of {sum(b.num_requests for b in group):,})"
            if word == "in progress"
            else ""
        )
        for word, group in groups.items()
    )


def _written(request: ChatRequest) -> str:
    """A request as JSON; of a picture all but its bytes, which are read again when it is sent."""
    # As it is and not escaped: Chinese captions would take twice the room.
    return json.dumps(asdict(request), ensure_ascii=False, default=str)


def _read(text: str) -> ChatRequest:
    values = parse_json(text, what="request of a batch", where="the ledger")
    values.pop("json_mode", None)  # in books of earlier versions, always false
    return ChatRequest(**values | {"messages": tuple(map(_message, values["messages"]))})


def _message(values: dict[str, Any]) -> Message:
    pictures = (Picture(**one | {"path": Path(one["path"])}) for one in values.get("images", ()))
    return Message(role=values["role"], text=values["text"], images=tuple(pictures))
