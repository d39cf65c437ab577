"""Who sees whom, said two at a time, and packed rows with one mistake each; nothing here calls the package's masks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor
from transformers import PreTrainedModel

from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch
from tests.model.bases.models import IMAGE, WINDOW, Base


class Row(NamedTuple):
    """One row of a batch."""

    segments: list[int]
    positions: list[int]
    blocks: list[int]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Who sees whom; the defaults are right, and every other value is a mistake.

    Attributes:
        leak: branches see the branches of their group before them.
        prefix: branches see their prefix.
        window: how layers with a window measure: by a token's "position" in its sample, its "place" in the row, or "".
        opens: within a picture the window holds for no token.
        blocks: pictures' tokens see each other within their "group", in all groups of the row ("row"), or never ("").
    """

    leak: bool = False
    prefix: bool = True
    window: str = "position"
    opens: bool = False
    blocks: str = "group"

    def sees(self, row: Row, query: int, key: int, *, windowed: bool) -> bool:
        """Whether a token of a row sees another."""
        own, other = row.segments[query], row.segments[key]
        if query == key:
            return True
        if PADDING in (own, other):
            return False
        same_group = own // GROUP == other // GROUP
        related = own == other or (same_group and (self.leak or (self.prefix and other % GROUP == 0)))
        block = row.blocks[query] == row.blocks[key] >= 0 and (
            self.blocks == "row" or (self.blocks == "group" and same_group)
        )
        if not (related and key <= query) and not block:
            return False
        if not windowed or not self.window or (block and self.opens):
            return True
        places = row.positions if self.window == "position" else range(len(row.positions))
        return places[key] > places[query] - WINDOW

    def mask(self, batch: Batch, *, windowed: bool) -> Tensor:
        """bool[R, 1, T, T]."""
        none = torch.full_like(batch.segments, -1)
        tables = (batch.segments, batch.positions, none if batch.blocks is None else batch.blocks)
        rows = [Row(*lists) for lists in zip(*(table.tolist() for table in tables), strict=True)]
        order = range(batch.segments.shape[1])
        return torch.tensor(
            [[[[self.sees(row, query, key, windowed=windowed) for key in order] for query in order]] for row in rows]
        )


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """One mistake.

    Attributes:
        rule: who sees whom.
        batch: the batch, changed.
        concerns: which bases can make it.
    """

    rule: Rule = Rule()
    batch: Callable[[Batch], Batch] = lambda batch: batch
    concerns: Callable[[Base], bool] = lambda base: True


def running_positions(batch: Batch) -> Batch:
    """Positions go on from branch to branch."""
    order = torch.arange(batch.positions.shape[1]).expand_as(batch.positions)
    rope = None if batch.rope is None else torch.where(_behind(batch), order, batch.rope)
    return replace(batch, positions=order, rope=rope)


def flat_rope(batch: Batch) -> Batch:
    """Texts behind a picture count its tokens and not its grid."""
    assert batch.rope is not None
    return replace(batch, rope=torch.where(_behind(batch), batch.positions, batch.rope))


def no_rope(batch: Batch) -> Batch:
    """Pictures' tokens stand in a line."""
    return replace(batch, rope=batch.positions.expand(3, -1, -1))


def turned_pictures(batch: Batch) -> Batch:
    """Every group is shown what belongs to others."""
    return replace(batch, pixel_values=batch.pixel_values.flip(0))


def no_blocks(batch: Batch) -> Batch:
    """No token stands in a block."""
    assert batch.blocks is not None
    return replace(batch, blocks=torch.full_like(batch.blocks, -1))


def lost_blocks(batch: Batch) -> Batch:
    """The batch says nothing of blocks."""
    return replace(batch, blocks=None)


def late_blocks(batch: Batch) -> Batch:
    """The first token of every block stands outside."""
    assert batch.blocks is not None
    before = torch.nn.functional.pad(batch.blocks, (1, 0), value=-1)[:, :-1]
    return replace(batch, blocks=torch.where(batch.blocks != before, -1, batch.blocks))


def early_blocks(batch: Batch) -> Batch:
    """The text token in front of every block stands within."""
    assert batch.blocks is not None
    behind = torch.nn.functional.pad(batch.blocks, (0, 1), value=-1)[:, 1:]
    return replace(batch, blocks=torch.where(batch.blocks < 0, behind, batch.blocks))


BLOCKS = {
    "no blocks": no_blocks,
    "lost blocks": lost_blocks,
    "late blocks": late_blocks,
    "early blocks": early_blocks,
}
"""Blocks that came wrong with a batch."""


def _behind(batch: Batch) -> Tensor:
    return (batch.segments != PADDING) & (batch.segments % GROUP > 0)


def has_windows(base: Base) -> bool:
    """Whether layers of it see only what is near."""
    return "sliding_attention" in base.layers


MISTAKES = {
    "a leak": Mistake(rule=Rule(leak=True)),
    "a lost prefix": Mistake(rule=Rule(prefix=False)),
    "positions that run on": Mistake(batch=running_positions),
    "another group's pictures": Mistake(batch=turned_pictures),
    "text counted by tokens": Mistake(batch=flat_rope, concerns=lambda base: base.name.startswith("qwen")),
    "pictures in a line": Mistake(batch=no_rope, concerns=lambda base: base.name.startswith("qwen")),
    "a window by place": Mistake(rule=Rule(window="place"), concerns=has_windows),
    "no window": Mistake(rule=Rule(window=""), concerns=has_windows),
    "a window that pictures open": Mistake(rule=Rule(opens=True), concerns=lambda base: base.name == "gemma3"),
    "pictures that see no later token": Mistake(
        rule=Rule(blocks=""), concerns=lambda base: base.name in ("gemma3", "molmo2")
    ),
    "pictures that see other groups'": Mistake(
        rule=Rule(blocks="row"), concerns=lambda base: base.name in ("gemma3", "molmo2")
    ),
}


def seen_by(base: Base, batch: Batch, rule: Rule) -> Tensor | dict[str, Tensor]:
    """The mask of a base's layers, or one for each of their kinds; layers without attention learn what is padding."""
    masks = {
        kind: rule.mask(batch, windowed=kind == "sliding_attention")
        if kind.endswith("_attention") and kind != "linear_attention"
        else batch.segments != PADDING
        for kind in sorted({*base.layers})
    }
    return masks if len(masks) > 1 else next(iter(masks.values()))


def by_hand(base: Base, model: PreTrainedModel, batch: Batch, mistake: Mistake) -> Tensor:
    """float32[N]: losses of a packed batch through the public forward."""
    given = mistake.batch(batch)
    types = {base.types: (given.input_ids == IMAGE).long()} if base.types else {}
    logits = model(
        input_ids=given.input_ids,
        attention_mask=seen_by(base, given, mistake.rule),
        position_ids=given.positions if given.rope is None else given.rope,
        pixel_values=given.pixel_values,
        use_cache=False,
        **given.beside,
        **types,
    ).logits
    chosen = given.targets != IGNORE
    return torch.nn.functional.cross_entropy(logits[chosen], given.targets[chosen], reduction="none")


RIGHT = partial(by_hand, mistake=Mistake())
"""Packed as it should be: the control."""
