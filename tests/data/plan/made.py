"""Lengths made for a test, and a plan as nested lists."""

from __future__ import annotations

import numpy as np

from llavapose.data.plan.epoch import EpochPlan, MicroBatch
from llavapose.data.plan.lengths import Lengths


def lengths_of(images: list[int], tokens: list[int]) -> Lengths:
    """A third of the tokens are supervised, and two tokens are a word."""
    num_tokens = np.asarray(tokens, dtype=np.int32)[: len(images)]
    return Lengths(
        image=np.asarray(images, dtype=np.int32),
        num_tokens=num_tokens,
        num_targets=1 + num_tokens // 3,
        num_words=1 + num_tokens // 2,
    )


def steps_of(plan: EpochPlan) -> list[list[list[MicroBatch]]]:
    """``[step][micro_step][rank]``."""
    ranks = [list(plan.micro_batches(rank)) for rank in range(plan.num_ranks)]
    micros = [list(batches) for batches in zip(*ranks, strict=True)]
    return [micros[at : at + plan.accumulate] for at in range(0, len(micros), plan.accumulate)]
