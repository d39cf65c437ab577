"""Samples on disk: LLaVA's records (``llava_json.py``), one a line, with our kind and provenance beside them.

Samples made elsewhere (records without ``kind``) are read as well, also from one JSON list or a folder of them, as the
original's set is laid out: ``conversation.json``, ``detailed.json``, ``reasoning.json``; so are folders of JSONL. Their
kind is the record's ``category`` or ``type``, else it is told by the file's name; an id that comes again is numbered; a
picture is also found by its name below the image folder, whatever folders the record names before it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, named, shown
from llavapose.files import read_json, read_json_list, read_jsonl, sha256, write_json, write_jsonl
from llavapose.kinds import KINDS, listed
from llavapose.llava_json import IMAGE_FIELDS, from_record, to_record
from llavapose.pictures import Pictures
from llavapose.plain_json import parse_json
from llavapose.records import Sample

WHAT = "samples"
MAX_LISTED = 20
"""Bad records that a message names."""
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


def bad_records(path: Path, problems: Sequence[str], *, number: int | None = None) -> DataError:
    """The error that lists what is wrong with a set: the first 20 lines, and how many there are (``number``)."""
    number = len(problems) if number is None else number
    first = f"{path}: {number} bad record{'s' * (number != 1)}; fix or remove them:"
    unkind = [problem for problem in problems if _NO_KIND in problem]
    if len(unkind) > 1:
        # One setting answers all of them: they come once, behind what has to be mended one by one.
        once = f"{unkind[0]}; {len(unkind) - 1} more records have none"
        problems = [*(problem for problem in problems if _NO_KIND not in problem), once]
        number -= len(unkind) - 1
    listed = list(problems[:MAX_LISTED]) + [f"... and {number - MAX_LISTED} more"] * (number > MAX_LISTED)
    return DataError("\n".join([first, *listed]))


def stream_samples(
    path: Path, image_root: Path | None, *, kind: str | None = None
) -> Iterator[tuple[Sample | None, str]]:
    """Yield (sample, "") or (None, problem) for each record, holding none of them.

    Args:
        path: JSONL, one JSON list, or a folder of such files.
        image_root: folder of the pictures; None does not look for them.
        kind: of the records for which neither they nor the file's name tell it.

    Raises:
        DataError: the file itself is missing or is no such file.
    """
    reader, ids = Reader(image_root=image_root, kind=kind), Ids()
    for file in sample_files(path):
        for raw in _records(file):
            try:
                if raw.record is None:
                    raise DataError(raw.problem)
                sample = reader.sample(raw.record, file, where=raw.where)
                name = ids.take(sample.id, made_here=made_here(raw.record), where=raw.where, place=raw.place)
            except DataError as error:
                yield None, str(error)
            else:
                yield replace(sample, id=name), ""


_NO_KIND = "no kind of sample"


class Reader:
    """Records to samples, one at a time, whatever stands around them.

    Args:
        image_root: folder of the pictures; None does not look for them.
        kind: of the records for which neither they nor their file's name tell it.
    """

    def __init__(self, *, image_root: Path | None, kind: str | None = None) -> None:
        self.image_root, self.kind = image_root, kind
        self._pictures = None if image_root is None else Pictures(image_root)

    def sample(self, record: dict[str, Any], file: Path, *, where: str) -> Sample:
        """The sample of a record, under the record's own id.

        Raises:
            DataError: what is wrong with it.
        """
        ours = made_here(record)
        if ours:
            return from_record(record, self.image_root, where=where)
        kind, told = _kind_of(record, file)
        if kind is None and self.kind is not None:
            record = {**record, "provenance": {KIND_TOLD_BY: "setting"}}
        kind = kind or self.kind
        record = _adopted(record, kind or next(iter(KINDS)), self._pictures, where=where)
        # Without a kind too, what else is wrong with it comes first.
        sample = from_record(record, self.image_root, where=where)
        if kind is None:
            tells = f"category {shown(told)} tells none" if told else "neither category nor the file's name tells it"
            raise DataError(
                f"{where}: {_NO_KIND} {named(record.get('id'))}: {tells}; name the file after conversation, detailed "
                f"or reasoning, or set data.kind to one of {listed()}"
            )
        return sample


def made_here(record: Mapping[str, Any]) -> bool:
    """Whether a record is one of ours, whose ids must differ; those of records made elsewhere are numbered."""
    return "kind" in record


class Ids:
    """The ids of a set, none twice."""

    def __init__(self) -> None:
        self._places: dict[str, str] = {}
        self._times: Counter[str] = Counter()

    def take(self, name: str, *, made_here: bool, where: str, place: str) -> str:
        """The id that the sample gets: its own, or with "#2", "#3" ... behind one that comes again.

        Raises:
            DataError: an id of ours that is taken.
        """
        if made_here and name in self._places:
            raise DataError(f"{where}: id {named(name)} is already {self._places[name]}; ids must differ")
        own = name
        while name in self._places:
            self._times[own] += 1
            name = f"{own}#{self._times[own] + 1}"
        self._places[name] = place
        return name


def sample_files(path: Path) -> list[Path]:
    """The file, or those of a folder: every JSONL file, and the JSON lists whose names tell a kind; else any list.

    Raises:
        DataError: there is none.
    """
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix == ".jsonl" or _is_named_list(file))
        files = files or sorted(path.glob("*.json"))
        if not files:
            raise DataError(f"{WHAT}: {path} is a folder without a .jsonl or .json file; give another, or a file")
        return files
    if not path.is_file():
        next(read_jsonl(path, what=WHAT))  # says what is wrong with the path
    return [path]


@contextmanager
def steady(path: Path) -> Iterator[None]:
    """Prove that the files of a set stay the same, in size and time, for as long as the block reads them.

    Raises:
        DataError: at the end of the block, one that was changed; else as ``sample_files``.
    """
    before = _looks(path)
    yield
    if changed := [str(file) for file, look in _looks(path).items() ^ before.items()]:
        raise DataError(f"{WHAT}: {changed[0]} was changed while it was read; start again when it is whole")


def _looks(path: Path) -> dict[Path, tuple[int, int]]:
    stats = {file: file.stat() for file in sample_files(path)}
    return {file: (stat.st_size, stat.st_mtime_ns) for file, stat in stats.items()}


def count_lines(path: Path) -> int | None:
    """About how many records there are, for a bar: the lines of the files; None where one is a JSON list."""
    total = 0
    for file in sample_files(path):
        if is_list(file):
            return None
        with file.open("rb") as stream:
            while piece := stream.read(1 << 20):
                total += piece.count(b"\n")
    return total


def _is_named_list(file: Path) -> bool:
    return file.suffix == ".json" and _kind_in(file.stem) is not None


def is_list(path: Path) -> bool:
    """Whether a file begins as one JSON list; else it holds a record a line."""
    with path.open("rb") as stream:
        return stream.read(4096).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"[")


@dataclass(frozen=True, kw_only=True)
class Raw:
    """One record as it stands in a file: an object, or None and the problem."""

    where: str
    place: str
    record: dict[str, Any] | None = None
    problem: str = ""


def _records(path: Path) -> Iterator[Raw]:
    yield from _in_list(path) if is_list(path) else _in_lines(path)


def _in_list(path: Path) -> Iterator[Raw]:
    try:
        for number, value in read_json_list(path, what=WHAT):
            yield _object(value, path, number, listed=True)
    except DataError as error:
        yield Raw(where=str(path), place="", problem=str(error))


def _in_lines(path: Path) -> Iterator[Raw]:
    """It goes on after a bad line."""
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield read_line(line, path, number)


def read_line(line: bytes, path: Path, number: int, *, listed: bool = False) -> Raw:
    """A line of a file as a record; ``listed`` where the lines were the records of a JSON list."""
    try:
        value = parse_json(line, what=WHAT, where=f"{path}:{number}")
    except DataError as error:
        return Raw(where=f"{path}:{number}", place="", problem=str(error))
    return _object(value, path, number, listed=listed)


def _object(value: Any, path: Path, number: int, *, listed: bool) -> Raw:
    where = f"{WHAT}: {path}, record {number}" if listed else f"{WHAT}: {path}:{number}"
    place = f"record {number}" if listed else f"on line {number}"
    if isinstance(value, dict):
        return Raw(where=where, place=place, record=value)
    return Raw(where=where, place=place, problem=f"{where} is a {type(value).__name__}; expected a JSON object")


def _kind_of(record: Mapping[str, Any], file: Path) -> tuple[str | None, str]:
    """The kind that a record made elsewhere, or its file's name, tells; and the category that tells none."""
    told = [str(record[key]) for key in ("category", "type") if key in record]
    return next((kind for kind in map(_kind_in, [*told, file.stem]) if kind), None), next(iter(told), "")


