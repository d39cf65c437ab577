"""How many tokens a text is, about: a price can be planned without a tokenizer."""

import re
from collections.abc import Iterable

from llavapose.llm.chat import Message

_PIECE = re.compile(r"\d{1,3}|[^\W\d_]{1,8}|[^\w\s]|_|\s(?=\d)")
PER_MESSAGE = 4
"""Tokens that a message costs besides its text."""


def num_tokens(text: str) -> int:
    """Pieces as byte-pair vocabularies of 100,000 and more cut English.

    Digits by threes, the space before them, short words, signs; an estimate, which ``Budget.learn`` raises where an
    endpoint counts more.
    """
    return len(_PIECE.findall(text))


def num_prompt_tokens(messages: Iterable[Message]) -> int:
    """Tokens of a whole prompt."""
    return sum(PER_MESSAGE + num_tokens(message.text) for message in messages)
