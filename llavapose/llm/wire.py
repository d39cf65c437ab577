"""The chat endpoints' own form: a request as JSON, JSON as a reply, and what each kind of refusal means.

Live requests and lines of batch files share it. The form is OpenAI's chat completions, as other servers follow it.
"""

import hashlib
import json
import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from llavapose.llm.chat import ChatRequest, Completion, Message
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.pictures import data_url

MAX_QUOTED = 200
"""Characters of a server's own words that a message repeats."""

_NO_MONEY = ("insufficient_quota", "billing", "insufficient balance", "insufficient_balance", "credit balance")
_TOO_LONG = ("context_length", "context length", "too long", "too large", "maximum context", "prompt is too long")
_POLICY = (
    "content_policy",
    "content_filter",
    "content policy",
    "content management",
    "moderation",
    "flagged",
    "safety",
)


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
    messages = [{"role": message.role, "content": _content(message)} for message in request.messages]
    body: dict[str, Any] = {
        "model": request.model,
        "messages": _joined(messages) if joins_turns else messages,
        limit_name: request.max_tokens,
    }
    if request.temperature is not None:
        body["temperature"] = request.temperature
    if takes_seed and (seed := seed_of(request)) is not None:
        body["seed"] = seed
    return body


def seed_of(request: ChatRequest) -> int | None:
    """The seed that is sent: what is asked again needs another one, or the same reply comes back."""
    if not request.attempt:
        return request.seed
    digest = hashlib.sha256(f"{request.seed}/{request.attempt}".encode()).digest()
    return int.from_bytes(digest[:4]) >> 1  # below 2^31, which every server takes


def _content(message: Message) -> Any:
    """Plain text where there is no picture, as every server takes it; else a list of parts, pictures first."""
    if not message.images:
        return message.text
    parts = [{"type": "image_url", "image_url": {"url": data_url(picture)}} for picture in message.images]
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


def completion_of(text: str, *, latency_s: float = 0.0, request_id: str = "") -> Completion:
    """A reply from the body of an answer with status 200.

    Raises:
        TryLater: not JSON, cut off, no choices; it may have been charged.
        RequestFailed, StopAsking: the body is an error all the same, as some gateways send it.
    """
    try:
        body = json.loads(text)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TryLater(f"the reply is not JSON: {quoted(text)}", reason="not json", doubtful=True)
    if body.get("error"):
        code = body["error"].get("code") if isinstance(body["error"], dict) else None
        raise failure_of(code if isinstance(code, int) and code >= 400 else 500, text)
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        raise TryLater(f"the reply has no choices: {quoted(text)}", reason="empty choices", doubtful=True)
    usage = body.get("usage")
    if not isinstance(usage, dict):
        usage = {}
    return Completion(
        text=_text_of(choices[0].get("message")),
        model=str(body.get("model") or ""),
        finish=str(choices[0].get("finish_reason") or "stop"),
        num_prompt_tokens=_count(usage.get("prompt_tokens")),
        num_completion_tokens=_count(usage.get("completion_tokens")),
        latency_s=latency_s,
        request_id=request_id or str(body.get("id") or ""),
    )


def _text_of(message: Any) -> str:
    """The words of a message: its content, whole or in parts, or else its refusal."""
    if not isinstance(message, dict):
        return ""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return content if isinstance(content, str) and content else str(message.get("refusal") or "")


def _count(value: Any) -> int:
    return int(value) if isinstance(value, int | float) and value > 0 else 0


def failure_of(
    status: int, text: str, headers: Mapping[str, str] | None = None
) -> RequestFailed | TryLater | StopAsking:
    """What an answer with an error status means.

    Args:
        status: HTTP status, 400 or above.
        text: body; OpenAI's form is ``{"error": {"message", "type", "param", "code"}}``.
        headers: names in lower case.
    """
    words = text.lower()
    told = f"{status}: {_message(text)}"
    if status == 402 or (status == 429 and any(sign in words for sign in _NO_MONEY)):
        return StopAsking(
            f"no money left at the endpoint ({told}); top up the account or raise its limit", reason="quota"
        )
    if status == 429 and "request too large" in words:
        return RequestFailed(f"the request alone is over the rate limit ({told})", reason="too long")
    if status in (408, 409, 425, 429) or status >= 500:
        reason = "5xx" if status >= 500 else "timeout" if status == 408 else str(status)
        wait = retry_after_s(headers or {})
        return TryLater(
            f"the endpoint says {told}", reason=reason, retry_after_s=wait, throttled=status in (429, 503, 529)
        )
    if any(sign in words for sign in _POLICY):
        return RequestFailed(f"refused for its content ({told})", reason="content policy")
    if status in (401, 403):
        return StopAsking(
            f"the endpoint refuses the key ({told}); check the variable that api_key_env names", reason="key"
        )
    if status == 404 or "model_not_found" in words:
        return StopAsking(f"the endpoint does not know the model ({told}); check model and base_url", reason="model")
    if "unsupported_parameter" in words or "unsupported_value" in words:
        return StopAsking(f"the endpoint does not take a parameter ({told}); change it", reason="parameter")
    if status == 413 or any(sign in words for sign in _TOO_LONG):
        return RequestFailed(f"the request is too long ({told})", reason="too long")
    return RequestFailed(f"the endpoint refuses the request ({told})", reason=str(status))


def _message(text: str) -> str:
    """The server's own words within an error's body."""
    try:
        error = json.loads(text)["error"]
        return quoted(str(error["message"]) if isinstance(error, dict) else str(error))
    except (ValueError, KeyError, TypeError):
        return quoted(text) or "no reason given"


def quoted(text: str) -> str:
    """A server's words on one line, not too many."""
    line = " ".join(text[: 4 * MAX_QUOTED].split())
    return line if len(line) <= MAX_QUOTED else f"{line[:MAX_QUOTED]}..."


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: ``retry-after-ms``, or ``retry-after`` in seconds or as an HTTP date."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            return max(0.0, float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        return max(0.0, parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError):
        return None
