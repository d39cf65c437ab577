"""Plain files between the stages: JSONL in and out, atomic writes, paths that cannot leave their root."""

import csv
import hashlib
import io
import json
import math
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, Any

from llavapose.errors import DataError, shown
from llavapose.plain_json import next_json, parse_json

TINY_BASE = Path(__file__).parent / "assets" / "tiny_base"
"""The base that ships with the package."""
REFERENCES = Path(__file__).parent / "assets" / "reference"
"""Tables that the documents show, a folder a recipe."""
MAX_NAME, MAX_PATH = 255, 2_000
"""Bytes of a file's name and characters of a path that every disk in use takes; Linux ends at 255 and 4,096."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


@contextmanager
def atomic_write(path: Path, mode: str = "w") -> Iterator[IO[Any]]:
    """Open ``path`` for writing so that readers see the old file or the whole new one, never a part.

    Args:
        path: the final name; its folder is made.
        mode: "w" (UTF-8 text) or "wb".
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Any) -> None:
    """Write one JSON document, indented, atomically."""
    with atomic_write(path) as stream:
        json.dump(value, stream, indent=2, ensure_ascii=False)
        stream.write("\n")


def read_json(path: Path, *, what: str) -> Any:
    """Read one JSON document.

    Raises:
        DataError: the file is missing or ``parse_json`` refuses it; names the file, the line and ``what``.
    """
    try:
        return parse_json(path.read_bytes(), what=what, where=path)
    except FileNotFoundError:
        raise DataError(f"{what}: no file {path}; check the path") from None
    except IsADirectoryError:
        raise DataError(f"{what}: {path} is a folder; expected a JSON file") from None


def write_jsonl(path: Path, records: Iterable[dict[str, Any]]) -> int:
    """Write one JSON object a line, atomically; returns how many."""
    count = 0
    with atomic_write(path) as stream:
        for record in records:
            stream.write(json.dumps(record, ensure_ascii=False) + "\n")
            count += 1
    return count


def read_jsonl(path: Path, *, what: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, object) for each line that is not blank.

    Raises:
        DataError: the file is missing, or a line is not a JSON object; names file and line.
    """
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise DataError(f"{what}: no file {path}; check the path") from None
    except IsADirectoryError:
        raise DataError(f"{what}: {path} is a folder; expected a JSONL file") from None
    with stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            value = parse_json(line, what=what, where=f"{path}:{number}")
            if not isinstance(value, dict):
                raise DataError(f"{what}: {path}:{number} is a {type(value).__name__}; expected a JSON object")
            yield number, value


def read_json_list(path: Path, *, what: str, chunk: int = 1 << 16, digest: Any = None) -> Iterator[tuple[int, Any]]:
    """Yield (number from 1, value) for each value of a file that is one JSON list, without holding the whole file.

    Args:
        path: of the file.
        what: what it holds, for messages.
        chunk: characters to read at once.
        digest: one of hashlib's, which has seen the whole file once the list has come to its end.

    Raises:
        DataError: the file is missing, is not text or not one list; names the file and the record.
    """
    number, mark = 0, "["
    try:
        with io.TextIOWrapper(io.BufferedReader(_Overheard(path, digest)), encoding="utf-8-sig") as stream:
            buffer = _skip_space("", stream, chunk)
            while not (number and buffer.startswith("]")):
                if not buffer.startswith(mark):
                    raise DataError(f"{what}: {path} is no whole JSON list after record {number}; expected {mark!r}")
                buffer = _skip_space(buffer[1:], stream, chunk)
                if not number and buffer.startswith("]"):
                    break
                number, mark = number + 1, ","
                value, buffer = _next_value(buffer, stream, chunk, what=what, where=f"{path}, record {number}")
                yield number, value
                buffer = _skip_space(buffer, stream, chunk)
            if _skip_space(buffer[1:], stream, chunk):
                raise DataError(f"{what}: {path} goes on after its list of {number} records; expected one JSON list")
    except FileNotFoundError:
        raise DataError(f"{what}: no file {path}; check the path") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{what}: {path} is not UTF-8 text after record {number} ({error.reason})") from None
    except json.JSONDecodeError as error:
        raise DataError(f"{what}: {path}, record {number} is not JSON ({error.msg}); fix or remove it") from None


class _Overheard(io.FileIO):
    """A file whose bytes a digest sees as they are read: what it tells is of these, whatever the file holds later."""

    def __init__(self, path: Path, digest: Any) -> None:
        super().__init__(path)
        self._digest = digest

    def readinto(self, buffer: Any, /) -> int | None:
        number = super().readinto(buffer)
        if self._digest is not None and number:
            self._digest.update(memoryview(buffer)[:number])
        return number


def _skip_space(buffer: str, stream: IO[str], chunk: int) -> str:
    """The buffer from its next character that is not blank, read on where needed; "" at the end of the file."""
    while not (buffer := buffer.lstrip()):
        buffer = stream.read(chunk)
        if not buffer:
            return ""
    return buffer


def _next_value(buffer: str, stream: IO[str], chunk: int, *, what: str, where: str) -> tuple[Any, str]:
    """The value at the buffer's start and what follows it; reads on, more each time, while it is not whole."""
    while True:
        try:
            value, end = next_json(buffer, 0, what=what, where=where)
        except json.JSONDecodeError:
            more = stream.read(max(chunk, len(buffer)))
            if not more:
                raise
        else:
            # A number may go on in the next piece.
            whole = not isinstance(value, int | float) or buffer[end : end + 1] in (",", "]", " ", "\n", "\r", "\t")
            more = "" if whole else stream.read(chunk)
            if not more:
                return value, buffer[end:]
        buffer += more


