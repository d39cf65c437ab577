"""A pickle read as data: numbers, texts, containers and NumPy's arrays of numbers; nothing in it is called.

Python's own reader runs whatever a pickle names. This one goes through its opcodes (``pickletools``) and builds values
itself: the few names that arrays and sets are written with are known and stand for code here, any other is refused,
and so is each opcode that makes objects of classes. No size that a pickle claims is believed: bytes must be in the
file, an array's shape must fit its bytes, places in the memory are keys of a dictionary.
"""

import mmap
import pickletools
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.scenes.tracks.arrays import BUILDERS, PLACES, Known, Made, built

MAX_OPCODES = 50_000_000
"""Four times what the largest of pyskl's files has; each opcode makes at most one small value."""
MAX_INT_BITS = 64
"""Numbers of more bits are no data; one of millions of digits takes minutes to print."""

_MARK = object()


class _RefusedError(Exception):
    """What a pickle has that is no data."""


def read_pickle(path: Path, *, what: str) -> Any:
    """The value of a pickle file; arrays are ``arrays.Made`` whose ``array`` is NumPy's.

    Raises:
        DataError: no file, no pickle, or one that holds more than numbers, texts, containers and arrays of numbers.
    """
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _Machine().run(data)
    except FileNotFoundError:
        raise DataError(f"{what}: no file {path}; check the path") from None
    except IsADirectoryError:
        raise DataError(f"{what}: {path} is a folder; expected a pickle") from None
    except _RefusedError as error:
        raise DataError(f"{what}: {path} {error}; nothing of it was run: do not use this file") from None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError, MemoryError, RecursionError) as error:
        reason = shown(str(error)) if str(error) else type(error).__name__
        raise DataError(f"{what}: {path} is no whole pickle ({reason}); download it again") from None


