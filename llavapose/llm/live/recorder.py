"""Group commit: what the event loop wants written goes to the disk in one transaction by one thread.

A commit with full sync takes milliseconds, in which many replies may arrive; they wait together for the next one.
Nobody is told that a reply is recorded before it is. Where a commit fails, each of its parts is tried alone: what one
of them holds must not take the others along.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import Statement

_Waiting = list[tuple[Sequence[Statement], asyncio.Future[None]]]


class Recorder:
    """Writes to a ledger without holding up the event loop; made and used within one loop."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._loop = asyncio.get_running_loop()
        # One: SQLite has one writer, and the order of writing is the order of the calls.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger")
        self._waiting: _Waiting = []
        self._busy = False

    def write(self, *statements: Statement) -> asyncio.Future[None]:
        """Done when the statements are on the disk, in the order of the calls.

        Raises (when awaited):
            DataError: they could not be written, none of them.
        """
        done = self._loop.create_future()
        # Whoever does not wait for it need not be told either: the next reply's writing fails as well.
        done.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._waiting.append((statements, done))
        if not self._busy:
            self._start()
        return done

    async def close(self) -> None:
        """Wait for what is under way."""
        while self._busy:
            # Polled: it waits once a run, for milliseconds.
            await asyncio.sleep(0.002)
        self._thread.shutdown()

    def _start(self) -> None:
        # Everything that came meanwhile goes in one transaction.
        batch, self._waiting = self._waiting, []
        self._busy = True
        job = self._loop.run_in_executor(self._thread, self._write, [group for group, _ in batch])
        job.add_done_callback(partial(self._finish, batch))

    def _write(self, groups: Sequence[Sequence[Statement]]) -> list[Exception | None]:
        """Write all groups together, or else one by one; what went wrong with each."""
        try:
            self._ledger.write([one for group in groups for one in group])
            return [None] * len(groups)
        except Exception:
            return [self._alone(group) for group in groups]

    def _alone(self, group: Sequence[Statement]) -> Exception | None:
        try:
            self._ledger.write(group)
        except Exception as error:
            return error
        return None

    def _finish(self, batch: _Waiting, job: "asyncio.Future[list[Exception | None]]") -> None:
        self._busy = False
        for (_, future), error in zip(batch, job.result(), strict=True):
            # Cancelled by an abort.
            if future.done():
                continue
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)
        if self._waiting:
            self._start()