def _adopted(record: dict[str, Any], kind: str, pictures: Pictures | None, *, where: str) -> dict[str, Any]:
    """A record made elsewhere in our terms: with its kind, and its pictures as they lie in the image folder."""
    record = {**record, "kind": kind}
    if pictures is None:
        return record
    for field in IMAGE_FIELDS:
        image = record.get(field)
        if isinstance(image, str):
            record[field] = pictures.find(image, where=where) or image
        elif isinstance(image, list):
            record[field] = [(pictures.find(one, where=where) or one) if isinstance(one, str) else one for one in image]
    return record


def _kind_in(name: str) -> str | None:
    """The one kind that a name speaks of; None where it is none or several."""
    kinds = {kind.name for kind in KINDS.values() if any(word in name.lower() for word in kind.words)}
    return kinds.pop() if len(kinds) == 1 else None


MADE = "made.json"
"""Beside a made set of samples: what it was made from, the hash of it, the folder of its pictures."""


def find_made(folder: Path, made_from: dict[str, Any]) -> tuple[Path, Path] | None:
    """The samples of a folder and the folder of their pictures, where they are whole and made from this."""
    samples, card = folder / "samples.jsonl", folder / MADE
    if not samples.is_file() or not card.is_file():
        return None
    found = read_json(card, what="card of made samples")
    if not isinstance(found, dict) or found.get("made_from") != made_from:
        return None
    if found.get("samples_sha256") != sha256(samples) or not Path(found["images"]).is_dir():
        return None
    return samples, Path(found["images"])


def sign_made(folder: Path, made_from: dict[str, Any], images: Path) -> None:
    """Say of the samples that lie in a folder what they were made from; the last that is written of them."""
    digest = sha256(folder / "samples.jsonl")
    write_json(folder / MADE, {"made_from": made_from, "images": str(images), "samples_sha256": digest})
