"""Workers that ask: money set aside, a note on the disk, the right moment, the reply on the disk, then the next.

Each sending goes through the same steps: ``Pace.get_ready`` (room, rate limits), ``Budget.reserve``, a note in the
ledger that money may be gone, ``Pace.start``, the model, and the reply in the ledger, which takes back the note. A
process killed at any point leaves either the reply or the note.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import DataError
from llavapose.llm.budget import Budget
from llavapose.llm.chat import LEAVES, ChatModel, ChatRequest, Completion
from llavapose.llm.counts import Counts, State
from llavapose.llm.failures import CONTENT_POLICY, RequestFailed, StopAsking, TryLater
from llavapose.llm.ledger.file import Unstorable
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import Statement, drop_sending, note_charge, note_failure, note_reply, note_sending
from llavapose.llm.live.pace import Pace
from llavapose.llm.live.pending import Pending
from llavapose.llm.live.recorder import Recorder

# As OpenAI's own examples back off; longer, and a server that has come back would stand idle.
BACKOFF_S, MAX_BACKOFF_S = 1.0, 60.0
"""Wait before the second sending, doubled before each further one, up to the second number; less up to half of it."""

# A day's quota is used up: better to come back than to hold a machine.
MAX_RETRY_AFTER_S = 3600.0
"""An endpoint that asks to wait longer ends the run."""

# By eye: going too fast is the pace's fault and not the request's.
PATIENCE = 5
"""A request refused for going too fast (429) may be sent this many times more often than one that failed."""

# By eye: a wrong setting is noticed for the price of twenty refusals, which cost nothing.
MAX_IN_A_ROW = 20
"""So many requests without a reply, one after another, end the run: the fault lies not with the requests."""
MAX_FILTERED_IN_A_ROW = 200
"""The same of requests that were refused for their content, which a few pictures in a row may well be."""

# By eye, for the same reason as ``pace.SPARE``.
SPARE_WORKERS = 16
"""Workers beyond those whose requests are under way: they write to the ledger, or wait to try again."""


class Workers:
    """One run over a stream of requests; ``run`` returns when all is done or stopped.

    Attributes:
        state: how the run ended; ``done`` while it goes on.
        stopped: why it ended early, in words; None while it goes on.
        error: what ended it, where that was a fault of the requests' source, the ledger or this program.
        unwritten: replies and failures that the ledger could not take.
    """

    def __init__(
        self,
        *,
        pending: Pending,
        model: ChatModel,
        ledger: Ledger,
        budget: Budget,
        limits: EndpointConfig,
        counts: Counts,
    ) -> None:
        self.state = State.done
        self.stopped: str | None = None
        self.error: Exception | None = None
        self.unwritten: list[Sequence[Statement]] = []
        self.counts = counts
        self.pace = Pace(
            most=limits.max_concurrency,
            requests_per_minute=limits.requests_per_minute,
            tokens_per_minute=limits.tokens_per_minute,
        )
        self._pending, self._model, self._ledger, self._budget = pending, model, ledger, budget
        self._max_tries = limits.max_tries
        self._num_workers = limits.max_concurrency + SPARE_WORKERS
        self._recorder = Recorder(ledger)
        self._workers: list[asyncio.Task[None]] = []
        self._sending: set[asyncio.Task[None]] = set()
        self._recording: set[asyncio.Task[None]] = set()
        self._money_is_free = asyncio.Event()
        self._failed_in_a_row = self._filtered_in_a_row = 0
        self._refused_early: list[tuple[ChatRequest, str]] = []

    async def run(self) -> None:
        """Ask until the stream ends or ``stop`` is called; what is under way then is waited for."""
        self._workers = [asyncio.create_task(self._work()) for _ in range(self._num_workers)]
        await asyncio.wait(self._workers)
        if self._works:
            # Others were answered since: it was these requests that were at fault.
            for request, reason in self._refused_early:
                self._recorder.write(note_failure(request.key, reason, tag=request.tag))
        # Dropped notes of sendings that nobody waits for are still on their way to the disk.
        await self._recorder.close()

    def stop(self, why: str, state: State = State.stopped) -> None:
        """Send nothing more; requests under way are waited for and recorded. The first reason stays."""
        if self.stopped is None:
            self.state, self.stopped = state, why
        # Those that sleep or wait their turn are ended: they have nothing to lose.
        self._cancel(keep=self._sending | self._recording)

    def abort(self) -> None:
        """Wait for nothing but the disk."""
        self._cancel(keep=self._recording)

    def _cancel(self, *, keep: set[asyncio.Task[None]]) -> None:
        for worker in self._workers:
            if worker not in keep and worker is not asyncio.current_task():
                worker.cancel()

    async def _work(self) -> None:
        try:
            while self.stopped is None and (request := await self._pending.next()) is not None:
                await self._ask(request)
        except Exception as error:
            self.error = self.error or error
            self.stop("error")

    async def _ask(self, request: ChatRequest) -> None:
        """Send until there is a reply or no hope."""
        # Counted apart: hundreds may be told to slow down without any being at fault.
        num_failed = num_refused = 0
        while self.stopped is None:
            try:
                await self._send(request)
                return
            except TryLater as error:
                self.counts.tried_again[error.reason] += 1
                num_refused += error.reason == "429"
                num_failed += error.reason != "429"
                asked_s = error.retry_after_s or 0.0
                if asked_s > MAX_RETRY_AFTER_S:
                    self.stop(f"endpoint: it asks to wait {asked_s / 3600:.1f} hours; run the same command then")
                elif num_failed >= self._max_tries or num_refused >= self._max_tries * PATIENCE:
                    await self._fail(request, f"gave up: {error.reason}", error, lasting=False)
                    return
                elif self.stopped is None:
                    await asyncio.sleep(_wait_s(num_failed + num_refused, error.retry_after_s))
            except RequestFailed as error:
                # Before the first reply, in this run or an earlier one, nobody knows whether the requests or the
                # settings are at fault, but for what was refused for its content.
                sure = self._works or error.reason == CONTENT_POLICY
                if error.lasting and not sure:
                    self._refused_early.append((request, error.reason))
                await self._fail(request, error.reason, error, lasting=error.lasting and sure)
                return
            except StopAsking as error:
                self.stop(f"{error.reason}: {error}")

    @property
    def _works(self) -> bool:
        """Whether the endpoint has answered anything, in this run or an earlier one."""
        return self.counts.answered + self.counts.answered_before > 0

    async def _send(self, request: ChatRequest) -> None:
        """Send once and record the reply; raises the model's failures."""
        num_tokens = self._budget.worst_tokens(request)
        await self.pace.get_ready(num_tokens)
        # Of a failure nothing is given back: the endpoint may have counted its tokens.
        unused = 0.0
        try:
            sending = await self._prepare(request)
            if sending is None:
                return
            completion = await self._exchange(sending)
            num_used = completion.num_prompt_tokens + completion.num_completion_tokens
            # Local servers may count nothing, which is no reason to give everything back.
            unused = num_tokens - num_used if num_used else 0.0
        finally:
            self.pace.leave(unused)
        # Behind ``leave``: the next one is made ready while this reply goes to the disk.
        await self._record(sending, completion)

    async def _prepare(self, request: ChatRequest) -> "_Sending | None":
        """Set money aside and note it; None: there is not enough. Waits for what is under way to turn out cheaper."""
        while not self._budget.reserve(request):
            # Nothing that could turn out cheaper: the cap is reached.
            if not self._budget.num_in_flight:
                self.stop("budget", State.budget)
                return None
            # Nothing is awaited between the refusal and here: no news can be missed.
            self._money_is_free.clear()
            await self._money_is_free.wait()
        sending = _Sending(request, self._ledger.new_ticket(), self._budget.worst_usd(request))
        try:
            # A free endpoint needs no notes of money.
            if sending.worst_usd:
                await self._recorder.write(note_sending(sending.ticket, request.key, sending.worst_usd))
        except BaseException:
            self._settle(sending, 0.0)
            raise
        return sending

    async def _exchange(self, sending: "_Sending") -> Completion:
        """Send at the right moment, and settle what it cost."""
        usd, known, completion = 0.0, False, None
        try:
            started = await self.pace.start()
            if sending.worst_usd and not getattr(self._model, "tells_leaving", False):
                self._ledger.sent(sending.ticket)
            # A task's own: other workers' requests leave at other times.
            LEAVES.set(partial(self._ledger.sent, sending.ticket) if sending.worst_usd else _nothing)
            usd = sending.worst_usd  # from here on money may be gone
            try:
                completion = await self._under_way(sending.request)
            except (TryLater, RequestFailed) as error:
                # Doubtful: the request went out, and whether a reply was made and billed nobody can tell.
                usd = usd if error.doubtful else 0.0
                if error.billed is not None:
                    usd, known = self._budget.usd_billed(sending.request, error.billed), True
                if isinstance(error, TryLater) and error.throttled:
                    self.pace.slow_down(started, error.retry_after_s)
                raise
            except StopAsking:
                usd = 0.0
                raise
            finally:
                self.pace.finish()
            usd = self._budget.usd_of(sending.request, completion)
            # Estimates of prompts get better with every bill.
            self._budget.learn(sending.request, completion)
            self.pace.speed_up()
            return completion
        finally:
            self._settle(sending, usd, known=known)
            if completion is None and known:
                self.counts.usd += usd
            elif completion is None:
                self.counts.usd_doubtful += usd

    async def _under_way(self, request: ChatRequest) -> Completion:
        worker = _current()
        self._sending.add(worker)
        try:
            return await self._model.complete(request)
        finally:
            self._sending.discard(worker)

    def _settle(self, sending: "_Sending", usd: float, *, known: bool = False) -> None:
        """The money set aside was not needed, or so much of it is gone; the note goes where nothing is in doubt.

        Args:
            sending: what was, or was not, sent.
            usd: what it cost, at most.
            known: the endpoint itself said so, though its reply cannot be used.
        """
        self._budget.settle(sending.request, usd)
        self._money_is_free.set()
        # Money gone without a reply keeps its note: that is how the next run counts it.
        if sending.worst_usd and known:
            why = "a reply that could not be used"
            self._recorder.write(note_charge(sending.request.key, usd, why), drop_sending(sending.ticket))
        elif sending.worst_usd and not usd:
            self._recorder.write(drop_sending(sending.ticket))

    async def _record(self, sending: "_Sending", completion: Completion) -> None:
        request, usd = sending.request, self._budget.usd_of(sending.request, completion)
        notes = note_reply(request.key, completion, usd=usd, tag=request.tag)
        try:
            # Reply and note in one transaction: at no moment are there both, or neither.
            await self._write([*notes, drop_sending(sending.ticket)] if sending.worst_usd else notes)
        except Unstorable as error:
            # Its note stays: the money is gone.
            self.counts.usd_doubtful += usd
            await self._fail(request, "cannot be stored", error, lasting=False)
            return
        self._pending.done(request, failed=False)
        self.counts.answered += 1
        self.counts.usd += usd
        self._failed_in_a_row = self._filtered_in_a_row = 0

    async def _fail(self, request: ChatRequest, reason: str, error: Exception, *, lasting: bool) -> None:
        await self._write([note_failure(request.key, reason, tag=request.tag, lasting=lasting)])
        self._pending.done(request, failed=True)
        self.counts.failed[reason] += 1
        filtered = reason == CONTENT_POLICY
        self._failed_in_a_row += not filtered
        self._filtered_in_a_row += filtered
        if self._failed_in_a_row >= MAX_IN_A_ROW or self._filtered_in_a_row >= MAX_FILTERED_IN_A_ROW:
            num = max(self._failed_in_a_row, self._filtered_in_a_row)
            self.stop(f"endpoint: {num} requests in a row brought no reply, the last one because {error}")

    async def _write(self, statements: Sequence[Statement]) -> None:
        """Record what must not be lost: not even ``abort`` ends it."""
        worker = _current()
        self._recording.add(worker)
        try:
            await self._recorder.write(*statements)
        except Unstorable:
            # Not even with room on the disk.
            raise
        except DataError:
            self.unwritten.append(statements)
            raise
        finally:
            self._recording.discard(worker)


@dataclass(frozen=True)
class _Sending:
    request: ChatRequest
    ticket: int
    worst_usd: float


def _nothing() -> None:
    """A free endpoint needs no marks."""


def _current() -> asyncio.Task[None]:
    worker = asyncio.current_task()
    assert worker is not None
    return worker


def _wait_s(num_tries: int, retry_after_s: float | None) -> float:
    """Seconds before the next sending: what the endpoint asks for and a little, or twice as long each time."""
    # Drawn, so that requests that failed together are not sent together.
    backoff_s = min(MAX_BACKOFF_S, BACKOFF_S * 2.0 ** (num_tries - 1)) * random.uniform(0.5, 1.0)
    return backoff_s if retry_after_s is None else retry_after_s + 0.1 * backoff_s
