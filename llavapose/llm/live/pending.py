"""The requests that still need a reply, out of a stream of any length."""

import asyncio
from collections import deque
from collections.abc import Iterable
from itertools import islice

from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import Counts
from llavapose.llm.ledger.ledger import Ledger

FEW, MANY = 16, 512
"""Requests looked at together: few while they are being sent, many while all have been answered before."""


class Pending:
    """Hands out requests one by one; never looks far ahead.

    Args:
        requests: any number; read only as far as needed.
        ledger: knows which have been answered.
        counts: told of what is skipped.
        retry_failed: ask again what was refused for good in an earlier run.
    """

    def __init__(
        self, requests: Iterable[ChatRequest], ledger: Ledger, counts: Counts, *, retry_failed: bool = False
    ) -> None:
        self._source = iter(requests)
        self._ledger = ledger
        self._counts = counts
        self._failed = set() if retry_failed else set(ledger.failures(lasting_only=True))
        self._pending: set[str] = set()
        self._ready: deque[ChatRequest] = deque()
        self._size = FEW
        # One worker reads on at a time: two would read different parts of the same stream.
        self._turn = asyncio.Lock()

    async def next(self) -> ChatRequest | None:
        """The next request without a reply; None at the end of the stream."""
        async with self._turn:
            while not self._ready:
                if not self._look_ahead():
                    return None
                await asyncio.sleep(0)  # let replies and Ctrl-C through while a long answered stretch is skipped
            self._counts.asked += 1
            return self._ready.popleft()

    def done(self, request: ChatRequest, *, failed: bool) -> None:
        """The request has its reply in the ledger, or has failed."""
        self._pending.discard(request.key)
        if failed:
            self._failed.add(request.key)

    def _look_ahead(self) -> bool:
        chunk = list(islice(self._source, self._size))
        answered = self._ledger.answered(request.key for request in chunk)
        for request in chunk:
            # Each request is counted under one heading, so that the sums add up to what was asked.
            if request.key in answered:
                self._counts.answered_before += 1
            elif request.key in self._failed:
                self._counts.failed_before += 1
            elif request.key in self._pending:
                self._counts.repeated += 1
            else:
                self._pending.add(request.key)
                self._ready.append(request)
                continue
            self._counts.asked += 1
        # A resumed run first skips what it has: long strides there, short ones as soon as one is new.
        self._size = FEW if self._ready else min(2 * self._size, MANY)
        return bool(chunk)
