"""What a misbehaviour is made of: an exchange, the steps that answer it, and HTTP in bytes."""

from __future__ import annotations

import enum
import functools
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

RAW = "@raw@"
"""Stands in a value given to `encode` where text that `json.dumps` cannot write is to go."""


class Usage(enum.Enum):
    """What the server charges for a reply, and whether the client can know it."""

    GIVEN = "given"
    """A finite, sensible usage is in the body, and it is what the server charges."""
    MISSING = "missing"
    """The server charges, but the usage is missing, absurd or unreadable: estimate it."""
    NOTHING = "nothing"
    """The server charges nothing."""


class End(enum.Enum):
    """How a response may end its connection; without one, the connection lives on."""

    CLOSE = "close"
    STALL = "stall"
    """Say nothing more and wait until the client leaves."""


Step = bytes | float | End
"""One step of a response: bytes to send, seconds to pause, or the end of the connection."""


@dataclass(frozen=True)
class Exchange:
    """One request about to be answered.

    Attributes:
        text: The text of the reply.
        model: The model the request asked for.
        prompt_tokens: The true number of tokens in the request.
        completion_tokens: The true number of tokens in the text.
        turn: A number drawn from the request, for a misbehaviour that takes several forms.
        authorization: The request's Authorization header, or the empty string.
        port: The port the server listens on.
    """

    text: str
    model: Any
    prompt_tokens: int
    completion_tokens: int
    turn: int
    authorization: str
    port: int

    def pick(self, *forms: Any) -> Any:
        """Returns the form whose turn it is."""
        return forms[self.turn % len(forms)]

    def choice(self, content: Any, finish_reason: Any = "stop") -> dict[str, Any]:
        """Returns one choice with this content."""
        message = {"role": "assistant", "content": content}
        return {"index": 0, "message": message, "finish_reason": finish_reason}

    def completion(self, **changes: Any) -> dict[str, Any]:
        """Returns a proper chat completion, with changes.

        Args:
            **changes: Fields to set instead; a field set to `...` is left out.
        """
        proper = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_700_000_000,
            "model": self.model,
            "choices": [self.choice(self.text)],
            "usage": {
                "prompt_tokens": self.prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "total_tokens": self.prompt_tokens + self.completion_tokens,
            },
        }
        return {key: value for key, value in (proper | changes).items() if value is not ...}


@dataclass(frozen=True)
class Misbehaviour:
    """One way for a server to answer badly, or strangely.

    Attributes:
        name: A plain name in snake case.
        told: What the server does, in one line.
        respond: Yields the steps of one response.
        usage: What the server charges, and whether the client can know it.
        counts_as_good: Whether a sensible client takes the reply's text as a good reply.
        alter: Makes the text that is sent from the text of a good reply.
    """

    name: str
    told: str
    respond: Callable[[Exchange], Iterator[Step]]
    usage: Usage
    counts_as_good: bool
    alter: Callable[[str], str] = str


def encode(value: Any, raw: str = "") -> bytes:
    """Returns the value as ASCII JSON, with `raw` wherever the value holds `RAW`."""
    return json.dumps(value).replace(f'"{RAW}"', raw).encode("ascii")


def head(status: str, *headers: str, version: str = "HTTP/1.1") -> bytes:
    """Returns a status line and headers, with the empty line that ends them."""
    lines = "\r\n".join((f"{version} {status}", *headers))
    return f"{lines}\r\n\r\n".encode("latin-1")


def whole(body: bytes, *headers: str, status: str = "200 OK", kind: str = "application/json") -> bytes:
    """Returns a complete, well-framed response."""
    length = f"Content-Length: {len(body)}"
    return head(status, f"Content-Type: {kind}", length, *headers) + body


def failure(status: str, message: Any, *headers: str) -> bytes:
    """Returns a complete error response of the usual shape."""
    error = {"message": message, "type": "server_error", "code": None}
    return whole(encode({"error": error}), *headers, status=status)


def chunk(data: bytes) -> bytes:
    """Returns the data as one chunk of the chunked transfer coding."""
    return b"%x\r\n%s\r\n" % (len(data), data)


CHUNKED = head("200 OK", "Content-Type: application/json", "Transfer-Encoding: chunked")
LAST_CHUNK = b"0\r\n\r\n"

MEBIBYTE = 1 << 20


@functools.cache
def bomb() -> bytes:
    """Returns 256 MB of blanks as gzip, built from one block that is packed only once."""
    block, blocks = b" " * MEBIBYTE, 256
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    packed = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(blocks):
        checksum = zlib.crc32(block, checksum)
    trailer = checksum.to_bytes(4, "little") + (blocks * len(block)).to_bytes(4, "little")
    return b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + packed * blocks + packer.flush() + trailer
