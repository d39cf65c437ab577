"""Greedy answers to many questions: each picture read once, rows alike in length side by side, finished rows dropped.

    picture  [system, USER:, <image> x P]       read once; its keys and values are copied to each of its questions' rows
    row      [------ prefix ------][pad][question] -> answer

Shapes: B rows, P tokens of the longest prefix, Q of the longest question, V words. Positions count from the prefix's
end, whatever padding stands between, so that a row says what it says alone.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor
from transformers import DynamicCache

Cached = list[tuple[Tensor, Tensor]]
"""Keys and values of a prefix, a layer an item: float[1, heads, tokens, size] each."""


Pick = Callable[[Sequence[int], Tensor], Tensor]
"""(places of prompts, float[B, V] logits) -> int64[B] tokens, asked once a step (``constrained.py``)."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Prefix:
    """What several questions begin with: a picture, and what stands before it. Told apart by being another object.

    Attributes:
        ids: token ids.
        inputs: what the model is given with them, by its own names: pixels, grids, types of tokens.
    """

    ids: tuple[int, ...]
    inputs: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Prompt:
    """One question: ``ids`` stand behind its prefix, and behind them the answer."""

    prefix: Prefix
    ids: tuple[int, ...]

    @property
    def length(self) -> int:
        """Tokens in all."""
        return len(self.prefix.ids) + len(self.ids)


@dataclass(frozen=True, kw_only=True)
class Read:
    """A prefix that was read: its keys and values, and how much earlier than counted its positions end."""

    cached: Cached
    shift: int


def greedy(
    model: Any, prompts: Sequence[Prompt], *, ends: Collection[int], max_new_tokens: int, batch_size: int
) -> list[list[int]]:
    """The answers' token ids without their end, in the order of the prompts; arguments as of ``greedy_in_turn``."""
    told = greedy_in_turn(model, prompts, ends=ends, max_new_tokens=max_new_tokens, batch_size=batch_size)
    written = dict(told)
    return [written[index] for index in range(len(prompts))]


@torch.inference_mode()
def greedy_in_turn(
    model: Any,
    prompts: Sequence[Prompt],
    *,
    ends: Collection[int],
    max_new_tokens: int,
    batch_size: int,
    done: Collection[int] = (),
    pick: Pick | None = None,
) -> Iterator[tuple[int, list[int]]]:
    """Places of prompts with their answers' token ids without the end, batch by batch as they are ready.

    Args:
        model: a Hugging Face image-text model whose layers keep keys and values (``keeps_keys``).
        prompts: what is asked; those with the same prefix share it.
        ends: ids that end an answer.
        max_new_tokens: longest answer.
        batch_size: rows, and prefixes, at once.
        done: places that are known; batches are made up as if they were not, so that what stands beside a row is the
            same, and those of which all are known are left out.
        pick: how a token is chosen; None: the likeliest.
    """
    reads = read_prefixes(model, list(dict.fromkeys(prompt.prefix for prompt in prompts)), batch_size)
    # Alike in length, rows need little padding.
    order = sorted(range(len(prompts)), key=lambda index: prompts[index].length)
    for start in range(0, len(order), batch_size):
        rows = order[start : start + batch_size]
        if all(row in done for row in rows):
            continue
        answers = _answer(model, [prompts[row] for row in rows], reads, ends, max_new_tokens, pick, rows)
        yield from ((row, ids) for row, ids in zip(rows, answers, strict=True) if row not in done)


def first_logits(model: Any, prompts: Sequence[Prompt], *, batch_size: int) -> Tensor:
    """What the first word of each answer is chosen by: float32[B, V]; for comparing with a whole forward pass."""
    with torch.inference_mode():
        reads = read_prefixes(model, list(dict.fromkeys(prompt.prefix for prompt in prompts)), batch_size)
        return _Rows(model, prompts, reads).logits.float()


ReadPrefixes = Callable[[Any, Sequence[Prefix], int], dict[Prefix, Read]]
"""(model, prefixes, how many at once) -> keys and values of each."""


@torch.inference_mode()
def log_likelihoods(
    model: Any,
    prompts: Sequence[Prompt],
    statements: Sequence[Sequence[int]],
    *,
    batch_size: int,
    read: ReadPrefixes | None = None,
) -> list[float]:
    """Mean log-likelihood a token (nats) of what would be answered.

    Args:
        model: as ``greedy``'s.
        prompts: the questions.
        statements: ids of an answer to each, its end included.
        batch_size: rows, and prefixes, at once.
        read: what reads the prefixes; None: ``read_prefixes``.
    """
    read = read or read_prefixes
    reads = read(model, list(dict.fromkeys(prompt.prefix for prompt in prompts)), batch_size)
    found = []
    for start in range(0, len(prompts), batch_size):
        said = statements[start : start + batch_size]
        # The last token predicts nothing.
        whole = [
            Prompt(prefix=prompt.prefix, ids=(*prompt.ids, *ids[:-1]))
            for prompt, ids in zip(prompts[start : start + batch_size], said, strict=True)
        ]
        logits = _Rows(model, whole, reads, num_logits=max(map(len, said))).all_logits.float()  # [B, Q, V]
        for row, ids in zip(logits, said, strict=True):
            chosen = torch.tensor(ids, device=row.device)[:, None]
            found.append(float(row[-len(ids) :].log_softmax(-1).gather(1, chosen).mean()))
    return found


def read_prefixes(model: Any, prefixes: Sequence[Prefix], batch_size: int) -> dict[Prefix, Read]:
    """Keys and values of each; those of one shape are read together."""
    alike: dict[Any, list[Prefix]] = {}
    for prefix in prefixes:
        shapes = tuple((name, value.shape) for name, value in sorted(prefix.inputs.items()))
        alike.setdefault((len(prefix.ids), shapes), []).append(prefix)
    found: dict[Prefix, Read] = {}
    for group in alike.values():
        for start in range(0, len(group), batch_size):
            part = group[start : start + batch_size]
            found.update(zip(part, _read(model, part), strict=True))
    return found


