"""Rex-Omni's keypoints: JSON of everybody in the picture, in 1,000 bins of each side (IDEA-Research/Rex-Omni).

    {"person1": {"bbox": " <1> <36> <987> <984> ",
                 "keypoints": {"nose": " <540> <351> ", "right eye": "unvisible", ...}}, "person2": ...}

A bin b is b / 999 of the side, as Rex-Omni's own parser has it; a box is its upper left and lower right corner.
"""

import re
from typing import Any

from llavapose.errors import ReplyError
from llavapose.locate.answers.about import UNREAD, About, Body, Place, body_of
from llavapose.locate.answers.json_in import json_of

LAST_BIN = 999.0
NOT_VISIBLE = "unvisible"
_NUMBER = re.compile(r"\s*<(\d{1,3})>")
_NUMBERS = re.compile(r"(?:\s*<\d{1,3}>)+\s*")


def read_rex_omni(reply: str, about: About) -> list[Body]:
    """The people of a reply.

    Raises:
        ReplyError: it is not JSON of people.
    """
    value = json_of(reply)
    if not isinstance(value, dict):
        raise ReplyError("expected an object of people")
    return [_body(name, told, about) for name, told in value.items()]


def _body(name: str, told: Any, about: About) -> Body:
    keypoints = told.get("keypoints") if isinstance(told, dict) else None
    if not isinstance(keypoints, dict) or "bbox" not in told or not re.fullmatch(r"person[ _]?\d*", name):
        return Body(places={}, unread=len(about.names))
    return body_of(
        [(joint, _place(said, about)) for joint, said in keypoints.items()], about, _box(told["bbox"], about)
    )


def _bins(said: Any, num: int) -> list[int] | None:
    if not isinstance(said, str) or not _NUMBERS.fullmatch(said):
        return None
    found = [int(one) for one in _NUMBER.findall(said)]
    return found if len(found) == num else None


def _place(said: Any, about: About) -> Place | str | None:
    if isinstance(said, str) and said.strip() == NOT_VISIBLE:
        return None
    bins = _bins(said, 2)
    return UNREAD if bins is None else about.scaled(bins[0], bins[1], (LAST_BIN, LAST_BIN))


def _box(said: Any, about: About) -> tuple[float, float, float, float] | None:
    bins = _bins(said, 4)
    if bins is None or bins[0] > bins[2] or bins[1] > bins[3]:
        return None
    x1, y1, x2, y2 = (one / LAST_BIN for one in bins)
    return (x1 * about.width, y1 * about.height, (x2 - x1) * about.width, (y2 - y1) * about.height)
