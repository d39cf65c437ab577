"""What the arms of ``packing.py`` compute: tokens, pairs that attention compares, and the operations that follow."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.packing_arms import Arm, pairs_of
from llavapose.config.choices import Packing
from llavapose.data.plan.epoch import EpochPlan
from llavapose.data.plan.lengths import Lengths
from llavapose.model.batch import Batch
from llavapose.training.forecast.cost import Counts, operations
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes

Run = Callable[[], dict[int, float]]
"""Forward and backward over a step; returns the summed loss of each sample, or of ``WHOLE``."""

WHOLE = -1
"""Stands for all samples of a step, where a trainer tells no more."""


@dataclass(frozen=True, kw_only=True)
class Load:
    """What is computed: tokens with padding, pairs that attention compares, supervised tokens, pictures."""

    tokens: int
    padding: int
    pairs: int
    targets: int
    pictures: int


def load_of_plan(plan: EpochPlan, lengths: Lengths, arm: Arm) -> Load:
    """The load of a plan by its lengths alone; every sample has a picture."""
    tokens = lengths.num_tokens[plan.samples].astype(np.int64)
    before = lengths.prefixes(arm.settings)[plan.samples].astype(np.int64)
    prefix = before[plan.groups[:-1]]
    rows = np.add.reduceat(np.add.reduceat(tokens, plan.groups[:-1]) + prefix, plan.rows[:-1])
    widths, heights = np.maximum.reduceat(rows, plan.micros[:-1]), np.diff(plan.micros)
    computed, groups = int((widths * heights).sum()), len(plan.groups) - 1
    if len(plan.rows) == len(plan.samples) + 1:
        pairs = int((heights * widths * (widths + 1) // 2).sum())
    else:
        if arm.settings.packing is Packing.pictures:
            # The prefix is attended causally, each sample of the picture with a mask of its own.
            pairs = int((prefix * (prefix + 1) // 2).sum() + (tokens * (before + tokens)).sum())
        else:
            pairs = int(((before + tokens) * (before + tokens + 1) // 2).sum())
    return Load(
        tokens=computed, padding=computed - int(rows.sum()), pairs=pairs,
        targets=int(lengths.num_targets[plan.samples].sum()), pictures=groups,
    )  # fmt: skip


def load_of(batches: Sequence[Batch], *, ours: bool = False) -> Load:
    """The load of batches as they are run; ours with a prefix and each of its samples apart."""
    tokens = sum(batch.num_computed for batch in batches)
    return Load(
        tokens=tokens,
        padding=tokens - sum(batch.num_tokens for batch in batches),
        pairs=sum(pairs_of(batch.segments, apart=ours) for batch in batches),
        targets=sum(batch.num_targets for batch in batches),
        pictures=sum(len(batch.pixel_values) for batch in batches),
    )


def flops(shapes: Shapes, load: Load) -> float:
    """Operations of forward and backward: the forecast's, with the pairs that are compared in place of all."""
    counts = Counts(tokens=load.tokens, pairs=load.pairs, targets=load.targets, pictures=load.pictures)
    return operations(shapes, Setup(), counts).model


def parts(shapes: Shapes, load: Load) -> dict[str, float]:
    """What each part of the model takes of the operations."""
    whole = flops(shapes, load)
    without = {
        "attention": Load(**{**vars(load), "pairs": 0}),
        "output layer": Load(**{**vars(load), "targets": 0}),
        "vision and connector": Load(**{**vars(load), "pictures": 0}),
    }
    found = {name: 1 - flops(shapes, less) / whole for name, less in without.items()}
    return {"layers": 1 - sum(found.values()), **found}


def counted(run: Run) -> float:
    """Operations that torch counts, attention on a CPU included."""
    ops = torch.ops.aten

    def attention(query: tuple[int, ...], key: tuple[int, ...], *further: object, **named: object) -> int:
        pairs = query[2] * (query[2] + 1) // 2 if True in further else query[2] * key[2]
        return 4 * query[0] * query[1] * pairs * query[3]

    def backward(_: object, query: tuple[int, ...], key: tuple[int, ...], *further: object, **named: object) -> int:
        return 2 * attention(query, key, *further)

    mapping = {
        ops._scaled_dot_product_flash_attention_for_cpu: attention,
        ops._scaled_dot_product_flash_attention_for_cpu_backward: backward,
    }
    with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
        run()
    return float(counter.get_total_flops())
