"""What is said to a chat model and what comes back.

ChatRequest(messages=(Message(role="user", text="..."),), model="gpt-4o", max_tokens=1024, tag="conv")
Completion(text="Question: ...", model="gpt-4o-2024-08-06", finish="stop", num_prompt_tokens=913, ...)
"""

import hashlib
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from llavapose.llm.pictures import Picture

CUT_OFF = ("length", "content_filter")
"""Ends of a reply that stopped before its end."""


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message.

    Attributes:
        role: "system", "user" or "assistant".
        text: what is said.
        images: pictures in front of the text.
        before: what stands in front of each of them, such as a frame's time, as many; none: the pictures alone.
    """

    role: str
    text: str
    images: tuple[Picture, ...] = ()
    before: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """One question to a model.

    Attributes:
        messages: what is said, oldest first.
        model: the model's name at the endpoint.
        max_tokens: longest reply, in tokens.
        temperature: None leaves it to the endpoint.
        seed: sent only where the endpoint takes one.
        attempt: 0, 1, 2, ...: asked again after a reply that could not be used; another seed is sent each time.
        tag: kind of sample, for counting; the only field that is not part of ``key``.
    """

    messages: tuple[Message, ...]
    model: str
    max_tokens: int
    temperature: float | None = None
    seed: int | None = None
    attempt: int = 0
    tag: str = ""

    @cached_property
    def key(self) -> str:
        """SHA-256 in hex over messages, model and parameters: what the ledger knows the request by.

        A picture counts by its content and bound; a request without pictures, or with nothing in front of them, has
        the key that it always had.
        """
        # The last value once said "JSON mode"; replies were paid under such keys.
        asked = (self.model, self.max_tokens, self.temperature, self.seed, self.attempt, False)
        found = hashlib.sha256(repr(asked).encode(errors="surrogatepass"))
        for message in self.messages:
            text = message.text.encode(errors="surrogatepass")
            found.update(f"\n{message.role!r} {len(text)} ".encode(errors="surrogatepass"))  # no two ways to read it
            found.update(text)
            for picture in message.images:
                found.update(f"\npicture {picture.identity}".encode())
            if message.before:
                found.update(f"\nbefore {message.before!r}".encode(errors="surrogatepass"))
        return found.hexdigest()


@dataclass(frozen=True, kw_only=True)
class Completion:
    """One reply.

    Attributes:
        text: what the model wrote.
        model: the served model's own name.
        finish: "stop", "length", "content_filter" or what else the endpoint says.
        num_prompt_tokens, num_completion_tokens: as the endpoint counts them; 0 where it does not say.
        latency_s: from sending to the whole reply.
        request_id: the endpoint's own name for the exchange.
    """

    text: str
    model: str
    finish: str = "stop"
    num_prompt_tokens: int = 0
    num_completion_tokens: int = 0
    latency_s: float = 0.0
    request_id: str = ""


LEAVES: ContextVar[Callable[[], None]] = ContextVar("LEAVES", default=lambda: None)
"""What a model calls the moment before a request leaves this machine, if it has ``tells_leaving``."""


class ChatModel(Protocol):
    """Anything that answers requests.

    One with an attribute ``tells_leaving`` that is true calls ``LEAVES`` just before each sending; of the others a
    request is taken to leave as soon as ``complete`` is called.
    """

    async def complete(self, request: ChatRequest) -> Completion:
        """Answer once, without trying again.

        Raises:
            RequestFailed: this request cannot be answered.
            TryLater: it may be answered later.
            StopAsking: no request will be answered.
        """
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
