"""Replies that another ledger holds: what was paid for once, by whichever run, is not paid for again."""

import sqlite3
from collections.abc import Collection, Iterable
from pathlib import Path

from llavapose.llm.ledger.file import FORMAT, told_in_one_line
from llavapose.llm.ledger.ledger import CHUNK, Ledger
from llavapose.llm.ledger.notes import REPLY_FIELDS


def adopt(ledger: Ledger, others: Iterable[Path], keys: Collection[str]) -> int:
    """Copy the replies to these requests from other ledgers, at no cost; returns how many were not there before.

    Args:
        ledger: gets them; what it has itself stays.
        others: ledgers, read as they are: another process may be writing them.
        keys: of the requests.

    Raises:
        DataError: a file that is no ledger.
    """
    lacking, num = sorted(set(keys) - ledger.answered(keys)), 0
    for path in others:
        if not lacking:
            break
        found = _read(path, lacking)
        fields = f"key, tag, {REPLY_FIELDS}"
        sql = f"INSERT OR IGNORE INTO replies ({fields}) VALUES ({', '.join('?' * len(fields.split(', ')))})"
        ledger.write((sql, row) for row in found)
        there = {row[0] for row in found}
        lacking, num = [key for key in lacking if key not in there], num + len(there)
    return num


def _read(path: Path, keys: list[str]) -> list[tuple]:
    rows: list[tuple] = []
    fields = REPLY_FIELDS.replace("usd", "0.0", 1)
    with told_in_one_line(path, "read it"):
        database = sqlite3.connect(f"file:{path.resolve().as_posix()}?mode=ro", uri=True, timeout=30)
        try:
            if database.execute("PRAGMA user_version").fetchone()[0] != FORMAT:
                return []
            for start in range(0, len(keys), CHUNK):
                chunk = keys[start : start + CHUNK]
                marks = ", ".join("?" * len(chunk))
                rows += database.execute(f"SELECT key, tag, {fields} FROM replies WHERE key IN ({marks})", chunk)
        finally:
            database.close()
    return rows
