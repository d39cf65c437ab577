"""Who sees whom in a base, whatever it is packed with: kinds of its language layers, windows, pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from torch import Tensor

from llavapose.families.family import Family, SeesItself
from llavapose.model.batch import Batch

FULL, SLIDING = "full_attention", "sliding_attention"
"""Kinds of layer, as transformers' configurations name them, that see what a mask shows and nothing else."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """A base's rules.

    Attributes:
        layers: the kind of every language layer, in order.
        window: tokens of a sample that a layer of kind ``sliding_attention`` sees, itself among them; None: all.
        sees_itself: which tokens of pictures see later ones.
    """

    layers: tuple[str, ...] = (FULL,)
    window: int | None = None
    sees_itself: SeesItself = SeesItself.none

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of layer that it has, each once."""
        return tuple(dict.fromkeys(self.layers))

    @property
    def blind(self) -> tuple[str, ...]:
        """Kinds of layer that keep samples of a row apart by no mask."""
        return tuple(kind for kind in self.kinds if kind not in (FULL, SLIDING))

    @property
    def causal(self) -> bool:
        """Whether every layer sees all that is earlier, and nothing else."""
        return self.kinds == (FULL,) and self.sees_itself == SeesItself.none

    def told(self) -> str:
        """What is not plainly causal, in words."""
        parts = [self.blind_told()] if self.blind else []
        if SLIDING in self.kinds:
            parts.append(f"{self._numbered(SLIDING)} see {self.window} tokens back")
        if self.sees_itself != SeesItself.none:
            whose = "a picture" if self.sees_itself == SeesItself.picture else "all pictures of a sample"
            parts.append(f"the tokens of {whose} see each other both ways")
        return "; ".join(parts)

    def blind_told(self) -> str:
        """Which layers keep samples apart by no mask, in words."""
        return f"{' and '.join(map(self._numbered, self.blind))} keep the samples of a row apart by no mask"

    def _numbered(self, kind: str) -> str:
        numbers = [number for number, one in enumerate(self.layers) if one == kind]
        return f"{len(numbers)} of {len(self.layers)} layers ({kind}: {_ranges(numbers)})"


def _ranges(numbers: Sequence[int]) -> str:
    """Ascending numbers as people write them: 0-2, 4, 6-7."""
    starts = [numbers[0], *(b for a, b in pairwise(numbers) if b != a + 1)]
    ends = [*(a for a, b in pairwise(numbers) if b != a + 1), numbers[-1]]
    return ", ".join(str(a) if a == b else f"{a}-{b}" for a, b in zip(starts, ends, strict=True))


CAUSAL = Rules()
"""Every layer sees all that is earlier, and nothing else."""


def rules_of(text: Any, family: Family) -> Rules:
    """The rules of a base, from its language model's configuration and its family."""
    window = getattr(text, "sliding_window", None)
    layers = getattr(text, "layer_types", None) or (FULL if window is None else SLIDING,) * text.num_hidden_layers
    return Rules(layers=tuple(layers), window=window, sees_itself=family.sees_itself)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Packed rows as attention sees them.

    Attributes:
        segments: int64[R, T], as a batch's.
        positions: int64[R, T], a token's place in its own sample; None where no layer asks for it.
        blocks: int64[R, T], as a batch's, or None.
        rules: the base's.
    """

    segments: Tensor
    positions: Tensor | None = None
    blocks: Tensor | None = None
    rules: Rules = CAUSAL


def rows_of(batch: Batch, rules: Rules) -> Rows:
    """A batch's rows under a base's rules."""
    return Rows(segments=batch.segments, positions=batch.positions, blocks=batch.blocks, rules=rules)
