"""The plan of an epoch: who shares a row, a micro-batch, a step, as flat arrays; read lazily, rank by rank."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import overload

import numpy as np
from numpy.typing import NDArray

from llavapose.config.choices import Sampler
from llavapose.data.plan import balanced, llava, shared
from llavapose.data.plan.lengths import Lengths, PlanSettings
from llavapose.data.plan.weights import sample_weights, step_weights

Rows = Sequence[Sequence[Sequence[int]]]
"""Rows of picture groups of sample indices."""

_SAMPLERS = {Sampler.shared: shared.deal, Sampler.llava: llava.deal, Sampler.balanced: balanced.deal}


@dataclass(frozen=True, kw_only=True)
class MicroBatch:
    """What one rank gets in one micro-step.

    Attributes:
        rows: rows -> picture groups -> sample indices; a sample without a picture is a group of its own.
        step_weight: what the micro-batch's summed loss is divided by: the weight of all supervised tokens of the
            optimizer step, or the micro-batch's own times their number.
    """

    rows: tuple[tuple[tuple[int, ...], ...], ...]
    step_weight: float

    @property
    def samples(self) -> tuple[int, ...]:
        """Sample indices in reading order."""
        return tuple(index for row in self.rows for group in row for index in group)

    @property
    def num_samples(self) -> int:
        """Samples in the micro-batch."""
        return sum(len(group) for row in self.rows for group in row)


@dataclass(frozen=True, kw_only=True, eq=False)
class EpochPlan:
    """One epoch; micro-batches lie in the order step, micro-step, rank.

    Attributes:
        samples: int32[S], sample indices in planned order.
        groups: int64[G + 1], where each picture group begins among the samples.
        rows: int64[R + 1], where each row begins among the groups.
        micros: int64[M + 1], where each micro-batch begins among the rows.
        weights: float64[M], each micro-batch's ``step_weight``.
        accumulate: micro-steps an optimizer step.
        num_ranks: processes that share each micro-step.
    """

    samples: NDArray[np.int32]
    groups: NDArray[np.int64]
    rows: NDArray[np.int64]
    micros: NDArray[np.int64]
    weights: NDArray[np.float64]
    accumulate: int
    num_ranks: int

    @property
    def num_steps(self) -> int:
        """Optimizer steps."""
        return (len(self.micros) - 1) // (self.accumulate * self.num_ranks)

    @property
    def starts(self) -> NDArray[np.int64]:
        """int64[M + 1]: where each micro-batch begins among the samples."""
        return self.groups[self.rows[self.micros]]

    @property
    def fingerprint(self) -> str:
        """A hash of the order: who is where, with what weight."""
        digest = hashlib.sha256(f"{self.accumulate}/{self.num_ranks}".encode())
        for array in (self.samples, self.groups, self.rows, self.micros, self.weights):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:32]

    def micro_batches(self, rank: int) -> "RankOrder":
        """One rank's micro-batches, each made when it is asked for."""
        return RankOrder(self, rank)

    def micro_batch(self, number: int) -> MicroBatch:
        """The micro-batch at a place in the order step, micro-step, rank."""
        rows = []
        for row in range(self.micros[number], self.micros[number + 1]):
            bounds = self.groups[self.rows[row] : self.rows[row + 1] + 1].tolist()
            rows.append(tuple(tuple(self.samples[a:b].tolist()) for a, b in pairwise(bounds)))
        return MicroBatch(rows=tuple(rows), step_weight=float(self.weights[number]))


class RankOrder(Sequence[MicroBatch]):
    """One rank's micro-batches of an epoch, in order.

    Args:
        plan: of the epoch.
        rank: whose micro-batches.
    """

    def __init__(self, plan: EpochPlan, rank: int) -> None:
        self._plan = plan
        self._numbers = range(rank, len(plan.micros) - 1, plan.num_ranks)

    def __len__(self) -> int:
        return len(self._numbers)

    @overload
    def __getitem__(self, index: int) -> MicroBatch: ...
    @overload
    def __getitem__(self, index: slice) -> list[MicroBatch]: ...
    def __getitem__(self, index: int | slice) -> MicroBatch | list[MicroBatch]:
        if isinstance(index, slice):
            return [self._plan.micro_batch(number) for number in self._numbers[index]]
        return self._plan.micro_batch(self._numbers[index])

    def __iter__(self) -> Iterator[MicroBatch]:
        return (self._plan.micro_batch(number) for number in self._numbers)


def plan_epoch(lengths: Lengths, settings: PlanSettings, *, epoch: int = 0) -> EpochPlan:
    """The plan of one epoch.

    Every sample is used once; fewer than ranks x micro-steps at the very end are left for another epoch's order.

    Args:
        lengths: the samples, in the order of their indices.
        settings: what decides the plan besides them.
        epoch: from 0; each has an order of its own.
    """
    return arranged(_SAMPLERS[settings.sampler](lengths, settings, epoch), lengths, settings)


def arranged(micros: Iterable[Rows], lengths: Lengths, settings: PlanSettings) -> EpochPlan:
    """A plan from its micro-batches' rows, in the order step, micro-step, rank."""
    samples: list[int] = []
    groups, rows, ends = [0], [0], [0]
    for micro in micros:
        for row in micro:
            for group in row:
                samples += group
                groups.append(len(samples))
            rows.append(len(groups) - 1)
        ends.append(len(rows) - 1)
    order = np.asarray(samples, dtype=np.int32)
    flat = {"groups": np.asarray(groups), "rows": np.asarray(rows), "micros": np.asarray(ends)}
    weights = sample_weights(lengths.num_targets[order], settings.loss)
    starts = flat["groups"][flat["rows"][flat["micros"]]]
    return EpochPlan(
        samples=order,
        **flat,
        weights=step_weights(weights, starts, slices=settings.slices, loss=settings.loss),
        accumulate=settings.accumulate,
        num_ranks=settings.num_ranks,
    )


def steps_of(per_epoch: int, max_epochs: int | None, max_steps: int | None) -> int:
    """Optimizer steps of a whole run, by Lightning's two limits, of which -1 and None are none."""
    of_epochs = per_epoch * max_epochs if max_epochs is not None and max_epochs > 0 else None
    of_steps = max_steps if max_steps is not None and max_steps > 0 else None
    return min((one for one in (of_epochs, of_steps) if one is not None), default=per_epoch)