def _read(model: Any, prefixes: Sequence[Prefix]) -> list[Read]:
    if not prefixes[0].ids:
        return [Read(cached=[], shift=0)] * len(prefixes)
    forget_grids(model)
    ids = torch.tensor([prefix.ids for prefix in prefixes], device=model.device)  # [B, P]
    inputs = {}
    for name in prefixes[0].inputs:
        joined = torch.cat([prefix.inputs[name] for prefix in prefixes]).to(model.device)
        inputs[name] = joined.to(model.dtype) if joined.is_floating_point() else joined
    cache = DynamicCache()
    model(input_ids=ids, attention_mask=torch.ones_like(ids), past_key_values=cache, use_cache=True, logits_to_keep=1,
          **inputs)  # fmt: skip
    shifts, layers = _shifts(model, len(prefixes)), cast("list[Any]", cache.layers)
    return [
        Read(cached=[(one.keys[row, None], one.values[row, None]) for one in layers], shift=shifts[row])
        for row in range(len(prefixes))
    ]


def forget_grids(model: Any) -> None:
    """Qwen-VL's keeps what the last grids took off positions, and would take it off those of a text without any."""
    if getattr(model.model, "rope_deltas", None) is not None:
        model.model.rope_deltas = None


def _shifts(model: Any, num: int) -> list[int]:
    """Qwen-VL's positions are the picture's rows and columns: what follows counts from the larger of the two."""
    deltas = getattr(model.model, "rope_deltas", None)
    return [0] * num if deltas is None else [int(delta) for delta in deltas.flatten()]


class _Rows:
    """A batch of rows while their answers are written."""

    def __init__(
        self, model: Any, prompts: Sequence[Prompt], reads: Mapping[Prefix, Read], num_logits: int = 1
    ) -> None:
        self._model, device = model, model.device
        own = [reads[prompt.prefix] for prompt in prompts]
        before, behind = max(len(one.prefix.ids) for one in prompts), max(len(one.ids) for one in prompts)
        self._cache = DynamicCache(_side_by_side([one.cached for one in own], before))
        ids = [(0,) * (behind - len(one.ids)) + one.ids for one in prompts]
        seen = [
            [0] * (before - len(one.prefix.ids)) + [1] * len(one.prefix.ids)
            + [0] * (behind - len(one.ids)) + [1] * len(one.ids)
            for one in prompts
        ]  # fmt: skip
        self._mask = torch.tensor(seen, device=device)  # [B, P + Q]
        self._shift = torch.tensor([[one.shift] for one in own], device=device)  # [B, 1]
        self.all_logits = self._forward(torch.tensor(ids, device=device), num_logits)  # [B, num_logits, V]
        self.logits = self.all_logits[:, -1]  # [B, V]

    def _forward(self, ids: Tensor, num_logits: int = 1) -> Tensor:
        counted = self._mask.cumsum(-1) - 1
        positions = (counted + self._shift)[:, -ids.shape[1] :].clamp(min=0)
        output = self._model(
            input_ids=ids,
            attention_mask=self._mask,
            position_ids=positions,
            past_key_values=self._cache,
            use_cache=True,
            logits_to_keep=num_logits,
        )
        return output.logits

    def go_on(self, tokens: Tensor) -> None:
        """Read the words just written: int64[B]."""
        self._mask = torch.nn.functional.pad(self._mask, (0, 1), value=1)
        self.logits = self._forward(tokens[:, None])[:, -1]

    def keep(self, rows: Tensor) -> None:
        """Drop all other rows: int64[num kept]."""
        self._cache.batch_select_indices(rows)
        self._mask, self._shift, self.logits = self._mask[rows], self._shift[rows], self.logits[rows]


def _side_by_side(rows: Sequence[Cached], width: int) -> Iterable[tuple[Tensor, Tensor]] | None:
    """Each layer's keys and values of all rows, shorter ones padded in front: float[B, heads, P, size]."""
    if not width:
        return None
    some = next(row for row in rows if row)
    nothing = [tuple(one[:, :, :0] for one in layer) for layer in some]
    own = [row or nothing for row in rows]
    return [
        (
            torch.cat([_padded(row[layer][0], width) for row in own]),
            torch.cat([_padded(row[layer][1], width) for row in own]),
        )
        for layer in range(len(some))
    ]


def _padded(tensor: Tensor, width: int) -> Tensor:
    missing = width - tensor.shape[2]
    return torch.nn.functional.pad(tensor, (0, 0, missing, 0)) if missing else tensor


def _answer(
    model: Any,
    prompts: Sequence[Prompt],
    reads: Mapping[Prefix, Read],
    ends: Collection[int],
    max_new_tokens: int,
    pick: Pick | None,
    places: Sequence[int],
) -> list[list[int]]:
    rows = _Rows(model, prompts, reads)
    written: list[list[int]] = [[] for _ in prompts]
    left = list(range(len(prompts)))
    for number in range(max_new_tokens):
        tokens = rows.logits.argmax(-1) if pick is None else pick([places[one] for one in left], rows.logits)  # [B]
        told = tokens.tolist()
        going = [place for place, token in enumerate(told) if token not in ends]
        for place in going:
            written[left[place]].append(told[place])
        if not going or number + 1 == max_new_tokens:
            break
        if len(going) < len(left):
            kept = torch.tensor(going, device=tokens.device)
            rows.keep(kept)
            tokens, left = tokens[kept], [left[place] for place in going]
        rows.go_on(tokens)
    return written
