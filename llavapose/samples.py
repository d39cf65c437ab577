r"""Samples on disk: LLaVA's conversation records, one a line, with our kind and provenance beside them.

One record::

    {"id": "17-conv-0", "image": "000017.jpg", "kind": "conv",
     "conversations": [{"from": "human", "value": "<image>\nIs the left knee of the person bent or straight?"},
                       {"from": "gpt", "value": "The left knee of the person is bent."}],
     "provenance": {"scene": 17, "teacher": "offline", "context": "keypoints", "prompt": "1", "seed": 0}}

Samples made elsewhere are read as well: LLaVA's ``category`` becomes ``kind``; a record with neither is an error.
"""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.files import inside, read_jsonl, write_jsonl
from llavapose.records import KINDS, Sample, Turn

IMAGE_MARK = "<image>"
ROLES = {"human": "user", "gpt": "assistant"}
FIELDS = {"user": "human", "assistant": "gpt"}
WHAT = "samples"


def write_samples(path: Path, samples: Iterable[Sample]) -> int:
    """Write the samples, one a line, atomically; returns how many."""
    return write_jsonl(path, (to_record(sample) for sample in samples))


def read_samples(path: Path, image_root: Path) -> tuple[Sample, ...]:
    """Read every sample, each proven good.

    Raises:
        DataError: the file is missing or empty, or a record is bad; names file and line of the first.
    """
    samples = []
    for sample, problem in _checked(path, image_root):
        if sample is None:
            raise DataError(problem)
        samples.append(sample)
    if not samples:
        raise DataError(f"{WHAT}: {path} holds no record; expected one JSON object a line")
    return tuple(samples)


def check_samples(path: Path, image_root: Path) -> tuple[list[Sample], list[str]]:
    """Read all good samples and name all bad records.

    Returns:
        (samples, problems): a problem is one line that names the file and the line; a bad record is left out, never
        replaced by another.

    Raises:
        DataError: the file itself is missing or cannot be read as text.
    """
    samples: list[Sample] = []
    problems: list[str] = []
    for sample, problem in _checked(path, image_root):
        if sample is None:
            problems.append(problem)
        else:
            samples.append(sample)
    if not samples and not problems:
        problems.append(f"{WHAT}: {path} holds no record; expected one JSON object a line")
    return samples, problems


def to_record(sample: Sample) -> dict[str, Any]:
    """The sample as a LLaVA record; the first message carries the picture's mark."""
    marks = (f"{IMAGE_MARK}\n",) + ("",) * len(sample.turns)
    return {
        "id": sample.id,
        "image": sample.image,
        "kind": sample.kind,
        "conversations": [
            {"from": FIELDS[turn.role], "value": mark + turn.text}
            for turn, mark in zip(sample.turns, marks, strict=False)
        ],
        "provenance": sample.provenance,
    }


def from_record(record: dict[str, Any], image_root: Path | None, *, where: str) -> Sample:
    """The record as a sample.

    Args:
        record: one JSON object.
        image_root: folder that ``image`` is relative to; None does not look for the picture.
        where: file and line, for messages.

    Raises:
        DataError: a field is missing or wrong, or the picture is not there.
    """
    name = record.get("id")
    if isinstance(name, bool) or not isinstance(name, str | int) or str(name) == "":
        raise DataError(f"{where}: id is {name!r}; expected a text or a number")
    kind = record.get("kind", record.get("category"))
    if kind not in KINDS:
        raise DataError(f"{where}: kind of sample {name} is {kind!r}; expected one of {', '.join(KINDS)}")
    image = record.get("image")
    if not isinstance(image, str):
        raise DataError(f"{where}: image of sample {name} is {image!r}; expected a path relative to the image folder")
    if image_root is not None and not inside(image_root, image, where=where).is_file():
        raise DataError(f"{where}: no image {image} of sample {name} in {image_root}; check the image folder")
    provenance = record.get("provenance", {})
    if not isinstance(provenance, dict):
        raise DataError(f"{where}: provenance of sample {name} is {provenance!r}; expected an object")
    turns = _turns(record.get("conversations"), where=f"{where}: sample {name}")
    return Sample(id=str(name), image=image, kind=kind, turns=turns, provenance=provenance)


def _checked(path: Path, image_root: Path) -> Iterator[tuple[Sample | None, str]]:
    """(sample, "") or (None, problem) for each line that is not blank."""
    first_line: dict[str, int] = {}
    for number, record, problem in _lines(path):
        where = f"{WHAT}: {path}:{number}"
        try:
            if record is None:
                raise DataError(problem)
            sample = from_record(record, image_root, where=where)
            if sample.id in first_line:
                raise DataError(f"{where}: id {sample.id} is already on line {first_line[sample.id]}; ids must differ")
            first_line[sample.id] = number
        except DataError as error:
            yield None, str(error)
        else:
            yield sample, ""


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any] | None, str]]:
    """(line number, object, "") or (line number, None, problem); it goes on after a bad line."""
    if not path.is_file():
        next(read_jsonl(path, what=WHAT))  # says what is wrong with the path
    with path.open("rb") as stream:
        for number, line in enumerate(stream, 1):
            if not line.strip():
                continue
            where = f"{WHAT}: {path}:{number}"
            try:
                value = json.loads(line.decode("utf-8"))
            except UnicodeDecodeError as error:
                yield number, None, f"{where} is not UTF-8 text ({error.reason}); fix or remove the line"
            except json.JSONDecodeError as error:
                yield number, None, f"{where} is not JSON ({error.msg}); fix or remove the line"
            else:
                good = isinstance(value, dict)
                problem = "" if good else f"{where} is a {type(value).__name__}; expected a JSON object"
                yield number, value if good else None, problem


def _turns(messages: Any, *, where: str) -> tuple[Turn, ...]:
    """The messages as turns: user and assistant in turn, none empty, the picture's mark only in the first."""
    if not isinstance(messages, list) or not messages:
        raise DataError(f"{where} has no conversations; expected a list of messages")
    turns = []
    for index, message in enumerate(messages):
        place = f"{where}, message {index + 1}"
        role, text = (message.get("from"), message.get("value")) if isinstance(message, dict) else (None, None)
        if role not in ROLES:
            raise DataError(f"{place}: role is {role!r}; expected {' or '.join(ROLES)}")
        if ROLES[role] != ("user", "assistant")[index % 2]:
            raise DataError(f"{place} is from {role}; expected human and gpt in turn, human first")
        if not isinstance(text, str):
            raise DataError(f"{place}: value is {text!r}; expected a text")
        turns.append(Turn(role=ROLES[role], text=_text(text, index, place=place)))
    if len(turns) % 2:
        raise DataError(f"{where} ends with a question; expected an answer from gpt")
    return tuple(turns)


def _text(text: str, index: int, *, place: str) -> str:
    """A message's text without the picture's mark, which belongs to the first message."""
    marks = text.count(IMAGE_MARK)
    if marks > (index == 0):
        raise DataError(f"{place} has {marks} {IMAGE_MARK} marks; expected one in the first message at most")
    text = text.replace(IMAGE_MARK, "").strip()
    if not text:
        raise DataError(f"{place} is empty; expected a text")
    return text
