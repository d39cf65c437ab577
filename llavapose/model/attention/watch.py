"""The gradients of attention, looked at while a model runs: packed, and of the same samples standing alone.

The rest of a layer is the same arithmetic packed or not, so that attention is where gradients can go wrong. Looking at
them there needs the model's forward alone: no weight gets a gradient, nothing is reduced over ranks or cut up, and no
layer keeps its activations. Under ZeRO-3 a backward pass that does not reach the weights would leave zeros in their
place and break its count of them; this runs alike under every strategy, and beside adapters.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from sys import modules
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from llavapose.errors import LlavaPoseError
from llavapose.model.attention.alone import Alone
from llavapose.model.attention.interface import NAME, alike

Given = tuple[Tensor, Tensor, Tensor]
"""Queries, keys and values of a layer."""


@dataclass(frozen=True, kw_only=True)
class Differences:
    """Differences between two ways of computing the same numbers: nats a token, or parts of the gradients' own size.

    Attributes:
        typical: their root mean square.
        largest: the largest.
    """

    typical: float
    largest: float

    def within(self, limit: "Differences") -> bool:
        """Whether both numbers are at most the limit's; NaN is not."""
        return self.typical <= limit.typical and self.largest <= limit.largest


def differences(found: Tensor, expected: Tensor) -> Differences:
    """Two ways' numbers, of one shape, compared."""
    apart = (found - expected).double()
    return Differences(typical=float(apart.square().mean().sqrt()), largest=float(apart.abs().max()))


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What was seen: a layer's gradients packed, alone, and alone in float32, in units of their root mean square."""

    packed: list[Tensor] = field(default_factory=list)
    alone: list[Tensor] = field(default_factory=list)
    exact: list[Tensor] = field(default_factory=list)
    precisions: set[bool] = field(default_factory=set)
    """Whether a layer's numbers were float32 or more."""

    @property
    def is_full(self) -> bool:
        """Whether all that was seen was computed in full precision."""
        return self.precisions == {True}

    def found(self) -> tuple[Differences, Differences]:
        """How far packing moves the gradients of queries, keys and values, and how far rounding does.

        Raises:
            LlavaPoseError: the language model called no attention by its name.
        """
        if not self.packed:
            raise LlavaPoseError("packing check: the base's attention cannot be looked at; choose another base")
        packed, alone, exact = (torch.cat(one) for one in (self.packed, self.alone, self.exact))
        return differences(packed, exact), differences(alone, exact)


Masks = Mapping[nn.Module, Tensor | None]
"""What attention was given: bool[R', 1, T', T'], or numbers to add to scores; None: it is causal."""


@contextmanager
def noted(language: nn.Module) -> Iterator[Masks]:
    """While it is open, the masks are kept that the watched layers are given.

    Args:
        language: the model's language part, about to run on samples that stand alone.
    """
    masks: dict[nn.Module, Tensor | None] = {}

    def keep(module: nn.Module, given: Given, further: tuple[Any, ...], settings: dict[str, Any]) -> None:
        mask = further[0] if further else settings.get("attention_mask")
        masks[module] = None if mask is None else mask.detach()

    with _looking(language, lambda plain, module, *call: keep(module, *call)):
        yield masks


@contextmanager
def watched(language: nn.Module, alone: Alone, masks: Masks) -> Iterator[Watch]:
    """While it is open, gradients are looked at in some layers: the first, the middle and the last, one of every kind.

    Args:
        language: the model's language part, about to run on the packed batch whose samples are ``alone``.
        alone: where the samples' tokens lie.
        masks: of the same layers where the samples stand alone; a layer that is missing is causal.
    """
    watch = Watch()

    def look(
        plain: Callable[..., Any], module: nn.Module, given: Given, further: tuple[Any, ...], settings: dict[str, Any]
    ) -> None:
        one = _Layer(mask=masks.get(module), scale=settings["scaling"], alone=alone)
        _look(lambda *now: plain(module, *now, *further, **settings)[0], alike(*given), one, watch)

    with _looking(language, look):
        yield watch


