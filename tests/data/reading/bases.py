"""Tiny bases of every family, read as training reads them."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import torch
from PIL import Image

from llavapose.data.reading.native import NativePictures
from llavapose.data.reading.template import rendered, wording_of
from llavapose.data.reading.wording import Wording
from llavapose.families.family import Family
from llavapose.families.known import family_named
from tests.families.tiny import made

NATIVE = (
    "llava_onevision", "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "internvl", "smolvlm", "gemma3", "janus", "mistral3",
)  # fmt: skip
"""Whose pictures can be read here; Molmo 2's processor needs torchvision for that."""
SENTINEL = "Qqqq"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A tiny base."""

    family: Family
    processor: Any
    model: Any
    wording: Wording

    def rendered(self, num: int, text: str) -> str:
        """A question about a number of pictures, as the base's template has it."""
        return rendered(self.processor, (text,), num, prompt=False, source=self.family.name)

    @property
    def pictures(self) -> NativePictures:
        """Without what was counted before."""
        return self.read(self.processor)

    def read(self, processor: Any) -> NativePictures:
        """By another processor."""
        return NativePictures(processor, self.family, self.wording.head, marker=self.wording.marker)


@cache
def base(name: str) -> Base:
    """A family's, once a session."""
    model, processor = made(name)
    torch.manual_seed(1)
    for parameter in model.parameters():
        # New biases and norms are all alike: what mixes them up would not be seen.
        parameter.data.add_(0.02 * torch.randn_like(parameter))
    family = family_named(model.config.model_type)
    assert family is not None
    return Base(family=family, processor=processor, model=model, wording=wording_of(processor, source=name))


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    """A picture of which no part is like another."""
    values = torch.randint(0, 256, (height, width, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Image.fromarray(values.numpy())
