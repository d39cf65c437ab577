"""The tiny bases of these tests see their pictures: what compares pictures by them could not fail otherwise."""

import pytest
import torch

from llavapose.data.reading.template import rendered
from tests.data.reading.bases import noise
from tests.families.tiny import FAMILIES, made


@pytest.mark.parametrize("name", [*FAMILIES, "mistral3"])
def test_another_picture_gives_other_logits(name):
    model, processor = made(name)
    text = rendered(processor, ("Who?",), 1, prompt=True, source=name)
    logits = []
    for seed in (1, 2):
        inputs = processor(text=[text], images=[[noise(60, 60, seed=seed)]], return_tensors="pt")
        with torch.inference_mode():
            logits.append(model(**inputs).logits[0, -1])
    assert logits[0].shape == logits[1].shape and (logits[0] - logits[1]).abs().max() > 1e-3
