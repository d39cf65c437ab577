"""The same samples as three trainers lay them out, and ways to compute them faster: what ``gpu_train`` measures.

ours        a picture once, its samples as branches behind it, a row a picture
ordinary    a picture copied for every sample, samples one behind the other in block-diagonal rows
one a row   a picture copied for every sample, rows sorted by length, so that micro-batches need little padding
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from llavapose.model.attention.alone import unpack
from llavapose.model.attention.choose import BACKENDS
from llavapose.model.attention.interface import Backend
from llavapose.model.attention.mask import packed_mask
from llavapose.model.attention.rules import Rows
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch
from llavapose.model.losses import token_losses
from llavapose.model.parts import checkpoint_layers
from llavapose.training.callbacks.utilization import needed
from llavapose.training.forecast.cost import Counts, operations
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes

ARMS = ("ours", "ordinary", "one a row")
SWITCHES = ("compile", "chunked", "all logits", "keep activations", "liger")
CHUNK = 1024
"""Supervised tokens whose logits are in memory at once where the loss is chunked."""
REFERENCE = "one a row"
"""The arm whose gradients, by the dense mask and ``token_losses`` alone, the others must have."""
BOUNDS = {"loss": 1e-3, "gradients": 6e-2}
"""How far an arm may be from the reference, of its size, in bfloat16.

Gradients as ``tests/model/attention`` bound them: three times the 2e-2 of losses. With 32 layers of 128 numbers right
arms were up to 1.7e-2 away, one other target 6.7e-2, samples that see each other 0.27; right losses moved by 1e-5.
"""


def attentions() -> dict[str, Callable[[Tensor], Any]]:
    """Name -> what ``token_losses`` is given of a batch's segments."""
    return {name: partial(_seen, backend) for name, backend in BACKENDS.items()}


def _seen(backend: Backend, segments: Tensor) -> Any:
    return backend.see(Rows(segments=segments))


