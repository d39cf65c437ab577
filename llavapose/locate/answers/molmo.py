"""Molmo's points: tags among words, in percent of each side (Molmo, allenai, September 2024).

    <point x="52.3" y="61.0" alt="left wrist">left wrist</point>
    <points x1="23.0" y1="17.7" x2="38.2" y2="24.1" alt="eyes">eyes</points>

``alt`` is the joint. Tags with several points tell several places, and not whose: they are read for nobody. Molmo 2's
``coords="..."`` is another form, and unread.
"""

import re
from dataclasses import replace

from llavapose.errors import ReplyError
from llavapose.locate.answers.about import UNREAD, About, Body, Place, body_of
from llavapose.locate.answers.json_in import plain

NONE = "There are none."
"""What Molmo says where it is asked for what is not there."""
PERCENT = 100.0
_TAG = re.compile(r"<(points?)((?:\s+\w+=\"[^\"<>]*\")*)\s*>[^<>]*</\1>")
_ATTRIBUTE = re.compile(r"\s+(\w+)=\"([^\"<>]*)\"")
_VALUE = re.compile(r"\d{1,3}(?:\.\d{1,6})?")


def read_molmo(reply: str, about: About) -> list[Body]:
    """The person of a reply.

    Raises:
        ReplyError: no whole tag, or not one point for one joint.
    """
    text = plain(reply)
    if text == NONE:
        return [Body(places={} if about.joint is None else {about.joint: None})]
    tags = list(_TAG.finditer(text))
    if text.count("<point") > len(tags):
        raise ReplyError("a point that is cut off")
    if not tags:
        raise ReplyError("no point")
    told = [_told(tag[2], about) for tag in tags]
    if about.joint is not None:
        num = sum(len(places) for _, places in told)
        if num != 1 or told[0][1][0] == UNREAD:
            raise ReplyError("no point of the form" if num == 1 else f"{num} points for one joint")
        return [body_of([(about.joint, told[0][1][0])], about)]
    named = [(name, places[0] if len(places) == 1 else UNREAD) for name, places in told if name is not None]
    body = body_of(named, about)
    return [replace(body, unread=body.unread + len(told) - len(named))]


def _told(attributes: str, about: About) -> tuple[str | None, list[Place | str]]:
    """A tag's name, None where it has none, and its places; one unread place where the tag is not of the form."""
    pairs = _ATTRIBUTE.findall(attributes)
    values = dict(pairs)
    name = values.pop("alt", None)
    if name is None:
        return None, [UNREAD]
    numbers = [""] if "x" in values else [str(at) for at in range(1, len(values) // 2 + 1)]
    expected = [f"{axis}{number}" for number in numbers for axis in "xy"]
    if len(values) + 1 < len(pairs) or sorted(values) != sorted(expected) or not expected:
        return name, [UNREAD]
    if not all(map(_VALUE.fullmatch, values.values())):
        return name, [UNREAD]
    points = [(float(values[f"x{number}"]), float(values[f"y{number}"])) for number in numbers]
    return name, [about.scaled(x, y, (PERCENT, PERCENT)) for x, y in points]
