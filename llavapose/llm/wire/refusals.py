"""What an answer with an error status means: for this request, for now, or for every request."""

import time
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from llavapose.errors import DataError
from llavapose.llm.failures import CONTENT_POLICY, RequestFailed, StopAsking, TryLater
from llavapose.llm.wire.gate import one_line, opened

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


def failure_of(
    status: int, text: str, headers: Mapping[str, str] | None = None
) -> RequestFailed | TryLater | StopAsking:
    """What an answer with an error status means.

    Args:
        status: HTTP status, 300 or above.
        text: body; OpenAI's form is ``{"error": {"message", "type", "param", "code"}}``.
        headers: names in lower case.
    """
    words = text.lower()
    told = f"{status}: {_message(text)}"
    if status < 400:
        return TryLater(f"the endpoint sends us elsewhere ({status}); check base_url", reason="elsewhere")
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
        return RequestFailed(f"refused for its content ({told})", reason=CONTENT_POLICY)
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
        error = opened(text)["error"]
        words = error["message"] if isinstance(error, dict) else error
    except (DataError, KeyError, TypeError):
        words = None
    return one_line(words if isinstance(words, str) else text) or "no reason given"


# A quota of a month is the longest that is told; what is longer, or no number, is none.
MOST_RETRY_AFTER_S = 31 * 24 * 3600.0
"""Longest wait that a server is believed."""


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds that a server asks to wait: ``retry-after-ms``, or ``retry-after`` in seconds or as an HTTP date."""
    for name, unit in (("retry-after-ms", 1e-3), ("retry-after", 1.0)):
        try:
            return _believed(float(headers[name]) * unit)
        except (KeyError, ValueError):
            continue
    try:
        return _believed(parsedate_to_datetime(headers["retry-after"]).timestamp() - time.time())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _believed(seconds: float) -> float | None:
    # NaN is below nothing and above nothing.
    return max(0.0, seconds) if seconds <= MOST_RETRY_AFTER_S else None
