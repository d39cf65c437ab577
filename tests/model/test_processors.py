"""Processors of any family are read without torchvision, which only their videos would need."""

import sys

import pytest
import transformers as hf
from PIL import Image

from llavapose.model.processors import family_processor, pictures_only
from tests.families.tiny import FAMILIES, write_family


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
