"""How many requests are under way, and how fast they follow each other.

The number under way grows while replies come: doubling at first, then by about one in the time of one reply. A
refusal or a timeout makes it three tenths smaller, once for each wave of them (AIMD, as TCP does it).
"""

import asyncio
import random
import time
from collections import deque

# By eye: a local server takes so many at once, and a large account has doubled beyond it within seconds.
FIRST = 16
"""Requests under way at the start."""

# By eye; milder than TCP's half, for an endpoint's limit does not move as a network's does.
CUT = 0.7
"""What a wave of refusals leaves."""

# By eye: writing a note takes milliseconds, a reply a second or more.
SPARE, SPARE_SHARE = 4, 8
"""Requests made ready while the others are under way, so that writing to the ledger costs no time: so many, and one
for each eight under way."""


class Gate:
    """Lets in no more than a number that may change; those who wait are let in by turns."""

    def __init__(self) -> None:
        self.num_inside = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, pace: "Pace", spare: int) -> None:
        """Wait until fewer than ``pace.limit + spare`` are inside."""
        # Not a semaphore: its number cannot shrink while all places are taken.
        while self.num_inside >= int(pace.limit) + spare:
            # One future each, first come, first served: woken all at once, a thousand would race for one place.
            waiter = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            try:
                await waiter
            except asyncio.CancelledError:
                if waiter.done() and not waiter.cancelled():
                    self._wake()  # called in and going away: the next one, please
                raise
        self.num_inside += 1
        # After the limit has grown there may be room for more than the one who was called.
        if self.num_inside < int(pace.limit) + spare:
            self._wake()

    def leave(self) -> None:
        """Make room for another."""
        self.num_inside -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            # Done without being called: cancelled, and nobody is there to go in.
            if not waiter.done():
                waiter.set_result(None)
                return


class Meter:
    """So many units a minute, evenly: the next one starts when the one before has had its time."""

    def __init__(self, per_minute: float | None) -> None:
        self._seconds_each = 60.0 / per_minute if per_minute else 0.0
        self._next = 0.0

    def book(self, amount: float) -> float:
        """Take ``amount`` and tell how many seconds to wait before using it."""
        if not self._seconds_each:
            return 0.0
        now = time.monotonic()
        # Time that nobody used is gone: saved up, it would come out as a burst.
        start = max(now, self._next)
        self._next = start + amount * self._seconds_each
        return start - now

    def correct(self, amount: float) -> None:
        """Take so much more, or give so much back."""
        # Estimates are the worst case: most of what was taken comes back with the reply.
        self._next += amount * self._seconds_each


class Pace:
    """When a request may be made ready, and when it may be sent.

    Args:
        most: requests under way at once, at most.
        requests_per_minute, tokens_per_minute: None for no limit.
    """

    def __init__(
        self, *, most: int, requests_per_minute: float | None = None, tokens_per_minute: float | None = None
    ) -> None:
        self.limit = float(min(FIRST, most))
        self._most = most
        self._ready, self._under_way = Gate(), Gate()
        self._requests, self._tokens = Meter(requests_per_minute), Meter(tokens_per_minute)
        self._starting = True
        self._cut_at = 0.0
        self._pause_until = 0.0

    @property
    def num_under_way(self) -> int:
        """Requests sent and not yet answered."""
        return self._under_way.num_inside

    async def get_ready(self, num_tokens: float) -> None:
        """Wait until a request of so many tokens may be made ready to be sent."""
        await self._ready.enter(self, SPARE + int(self.limit) // SPARE_SHARE)
        try:
            # Both are booked, the longer wait holds: neither limit is passed.
            wait = max(self._requests.book(1), self._tokens.book(num_tokens))
            if wait > 0:
                await asyncio.sleep(wait)
        except BaseException:
            self._ready.leave()
            raise

    async def start(self) -> float:
        """Wait until the request may be sent; returns the moment for ``slow_down``."""
        await self._under_way.enter(self, 0)
        try:
            while (wait := self._pause_until - time.monotonic()) > 0:
                # Spread over a tenth: sent in the same instant, all would be refused again.
                await asyncio.sleep(wait * random.uniform(1.0, 1.1))
        except BaseException:
            self._under_way.leave()
            raise
        # When it was sent and not when it was made ready: ``slow_down`` tells waves apart by it.
        return time.monotonic()

    def finish(self) -> None:
        """The request is no longer under way."""
        self._under_way.leave()

    def leave(self, unused_tokens: float = 0.0) -> None:
        """The request that was made ready is done with; so many of its tokens were not used."""
        self._tokens.correct(-unused_tokens)
        self._ready.leave()

    def speed_up(self) -> None:
        """A reply came."""
        # One more a reply doubles within a reply's time; one more for each ``limit`` replies grows by one.
        self.limit = min(self._most, self.limit + (1.0 if self._starting else 1.0 / self.limit))

    def slow_down(self, started: float, retry_after_s: float | None) -> None:
        """A request sent at ``started`` was refused for going too fast, or got no reply in time."""
        now = time.monotonic()
        if retry_after_s:
            self._pause_until = max(self._pause_until, now + retry_after_s)
        if started >= self._cut_at:  # those sent before the last cut say nothing about what it did
            # From what was under way, if that was less: a limit that was never reached says nothing.
            self.limit = max(1.0, min(self.limit, self.num_under_way + 1.0) * CUT)
            self._starting = False
            self._cut_at = now
