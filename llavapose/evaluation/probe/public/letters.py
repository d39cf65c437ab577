"""Which letter a reply gives. Copied as it stands into task folders: it imports the standard library alone.

A reply counts where it is a letter, or the text behind one, and nothing else.
"""

import re
from collections.abc import Mapping


def letter_among(reply: str, options: Mapping[str, str]) -> str | None:
    """The letter that a reply gives, by itself, with its text, or by the text alone; None otherwise.

    Args:
        reply: of a model.
        options: capital letter -> its text.
    """
    text, letters = reply.strip(), "".join(options)
    alone = rf"(?:(?:the )?answer(?: is|:) ?)?\W{{0,3}}([{letters}])\W{{0,3}}"
    if match := re.fullmatch(alone, text, re.IGNORECASE | re.ASCII):
        return match[1].upper()
    said = {_plain(told): letter for letter, told in options.items()}
    match = re.fullmatch(rf"\W{{0,3}}([{letters}])\W{{1,3}}(\w.*)", text, re.IGNORECASE | re.ASCII)
    if match and said.get(_plain(match[2])) == match[1].upper():
        return match[1].upper()
    return said.get(_plain(text))


def letter_of(reply: str, a: str, b: str) -> str | None:
    """The same between two statements, A and B."""
    return letter_among(reply, {"A": a, "B": b})


def _plain(text: str) -> str:
    return " ".join(text.lower().strip(" .\"'*`").split())
