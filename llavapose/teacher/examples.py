r"""Examples made by hand: what a teacher is shown of other pictures, and what it should have written of them.

The papers query their teacher with a few of these before each picture (Table 1 of LLaVA-Pose: ``context`` as the user,
``response`` as the assistant). A file of them is one JSON list or JSONL, one example::

    {"kind": "conv", "context": "A man rides a wave.\nperson: [0.31, 0.2, 0.6, 0.9], keypoints: [...]",
     "response": "Question: What is the man doing?\\n===\\nAnswer: He is surfing, with bent knees ..."}

Without ``kind`` an example is shown for every kind.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.files import read_json, read_jsonl
from llavapose.kinds import listed, taught_kinds

_WHAT = "teacher.examples"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One turn each of user and assistant."""

    context: str
    response: str


Examples = Mapping[str, tuple[Example, ...]]
"""Kind -> its examples, in the order of the file."""


def read_examples(path: Path | None) -> Examples:
    """The examples of a file by kind; none without one.

    Raises:
        DataError: no such file, or a record that is no example; one line that names the record.
    """
    found: dict[str, list[Example]] = {kind: [] for kind in taught_kinds()}
    records = [] if path is None else list(_records(path))
    for where, record in records:
        example, kind = _example(where, record)
        for one in found if kind is None else (kind,):
            found[one].append(example)
    if path is not None and not records:
        raise DataError(f"{_WHAT}: {path} holds no example; expected objects with context and response")
    return {kind: tuple(examples) for kind, examples in found.items() if examples}


def examples_hash(examples: Iterable[Example]) -> str:
    """SHA-256 over their texts, in hexadecimal digits."""
    digest = hashlib.sha256()
    for one in examples:
        for text in (one.context.encode(), one.response.encode()):
            digest.update(f"{len(text)} ".encode() + text)
    return digest.hexdigest()


def _records(path: Path) -> Iterable[tuple[str, Any]]:
    if path.suffix == ".jsonl":
        return [(f"{path}:{number}", record) for number, record in read_jsonl(path, what=_WHAT)]
    value = read_json(path, what=_WHAT)
    if not isinstance(value, list):
        raise DataError(f"{_WHAT}: {path} is a {type(value).__name__}; expected a list of examples, or JSONL")
    return [(f"{path}, example {number}", record) for number, record in enumerate(value, 1)]


def _example(where: str, record: Any) -> tuple[Example, str | None]:
    """An example and its kind; None for every kind."""
    if not isinstance(record, dict):
        raise DataError(f"{_WHAT}: {where} is a {type(record).__name__}; expected an object with context and response")
    unknown = sorted(map(str, set(record) - {"kind", "context", "response"}))
    if unknown:
        raise DataError(f"{_WHAT}: {where} has {', '.join(unknown)}; expected kind, context and response")
    for name in ("context", "response"):
        text = record.get(name)
        if not isinstance(text, str) or not text.strip():
            raise DataError(f"{_WHAT}: {where} has no {name}; expected a text")
        if any("\ud800" <= sign <= "\udfff" for sign in text):
            raise DataError(f"{_WHAT}: {where} has half a character in {name}; write it anew")
    kind = record.get("kind")
    if kind is not None and kind not in taught_kinds():
        raise DataError(f"{_WHAT}: {where} is of kind {kind!r}; expected one of {listed(taught_kinds())}, or none")
    return Example(context=record["context"], response=record["response"]), kind