class _Machine:
    """The stack and the memory of one pickle."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memory: dict[int, Any] = {}

    def run(self, data: Any) -> Any:
        """Go through all opcodes; the value on top at the end."""
        # A map of a file reads as a file does; the library's own hints do not say so.
        for number, (opcode, argument, _) in enumerate(pickletools.genops(data)):
            if number > MAX_OPCODES:
                raise _RefusedError(f"has more than {MAX_OPCODES:,} values")
            if opcode.name == "STOP":
                return self._plain(self.stack.pop())
            step = _STEPS.get(opcode.name)
            if step is None:
                raise _RefusedError(f"has the opcode {opcode.name}, which makes more than data")
            step(self, argument)
        raise ValueError("it does not stop")

    def push(self, value: Any) -> None:
        """Put a value on the stack."""
        self.stack.append(value)

    def number(self, value: Any) -> None:
        """Put a number there, if it is one of a sane size."""
        if isinstance(value, int) and value.bit_length() > MAX_INT_BITS:
            raise _RefusedError(f"has a number of {value.bit_length():,} bits")
        self.push(value)

    def pop(self) -> Any:
        """Take the value on top."""
        value = self.stack.pop()
        if value is _MARK:
            raise ValueError("a mark where a value was expected")
        return value

    def marked(self) -> list[Any]:
        """Take all behind the last mark, and the mark."""
        found = []
        while (value := self.stack.pop()) is not _MARK:
            found.append(value)
        return found[::-1]

    def top(self, kind: type) -> Any:
        """The value on top, which must be of a kind."""
        if type(self.stack[-1]) is not kind:
            raise ValueError(f"a {type(self.stack[-1]).__name__} where a {kind.__name__} was expected")
        return self.stack[-1]

    def remember(self, place: int) -> None:
        """Keep the value on top at a place of the memory."""
        value = self.pop()
        self.push(value)
        self.memory[place] = value

    def name(self, module: Any, name: Any) -> None:
        """Put what a known name stands for on the stack.

        Raises:
            _RefusedError: any other name.
        """
        whole = f"{module}.{name}" if isinstance(module, str) and isinstance(name, str) else ""
        if whole not in PLACES:
            raise _RefusedError(f"names {shown(whole)}, which is no data")
        self.push(PLACES[whole])

    def call(self) -> None:
        """What a known name makes of its arguments.

        Raises:
            _RefusedError: anything else that a pickle would have called.
        """
        arguments, name = self.pop(), self.pop()
        builder = BUILDERS.get(name) if type(name) is Known else None
        if builder is None or type(arguments) is not tuple:
            raise _RefusedError(f"would call a {type(name).__name__}, which is no data")
        try:
            self.push(builder(*arguments))
        except (TypeError, ValueError) as error:
            raise _RefusedError(f"has an array that is none ({shown(str(error))})") from None

    def fill(self) -> None:
        """An array or type of numbers that is given its content.

        Raises:
            _RefusedError: any other object.
        """
        state, made = self.pop(), self.pop()
        if type(made) is not Made:
            raise _RefusedError(f"would set attributes of a {type(made).__name__}")
        try:
            built(made, state)
        except (TypeError, ValueError) as error:
            raise _RefusedError(f"has an array that is none ({shown(str(error))})") from None
        self.push(made)

    def pairs(self, flat: list[Any]) -> None:
        """Put keys and values into the dictionary on top."""
        if len(flat) % 2:
            raise ValueError("a key without a value")
        found = self.top(dict)
        for key, value in zip(flat[0::2], flat[1::2], strict=True):
            found[_key(key)] = value

    def extend(self, values: list[Any]) -> None:
        """Put values behind those of the list on top."""
        self.top(list).extend(values)

    def _plain(self, value: Any) -> Any:
        if value is _MARK:
            raise ValueError("a mark where a value was expected")
        return value


def _key(key: Any) -> Any:
    """A key of a dictionary or set: a text or number, whose hash asks nobody."""
    if type(key) not in (str, int, bool, float, bytes, type(None)):
        raise _RefusedError(f"has a {type(key).__name__} as a key; expected texts or numbers")
    return key


def _integer(machine: _Machine, value: Any) -> None:
    machine.number(value)


def _set(machine: _Machine, kind: type) -> None:
    machine.push(kind(_key(one) for one in machine.marked()))


def _add(machine: _Machine, _: Any) -> None:
    values = machine.marked()
    machine.top(set).update(_key(one) for one in values)


def _append(machine: _Machine, _: Any) -> None:
    value = machine.pop()
    machine.extend([value])


def _set_item(machine: _Machine, _: Any) -> None:
    value, key = machine.pop(), machine.pop()
    machine.pairs([key, value])


def _dictionary(machine: _Machine, _: Any) -> None:
    flat = machine.marked()
    machine.push({})
    machine.pairs(flat)


def _tuple_of(num: int) -> Callable[[_Machine, Any], None]:
    def step(machine: _Machine, _: Any) -> None:
        machine.push(tuple(machine.pop() for _ in range(num))[::-1])

    return step


def _constant(value: Any) -> Callable[[_Machine, Any], None]:
    return lambda machine, _: machine.push(value)


def _stack_name(machine: _Machine, _: Any) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


def _global(machine: _Machine, argument: str) -> None:
    # genops writes the two lines of a GLOBAL as one, with a blank between them.
    module, _, name = argument.partition(" ")
    machine.name(module, name)


def _nothing(machine: _Machine, _: Any) -> None:
    """The version of the form, and how its bytes were sent."""


def _drop(machine: _Machine, _: Any) -> None:
    machine.stack.pop()


def _drop_marked(machine: _Machine, _: Any) -> None:
    machine.marked()


_STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    **dict.fromkeys(("PROTO", "FRAME"), _nothing),
    **dict.fromkeys(("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"), _integer),
    **dict.fromkeys(
        (
            "FLOAT", "BINFLOAT", "STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE",
            "BINUNICODE8", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8",
        ),
        _Machine.push,
    ),
    "BYTEARRAY8": lambda machine, argument: machine.push(bytes(argument)),
    "NONE": _constant(None),
    "NEWTRUE": _constant(True),
    "NEWFALSE": _constant(False),
    "MARK": _constant(_MARK),
    "POP": _drop,
    "POP_MARK": _drop_marked,
    "DUP": lambda machine, _: machine.push(machine.stack[-1]),
    "EMPTY_LIST": lambda machine, _: machine.push([]),
    "LIST": lambda machine, _: machine.push(machine.marked()),
    "APPEND": _append,
    "APPENDS": lambda machine, _: machine.extend(machine.marked()),
    "EMPTY_TUPLE": _constant(()),
    "TUPLE": lambda machine, _: machine.push(tuple(machine.marked())),
    "TUPLE1": _tuple_of(1),
    "TUPLE2": _tuple_of(2),
    "TUPLE3": _tuple_of(3),
    "EMPTY_DICT": lambda machine, _: machine.push({}),
    "DICT": _dictionary,
    "SETITEM": _set_item,
    "SETITEMS": lambda machine, _: machine.pairs(machine.marked()),
    "EMPTY_SET": lambda machine, _: machine.push(set()),
    "ADDITEMS": _add,
    "FROZENSET": lambda machine, _: _set(machine, frozenset),
    **dict.fromkeys(("GET", "BINGET", "LONG_BINGET"), lambda machine, place: machine.push(machine.memory[place])),
    **dict.fromkeys(("PUT", "BINPUT", "LONG_BINPUT"), _Machine.remember),
    "MEMOIZE": lambda machine, _: machine.remember(len(machine.memory)),
    "GLOBAL": _global,
    "STACK_GLOBAL": _stack_name,
    "REDUCE": lambda machine, _: machine.call(),
    "BUILD": lambda machine, _: machine.fill(),
}  # fmt: skip
