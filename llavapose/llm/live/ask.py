"""Ask any number of requests: each paid once, each reply on the disk before anybody sees it, whatever happens.

    tally = ask_all(requests, model=lambda: open_endpoint(config), ledger=ledger, budget=budget, limits=config)
    print(tally.summary())

Kill it, unplug it, run it again: what the ledger holds is not asked again.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from llavapose.config.endpoint import EndpointConfig
from llavapose.errors import DataError
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatModel, ChatRequest
from llavapose.llm.counts import Counts, State, Tally
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.live.display import interrupts, show
from llavapose.llm.live.pending import Pending
from llavapose.llm.live.workers import Workers

# All replies are recorded by then: a server that does not hang up is left.
CLOSE_S = 5.0
"""Longest wait for connections to close."""


def ask_all(
    requests: Iterable[ChatRequest],
    *,
    model: Callable[[], ChatModel],
    ledger: Ledger,
    budget: Budget,
    limits: EndpointConfig,
    progress: bool = True,
    total: int | None = None,
    retry_failed: bool = False,
) -> Tally:
    """Ask every request that the ledger has no reply to, and record the replies.

    Args:
        requests: read as a stream, a little ahead of what is sent.
        model: called once, within the event loop.
        ledger: where replies, failures and notes of sendings go.
        budget: prices and the cap; its ``spent_usd`` should start from ``ledger.spent_usd()``.
        limits: concurrency, rates, tries.
        progress: show a live line on stderr.
        total: how many requests there are, for the line.
        retry_failed: ask again what an endpoint refused for good in an earlier run. What was only given up (timeouts,
            server errors) is asked again in any case.

    Raises:
        DataError: the ledger cannot be written; what it held before stays.
        LlavaPoseError: whatever ``requests`` or ``model`` raise, after replies under way have been recorded.
    """
    counts = Counts()
    pending = Pending(requests, ledger, counts, retry_failed=retry_failed)
    # A loop of its own for every call: nothing of one run is left over in the next.
    workers = asyncio.run(_run(pending, model, ledger, budget, limits, counts, total if progress else None, progress))
    _write_late(workers, ledger)
    if workers.error is not None:
        # Only now: what was under way has been recorded, or its loss told.
        raise workers.error
    return counts.tally(workers.state, workers.stopped)


async def _run(
    pending: Pending,
    open_model: Callable[[], ChatModel],
    ledger: Ledger,
    budget: Budget,
    limits: EndpointConfig,
    counts: Counts,
    total: int | None,
    progress: bool,
) -> Workers:
    # Inside the loop, to which its connections belong.
    model = open_model()
    try:
        workers = Workers(pending=pending, model=model, ledger=ledger, budget=budget, limits=limits, counts=counts)
        line = asyncio.create_task(show(counts, budget, workers.pace, total)) if progress else None
        with interrupts(lambda: workers.stop("interrupted", State.interrupted), workers.abort):
            await workers.run()
        if line is not None:
            # After the work: the last state of the line is the run's result.
            line.cancel()
            with suppress(asyncio.CancelledError):
                await line
        return workers
    finally:
        with suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_S):
                await model.close()


def _write_late(workers: Workers, ledger: Ledger) -> None:
    """Try once more to record what a full disk refused: what was under way has ended, others may have made room.

    Raises:
        DataError: it still cannot be written; says how many paid replies are lost.
    """
    lost, why = 0, None
    for statements in workers.unwritten:
        # One by one: the last bytes of a disk may hold some of them.
        try:
            ledger.write(statements)
        except DataError as error:
            lost, why = lost + 1, error
    if why is not None:
        raise DataError(f"{why}; {lost} replies under way could not be kept") from None
