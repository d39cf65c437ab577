"""How the room of one page is shared between texts, their listing for browsers without scripts, and pictures.

All must go into one file that a mail can carry. Texts are packed; what still finds no room goes in this order, and the
page says so: large pictures, the listing, explanations of repeats, long explanations, all explanations, pictures of the
last questions. Answers and ratings always stay.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from llavapose.report.markup import jpeg_uri, jpeg_within, packed_data, script_data

PAGE_BYTES = 15_000_000
"""The most that a page may have."""
PICTURES_BYTES = 5_000_000
"""The most of all its pictures: a third."""
SMALL_BYTES = 7_000
"""What a picture takes at the smallest size that is tried, as text."""
_SPARE_BYTES = 100_000
"""For the explorer's own fields and script, and what a few more names take."""
AS_TEXT = 4 / 3
"""Bytes in an address are that much longer."""
_CUTS = (
    (None, None, ""),
    (1, None, "the judges' explanations of repeats are left out"),
    (1, 400, "of the judges' explanations only the first 400 characters are here, of repeats none"),
    (1, 100, "of the judges' explanations only the first 100 characters are here, of repeats none"),
    (0, None, "the judges' explanations are left out"),
)
"""How many repeats are explained, in how many characters (None: all), and what the page says of it."""

REASON, REPEAT = 2, 5
"""Places in a verdict, which holds its explanation's number in ``reasons``."""


@dataclass(frozen=True, kw_only=True)
class Shared:
    """What found room.

    Attributes:
        data, pictures: for the script.
        plain: the listing for browsers without scripts.
        told: a line on each thing that found none, or less.
    """

    data: Markup
    pictures: Markup
    plain: Markup
    told: tuple[str, ...]


def share_room(
    data: Mapping[str, Any],
    pictures: Mapping[str, Path],
    listing: Callable[[bool], Markup],
    num_bytes: int,
) -> Shared:
    """Pack as much as so many bytes hold.

    Args:
        data: what the script shows, with ``items``, whose verdicts tell their explanations as text.
        pictures: name -> file, in the order of the items.
        listing: whether all is listed -> the listing, or a word on where it stands instead.
        num_bytes: of the page, without what is packed here.
    """
    room = num_bytes - _SPARE_BYTES
    wanted = SMALL_BYTES * len(pictures)
    whole, short = listing(True), listing(False)
    packed, plain, cut = Markup(), short, ""
    for repeats, num_chars, cut in _CUTS:  # noqa: B007, the last is said below
        packed = packed_data(_with_reasons(data, repeats, num_chars))
        fits = [one for one in (whole, short) if _size(packed) + _size(one) + wanted <= room]
        if fits:
            plain = fits[0]
            break
    found, told = _pictures(pictures, min(PICTURES_BYTES, room - _size(packed) - _size(plain)))
    lines = [f"{_fewer('all of them', cut)} They stand in verdicts/."] if cut else []
    return Shared(data=packed, pictures=script_data(found), plain=plain, told=(*lines, *told))


def _fewer(what: str, told: str) -> str:
    return f"With {what} this page would be larger than {PAGE_BYTES / 1e6:.0f} MB: {told}."


def _size(text: Markup) -> int:
    return len(text.encode())


def _with_reasons(data: Mapping[str, Any], repeats: int | None, num_chars: int | None) -> dict[str, Any]:
    """The same data with each explanation once, in ``reasons``, and its number where it stood; number 0 is none."""
    numbers: dict[str, int] = {"": 0}

    def numbered(verdict: Sequence[Any]) -> list[Any]:
        told = verdict[REASON] if repeats is None or verdict[REPEAT] < repeats else ""
        if num_chars is not None and len(told) > num_chars:
            told = f"{told[:num_chars].rstrip()} …"
        return [*verdict[:REASON], numbers.setdefault(told, len(numbers)), *verdict[REASON + 1 :]]

    items = [
        {**item, "answers": [_renumbered(answer, numbered) for answer in item["answers"]]} for item in data["items"]
    ]
    return {**data, "items": items, "reasons": list(numbers)}


def _renumbered(answer: Mapping[str, Any], numbered: Callable[[Sequence[Any]], list[Any]]) -> Mapping[str, Any]:
    return {**answer, "verdicts": [numbered(one) for one in answer["verdicts"]]} if "verdicts" in answer else answer


def _pictures(paths: Mapping[str, Path], num_bytes: int) -> tuple[dict[str, str], list[str]]:
    """The pictures as addresses, as many as find room, and what is said of the others."""
    if not paths:
        return {}, []
    each, left = int(num_bytes / AS_TEXT / len(paths)), num_bytes
    found: dict[str, str] = {}
    for name, path in paths.items():
        content = jpeg_uri(jpeg_within(path, each))
        if len(content) + len(name) > left:
            break
        found[name] = content
        left -= len(content) + len(name) + 6
    missing = len(paths) - len(found)
    line = f"the pictures of the last {missing} of {len(paths)} are left out"
    return found, [_fewer("all pictures", line)] * bool(missing)
