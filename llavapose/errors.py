"""What a user can get wrong. Every message says what, where, got, expected and what to do next, in one line."""

from typing import Any

MAX_LINE = 1_000
"""Characters of one line of a message; what is longer is cut in its middle. Two paths and a reason have about 400."""


def shown(value: Any, most: int = 80) -> str:
    """A value from outside as a message has it: quoted, nothing in it that a terminal obeys, cut to ``most``."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 20]} ... ({len(text):,} characters)"


def named(name: object, most: int = 80) -> str:
    """A name or path from outside as a message has it: as it is where that can be read, else as ``shown``."""
    text = str(name)
    return text if text.isprintable() and len(text) <= most else shown(text, most)


class LlavaPoseError(Exception):
    """Base of every error that is shown as one line, without a traceback, with exit code 1.

    Its text can be printed anywhere: what a file or a server put into it is escaped where a terminal would obey it, and
    a line is cut where nobody would read on.
    """

    def __str__(self) -> str:
        return "\n".join(map(_printable, super().__str__().split("\n")))


def _printable(line: str) -> str:
    if not line.isprintable():
        line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in line)
    if len(line) > MAX_LINE:
        half = MAX_LINE // 2 - 10
        line = f"{line[:half]} ... {line[-half:]}"
    return line


class ConfigError(LlavaPoseError):
    """A configuration value, name or combination that cannot be used."""


class DataError(LlavaPoseError):
    """A file or record that is missing, broken or not of the promised format."""


class ReplyError(LlavaPoseError):
    """A teacher's or judge's reply that cannot be used; the message is the reason."""


class CheckpointError(LlavaPoseError):
    """A checkpoint folder that is missing, incomplete or does not fit the run."""
