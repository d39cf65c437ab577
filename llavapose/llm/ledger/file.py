"""The ledger's file: its tables, its settings, and the lock that keeps a second process out."""

import fcntl
import logging
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llavapose.errors import DataError

log = logging.getLogger(__name__)

FORMAT = 1
"""Kept in the file's ``user_version``."""

TABLES = """
CREATE TABLE IF NOT EXISTS replies (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, tag TEXT NOT NULL, asked_at REAL NOT NULL, usd REAL NOT NULL,
    model TEXT NOT NULL, finish TEXT NOT NULL, num_prompt_tokens INTEGER NOT NULL,
    num_completion_tokens INTEGER NOT NULL, latency_s REAL NOT NULL, request_id TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS replies_usd ON replies (usd);
CREATE TABLE IF NOT EXISTS sendings (
    ticket INTEGER PRIMARY KEY, key TEXT NOT NULL, usd REAL NOT NULL, noted_at REAL NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 1
);
CREATE TABLE IF NOT EXISTS charges (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, usd REAL NOT NULL, charged_at REAL NOT NULL, why TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS failures (
    key TEXT PRIMARY KEY, tag TEXT NOT NULL, reason TEXT NOT NULL, lasting INTEGER NOT NULL, failed_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS outcomes (
    key TEXT NOT NULL, version TEXT NOT NULL, outcome TEXT NOT NULL, PRIMARY KEY (key, version)
) WITHOUT ROWID;
"""

# Columns that ledgers of earlier versions lack; what they noted was taken for sent.
_LATER_COLUMNS = {"noted_at": "REAL NOT NULL DEFAULT 0", "sent": "INTEGER NOT NULL DEFAULT 1"}


class Unstorable(DataError):
    """What is to be written is no value that a ledger takes: half a character, a number beyond 2^63."""


@contextmanager
def told_in_one_line(path: Path, doing: str) -> Iterator[None]:
    """Turn what SQLite says into a DataError.

    Raises:
        DataError: names the file, what was tried, SQLite's reason and what to do; ``Unstorable`` where it is the value.
    """
    try:
        yield
    except (UnicodeEncodeError, OverflowError, sqlite3.InterfaceError, sqlite3.ProgrammingError) as error:
        raise Unstorable(
            f"ledger {path}: cannot {doing} ({type(error).__name__}: a value that no ledger takes)"
        ) from None
    except sqlite3.OperationalError as error:
        raise DataError(
            f"ledger {path}: cannot {doing} ({error}); what was recorded before is safe: "
            "see to free space and permissions on this disk, then run the same command again"
        ) from error
    except sqlite3.DatabaseError as error:
        raise DataError(
            f"ledger {path}: cannot {doing} ({error}); the file is damaged or no ledger: "
            "bring it back from a copy, or move it away and pay for its replies again"
        ) from error


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode with a write-ahead log and full sync; makes missing tables.

    Raises:
        DataError: the file cannot be opened, is no ledger, or its disk has no write-ahead log.
    """
    with told_in_one_line(path, "open it"):
        connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
        try:
            mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
            connection.execute("PRAGMA synchronous=FULL")
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if mode != "wal":
                raise DataError(f"ledger {path}: this disk has no write-ahead log (mode {mode}); use a local disk")
            if version not in (0, FORMAT):
                raise DataError(f"ledger {path} has format {version}; this version reads format {FORMAT}")
            connection.executescript(f"BEGIN IMMEDIATE; {TABLES} PRAGMA user_version={FORMAT}; COMMIT;")
            there = {row[1] for row in connection.execute("PRAGMA table_info(sendings)")}
            for name, kind in _LATER_COLUMNS.items():
                if name not in there:
                    connection.execute(f"ALTER TABLE sendings ADD COLUMN {name} {kind}")
        except BaseException:
            connection.close()
            raise
    return connection


def lock(path: Path, *, wait: bool = False) -> int:
    """Keep other processes away from ``path`` until the returned descriptor is closed, or the process ends.

    The lock lies on a file beside it: closing a second descriptor of the database itself would drop SQLite's locks.

    Args:
        path: the ledger.
        wait: for another process that holds it; False: that is refused.

    Raises:
        DataError: another process holds it; names its id.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise DataError(f"ledger {path}: cannot open its lock file ({error.strerror}); check the folder") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = os.read(handle, 20).decode(errors="replace").strip() or "unknown"
        if not wait:
            os.close(handle)
            raise DataError(
                f"ledger {path} is in use by another run (process {holder}); wait for it or stop it, "
                "or give this run a folder of its own"
            ) from None
        log.info("ledger %s: waiting for another run that asks (process %s)", path, holder)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except BaseException:
            os.close(handle)
            raise
    # Who holds it is told for convenience; a full disk must not keep the ledger shut.
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
    except OSError:
        pass
    return handle
