"""How far two ways of computing the same losses are apart: packed and alone, and what rounding does alone."""

import torch

from llavapose.model.attention.alone import unpack
from llavapose.model.attention.proof import SHIFTS, Losses, shifted
from llavapose.model.attention.watch import Differences, differences
from llavapose.model.batch import Batch


@torch.no_grad()
def packing_error(losses: Losses, batch: Batch) -> Differences:
    """How far the packed batch's losses are from those of its samples standing alone."""
    return differences(losses(batch), losses(unpack(batch)))


@torch.no_grad()
def rounding_noise(losses: Losses, batch: Batch) -> Differences:
    """What rounding alone does to the losses of a batch's samples: how far they move when all positions are shifted."""
    alone = unpack(batch)
    still = losses(alone)
    return differences(torch.cat([losses(one) for one in shifted(alone)]), still.repeat(len(SHIFTS)))
