"""The proof that packing changes neither losses nor gradients. Shapes: see ``model/batch.py``.

Losses are compared whole. Gradients are compared where backends differ: in the attention of the first, the middle and
the last layer, at the queries, keys and values that the batch has there (``watch``).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.alone import stand_alone
from llavapose.model.attention.watch import Differences, differences, noted, watched
from llavapose.model.batch import Batch

Losses = Callable[[Batch], Tensor]
"""Packed batch -> float32[N], the loss of every supervised token in row-major order."""

FLOOR = 1e-3
"""Differences that are let through in half precision and TF32, of losses in nats and of gradients in their root mean
square: other kernels, other orders of summing."""

FULL_FLOOR = Differences(typical=3e-5, largest=1e-4)
"""The same where attention is float32: rounding moves a loss by 1e-6 there, and a gradient by 1e-5 at the most."""

SHIFTS = (3, 64)
"""By how much positions are shifted to see what rounding does."""


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What the self-test found.

    Attributes:
        losses: packed and separate, in nats a token.
        gradients: of queries, keys and values, in their root mean square.
    """

    losses: Differences
    gradients: Differences


def shifted(alone: Batch) -> list[Batch]:
    """Separate samples with all positions moved on: what then moves a loss is rounding.

    Rotary attention depends on the distances of positions only; without rounding nothing would move, with it every
    layer rounds other numbers. In bfloat16 that comes out as large as the distance to float32's losses.
    """
    return [replace(alone, positions=alone.positions + shift) for shift in SHIFTS]


def check_packing(
    losses: Losses,
    batch: Batch,
    *,
    language: nn.Module,
    alone: Losses | None = None,
    tolerance: float | None = None,
    backend: str,
) -> Proof:
    """Prove before training that an attention backend keeps branches apart, forward and backward.

    Only a test per token sees a leak between branches; the mean loss hides it. Without a tolerance, packing may move a
    loss or a gradient as rounding does: its differences may typically be twice, and at the most three times, those
    that rounding makes on the same samples, or ``FLOOR``, in full precision ``FULL_FLOOR``.

    Every rank runs the model equally often, whatever it finds: a partitioned model would wait for ever otherwise.

    Args:
        losses: loss of every supervised token of a batch, as ``losses.token_losses`` orders them.
        batch: packed rows.
        language: the model's language part, called by ``losses`` with the argument ``inputs_embeds``.
        alone: the same of samples that stand alone, with transformers' own masks; attention's gradients are then
            compared under those too. None: ``losses``, and plainly causal.
        tolerance: largest difference allowed, of losses in nats and of gradients in their root mean square; None: what
            rounding explains.
        backend: the attention's name, for the message.

    Raises:
        LlavaPoseError: the backend mixes branches, hides the picture from them, or gives wrong gradients.
    """
    apart = stand_alone(batch)
    separate = alone or losses
    with torch.no_grad():
        with noted(language) as masks:
            still = separate(apart.batch)
        with watched(language, apart, masks if alone else {}) as watch:
            error = differences(losses(batch), still)
        moved = [separate(one) for one in shifted(apart.batch)]
    noise = differences(torch.cat(moved), still.repeat(len(SHIFTS)))
    gradient, gradient_noise = watch.found()
    floor = FULL_FLOOR if watch.is_full else _always(FLOOR)
    limits = [_limit(one, floor) if tolerance is None else _always(tolerance) for one in (noise, gradient_noise)]
    _hold(error, limits[0], backend, "losses", "nats")
    _hold(gradient, limits[1], backend, "gradients", "of their size")
    return Proof(losses=error, gradients=gradient)


def _always(number: float) -> Differences:
    return Differences(typical=number, largest=number)


def _limit(noise: Differences, floor: Differences) -> Differences:
    """What rounding explains."""
    return Differences(typical=max(floor.typical, 2 * noise.typical), largest=max(floor.largest, 3 * noise.largest))


def _hold(error: Differences, limit: Differences, backend: str, what: str, unit: str) -> None:
    if not error.within(limit):
        # Nothing simpler than the mask is left to try but a row for every sample.
        instead = "data.packing=none" if backend == "dense" else "model.packed_attention=dense"
        raise LlavaPoseError(
            f"attention {backend!r}: packed {what} differ from separate samples by {error.largest:.3g} {unit}, "
            f"{error.typical:.3g} typically; expected at most {limit.largest:.3g} and {limit.typical:.3g}; "
            f"set {instead}"
        )
