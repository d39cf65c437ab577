"""Ways of getting packed attention wrong, written by themselves: each function is a whole attention in plain torch.

They share nothing with ``llavapose/model/attention``: what is wrong here is wrong whatever that does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from transformers import AttentionInterface, LlavaForConditionalGeneration

from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch

Attend = Callable[[Tensor, Tensor, Tensor, float, Tensor], Tensor]
"""Queries, keys, values float[R, H, T, D], scale, segments int64[R, T] -> float[R, H, T, D]."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """A packed forward that differs from separate samples.

    Attributes:
        attend: attention with a mistake in it, or None: the right one.
        batch: a batch with a mistake in it, made of a right one.
        forward_is_right: losses are as they should be; only the gradients are not.
    """

    attend: Attend | None = None
    batch: Callable[[Batch], Batch] = lambda batch: batch
    forward_is_right: bool = False


def losses_by(model: LlavaForConditionalGeneration, mutation: Mutation) -> Callable[[Batch], Tensor]:
    """A model's losses, wrong where rows have branches; samples standing alone are computed right."""

    def losses(batch: Batch) -> Tensor:
        alone = bool((batch.segments <= 0).all())
        given = batch if alone else mutation.batch(batch)
        attend = right if alone or mutation.attend is None else mutation.attend
        AttentionInterface.register("mutated", _interface(attend))
        model.model.language_model.config._attn_implementation = "mutated"
        hidden = model.model(
            input_ids=given.input_ids,
            pixel_values=given.pixel_values.to(model.dtype),
            attention_mask=torch.zeros(1, 1, 1, 1),
            position_ids=given.positions,
            use_cache=False,
            segments=given.segments,
        ).last_hidden_state
        chosen = given.targets != IGNORE
        logits = model.lm_head(hidden[chosen]).float()
        return torch.nn.functional.cross_entropy(logits, given.targets[chosen], reduction="none")

    return losses


def _interface(attend: Attend):
    def forward(module, query, key, value, attention_mask, scaling, segments, **_):
        return attend(query, key, value, scaling, segments).transpose(1, 2).contiguous(), None

    return forward


def _tables(segments: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """bool[R, 1, T, T] each: not later in the row; the same segment; the prefix of one's group."""
    order = torch.arange(segments.shape[1])
    query, key = segments[:, None, :, None], segments[:, None, None, :]
    real = key != PADDING
    return order[None, :] <= order[:, None], query == key, (key == query - query % GROUP) & (query != key) & real


def _by_mask(query: Tensor, key: Tensor, value: Tensor, scale: float, mask: Tensor) -> tuple[Tensor, Tensor]:
    """Output and log-sum-exp [R, H, T, 1]; a query that sees nothing gives zeros and minus infinity."""
    scores = (query.float() @ key.float().transpose(2, 3)) * scale
    # The least number and not -inf, whose gradient is no number.
    scores = scores.masked_fill(~mask, torch.finfo(scores.dtype).min)
    lse = scores.logsumexp(-1, keepdim=True)
    weights = (scores - lse).exp().masked_fill(~mask, 0)
    lse = lse.masked_fill(~mask.any(-1, keepdim=True), -torch.inf)
    return (weights.to(value.dtype) @ value), lse


def right(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """As it should be: the control."""
    earlier, own, prefix = _tables(segments)
    return _by_mask(query, key, value, scale, earlier & (own | prefix))[0]


def leaking(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """A branch sees the branches of its picture before it."""
    earlier, own, _ = _tables(segments)
    group = segments // GROUP
    return _by_mask(query, key, value, scale, earlier & (own | (group[:, None, :, None] == group[:, None, None, :])))[0]


def one_leak(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """The last token of the first branch is seen by the second."""
    earlier, own, prefix = _tables(segments)
    mask = earlier & (own | prefix)
    seen = (segments[0] == 1).nonzero().max()
    mask[0, 0, segments[0] == 2, seen] = True
    return _by_mask(query, key, value, scale, mask)[0]


def lost_prefix(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """A branch sees itself, not its picture."""
    earlier, own, _ = _tables(segments)
    return _by_mask(query, key, value, scale, earlier & own)[0]


def neighbours(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """The pictures of a row see one another: every prefix that lies before a token is seen."""
    earlier, own, prefix = _tables(segments)
    any_prefix = (segments % GROUP == 0) & (segments != PADDING)
    return _by_mask(query, key, value, scale, earlier & (own | prefix | any_prefix[:, None, None, :]))[0]


def _two_parts(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor):
    earlier, own, prefix = _tables(segments)
    own_part = _by_mask(query, key, value, scale, earlier & own)
    return own_part, _by_mask(query, key, value, scale, earlier & prefix)


def wrong_normaliser(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """Each part has a softmax of its own, and they are added by halves, not by their sums of exponentials."""
    (own, _), (prefix, lse) = _two_parts(query, key, value, scale, segments)
    return torch.where(lse.isinf(), own, (own + prefix) / 2)


def plain_merge(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """Merged by log-sum-exp through autograd, of kernels whose backward ignores the gradient of the log-sum-exp."""
    (own, own_lse), (prefix, prefix_lse) = _two_parts(query, key, value, scale, segments)
    own_lse, prefix_lse = own_lse.detach(), prefix_lse.detach()
    total = torch.logaddexp(own_lse, prefix_lse)
    return own * (own_lse - total).exp().to(own.dtype) + prefix * (prefix_lse - total).exp().to(own.dtype)


def lost_gradient(query: Tensor, key: Tensor, value: Tensor, scale: float, segments: Tensor) -> Tensor:
    """Forward as it should be; no gradient goes from a branch back into its prefix."""
    exact = right(query, key, value, scale, segments)
    is_prefix = ((segments % GROUP == 0) | (segments == PADDING))[:, None, :, None]
    held = [torch.where(is_prefix, one.detach(), one) for one in (key, value)]
    branch = right(query, *held, scale, segments)
    return torch.where(is_prefix, exact, branch)


def running_positions(batch: Batch) -> Batch:
    """Positions go on from branch to branch instead of restarting behind the prefix."""
    return replace(batch, positions=torch.arange(batch.positions.shape[1]).expand_as(batch.positions))


MUTATIONS = {
    "a leaking mask": Mutation(attend=leaking),
    "one token leaks": Mutation(attend=one_leak),
    "positions not restarted": Mutation(batch=running_positions),
    "a lost prefix": Mutation(attend=lost_prefix),
    "a wrong normaliser": Mutation(attend=wrong_normaliser),
    "pictures of a row see each other": Mutation(attend=neighbours),
    "the plain log-sum-exp merge": Mutation(attend=plain_merge, forward_is_right=True),
    "no gradient into the prefix": Mutation(attend=lost_gradient, forward_is_right=True),
}
