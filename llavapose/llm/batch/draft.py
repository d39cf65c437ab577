"""The next batch's file, filled up to the first limit that it meets: requests, bytes, tokens, money, one model."""

import hashlib
import tempfile
import uuid
from dataclasses import dataclass, field
from typing import IO

from llavapose.config.endpoint import EndpointConfig
from llavapose.llm.batch.book import ApiBatch
from llavapose.llm.batch.lines import line_of
from llavapose.llm.batch.queue import Queue
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest
from llavapose.llm.failures import RequestFailed


@dataclass(frozen=True, kw_only=True)
class FileLimits:
    """What one file may hold, as OpenAI has it.

    Attributes:
        doubt_s: how long a "start this batch" whose answer was lost may still take effect.
    """

    max_requests: int = 50_000
    max_bytes: int = 200_000_000
    doubt_s: float = 300.0


@dataclass(kw_only=True)
class Draft:
    """A batch to be.

    Attributes:
        file: what is to be uploaded.
        unfit: requests that can never be in a file, and why.
        no_money: the budget kept the next request out.
    """

    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    requests: list[ChatRequest] = field(default_factory=list)
    tokens: float = 0.0
    unfit: list[tuple[ChatRequest, RequestFailed]] = field(default_factory=list)
    no_money: bool = False

    def batch(self, base_url: str, limit_name: str) -> ApiBatch:
        """The row for the book."""
        num_bytes = self.file.tell()
        self.file.seek(0)
        digest = hashlib.file_digest(self.file, "sha256").hexdigest()  # type: ignore[arg-type]
        self.file.seek(0)
        return ApiBatch(
            id=uuid.uuid4().hex,
            state="made",
            base_url=base_url,
            model=self.requests[0].model,
            num_requests=len(self.requests),
            tokens=round(self.tokens),
            num_bytes=num_bytes,
            sha256=digest,
            limit_name=limit_name,
        )


def fill(
    queue: Queue,
    *,
    budget: Budget,
    endpoint: EndpointConfig,
    limits: FileLimits,
    share: float,
    room: float,
    limit_name: str,
) -> Draft:
    """Take requests out of the queue, with their money set aside, as long as they fit.

    Args:
        queue: gives requests, and takes back the first that does not fit.
        budget: where the money is set aside.
        endpoint: what it takes.
        limits: on the file.
        share: of the list price that a batch costs.
        room: tokens that the file may hold; a first request that alone has more goes out all the same.
        limit_name: what the longest reply is called (``wire.body_of``).
    """
    draft = Draft()
    while len(draft.requests) < limits.max_requests and (request := queue.take()) is not None:
        tokens = budget.worst_tokens(request) - request.max_tokens
        try:
            line = line_of(request, endpoint, limit_name)
        except UnicodeEncodeError:
            draft.unfit.append((request, RequestFailed("half a character (a lone surrogate)", reason="not text")))
            continue
        except RequestFailed as failure:
            draft.unfit.append((request, failure))
            continue
        if len(line) > limits.max_bytes:
            draft.unfit.append((request, RequestFailed("over the file's limit", reason="too long")))
            continue
        if draft.requests and (
            draft.file.tell() + len(line) > limits.max_bytes
            or draft.tokens + tokens > room
            or request.model != draft.requests[0].model
        ):
            queue.put_back(request)
            break
        if not budget.reserve(request, share=share):
            draft.no_money = True
            queue.put_back(request)
            break
        draft.file.write(line)
        draft.requests.append(request)
        draft.tokens += tokens
    return draft