def arm_of(name: str, ours: Batch, *, micro_batches: int) -> list[Batch]:
    """The samples of a packed batch as micro-batches of another arm, or its own."""
    if name == "ours":
        return cut(ours, 1)
    alone = unpack(ours)
    lengths = (alone.segments != PADDING).sum(dim=1)
    if name == "one a row":
        return [trimmed(part) for part in cut(taken(alone, lengths.argsort().tolist()), micro_batches)]
    return [block_diagonal(part, ours.input_ids.shape[0] // micro_batches) for part in cut(alone, micro_batches)]


def taken(batch: Batch, rows: Sequence[int]) -> Batch:
    """Some rows of a batch in which every row has one picture."""
    order = list(rows)
    return replace(
        batch,
        **{name: getattr(batch, name)[order] for name in ("input_ids", "positions", "segments", "targets",
                                                          "sample_index", "pixel_values")},
        picture_groups=torch.tensor([(row, 0) for row in range(len(order))], device=batch.input_ids.device),
        num_samples=batch.num_samples * len(order) // batch.input_ids.shape[0],
    )  # fmt: skip


def cut(batch: Batch, parts: int) -> list[Batch]:
    """Rows in order, in so many micro-batches."""
    size = batch.input_ids.shape[0] // parts
    return (
        [taken(batch, range(start, start + size)) for start in range(0, size * parts, size)] if parts > 1 else [batch]
    )


def trimmed(batch: Batch) -> Batch:
    """Without the columns that are padding in every row."""
    width = int((batch.segments != PADDING).sum(dim=1).max())
    names = ("input_ids", "positions", "segments", "targets", "sample_index")
    return replace(batch, **{name: getattr(batch, name)[:, :width] for name in names})


def block_diagonal(alone: Batch, rows: int) -> Batch:
    """Samples that stand alone laid one behind the other: each is a group of its own and sees nothing else."""
    size = alone.input_ids.shape[0] // rows
    lines: dict[str, list[Tensor]] = {}
    fills = {"input_ids": 0, "positions": 0, "segments": PADDING, "targets": IGNORE, "sample_index": -1}
    groups = torch.arange(alone.input_ids.shape[0], device=alone.input_ids.device) % size
    numbered = torch.where(alone.segments == PADDING, PADDING, groups[:, None] * GROUP)
    source = {name: getattr(alone, name) for name in fills} | {"segments": numbered}
    for row in range(rows):
        kept = (alone.segments != PADDING)[row * size : (row + 1) * size]
        for name, values in source.items():
            lines.setdefault(name, []).append(values[row * size : (row + 1) * size][kept])
    width = max(map(len, lines["segments"]))
    tables = {
        name: torch.stack([F.pad(line, (0, width - len(line)), value=fills[name]) for line in of_name])
        for name, of_name in lines.items()
    }
    places = [(number // size, number % size) for number in range(alone.input_ids.shape[0])]
    return replace(alone, **tables, picture_groups=torch.tensor(places, device=alone.input_ids.device))


def useful_flops(shapes: Shapes, batches: Sequence[Batch]) -> float:
    """Operations of forward and backward that a loss depends on: no padding, no hidden pair, nothing computed again.

    Two a weight and token forward, four backward; four a visible pair of tokens and number of a query, eight backward;
    the head at supervised tokens alone; the frozen vision encoder forward alone.
    """
    tokens, pairs, targets, pictures = torch.stack([needed(batch) for batch in batches]).sum(dim=0).tolist()
    return operations(shapes, Setup(), Counts(tokens=tokens, pairs=pairs, targets=targets, pictures=pictures)).model


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a micro-batch is computed.

    Attributes:
        attention: one of ``attentions``.
        switches: of ``SWITCHES``.
    """

    attention: str
    switches: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return " + ".join([self.attention, *sorted(self.switches)])


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What forward and backward gave.

    Attributes:
        loss: sum over all supervised tokens, nats.
        tokens: supervised ones.
        gradients: of some weights, by name, on the CPU.
    """

    loss: float
    tokens: int
    gradients: dict[str, Tensor]

    @property
    def mean(self) -> float:
        """Nats a token."""
        return self.loss / self.tokens


def learn(model: Any, batches: Sequence[Batch], given: Callable[[Batch], Tensor]) -> tuple[Tensor, int]:
    """Gradients of the sum of all losses, on top of those that are there; returns the sum, and the number of tokens."""
    total, tokens = torch.zeros((), device=next(model.parameters()).device), 0
    for batch in batches:
        each = given(batch)
        each.sum().backward()
        total, tokens = total + each.detach().sum(), tokens + len(each)
    return total, tokens


def learnt(model: Any, total: Tensor, tokens: int) -> Learnt:
    """Loss, and gradients of queries and of the MLP's way back in the first, the middle and the last layer."""
    layers = model.model.language_model.layers
    weights = {}
    for number in sorted({0, len(layers) // 2, len(layers) - 1}):
        weights[f"layers.{number}.q_proj"] = layers[number].self_attn.q_proj.weight
        weights[f"layers.{number}.down_proj"] = layers[number].mlp.down_proj.weight
    # A copy, for what is there is added to and set to zero.
    gradients = {name: weight.grad.detach().to("cpu", copy=True) for name, weight in weights.items()}
    return Learnt(loss=float(total), tokens=tokens, gradients=gradients)


def reference_of(model: Any, batches: Sequence[Batch]) -> Learnt:
    """What the samples of the reference arm give by the dense mask; gradients must be zero before."""
    return learnt(model, *learn(model, batches, lambda one: token_losses(model, one, packed_mask(one.segments))))


def apart(found: Learnt, reference: Learnt) -> tuple[dict[str, float], str | None]:
    """How far the loss, and the gradient that differs most, are from the reference's, of its size; what is wrong."""
    far = {
        name: float((found.gradients[name].float() - wanted.float()).norm() / wanted.float().norm())
        for name, wanted in reference.gradients.items()
    }
    # What is no number is furthest.
    most = max(far, key=lambda name: math.inf if math.isnan(far[name]) else far[name])
    told = {"loss": abs(found.loss - reference.loss) / abs(reference.loss), "gradients": far[most]}
    names = {"loss": "summed loss", "gradients": f"gradient of {most}"}
    for kind, value in sorted(told.items()):
        if not value <= BOUNDS[kind]:
            return told, f"{names[kind]} {value:.2g} of its size from the reference's (at most {BOUNDS[kind]})"
    return told, None


def losses(model: Any, batch: Batch, way: Way) -> Tensor:
    """float32[N]: as ``token_losses``, or its like with the head computed otherwise.

    Raises:
        RuntimeError: the attention has no kernel for this device.
    """
    if way.attention == "varlen" and batch.segments.device.type != "cuda":
        raise RuntimeError("needs an NVIDIA GPU")
    seen = attentions()[way.attention](batch.segments)
    if not way.switches & {"chunked", "all logits"}:
        return token_losses(model, batch, seen)
    # The hidden states come out where the head would take them in: the rest is token_losses' own.
    head, model.lm_head = model.lm_head, _Kept()
    try:
        chosen = batch.targets != IGNORE
        told = replace(batch, targets=torch.where(chosen, 0, IGNORE))
        if "all logits" in way.switches:
            told = replace(batch, targets=torch.zeros_like(batch.targets))
        kept = model.lm_head
        token_losses(model, told, seen)
        hidden = kept.hidden
    finally:
        model.lm_head = head
    if "all logits" in way.switches:
        every = F.cross_entropy(head(hidden).float(), batch.targets.flatten(), reduction="none", ignore_index=IGNORE)
        return every[chosen.flatten()]
    targets = batch.targets[chosen]
    parts = zip(hidden.split(CHUNK), targets.split(CHUNK), strict=True)
    return torch.cat([checkpoint(_chunk, head, part, wanted, use_reentrant=False) for part, wanted in parts])


class _Kept(torch.nn.Module):
    """In the head's place: keeps what it is given, and gives logits that cost nothing."""

    hidden: Tensor

    def forward(self, hidden: Tensor) -> Tensor:
        """float[N, 1]."""
        self.hidden = hidden
        return hidden[:, :1]


def _chunk(head: Any, hidden: Tensor, targets: Tensor) -> Tensor:
    return F.cross_entropy(head(hidden).float(), targets, reduction="none")


def switched(model: Any, way: Way) -> Callable[[], None]:
    """Set the model to a way; returns what sets it back.

    Raises:
        RuntimeError: Liger's kernels are not installed.
    """
    undo: list[Callable[[], None]] = []
    if "keep activations" in way.switches:
        model.activation_checkpointing_disable()
        undo.append(lambda: checkpoint_layers(model))
    if "liger" in way.switches:
        undo.append(_ligered(model))
    if "compile" in way.switches:
        layers = model.model.language_model.layers
        for layer in layers:
            layer.forward = torch.compile(layer.forward, dynamic=False)
        undo.append(partial(_restore, list(layers)))

    def back() -> None:
        for step in reversed(undo):
            step()

    return back


def _restore(parts: Sequence[Any]) -> None:
    """Their classes' own forward passes again."""
    for part in parts:
        part.__dict__.pop("forward", None)


def _ligered(model: Any) -> Callable[[], None]:
    """Liger's RMSNorm and SwiGLU in the layers."""
    if find_spec("liger_kernel") is None:
        raise RuntimeError("not installed: pip install liger-kernel")
    from importlib import import_module

    norm = import_module("liger_kernel.ops.rms_norm").LigerRMSNormFunction
    silu = import_module("liger_kernel.ops.swiglu").LigerSiLUMulFunction

    def normed(module: Any) -> Callable[[Tensor], Tensor]:
        return lambda hidden: norm.apply(hidden, module.weight, module.variance_epsilon)

    def gated(module: Any) -> Callable[[Tensor], Tensor]:
        return lambda hidden: module.down_proj(silu.apply(module.gate_proj(hidden), module.up_proj(hidden)))

    parts: list[Any] = []
    for layer in model.model.language_model.layers:
        for one in (layer.input_layernorm, layer.post_attention_layernorm):
            one.forward = normed(one)
            parts.append(one)
        layer.mlp.forward = gated(layer.mlp)
        parts.append(layer.mlp)
    return partial(_restore, parts)
