"""The samples of a packed batch standing alone, which is what packing has to equal."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from torch import Tensor

from llavapose.families.known import FAMILIES
from llavapose.model.attention.layout import Group, layout_of
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch

_PIXELS = "pixel_values"
_COUNTS_PATCHES = frozenset(family.patch_indices for family in FAMILIES)
"""Arguments whose numbers are places among all patches of the batch."""


@dataclass(frozen=True, kw_only=True)
class Alone:
    """Separate samples.

    Attributes:
        batch: every branch in a row of its own behind its own copy of prefix and picture, unsegmented.
        places: int64[R', T'], where each of its tokens lies among the packed batch's R x T; -1 padding.
    """

    batch: Batch
    places: Tensor

    def of(self, values: Tensor) -> Tensor:
        """A packed batch's values, float[R, H, T, K], where its tokens stand alone: float[R', H, T', K]."""
        flat = values.transpose(1, 2).flatten(0, 1)  # [R x T, H, K]
        return flat[self.places.clamp(min=0)].transpose(1, 2)

    def folded(self, values: Tensor, like: Tensor) -> Tensor:
        """Values of separate tokens, float[R', H, T', K], summed where they lie packed: float32[R, H, T, K]."""
        rows, heads, width, size = like.shape
        real = self.places >= 0
        zeros = torch.zeros(rows * width, heads, size, dtype=torch.float32, device=values.device)
        summed = zeros.index_add_(0, self.places[real], values.transpose(1, 2)[real].float())
        return summed.view(rows, width, heads, size).transpose(1, 2)


def unpack(batch: Batch) -> Batch:
    """The same samples, each alone; a blank picture, which has no samples, stays."""
    return stand_alone(batch).batch


def stand_alone(batch: Batch) -> Alone:
    """The same samples, each alone, and where its tokens came from."""
    width, device = batch.segments.shape[1], batch.segments.device
    lines, prefix_lengths, chosen = [], [], []
    for group in layout_of(batch.segments).groups:
        for start, end in group.branches or [(group.prefix_end, group.prefix_end)]:
            places = [*range(group.start, group.prefix_end), *range(start, end)]
            chosen.append((len(lines), group))
            lines.append(group.row * width + torch.tensor(places, device=device))
            prefix_lengths.append(group.prefix_end - group.start if group.branches else 0)
    found = _rows(batch, lines, chosen)
    order = torch.arange(found.input_ids.shape[1], device=device).expand_as(found.input_ids)  # [R', T']
    lengths = torch.tensor([len(line) for line in lines], device=device)[:, None]
    behind = order >= torch.tensor(prefix_lengths, device=device)[:, None]
    alone = replace(
        found,
        positions=torch.where(order < lengths, order, 0),
        # What the batch says of pictures' positions and blocks is to be proven: they are found anew (``losses``).
        rope=None,
        blocks=None,
        # One segment a row: plain causal attention, whatever a backend makes of segments.
        segments=torch.where(order < lengths, 0, PADDING),
        # The prefix's last position predicts no branch's first token: questions are never supervised.
        targets=torch.where(behind, found.targets, IGNORE),
        picture_groups=torch.stack([found.picture_groups[:, 0], torch.zeros_like(found.picture_groups[:, 0])], 1),
        num_samples=batch.num_samples,
    )
    return Alone(batch=alone, places=_padded(lines, -1))


def _number(batch: Batch, group: Group) -> int:
    return int(batch.segments[group.row, group.start]) // GROUP


def _rows(batch: Batch, lines: Sequence[Tensor], chosen: Sequence[tuple[int, Group]]) -> Batch:
    """New rows from tokens of a batch.

    Args:
        batch: packed.
        lines: int64 each, the tokens of a new row by their place among R x T.
        chosen: the new row of every group, once more where it is copied.
    """
    seen = {tuple(one): number for number, one in enumerate(batch.picture_groups.tolist())}
    pictures, homes = [], []
    for row, group in chosen:
        number = _number(batch, group)
        if (picture := seen.get((group.row, number))) is not None:
            pictures.append(picture)
            homes.append((row, number))

    def table(values: Tensor, fill: int) -> Tensor:
        return _padded([values.flatten()[line] for line in lines], fill)

    # A picture goes along with every copy of its group: that it is read alike is part of the proof.
    inputs = _copied(batch, pictures)
    return replace(
        batch,
        input_ids=table(batch.input_ids, 0),
        positions=table(batch.positions, 0),
        segments=table(batch.segments, PADDING),
        targets=table(batch.targets, IGNORE),
        sample_index=table(batch.sample_index, -1),
        pixel_values=inputs.pop(_PIXELS),
        beside=inputs,
        picture_rows={name: rows[pictures] for name, rows in batch.picture_rows.items()},
        picture_groups=torch.tensor(homes, device=batch.segments.device),
    )


def _copied(batch: Batch, pictures: Sequence[int]) -> dict[str, Tensor]:
    """What the forward is told of pictures, by name, for these groups one behind the other; some more than once."""
    given = {_PIXELS: batch.pixel_values, **batch.beside}
    parts = {name: _by_group(batch, name, values) for name, values in given.items()}
    # Numbers of patches are counted from the batch's first: each group's from its own, then from the new batch's first.
    patches = [part[..., 0].numel() for part in parts[_PIXELS]] if batch.pixel_values.ndim == 3 else []
    old, new = [0, *accumulate(patches)], [0, *accumulate(patches[one] for one in pictures if patches)]
    found = {}
    for name, values in parts.items():
        chosen = [values[one] for one in pictures]
        if name in _COUNTS_PATCHES:
            chosen = [
                torch.where(part >= 0, part - old[one] + start, part)
                for part, one, start in zip(chosen, pictures, new, strict=False)
            ]
        found[name] = torch.cat(chosen)
    return found


def _by_group(batch: Batch, name: str, values: Tensor) -> tuple[Tensor, ...]:
    rows = batch.picture_rows.get(name)
    return values.split(1 if rows is None else rows.tolist())


def _padded(lines: Sequence[Tensor], fill: int) -> Tensor:
    width = max(len(line) for line in lines)
    return torch.stack([torch.nn.functional.pad(line, (0, width - len(line)), value=fill) for line in lines])
