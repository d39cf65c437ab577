"""What a judge's reply says: its verdict in the asked form, or that there is none, which is never a number.

A reply, and what is read out of it:

    9 8.5                                     pair: 9 and 8.5
    Both answers are right, but ...

    The second answer sees no racket.         pair: 10 and 6
    Answer 1: 10
    Answer 2: 6

    It names both arms rightly.               single: 8
    Rating: 8
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from llavapose.config.choices import JudgeProtocol
from llavapose.errors import ReplyError
from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST

_NUMBER = r"(-?\d+(?:\.\d+)?)(?: ?/ ?10| out of 10)?"
_SINGLE = re.compile(rf"(?:final )?(?:rating|score) ?: ?{_NUMBER}", re.IGNORECASE)
_PAIR = re.compile(rf"{_NUMBER}[ ,;]+{_NUMBER}")
_LABELLED = [re.compile(rf"(?:assistant|answer) {number} ?: ?{_NUMBER}", re.IGNORECASE) for number in (1, 2)]
"""A verdict stands on lines of its own: a number inside a sentence is none."""

_DECORATION = re.compile(r"[*_`#]+|^[-•]\s")
"""Markdown around a line; what is quoted (">") is somebody else's and never a verdict."""


@dataclass(frozen=True, kw_only=True)
class Ratings:
    """The numbers, in the order in which the answers stood, and the rest of the reply."""

    values: tuple[float, ...]
    explanation: str


@dataclass(frozen=True, kw_only=True)
class _Line:
    """One line of a reply that is not blank: as it is, and without its decoration."""

    raw: str
    plain: str


def read_ratings(text: str, protocol: JudgeProtocol, *, cut_off: bool = False) -> Ratings:
    """The verdict of a reply: the last one; for a pair the first line's, where it is one, as was asked for.

    Args:
        text: the reply.
        protocol: how many numbers were asked for.
        cut_off: whether the reply ended at its longest: a number at its very end may lack digits.

    Raises:
        ReplyError: no verdict in the asked form, or one outside 1 to 10.
    """
    lines = [_Line(raw=raw, plain=_plain(raw)) for raw in text.splitlines() if raw.strip()]
    found = _single(lines) if protocol == JudgeProtocol.single else _pair(lines)
    if not found:
        raise ReplyError("no verdict in the asked form")
    places, values = found[-1]
    if cut_off and places[-1] == len(lines) - 1:
        raise ReplyError("cut off at its verdict")
    if not all(LOWEST <= value <= HIGHEST for value in values):
        raise ReplyError("a rating outside 1 to 10")
    explanation = " ".join(line.raw.strip() for place, line in enumerate(lines) if place not in places)
    return Ratings(values=values, explanation=explanation)


_Found = list[tuple[tuple[int, ...], tuple[float, ...]]]
"""Lines of a verdict, and its numbers."""


def _plain(raw: str) -> str:
    line = " ".join(raw.split())
    return line if line.startswith(">") else _DECORATION.sub("", line).strip().rstrip(".")


def _single(lines: Sequence[_Line]) -> _Found:
    matches = ((place, _SINGLE.fullmatch(line.plain)) for place, line in enumerate(lines))
    return [((place,), (float(match[1]),)) for place, match in matches if match]


def _pair(lines: Sequence[_Line]) -> _Found:
    """The first line's verdict, where it is one, else every other in either form.

    What a reply repeats of an answer comes behind its first line and cannot pass for the judge's own.
    """
    found: _Found = []
    for place, line in enumerate(lines):
        if match := _PAIR.fullmatch(line.plain):
            found.append(((place,), (float(match[1]), float(match[2]))))
        following = lines[place + 1].plain if place + 1 < len(lines) else ""
        labelled = [form.fullmatch(one) for form, one in zip(_LABELLED, (line.plain, following), strict=True)]
        if all(labelled):
            found.append(((place, place + 1), tuple(float(match[1]) for match in labelled if match)))
        if found and found[0][0][0] == 0:
            break
    return found
