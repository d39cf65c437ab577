"""Who sees whom in a packed batch, and the proof that packing changes no loss. Shapes: see ``model/batch.py``."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from llavapose.errors import LlavaPoseError
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch

Losses = Callable[[Batch], Tensor]
"""Packed batch -> float32[N], the loss of every supervised token in row-major order."""


def packed_mask(segments: Tensor) -> Tensor:
    """The attention mask of packed rows: bool[R, 1, T, T], True where query (third) may see key (fourth).

    A token sees what is not later than itself and lies in its group's prefix or in its own branch. Padding sees itself,
    because a row of the mask without any True gives NaN in scaled dot-product attention.
    """
    num_tokens = segments.shape[1]
    order = torch.arange(num_tokens, device=segments.device)  # [T]
    query, key = segments[:, :, None], segments[:, None, :]  # [R, T, 1], [R, 1, T]
    # A group's prefix is all its branches'; a branch is its own.
    related = (key == query) | (key == query - query % GROUP)
    # Causal by place in the row, not by position: positions start anew in every branch.
    mask = (related & (query != PADDING) & (key != PADDING) & (order[None, :] <= order[:, None])) | torch.eye(
        num_tokens, dtype=torch.bool, device=segments.device
    )
    return mask[:, None]  # [R, 1, T, T]


def unpack(batch: Batch) -> Batch:
    """The same samples, every branch in a row of its own behind its own copy of prefix and picture, unsegmented.

    A blank picture, which has no samples, stays.
    """
    rows, targets, samples, pictures, places = [], [], [], [], []
    seen = {(row, group): number for number, (row, group) in enumerate(batch.picture_groups.tolist())}
    for row in range(batch.segments.shape[0]):
        segments = batch.segments[row]
        parts = segments.unique().tolist()
        for prefix in (part for part in parts if part >= 0 and part % GROUP == 0):
            for branch in [part for part in parts if prefix < part < prefix + GROUP] or [prefix]:
                keep = (segments == prefix) | (segments == branch)  # [T]
                if (row, prefix // GROUP) in seen:
                    pictures.append(seen[row, prefix // GROUP])
                    places.append((len(rows), 0))
                rows.append(batch.input_ids[row, keep])
                targets.append(torch.where(segments[keep] == branch, batch.targets[row, keep], IGNORE))
                samples.append(batch.sample_index[row, keep])
    # The prefix's last position predicts no branch's first token: questions are never supervised.
    width = max(len(row) for row in rows)

    def padded(parts: list[Tensor], fill: int) -> Tensor:
        return torch.stack([torch.nn.functional.pad(part, (0, width - len(part)), value=fill) for part in parts])

    # From here on R is the number of branches.
    lengths = torch.tensor([len(row) for row in rows], device=batch.segments.device)
    order = torch.arange(width, device=batch.segments.device).expand(len(rows), width)  # [R, T]
    # One segment a row: plain causal attention, whatever a backend makes of segments.
    segments = torch.where(order < lengths[:, None], 0, PADDING)
    return Batch(
        input_ids=padded(rows, 0),
        positions=torch.where(order < lengths[:, None], order, 0),
        segments=segments,
        targets=padded(targets, IGNORE),
        # The picture goes along once a branch: that it is read alike in both ways is part of the proof.
        pixel_values=batch.pixel_values[pictures],
        picture_groups=torch.tensor(places, device=batch.segments.device),
        sample_index=padded(samples, -1),
        num_samples=batch.num_samples,
        step_weight=batch.step_weight,
    )


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
