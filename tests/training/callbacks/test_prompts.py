"""What a model is asked while it is trained is what its own processor would ask it with."""

import pytest
import torch
from PIL import Image

from llavapose.training.callbacks.predictions import prompts_of
from tests.data.reading.bases import base
from tests.data.test_groups import module, place

__all__ = ["place"]


@pytest.mark.parametrize("name", ["qwen3_vl", "internvl", "gemma3"])
def test_prompts_about_several_pictures_are_the_processor_s(place, name):
    one, data = base(name), module(place, name).train
    chosen = [at for at in range(len(data)) if data.sample(at).id in ("0-1", "2-0", "3-2")]
    prompts = prompts_of(data, chosen)
    rows = [
        {key: value[row : row + 1] for key, value in prompt.items() if key in ("input_ids", "attention_mask")}
        for prompt in prompts
        for row in range(len(prompt["input_ids"]))
    ]
    assert len(prompts) == (1 if name == "gemma3" else 3) and len(rows) == 3
    for index, row in zip(chosen, rows, strict=True):
        sample = data.sample(index)
        images = [Image.open(place[1] / image) for image in sample.images]
        content = [*[{"type": "image", "image": image} for image in images]]
        turns = [{"role": "user", "content": [*content, {"type": "text", "text": sample.turns[0].text}]}]
        wanted = one.processor.apply_chat_template(
            turns, tokenize=True, return_dict=True, return_tensors="pt", add_generation_prompt=True
        )
        assert row["input_ids"][row["attention_mask"] == 1].tolist() == wanted["input_ids"][0].tolist()
    first = prompts[0] if len(prompts) > 1 else None
    if first is not None:
        with torch.no_grad():
            found = one.model.generate(**first, max_new_tokens=4, do_sample=False)
        assert found.shape[1] > first["input_ids"].shape[1]