@contextmanager
def _looking(language: nn.Module, look: Callable[..., None]) -> Iterator[None]:
    """While it is open, what the watched layers' attention is called with goes through ``look`` first."""
    config: Any = language.config
    chosen = set(_chosen(language))

    def between(
        name: str, module: nn.Module, query: Tensor, key: Tensor, value: Tensor, *further: Any, **settings: Any
    ) -> Any:
        # What plain arithmetic is called by lies beside the model's own layers.
        plain = AttentionInterface().get_interface(name, _eager_of(module))
        if module in chosen:
            look(plain, module, (query, key, value), further, settings)
        return plain(module, query, key, value, *further, **settings)

    # A backend may change the name in between.
    names = {config._attn_implementation, NAME}
    for name in names:
        # For this process's models, in front of what is registered by that name.
        ALL_ATTENTION_FUNCTIONS[name] = partial(between, name)
    try:
        yield
    finally:
        for name in names:
            del ALL_ATTENTION_FUNCTIONS[name]


def _chosen(language: nn.Module) -> list[nn.Module]:
    """The first, the middle and the last attention, and the first of every other kind."""
    layers: Any = language.layers
    found = [(number, layer.self_attn) for number, layer in enumerate(layers) if hasattr(layer, "self_attn")]
    if not found:
        raise LlavaPoseError("packing check: the base's attention cannot be looked at; set data.packing=none")
    kinds: Any = getattr(language.config, "layer_types", None) or [""] * len(layers)
    places = [0, len(found) // 2, len(found) - 1]
    first = {kinds[number]: place for place, (number, _) in reversed(list(enumerate(found)))}
    seen = {kinds[found[place][0]] for place in places}
    places += [place for kind, place in first.items() if kind not in seen]
    return [found[place][1] for place in places]


def _eager_of(module: nn.Module) -> Callable[..., Any]:
    return vars(modules[type(module).__module__])["eager_attention_forward"]


def _is_full(values: Tensor) -> bool:
    """Whether products of these are rounded to float32 at the least: TF32 has bfloat16's kind of rounding."""
    short = values.device.type == "cuda" and (
        torch.get_float32_matmul_precision() != "highest" or torch.backends.cudnn.allow_tf32
    )
    return values.dtype in (torch.float32, torch.float64) and not short


@dataclass(frozen=True, kw_only=True)
class _Layer:
    """A layer that is looked at: its mask where samples stand alone, its scale, and where their tokens lie."""

    mask: Tensor | None
    scale: float
    alone: Alone


def _look(attend: Callable[..., Tensor], given: Given, layer: _Layer, watch: Watch) -> None:
    """One layer's gradients of queries, keys and values: float[R, H, T, K] each."""
    query, alone = given[0], layer.alone
    watch.precisions.add(_is_full(query))
    drawn = torch.Generator().manual_seed(0)
    # Of separate tokens; a prefix's is the sum of its copies'.
    shape = (alone.places.shape[0], query.shape[1], alone.places.shape[1], given[2].shape[-1])
    seed = (
        torch.randn(shape, generator=drawn, dtype=torch.float32).to(query.device)
        * (alone.places >= 0)[:, None, :, None]
    )
    leaves = [one.detach().requires_grad_() for one in given]
    with torch.enable_grad():
        out = attend(*leaves).transpose(1, 2)
        packed = torch.autograd.grad(out, leaves, alone.folded(seed, out).to(out.dtype))
    separate = [_separate(given, seed, layer, dtype) for dtype in (query.dtype, torch.float32)]
    for one, plain, exact in zip(packed, *separate, strict=True):
        size = exact.double().square().mean().sqrt().clamp(min=1e-30).float()
        watch.packed.append((one.float() / size).flatten())
        watch.alone.append((plain / size).flatten())
        watch.exact.append((exact / size).flatten())


def _separate(given: Given, seed: Tensor, layer: _Layer, dtype: torch.dtype) -> list[Tensor]:
    """Gradients of separate samples, under their own masks, summed where their tokens lie packed: float32."""
    times, alone, mask = given[0].shape[1] // given[1].shape[1], layer.alone, layer.mask
    if mask is not None and mask.is_floating_point():
        mask = mask.to(dtype)
    leaves = [alone.of(one.detach()).to(dtype).requires_grad_() for one in given]
    with torch.enable_grad(), torch.autocast(given[0].device.type, enabled=False):
        query, *others = leaves
        key, value = (one.repeat_interleave(times, dim=1) for one in others)
        # Padding lies behind all that reads.
        out = F.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, is_causal=mask is None, scale=layer.scale
        )
        found = torch.autograd.grad(out, leaves, seed.to(dtype))
    return [alone.folded(one, like) for one, like in zip(found, given, strict=True)]
