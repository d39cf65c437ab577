"""A flash kernel in plain torch, in any precision: what ``varlen`` is tested with where there is no GPU."""

from __future__ import annotations

import torch
from torch import Tensor

from llavapose.model.attention.varlen import Kernel, Sequences


def _mask(of_query: Sequences, of_key: Sequences, causal: bool) -> Tensor:
    """bool[1, N, M]: a query sees the keys of the sequence with its number; causal by place in the sequence."""
    places = []
    for one in (of_query, of_key):
        lengths = one.starts.diff().long()
        owner = torch.arange(len(lengths)).repeat_interleave(lengths)
        places.append((owner, torch.arange(int(one.starts[-1])) - one.starts[:-1].long()[owner]))
    (query, query_place), (key, key_place) = places
    mask = query[:, None] == key[None, :]
    return (mask & (key_place[None, :] <= query_place[:, None]) if causal else mask)[None]


def _heads(query: Tensor, *others: Tensor) -> list[Tensor]:
    """[H, tokens, K] each, keys and values as often as there are queries."""
    times = query.shape[1] // others[0].shape[1]
    return [query.transpose(0, 1), *(one.repeat_interleave(times, dim=1).transpose(0, 1) for one in others)]


def _wide(one: Tensor) -> Tensor:
    return one if one.dtype == torch.float64 else one.float()


def forward(query, key, value, of_query, of_key, causal, scale):
    """Output [N, H, K] and log-sum-exp [H, N], which is float32 or, of float64, float64."""
    q, k, v = (_wide(one) for one in _heads(query, key, value))
    scores = (q @ k.transpose(1, 2) * scale).masked_fill(~_mask(of_query, of_key, causal), -torch.inf)
    lse = scores.logsumexp(-1)
    return ((scores - lse[..., None]).exp() @ v).transpose(0, 1).to(query.dtype), lse


def backward(grad, query, key, value, out, lse, of_query, of_key, causal, scale):
    """The flash backward's formulas, by whatever output and log-sum-exp are given."""
    q, k, v = (_wide(one) for one in _heads(query, key, value))
    g, o = (_wide(one.transpose(0, 1)) for one in (grad, out))
    scores = (q @ k.transpose(1, 2) * scale).masked_fill(~_mask(of_query, of_key, causal), -torch.inf)
    weights = (scores - lse[..., None]).exp()
    towards = weights * (g @ v.transpose(1, 2) - (g * o).sum(-1, keepdim=True)) * scale
    found = (towards @ k, towards.transpose(1, 2) @ q, weights.transpose(1, 2) @ g)
    times = query.shape[1] // key.shape[1]
    shared = [one.unflatten(0, (-1, times)).sum(1) for one in found[1:]]
    return tuple(
        one.transpose(0, 1).contiguous().to(like.dtype)
        for one, like in zip((found[0], *shared), (query, key, value), strict=True)
    )


REFERENCE = Kernel(forward=forward, backward=backward)
