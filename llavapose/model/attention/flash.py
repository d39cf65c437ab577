"""torch's flash kernels for ``varlen``: NVIDIA GPUs from Ampere on, bfloat16 and float16."""

import torch
from torch import Tensor
from torch.nn.attention.varlen import AuxRequest, varlen_attn

from llavapose.model.attention.varlen import Kernel, Sequences


def _forward(
    query: Tensor, key: Tensor, value: Tensor, of_query: Sequences, of_key: Sequences, causal: bool, scale: float
) -> tuple[Tensor, Tensor]:
    out, lse = varlen_attn(
        query, key, value, of_query.starts, of_key.starts, of_query.longest, of_key.longest,
        return_aux=AuxRequest(lse=True), scale=scale, window_size=_window(causal), enable_gqa=True,
    )  # fmt: skip
    return out, lse


def _backward(
    grad: Tensor, query: Tensor, key: Tensor, value: Tensor, out: Tensor, lse: Tensor,
    of_query: Sequences, of_key: Sequences, causal: bool, scale: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    # The operator that varlen_attn's own backward calls; its random state is unused, for there is no dropout.
    unused = torch.zeros(2, dtype=torch.uint64, device=query.device)
    return torch.ops.torch_attn._varlen_attn_backward(
        grad, query, key, value, out, lse, of_query.starts, of_key.starts, of_query.longest, of_key.longest,
        causal, unused, scale, list(_window(causal)),
    )  # fmt: skip


def _window(causal: bool) -> tuple[int, int]:
    """As ``varlen_attn`` takes causality: how far to the left and to the right, -1 without limit."""
    return (-1, 0) if causal else (-1, -1)


FLASH = Kernel(forward=_forward, backward=_backward)
