r"""One sample as LLaVA's conversation record, in both directions.

A record::

    {"id": "17-conv-0", "image": "000017.jpg", "kind": "conv",
     "conversations": [{"from": "human", "value": "<image>\nIs the left knee of the person bent or straight?"},
                       {"from": "gpt", "value": "The left knee of the person is bent."}],
     "provenance": {"scene": 17, "teacher": "offline", "context": "keypoints", "prompt": "1", "seed": 0}}

``image`` is a list where a sample has several pictures, with one mark each in the first message, or none at all;
``images`` is read as well. A record without either is text alone. Where the pictures are frames, ``times`` has the
seconds of each since the first, ascending; the marks may then stand behind their times, as other trainers are given
them: "0.0 s: <image>\n0.4 s: <image>\nDoes the person sit down?".
"""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, named, shown
from llavapose.files import inside
from llavapose.frames import time_told
from llavapose.kinds import KINDS, listed
from llavapose.records import Sample, Turn

IMAGE_MARK = "<image>"
ROLES = {"human": "user", "gpt": "assistant"}
FIELDS = {"user": "human", "assistant": "gpt"}


def to_record(sample: Sample) -> dict[str, Any]:
    """The sample as a LLaVA record; the first message carries the pictures' marks. One picture stands as a text."""
    marks = (f"{IMAGE_MARK}\n" * len(sample.images),) + ("",) * len(sample.turns)
    pictures = {"image": sample.images[0] if len(sample.images) == 1 else list(sample.images)} if sample.images else {}
    times = {TIMES: list(sample.times_s)} if sample.times_s else {}
    return {
        "id": sample.id,
        **pictures,
        **times,
        "kind": sample.kind,
        "conversations": [
            {"from": FIELDS[turn.role], "value": mark + turn.text}
            for turn, mark in zip(sample.turns, marks, strict=False)
        ],
        "provenance": sample.provenance,
    }


def timed_marks(times_s: Sequence[float]) -> str:
    """The marks of frames, each behind its time, a line each: for whoever reads no ``times``."""
    return "".join(f"{time_told(time_s)}{IMAGE_MARK}\n" for time_s in times_s)


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
        raise DataError(f"{where}: id is {shown(name)}; expected a text or a number")
    kind = record.get("kind", record.get("category"))
    if not isinstance(kind, str) or kind not in KINDS:
        raise DataError(f"{where}: kind of sample {named(name)} is {shown(kind)}; expected one of {listed()}")
    # Not null, nor an empty list: those are pictures that got lost on the way.
    images = _images(_told(record, where=where), image_root, where=where, name=str(name)) if has_images(record) else ()
    provenance = record.get("provenance", {})
    if not isinstance(provenance, dict):
        raise DataError(f"{where}: provenance of sample {named(name)} is {shown(provenance)}; expected an object")
    where = f"{where}: sample {named(name)}"
    times_s = _times(record[TIMES], len(images), where=where) if TIMES in record else ()
    turns = _turns(record.get("conversations"), len(images), times_s, where=where)
    return Sample(id=str(name), images=images, kind=kind, turns=turns, provenance=provenance, times_s=times_s)


TIMES = "times"
"""Where a record has the seconds of its frames."""

IMAGE_FIELDS = ("image", "images")
"""Where a record names its pictures: the first is written, both are read."""


def has_images(record: Mapping[str, Any]) -> bool:
    """Whether a record names pictures."""
    return any(field in record for field in IMAGE_FIELDS)


def _told(record: Mapping[str, Any], *, where: str) -> Any:
    """What a record names as its pictures.

    Raises:
        DataError: it names them twice.
    """
    there = [record[field] for field in IMAGE_FIELDS if field in record]
    if len(there) > 1:
        raise DataError(f"{where}: sample {named(record.get('id'))} has image and images; expected one of them")
    return there[0]


