"""What a plan comes to: tokens, padding, how long ranks wait for one another, and what each kind weighs in the loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from llavapose.data.plan.epoch import EpochPlan
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.plan.rows import row_cost
from llavapose.data.plan.weights import sample_weights


@dataclass(frozen=True, kw_only=True)
class Tally:
    """The numbers of one epoch, over all ranks.

    Attributes:
        num_steps: optimizer steps.
        num_samples: samples that are used.
        num_targets: supervised tokens.
        num_tokens: tokens of all rows, padding left out.
        num_computed: tokens that are computed, padding included.
        longest_row: tokens of the longest row.
        most_rows: rows of the fullest micro-batch.
        wait_mean: what the slowest rank takes longer than the mean of the ranks, as a share, by computed tokens and
            attention, with all ranks meeting at every micro-step; the mean over steps.
        wait_p95: the same, the 95th percentile of the steps.
    """

    num_steps: int
    num_samples: int
    num_targets: int
    num_tokens: int
    num_computed: int
    longest_row: int
    most_rows: int
    wait_mean: float
    wait_p95: float

    @property
    def padding(self) -> float:
        """Padding's share of the computed tokens."""
        return 1 - self.num_tokens / self.num_computed if self.num_computed else 0.0


def tally(plan: EpochPlan, lengths: Lengths, settings: PlanSettings) -> Tally:
    """Count a plan.

    Raises:
        ValueError: the plan holds no step.
    """
    if not plan.num_steps:
        raise ValueError("a plan without steps comes to nothing")
    prefixes = lengths.prefixes(settings)[plan.samples[plan.groups[:-1]]]
    groups = np.add.reduceat(lengths.num_tokens[plan.samples], plan.groups[:-1]) + prefixes
    rows = np.add.reduceat(groups, plan.rows[:-1])
    widths, counts = np.maximum.reduceat(rows, plan.micros[:-1]), np.diff(plan.micros)
    # As `row_cost`, of all rows at once.
    costs = (counts * row_cost(widths)).reshape(-1, plan.accumulate, plan.num_ranks)
    waits = costs.max(axis=2).sum(axis=1) / costs.mean(axis=2).sum(axis=1) - 1
    return Tally(
        num_steps=plan.num_steps,
        num_samples=len(plan.samples),
        num_targets=int(lengths.num_targets[plan.samples].sum()),
        num_tokens=int(rows.sum()),
        num_computed=int((counts * widths).sum()),
        longest_row=int(rows.max()),
        most_rows=int(counts.max()),
        wait_mean=float(waits.mean()),
        wait_p95=float(np.quantile(waits, 0.95)),
    )


def loss_shares(
    plan: EpochPlan, lengths: Lengths, kinds: NDArray[np.str_] | NDArray[np.integer], settings: PlanSettings
) -> dict[str, float]:
    """Each kind's share of the loss, as the mean over the steps of an epoch; they add up to 1.

    Args:
        plan: of the epoch.
        lengths: of the samples.
        kinds: [N], each sample's kind, by name or number.
        settings: that the plan was made by.
    """
    if not plan.num_steps:
        return {}
    weights = sample_weights(lengths.num_targets[plan.samples], settings.loss)
    # Each micro-batch is divided by its own step weight.
    weights /= np.repeat(plan.weights, np.diff(plan.starts))
    planned = kinds[plan.samples]
    return {str(kind): float(weights[planned == kind].sum() / plan.num_steps) for kind in np.unique(planned)}
