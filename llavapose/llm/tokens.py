"""How many tokens a text is, about: a price can be planned without a tokenizer."""

import math
import re
from collections.abc import Iterable
from functools import lru_cache

from llavapose.llm.chat import Message
from llavapose.llm.pictures import Picture

_PIECE = re.compile(r"\d{1,3}|[^\W\d_]{1,8}|[^\w\s]|_|\s(?=\d)")
PER_MESSAGE = 4
"""Tokens that a message costs besides its text."""


def num_tokens(text: str) -> int:
    """Pieces as byte-pair vocabularies of 100,000 and more cut English.

    Digits by threes, the space before them, short words, signs; an estimate, which ``Budget.learn`` raises where an
    endpoint counts more.
    """
    return len(_PIECE.findall(text))


_WORD = re.compile(r"\w+|[^\w\s]+")
# Vocabularies of 200,000 join a word with its neighbour at most, and 128 spaces or signs of one kind.
_LONGEST_TOKEN = 128


def fewest_tokens(text: str) -> int:
    """Fewer than any vocabulary in use makes of a text; an endpoint that counts less does not count tokens."""
    # Words and not pieces: a row of forty "=" is forty pieces, and may be one token.
    return max(sum(1 for _ in _WORD.finditer(text)) // 2, len(text) // _LONGEST_TOKEN)


def fewest_prompt_tokens(messages: Iterable[Message]) -> int:
    """The same of a whole prompt; of pictures nothing is sure."""
    return sum(_fewest_tokens(message.text) for message in messages)


def num_picture_tokens(picture: Picture) -> int:
    """Tokens of a picture, rather too many than too few.

    The larger of two rules, as no request says which one its endpoint follows. OpenAI's for GPT-4o (its guide to
    images and vision, "high" detail): fit into 2,048 x 2,048 pixels, scale the shorter side to 768, 85 tokens and 170
    for each tile of 512 x 512. Anthropic's (its guide to vision): width x height / 750; models that cut a picture into
    patches of 28 x 28 pixels count about as many. A model that counts more is learnt by ``Budget.learn``.
    """
    width, height = picture.sent_size
    # Small pictures are made larger too: not every server leaves them small.
    share = min(768 / min(width, height), 2048 / max(width, height))
    tiles = math.ceil(width * share / 512) * math.ceil(height * share / 512)
    return max(85 + 170 * tiles, math.ceil(width * height / 750))


def num_prompt_tokens(messages: Iterable[Message]) -> int:
    """Tokens of a whole prompt, pictures included."""
    return sum(
        PER_MESSAGE
        + sum(map(_num_tokens, (*message.before, message.text)))
        + sum(map(num_picture_tokens, message.images))
        for message in messages
    )


@lru_cache(maxsize=256)  # prompts and few-shot turns come again and again
def _num_tokens(text: str) -> int:
    return num_tokens(text)


@lru_cache(maxsize=256)
def _fewest_tokens(text: str) -> int:
    return fewest_tokens(text)
