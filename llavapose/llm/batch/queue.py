"""Which requests go into the next batch: those of the stream that nobody has answered, and those that were lost."""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice

from llavapose.llm.batch.book import Book
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import Counts
from llavapose.llm.ledger.ledger import Ledger

# One look-up in the ledger for many, and still little that is read ahead of need.
_CHUNK = 256
"""Requests looked up together."""


class Queue:
    """The requests still to be sent, one by one; reads the stream no further than needed.

    Args:
        requests: any number.
        ledger: knows which are answered or refused for good.
        book: keeps the text of those that were lost.
        counts: told of what is skipped and of what becomes of the rest.
        retry_failed: send again what was refused for good in an earlier run.

    Attributes:
        under_way: keys of requests that lie in open batches.
    """

    def __init__(
        self, requests: Iterable[ChatRequest], *, ledger: Ledger, book: Book, counts: Counts, retry_failed: bool
    ) -> None:
        self._ledger, self._book, self._counts = ledger, book, counts
        # Only what was refused for good; what was given up may go better today.
        self._failed = {} if retry_failed else ledger.failures(lasting_only=True)
        self._seen: set[str] = set()
        self._settled: dict[str, str | None] = {}
        self._lost: deque[str] = deque()
        self._back: list[ChatRequest] = []
        self._fresh = self._unanswered(iter(requests))
        self.under_way = {key for batch in book.open() for key in book.keys(batch)}

    def take(self) -> ChatRequest | None:
        """The next request; None where there is none now."""
        # What did not fit last time, then what was lost, then new ones: none starves behind a long stream.
        if self._back:
            return self._back.pop()
        while self._lost:
            # Its text is in the book: the stream that brought it has gone by.
            request = self._book.lost(self._lost.popleft())
            if request is not None:
                return request
        return next(self._fresh, None)

    def put_back(self, request: ChatRequest) -> None:
        """Take it back; it comes first the next time."""
        self._back.append(request)

    def again(self, key: str) -> None:
        """A request that was sent has to be sent once more; one that the stream does not hold (yet) is left to it."""
        self.under_way.discard(key)
        if key in self._seen:
            self._lost.append(key)

    def settle(self, key: str, reason: str | None) -> None:
        """A request is answered, or has failed for this reason."""
        self.under_way.discard(key)
        # Two batches may hold it; it is counted once.
        if key in self._settled:
            return
        self._settled[key] = reason
        if key in self._seen:
            self._count(reason)

    def _count(self, reason: str | None) -> None:
        if reason is None:
            self._counts.answered += 1
        else:
            self._counts.failed[reason] += 1

    def _unanswered(self, requests: Iterator[ChatRequest]) -> Iterator[ChatRequest]:
        while chunk := list(islice(requests, _CHUNK)):
            # Decided at once for all of them: later, some may be under way, answered or lost.
            yield from self._sort(chunk)

    def _sort(self, chunk: list[ChatRequest]) -> list[ChatRequest]:
        answered = self._ledger.answered(request.key for request in chunk)
        found, counts = [], self._counts
        for request in chunk:
            counts.asked += 1
            if request.key in self._seen:
                counts.repeated += 1
                continue
            self._seen.add(request.key)
            # Collected from an earlier run's batch before the stream came to it.
            if request.key in self._settled:
                self._count(self._settled[request.key])
            elif request.key in answered:
                counts.answered_before += 1
            elif request.key in self._failed:
                counts.failed_before += 1
            # Else it is under way: neither sent nor counted now, for its batch will settle it.
            elif request.key not in self.under_way:
                found.append(request)
        return found
