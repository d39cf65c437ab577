"""What a judge's reply says: its verdict in the asked form, or that there is none, which is never a number.

The judge is asked to end with a line that holds a mark, drawn after the answers were written (``mark_of``)::

    The second answer sees no racket.         pair: 10 and 6
    Ratings 4f1c9a0b7d2e: 10 6

    It names both arms rightly.               single: 8
    Rating 4f1c9a0b7d2e: 8

The last such line counts. A reply without any mark is read by the same numbers on lines of their own (bare ones first
or last, as LLaVA's judge wrote them), or as JSON; but not where an answer speaks of ratings or holds these numbers as
digits or marks of counting, for then nobody can tell the judge's own from what it repeats. What is quoted (``>``) is
somebody else's, and so is what stands beside another mark.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from llavapose.config.choices import JudgeProtocol
from llavapose.errors import DataError, ReplyError
from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST
from llavapose.plain_json import parse_json

MARK_LETTERS = 12
"""Hexadecimal. An answer that holds its own mark has to be searched for: 2^48 hashes, on a thousand cores for weeks;
with six letters one core takes a minute. Judges copy twelve letters without a slip."""

_NUMBER = r"(-?\d+(?:\.\d+)?)(?: ?/ ?10| out of 10)?"
_WHO = r"(?:assistant|answer) {} ?: ?"
_TWO = rf"(?:{_WHO.format(1)})?{_NUMBER}(?: +| ?[,;] +| and )(?:{_WHO.format(2)})?{_NUMBER}"
"""A comma with nothing behind it may be a decimal one."""
_HEAD = r"(?:final )?(?:rating|score)s?(?: [\[(]?([0-9a-f]{12})[\])]?)? ?: ?"
_FLAGS = re.IGNORECASE | re.ASCII
_SINGLE = re.compile(rf"{_HEAD}{_NUMBER}", _FLAGS)
_PAIR = re.compile(rf"(?:{_HEAD})?{_TWO}", _FLAGS)
_OUT_OF_TEN = re.compile(r"()(-?\d+(?:\.\d+)?) ?/ ?10", _FLAGS)
_LABELLED = [re.compile(_WHO.format(number) + _NUMBER, _FLAGS) for number in (1, 2)]
"""A verdict stands on lines of its own: a number inside a sentence is none."""

_SPEAKS_OF_RATINGS = re.compile(
    r"ratings?|rated?|scores?|scored|verdicts?|points|/ ?10|out of (?:10|ten)", re.IGNORECASE
)
"""Anywhere in an answer; in "Rat ings" and the like too, for it is looked for without what lies between letters."""

_DECORATION = re.compile(r"[*_`#]+|^[-•]\s")
"""Markdown around a line."""
_FENCE = re.compile(r"```(?:json)?\s*\n(.*?)\n\s*```", re.DOTALL)
_JSON_NAMES = (("answer_1", "answer_2"), ("assistant_1", "assistant_2"))


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


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Numbers in a verdict's form: in which lines, beside which mark ("" for none), and whether a word names them."""

    places: tuple[int, ...]
    values: tuple[float, ...]
    mark: str = ""
    headed: bool = True


def mark_of(*told: object) -> str:
    """A mark that follows from what a judge is shown: an answer that held it would have to be found among 2^48."""
    return sha256(repr(told).encode(errors="surrogatepass")).hexdigest()[:MARK_LETTERS]


def read_ratings(
    text: str,
    protocol: JudgeProtocol,
    *,
    mark: str = "",
    answers: Sequence[str] = (),
    cut_off: bool = False,
) -> Ratings:
    """The verdict of a reply.

    Args:
        text: the reply.
        protocol: how many numbers were asked for.
        mark: what was to stand beside them.
        answers: what was rated.
        cut_off: whether the reply ended before its end: a number there may lack digits.

    Raises:
        ReplyError: no verdict in the asked form, or one outside 1 to 10.
    """
    lines = _lines(text)
    found = _verdicts(lines, text, protocol)
    own = [one for one in found if mark and one.mark == mark]
    if not own:
        own = _unmarked(found, lines, answers)
    if not own:
        raise ReplyError("no verdict in the asked form")
    last = own[-1]
    if cut_off and len(lines) - 1 in last.places:
        raise ReplyError("cut off at its verdict")
    if not all(LOWEST <= value <= HIGHEST for value in last.values):
        raise ReplyError("a rating outside 1 to 10")
    explanation = " ".join(line.raw.strip() for place, line in enumerate(lines) if place not in last.places)
    return Ratings(values=last.values, explanation=explanation)


