"""A file of results that is written as they come, and goes on where it was killed.

    answers/full.jsonl            whole, always
    answers/full.made.json        what made it
    answers/full.jsonl.part       the rows of a run that has not ended
    answers/full.part.json        what makes them: written first, so that nothing made otherwise is ever continued

Rows come in groups that are made together (a batch of answers, the items of one picture). A run goes on behind the last
whole group, because what stands beside a row in its batch can change it in the last digit: the file ends up the same,
byte for byte, as one written without interruption.
"""

import json
import logging
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.errors import DataError
from llavapose.files import read_json, sha256, write_json
from llavapose.plain_json import parse_json

log = logging.getLogger(__name__)


def write_rows(
    path: Path,
    made: str,
    groups: Sequence[Hashable],
    rows_from: Callable[[int], Iterable[dict[str, Any]]],
    what: str,
) -> None:
    """Write ``path`` unless it is there, whole and made by the same.

    Args:
        path: the JSONL file.
        made: fingerprint of all that decides its rows.
        groups: the group of each row, equal ones side by side; as many as there are rows.
        rows_from: the rows from this index on, which begins a group.
        what: one row, for the progress line, e.g. "answer".
    """
    if _is_made(path, made):
        log.info("%s: kept, nothing has changed", path)
        return
    part, part_mark = path.with_suffix(".jsonl.part"), path.with_suffix(".part.json")
    start = _rows_kept(part, part_mark, made, groups)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(part_mark, {"fingerprint": made})
    try:
        with part.open("a", encoding="utf-8") as stream:
            rows = tqdm(rows_from(start), f"{path.stem}: {path.parent.name}", len(groups), initial=start, unit=what)
            num_rows = start
            for row in rows:
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                stream.flush()
                num_rows += 1
            assert num_rows == len(groups), f"{path}: {num_rows} rows, {len(groups)} expected"
            os.fsync(stream.fileno())
    finally:
        # What failed before its first row leaves nothing to go on from.
        if part.is_file() and not part.stat().st_size and groups:
            part.unlink()
            part_mark.unlink()
    # The mark goes first: killed between the two, the next run finds a whole part and only renames it.
    write_json(_mark(path), {"fingerprint": made, "sha256": sha256(part)})
    part.replace(path)
    part_mark.unlink()


def _rows_kept(part: Path, part_mark: Path, made: str, groups: Sequence[Hashable]) -> int:
    """How many rows of an interrupted run stay: the file is cut back to whole lines and whole groups."""
    if not part.is_file() or not part_mark.is_file() or read_json(part_mark, what="mark") != {"fingerprint": made}:
        part.unlink(missing_ok=True)
        return 0
    content = part.read_bytes()
    whole = _whole_lines(content)
    kept = min(len(whole), len(groups))
    while kept and kept < len(groups) and groups[kept - 1] == groups[kept]:
        kept -= 1
    size = sum(map(len, whole[:kept]))
    with part.open("r+b") as stream:
        stream.truncate(size)
    num_torn = int(size + sum(map(len, whole[kept:])) < len(content))
    log.info(
        "%s: goes on behind row %d of an interrupted run; made again: %d rows of an unfinished group, %d torn",
        part, kept, len(whole) - kept, num_torn,
    )  # fmt: skip
    return kept


def _whole_lines(content: bytes) -> list[bytes]:
    """The lines up to the first that was not written to its end: by a kill the last one, by a power cut maybe more."""
    found = []
    for line in content.splitlines(keepends=True):
        try:
            row = parse_json(line, what="row", where=f"{len(found)}")
        except DataError:
            break
        if not isinstance(row, dict) or not line.endswith(b"\n"):
            break
        found.append(line)
    return found


def _mark(path: Path) -> Path:
    return path.with_suffix(".made.json")


def _is_made(path: Path, made: str) -> bool:
    if not path.is_file() or not _mark(path).is_file():
        return False
    return read_json(_mark(path), what="mark") == {"fingerprint": made, "sha256": sha256(path)}
