"""Statements that begin alike, weighed as a trie: each token that several share is read once.

    picture  [system, USER:, <image> x P]                 read once; its keys and values are what all tokens see
    trie     Is the left elbow bent or straight? -> The left elbow is -> bent. </s>
                                                                      -> straight. </s>
                               straight or bent? -> The left elbow is -> bent. </s> ...

One row of N tokens, in an order in which each stands behind its beginning. A token sees the picture, its own beginning
and itself; its position is its depth, so that it is what it is in a row of its own.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import DynamicCache

from llavapose.evaluation.answerers.checkpoint.generation import (
    Prefix,
    Prompt,
    Read,
    ReadPrefixes,
    log_likelihoods,
    read_prefixes,
)

log = logging.getLogger(__name__)

TOLERANCE = {torch.float32: 1e-4, torch.float64: 1e-4}
"""Largest difference of a mean log-likelihood, in nats or as a share of what is above one nat, that rounding explains:
a hundred times what is seen. Lower precisions round more."""
TOLERANCE_LOW = 3e-2


@dataclass(frozen=True, kw_only=True)
class Trie:
    """Sequences of tokens with what they share written once.

    Attributes:
        tokens: of the N nodes, each behind its parent.
        parents: of each node; -1: none.
        depths: how many nodes stand before each.
        paths: of each sequence, its nodes from the first token to the last.
    """

    tokens: tuple[int, ...]
    parents: tuple[int, ...]
    depths: tuple[int, ...]
    paths: tuple[tuple[int, ...], ...]


def trie_of(sequences: Sequence[Sequence[int]]) -> Trie:
    """The trie of these, in their order."""
    children: dict[tuple[int, int], int] = {}
    tokens: list[int] = []
    parents: list[int] = []
    depths: list[int] = []
    paths = []
    for sequence in sequences:
        node, path = -1, []
        for depth, token in enumerate(sequence):
            parent, node = node, children.setdefault((node, token), len(tokens))
            if node == len(tokens):
                tokens.append(token)
                parents.append(parent)
                depths.append(depth)
            path.append(node)
        paths.append(tuple(path))
    return Trie(tokens=tuple(tokens), parents=tuple(parents), depths=tuple(depths), paths=tuple(paths))


def ancestors(trie: Trie) -> np.ndarray:
    """bool[N, N], True where node (first) is or stands behind node (second)."""
    seen = np.eye(len(trie.tokens), dtype=bool)
    for node, parent in enumerate(trie.parents):
        if parent >= 0:
            seen[node] |= seen[parent]
    return seen


def positions(trie: Trie, start: int) -> list[int]:
    """Of each node, behind a prefix whose positions end before ``start``."""
    return [start + depth for depth in trie.depths]


@torch.inference_mode()
def trie_log_likelihoods(
    model: Any,
    prompts: Sequence[Prompt],
    statements: Sequence[Sequence[int]],
    *,
    batch_size: int,
    read: ReadPrefixes | None = None,
) -> list[float]:
    """Mean log-likelihood a token (nats) of what would be answered, as ``generation.log_likelihoods`` gives it.

    Args:
        model: as ``greedy``'s, whose layers all take a mask of tokens by tokens.
        prompts: the questions; at least one token of each stands behind its prefix.
        statements: ids of an answer to each, its end included.
        batch_size: statements in a trie, and prefixes, at once.
        read: what reads the prefixes; None: ``read_prefixes``.
    """
    read = read or read_prefixes
    reads = read(model, list(dict.fromkeys(prompt.prefix for prompt in prompts)), batch_size)
    by_prefix: dict[Prefix, list[int]] = {}
    for place, prompt in enumerate(prompts):
        by_prefix.setdefault(prompt.prefix, []).append(place)
    found: dict[int, float] = {}
    for prefix, places in by_prefix.items():
        # Those that begin alike stand in the same trie.
        places.sort(key=lambda place: (*prompts[place].ids, *statements[place]))
        for start in range(0, len(places), batch_size):
            some = places[start : start + batch_size]
            asked, said = [prompts[place].ids for place in some], [statements[place] for place in some]
            found.update(zip(some, _weighed(model, prefix, reads[prefix], asked, said), strict=True))
    return [found[place] for place in range(len(prompts))]


def trie_agrees(model: Any, prompts: Sequence[Prompt], statements: Sequence[Sequence[int]]) -> bool:
    """Whether a model reads a trie as rows side by side; not where its attention takes no mask of tokens by tokens."""
    rows = log_likelihoods(model, prompts, statements, batch_size=len(prompts))
    try:
        grown = trie_log_likelihoods(model, prompts, statements, batch_size=len(prompts))
    except (ValueError, RuntimeError, TypeError, IndexError, NotImplementedError) as error:
        log.debug("a trie cannot be read: %s", error)
        return False
    limit = TOLERANCE.get(model.dtype, TOLERANCE_LOW)
    # Not `any(... > limit)`: NaN must fail too.
    return all(abs(one - other) <= limit * max(1.0, abs(one)) for one, other in zip(rows, grown, strict=True))


def _weighed(
    model: Any, prefix: Prefix, read: Read, asked: Sequence[tuple[int, ...]], said: Sequence[Sequence[int]]
) -> list[float]:
    """Those behind one prefix."""
    assert all(asked), "a statement's first token is foretold by its question's last"
    # The last token predicts nothing.
    trie = trie_of([(*question, *ids[:-1]) for question, ids in zip(asked, said, strict=True)])
    # A statement's tokens are foretold by its question's last token and by all of its own but the last.
    telling = [path[len(question) - 1 :] for question, path in zip(asked, trie.paths, strict=True)]
    kept = sorted({node for path in telling for node in path})
    logits = _logits(model, prefix, read, trie, kept)  # [K, V]
    row = {node: number for number, node in enumerate(kept)}
    rows = torch.tensor([row[node] for path in telling for node in path], device=logits.device)
    tokens = torch.tensor([token for ids in said for token in ids], device=logits.device)
    each = logits.float().log_softmax(-1)[rows, tokens]  # one a token of all statements
    return [float(part.mean()) for part in each.split([len(ids) for ids in said])]


def _logits(model: Any, prefix: Prefix, read: Read, trie: Trie, kept: Sequence[int]) -> Tensor:
    """float[K, V] behind these nodes."""
    device, num_before = model.device, len(prefix.ids)
    seen = torch.from_numpy(ancestors(trie)).to(device)
    mask = torch.nn.functional.pad(seen, (num_before, 0), value=True)[None, None]  # [1, 1, N, P + N]
    if getattr(model.config.get_text_config(), "_attn_implementation", None) == "eager":
        # transformers' eager attention adds what it is given.
        mask = torch.zeros(mask.shape, dtype=model.dtype, device=device).masked_fill(
            ~mask, torch.finfo(model.dtype).min
        )
    places = positions(trie, num_before + read.shift)
    output = model(
        input_ids=torch.tensor([trie.tokens], device=device),
        attention_mask=mask,
        position_ids=torch.tensor([places], device=device),
        # A copy: the prefix's own keys and values serve the next trie too.
        past_key_values=DynamicCache(read.cached or None),
        use_cache=True,
        logits_to_keep=torch.tensor(kept, device=device),
    )
    return output.logits[0]
