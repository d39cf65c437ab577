"""One epoch by the planner: steps, tokens, padding, the widest micro-batch, operations, and each kind's share."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from llavapose.data.plan.epoch import EpochPlan, plan_epoch
from llavapose.data.plan.lengths import PlanSettings, num_steps
from llavapose.data.plan.tally import loss_shares, tally
from llavapose.errors import ConfigError
from llavapose.training.forecast.activations import Rows
from llavapose.training.forecast.cost import work_of
from llavapose.training.forecast.mixture import Mixture, thinned
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes


@dataclass(frozen=True, kw_only=True)
class KindShare:
    """What one kind takes: samples, tokens behind pictures, and its share of the loss."""

    name: str
    samples: int
    tokens: int
    loss: float


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """An epoch in numbers.

    Attributes:
        kinds: those that are trained on.
        steps: optimizer steps.
        samples_a_step: of a full one.
        last: samples of the last step.
        pictures: different ones.
        tokens: that are no padding.
        padding: share of the computed tokens that is.
        widest: the micro-batch that needs most memory.
        flops: operations of all ranks, without those that checkpointing repeats.
        waiting: share of the ranks' time that is spent waiting for the slowest, by operations.
        planned: one picture in so many was planned; the rest follows from those.
        source: where the lengths are from.
        notes: what else is to be known of them.
    """

    kinds: tuple[KindShare, ...]
    steps: int
    samples_a_step: int
    last: int
    pictures: int
    tokens: int
    padding: float
    widest: Rows
    flops: float
    waiting: float
    planned: int
    source: str
    notes: tuple[str, ...] = ()


def epoch_of(mixture: Mixture, settings: PlanSettings, shapes: Shapes, setup: Setup) -> Epoch:
    """Count an epoch: samples and steps of the whole, what follows from the order on a share of its pictures."""
    part, every = thinned(mixture, PLANNED)
    plan = plan_epoch(part.lengths, settings)
    if not plan.num_steps:
        raise ConfigError(
            f"{len(mixture.kind)} samples do not fill one step of {settings.num_ranks} ranks x {settings.accumulate} "
            "micro-steps; add samples or lower trainer.accumulate_grad_batches"
        )
    batches = micro_batches(plan, part, settings)
    work = np.array([work_of(shapes, setup, rows).model for rows in batches]).reshape(-1, settings.num_ranks)
    counts = tally(plan, part.lengths, settings)
    # Of the whole, as far as steps go: a few samples may be left for another epoch's order.
    times = len(mixture.kind) / max(1, len(plan.samples))
    rest = len(mixture.kind) % settings.global_batch
    steps = num_steps(len(mixture.kind), settings)
    return Epoch(
        kinds=kind_shares(mixture, loss_shares(plan, part.lengths, part.kind, settings)),
        steps=steps,
        samples_a_step=settings.global_batch,
        last=rest if steps * settings.global_batch > len(mixture.kind) else settings.global_batch,
        pictures=len(mixture.groups.of(mixture.image)),
        tokens=round(counts.num_tokens * times),
        padding=counts.padding,
        # Of two that are alike in tokens, the one with more to predict.
        widest=max(batches, key=lambda rows: (rows.tokens, rows.targets)),
        flops=float(work.sum()) * times,
        waiting=float(1 - work.sum() / (work.max(axis=1).sum() * settings.num_ranks)),
        planned=every,
        source=mixture.source,
        notes=mixture.notes,
    )


PLANNED = 12_000
"""Samples that are planned; of more, a share: enough for the third digit of padding and of the loss's shares."""


def micro_batches(plan: EpochPlan, mixture: Mixture, settings: PlanSettings) -> list[Rows]:
    """The shape of every micro-batch, in the order step, micro-step, rank."""
    if not plan.num_steps:
        return []
    groups = plan.groups[:-1]
    first = plan.samples[groups]
    behind = np.add.reduceat(mixture.lengths.num_tokens[plan.samples], groups)
    sizes = behind + mixture.lengths.prefixes(settings)[first]
    in_rows = np.add.reduceat(sizes, plan.rows[:-1])
    widths = np.maximum.reduceat(in_rows, plan.micros[:-1])
    heights = np.diff(plan.micros)
    targets = np.add.reduceat(mixture.lengths.num_targets[plan.samples], plan.starts[:-1])
    pictures = np.add.reduceat(mixture.lengths.shown[first].astype(np.int64), plan.rows[plan.micros[:-1]])
    table = np.stack([heights, widths, targets, pictures], axis=1).tolist()
    return [Rows(rows=r, width=t, targets=n, pictures=max(1, p)) for r, t, n, p in table]


def kind_shares(mixture: Mixture, loss: Mapping[str, float]) -> tuple[KindShare, ...]:
    """Each kind's samples and tokens, with its share of the loss."""
    samples = np.bincount(mixture.kind, minlength=len(mixture.kinds))
    tokens = np.bincount(mixture.kind, weights=mixture.lengths.num_tokens, minlength=len(mixture.kinds))
    return tuple(
        KindShare(name=name, samples=int(samples[n]), tokens=int(tokens[n]), loss=loss.get(str(n), 0.0))
        for n, name in enumerate(mixture.kinds)
        if samples[n]
    )
