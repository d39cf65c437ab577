"""What became of the requests: counted while they are asked, summed up when they have been."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum


class State(StrEnum):
    """How asking ended.

    All but ``done`` leave requests without a reply; the same call goes on: at once, with more money (``budget``), when
    the batches have come back (``batches``), or when a person has mended what the reason says (``stopped``).
    """

    done = "done"
    budget = "budget"
    batches = "batches"
    interrupted = "interrupted"
    stopped = "stopped"


@dataclass(kw_only=True)
class Counts:
    """Running numbers of one ``ask_all``; the fields of ``Tally`` with the same names say what they are."""

    asked: int = 0
    answered_before: int = 0
    failed_before: int = 0
    repeated: int = 0
    answered: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    tried_again: Counter[str] = field(default_factory=Counter)
    usd: float = 0.0
    usd_doubtful: float = 0.0

    @property
    def done(self) -> int:
        """Requests that need nothing more."""
        return self.answered_before + self.failed_before + self.repeated + self.answered + self.failed.total()

    def tally(self, state: State, stopped: str | None) -> "Tally":
        """The numbers as they stand; ``stopped`` says why in words."""
        return Tally(
            asked=self.asked,
            answered_before=self.answered_before,
            answered=self.answered,
            failed=dict(self.failed),
            usd=self.usd,
            state=state,
            stopped=stopped,
            failed_before=self.failed_before,
            repeated=self.repeated,
            tried_again=dict(self.tried_again),
            usd_doubtful=self.usd_doubtful,
        )


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What a run of requests came to.

    Attributes:
        asked: requests taken from the stream; it is the sum of ``answered_before``, ``failed_before``, ``repeated``,
            ``answered``, ``failed`` and ``left``.
        answered_before: had their reply in the ledger.
        answered: got their reply now.
        failed: reason -> requests without a reply.
        usd: what the replies of this run cost.
        state: how the asking ended.
        stopped: the same in words: None where the stream came to its end; "budget", "interrupted", "quota: ...".
        failed_before: refused for good in an earlier run, and not asked again.
        repeated: the same as another request of this run.
        tried_again: reason -> sendings that brought no reply and were repeated or given up.
        usd_doubtful: the most that was charged for sendings without a reply.
    """

    asked: int
    answered_before: int
    answered: int
    failed: dict[str, int]
    usd: float
    state: State
    stopped: str | None
    failed_before: int = 0
    repeated: int = 0
    tried_again: dict[str, int] = field(default_factory=dict)
    usd_doubtful: float = 0.0

    @property
    def left(self) -> int:
        """Requests taken from the stream that the stop left without a reply; the next run asks them."""
        settled = self.answered_before + self.failed_before + self.repeated + self.answered + sum(self.failed.values())
        return self.asked - settled

    def summary(self) -> str:
        """One line for a person."""
        parts = [f"{self.answered:,} answered", f"{self.answered_before:,} answered before"]
        if self.failed:
            reasons = ", ".join(f"{reason} {number:,}" for reason, number in sorted(self.failed.items()))
            parts.append(f"{sum(self.failed.values()):,} failed ({reasons})")
        if self.failed_before:
            parts.append(f"{self.failed_before:,} failed before")
        if self.repeated:
            parts.append(f"{self.repeated:,} repeated")
        if self.left:
            parts.append(f"{self.left:,} left")
        parts.append(f"${self.usd:.2f}")
        if self.usd_doubtful:
            parts.append(f"up to ${self.usd_doubtful:.2f} more for sendings without a reply")
        return ", ".join(parts) + (f"; stopped: {self.stopped}" if self.stopped else "")
