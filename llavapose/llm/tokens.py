"""How many tokens a text is, about: no tokenizer is needed to know a price within a few percent."""

import re
from collections.abc import Iterable

from llavapose.llm.chat import Message

_PIECE = re.compile(r"\d{1,3}|[^\W\d_]{1,8}|[^\w\s]|_")
PER_MESSAGE = 4
"""Tokens that a message costs besides its text."""


def num_tokens(text: str) -> int:
    """Pieces as byte-pair vocabularies of 100,000 and more cut English: digits by threes, short words, signs."""
    return len(_PIECE.findall(text))


def num_prompt_tokens(messages: Iterable[Message]) -> int:
    """Tokens of a whole prompt."""
    return sum(PER_MESSAGE + num_tokens(message.text) for message in messages)
