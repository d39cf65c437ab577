"""How many more tokens may wait in the account's batches: its limit, what lies there, and what the server said last."""

import re
import time
from collections.abc import Sequence

from llavapose.llm.batch.book import ApiBatch

# By eye: others' batches end without telling us, so that somebody has to try now and then.
LONGEST_WAIT_S = 600.0
"""Between two tries while batches of others fill the account."""

# By eye: eight batches keep an account full enough, and a book readable.
SMALLEST_PART = 8
"""While others run, no batch is sent that has less than this part of the limit: many small ones finish no sooner."""

# "Limit: 2,000,000 enqueued tokens": OpenAI's words.
_STATED = re.compile(r"limit:\s*([\d,]*\d)", re.IGNORECASE)


class TokenRoom:
    """The account's limit on waiting tokens, as configured or as the server's refusals tell it.

    Args:
        limit: None: unknown, or none.
        poll_s: seconds between two looks, from which the waiting grows.
    """

    def __init__(self, limit: int | None, poll_s: float) -> None:
        self.limit = float("inf") if limit is None else float(limit)
        self._poll_s = poll_s
        # What is sent at once: halved when even that is refused, for the estimate of its tokens may be too low.
        self._most = self.limit
        self._num_refused = 0
        self._closed_until = 0.0

    def free(self, batches: Sequence[ApiBatch]) -> float:
        """Tokens that may be sent now, beside these open batches; 0: wait."""
        # Nothing of ours is left whose end could open it.
        if not batches and self._closed_until == float("inf"):
            self._closed_until = 0.0
        if time.monotonic() < self._closed_until:
            return 0.0
        most = min(self.limit, self._most)
        # Ended batches do not count: their tokens are free though their replies are not collected yet.
        room = most - sum(batch.tokens for batch in batches if batch.state != "ended")
        return 0.0 if batches and room < most / SMALLEST_PART else max(room, 0.0)

    def refused(self, text: str, *, tokens: int, alone: bool) -> None:
        """The server took a batch of so many tokens not on; ``alone``: though nothing of ours lay there."""
        stated = _STATED.search(text)
        if stated:
            self.limit = min(self.limit, float(stated[1].replace(",", "")))
        if not alone:
            self._closed_until = float("inf")  # until one of ours has ended
            return
        # Half of what was refused, down to single requests if need be.
        self._most = max(1.0, min(self.limit, float(tokens)) / 2)
        # The monotonic clock: setting the time must not open or close it.
        self._closed_until = time.monotonic() + min(self._poll_s * 2**self._num_refused, LONGEST_WAIT_S)
        # Sixteen doublings are beyond any wait, and a power without a limit overflows.
        self._num_refused = min(self._num_refused + 1, 16)

    def accepted(self) -> None:
        """The server took a batch on."""
        self._num_refused = 0
        # Back up as fast as it went down.
        self._most = min(self.limit, self._most * 2)

    def freed(self) -> None:
        """A batch has ended."""
        self._closed_until = 0.0
