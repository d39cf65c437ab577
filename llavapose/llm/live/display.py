"""The line that shows a run at work, and Ctrl-C.

asking:  41%|████      | 45210/110000 [1:02:11<1:29:04, 12.1/s, $210.41 of $400.00, 64 under way, failed: 400 3]
"""

import asyncio
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tqdm import tqdm

from llavapose.llm.budget import Budget
from llavapose.llm.counts import Counts
from llavapose.llm.live.pace import Pace

EVERY_S = 0.5
"""Seconds between two states of the line on a screen; in a file ``bars`` says how often."""


async def show(counts: Counts, budget: Budget, pace: Pace, total: int | None) -> None:
    """Keep the line up to date until cancelled."""
    # A short bar: the postfix needs the room.
    bar_format = "{desc}: {percentage:3.0f}%|{bar:10}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_fmt}{postfix}]"
    with tqdm(
        # Smoothing 0: the mean rate since the start, from which the hours that remain can be told.
        total=total, desc="asking", unit="", file=sys.stderr, smoothing=0, mininterval=EVERY_S, dynamic_ncols=True,
        bar_format=bar_format if total else None,
    ) as bar:  # fmt: skip
        try:
            while True:
                await asyncio.sleep(EVERY_S)
                _update(bar, counts, budget, pace)
        finally:
            _update(bar, counts, budget, pace)


def _update(bar: tqdm, counts: Counts, budget: Budget, pace: Pace) -> None:
    # What was answered before took no time and says nothing about the rate.
    bar.initial = counts.done - counts.answered - counts.failed.total()
    money = f"${budget.spent_usd:.2f}" + (f" of ${budget.max_usd:.2f}" if budget.max_usd is not None else "")
    parts = [money, f"{pace.num_under_way} under way"]
    if counts.failed:
        parts.append("failed: " + ", ".join(f"{reason} {number}" for reason, number in counts.failed.most_common(4)))
    if counts.tried_again:
        again = counts.tried_again.most_common(3)
        parts.append("tried again: " + ", ".join(f"{reason} {number}" for reason, number in again))
    bar.set_postfix_str(", ".join(parts), refresh=False)
    bar.update(counts.done - bar.n)


@contextmanager
def interrupts(stop: Callable[[], None], abort: Callable[[], None]) -> Iterator[None]:
    """Within the block, the first Ctrl-C (or SIGTERM) calls ``stop``, the second ``abort``, a third kills as usual.

    Does nothing outside the main thread, where signals cannot be caught. Put back afterwards.
    """
    loop = asyncio.get_running_loop()
    # SIGTERM too: batch systems send it before they kill.
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    num_calls = 0

    def on_signal() -> None:
        nonlocal num_calls
        num_calls += 1
        if num_calls == 1:
            print("\nfinishing what is under way; press Ctrl-C again to stop at once", file=sys.stderr, flush=True)
            stop()
        else:
            for number in before:
                loop.remove_signal_handler(number)
            abort()

    try:
        for number in before:
            loop.add_signal_handler(number, on_signal)
    except (ValueError, RuntimeError, NotImplementedError):  # not the main thread
        yield
        return
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            if handler is not None:
                signal.signal(number, handler)
