"""A request as the JSON that an endpoint takes."""

import hashlib
from dataclasses import replace
from typing import Any

from llavapose.llm.chat import ChatRequest, Message
from llavapose.llm.pictures import data_url


def body_of(
    request: ChatRequest,
    *,
    takes_seed: bool,
    joins_turns: bool = False,
    limit_name: str = "max_tokens",
) -> dict[str, Any]:
    """The JSON body of a request; only what is set and what the endpoint takes is sent.

    Args:
        request: what is asked.
        takes_seed: send the seed.
        joins_turns: send neighbouring messages of one role as one, for chat templates that insist on taking turns.
        limit_name: what the endpoint calls the longest reply; newer OpenAI models say "max_completion_tokens".

    Raises:
        RequestFailed: a picture's file is gone or has changed.
    """
    sends_seed = takes_seed and seed_of(request) is not None
    said = request.messages if sends_seed and request.temperature != 0 else _marked(request)
    messages = [{"role": message.role, "content": _content(message)} for message in said]
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _joined(messages) if joins_turns else messages,
        limit_name: request.max_tokens,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if sends_seed:
        body["seed"] = seed_of(request)
    return body


# In words, at the end: what a model has read last it minds most, and a space or an id would be normalised away.
ATTEMPT_MARK = "(Attempt {number}: the reply before could not be used. Answer anew.)"
"""Behind the last message of a request that is asked again where no seed makes it another one."""
MARK_TOKENS = 24
"""More than the mark costs."""


def _marked(request: ChatRequest) -> tuple[Message, ...]:
    """The messages as they are sent: asked again without a seed, or with one that draws nothing, they must differ."""
    if not request.attempt:
        return request.messages
    last = request.messages[-1]
    mark = ATTEMPT_MARK.format(number=request.attempt + 1)
    return (*request.messages[:-1], replace(last, text=f"{last.text}\n\n{mark}"))


def seed_of(request: ChatRequest) -> int | None:
    """The seed that is sent: what is asked again needs another one, or the same reply comes back."""
    if not request.attempt:
        return request.seed
    digest = hashlib.sha256(f"{request.seed}/{request.attempt}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1  # below 2^31, which every server takes


def _content(message: Message) -> Any:
    """Plain text where there is no picture, as every server takes it; else a list of parts, pictures first.

    What stands in front of a picture, such as a frame's time, is a part of its own.
    """
    if not message.images:
        return message.text
    before = message.before or ("",) * len(message.images)
    shown = zip(before, message.images, strict=True)
    parts = [
        part
        for text, picture in shown
        for part in (*_parts(text), {"type": "image_url", "image_url": {"url": data_url(picture)}})
    ]
    return [*parts, *_parts(message.text)]


def _parts(content: Any) -> list[dict[str, Any]]:
    if isinstance(content, list):
        return content
    return [{"type": "text", "text": content}] if content else []


def _joined(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for message in messages:
        if not found or found[-1]["role"] != message["role"]:
            found.append(message)
            continue
        before, content = found[-1]["content"], message["content"]
        plain = isinstance(before, str) and isinstance(content, str)
        together = f"{before}\n\n{content}" if plain else [*_parts(before), *_parts(content)]
        found[-1] = {**message, "content": together}
    return found
