"""What the engine writes to the ledger, and many such notes as few statements.

SQLite hands control back to Python after each statement and waits for its turn to go on; beside a busy event loop that
takes longer than the statement. So the notes of a transaction are joined: one statement for all of a kind.
"""

import time
from collections.abc import Iterable, Iterator

from llavapose.llm.chat import Completion
from llavapose.llm.wire.gate import name_of, prose

Statement = tuple[str, tuple[object, ...]]
"""SQL and its values."""

REPLY_FIELDS = "asked_at, usd, model, finish, num_prompt_tokens, num_completion_tokens, latency_s, request_id, text"

MAX_ROWS = 500
"""Rows of one joined statement."""

_SENDING = "INSERT INTO sendings (ticket, key, usd, noted_at, sent) VALUES (?, ?, ?, ?, ?)"
_FAILURE = "INSERT OR REPLACE INTO failures (key, tag, reason, lasting, failed_at) VALUES (?, ?, ?, ?, ?)"
_REPLY = f"INSERT OR IGNORE INTO replies (key, tag, {REPLY_FIELDS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CHARGE = "INSERT INTO charges (key, usd, charged_at, why) VALUES (?, ?, ?, ?)"
_NO_FAILURE = "DELETE FROM failures WHERE key IN (VALUES (?))"
_NO_SENDING = "DELETE FROM sendings WHERE ticket IN (VALUES (?))"
_KINDS = (_SENDING, _FAILURE, _REPLY, _CHARGE, _NO_FAILURE, _NO_SENDING)
"""In the order in which joined statements are carried out: what is taken back must have been noted before."""


def note_sending(ticket: int, key: str, usd: float, *, sent: bool = False) -> Statement:
    """Note that a request is about to be sent, or was ``sent``, and may cost up to ``usd``."""
    return _SENDING, (ticket, key, usd, time.time(), int(sent))


def drop_sending(ticket: int) -> Statement:
    """Take back ``note_sending``: nothing was, or will be, charged beyond what a reply's row says."""
    return _NO_SENDING, (ticket,)


def note_reply(key: str, completion: Completion, *, usd: float, tag: str = "") -> tuple[Statement, ...]:
    """Record a reply; the first one of a key stays."""
    it = completion
    numbers = (it.num_prompt_tokens, it.num_completion_tokens, it.latency_s)
    values = (key, tag, time.time() - it.latency_s, usd, name_of(it.model), name_of(it.finish), *numbers)
    values = (*values, name_of(it.request_id), prose(it.text))
    return (_REPLY, values), (_NO_FAILURE, (key,))


def note_charge(key: str, usd: float, why: str) -> Statement:
    """Record money that is gone without a reply: by the endpoint's own count, or as a person settled it."""
    return _CHARGE, (key, usd, time.time(), why)


def note_failure(key: str, reason: str, *, tag: str = "", lasting: bool = True) -> Statement:
    """Note that no reply came; ``lasting``: the next run does not ask again by itself."""
    return _FAILURE, (key, tag, reason, int(lasting), time.time())


def joined(statements: Iterable[Statement]) -> Iterator[Statement]:
    """The same notes in fewer statements; as they are where others are among them."""
    listed = list(statements)
    if not all(sql in _KINDS for sql, _ in listed):
        yield from listed
        return
    for kind in _KINDS:
        rows = [values for sql, values in listed if sql == kind]
        head, _, rest = kind.partition("VALUES ")
        row, bracket, tail = rest.partition(")")
        for start in range(0, len(rows), MAX_ROWS):
            part = rows[start : start + MAX_ROWS]
            many = ", ".join([row + bracket] * len(part))
            yield f"{head}VALUES {many}{tail}", tuple(value for values in part for value in values)
