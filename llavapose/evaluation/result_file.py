"""A file of results that is written as they come, and goes on where it was killed.

    answers/full.jsonl            whole, always
    answers/full.made.json        what made it
    answers/full.jsonl.part       the rows of a run that has not ended
    answers/full.part.json        what makes them: written first, so that nothing made otherwise is ever continued

Rows come in groups that are made together (a batch of answers, the items of one picture). A run goes on behind the last
whole group, because what stands beside a row in its batch can change it in the last digit: the file ends up the same,
byte for byte, as one written without interruption. What makes the same groups again can also hand each row over when it
is ready (``write_ready_rows``): then all rows stay.
"""

import json
import logging
import os
from collections.abc import Callable, Hashable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from llavapose.errors import DataError
from llavapose.files import atomic_write, read_json, sha256, write_json
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
    start = _rows_kept(*_parts(path), made, groups)
    _append(path, made, len(groups), start, rows_from(start), what)
    _rename(path, made)


def write_ready_rows(
    path: Path,
    made: str,
    groups: Sequence[Hashable],
    rows_from: Callable[[int, frozenset[str]], Iterable[dict[str, Any]]],
    what: str,
    *,
    names: Sequence[str],
    name: Callable[[dict[str, Any]], str],
) -> None:
    """Write ``path`` like ``write_rows``, from rows that come in any order within their group: each is kept at once.

    Args:
        path: the JSONL file, whose rows end up in the order of ``names``.
        made: fingerprint of all that decides its rows.
        groups: the group of each row, equal ones side by side.
        rows_from: the rows from this index on, which begins a group, without those of it that are there by these names.
        what: one row, for the progress line.
        names: of all rows.
        name: of a row.
    """
    if _is_made(path, made):
        log.info("%s: kept, nothing has changed", path)
        return
    part, _ = _parts(path)
    done = _ready_rows_kept(*_parts(path), made, groups, names, name)
    whole = next((index for index, one in enumerate(names) if one not in done), len(names))
    start = groups.index(groups[whole]) if whole < len(names) else whole
    rows = rows_from(start, frozenset(done & {*names[start:]})) if whole < len(names) else ()
    _append(path, made, len(groups), len(done), rows, what)
    place = {one: index for index, one in enumerate(names)}
    lines = _whole_lines(part.read_bytes())
    with atomic_write(part, "wb") as stream:
        for line in sorted(lines, key=lambda line: place[name(parse_json(line, what="row", where=str(part)))]):
            stream.write(line)
    _rename(path, made)


def _parts(path: Path) -> tuple[Path, Path]:
    return path.with_suffix(".jsonl.part"), path.with_suffix(".part.json")


def _append(path: Path, made: str, num: int, start: int, rows: Iterable[dict[str, Any]], what: str) -> None:
    """Write rows behind the ``start`` that are there, each when it comes, until there are ``num``."""
    part, part_mark = _parts(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(part_mark, {"fingerprint": made})
    try:
        with part.open("a", encoding="utf-8") as stream:
            num_rows = start
            for row in tqdm(rows, f"{path.stem}: {path.parent.name}", num, initial=start, unit=what):
                stream.write(json.dumps(row, ensure_ascii=False) + "\n")
                stream.flush()
                num_rows += 1
            assert num_rows == num, f"{path}: {num_rows} rows, {num} expected"
            os.fsync(stream.fileno())
    finally:
        # What failed before its first row leaves nothing to go on from.
        if part.is_file() and not part.stat().st_size and num:
            part.unlink()
            part_mark.unlink()


def _rename(path: Path, made: str) -> None:
    part, part_mark = _parts(path)
    # The mark goes first: killed between the two, the next run finds a whole part and only renames it.
    write_json(_mark(path), {"fingerprint": made, "sha256": sha256(part)})
    part.replace(path)
    part_mark.unlink()


def _ready_rows_kept(
    part: Path,
    part_mark: Path,
    made: str,
    groups: Sequence[Hashable],
    names: Sequence[str],
    name: Callable[[dict[str, Any]], str],
) -> set[str]:
    """The rows of an interrupted run that stay: the file is cut back to whole lines, each of the group under way."""
    if not _is_begun(part, part_mark, made):
        return set()
    content, done, size, at = part.read_bytes(), set[str](), 0, 0
    for line in _whole_lines(content):
        while at < len(names) and names[at] in done:
            at += 1
        under_way = {one for one, group in zip(names, groups, strict=True) if at < len(names) and group == groups[at]}
        found = name(parse_json(line, what="row", where=str(part)))
        if found not in under_way - done:
            break
        done.add(found)
        size += len(line)
    with part.open("r+b") as stream:
        stream.truncate(size)
    log.info("%s: goes on with %d rows of an interrupted run", part, len(done))
    return done


def _is_begun(part: Path, part_mark: Path, made: str) -> bool:
    """Whether rows lie there that the same has made; others are removed."""
    if part.is_file() and part_mark.is_file() and read_json(part_mark, what="mark") == {"fingerprint": made}:
        return True
    part.unlink(missing_ok=True)
    return False


def _rows_kept(part: Path, part_mark: Path, made: str, groups: Sequence[Hashable]) -> int:
    """How many rows of an interrupted run stay: the file is cut back to whole lines and whole groups."""
    if not _is_begun(part, part_mark, made):
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
