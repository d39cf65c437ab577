"""JSON from outside: the one way in. What it gives back can be held, counted and written again, or it is refused.

Beyond Python's own reader it takes a byte-order mark, and refuses what would break those who use the value: NaN and
Infinity, numbers that no float holds, texts with half a surrogate pair, nesting that the stack does not bear.
"""

import json
import re
import sys
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any, NoReturn

from llavapose.errors import DataError

MAX_DEPTH = 100
"""Levels of lists and objects. Samples and COCO files have 5; Python's stack ends at about 1,000, less what runs."""
_LONG = 300
"""Digits in a row from which on a number is looked at; a float holds up to 308, Python itself gives up at 4,300."""

_HALF = "half a surrogate pair, which is no character"
_TOO_LARGE = "a number that no float holds"
_OPENS, _CLOSES = b"[{", b"]}"
_NOT_BRACKETS = bytes(set(range(256)) - set(_OPENS + _CLOSES))
_STEPS = {**dict.fromkeys(_OPENS, 1), **dict.fromkeys(_CLOSES, -1)}
# Every digit is "0", every exponent "e": what no float holds is then found by one search, as fast as memory is read.
_SHAPES = bytes.maketrans(b"123456789E", b"000000000e")


def parse_json(text: str | bytes, *, what: str, where: str | Path, strict: bool = True, unique: bool = False) -> Any:
    """The value of one JSON document.

    Args:
        text: the document; bytes are UTF-8. A byte-order mark before it is left out.
        what: what it is, such as "samples", for messages.
        where: a path if the document is the whole file, else words that name the place, such as "samples.jsonl:3".
        strict: whether control characters inside texts, such as a line break, are refused.
        unique: whether an object that has a key twice is refused; else the last one holds.

    Raises:
        DataError: not UTF-8, not JSON, too deep, a number too large, NaN, half a surrogate pair; one line.
    """
    place = f"{what}: {where}"
    raw = _encoded(text, place)
    try:
        value = (_UNIQUE if unique else _STRICT if strict else _LENIENT).decode(raw.decode("utf-8"))
        _check(raw, value)
    except UnicodeDecodeError as error:
        raise DataError(f"{place} is not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except json.JSONDecodeError as error:
        line = f":{error.lineno}" if isinstance(where, Path) else ""
        raise DataError(f"{place}{line} is not JSON ({error.msg}); fix or remove it") from None
    except (_RefusedError, RecursionError, ValueError) as error:
        raise DataError(f"{place} is no JSON that can be used ({_reason(error)}); fix or remove it") from None
    return value


def next_json(text: str, start: int, *, what: str, where: str | Path, strict: bool = True) -> tuple[Any, int]:
    """The JSON value that begins at ``start``, and where it ends; for streams and for JSON inside other text.

    Raises:
        json.JSONDecodeError: none begins there, or it is not whole.
        DataError: one that ``parse_json`` refuses.
    """
    try:
        value, end = (_STRICT if strict else _LENIENT).raw_decode(text, start)
        _check(text[start:end].encode(), value)
    except json.JSONDecodeError:
        raise
    except (_RefusedError, RecursionError, ValueError) as error:
        raise DataError(f"{what}: {where} is no JSON that can be used ({_reason(error)}); fix or remove it") from None
    return value, end


class _RefusedError(Exception):
    """JSON that Python would take; the message is the reason."""


def _encoded(text: str | bytes, place: str) -> bytes:
    try:
        raw = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError as error:
        raise DataError(f"{place} has half a surrogate pair at {error.start}; expected whole characters") from None
    return raw.removeprefix(b"\xef\xbb\xbf")


def _reason(error: Exception) -> str:
    if isinstance(error, _RefusedError):
        return str(error)
    if isinstance(error, RecursionError):
        return f"more than {MAX_DEPTH} levels deep"
    if isinstance(error, UnicodeEncodeError):
        return _HALF
    return _TOO_LARGE  # of ValueError, the one thing left


def _refuse_constant(name: str) -> NoReturn:
    raise _RefusedError(f"{name}, which is no number of JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _RefusedError(f"{ascii(next(name for name in names if names.count(name) > 1))[:80]} is there twice")
    return found


_STRICT = json.JSONDecoder(parse_constant=_refuse_constant)
_UNIQUE = json.JSONDecoder(parse_constant=_refuse_constant, object_pairs_hook=_unique)
_LENIENT = json.JSONDecoder(parse_constant=_refuse_constant, strict=False)


def _check(raw: bytes, value: Any) -> None:
    """Refuse what Python's reader takes; looks at every value only where the bytes give a reason to."""
    brackets = raw.translate(None, _NOT_BRACKETS)
    shapes = raw.translate(_SHAPES, b"+")
    suspect = max(accumulate(map(_STEPS.__getitem__, brackets)), default=0) > MAX_DEPTH
    suspect |= b"0" * _LONG in shapes or b"e000" in shapes or b"\\ud" in raw or b"\\uD" in raw
    for depth, one in _all_values(value) if suspect else ():
        if depth >= MAX_DEPTH and isinstance(one, dict | list):
            raise _RefusedError(f"more than {MAX_DEPTH} levels deep")
        if isinstance(one, str) and re.search("[\ud800-\udfff]", one):
            raise _RefusedError(_HALF)
        if isinstance(one, int | float) and not abs(one) <= sys.float_info.max:
            raise _RefusedError(_TOO_LARGE)


def _all_values(value: Any) -> Iterator[tuple[int, Any]]:
    """(level, value) of everything inside, keys too; without recursion."""
    left: list[tuple[int, Any]] = [(0, value)]
    while left:
        depth, one = left.pop()
        yield depth, one
        if isinstance(one, dict):
            left.extend((depth + 1, inner) for pair in one.items() for inner in pair)
        elif isinstance(one, list):
            left.extend((depth + 1, inner) for inner in one)
