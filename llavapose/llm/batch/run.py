"""The work of a run by batches: make them, send them, look after them, collect them; each step noted before the next.

A batch is written down before its file leaves, and once more before it is started. After a crash between those steps
it is looked for in the server's list: found, it is adopted; not found, its requests go into another batch.
"""

import logging
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from tqdm import tqdm

from llavapose.config.endpoint import EndpointConfig
from llavapose.llm.batch.account import Account
from llavapose.llm.batch.book import ApiBatch, Book, summary
from llavapose.llm.batch.collect import Collector
from llavapose.llm.batch.draft import Draft, FileLimits, fill
from llavapose.llm.batch.lines import Failure, NotThere, TokenLimit, is_token_limit, refusal_of
from llavapose.llm.batch.queue import Queue
from llavapose.llm.batch.token_limit import TokenRoom
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest
from llavapose.llm.counts import Counts, State, Tally
from llavapose.llm.failures import RequestFailed, StopAsking, TryLater
from llavapose.llm.ledger.ledger import Ledger

log = logging.getLogger(__name__)

# A batch has a day to run: three are beyond any delay of the list.
FORGOTTEN_S = 3 * 24 * 3600.0
"""A batch that the server does not know so long after it was sent is lost; earlier, something else is wrong."""


class BatchRun:
    """One run; the arguments are those of ``ask_by_batch``."""

    def __init__(
        self,
        requests: Iterable[ChatRequest],
        *,
        account: Account,
        endpoint: EndpointConfig,
        ledger: Ledger,
        budget: Budget,
        limits: FileLimits,
        poll_s: float,
        retry_failed: bool,
    ) -> None:
        self._account, self._endpoint, self._ledger, self._budget = account, endpoint, ledger, budget
        self._limits, self._poll_s = limits, poll_s
        # Of the list price, everywhere in this room.
        self._share = 1.0 - endpoint.batch_discount
        self._counts = Counts()
        self._book = book = Book(ledger)
        self._queue = Queue(requests, ledger=ledger, book=book, counts=self._counts, retry_failed=retry_failed)
        self._collector = Collector(
            account=account,
            queue=self._queue,
            book=book,
            ledger=ledger,
            budget=budget,
            counts=self._counts,
            share=self._share,
            max_tries=endpoint.max_tries,
            # What the last batch had to learn by a refusal need not be learnt again.
            limit_name=book.limit_name(endpoint.base_url) or "max_tokens",
        )
        self._room = TokenRoom(endpoint.enqueued_tokens, poll_s)
        # The last one is kept so that a log of many hours says each trouble once.
        self._trouble = self._last_trouble = ""
        self._more = True
        self._no_money = False

    def run(self, *, wait: bool, progress: bool, total: int | None) -> Tally:
        """Work until all is settled, or until there is nothing to do but wait."""
        bar = tqdm(
            total=total, desc="asking by batch", unit="", file=sys.stderr, dynamic_ncols=True, disable=not progress
        )
        with bar:
            try:
                self._begin()
                state, stopped = self._rounds(bar, wait=wait)
            except KeyboardInterrupt:
                state, stopped = State.interrupted, State.interrupted.value
            except StopAsking as error:
                state, stopped = State.stopped, f"{error.reason}: {error}"
            self._show(bar)
        left = self._book.open()
        if left and progress:
            print(f"under way: {_described(left)}; run the same command to collect them", file=sys.stderr, flush=True)
        return self._counts.tally(state, stopped)

    def _begin(self) -> None:
        """Take up what an earlier run left: its money counts, and what was never started is planned anew."""
        # Whatever the cap is by now: this money is set aside already.
        cap, self._budget.max_usd = self._budget.max_usd, None
        try:
            for batch in self._book.open():
                # Its file may have been uploaded, but nothing was ever started: nothing can have been paid.
                if batch.state == "made":
                    self._collector.withdraw(batch, "stopped before it was started")
                    continue
                for request in self._book.requests(batch):
                    # Of batches elsewhere too: the cap is the ledger's, not an endpoint's.
                    self._budget.reserve(request, share=self._share)
        finally:
            self._budget.max_usd = cap

    def _rounds(self, bar: tqdm, *, wait: bool) -> tuple[State, str | None]:
        """Go on until all is settled, or nothing is left but to wait; how that ended, and why in words."""
        while True:
            self._trouble = ""
            # Collect before sending: what has ended makes room in account and budget.
            self._look_after()
            self._submit()
            self._show(bar)
            ours, all_open = self._ours(), self._book.open()
            # With nothing under way no money will come back either.
            if not ours and self._no_money:
                return State.budget, State.budget.value
            if not ours and not self._more:
                elsewhere = ", ".join(sorted({batch.base_url for batch in all_open}))
                # Another endpoint's batches may hold requests of this stream: it is not done, and cannot be from here.
                if all_open:
                    return State.stopped, f"endpoint: {_described(all_open)} under way at {elsewhere}"
                return State.done, None
            if not wait:
                parts = [_described(ours) + " under way" if ours else "", self._why_not()]
                return State.batches, "; ".join(filter(None, parts))
            # Ctrl-C ends the sleep, and with it the run; batches go on.
            time.sleep(self._poll_s)

    def _why_not(self) -> str:
        """What keeps requests from being sent at the moment."""
        if self._trouble:
            return self._trouble
        if self._no_money:
            return "the budget allows no more for now"
        return "waiting for the account's token limit" if self._more else ""

    def _note_trouble(self, text: str) -> None:
        if text != self._last_trouble:
            log.warning("batches: %s; trying again every %g s", text, self._poll_s)
        self._trouble = self._last_trouble = text

    def _ours(self) -> list[ApiBatch]:
        """The open batches at this endpoint."""
        return [batch for batch in self._book.open() if batch.base_url == self._endpoint.base_url]

    def _look_after(self) -> None:
        """Bring every open batch as far as it goes now; one that cannot go on does not keep the others."""
        stop: StopAsking | None = None
        for batch in self._ours():
            try:
                self._step(batch)
            except TryLater as error:
                self._note_trouble(str(error))
            except StopAsking as error:
                # Raised when all have been looked after: the others' replies are paid for.
                stop = stop or error
        if stop is not None:
            raise stop

    def _step(self, batch: ApiBatch) -> None:
        if batch.state == "creating":
            server_id = self._account.find(batch)
            if server_id is not None:
                batch = self._book.note(replace(batch, state="sent", server_id=server_id))
            # Until then the order may still be on its way, and to send anew would be to pay twice.
            elif time.time() - batch.tried_at > self._limits.doubt_s:
                self._collector.withdraw(batch, "the server never started it")
        if batch.state == "sent":
            batch = self._look(batch)
        if batch.state == "ended":
            self._collector.collect(batch)
            self._room.freed()

    def _look(self, batch: ApiBatch) -> ApiBatch:
        try:
            about = self._account.look(batch)
        except NotThere:
            # Closed as if it had ended without files: its requests are sent again, and counted as doubtful money.
            if time.time() - batch.tried_at > FORGOTTEN_S:
                return self._book.note(replace(batch, state="ended"))
            raise StopAsking(
                f"{self._endpoint.base_url} does not know the batch {batch.server_id} of this run; "
                "use the key of the project that it was sent with",
                reason="endpoint",
            ) from None
        status, files = about.status, {"output_file_id": about.output_file_id, "error_file_id": about.error_file_id}
        found = replace(batch, status=status, num_done=about.num_done)
        # Failed in the check, before anything was run. With files, some requests were: those are collected.
        if status == "failed" and not any(files.values()):
            self._refused(found, about.errors)
            return replace(found, state="withdrawn")
        # "cancelling" is not an end: it becomes "cancelled", with what was done until then.
        if status in ("completed", "expired", "cancelled", "failed"):
            return self._book.note(replace(found, state="ended", **files))
        # Past the check for the first time: the account has room for a batch of this size.
        if status != "validating" and batch.status in ("", "validating"):
            self._room.accepted()
        return found if found == batch else self._book.note(found)

    def _refused(self, batch: ApiBatch, errors: Sequence[dict[str, Any]]) -> None:
        """The server checked a batch and did not take it on."""
        texts = [f"{error['code']}: {error['message']}" for error in errors]
        if any(is_token_limit(text) for text in texts):
            self._wait_for_room(batch, texts[0])
            return
        log.warning("batch %s failed: %s", batch.server_id, "; ".join(texts[:3]) or "no reason given")
        failures = [refusal_of(error) for error in errors]
        for failure in failures:
            if isinstance(failure, StopAsking):
                self._collector.withdraw(batch, str(failure))
                raise failure
        keys = self._book.keys(batch)
        named = {
            # Lines are counted from 1, in the order of the file, which is the book's.
            keys[error["line"] - 1]: failure
            for error, failure in zip(errors, failures, strict=True)
            if error["line"] is not None and 1 <= error["line"] <= len(keys)
        }
        self._lose(batch, f"batch failed: {errors[0]['code'] if errors else 'no reason given'}", named)

    def _lose(self, batch: ApiBatch, reason: str, named: dict[str, Failure]) -> None:
        """Close a batch that was refused as a whole: a try of every request but the ``named``, which have failed."""
        lost: Failure = TryLater(reason, reason=reason)
        self._collector.settle(batch, {key: named.get(key, lost) for key in self._book.keys(batch)})

    def _wait_for_room(self, batch: ApiBatch, text: str) -> None:
        self._collector.withdraw(batch, text)
        self._room.refused(text, tokens=batch.tokens, alone=not self._ours())

    def _submit(self) -> None:
        """Send batches while there are requests, room and money."""
        self._no_money = False
        while (draft := self._draft()) is not None:
            with draft.file:
                if draft.requests and not self._send(draft):
                    return
            # What fitted has been sent; the next look may find money given back.
            if draft.no_money:
                self._no_money = True
                return

    def _draft(self) -> Draft | None:
        """The next batch; None where there is nothing to send, or no room for it."""
        # Asked first: with no request left, room and money do not matter.
        first = self._queue.take()
        self._more = first is not None
        if first is None:
            return None
        self._queue.put_back(first)
        room = self._room.free(self._ours())
        if room <= 0:
            return None
        draft = fill(
            self._queue,
            budget=self._budget,
            endpoint=self._endpoint,
            limits=self._limits,
            share=self._share,
            room=room,
            limit_name=self._collector.limit_name,
        )
        for request, failure in draft.unfit:
            self._ledger.failed(request, failure.reason, lasting=failure.lasting)
            self._queue.settle(request.key, failure.reason)
        return draft

    def _send(self, draft: Draft) -> bool:
        """Write a batch down, upload its file, start it; False: not now."""
        batch = self._book.make(draft.batch(self._endpoint.base_url, self._collector.limit_name), draft.requests)
        # Before anything can fail: settling takes them out again.
        self._queue.under_way.update(request.key for request in draft.requests)
        try:
            file_id = self._account.upload(batch, draft.file)
            # Noted before the order, not after: of a crash between, the book must say that it may have been started.
            batch = self._book.note(replace(batch, state="creating", file_id=file_id, tried_at=time.time()))
            server_id = self._account.create(batch)
        except TryLater as error:
            self._note_trouble(str(error))
            # Otherwise it stays "creating", and the next look searches for it.
            if batch.state == "made" or not error.doubtful:
                self._collector.withdraw(batch, str(error))
            return False
        except TokenLimit as error:
            self._wait_for_room(batch, str(error))
            return False
        except RequestFailed as error:
            self._note_trouble(str(error))
            # A try of each: a file that is refused for ever must come to an end.
            self._lose(batch, f"batch refused: {error.reason}", {})
            return False
        except (NotThere, StopAsking) as error:
            self._collector.withdraw(batch, str(error))
            if isinstance(error, StopAsking):
                raise
            raise StopAsking(f"{error}: it has no Batch API; ask it live", reason="endpoint") from None
        self._book.note(replace(batch, state="sent", server_id=server_id))
        return True

    def _show(self, bar: tqdm) -> None:
        budget, batches = self._budget, self._book.open()
        money = f"${budget.spent_usd:.2f}" + (f" of ${budget.max_usd:.2f}" if budget.max_usd is not None else "")
        enqueued = f"up to ${budget.in_flight_usd:.2f} in {_described(batches)}" if batches else ""
        failed = ", ".join(f"{reason} {number}" for reason, number in self._counts.failed.most_common(4))
        parts = (money, enqueued, failed and f"failed: {failed}", self._why_not())
        # What was answered before took no time and says nothing about the rate.
        bar.initial = self._counts.done - self._counts.answered - self._counts.failed.total()
        bar.set_postfix_str(", ".join(filter(None, parts)), refresh=False)
        bar.update(self._counts.done - bar.n)
        bar.refresh()


def _described(batches: list[ApiBatch]) -> str:
    """The open batches in a few words."""
    num = sum(batch.num_requests for batch in batches)
    return f"{len(batches)} batch{'es' if len(batches) != 1 else ''} of {num:,} requests ({summary(batches)})"
