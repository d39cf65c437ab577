"""Sampler ``shared``: pictures with all their samples in a seeded order, cut into steps of exactly B samples.

A row is a picture with its samples, unless ``packing`` says otherwise. Nothing is sorted by length, so that any of the
losses may be averaged over, but where every sample has a row of its own.
"""

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

from llavapose.config.choices import Packing
from llavapose.data.plan.copied import copied, longest_first, sizes_alone
from llavapose.data.plan.lengths import Lengths, PlanSettings, num_steps

T = TypeVar("T")


def deal(lengths: Lengths, settings: PlanSettings, epoch: int) -> Iterator[list[list[list[int]]]]:
    """Rows of each micro-batch, in the order step, micro-step, rank."""
    # One stream, cut every B samples: steps are equally large whatever the pictures' numbers of samples. A picture that
    # lies across a cut is encoded in both steps.
    stream = [(number, index) for number, chunk in enumerate(chunks(lengths, settings, epoch)) for index in chunk]
    num_tokens, sizes, start = lengths.num_tokens.tolist(), sizes_alone(lengths, settings), 0
    for _ in range(num_steps(len(lengths), settings)):
        taken = stream[start : start + settings.global_batch]
        start += len(taken)
        if settings.packing is Packing.none:
            ordered = longest_first([index for _, index in taken], sizes)
            yield from (copied(part, sizes, settings) for part in split(ordered, settings.slices))
            continue
        batches = [_grouped(part) for part in split(taken, settings.slices)]
        # Neighbours in cost go to the same micro-step: ranks wait for the slowest one.
        batches.sort(key=lambda groups: -sum(num_tokens[index] for group in groups for index in group))
        for groups in batches:
            if settings.packing is Packing.samples:
                yield copied([index for group in groups for index in group], sizes, settings)
            else:
                yield [[group] for group in groups]


def chunks(lengths: Lengths, settings: PlanSettings, epoch: int) -> list[list[int]]:
    """Samples that may share a picture, in a seeded order: one list a picture, or more where a limit cuts it."""
    # Text seeds by its hash: neighbouring seeds and epochs have nothing in common.
    generator = random.Random(f"{settings.seed}/{epoch}")
    num_tokens, found = lengths.num_tokens.tolist(), []
    for group, prefix in _pictures(lengths, settings):
        # Which samples share a row changes from epoch to epoch where a picture has more than one row's worth.
        generator.shuffle(group)
        found += limited(group, num_tokens, prefix=prefix, settings=settings)
    # Chunks and not samples: those of one picture stay neighbours, so that it is encoded once.
    generator.shuffle(found)
    return found


def _pictures(lengths: Lengths, settings: PlanSettings) -> list[tuple[list[int], int]]:
    """The samples of each picture, by its number, then those without one, each alone; with their prefix's tokens."""
    groups: dict[int, list[int]] = {}
    alone, prefixes = [], lengths.prefixes(settings).tolist()
    for index, image in enumerate(lengths.image.tolist()):
        if image < 0:
            alone.append(([index], prefixes[index]))
        else:
            groups.setdefault(image, []).append(index)
    return [(groups[image], prefixes[groups[image][0]]) for image in sorted(groups)] + alone


def limited(group: list[int], num_tokens: list[int], *, prefix: int, settings: PlanSettings) -> Iterator[list[int]]:
    """A picture's samples in parts that keep ``max_branches`` and, where they share a row, ``row_tokens``."""
    row_tokens = settings.row_tokens if settings.packing is Packing.pictures else 0
    part: list[int] = []
    used = prefix
    for index in group:
        full = settings.max_branches and len(part) == settings.max_branches
        if part and (full or (row_tokens and used + num_tokens[index] > row_tokens)):
            yield part
            part, used = [], prefix
        part.append(index)
        used += num_tokens[index]
    yield part


def split(taken: list[T], parts: int) -> list[list[T]]:
    """Consecutive parts whose sizes differ by one at most."""
    size, extra = divmod(len(taken), parts)
    # Where it does not divide, the first parts take one more each: none is empty.
    cuts = [part * size + min(part, extra) for part in range(parts + 1)]
    return [taken[a:b] for a, b in pairwise(cuts)]


def _grouped(part: list[tuple[int, int]]) -> list[list[int]]:
    # By chunk: two chunks of one picture that meet here stay two rows, or ``max_branches`` would not hold.
    groups: dict[int, list[int]] = {}
    for chunk, index in part:
        groups.setdefault(chunk, []).append(index)
    return list(groups.values())
