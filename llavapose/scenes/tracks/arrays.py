"""NumPy's arrays as pickles write them, built here from their bytes: whole numbers, floats and booleans alone."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

MAX_DIMENSIONS = 8
"""Of an array; poses have four."""
_KINDS = frozenset(
    f"{kind}{size}"
    for kind, sizes in (("i", (1, 2, 4, 8)), ("u", (1, 2, 4, 8)), ("f", (2, 4, 8)), ("b", (1,)))
    for size in sizes
)
"""Types of numbers by kind and bytes; no objects ("O"), no records ("V"), no texts, no times."""


@dataclass(kw_only=True, eq=False)
class Made:
    """What a pickle makes step by step: a type of numbers, or an array, which is None until it has its content.

    Attributes:
        kind: of a type: "f4", one of numbers; "": an array.
        order: of a type: "<", ">", or "|" where a number is one byte.
        array: the array.
    """

    kind: str = ""
    order: str = "<"
    array: np.ndarray | None = None

    @property
    def of_numbers(self) -> np.dtype:
        """NumPy's own type."""
        return np.dtype(self.order + self.kind)


class Known:
    """What a name stands for: itself alone, so that no text of a pickle can be taken for one."""


_ARRAY, _TYPE, _RECONSTRUCT, _FROM_BUFFER, _SCALAR = Known(), Known(), Known(), Known(), Known()
_ENCODE, _SET, _FROZEN, _DICTIONARY, _BYTES = Known(), Known(), Known(), Known(), Known()

PLACES: dict[str, Known] = {
    "numpy.ndarray": _ARRAY,
    "numpy.dtype": _TYPE,
    # NumPy 2 calls `core` what was `_core` before, and the other way round; files of both are about.
    **{f"numpy.{core}.multiarray._reconstruct": _RECONSTRUCT for core in ("core", "_core")},
    **{f"numpy.{core}.multiarray.scalar": _SCALAR for core in ("core", "_core")},
    **{f"numpy.{core}.numeric._frombuffer": _FROM_BUFFER for core in ("core", "_core")},
    "_codecs.encode": _ENCODE,
    "collections.OrderedDict": _DICTIONARY,
    **{f"{module}.set": _SET for module in ("builtins", "__builtin__")},
    **{f"{module}.frozenset": _FROZEN for module in ("builtins", "__builtin__")},
    **{f"{module}.bytearray": _BYTES for module in ("builtins", "__builtin__")},
    **{f"{module}.bytes": _BYTES for module in ("builtins", "__builtin__")},
}
"""Names that a pickle of arrays and containers has -> what they stand for here; none is imported."""


def built(made: Made, state: Any) -> None:
    """Give a type its order of bytes, or an array its content, as its ``__setstate__`` would.

    Raises:
        ValueError: a state that is none of numbers.
        TypeError: likewise.
    """
    if made.kind:
        if type(state) is not tuple or len(state) < 5 or state[1] not in ("<", ">", "|", "=") or any(state[2:5]):
            raise ValueError("a type with fields; expected plain numbers")
        made.order = "<" if state[1] == "=" else state[1]
        return
    if type(state) is not tuple or len(state) != 5:
        raise ValueError("content of another form than NumPy's")
    _, shape, of, fortran, data = state
    made.array = _array(data, of, shape, "F" if fortran else "C")


def _array(data: Any, of: Any, shape: Any, order: str) -> np.ndarray:
    if type(of) is not Made or not of.kind:
        raise ValueError("an array without a type of numbers")
    sides = (shape,) if type(shape) is int else shape
    if type(sides) is not tuple or len(sides) > MAX_DIMENSIONS or any(type(one) is not int or one < 0 for one in sides):
        raise ValueError("a shape that is none")
    if isinstance(data, str):  # Python 2 wrote bytes as texts
        data = data.encode("latin-1")
    kind = of.of_numbers
    if type(data) is not bytes or len(data) != math.prod(sides) * kind.itemsize:
        got = f"{len(data):,} bytes" if isinstance(data, bytes) else f"a {type(data).__name__}"
        raise ValueError(f"{got} for a shape of {math.prod(sides):,} {kind}")
    return np.frombuffer(data, kind).reshape(sides, order="F" if order == "F" else "C")


def _reconstructed(kind: Any, shape: Any, _: Any) -> Made:
    if kind is not _ARRAY or shape != (0,):
        raise ValueError("an array of a class of its own")
    return Made()


def _type_of(name: Any, *_: Any) -> Made:
    if type(name) is not str or name not in _KINDS:
        got = repr(name[:20]) if isinstance(name, str) else f"a {type(name).__name__}"
        raise ValueError(f"the type {got}; expected numbers such as f4")
    return Made(kind=name, order="|" if name.endswith("1") else "<")


def _from_buffer(data: Any, of: Any, shape: Any, order: Any) -> Made:
    return Made(array=_array(data, of, shape, "F" if order == "F" else "C"))


def _scalar(of: Any, data: Any = b"") -> int | float | bool:
    return _array(data, of, (1,), "C").item()


def _encoded(text: Any, coding: Any = "latin1") -> bytes:
    if type(text) is not str or coding not in ("latin1", "latin-1"):
        raise ValueError("bytes that are none")
    return text.encode("latin-1")


def _members(kind: type) -> Callable[..., Any]:
    def step(values: Any = ()) -> Any:
        if type(values) not in (list, tuple) or not all(type(one) in (str, int, float, bool) for one in values):
            raise ValueError("a set of other things than texts and numbers")
        return kind(values)

    return step


def _ordered(values: Any = ()) -> dict[Any, Any]:
    if values not in ((), []):
        raise ValueError("an ordered dictionary that begins with content")
    return {}


def _bytes(value: Any = b"", coding: Any = "latin-1") -> bytes:
    if type(value) is bytes:
        return value
    return _encoded(value, coding)


BUILDERS: dict[Known, Callable[..., Any]] = {
    _RECONSTRUCT: _reconstructed,
    _TYPE: _type_of,
    _FROM_BUFFER: _from_buffer,
    _SCALAR: _scalar,
    _ENCODE: _encoded,
    _SET: _members(set),
    _FROZEN: _members(frozenset),
    _DICTIONARY: _ordered,
    _BYTES: _bytes,
}
"""What stands for a name -> what makes a value of its arguments."""
