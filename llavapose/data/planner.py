"""Which samples share a step: image groups in a seeded order, cut into steps of exactly B samples, dealt to ranks.

Pure arithmetic on lengths, so that the order of a whole run is known, and can be compared, before it starts.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, kw_only=True)
class Item:
    """One sample as the planner sees it: the picture's key and its branch's lengths in tokens."""

    image: str
    num_tokens: int
    num_targets: int


@dataclass(frozen=True, kw_only=True)
class MicroBatch:
    """What one rank gets in one micro-step.

    Attributes:
        groups: one tuple of sample indices a picture.
        step_weight: weight of all supervised tokens of the optimizer step, over micro-steps and ranks.
    """

    groups: tuple[tuple[int, ...], ...]
    step_weight: float

    @property
    def num_samples(self) -> int:
        """Samples in the micro-batch."""
        return sum(len(group) for group in self.groups)


def sample_weight(num_targets: int, loss_power: float) -> float:
    """Weight of a sample of n supervised tokens in its step's loss: n ** (1 - power).

    Power 0 lets every token weigh the same (LLaVA's own way), 1 every sample, 0.5 lies between (Molmo's).
    """
    return float(num_targets ** (1 - loss_power))


def num_steps(num_samples: int, *, batch_size: int, accumulate: int, num_ranks: int) -> int:
    """Optimizer steps of one epoch; a last step may hold fewer samples, at least one a rank and micro-step."""
    per_step = batch_size * accumulate * num_ranks
    # A rest with fewer samples would leave a rank without a batch, and the others waiting for it.
    full, rest = divmod(num_samples, per_step)
    return full + (1 if rest >= accumulate * num_ranks else 0)


def plan_epoch(
    items: Sequence[Item],
    *,
    batch_size: int,
    accumulate: int = 1,
    num_ranks: int = 1,
    seed: int,
    epoch: int = 0,
    max_branches: int = 0,
    loss_power: float = 0.0,
) -> list[list[list[MicroBatch]]]:
    """The steps of one epoch: ``plan[step][micro_step][rank]``.

    Every sample is used once; fewer than ranks x micro-steps at the very end are left for another epoch's order.

    Args:
        items: the samples, in the order of their indices.
        batch_size: samples a rank and micro-step.
        accumulate: micro-steps an optimizer step.
        num_ranks: processes that share each micro-step.
        seed: of the order.
        epoch: from 0; each has an order of its own.
        max_branches: most samples of one picture in a micro-batch; 0 sets no limit, 1 is the papers' way.
        loss_power: of ``sample_weight``.
    """
    # One stream, cut every B samples: steps are equally large whatever the pictures' numbers of samples. A picture that
    # lies across a cut is encoded in both steps.
    chunks = _chunks(items, seed=seed, epoch=epoch, max_branches=max_branches)
    stream = [(number, index) for number, chunk in enumerate(chunks) for index in chunk]
    slices = accumulate * num_ranks
    plan, start = [], 0
    for _ in range(num_steps(len(items), batch_size=batch_size, accumulate=accumulate, num_ranks=num_ranks)):
        taken = stream[start : start + batch_size * slices]
        start += len(taken)
        # Of the whole step, known before any rank runs: none has to ask the others for it.
        weight = sum(sample_weight(items[index].num_targets, loss_power) for _, index in taken)
        batches = [_group(part, weight) for part in _split(taken, slices)]
        # Neighbours in cost go to the same micro-step: ranks wait for the slowest one.
        batches.sort(key=lambda batch: -sum(items[i].num_tokens for group in batch.groups for i in group))
        plan.append([batches[micro * num_ranks : (micro + 1) * num_ranks] for micro in range(accumulate)])
    return plan


def _chunks(items: Sequence[Item], *, seed: int, epoch: int, max_branches: int) -> list[list[int]]:
    # Text seeds by its hash: neighbouring seeds and epochs have nothing in common.
    generator = random.Random(f"{seed}/{epoch}")
    groups: dict[str, list[int]] = {}
    for index, item in enumerate(items):
        groups.setdefault(item.image, []).append(index)
    chunks = []
    # By name: pictures are shuffled from the same start whichever of their samples comes first in the file.
    for image in sorted(groups):
        group = groups[image]
        # Which samples share a row changes from epoch to epoch where a picture has more than one row's worth.
        generator.shuffle(group)
        size = max_branches or len(group)
        chunks.extend(group[at : at + size] for at in range(0, len(group), size))
    # Chunks and not samples: those of one picture stay neighbours, so that it is encoded once.
    generator.shuffle(chunks)
    return chunks


def _split(taken: list[tuple[int, int]], parts: int) -> list[list[tuple[int, int]]]:
    size, extra = divmod(len(taken), parts)
    # Where it does not divide, the first parts take one more each: none is empty.
    cuts = [part * size + min(part, extra) for part in range(parts + 1)]
    return [taken[a:b] for a, b in pairwise(cuts)]


def _group(part: list[tuple[int, int]], step_weight: float) -> MicroBatch:
    # By chunk: two chunks of one picture that meet here stay two rows, or ``max_branches`` would not hold.
    groups: dict[int, list[int]] = {}
    for chunk, index in part:
        groups.setdefault(chunk, []).append(index)
    return MicroBatch(groups=tuple(tuple(group) for group in groups.values()), step_weight=step_weight)
