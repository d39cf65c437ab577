"""The samples of a packed batch standing alone, which is what packing has to equal."""

import torch
from torch import Tensor

from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch


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
