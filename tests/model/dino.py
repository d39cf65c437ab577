"""A random DINOv2 of a few thousand weights as a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from transformers import BitImageProcessorPil, Dinov2Config, Dinov2Model

MEAN, STD = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def write_dino(folder: Path, *, processor: bool = True, **further: Any) -> Path:
    """Made for pictures of 70 pixels: 5 x 5 patches of 14."""
    torch.manual_seed(7)
    sizes = {"hidden_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4, "mlp_ratio": 2}
    config = Dinov2Config(**{**sizes, "image_size": 70, "patch_size": 14, "initializer_range": 0.2, **further})
    Dinov2Model(config).save_pretrained(folder)
    if processor:
        BitImageProcessorPil(image_mean=MEAN, image_std=STD, size={"shortest_edge": 80}).save_pretrained(folder)
    return folder
