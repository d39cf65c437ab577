"""What a planner knows of samples, and the settings that it plans by."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from llavapose.config.choices import LossMean, Packing, Sampler


@dataclass(frozen=True, kw_only=True)
class Lengths:
    """The samples as a planner sees them; all arrays have one entry a sample.

    Attributes:
        image: int32[N], number of the sample's group of pictures, of which most are one picture; -1 where it has none.
            Counted in the order of the pictures' names, it does not depend on which sample comes first in a file.
        num_tokens: int32[N], tokens behind the pictures.
        num_targets: int32[N], supervised tokens, at least 1.
        num_words: int32[N], words of all turns, as whitespace parts them, without the picture's placeholder.
        prefix: int32[N], tokens in front of each sample, its pictures' own included; None: as the settings say, the
            same for every picture.
        num_shown: int32[N], pictures of each sample's group; None: one, where it has any.
    """

    image: NDArray[np.int32]
    num_tokens: NDArray[np.int32]
    num_targets: NDArray[np.int32]
    num_words: NDArray[np.int32]
    prefix: NDArray[np.int32] | None = None
    num_shown: NDArray[np.int32] | None = None

    def __len__(self) -> int:
        return len(self.image)

    @property
    def num_pictures(self) -> int:
        """Different groups of pictures."""
        return len(np.unique(self.image[self.image >= 0]))

    def prefixes(self, settings: "PlanSettings") -> NDArray[np.int32]:
        """int32[N], tokens in front of each sample."""
        if self.prefix is not None:
            return self.prefix
        return np.where(self.image >= 0, settings.prefix_tokens, settings.text_prefix_tokens).astype(np.int32)

    @property
    def shown(self) -> NDArray[np.int32]:
        """int32[N], pictures in front of each sample."""
        return (self.image >= 0).astype(np.int32) if self.num_shown is None else self.num_shown

    def of(self, rows: NDArray[np.integer]) -> "Lengths":
        """Those of some samples, in this order."""
        found: dict[str, Any] = {one.name: getattr(self, one.name) for one in fields(self)}
        taken: dict[str, Any] = {name: array if array is None else array[rows] for name, array in found.items()}
        return Lengths(**taken)


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """What decides a plan besides the samples.

    Attributes:
        batch_size: samples a rank and micro-step.
        accumulate: micro-steps an optimizer step.
        num_ranks: processes that share each micro-step.
        seed: of the order.
        sampler: who shares a step.
        packing: how the samples of a micro-batch lie in rows.
        max_branches: most samples of one picture that stay together, in the order and behind its copy; 0: no limit.
        loss: what a step's loss is the mean over.
        row_tokens: most tokens of a row, prefixes included; 0 sets no limit.
        prefix_tokens: tokens in front of a picture's samples, the picture's own included, where ``Lengths.prefix`` does
            not say it of each.
        text_prefix_tokens: tokens in front of a sample without a picture.
    """

    batch_size: int
    accumulate: int = 1
    num_ranks: int = 1
    seed: int
    sampler: Sampler = Sampler.shared
    packing: Packing = Packing.pictures
    max_branches: int = 0
    loss: LossMean = LossMean.token
    row_tokens: int = 0
    prefix_tokens: int = 0
    text_prefix_tokens: int = 0

    @property
    def slices(self) -> int:
        """Micro-batches of an optimizer step, over micro-steps and ranks."""
        return self.accumulate * self.num_ranks

    @property
    def global_batch(self) -> int:
        """Samples of an optimizer step."""
        return self.batch_size * self.slices


def num_steps(num_samples: int, settings: PlanSettings) -> int:
    """Optimizer steps of one epoch; a last step may hold fewer samples, at least one a rank and micro-step."""
    # A rest with fewer samples would leave a rank without a batch, and the others waiting for it.
    full, rest = divmod(num_samples, settings.global_batch)
    return full + (1 if rest >= settings.slices else 0)