def write_csv(path: Path, rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> None:
    """Write rows with these columns, atomically: floats to four decimals, NaN as an empty field."""
    with atomic_write(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        for row in rows:
            values = [row[column] for column in columns]
            floats = [f"{v:.4f}" if isinstance(v, float) and not math.isnan(v) else v for v in values]
            writer.writerow("" if isinstance(v, float) else v for v in floats)


def read_csv(path: Path, columns: Sequence[str], *, what: str, text: Sequence[str] = ()) -> list[dict[str, Any]]:
    """Read a table of numbers; an empty field is NaN, the columns in ``text`` stay text.

    Raises:
        DataError: the file is missing, lacks one of ``columns``, or has a field that is not a number.
    """
    if not path.is_file():
        raise DataError(f"{what}: no file {path}; check the path")
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        missing = [column for column in columns if column not in (reader.fieldnames or ())]
        if missing:
            raise DataError(f"{what}: {path} lacks the columns {', '.join(missing)}; it has {reader.fieldnames}")
        rows = []
        for row in reader:
            try:
                rows.append({k: v if k in text else float(v) if v else math.nan for k, v in row.items()})
            except (TypeError, ValueError) as error:
                raise DataError(f"{what}: {path}:{reader.line_num} has a field that is no number ({error})") from None
        return rows


def inside(root: Path, relative: str, *, where: str) -> Path:
    """Join ``relative`` to ``root`` and prove that it names a place below it.

    Links are followed wherever they lead, as folders of pictures are often made of them; only what a record itself says
    must not lead out.

    Raises:
        DataError: an empty or absolute path, a URL, a drive letter, a name that no disk holds, or a path with "..".
    """
    if not isinstance(relative, str) or not relative.strip() or "\x00" in relative:
        raise DataError(f"{where}: image path is {shown(relative)}; expected a path relative to {root}")
    if _SCHEME.match(relative):
        raise DataError(f"{where}: image is the URL {shown(relative)}; download it and give a path relative to {root}")
    if PurePosixPath(relative).is_absolute() or relative[1:2] == ":" or "\\" in relative:
        raise DataError(f"{where}: image path {shown(relative)} is absolute; expected a path relative to {root}")
    parts = PurePosixPath(relative).parts
    if ".." in parts:
        raise DataError(
            f"{where}: image path {shown(relative)} leaves the image folder {root}; expected one inside, without .."
        )
    try:
        longest = max(len(os.fsencode(part)) for part in (*parts, ""))
    except UnicodeEncodeError:
        raise DataError(f"{where}: image path {shown(relative)} is no text that a disk can hold; rename it") from None
    if longest > MAX_NAME or len(relative) > MAX_PATH:
        raise DataError(
            f"{where}: image path {shown(relative)} has a name of {longest} bytes; expected at most {MAX_NAME}, and "
            f"{MAX_PATH:,} for the path"
        )
    return root / relative


def sha256(path: Path) -> str:
    """The file's SHA-256 as hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sha256_once(path: Path) -> str:
    """The same, read once a process for as long as the file's size and time stay.

    Raises:
        OSError: it cannot be read.
    """
    stat = path.stat()
    return _sha256_of(path.absolute(), stat.st_size, stat.st_mtime_ns)


@lru_cache(maxsize=1024)
def _sha256_of(path: Path, size: int, changed: int) -> str:
    return sha256(path)


def fingerprint(value: Any, length: int = 12) -> str:
    """A short hash of plain JSON values, the same in every process."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def results_root(results: Path) -> Path:
    """The folder that holds all results which belong together: a sweep's, or that of the results themselves."""
    return results.parent if (results.parent / "jobs.json").is_file() else results


def results_beside(results: Path) -> list[Path]:
    """A folder of results, and of a sweep with several seeds those of the others: the baseline answers once.

    What a sweep made of another base stands beside nothing of this one.
    """
    root = results_root(results)
    if root == results:
        return [results]
    jobs = read_json(root / "jobs.json", what="sweep")
    bases = {Path(job["results_dir"]).name: model_of_job(job) for job in jobs if "results_dir" in job}
    own = bases.get(results.name)
    folders = sorted(path for path in root.iterdir() if path.is_dir())
    others = [path for path in folders if own is None or bases.get(path.name, own)[1] == own[1]]
    return list(dict.fromkeys((results, *others)))


def model_of_job(job: Mapping[str, Any]) -> tuple[str, str]:
    """``model.name`` and ``model.base`` of a line of ``jobs.json``; "" where a line of before does not tell them."""
    told = job.get("settings", {}).get("model", {})
    return str(told.get("name", "")), str(told.get("base", ""))
