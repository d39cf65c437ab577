"""Processors of any family are read without torchvision where PIL reads their pictures; the others ask for it."""

import json
import sys
from pathlib import Path

import pytest
import torch
import transformers as hf
from PIL import Image

from llavapose.data.reading.native import NativePictures
from llavapose.data.reading.template import wording_of
from llavapose.errors import CheckpointError
from llavapose.model.bases import told
from llavapose.model.parts import family_of
from llavapose.model.processors import family_processor, pictures_only
from tests.families.tiny import FAMILIES, HAS_TORCHVISION, write_family

TORCHVISION: dict[str, dict[str, object]] = {
    "mistral3": {"image_processor_type": "PixtralImageProcessor", "size": {"longest_edge": 56}, "patch_size": 7},
    "molmo2": {"image_processor_type": "Molmo2ImageProcessor", "size": {"height": 28, "width": 28}, "patch_size": 7,
               "max_crops": 4, "overlap_margins": [1, 1], "pooling_size": [2, 2]},
    "lfm2_vl": {"image_processor_type": "Lfm2VlImageProcessor", "tile_size": 28, "encoder_patch_size": 7,
                "downsample_factor": 2, "min_image_tokens": 4, "max_image_tokens": 16, "max_num_patches": 64,
                "min_tiles": 2, "max_tiles": 4},
}  # fmt: skip
"""How published folders of families say who reads their pictures, at tiny size."""


def published(family: str, folder: Path) -> Path:
    """A family's folder as it is published, with its own class for pictures."""
    file = write_family(family, folder) / "processor_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "image_processor": TORCHVISION[family]}))
    return folder


@pytest.mark.parametrize("family", [name for name in FAMILIES if name != "llava"])
def test_a_family_s_processor_reads_pictures_without_torchvision(tmp_path, family, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
    folder = write_family(family, tmp_path)
    processor = family_processor(str(folder), hf.AutoConfig.from_pretrained(folder))
    content = [{"type": "image"}, {"type": "text", "text": "Who?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
    made = processor(text=[text], images=[[Image.new("RGB", (40, 30), "red")]], return_tensors="pt")
    assert made["pixel_values"].isfinite().all() and made["input_ids"].shape[0] == 1
    assert "video_processor" not in type(processor).get_attributes()


def test_a_processor_without_videos_stays_as_it_is():
    assert pictures_only(hf.LlavaProcessor) is hf.LlavaProcessor
    assert pictures_only(hf.Qwen2VLProcessor) is not hf.Qwen2VLProcessor


@pytest.mark.skipif(HAS_TORCHVISION, reason="torchvision is installed")
@pytest.mark.parametrize("family", TORCHVISION)
def test_without_torchvision_one_line_asks_for_it(tmp_path, family):
    folder = published(family, tmp_path)
    with pytest.raises(CheckpointError) as raised, told(str(folder)):
        family_processor(str(folder), hf.AutoConfig.from_pretrained(folder))
    line = str(raised.value)
    assert line.startswith(f"checkpoint {folder}: ") and "pip install torchvision" in line, line
    assert "\n" not in line and "download it again" not in line and len(line) < len(str(folder)) + 200


@pytest.mark.skipif(not HAS_TORCHVISION, reason="torchvision is not installed")
@pytest.mark.parametrize("family", TORCHVISION)
def test_with_torchvision_pictures_become_prefixes(tmp_path, family):
    folder = published(family, tmp_path)
    config = hf.AutoConfig.from_pretrained(folder)
    processor = family_processor(str(folder), config)
    wording, model = wording_of(processor, source=family), hf.AutoModelForImageTextToText.from_pretrained(folder)
    pictures = NativePictures(processor, family_of(model), wording.head, marker=wording.marker)
    for high, wide in ((28, 28), (40, 90), (200, 120)):
        shown = pictures.shown([Image.new("RGB", (wide, high), "red")])
        assert len(shown.ids) == pictures.num_tokens([(high, wide)]) and shown.is_picture is not None
        types = {pictures.type_ids: shown.is_picture.long()[None]} if pictures.type_ids else {}
        with torch.inference_mode():
            made = model(input_ids=torch.tensor([shown.ids]), **types, **shown.inputs)
        assert made.logits.isfinite().all()


def test_parts_stay_in_their_places_wherever_the_videos_stand():
    # Molmo 2's constructor takes videos in the middle, Qwen's at the end.
    for family in (hf.Molmo2Processor, hf.Qwen2VLProcessor):
        kept = pictures_only(family).get_attributes()
        assert kept == ["image_processor", "tokenizer"]
