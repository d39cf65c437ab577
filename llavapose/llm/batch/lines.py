"""The lines of the Batch API's files: requests on their way out, replies and errors on their way in.

{"custom_id": "9f2c...", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o", ...}}
{"custom_id": "9f2c...", "response": {"status_code": 200, "body": {"choices": [...]}}, "error": null}
{"custom_id": "9f2c...", "response": null, "error": {"code": "batch_expired", "message": "..."}}
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import DataError, LlavaPoseError
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.wire.body import body_of
from llavapose.llm.wire.gate import name_of, opened
from llavapose.llm.wire.refusals import failure_of
from llavapose.llm.wire.reply import completion_of, reply_in

URL: Literal["/v1/chat/completions"] = "/v1/chat/completions"
Failure = RequestFailed | TryLater | StopAsking
# A reason is counted by its words: a server that says something else each time must not fill the screen.
_LONGEST_REASON = 40
# How endpoints word it when an account is empty.
_NO_MONEY = ("quota", "billing", "balance")


class TokenLimit(LlavaPoseError):
    """Too many tokens wait in the account's batches; nothing was taken on."""


class NotThere(LlavaPoseError):
    """The server does not know the file, the batch or the whole Batch API."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """What a line says about the request with this key: its completion, or why there is none."""

    key: str
    completion: Completion | None = None
    failure: Failure | None = None


def line_of(request: ChatRequest, endpoint: EndpointConfig, limit_name: str) -> bytes:
    """A request as a line of the file that is uploaded; ``limit_name`` as in ``body_of``.

    Raises:
        UnicodeEncodeError: a message holds half a character (a lone surrogate).
        RequestFailed: a picture's file is gone or has changed.
    """
    body = body_of(
        request,
        takes_seed=endpoint.takes_seed,
        joins_turns=endpoint.joins_turns,
        limit_name=limit_name,
    )
    # Our key comes back with the reply: the order of the output file is not that of the input.
    line = {"custom_id": request.key, "method": "POST", "url": URL, "body": body}
    # Without escapes and spaces: bytes count toward the file's limit.
    return (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read_line(text: bytes) -> Line | None:
    """A line of an output or error file; None where it cannot be read."""
    try:
        value = opened(text)
    except DataError:
        return None
    key = value.get("custom_id") if isinstance(value, dict) else None
    if not isinstance(key, str):
        return None
    response = value.get("response")
    if not isinstance(response, dict):
        return Line(key=key, failure=_not_run(value.get("error")))
    body, status = response.get("body"), response.get("status_code")
    # A refusal of this one request, in the form of the live endpoint: read by the same rules.
    if isinstance(status, int) and 400 <= status < 600:
        return Line(key=key, failure=failure_of(status, body if isinstance(body, str) else _error_of(body)))
    name = response.get("request_id")
    request_id = name if isinstance(name, str) else ""
    try:
        # Some servers put the body in as text.
        if isinstance(body, str):
            return Line(key=key, completion=completion_of(body, request_id=request_id))
        found = reply_in(body, request_id=request_id)
        return Line(key=key, completion=found)
    except (RequestFailed, TryLater, StopAsking) as failure:
        return Line(key=key, failure=failure)


def _error_of(body: Any) -> str:
    """The error of a body that has been read as JSON, as text again: its words, and not all that lies around them."""
    error = body.get("error") if isinstance(body, dict) else None
    named = error if isinstance(error, dict) else {"message": error}
    words = {name: named.get(name) for name in ("message", "type", "param", "code")}
    return json.dumps({"error": {name: one for name, one in words.items() if isinstance(one, str | int)}})


def _not_run(error: Any) -> TryLater:
    code = name_of(error.get("code")) if isinstance(error, dict) else ""
    # "batch_expired" -> "expired"; a line with neither response nor error was not run.
    reason = code.removeprefix("batch_").replace("_", " ")[:_LONGEST_REASON] or "not run"
    return TryLater(f"the batch ended before the request was run ({reason})", reason=reason)


def refusal_of(error: dict[str, Any]) -> Failure:
    """What an entry in the ``errors`` of a failed batch means: {"code", "message", "line", "param"}."""
    text = _error_of({"error": error})
    no_money = any(sign in text.lower() for sign in _NO_MONEY)
    # Batches carry no status of their own: the one that the live endpoint would give.
    return failure_of(429 if no_money else 400, text)


def is_token_limit(text: str) -> bool:
    """Whether a refusal means that too many tokens wait in the account's batches."""
    # The code of a batch that failed, and the words of a refusal at the start.
    return "token_limit_exceeded" in text or "enqueued token" in text.lower()
