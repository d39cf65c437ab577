"""Samples on disk: LLaVA's records (``llava_json.py``), one a line, with our kind and provenance beside them.

Samples made elsewhere (records without ``kind``) are read as well, also from one JSON list or a folder of them, as the
original's set is laid out: ``conversation.json``, ``detailed.json``, ``reasoning.json``. Their kind is the record's
``category`` or ``type``, else it is told by the file's name; an id that comes again is numbered; a picture is also
found by its name below the image folder, whatever folders the record names before it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, named, shown
from llavapose.files import read_json_list, read_jsonl, write_jsonl
from llavapose.kinds import KINDS, listed
from llavapose.llava_json import from_record, to_record
from llavapose.pictures import Pictures
from llavapose.plain_json import parse_json
from llavapose.records import Sample

WHAT = "samples"
KIND_TOLD_BY = "kind_told_by"
"""In a sample's provenance: "setting" where neither the record nor its file told the kind."""


def write_samples(path: Path, samples: Iterable[Sample]) -> int:
    """Write the samples, one a line, atomically; returns how many."""
    return write_jsonl(path, (to_record(sample) for sample in samples))


def read_samples(path: Path, image_root: Path) -> tuple[Sample, ...]:
    """Read every sample, each proven good.

    Raises:
        DataError: the file is missing or empty, or a record is bad; names file and line of the first.
    """
    samples = []
    for sample, problem in stream_samples(path, image_root):
        if sample is None:
            raise DataError(problem)
        samples.append(sample)
    if not samples:
        raise DataError(f"{WHAT}: {path} holds no record; expected one JSON object a line")
    return tuple(samples)


def check_samples(path: Path, image_root: Path, *, kind: str | None = None) -> tuple[list[Sample], list[str]]:
    """Read all good samples and name all bad records.

    Args:
        path: as in ``stream_samples``.
        image_root: folder of the pictures.
        kind: as in ``stream_samples``.

    Returns:
        (samples, problems): a problem is one line that names the file and the line (in a JSON list, the record); a
        bad record is left out, never replaced by another.

    Raises:
        DataError: the file itself is missing or cannot be read as text.
    """
    samples: list[Sample] = []
    problems: list[str] = []
    for sample, problem in stream_samples(path, image_root, kind=kind):
        if sample is None:
            problems.append(problem)
        else:
            samples.append(sample)
    if not samples and not problems:
        problems.append(f"{WHAT}: {path} holds no record; expected one JSON object a line")
    return samples, problems


def stream_samples(
    path: Path, image_root: Path | None, *, kind: str | None = None
) -> Iterator[tuple[Sample | None, str]]:
    """Yield (sample, "") or (None, problem) for each record, holding none of them.

    Args:
        path: JSONL, one JSON list, or a folder of such lists.
        image_root: folder of the pictures; None does not look for them.
        kind: of the records for which neither they nor the file's name tell it.

    Raises:
        DataError: the file itself is missing or is no such file.
    """
    pictures = None if image_root is None else Pictures(image_root)
    seen: dict[str, str] = {}
    times: Counter[str] = Counter()
    for file in _files(path):
        for raw in _records(file):
            try:
                if raw.record is None:
                    raise DataError(raw.problem)
                ours = "kind" in raw.record
                record = raw.record if ours else _adopted(raw.record, file, kind, pictures, where=raw.where)
                sample = from_record(record, image_root, where=raw.where)
                if not ours:
                    sample = _numbered(sample, seen, times)
                elif sample.id in seen:
                    raise DataError(f"{raw.where}: id {named(sample.id)} is already {seen[sample.id]}; ids must differ")
                seen[sample.id] = raw.place
            except DataError as error:
                yield None, str(error)
            else:
                yield sample, ""


def _files(path: Path) -> list[Path]:
    """The file, or those of a folder whose names tell a kind."""
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in (".json", ".jsonl") and _kind_in(file.stem))
        if not files:
            raise DataError(
                f"{WHAT}: {path} is a folder without conversation.json, detailed.json or reasoning.json; give a file"
            )
        return files
    if not path.is_file():
        next(read_jsonl(path, what=WHAT))  # says what is wrong with the path
    return [path]


@dataclass(frozen=True, kw_only=True)
class _Raw:
    """One record as it stands in a file: an object, or None and the problem."""

    where: str
    place: str
    record: dict[str, Any] | None = None
    problem: str = ""


def _records(path: Path) -> Iterator[_Raw]:
    """Of a JSON list if the file begins as one, else line by line."""
    with path.open("rb") as stream:
        is_list = stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")
    yield from _in_list(path) if is_list else _in_lines(path)


def _in_list(path: Path) -> Iterator[_Raw]:
    try:
        for number, value in read_json_list(path, what=WHAT):
            yield _object(value, where=f"{WHAT}: {path}, record {number}", place=f"record {number}")
    except DataError as error:
        yield _Raw(where=str(path), place="", problem=str(error))


def _in_lines(path: Path) -> Iterator[_Raw]:
    """It goes on after a bad line."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            where, place = f"{WHAT}: {path}:{number}", f"on line {number}"
            try:
                value = parse_json(line, what=WHAT, where=f"{path}:{number}")
            except DataError as error:
                yield _Raw(where=where, place=place, problem=str(error))
            else:
                yield _object(value, where=where, place=place)


def _object(value: Any, *, where: str, place: str) -> _Raw:
    if isinstance(value, dict):
        return _Raw(where=where, place=place, record=value)
    return _Raw(where=where, place=place, problem=f"{where} is a {type(value).__name__}; expected a JSON object")


def _adopted(
    record: dict[str, Any], file: Path, kind: str | None, pictures: Pictures | None, *, where: str
) -> dict[str, Any]:
    """A record made elsewhere in our terms: with its kind, and its picture as it lies in the image folder."""
    told = [str(record[key]) for key in ("category", "type") if key in record]
    found = next((named for named in map(_kind_in, [*told, file.stem]) if named), None)
    if found is None and kind is not None:
        record = {**record, "provenance": {KIND_TOLD_BY: "setting"}}
    kind = found or kind
    if kind is None:
        tells = f"category {shown(told[0])} tells none" if told else "neither category nor the file's name tells it"
        raise DataError(
            f"{where}: no kind of sample {named(record.get('id'))}: {tells}; name the file after conversation, "
            f"detailed or reasoning, or set data.kind to one of {listed()}"
        )
    image = record.get("image")
    if pictures is not None and isinstance(image, str):
        image = pictures.find(image, where=where) or image
    elif pictures is not None and isinstance(image, list):
        image = [(pictures.find(one, where=where) or one) if isinstance(one, str) else one for one in image]
    return {**record, "kind": kind, "image": image}


def _kind_in(name: str) -> str | None:
    """The one kind that a name speaks of; None where it is none or several."""
    kinds = {kind.name for kind in KINDS.values() if any(word in name.lower() for word in kind.words)}
    return kinds.pop() if len(kinds) == 1 else None


def _numbered(sample: Sample, seen: Mapping[str, str], times: Counter[str]) -> Sample:
    """The sample, with "#2", "#3" ... behind an id that comes again."""
    name = sample.id
    while name in seen:
        times[sample.id] += 1
        name = f"{sample.id}#{times[sample.id] + 1}"
    return replace(sample, id=name)
