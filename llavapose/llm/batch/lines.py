"""The lines of the Batch API's files: requests on their way out, replies and errors on their way in.

{"custom_id": "9f2c...", "method": "POST", "url": "/v1/chat/completions", "body": {"model": "gpt-4o", ...}}
{"custom_id": "9f2c...", "response": {"status_code": 200, "body": {"choices": [...]}}, "error": null}
{"custom_id": "9f2c...", "response": null, "error": {"code": "batch_expired", "message": "..."}}
"""

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import LlavaPoseError
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.wire import body_of, completion_of, failure_of

URL: Literal["/v1/chat/completions"] = "/v1/chat/completions"
Failure = RequestFailed | TryLater | StopAsking
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
    line = {"custom_id": request.key, "method": "POST", "url": URL, "body": body}
    return (json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def read_line(text: bytes) -> Line | None:
    """A line of an output or error file; None where it cannot be read."""
    try:
        value = json.loads(text)
        key = str(value["custom_id"])
    except (ValueError, KeyError, TypeError):
        return None
    response = value.get("response")
    if not isinstance(response, dict):
        return Line(key=key, failure=_not_run(value.get("error")))
    body = response.get("body")
    words = body if isinstance(body, str) else json.dumps(body)
    status = response.get("status_code")
    if isinstance(status, int) and status >= 400:
        return Line(key=key, failure=failure_of(status, words))
    try:
        found = completion_of(words, request_id=str(response.get("request_id") or ""))
    except (RequestFailed, TryLater, StopAsking) as failure:
        return Line(key=key, failure=failure)
    # Half a character would keep the whole file out of the ledger.
    return Line(key=key, completion=replace(found, text=found.text.encode(errors="replace").decode()))


def _not_run(error: Any) -> TryLater:
    code = str(error.get("code") or "") if isinstance(error, dict) else ""
    reason = code.removeprefix("batch_").replace("_", " ") or "not run"
    return TryLater(f"the batch ended before the request was run ({reason})", reason=reason)


def refusal_of(error: dict[str, Any]) -> Failure:
    """What an entry in the ``errors`` of a failed batch means: {"code", "message", "line", "param"}."""
    text = json.dumps({"error": error})
    no_money = any(sign in text.lower() for sign in _NO_MONEY)
    return failure_of(429 if no_money else 400, text)


def is_token_limit(text: str) -> bool:
    """Whether a refusal means that too many tokens wait in the account's batches."""
    return "token_limit_exceeded" in text or "enqueued token" in text.lower()
