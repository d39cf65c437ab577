"""What a user can get wrong. Every message says what, where, got, expected and what to do next, in one line."""

import errno
import re
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

    Attributes:
        goes_on_with: the setting that, added to the command, lets it go on; None where there is none.
        on_all_ranks: whether every rank of a run raises it in the same words: then the first one alone is shown.
        exit_code: of the process.
    """

    exit_code: int = 1
    goes_on_with: str | None = None
    on_all_ranks: bool = False

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


class StoppedError(LlavaPoseError):
    """A run that the machine asked to stop, and that has saved where it was."""

    goes_on_with = "resume=true"
    on_all_ranks = True


class DiskError(LlavaPoseError):
    """What a disk or the operating system refuses: full, read-only, a file where a folder should be."""


_GOES_ON = "what was finished is kept, and the same command goes on (train.py: with resume=true)"
_CHOOSE = "give output_dir (or data_dir) a folder that can be written"
_REFUSALS = {
    errno.ENOSPC: f"the disk is full; free some space: {_GOES_ON}",
    errno.EDQUOT: f"your quota on this disk is used up; free some space: {_GOES_ON}",
    errno.EFBIG: f"larger than a file may be here (ulimit -f, or the disk's limit); raise it: {_GOES_ON}",
    errno.EROFS: f"the disk is read-only; {_CHOOSE}",
    errno.EACCES: f"no permission; {_CHOOSE}",
    errno.EPERM: f"no permission; {_CHOOSE}",
    errno.EEXIST: f"a file, and a folder is needed there; move it away, or {_CHOOSE}",
    errno.ENOTDIR: f"a file on the way, and a folder is needed there; move it away, or {_CHOOSE}",
    errno.EISDIR: "a folder, and a file is needed there; move it away",
    errno.ENAMETOOLONG: "the name is too long for this disk; give a shorter output_dir or arm",
    errno.ELOOP: "a link that leads back to itself; mend it",
    errno.EMFILE: "too many open files; raise the limit (ulimit -n), or use fewer workers",
    errno.EIO: f"the disk reports an error; look at it: {_GOES_ON}",
    errno.ESTALE: f"the network disk lost this file; mount it again: {_GOES_ON}",
}
_WRITERS_FAILED = re.compile(
    r"PytorchStreamWriter|file write failed|No space left on device|os error 28|code: 28|Quota exceeded|os error 122|"
    r"database or disk is full|disk I/O error|File too large|code: 27|unexpected pos \d+"
)
"""What torch, safetensors and SQLite say when they cannot write; their errors carry no number."""


def disk_words(error: BaseException) -> str | None:
    """One line about an error that came from the disk; None where it did not."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, OSError) and seen.errno in _REFUSALS and not isinstance(seen, ConnectionError):
            place = f"{seen.filename}: " if isinstance(seen.filename, str | bytes) else ""
            return f"cannot write: {place}{_REFUSALS[seen.errno]}"
        if not isinstance(seen, LlavaPoseError) and _WRITERS_FAILED.search(str(seen)):
            return f"cannot write ({' '.join(str(seen).split())[:200]}): is the disk full? {_GOES_ON}"
        seen = seen.__cause__ or seen.__context__
    return None
