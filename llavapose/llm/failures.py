"""Why no reply came: for this request, for now, or for every request. No message ever holds an API key."""

from dataclasses import dataclass

from llavapose.errors import LlavaPoseError

CONTENT_POLICY = "content policy"
"""Reason of a request that a model which is there, asked with a good key, read and refused for what it says."""


@dataclass(frozen=True, kw_only=True)
class Billed:
    """The tokens that an endpoint counted for a reply."""

    num_prompt_tokens: int
    num_completion_tokens: int


class RequestFailed(LlavaPoseError):
    """This request cannot be answered, others can: malformed, too long, against the endpoint's policy.

    Attributes:
        reason: a short stable word for counting, e.g. "400", "too long", "content policy".
        lasting: False: what is wrong can be mended on this machine, and the next run asks again.
        doubtful: the endpoint may have charged for it.
        billed: the counts of a reply that cannot be used, where it has any.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        lasting: bool = True,
        doubtful: bool = False,
        billed: Billed | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.lasting = lasting
        self.doubtful = doubtful
        self.billed = billed


class TryLater(LlavaPoseError):
    """No usable reply this time.

    Attributes:
        reason: "429", "timeout", "5xx", "dropped", "no connection", "not json", "empty choices".
        retry_after_s: how long the endpoint asks to wait; None where it does not say.
        throttled: a sign that fewer requests should be under way.
        doubtful: the endpoint may have charged for it.
        billed: the counts of a reply that cannot be used, where it has any.
    """

    def __init__(
        self,
        message: str,
        *,
        reason: str,
        retry_after_s: float | None = None,
        throttled: bool = False,
        doubtful: bool = False,
        billed: Billed | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.retry_after_s = retry_after_s
        self.throttled = throttled
        self.doubtful = doubtful
        self.billed = billed


class StopAsking(LlavaPoseError):
    """No request will be answered until a person does something: no money left, a bad key, an unknown model.

    Attributes:
        reason: "quota", "key", "model", "parameter", "endpoint".
    """

    def __init__(self, message: str, *, reason: str) -> None:
        super().__init__(message)
        self.reason = reason
