"""The same samples as three trainers lay them out, and ways to compute them faster: what ``gpu_train`` measures.

ours        a picture once, its samples as branches behind it, a row a picture
ordinary    a picture copied for every sample, samples one behind the other in block-diagonal rows
one a row   a picture copied for every sample, rows sorted by length, so that micro-batches need little padding
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from benchmarks.llavas import rows_of
from llavapose.model.attention.alone import unpack
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import GROUP, IGNORE, PADDING, Batch
from llavapose.model.llava import checkpoint_layers, token_losses
from llavapose.training.forecast.cost import work_of
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import Shapes

ARMS = ("ours", "ordinary", "one a row")
SWITCHES = ("compile", "chunked", "all logits", "keep activations", "liger")
CHUNK = 1024
"""Supervised tokens whose logits are in memory at once where the loss is chunked."""


def attentions() -> dict[str, Callable[[Tensor], Any]]:
    """Name -> what ``token_losses`` is given of a batch's segments; the one place that knows which there are."""
    try:
        found = find_spec("llavapose.model.attention.choose")
    except ModuleNotFoundError:
        found = None
    if found is None:
        return {"dense": packed_mask}
    from importlib import import_module

    backends: dict[str, Any] = import_module("llavapose.model.attention.choose").BACKENDS
    return {name: backend.see for name, backend in backends.items()}


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
    total = 0.0
    for batch in batches:
        dense = work_of(shapes, Setup(), rows_of(batch)).model
        real = batch.segments != PADDING
        mask = packed_mask(batch.segments)[:, 0] & real[:, :, None] & real[:, None, :]
        pairs = batch.segments.numel() * batch.segments.shape[1] - int(mask.sum())
        padding = 3 * 2.0 * shapes.text_layer_matrices * int((~real).sum())
        total += dense - shapes.text.layers * (padding + 3 * 4.0 * pairs * shapes.text.queries)
    return total


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


def losses(model: Any, batch: Batch, way: Way) -> Tensor:
    """float32[N]: as ``token_losses``, or its like with the head computed otherwise."""
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
