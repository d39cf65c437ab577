"""Tiny bases of every family, read as training reads them."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
import torch
import transformers as hf
from PIL import Image

from llavapose.data.reading.native import NativePictures
from llavapose.families.family import Family
from llavapose.families.known import family_named
from llavapose.model.processors import family_processor
from tests.families.tiny import write_family

NATIVE = ("qwen2_vl", "qwen3_vl", "internvl", "smolvlm", "gemma3", "janus")
SENTINEL = "Qqqq"


@dataclass(frozen=True, kw_only=True)
class Base:
    """A tiny base."""

    folder: Path
    family: Family
    processor: Any
    model: Any

    def head(self, num: int) -> str:
        """All in front of the first question."""
        return self.rendered(num, SENTINEL).partition(SENTINEL)[0]

    def rendered(self, num: int, text: str) -> str:
        content = [*[{"type": "image"}] * num, {"type": "text", "text": text}]
        return self.processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)

    @property
    def pictures(self) -> NativePictures:
        return NativePictures(self.processor, self.family, self.head)


@cache
def base(name: str) -> Base:
    """A family's, once a session."""
    folder = Path(mkdtemp(prefix=name))
    with pytest.MonkeyPatch.context() as patch:
        # Only videos are told in number words; the package is none of ours.
        patch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
        write_family(name, folder)
        config = hf.AutoConfig.from_pretrained(folder)
        processor = family_processor(str(folder), config)
    model = hf.AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32).eval()
    torch.manual_seed(1)
    for parameter in model.parameters():
        # Gemma 3's connector begins with zeros: no picture would be seen.
        parameter.data.add_(0.02 * torch.randn_like(parameter))
    family = family_named(config.model_type)
    assert family is not None
    return Base(folder=folder, family=family, processor=processor, model=model)


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    """A picture of which no part is like another."""
    values = torch.randint(0, 256, (height, width, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    return Image.fromarray(values.numpy())
