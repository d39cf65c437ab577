"""How a backend reaches the layers: a function that transformers knows by name, and what it is given as an argument.

``token_losses`` hands the model what a backend made of the batch. A mask goes the way of masks; anything else goes
through the public forward as the keyword ``packed`` and meets the queries of every language layer here, also when they
are computed again. Without that keyword the function is transformers' own ``sdpa``, mask and all: a model that
generates between two steps sees no difference. The vision encoder keeps its own attention.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from transformers import AttentionInterface, AttentionMaskInterface, PreTrainedModel
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.rules import Rows
from llavapose.model.parts import language_of

NAME = "llavapose_packed"
"""What transformers calls the function by."""


class Packed(Protocol):
    """What a backend makes of a batch: attention over its rows."""

    def attend(self, query: Tensor, key: Tensor, value: Tensor, *, scale: float, dropout: float) -> Tensor:
        """Attention of one layer.

        Args:
            query: float[R, H, T, K]; K is the width of a head.
            key: float[R, G, T, K]; G divides H, and each of its heads serves H / G heads of queries.
            value: as ``key``.
            scale: what scores are multiplied by.
            dropout: share of the weights that are left out.

        Returns:
            float[R, T, H, K]; finite at padding, where nothing reads it.
        """
        ...


Seen = Tensor | dict[str, Tensor] | Packed
"""Who sees whom: bool[R, 1, T, T], or one of these by kind of layer, or a backend's own; bool[R, T] says what is no
padding and nothing else, of rows that hold one sample each."""


@dataclass(frozen=True, kw_only=True)
class Backend:
    """A way of keeping branches apart.

    Attributes:
        name: as in the settings.
        see: rows -> who sees whom.
        causal: it serves layers that see all that is earlier and nothing else.
    """

    name: str
    see: Callable[[Rows], Seen]
    causal: bool = True


def is_own(seen: Seen) -> bool:
    """Whether the model is left to make its masks itself."""
    return isinstance(seen, Tensor) and seen.ndim == 2


def given_to(model: PreTrainedModel, seen: Seen) -> dict[str, Any]:
    """The arguments of the model's forward by which its language layers learn who sees whom."""
    config: Any = language_of(model).config
    if is_own(seen):
        return {"attention_mask": seen}
    if isinstance(seen, Tensor | dict):
        masks = seen if isinstance(seen, dict) else {"": seen}
        if config._attn_implementation == "eager":
            masks = {kind: additive(mask, model.dtype) for kind, mask in masks.items()}
        return {"attention_mask": masks if isinstance(seen, dict) else masks[""]}
    # It stays, for the backward pass computes layers again.
    config._attn_implementation = NAME
    # transformers makes no mask where it is given one of four dimensions.
    return {"attention_mask": torch.ones(1, 1, 1, 1, dtype=torch.bool), "packed": seen}


def additive(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """A boolean mask as numbers to add to attention scores: transformers' eager attention adds whatever it is given."""
    # The least number and not -inf, as in transformers' own masks: -inf less -inf is NaN.
    return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(~mask, torch.finfo(dtype).min)


def _forward(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    dropout: float = 0.0,
    scaling: float | None = None,
    packed: Packed | None = None,
    **further: Any,
) -> tuple[Tensor, None]:
    """Attention of one layer, as transformers calls it; its arguments are the caller's."""
    if packed is None:
        return sdpa_attention_forward(
            module, query, key, value, attention_mask, dropout=dropout, scaling=scaling, **further
        )
    if further.get("sliding_window") is not None or further.get("softcap") is not None:
        raise LlavaPoseError(
            "model.packed_attention: the base's layers have a sliding window or capped scores, of which packed rows "
            "know nothing; use another base"
        )
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    return packed.attend(*alike(query, key, value), scale=scale, dropout=dropout), None


def alike(query: Tensor, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """In one precision: under autocast the rotation leaves queries and keys wider than values."""
    kind = value.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else value.dtype
    return query.to(dtype), key.to(dtype), value.to(dtype)


AttentionInterface.register(NAME, _forward)
AttentionMaskInterface.register(NAME, sdpa_mask)
