"""The proof that packing changes no loss. Shapes: see ``model/batch.py``."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.alone import unpack
from llavapose.model.batch import Batch

Losses = Callable[[Batch], Tensor]
"""Packed batch -> float32[N], the loss of every supervised token in row-major order."""


FLOOR = 1e-3
"""Differences of losses, in nats, that are let through in any precision: other kernels, other orders of summing."""

SHIFTS = (3, 64)
"""By how much positions are shifted to see what rounding does."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Differences between two ways of computing the same losses, in nats a token.

    Attributes:
        typical: their root mean square.
        largest: the largest.
    """

    typical: float
    largest: float

    def within(self, limit: "Differences") -> bool:
        """Whether both numbers are at most the limit's; NaN is not."""
        return self.typical <= limit.typical and self.largest <= limit.largest


def differences(found: Tensor, expected: Tensor) -> Differences:
    """Two ways' losses, float32[N], compared."""
    apart = (found - expected).double()
    return Differences(typical=float(apart.square().mean().sqrt()), largest=float(apart.abs().max()))


@torch.no_grad()
def packing_error(losses: Losses, batch: Batch) -> Differences:
    """How far the packed batch's losses are from those of its samples standing alone."""
    return differences(losses(batch), losses(unpack(batch)))


@torch.no_grad()
def rounding_noise(losses: Losses, batch: Batch) -> Differences:
    """What rounding alone does to the losses of a batch's samples: how far they move when all positions are shifted.

    Rotary attention depends on the distances of positions only, so that without rounding nothing would move; with it,
    every layer rounds other numbers. In bfloat16 this comes out as large as the distance to float32's losses.
    """
    alone = unpack(batch)
    still = losses(alone)
    moved = [losses(replace(alone, positions=alone.positions + shift)) for shift in SHIFTS]
    return differences(torch.cat(moved), still.repeat(len(SHIFTS)))


def check_packing(losses: Losses, batch: Batch, *, tolerance: float | None = None, backend: str) -> Differences:
    """Prove before training that an attention backend keeps branches apart.

    Only a test per token sees a leak between branches; the mean loss hides it. Without a tolerance, packing may move a
    loss as rounding does: its differences may typically be twice, and at the most three times, those of
    ``rounding_noise`` on the same samples, or ``FLOOR``.

    Args:
        losses: loss of every supervised token of a batch, as ``llava.token_losses`` orders them.
        batch: packed rows.
        tolerance: largest loss difference allowed, in nats; None: what rounding explains.
        backend: the attention's name, for the message.

    Raises:
        LlavaPoseError: the backend mixes branches or hides the picture from them.
    """
    error = packing_error(losses, batch)
    if tolerance is None:
        noise = rounding_noise(losses, batch)
        limit = Differences(typical=max(FLOOR, 2 * noise.typical), largest=max(FLOOR, 3 * noise.largest))
    else:
        limit = Differences(typical=tolerance, largest=tolerance)
    if not error.within(limit):
        raise LlavaPoseError(
            f"attention {backend!r}: packed losses differ from separate samples by {error.largest:.3g} nats, "
            f"{error.typical:.3g} typically; expected at most {limit.largest:.3g} and {limit.typical:.3g}; "
            "set model.attention=sdpa or eager"
        )
    return error
