"""What an assignment will ask and cost, before anybody is asked.

A row: kind "conv", 112,980 samples from 22,596 requests, 20.1 M tokens in, 4.5 M out, 95 dollars.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass

from llavapose.config.teaching import EndpointConfig
from llavapose.kinds import KINDS
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.tokens import num_prompt_tokens
from llavapose.teacher.endpoint.rounds import Assignment
from llavapose.teacher.order import slots_between

NUM_MEASURED = 300
"""Prompts of a kind that are measured; the rest is taken to be as long."""
USUAL_LATENCY_S = 6.0
"""Seconds that a reply is taken to need where no limit is slower."""


@dataclass(frozen=True, kw_only=True)
class PlanRow:
    """One kind: ``num_answered`` of its requests lie in the ledger already; tokens and dollars are for the others."""

    kind: str
    num_samples: int
    num_requests: int
    num_answered: int
    tokens_in: int
    tokens_out: int
    usd: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A whole assignment: ``spent_usd`` is what its ledger has cost so far."""

    rows: tuple[PlanRow, ...]
    num_scenes: int
    hours: float
    spent_usd: float
    mode: str
    limits: str
    model: str
    max_requests: int
    short: tuple[str, ...] = ()

    @property
    def usd(self) -> float:
        """US dollars still to pay."""
        return sum(row.usd for row in self.rows)

    def lines(self) -> list[str]:
        """The plan as lines to print."""
        names = ("num_samples", "num_requests", "num_answered", "tokens_in", "tokens_out")
        sums = {name: sum(getattr(row, name) for row in self.rows) for name in names}
        whole = PlanRow(kind="all", usd=self.usd, **sums)
        titles = ("samples", "requests", "answered", "tokens in", "tokens out")
        head = f"{'kind':<9}" + "".join(f"{title:>13}" for title in titles) + f"{'US $':>12}"
        body = [
            f"{row.kind:<9}" + "".join(f"{getattr(row, name):>13,}" for name in names) + f"{row.usd:>12,.2f}"
            for row in (*self.rows, whole)
        ]
        when = "within a day a round of batches" if self.mode == "batch" else f"about {self.hours:.1f} hours"
        return [
            f"{self.num_scenes:,} pictures, model {self.model}, {self.mode}",
            head,
            *body,
            f"{when} ({self.limits}); spent so far ${self.spent_usd:,.2f}; tokens are estimates, and a reply that has "
            "to be asked again costs again",
            f"it stops at {self.max_requests:,} requests (teacher.max_requests) or where too few replies are of use "
            "(teacher.min_accepted)",
            *self.short,
        ]


def plan_of(assignment: Assignment, ledger: Ledger | None) -> Plan:
    """Count an assignment's first round: every sample asked for once.

    Args:
        assignment: what is to be asked.
        ledger: replies that are there already; None where the run has none yet.
    """
    endpoint = assignment.teacher.endpoint
    assert endpoint is not None
    rows, short = [], []
    for kind, wanted in assignment.wanted.items():
        num_requests, needed = assignment.num_requests(kind), -(-wanted // int(assignment.per_reply(kind)))
        if needed > num_requests:
            short.append(f"{kind}: {needed:,} requests need more pictures; {num_requests:,} can be made of these")
        rows.append(_row(assignment, kind, wanted, num_requests, ledger))
    return Plan(
        rows=tuple(rows),
        num_scenes=len(assignment.scenes),
        hours=_hours(rows, endpoint),
        spent_usd=ledger.spent_usd() if ledger else 0.0,
        mode=assignment.teacher.mode.value,
        limits=_limits(endpoint, assignment.teacher.mode.value),
        model=endpoint.model,
        max_requests=assignment.max_requests,
        short=tuple(short),
    )


def _row(assignment: Assignment, kind: str, wanted: int, num_requests: int, ledger: Ledger | None) -> PlanRow:
    endpoint = assignment.teacher.endpoint
    assert endpoint is not None
    slots = slots_between(assignment.orders[kind], kind, 0, num_requests)
    num_answered = 0
    if ledger is not None:
        num_answered = len(ledger.answered(assignment.request(slot).key for slot in slots))
    measured = random.Random(0).sample(slots, min(NUM_MEASURED, len(slots)))
    lengths = [num_prompt_tokens(assignment.request(slot).messages) for slot in measured]
    left = num_requests - num_answered
    tokens_in = round(left * sum(lengths) / max(len(lengths), 1))
    tokens_out = left * min(KINDS[kind].reply_tokens, endpoint.max_tokens)
    usd = (tokens_in * endpoint.price_in + tokens_out * endpoint.price_out) / 1e6
    if assignment.teacher.mode == "batch":
        usd *= 1 - endpoint.batch_discount
    return PlanRow(
        kind=kind,
        num_samples=wanted,
        num_requests=num_requests,
        num_answered=num_answered,
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        usd=usd,
    )


def _hours(rows: list[PlanRow], endpoint: EndpointConfig) -> float:
    """The slowest of the limits: requests a minute, tokens a minute, requests at once."""
    left = sum(row.num_requests - row.num_answered for row in rows)
    tokens = sum(row.tokens_in + row.tokens_out for row in rows)
    minutes = [left * USUAL_LATENCY_S / endpoint.max_concurrency / 60]
    if endpoint.requests_per_minute:
        minutes.append(left / endpoint.requests_per_minute)
    if endpoint.tokens_per_minute:
        minutes.append(tokens / endpoint.tokens_per_minute)
    return max(minutes) / 60


def _limits(endpoint: EndpointConfig, mode: str) -> str:
    if mode == "batch":
        return f"{endpoint.enqueued_tokens:,} tokens enqueued at most" if endpoint.enqueued_tokens else "no limit known"
    limits: Mapping[str, float | None] = {
        "requests a minute": endpoint.requests_per_minute,
        "tokens a minute": endpoint.tokens_per_minute,
    }
    known = [f"{value:,.0f} {name}" for name, value in limits.items() if value]
    return ", ".join([*known, f"{endpoint.max_concurrency} at once"])
