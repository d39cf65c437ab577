"""Qwen's points: JSON of labelled points (QwenLM/Qwen3-VL, its cookbooks and notes on data).

    [{"point_2d": [346, 328], "label": "left elbow"}, {"point_2d": [238, 158], "label": "nose"}]

Qwen3-VL counts in thousandths of each side, whatever the picture's size; Qwen2.5-VL in pixels of the picture as its
processor resized it. Nothing in a reply tells which: that is said beside it. The label is the joint; where several
people are told, the attribute ``person`` says whose (``{"point_2d": ..., "label": "nose", "person": 1}``). A reply to
the question for one joint has one point, whatever its label.
"""

from functools import partial
from typing import Any

from llavapose.errors import ReplyError
from llavapose.locate.answers.about import UNREAD, About, Body, Place, body_of
from llavapose.locate.answers.json_in import json_of

LEVELS = 1000.0
"""Qwen3-VL's scale: 1000 is the far edge."""


def read_qwen(reply: str, about: About) -> list[Body]:
    """The people of a reply in thousandths: Qwen2-VL's and Qwen3-VL's.

    Raises:
        ReplyError: it is not JSON of points.
    """
    return _read(reply, about, (LEVELS, LEVELS))


def read_qwen_pixels(reply: str, about: About) -> list[Body]:
    """The people of a reply in pixels of what the model was given: Qwen2.5-VL's.

    Raises:
        ReplyError: it is not JSON of points, or nobody said the size of what the model was given.
    """
    if about.seen is None:
        raise ReplyError("no `size` of what the model was given")
    return _read(reply, about, about.seen)


def _read(reply: str, about: About, most: tuple[float, float]) -> list[Body]:
    value = json_of(reply)
    items = [value] if isinstance(value, dict) else value
    if not isinstance(items, list):
        raise ReplyError("expected a list of points")
    place = partial(_place, about=about, most=most)
    if about.joint is not None:
        if len(items) != 1:
            raise ReplyError(f"{len(items)} points for one joint")
        if (found := place(items[0])) == UNREAD:
            raise ReplyError("no point of the form")
        return [body_of([(about.joint, found)], about)]
    people: dict[Any, list[tuple[Any, Place | str]]] = {}
    broken = 0
    for item in items:
        whose = item.get("person") if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(item.get("label"), str) or not _is_name(whose):
            broken += 1
        else:
            people.setdefault(whose, []).append((item["label"], place(item)))
    bodies = [body_of(told, about) for told in people.values()]
    return [*bodies, *([Body(places={}, unread=broken)] if broken else [])]


def _place(item: Any, *, about: About, most: tuple[float, float]) -> Place | str:
    point = item.get("point_2d") if isinstance(item, dict) else None
    return about.scaled(point[0], point[1], most) if isinstance(point, list) and len(point) == 2 else UNREAD


def _is_name(whose: Any) -> bool:
    return whose is None or (isinstance(whose, int | str) and not isinstance(whose, bool))
