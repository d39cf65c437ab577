"""What came of a batch: replies into the ledger, the rest sent again, or given up with a reason."""

import logging
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import IO

from llavapose.llm.batch.account import Account
from llavapose.llm.batch.book import ANSWERED, FAILED, ApiBatch, Book
from llavapose.llm.batch.lines import Failure, Line, NotThere, read_line
from llavapose.llm.batch.queue import Queue
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest, Completion
from llavapose.llm.counts import Counts
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import Statement, note_charge, note_failure, note_reply, note_sending
from llavapose.llm.wire.gate import MAX_BODY

log = logging.getLogger(__name__)

# A commit takes milliseconds: one a reply would take minutes for a full file. Few enough to be lost and read again.
_AT_ONCE = 200
"""Replies in one transaction."""

NEWER_NAME = "max_completion_tokens"
"""What newer OpenAI models call the longest reply; they refuse the old name and say this one."""


class Collector:
    """Settles batches; each once, whatever interrupts it.

    Args:
        share: of the list price that a batch costs.
        max_tries: sendings of a request that the server may lose until it is given up.

    Attributes:
        limit_name: what later batches have to call the longest reply.
    """

    def __init__(
        self,
        *,
        account: Account,
        queue: Queue,
        book: Book,
        ledger: Ledger,
        budget: Budget,
        counts: Counts,
        share: float,
        max_tries: int,
        limit_name: str,
    ) -> None:
        self._account, self._queue, self._book, self._ledger = account, queue, book, ledger
        self._budget, self._counts = budget, counts
        self._share, self._max_tries = share, max_tries
        self.limit_name = limit_name

    def collect(self, batch: ApiBatch) -> None:
        """Bring in the output and error files of a batch that has ended.

        Raises:
            TryLater: a file could not be had; nothing has changed.
            StopAsking: the batch is settled, but a line says that no request will be answered for now.
        """
        failures: dict[str, Failure] = {}
        with ExitStack() as files:
            # Both first: from here on nothing but this machine can interrupt.
            stores = [files.enter_context(tempfile.TemporaryFile()) for _ in range(2)]
            for file_id, store in zip((batch.output_file_id, batch.error_file_id), stores, strict=True):
                self._fetch(file_id, store)
            # Collected before, up to where it was interrupted: not paid for twice, not counted twice.
            answered = self._had(batch)
            for store in stores:
                lines = self._lines(batch, store, answered)
                # As a stream: an output file may be hundreds of megabytes.
                while some := list(islice(lines, _AT_ONCE)):
                    failures |= {one.key: one.failure for one in some if one.failure is not None}
                    done = [(one.key, one.completion) for one in some if one.completion is not None]
                    self._record(batch, done)
                    answered |= {key for key, _ in done}
        self.settle(batch, failures, answered)

    def settle(self, batch: ApiBatch, failures: Mapping[str, Failure], answered: Iterable[str] = ()) -> None:
        """Close a batch: what was answered is recorded, what is in ``failures`` or missing is sent again or given up.

        Raises:
            StopAsking: see ``collect``.
        """
        missing = TryLater("the server's files do not name it", reason="no line", doubtful=True)
        ending = _Ending(outcomes=dict.fromkeys(answered, ANSWERED))
        # Every request of the batch gets an outcome here, whatever the server's files name or leave out.
        for request in self._book.requests(batch, without=set(ending.outcomes)):
            failure = failures.get(request.key, missing)
            # Tried again under the other name, once: a batch that had the newer name already is refused for good.
            if isinstance(failure, StopAsking) and NEWER_NAME in str(failure) and batch.limit_name != NEWER_NAME:
                self.limit_name = NEWER_NAME
                failure = TryLater(str(failure), reason=NEWER_NAME)
            if isinstance(failure, StopAsking):
                # The first refusal is told, but all of the batch is closed before.
                ending.stop = ending.stop or failure
                self._budget.settle(request, 0.0)
            elif isinstance(failure, RequestFailed):
                self._spend(request, failure, ending)
                # Before the first reply nobody knows whether the requests or the settings are at fault.
                ending.fail(request, failure.reason, lasting=self._counts.answered > 0)
            else:
                self._lost(request, failure, ending)
        self._close(replace(batch, state="collected"), ending)
        if ending.stop is not None:
            raise ending.stop

    def withdraw(self, batch: ApiBatch, note: str) -> None:
        """Close a batch that the server never took on; its requests go into another one, and that was no try."""
        for request in self._book.requests(batch):
            self._budget.settle(request, 0.0)
        self._close(replace(batch, state="withdrawn", note=note), _Ending(outcomes={}))

    def _lost(self, request: ChatRequest, failure: TryLater, ending: "_Ending") -> None:
        """A request that was taken on and got no reply."""
        self._spend(request, failure, ending)
        self._counts.tried_again[failure.reason] += 1
        # This loss is not in the book yet.
        if self._book.num_tries(request.key) + 1 >= self._max_tries:
            ending.fail(request, f"gave up: {failure.reason}", lasting=False)
        else:
            ending.outcomes[request.key] = failure.reason

    def _spend(self, request: ChatRequest, failure: TryLater | RequestFailed, ending: "_Ending") -> None:
        """The money of a request without a reply that can be used: by its own count, else at its worst."""
        usd = 0.0
        if failure.billed is not None:
            usd = self._budget.usd_billed(request, failure.billed, share=self._share)
            ending.statements.append(note_charge(request.key, usd, "a reply that could not be used"))
            self._counts.usd += usd
        elif failure.doubtful:
            # What may have been run must be counted as paid: the cap holds at the worst.
            usd = self._budget.worst_usd(request, share=self._share)
            if usd:
                ending.statements.append(note_sending(self._ledger.new_ticket(), request.key, usd, sent=True))
            self._counts.usd_doubtful += usd
        self._budget.settle(request, usd)

    def _close(self, batch: ApiBatch, ending: "_Ending") -> None:
        keys = self._book.keys(batch)
        # The book first, then the queue: if it cannot be written, memory has not moved on either.
        self._book.close(batch, ending.outcomes, ending.statements)
        for key in keys:
            if key in ending.failed:
                self._queue.settle(key, ending.failed[key])
            elif ending.outcomes.get(key) != ANSWERED:
                self._queue.again(key)

    def _had(self, batch: ApiBatch) -> set[str]:
        """The requests of a batch that were recorded before its collection was interrupted."""
        had = self._ledger.answered(self._book.keys(batch))
        for key in had:
            # Their cost is in the ledger, and so in the budget's start; only what was set aside is given back.
            self._budget.settle(self._book.request(batch, key), 0.0)
            self._queue.settle(key, None)
        return had

    def _fetch(self, file_id: str, store: IO[bytes]) -> None:
        """A file of the server; nothing where there is none (any more)."""
        if not file_id:
            return
        try:
            self._account.download(file_id, store)
        except NotThere:
            log.warning("batch file %s is gone from the server; what it held is asked again", file_id)
        store.seek(0)

    def _lines(self, batch: ApiBatch, store: IO[bytes], had: set[str]) -> Iterator[Line]:
        """The lines that say something new about a request of the batch."""
        keys = set(self._book.keys(batch)) - had
        num_unreadable = num_strange = 0
        # A line that is longer than any reply comes in pieces, none of which can be read.
        while text := store.readline(MAX_BODY):
            line = read_line(self._account.without_key(text)) if text.strip() else None
            if line is None:
                num_unreadable += bool(text.strip())
            elif line.key in keys:
                # A key's first line counts: a server that repeats one must not be paid in our books twice.
                keys.discard(line.key)
                yield line
            else:
                # Lines of requests that were recorded before are expected; others are not ours.
                num_strange += line.key not in had
        if num_unreadable or num_strange:
            log.warning("batch %s: %d lines unreadable, %d of no request", batch.server_id, num_unreadable, num_strange)

    def _record(self, batch: ApiBatch, done: list[tuple[str, Completion]]) -> None:
        """Replies into the ledger, then the money."""
        requests = {key: self._book.request(batch, key) for key, _ in done}
        costs = {key: self._budget.usd_of(requests[key], completion, share=self._share) for key, completion in done}
        notes = (note_reply(key, one, usd=costs[key], tag=requests[key].tag) for key, one in done)
        # On the disk first: what cannot be written does not count as answered.
        self._ledger.write(statement for pair in notes for statement in pair)
        for key, completion in done:
            self._budget.settle(requests[key], costs[key])
            self._budget.learn(requests[key], completion)
            self._counts.usd += costs[key]
            self._queue.settle(key, None)


@dataclass(kw_only=True)
class _Ending:
    """How a batch is closed: outcomes by key, reasons of the requests that failed, what the ledger has to know."""

    outcomes: dict[str, str]
    failed: dict[str, str] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    stop: StopAsking | None = None

    def fail(self, request: ChatRequest, reason: str, *, lasting: bool) -> None:
        """This request will not be sent again in this run; ``lasting``: nor in the next."""
        self.statements.append(note_failure(request.key, reason, tag=request.tag, lasting=lasting))
        self.failed[request.key] = reason
        self.outcomes[request.key] = FAILED