def _unmarked(found: Sequence[_Found], lines: Sequence[_Line], answers: Sequence[str]) -> list[_Found]:
    """The verdicts of a reply without the mark that was asked for.

    Raises:
        ReplyError: they may be what the judge repeats.
    """
    if any(one.mark for one in found):
        raise ReplyError("a verdict beside another mark than the one asked for")
    ends = {0, len(lines) - 1}
    own = [one for one in found if one.headed or set(one.places) & ends]
    if own and any(_could_be_repeated(own[-1].values, answer) for answer in answers):
        raise ReplyError("a verdict without its mark, where an answer holds one itself")
    return own


def _could_be_repeated(values: Sequence[float], answer: str) -> bool:
    """Whether an answer speaks of ratings, or holds these numbers one behind the other."""
    # What cannot be seen (zero-width characters, marks of direction) is what a disguise is made of.
    seen = "".join(one for one in unicodedata.normalize("NFKC", answer) if unicodedata.category(one) != "Cf")
    if _SPEAKS_OF_RATINGS.search(seen) or _SPEAKS_OF_RATINGS.search(re.sub(r"[\W_]", "", seen)):
        return True
    numbers = [float(number) for number in re.findall(r"\d{1,9}(?:\.\d{1,9})?", seen)]
    return any(tuple(numbers[at : at + len(values)]) == tuple(values) for at in range(len(numbers)))


def _lines(text: str) -> list[_Line]:
    return [_Line(raw=raw, plain=_plain(raw)) for raw in text.splitlines() if raw.strip()]


def _plain(raw: str) -> str:
    line = " ".join(raw.split())
    return line if line.startswith(">") else _DECORATION.sub("", line).strip().rstrip(".")


def _verdicts(lines: Sequence[_Line], text: str, protocol: JudgeProtocol) -> list[_Found]:
    """All of them, in the order of the reply; JSON only where no line holds one."""
    one = protocol == JudgeProtocol.single
    return list(_single(lines) if one else _pair(lines)) or list(_in_json(lines, text, protocol))


def _single(lines: Sequence[_Line]) -> Iterable[_Found]:
    for place, line in enumerate(lines):
        if match := _SINGLE.fullmatch(line.plain) or _OUT_OF_TEN.fullmatch(line.plain):
            headed = not line.plain[0].isdigit()
            yield _Found(places=(place,), values=(float(match[2]),), mark=(match[1] or "").lower(), headed=headed)


def _pair(lines: Sequence[_Line]) -> Iterable[_Found]:
    for place, line in enumerate(lines):
        if match := _PAIR.fullmatch(line.plain):
            values = (float(match[2]), float(match[3]))
            headed = not line.plain[0].isdigit()
            yield _Found(places=(place,), values=values, mark=(match[1] or "").lower(), headed=headed)
        following = lines[place + 1].plain if place + 1 < len(lines) else ""
        labelled = [form.fullmatch(told) for form, told in zip(_LABELLED, (line.plain, following), strict=True)]
        if all(labelled):
            yield _Found(places=(place, place + 1), values=tuple(float(match[1]) for match in labelled if match))


def _in_json(lines: Sequence[_Line], text: str, protocol: JudgeProtocol) -> Iterable[_Found]:
    """The reply, or what it fences, as an object with ``rating``, ``ratings`` or a number an answer."""
    everywhere = tuple(range(len(lines)))
    for told in (*_FENCE.findall(text), text.strip(), text.strip().rpartition("\n")[2]):
        if not told.startswith("{"):
            continue
        try:
            row = parse_json(told.encode(errors="surrogatepass"), what="verdict", where="the reply")
        except DataError:
            continue
        values = _numbers(row, protocol) if isinstance(row, dict) else None
        if values is not None:
            yield _Found(places=everywhere, values=values, mark=str(row.get("mark", "")).lower())
            return


def _numbers(row: dict[str, Any], protocol: JudgeProtocol) -> tuple[float, ...] | None:
    if protocol == JudgeProtocol.single:
        told = [row.get("rating", row.get("score"))]
    else:
        names = next((names for names in _JSON_NAMES if all(name in row for name in names)), None)
        told = [row[name] for name in names] if names else row.get("ratings", row.get("scores"))
    if not isinstance(told, list) or len(told) != (1 if protocol == JudgeProtocol.single else 2):
        return None
    read = [re.fullmatch(_NUMBER, str(value)) for value in told if not isinstance(value, bool)]
    return tuple(float(match[1]) for match in read if match) if len(read) == len(told) and all(read) else None
