"""The JSON of a reply: the whole reply, or its one code fence."""

import re
from typing import Any

from llavapose.errors import DataError, ReplyError
from llavapose.plain_json import parse_json

MAX_CHARACTERS = 1_000_000
"""Of one reply; a crowd of a hundred people has about 60,000."""
_FENCE = re.compile(r"```(?:json)?\s(.*?)```", re.DOTALL | re.IGNORECASE)
_ENDS = ("<|im_end|>", "<|endoftext|>")
"""What is left of the model's own end of a turn."""


def plain(reply: str) -> str:
    """The reply without marks of its end.

    Raises:
        ReplyError: it is empty, or longer than any answer.
    """
    if len(reply) > MAX_CHARACTERS:
        raise ReplyError(f"more than {MAX_CHARACTERS:,} characters")
    text = reply.strip()
    while text.endswith(_ENDS):
        for end in _ENDS:
            text = text.removesuffix(end).rstrip()
    if not text:
        raise ReplyError("empty")
    return text


def json_of(reply: str) -> Any:
    """The value that a reply holds; words may stand about a fence, and about nothing else.

    Raises:
        ReplyError: no JSON, several fences, or one that does not end.
    """
    text = plain(reply)
    if "```" in text:
        inner = _FENCE.findall(text)
        if len(inner) != 1 or text.count("```") != 2:
            raise ReplyError("not one whole code fence")
        text = inner[0]
    try:
        return parse_json(text, what="reply", where="JSON", unique=True)
    except DataError as error:
        reason = str(error).removeprefix("reply: JSON ").removesuffix("; fix or remove it")
        raise ReplyError(re.sub(r"\bis (not JSON|no JSON)", r"\1", reason)) from None
