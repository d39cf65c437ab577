"""Does the plan of memory hold? Bytes of tiny random LLaVAs, measured on this CPU, beside what `dry_run=true` foretells.

    python -m benchmarks.memory            # three sizes, every strategy that a CPU can run; about two minutes
    python -m benchmarks.memory --short    # the smallest size, one process

States are the tensors that model, gradients and optimizer hold behind a step; activations are what autograd keeps
between forward and backward. Exits with 1 where a number is more than 5% off.
"""

import argparse
import gc
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.model.attention import packed_mask
from llavapose.model.batch import IGNORE, PADDING, Batch
from llavapose.model.llava import checkpoint_layers, freeze_vision, token_losses
from llavapose.training.forecast.activations import (
    Rows,
    layer_activations,
    logit_activations,
    mask_bytes,
    outer_activations,
)
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import Shapes, shapes_of
from llavapose.training.forecast.states import cast_bytes, state_parts

TOLERANCE = 0.05
SIZES = {"small": (128, 320, 2, 4), "middle": (256, 704, 4, 8), "large": (384, 1024, 6, 6)}
"""Width, inner width, layers and heads of the language model."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One number, foretold and measured, in bytes."""

    what: str
    foretold: float
    measured: float

    @property
    def error(self) -> float:
        """How far off the forecast is, as a share of what was measured."""
        return self.foretold / self.measured - 1 if self.measured else float(self.foretold != 0)


def tiny_config(size: tuple[int, int, int, int], *, tied: bool = False) -> LlavaConfig:
    """A LLaVA of a few million parameters with pictures of 16 patches."""
    hidden, inner, layers, heads = size
    text = LlamaConfig(
        hidden_size=hidden, intermediate_size=inner, num_hidden_layers=layers, num_attention_heads=heads,
        vocab_size=1024, max_position_embeddings=2048, tie_word_embeddings=tied, pad_token_id=0,
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4, image_size=56, patch_size=14
    )
    return LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=1, image_seq_length=16, vision_feature_layer=-2,
        tie_word_embeddings=tied,
    )  # fmt: skip


def random_batch(
    shapes: Shapes, *, rows: int, branches: list[int], prefix: int, device: Any = "cpu", image_token: int = 1
) -> Batch:
    """Rows that are alike: a picture, and behind it branches of these lengths, the last two thirds of each supervised."""
    generator = torch.Generator().manual_seed(0)
    lead = prefix - shapes.image_tokens
    width = prefix + sum(branches)
    ids = torch.randint(2, shapes.vocab - 1, (rows, width), generator=generator)
    ids[ids == image_token] = 2
    ids[:, lead:prefix] = image_token
    positions, segments, targets = [list(range(prefix))], [[0] * prefix], [[IGNORE] * prefix]
    at = prefix
    for number, length in enumerate(branches, 1):
        positions.append(list(range(prefix, prefix + length)))
        segments.append([number] * length)
        learnt = [int(token) for token in ids[0, at + 1 : at + length]]
        asked = length // 3
        targets.append([IGNORE] * asked + learnt[asked:] + [IGNORE])
        at += length
    ids[:] = ids[0]

    def table(parts: list[list[int]]) -> Tensor:
        return torch.tensor([number for part in parts for number in part]).expand(rows, width).contiguous()

    return Batch(
        input_ids=ids,
        positions=table(positions),
        segments=table(segments),
        targets=table(targets),
        pixel_values=torch.randn(rows, 3, shapes.image_size, shapes.image_size, generator=generator),
        sample_index=torch.zeros_like(ids),
        num_samples=rows * len(branches),
        step_weight=1.0,
    ).to(device)


def rows_of(batch: Batch) -> Rows:
    """A batch's shape, as the forecast takes it."""
    return Rows(
        rows=batch.input_ids.shape[0],
        width=batch.input_ids.shape[1],
        targets=int((batch.targets != IGNORE).sum()),
        pictures=batch.pixel_values.shape[0],
    )


class Kept:
    """Bytes of the storages that autograd keeps, each once, but for those that are there anyway."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        self.known = {tensor.untyped_storage().data_ptr() for tensor in known}
        self.sizes: dict[int, int] = {}
        self.held: list[Tensor] = []

    def pack(self, tensor: Tensor) -> Tensor:
        """Count a tensor that autograd keeps."""
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.known:
            self.sizes[storage.data_ptr()] = storage.nbytes()
            self.held.append(tensor)  # or its address might be given to another
        return tensor

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.sizes.values())


def kept_by_autograd(model: LlavaForConditionalGeneration, batch: Batch, *, autocast: bool) -> int:
    """Bytes that wait for the backward pass behind the loss of a batch."""
    mask = packed_mask(batch.segments)
    here = [*model.parameters(), *model.buffers(), batch.input_ids, batch.targets, batch.positions, mask]
    kept = Kept(here)
    with (
        torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),
    ):
        loss = token_losses(model, batch, mask).sum()
    loss.backward()
    return kept.total


def activation_lines(name: str, config: LlavaConfig) -> Iterator[Line]:
    """Activations in every precision, kept and computed again."""
    shapes = shapes_of(config.to_dict(), where=name)
    batch = random_batch(shapes, rows=3, branches=[60, 25, 40], prefix=shapes.image_tokens + 9)
    rows = rows_of(batch)
    ways = {"float32": (4, 4), "bfloat16": (2, 2), "autocast": (4, 2)}
    for precision, (weight, compute) in ways.items():
        for checkpointing in (False, True):
            for attention in ("sdpa", "eager") if not checkpointing else ("sdpa",):
                torch.manual_seed(0)
                model = LlavaForConditionalGeneration._from_config(config, attn_implementation=attention)
                model = model.to(torch.bfloat16 if weight == 2 else torch.float32).train()
                freeze_vision(model)
                if checkpointing:
                    checkpoint_layers(model)
                setup = Setup(
                    weight_bytes=weight, frozen_bytes=weight, compute_bytes=compute,
                    checkpointing=checkpointing, eager=attention == "eager",
                )  # fmt: skip
                foretold = layer_activations(shapes, setup, rows) + outer_activations(shapes, setup, rows)
                foretold += logit_activations(shapes, rows)
                foretold += cast_bytes(shapes, setup) if precision == "autocast" else 0
                measured = kept_by_autograd(model, batch, autocast=precision == "autocast")
                how = "inputs of layers" if checkpointing else "all"
                yield Line(what=f"activations, {precision}, {attention}, {how}", foretold=foretold, measured=measured)


if __name__ == "__main__":
    for name, size in SIZES.items():
        for line in activation_lines(name, tiny_config(size)):
            print(name, line.what, line.foretold, line.measured, f"{line.error:+.1%}")
