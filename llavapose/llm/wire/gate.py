r"""What may come in from a server: so large, so deep, signs that can be written and printed, counts that are counts.

    opened(b'{"model": "m\\ud800\\u001b[2J", ...')["model"]      any JSON that a server sends, or a DataError
    name_of("m\ud800\x1b[2J")    "m_[2J"     a name for files, pages and terminals
    prose("a\x1b[31mb")          "a[31mb"    a text that is kept
    one_line("no\nmoney\x1b[2J") "no money[2J"   a server's words within a message of ours
    count_of(2**64)              None        no count: our own estimate holds

Nothing that a server says goes round this file, neither to the ledger nor to a terminal or page.
"""

import json
import re
from typing import Any

from llavapose.errors import DataError

# A reply of 100,000 characters with every one escaped and its log-probabilities; a hundred of them fit into memory.
MAX_BODY = 8 << 20
"""Bytes of one answer, unpacked; what is longer is not read to its end."""

# Five times the longest reply that `max_tokens` of 4,096 allows; a text so long is read within a second.
MAX_TEXT = 100_000
"""Characters of one reply."""

MAX_NAME = 200
"""Characters of a model's name, a reason to stop, a request's id."""

MAX_QUOTED = 200
"""Characters of a server's own words that a message repeats."""

# Beyond the largest context window that is sold, by a factor of five.
MAX_COUNT = 10_000_000
"""Tokens of one prompt or reply; what says more does not count tokens."""

_SURROGATE = re.compile(r"[\ud800-\udfff]")
# C0 but for tab and line feed, C1, and the marks that turn the direction of writing.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# Besides, in a line: separators of lines, marks without width, the byte-order mark.
_NO_LINE = re.compile(r"[\u200b-\u200f\u2028\u2029\u2060-\u2064\ufeff]")
# Letters and digits of any script, and the signs of model names: "org/model-7B:free@2026 (fp8)".
_NO_NAME = re.compile(r"[^\w .,:;/@+()\[\]=~-]")


def opened(content: bytes | str) -> Any:
    """The JSON value of an answer's body or of a batch file's line.

    Milder than the loader of files: half a character in a model's name, or an infinite count, must not cost the text
    that was paid for. What is used of the value goes through the functions below.

    Raises:
        DataError: longer than ``MAX_BODY``, not text, not JSON, or nested too deep.
    """
    if len(content) > MAX_BODY:
        raise DataError(f"longer than {MAX_BODY >> 20} MiB")
    try:
        # UTF-8 by the rule; UTF-16 with or without a mark, as servers on Windows have it.
        text = content if isinstance(content, str) else content.decode(json.detect_encoding(content))
        return json.loads(text.removeprefix("\ufeff"))
    except UnicodeDecodeError as error:
        raise DataError(f"not UTF-8 text (byte {error.start})") from None
    except RecursionError:
        raise DataError("nested too deep") from None
    # Also numbers longer than Python reads.
    except ValueError:
        raise DataError("not JSON") from None


def half_a_character(text: str) -> bool:
    """Whether a text holds half a surrogate pair, as one does that was cut within a character."""
    return _SURROGATE.search(text) is not None


def prose(text: str) -> str:
    """A text without signs that no file takes or that steer a terminal; lines and tabs stay."""
    return _CONTROL.sub("", _SURROGATE.sub("?", text.replace("\r\n", "\n")))


def one_line(text: str) -> str:
    """A server's words on one line, not too many."""
    line = " ".join(_NO_LINE.sub("", prose(text[: 4 * MAX_QUOTED])).split())
    return line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]}..."


def name_of(value: Any) -> str:
    """A name as a server gives it, with nothing in it that means something to a file, a page or a terminal."""
    return _NO_NAME.sub("_", one_line(value))[:MAX_NAME] if isinstance(value, str) else ""


def count_of(value: Any) -> int | None:
    """A number of tokens; None where it is none: missing, negative, not finite, more than any model takes."""
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared before it is converted: NaN fails both, an int may be longer than a float.
    return int(value) if 0 <= value <= MAX_COUNT else None
