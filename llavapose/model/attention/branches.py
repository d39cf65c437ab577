"""Per branch: each prefix on itself, each branch on its prefix and itself; no score is computed that nobody reads.

Runs wherever SDPA runs, backward too, in any precision. The mask of a branch is as small as the branch.
"""

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor

from llavapose.model.attention.interface import Backend
from llavapose.model.attention.layout import Layout, layout_of
from llavapose.model.attention.rules import Rows


@dataclass(frozen=True, kw_only=True)
class BranchRows:
    """Rows whose prefixes and branches are attended one after the other; see ``interface.Packed``."""

    layout: Layout
    _masks: dict[tuple[int, int], Tensor] = field(default_factory=dict)

    def attend(self, query: Tensor, key: Tensor, value: Tensor, *, scale: float, dropout: float) -> Tensor:
        """Attention of one layer: float[R, T, H, K]."""
        times = query.shape[1] // key.shape[1]
        if times > 1:
            key, value = (one.repeat_interleave(times, dim=1) for one in (key, value))
        # Cut at once: the gradients of many slices would each be as large as the whole.
        rows = zip(*(one.split(1) for one in (query, key, value)), strict=True)
        done = [self._row(row, *given, scale=scale, dropout=dropout) for row, given in enumerate(rows)]
        return torch.cat(done).transpose(1, 2).contiguous()

    def _row(self, row: int, query: Tensor, key: Tensor, value: Tensor, *, scale: float, dropout: float) -> Tensor:
        """One row, float[1, H, T, K]."""
        cuts = self.layout.spans(row)
        pieces = list(zip(*(one.split(cuts, dim=2) for one in (query, key, value)), strict=True))
        found, place = [], 0
        for group in self.layout.of_row(row):
            q, prefix_key, prefix_value = pieces[place]
            found.append(_sdpa(q, prefix_key, prefix_value, scale=scale, dropout=dropout, is_causal=True))
            for q, k, v in pieces[place + 1 : place + len(group.cuts)]:
                keys, values = torch.cat([prefix_key, k], 2), torch.cat([prefix_value, v], 2)
                mask = self._mask(q.shape[2], prefix_key.shape[2], q.device)
                found.append(_sdpa(q, keys, values, scale=scale, dropout=dropout, attn_mask=mask))
            place += len(group.cuts)
        # What is left is padding, which nobody reads.
        return torch.cat([*found, *(value for _, _, value in pieces[place:])], dim=2)

    def _mask(self, branch: int, prefix: int, device: torch.device) -> Tensor:
        """bool[branch, prefix + branch]: all of the prefix, and what is not later of the branch."""
        if (branch, prefix) not in self._masks:
            ones = torch.ones(branch, prefix + branch, dtype=torch.bool, device=device)
            self._masks[branch, prefix] = ones.tril(prefix)
        return self._masks[branch, prefix]


def _sdpa(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    scale: float,
    dropout: float,
    attn_mask: Tensor | None = None,
    is_causal: bool = False,
) -> Tensor:
    return F.scaled_dot_product_attention(
        query, key, value, attn_mask=attn_mask, is_causal=is_causal, scale=scale, dropout_p=dropout
    )


def _see(rows: Rows) -> BranchRows:
    return BranchRows(layout=layout_of(rows.segments))


BRANCHES = Backend(name="branches", see=_see)
