"""Flash kernels over sequences of different lengths: each branch on its prefix, each on itself, merged.

Two calls: every prefix and branch on itself, causal; every group's branches on their prefix, without causality. With
outputs o and log-sum-exps l of both calls, the merged ones are

    L = log(exp(l1) + exp(l2)),    O = o1 exp(l1 - L) + o2 exp(l2 - L).

The kernels' own backward knows nothing of a gradient through l: merging their results under autograd is exact forward
and wrong in the gradients of queries and keys. But a flash backward needs only the output and the log-sum-exp of the
whole softmax to give a part's share of the gradients: weights are exp(s - L), and what is subtracted from their
gradient is the row sum of dO * O (Dao et al., FlashAttention, 2022, appendix B). So each part's backward is called with
the merged O and L, and the shares are added.

Tokens of all rows stand in one line: N = R x T.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.interface import Backend
from llavapose.model.attention.layout import Layout, layout_of
from llavapose.model.attention.rules import Rows


@dataclass(frozen=True, kw_only=True)
class Sequences:
    """Sequences that lie one behind the other.

    Attributes:
        starts: int32[S + 1], where each begins, and the end of all.
        longest: tokens of the longest.
    """

    starts: Tensor
    longest: int


@dataclass(frozen=True, kw_only=True)
class Kernel:
    """Attention of sequences on others, number by number.

    Attributes:
        forward: (query float[N, H, K], key and value float[M, G, K], sequences of queries, of keys, causal, scale)
            -> (output float[N, H, K], log-sum-exp float32[H, N]).
        backward: (gradient of the output, query, key, value, output, log-sum-exp, sequences of queries, of keys,
            causal, scale) -> gradients of query, key, value. Output and log-sum-exp may be of a softmax over more keys.
    """

    forward: Callable[[Tensor, Tensor, Tensor, Sequences, Sequences, bool, float], tuple[Tensor, Tensor]]
    backward: Callable[..., tuple[Tensor, Tensor, Tensor]]


@dataclass(frozen=True, kw_only=True)
class VarlenRows:
    """Rows as sequences; see ``interface.Packed``.

    Attributes:
        kernel: what computes.
        own: every prefix, branch and run of padding.
        behind: int64, the tokens of branches, by their place among N; groups of them are ``behind_groups``.
        prefixes: int64, the tokens of the prefixes that have branches; ``prefix_groups``.
    """

    kernel: Kernel
    own: Sequences
    behind: Tensor
    behind_groups: Sequences
    prefixes: Tensor
    prefix_groups: Sequences

    def attend(self, query: Tensor, key: Tensor, value: Tensor, *, scale: float, dropout: float) -> Tensor:
        """Attention of one layer: float[R, T, H, K]."""
        if dropout:
            raise LlavaPoseError(
                f"attention 'varlen' has no dropout, and the base's layers have attention_dropout={dropout}; "
                "use model.packed_attention=dense"
            )
        rows, _, width, _ = query.shape
        lines = (one.transpose(1, 2).reshape(rows * width, one.shape[1], one.shape[3]) for one in (query, key, value))
        merged: Any = Merged.apply(*lines, self, scale)
        return merged.view(rows, width, *merged.shape[1:])


class Merged(torch.autograd.Function):
    """Attention of branches on prefix and self, from two calls of a kernel."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, rows: VarlenRows, scale: float) -> Tensor:
        """float[N, H, K]."""
        run = rows.kernel.forward
        out, lse = run(query, key, value, rows.own, rows.own, True, scale)
        if len(rows.behind):
            seen = key[rows.prefixes], value[rows.prefixes]
            more, more_lse = run(query[rows.behind], *seen, rows.behind_groups, rows.prefix_groups, False, scale)
            own_lse = lse[:, rows.behind]
            total = torch.logaddexp(own_lse, more_lse)  # [H, branches' tokens]
            shares = [(one - total).exp().T[..., None] for one in (own_lse, more_lse)]
            # In the log-sum-exp's precision: one rounding and not three.
            mixed = out[rows.behind] * shares[0] + more * shares[1]
            out = out.index_copy(0, rows.behind, mixed.to(out.dtype))
            lse = lse.index_copy(1, rows.behind, total)
        ctx.save_for_backward(query, key, value, out, lse)
        ctx.rows, ctx.scale = rows, scale
        return out

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:
        """Gradients of query, key and value."""
        query, key, value, out, lse = ctx.saved_tensors
        rows, grad, run = ctx.rows, grads[0].contiguous(), ctx.rows.kernel.backward
        found = run(grad, query, key, value, out, lse, rows.own, rows.own, True, ctx.scale)
        if len(rows.behind):
            b, p = rows.behind, rows.prefixes
            parts = run(
                grad[b], query[b], key[p], value[p], out[b], lse[:, b].contiguous(),
                rows.behind_groups, rows.prefix_groups, False, ctx.scale,
            )  # fmt: skip
            found = [
                whole.index_add(0, place, part) for whole, part, place in zip(found, parts, (b, p, p), strict=True)
            ]
        return *found, None, None


def varlen(kernel: Kernel) -> Backend:
    """The backend with one kernel or another."""

    def see(rows: Rows) -> VarlenRows:
        return varlen_rows(layout_of(rows.segments), kernel, rows.segments.device)

    return Backend(name="varlen", see=see)


def varlen_rows(layout: Layout, kernel: Kernel, device: torch.device) -> VarlenRows:
    """A layout as sequences on a device."""
    groups = [(group.row * layout.width, group) for group in layout.groups if group.branches]
    own = [length for row in range(layout.num_rows) for length in layout.spans(row)]
    behind = [range(at + group.prefix_end, at + group.end) for at, group in groups]
    prefixes = [range(at + group.start, at + group.prefix_end) for at, group in groups]

    def places(ranges: list[range]) -> Tensor:
        return torch.tensor([place for one in ranges for place in one], dtype=torch.int64, device=device)

    return VarlenRows(
        kernel=kernel,
        own=_sequences(own, device),
        behind=places(behind),
        behind_groups=_sequences([len(one) for one in behind], device),
        prefixes=places(prefixes),
        prefix_groups=_sequences([len(one) for one in prefixes], device),
    )


def _sequences(lengths: list[int], device: torch.device) -> Sequences:
    starts = torch.tensor([0, *accumulate(lengths)], dtype=torch.int32, device=device)
    return Sequences(starts=starts, longest=max(lengths, default=0))
