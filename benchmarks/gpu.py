"""A 7B on one GPU: does the forecast of memory hold, how fast are the two recipes, what does bfloat16 make of packing?

    python -m benchmarks.gpu                       # a GPU of 139 GiB: everything; of 78 GiB: states of half the layers
    python -m benchmarks.gpu --engine deepspeed    # the memory under ZeRO-3 itself, in one process
    python -m benchmarks.gpu --tiny                # the same path in a minute on any machine; its numbers mean nothing

LLaVA-1.5-7B with random weights: no file is read. Prints tables; with $OUT also writes gpu-ENGINE.json there.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.memory import SIZES, Line, random_batch, rows_of, tiny_config
from benchmarks.states import DeepSpeedStates, PlainStates
from llavapose.model.attention import packed_mask, unpack
from llavapose.model.batch import IGNORE, PADDING, Batch
from llavapose.model.llava import checkpoint_layers, freeze_vision, token_losses
from llavapose.training.forecast.activations import activation_parts
from llavapose.training.forecast.cost import work_of
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import Shapes, scaled, shapes_of
from llavapose.training.forecast.states import Part, Phase, state_parts

PEAKS = {"A100": 312e12, "H100": 989e12, "H200": 989e12}
"""Dense bfloat16 operations a second, by the makers' data sheets."""
CONV, DETAIL, COMPLEX = 63, 505, 460
"""Tokens of a sample of each kind behind its picture: answer, question and template."""
SHARES = {"conv": (CONV, 112_980), "detail": (DETAIL, 45_174), "complex": (COMPLEX, 42_174)}


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How fast micro-batches of one shape go through forward and backward."""

    name: str
    seconds: float
    samples: int
    tokens: int
    flops: float

    def row(self, peak: float | None) -> str:
        """A line of the table."""
        used = f"{self.flops / self.seconds / peak:.1%}" if peak else "-"
        rates = f"{self.samples / self.seconds:.2f} | {self.tokens / self.seconds:,.0f}"
        return f"| {self.name} | {self.seconds:.3f} | {rates} | {self.flops / self.seconds / 1e12:.0f} | {used} |"


def llava_7b() -> LlavaConfig:
    """LLaVA-1.5-7B's shapes: CLIP ViT-L/14 at 336 pixels and Vicuna-7B with 32,064 rows of embeddings."""
    text = LlamaConfig(vocab_size=32064, max_position_embeddings=4096, rms_norm_eps=1e-5, pad_token_id=0)
    vision = CLIPVisionConfig(
        hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
        image_size=336, patch_size=14, projection_dim=768,
    )  # fmt: skip
    return LlavaConfig(
        vision_config=vision, text_config=text, image_token_index=32000, image_seq_length=576,
        vision_feature_layer=-2, vision_feature_select_strategy="default", tie_word_embeddings=False,
    )  # fmt: skip


def build(config: LlavaConfig, device: torch.device) -> LlavaForConditionalGeneration:
    """The model with random bfloat16 weights, made where it stays; vision frozen, layers' activations recomputed."""
    torch.manual_seed(0)
    with device:
        model = LlavaForConditionalGeneration._from_config(config, dtype=torch.bfloat16, attn_implementation="sdpa")
    model.train()
    freeze_vision(model)
    checkpoint_layers(model)
    return model


def shares_of(parts: list[Part], phase: Phase) -> float:
    """Bytes on the GPU in a phase."""
    return sum(part.gpu for part in parts if phase in part.phase)


class Meter:
    """Bytes that torch has handed out on the GPU; zero where there is none."""

    def __init__(self, device: torch.device) -> None:
        self.on = device.type == "cuda"

    def now(self) -> int:
        """In use."""
        return torch.cuda.memory_allocated() if self.on else 0

    def peak(self, work: Callable[[], Any]) -> int:
        """The most in use while something runs."""
        if self.on:
            torch.cuda.reset_peak_memory_stats()
        work()
        if self.on:
            torch.cuda.synchronize()
        return torch.cuda.max_memory_allocated() if self.on else 0

    def outside(self) -> int:
        """What the process takes beside torch's own pool: CUDA's context, kernels, libraries' workspaces."""
        if not self.on:
            return 0
        free, total = torch.cuda.mem_get_info()
        return total - free - torch.cuda.memory_reserved()


def memory(
    config: LlavaConfig, engine: str, device: torch.device, batches: dict[str, Batch], *, optimizer: bool
) -> tuple[list[Line], Any, LlavaForConditionalGeneration]:
    """Forecast and measured bytes behind loading, behind the optimizer's states, and at the peaks of a step."""
    shapes, meter = shapes_of(config.to_dict(), where="7B"), Meter(device)
    setup = Setup(
        engine=Engine.zero3, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True, checkpointing=True,
        reduce_bucket=200_000_000 if engine == "deepspeed" else 0,
    )  # fmt: skip
    model = build(config, device)
    parts = {part.name: part for part in state_parts(shapes, setup)}
    lines = [Line(what="after loading", foretold=parts["parameters"].gpu, measured=meter.now())]
    states = (DeepSpeedStates if engine == "deepspeed" else PlainStates)(model, setup, optimizer=optimizer)
    kept = {name: part for name, part in parts.items() if optimizer or name != "optimizer"}
    always = shares_of([part for part in kept.values() if Phase.loss & Phase.step in part.phase], Phase.step)
    always = sum(part.gpu for part in kept.values() if Phase.loss in part.phase and Phase.step in part.phase)
    if engine == "deepspeed":
        always += 2 * setup.reduce_bucket
    lines.append(Line(what="with gradients and optimizer", foretold=always, measured=meter.now()))
    for name, batch in batches.items():
        every = [*kept.values(), *activation_parts(shapes, setup, rows_of(batch))]
        foretold = max(shares_of(every, Phase.loss), shares_of(every, Phase.layer))
        measured = meter.peak(lambda batch=batch: states.backward(losses_of(states.model, batch).mean()))
        lines.append(Line(what=f"forward and backward, {name}", foretold=foretold, measured=measured))
        if optimizer:
            lines.append(
                Line(
                    what=f"optimizer step, {name}",
                    foretold=shares_of(list(kept.values()), Phase.step),
                    measured=meter.peak(states.step),
                )
            )
        states.zero()
    lines.append(Line(what="CUDA context and libraries", foretold=0, measured=meter.outside()))
    return lines, states, model


def losses_of(model: Any, batch: Batch) -> Tensor:
    """float32[N]: the loss of every supervised token."""
    return token_losses(getattr(model, "module", model), batch, packed_mask(batch.segments))
