"""Samples packed by hand, and each of them alone through the public forward of transformers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers import PreTrainedModel

from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch
from tests.model.bases.models import IMAGE, Base, Prefix

ANSWER = 4
"""Tokens at the end of every branch that are learnt."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A prefix with its branches."""

    prefix: Prefix
    branches: list[list[int]]


def rows_of(prefixes: Sequence[Prefix]) -> list[list[Group]]:
    """Two rows: two groups of pictures of different sizes; a third, then a group without pictures, then padding."""
    drawn = torch.Generator().manual_seed(1)
    words = [torch.randint(10, 60, (length,), generator=drawn).tolist() for length in (7, 6, 9, 6, 8, 5, 7)]
    bare = Prefix(ids=[1, 5, 7], rope=None if prefixes[0].rope is None else torch.arange(3).expand(3, 3))
    return [
        [Group(prefix=prefixes[0], branches=words[:2]), Group(prefix=prefixes[1], branches=words[2:5])],
        [Group(prefix=prefixes[2], branches=words[5:6]), Group(prefix=bare, branches=words[6:])],
    ]


def single_rows(rows: list[list[Group]]) -> list[list[Group]]:
    """Every sample in a row of its own."""
    groups = [group for row in rows for group in row]
    return [[Group(prefix=group.prefix, branches=[one])] for group in groups for one in group.branches]


def packed(rows: list[list[Group]]) -> Batch:
    """The rows as one batch."""
    width = max(sum(len(group.prefix.ids) + sum(map(len, group.branches)) for group in row) for row in rows)
    table = {name: torch.zeros(len(rows), width, dtype=torch.int64) for name in ("input_ids", "positions")}
    fills = {"segments": PADDING, "targets": IGNORE, "sample_index": -1, "blocks": -1}
    table |= {name: torch.full((len(rows), width), fill) for name, fill in fills.items()}
    rope, number, pictured = torch.zeros(3, len(rows), width, dtype=torch.int64), 0, []
    for row, groups in enumerate(rows):
        at = 0
        for place, group in enumerate(groups):
            length = len(group.prefix.ids)
            if group.prefix.inputs:
                pictured.append((row, place, group.prefix))
            pieces = [(group.prefix.ids, place * GROUP, 0, IGNORE)]
            pieces += [(ids, place * GROUP + k, length, ANSWER) for k, ids in enumerate(group.branches, start=1)]
            for ids, segment, start, learnt in pieces:
                span = slice(at, at + len(ids))
                table["input_ids"][row, span] = torch.tensor(ids)
                table["segments"][row, span] = segment
                table["positions"][row, span] = start + torch.arange(len(ids))
                _positions(rope[:, row, span], group.prefix, branch=learnt == ANSWER)
                if learnt == ANSWER:
                    table["targets"][row, at + len(ids) - 1 - ANSWER : at + len(ids) - 1] = torch.tensor(ids[-ANSWER:])
                    table["sample_index"][row, span] = number
                    number += 1
                elif group.prefix.blocks is not None:
                    table["blocks"][row, span] = torch.tensor(group.prefix.blocks)
                at += len(ids)
    return _batch(table, rope, pictured, number)


def _positions(rope: Tensor, prefix: Prefix, *, branch: bool) -> None:
    if prefix.rope is None:
        return
    if branch:
        rope[:] = prefix.rope.max() + 1 + torch.arange(rope.shape[1])
    else:
        rope[:] = prefix.rope


def _batch(table: dict[str, Tensor], rope: Tensor, pictured: list[tuple[int, int, Prefix]], number: int) -> Batch:
    prefixes = [prefix for _, _, prefix in pictured]
    names = list(prefixes[0].inputs)
    blocks = table.pop("blocks")
    joined = {name: torch.cat([prefix.inputs[name] for prefix in prefixes]) for name in names}
    if "image_token_pooling" in joined:
        joined["image_token_pooling"] = _counted_on(prefixes)
    return Batch(
        **table,
        pixel_values=joined.pop("pixel_values"),
        beside=joined,
        picture_rows={name: torch.tensor([len(prefix.inputs[name]) for prefix in prefixes]) for name in names},
        picture_groups=torch.tensor([[row, place] for row, place, _ in pictured]),
        num_samples=number,
        step_weight=1.0,
        rope=None if prefixes[0].rope is None else rope,
        blocks=None if prefixes[0].blocks is None else blocks,
    )


def _counted_on(prefixes: list[Prefix]) -> Tensor:
    """Molmo 2's patches, counted from the batch's first and not from their own group's."""
    found, before = [], 0
    for prefix in prefixes:
        own, pixels = prefix.inputs["image_token_pooling"], prefix.inputs["pixel_values"]
        found.append(torch.where(own < 0, own, own + before))
        before += pixels.shape[0] * pixels.shape[1]
    return torch.cat(found)


def plain_losses(base: Base, model: PreTrainedModel, rows: list[list[Group]]) -> Tensor:
    """float32[N]: every sample alone, as transformers has it: no mask and no positions of ours."""
    found = []
    for group in (group for row in rows for group in row):
        for branch in group.branches:
            ids = torch.tensor([[*group.prefix.ids, *branch]])
            types = {base.types: (ids == IMAGE).long()} if base.types else {}
            logits = model(input_ids=ids, use_cache=False, **group.prefix.inputs, **types).logits[0]
            learnt = logits[-1 - ANSWER : -1]
            found.append(torch.nn.functional.cross_entropy(learnt, ids[0, -ANSWER:], reduction="none"))
    return torch.cat(found)