def _images(value: Any, image_root: Path | None, *, where: str, name: str) -> tuple[str, ...]:
    """The paths of a record's ``image``: one text, or a list of them.

    Raises:
        DataError: neither, or a picture that is not there.
    """
    images = value if isinstance(value, list) else [value]
    if not images or not all(isinstance(image, str) for image in images):
        raise DataError(
            f"{where}: image of sample {named(name)} is {shown(value)}; expected paths below the image folder"
        )
    for image in images:
        if image_root is not None and not inside(image_root, image, where=where).is_file():
            raise DataError(
                f"{where}: no image {named(image)} of sample {named(name)} in {image_root}; check the image folder"
            )
    return tuple(images)


def _times(value: Any, num_images: int, *, where: str) -> tuple[float, ...]:
    """The seconds of a record's frames, one a picture.

    Raises:
        DataError: what is wrong with them.
    """
    expected = "expected seconds since the first frame, ascending, one a picture"
    # JSON's true is a number to Python.
    if not isinstance(value, list) or any(isinstance(one, bool) or not isinstance(one, int | float) for one in value):
        raise DataError(f"{where}: {TIMES} is {shown(value)}; {expected}")
    if not value or len(value) != num_images:
        raise DataError(f"{where}: {TIMES} has {len(value)} numbers, and the sample {num_images} pictures; {expected}")
    if bad := [one for one in value if not 0 <= one < math.inf]:
        raise DataError(f"{where}: {TIMES} has {shown(bad[0])}; {expected}")
    times_s = tuple(float(one) for one in value)
    if late := [pair for pair in pairwise(times_s) if pair[0] >= pair[1]]:
        raise DataError(f"{where}: {TIMES} has {late[0][1]:g} behind {late[0][0]:g}; {expected}")
    return times_s


def _turns(messages: Any, num_images: int, times_s: Sequence[float], *, where: str) -> tuple[Turn, ...]:
    """The messages as turns: user and assistant in turn, none empty, the pictures' marks only in the first."""
    if not isinstance(messages, list) or not messages:
        raise DataError(f"{where} has no conversations; expected a list of messages")
    turns = []
    for index, message in enumerate(messages):
        place = f"{where}, message {index + 1}"
        role, text = (message.get("from"), message.get("value")) if isinstance(message, dict) else (None, None)
        if not isinstance(role, str) or role not in ROLES:
            raise DataError(f"{place}: role is {shown(role)}; expected {' or '.join(ROLES)}")
        if ROLES[role] != ("user", "assistant")[index % 2]:
            raise DataError(f"{place} is from {role}; expected human and gpt in turn, human first")
        if not isinstance(text, str):
            raise DataError(f"{place}: value is {shown(text)}; expected a text")
        if index == 0 and times_s:
            text = text.removeprefix(timed_marks(times_s))
        turns.append(Turn(role=ROLES[role], text=_text(text, num_images if index == 0 else 0, place=place)))
    if len(turns) % 2:
        raise DataError(f"{where} ends with a question; expected an answer from gpt")
    return tuple(turns)


def _text(text: str, num_images: int, *, place: str) -> str:
    """A message's text without the pictures' marks, which belong to the first message: one a picture, or none."""
    marks = text.count(IMAGE_MARK)
    if marks > num_images:
        raise DataError(
            f"{place} has {marks} {IMAGE_MARK} marks; expected one a picture in the first message at most, here "
            f"{num_images}"
        )
    if 0 < marks < num_images:
        raise DataError(
            f"{place} has {marks} {IMAGE_MARK} mark{'s' * (marks > 1)} and the sample {num_images} pictures; expected "
            f"{num_images} marks, or none"
        )
    text = text.strip()
    while text.startswith(IMAGE_MARK) or text.endswith(IMAGE_MARK):
        text = text.removeprefix(IMAGE_MARK).removesuffix(IMAGE_MARK).strip()
    if IMAGE_MARK in text:
        raise DataError(f"{place} has an {IMAGE_MARK} mark inside its text; expected before or behind it")
    if not text:
        raise DataError(f"{place} is empty; expected a text")
    return text
