"""Tiny random LLaVAs and batches for what is measured here, and a line of foretold beside measured bytes."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig

from llavapose.model.batch import IGNORE, Batch
from llavapose.training.forecast.activations import Rows
from llavapose.training.forecast.shapes import Shapes

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
    """Rows that are alike: a picture, and behind it branches of these lengths, two thirds of each supervised."""
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
        picture_groups=torch.tensor([(row, 0) for row in range(rows)]),
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
