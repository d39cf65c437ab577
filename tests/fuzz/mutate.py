"""Seeded damage: what half-written files, wrong encodings, other tools and bad luck make of good input."""

import copy
import json
import random
from typing import Any

DEEP = "a list in a list in a list ..."
"""Stands for what ``json.dumps`` cannot write; ``as_bytes`` puts the text of it in."""
NASTY: tuple[Any, ...] = (
    None, True, False, 0, -1, -0.5, 1e-320, 1e308, 2**31, 2**63, 2**64, -(2**70), 10**400, float("nan"), float("inf"),
    -float("inf"), "", " ", "\n", "0", "nan", "\x00", "\x1b[31m", "\ud800", "\u202eabc", "a\u2028b", "é" * 300,
    "x" * 5000, "../../etc/passwd", "/etc/passwd", "a\\b", "C:x.png", "http://host/x.png", "a/" * 600, "x" * 260,
    "<image>", "see <image> here", "<image>" * 3, "<s>", "</s> <unk> <pad>", "[INST]", "%s {0} ${a}", [], {}, [[]],
    [None], [[1, 2], 3], {"": {}}, {"a": None}, [0] * 51, [1.5, "x"], DEEP,
)  # fmt: skip
BYTES = (b"\x00", b"\xff", b"\xed\xa0\x80", b"\r\n", b"\n", b"\xef\xbb\xbf", b'"', b"{", b"[", b"]", b"}", b",", b":",
         b"\\", b"\\u", b"\\ud800", b"NaN", b"-Infinity", b"1e999", b"9" * 5000, b"[" * 5000, b'{"a":' * 3000,
         b"\xe2\x80\xa8", b"\x1b[2J", b"<image>")  # fmt: skip


def damaged_value(value: Any, rng: random.Random) -> Any:
    """A copy of JSON values with one to three places changed: another value, one away, one twice, two swapped."""
    root = [copy.deepcopy(value)]
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        holder, key = rng.choice(list(_places(root)))
        how = rng.random()
        if how < 0.6 or holder is root:
            holder[key] = copy.deepcopy(rng.choice(NASTY))
        elif how < 0.75:
            del holder[key]
        elif isinstance(holder, list):
            holder.insert(rng.randint(0, len(holder)), copy.deepcopy(rng.choice(holder)))
        else:
            other = rng.choice(list(holder))
            holder[key], holder[other] = holder[other], holder[key]
    return root[0]


def _places(root: list[Any]) -> Any:
    """(list or dict, index or key) of every value inside."""
    left: list[Any] = [root]
    while left:
        one = left.pop()
        for key, inner in one.items() if isinstance(one, dict) else enumerate(one):
            yield one, key
            if isinstance(inner, dict | list):
                left.append(inner)


def as_bytes(value: Any) -> bytes:
    """The values as a JSON text, with what no writer of JSON should write."""
    text = json.dumps(value).replace(json.dumps(DEEP), "[" * 3000 + "]" * 3000)
    return text.encode()


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """One to three cuts, flips, insertions, repetitions or losses anywhere."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        at = rng.randrange(len(content) + 1)
        end = min(len(content), at + rng.choice((1, 1, 2, 8, 64, 512)))
        how = rng.randrange(6)
        if how == 0:
            content = content[:at]
        elif how == 1:
            content = content[:at] + bytes([rng.randrange(256)]) + content[end:]
        elif how == 2:
            content = content[:at] + rng.choice(BYTES) + content[at:]
        elif how == 3:
            content = content[:at] + content[end:]
        elif how == 4:
            content = content[:end] + content[at:]
        else:
            content = content[:at] + rng.choice(BYTES) + content[end:]
    return content


def damaged_json(value: Any, rng: random.Random) -> bytes:
    """A JSON text damaged in its values, in its bytes, or in both."""
    how = rng.random()
    content = as_bytes(damaged_value(value, rng) if how < 0.75 else value)
    return damaged_bytes(content, rng) if how > 0.6 else content


def damaged_text(text: str, rng: random.Random) -> str:
    """A reply as a client hands it on: any characters, no matter which."""
    content = damaged_bytes(text.encode(), rng).decode("utf-8", "replace")
    if rng.random() < 0.3:
        at = rng.randrange(len(content) + 1)
        nasty = rng.choice([one for one in NASTY if isinstance(one, str) and one is not DEEP])
        content = content[:at] + nasty + content[at:]
    return content
