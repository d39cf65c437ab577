"""A reply out of the JSON of an answer with status 200."""

import json
from typing import Any

from llavapose.errors import DataError
from llavapose.llm.chat import Completion
from llavapose.llm.failures import Billed, RequestFailed, StopAsking, TryLater
from llavapose.llm.wire.gate import MAX_NAME, MAX_TEXT, count_of, half_a_character, name_of, one_line, opened, prose
from llavapose.llm.wire.refusals import failure_of


def completion_of(content: bytes | str, *, latency_s: float = 0.0, request_id: str = "") -> Completion:
    """A reply from the body of an answer with status 200.

    Raises:
        TryLater: not JSON, cut off, no choices; it may have been charged, by its own count where it has one.
        RequestFailed: a text longer than any that was asked for.
        RequestFailed, StopAsking: the body is an error all the same, as some gateways send it.
    """
    try:
        body = opened(content)
    except DataError as error:
        raise TryLater(f"the reply is {error}: {_start(content)}", reason="not json", doubtful=True) from None
    return reply_in(body, latency_s=latency_s, request_id=request_id)


def reply_in(body: Any, *, latency_s: float = 0.0, request_id: str = "") -> Completion:
    """The same from a body that has been read as JSON."""
    if not isinstance(body, dict):
        raise TryLater("the reply is no JSON object", reason="not json", doubtful=True)
    usage = body["usage"] if isinstance(body.get("usage"), dict) else {}
    prompt, completion = (count_of(usage.get(name)) for name in ("prompt_tokens", "completion_tokens"))
    billed = None
    if prompt is not None and completion is not None:
        billed = Billed(num_prompt_tokens=prompt, num_completion_tokens=completion)
    if body.get("error"):
        raise _failure_in(body["error"], billed)
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
    if choice is None:
        raise TryLater("the reply has no choices", reason="empty choices", doubtful=True, billed=billed)
    text, finish = _text_of(choice.get("message")), choice.get("finish_reason")
    if text is None or not isinstance(finish, str | None):
        # Without a word on how it ended, half a text would pass for a whole one.
        what = "no text" if text is None else "an end that is none"
        raise TryLater(f"the reply has {what}", reason="no text", doubtful=True, billed=billed)
    if half_a_character(text):
        raise TryLater("the reply ends within a character", reason="not text", doubtful=True, billed=billed)
    if len(text) > MAX_TEXT:
        told = f"the reply has {len(text):,} characters; at most {MAX_TEXT:,} are read"
        raise RequestFailed(told, reason="reply too long", lasting=False, doubtful=True, billed=billed)
    # Without a word and without a count, 0 would look like one.
    untold = completion is None and not text
    return Completion(
        text=prose(text),
        model=name_of(body.get("model")),
        finish=name_of(finish) or "stop",
        num_prompt_tokens=0 if untold else prompt or 0,
        num_completion_tokens=completion or 0,
        latency_s=latency_s,
        request_id=name_of(request_id) or name_of(body.get("id")),
    )


def _failure_in(error: Any, billed: Billed | None) -> RequestFailed | TryLater | StopAsking:
    """What an error in an answer with status 200 means, by its own code."""
    code = error.get("code") if isinstance(error, dict) else None
    status = code if isinstance(code, int) and 400 <= code < 600 else 500
    words = error.get("message") if isinstance(error, dict) else error
    failure = failure_of(
        status, json.dumps({"error": {"message": str(words)[:MAX_NAME], "code": str(code)[:MAX_NAME]}})
    )
    if not isinstance(failure, StopAsking):
        failure.billed = billed
    return failure


def _text_of(message: Any) -> str | None:
    """The words of a message: its content, whole or in parts, or else its refusal; None where it can hold none."""
    if not isinstance(message, dict):
        return None
    content = message.get("content")
    if isinstance(content, list) and content:
        parts = [part.get("text") for part in content if isinstance(part, dict)]
        texts = [part for part in parts if isinstance(part, str)]
        return "".join(texts) if texts else None
    if content and not isinstance(content, str):
        return None
    refusal = message.get("refusal")
    said = content if isinstance(content, str) and content else refusal
    return said if isinstance(said, str) else ""


def _start(content: bytes | str) -> str:
    start = content[:MAX_NAME]
    return one_line(start if isinstance(start, str) else start.decode(errors="replace"))
