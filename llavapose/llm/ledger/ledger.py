"""Every reply, on the disk the moment it arrives: SQLite with a write-ahead log and full sync.

A row of ``replies``: key "9f2c...", tag "conv", asked_at 1763740800.2, usd 0.0049, model "gpt-4o-2024-08-06", finish
"stop", num_prompt_tokens 913, num_completion_tokens 262, latency_s 4.1, request_id "req_...", text "Question: ...".

What ``write`` is given is one transaction: the engine hands over whatever waits at that moment, and nobody sees a
reply before it is on the disk. Only one process may hold a ledger. Not for network file systems.
"""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.ledger.file import connect, lock, told_in_one_line
from llavapose.llm.ledger.notes import REPLY_FIELDS, Statement, joined, note_charge, note_failure, note_reply
from llavapose.llm.ledger.sent import Marks

CHUNK = 500
"""Keys in one query."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A recorded reply: ``asked_at`` in seconds since 1970, ``usd`` what it cost."""

    key: str
    completion: Completion
    asked_at: float
    usd: float


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Sendings without a reply: how many, the most that they cost, when they were noted (0: nobody knows)."""

    num: int
    usd: float
    first_at: float
    last_at: float


class Ledger:
    """The replies of one run, and all that must outlive a crash with them.

    Args:
        path: the SQLite file, made where there is none.
        wait: for another process that holds it; False: that is refused.

    Attributes:
        path: the SQLite file.
        database: a connection in autocommit mode for reading and for other rooms' tables; write within
            ``transaction``.

    Raises:
        DataError: another process holds the ledger, or the file cannot be used; on every write that fails.
    """

    def __init__(self, path: Path, *, wait: bool = False) -> None:
        self.path = path
        self._lock = lock(path, wait=wait)
        self._writing = threading.Lock()
        try:
            self.database = connect(path)
            # A second connection writes, from whatever thread, so that a reader never waits for the disk.
            self._writer = connect(path)
            self._marks = Marks(path)
            self._take_over()
            last = self.database.execute("SELECT max(ticket) FROM sendings").fetchone()[0]
        except BaseException:
            os.close(self._lock)
            raise
        self._ticket = last or 0

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take_over(self) -> None:
        """What a run before noted and may not have come to settle: sent, or only made ready."""
        marked = self._marks.before
        with self.transaction() as database:
            noted = [ticket for (ticket,) in database.execute("SELECT ticket FROM sendings WHERE NOT sent")]
            unsent = [] if marked is None else [(ticket,) for ticket in noted if ticket not in marked]
            database.executemany("DELETE FROM sendings WHERE ticket = ?", unsent)
            database.execute("UPDATE sendings SET sent = 1")
        self._marks.begin()

    def sent(self, ticket: int) -> None:
        """The request noted under this ticket leaves now: should the process be killed, its money is in doubt."""
        self._marks.mark(ticket)

    def write(self, statements: Iterable[Statement]) -> None:
        """Carry out all statements or none; they are on the disk when this returns. May be called from any thread."""
        with self._transaction(self._writer) as connection:
            for sql, values in joined(statements):
                connection.execute(sql, values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written to the yielded ``database`` within the block, or nothing, on the disk when it ends."""
        with self._transaction(self.database) as connection:
            yield connection

    @contextmanager
    def _transaction(self, connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
        with self._writing, told_in_one_line(self.path, "write to it"):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    def record(self, request: ChatRequest, completion: Completion, *, usd: float) -> None:
        """Keep a reply; a second one to the same request is ignored."""
        self.write(note_reply(request.key, completion, usd=usd, tag=request.tag))

    def failed(self, request: ChatRequest, reason: str, *, lasting: bool = True) -> None:
        """Note that a request got no reply; ``lasting``: it is not asked again unless someone wants to."""
        self.write([note_failure(request.key, reason, tag=request.tag, lasting=lasting)])

    def new_ticket(self) -> int:
        """A number for ``note_sending`` that no other sending has."""
        self._ticket += 1
        return self._ticket

    def reply(self, key: str) -> Reply | None:
        """The reply to a request, by its key."""
        return next((found for _, found in self.replies([key])), None)

    def replies(self, keys: Iterable[str]) -> Iterator[tuple[str, Reply]]:
        """The replies of those keys that have one, in the order of the keys, a few hundred in memory at a time."""
        for chunk in _chunks(keys):
            found = {row[0]: row for row in self._rows(f"SELECT key, {REPLY_FIELDS} FROM replies", chunk)}
            yield from ((key, _reply(found[key])) for key in chunk if key in found)

    def answered(self, keys: Iterable[str]) -> set[str]:
        """Those keys that have a reply."""
        return {row[0] for chunk in _chunks(keys) for row in self._rows("SELECT key FROM replies", chunk)}

    def failures(self, *, lasting_only: bool = False) -> dict[str, str]:
        """Key -> reason of the requests without a reply that were refused or given up."""
        where = " WHERE lasting" if lasting_only else ""
        return dict(self._read(f"SELECT key, reason FROM failures{where}"))

    def spent_usd(self) -> float:
        """What the replies cost, what was charged without one, and what may have been (``doubtful_usd``)."""
        return self._sum("replies") + self.charged_usd() + self.doubtful_usd()

    def charged_usd(self) -> float:
        """What was charged for requests without a reply: by the endpoint's own count, or as a person settled it."""
        return self._sum("charges")

    def doubtful_usd(self) -> float:
        """The most that was charged for requests sent but never answered: cut off, timed out, killed under way."""
        return self._sum("sendings")

    def doubt(self) -> Doubt:
        """The sendings that nobody knows the price of."""
        sql = (
            "SELECT count(*), coalesce(sum(usd), 0), coalesce(min(nullif(noted_at, 0)), 0), max(noted_at) FROM sendings"
        )
        num, usd, first_at, last_at = self._read(sql)[0]
        return Doubt(num=num, usd=usd, first_at=first_at, last_at=last_at or 0.0)

    def settle_doubt(self, usd: float) -> None:
        """A person knows what the sendings in doubt cost in all; they are charged so, and in doubt no more."""
        doubt = self.doubt()
        why = f"settled: {doubt.num} sendings, at most ${doubt.usd:.4f}"
        charge = note_charge("", usd, why)
        with self.transaction() as database:
            database.execute("DELETE FROM sendings")
            database.execute(*charge)

    def _sum(self, table: str) -> float:
        return self._read(f"SELECT coalesce(sum(usd), 0) FROM {table}")[0][0]

    def num_tokens(self) -> tuple[int, int]:
        """Prompt and completion tokens of all replies."""
        sums = "coalesce(sum(num_prompt_tokens), 0), coalesce(sum(num_completion_tokens), 0)"
        num_prompt, num_completion = self._read(f"SELECT {sums} FROM replies")[0]
        return num_prompt, num_completion

    def most_prompt_tokens(self) -> int:
        """The most tokens that the endpoint has counted for one prompt."""
        return self._read("SELECT coalesce(max(num_prompt_tokens), 0) FROM replies")[0][0]

    def num_replies(self) -> int:
        """How many replies are recorded."""
        return self._read("SELECT count(*) FROM replies")[0][0]

    def tags(self) -> dict[str, int]:
        """Tag -> replies to requests that carried it."""
        return dict(self._read("SELECT tag, count(*) FROM replies GROUP BY tag ORDER BY tag"))

    def outcome(self, keys: Iterable[str], version: str) -> dict[str, str]:
        """Key -> what was remembered about its reply by this version of the checker, as JSON text."""
        sql = "SELECT key, outcome FROM outcomes"
        return {
            key: text for chunk in _chunks(keys) for key, text in self._rows(sql, chunk, "version = ? AND", version)
        }

    def remember(self, outcomes: Mapping[str, str], version: str) -> None:
        """Keep what a version of the checker found, by key; a later finding replaces an earlier one."""
        sql = "INSERT OR REPLACE INTO outcomes (key, version, outcome) VALUES (?, ?, ?)"
        self.write((sql, (key, version, text)) for key, text in outcomes.items())

    def close(self) -> None:
        """Close the file and let other processes in; may be called twice."""
        if self._lock >= 0:
            self._writer.close()
            self.database.close()
            self._marks.close()
            os.close(self._lock)
            self._lock = -1

    def _rows(self, select: str, keys: list[str], where: str = "", *values: str) -> list[tuple]:
        marks = ", ".join("?" * len(keys))
        return self._read(f"{select} WHERE {where} key IN ({marks})", (*values, *keys))

    def _read(self, sql: str, values: tuple[str, ...] = ()) -> list[tuple]:
        with told_in_one_line(self.path, "read it"):
            return self.database.execute(sql, values).fetchall()


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    source = iter(keys)
    while chunk := list(islice(source, CHUNK)):
        yield chunk


def _reply(row: tuple) -> Reply:
    key, asked_at, usd, model, finish, num_prompt, num_completion, latency_s, request_id, text = row
    completion = Completion(
        text=text,
        model=model,
        finish=finish,
        num_prompt_tokens=num_prompt,
        num_completion_tokens=num_completion,
        latency_s=latency_s,
        request_id=request_id,
    )
    return Reply(key=key, completion=completion, asked_at=asked_at, usd=usd)
