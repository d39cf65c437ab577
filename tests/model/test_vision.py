"""A DINOv2 in the base's place: the same features, the right tokens, a plain LLaVA when saved."""

from __future__ import annotations

import pytest
import torch
from transformers import Dinov2Model, LlavaForConditionalGeneration

from llavapose.data.conversation import CHAT_TEMPLATE, num_image_tokens
from llavapose.errors import ConfigError
from llavapose.model.connectors.fit import set_connector
from llavapose.model.parts import freeze_unused, used_vision_layers
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.model.vision import Vision
from llavapose.model.weights import empty_model, find_weights
from tests.model.connectors.test_own import batch_of, loss
from tests.model.dino import MEAN, STD, write_dino
from tests.model.test_packing import proof_of


@pytest.fixture(scope="module")
def dino(tmp_path_factory):
    return write_dino(tmp_path_factory.mktemp("dino") / "small")


@pytest.fixture(scope="module", params=[42, 70, 84])
def vision(request, dino):
    """Smaller than it was made for, of its own size, larger."""
    return Vision(base=str(dino), size=request.param)


def swapped(base, vision):
    llava = load_model(str(base), vision=vision)
    torch.manual_seed(3)
    set_connector(llava, "mlp2x_gelu", reset=True)
    return llava


def test_its_features_are_its_own_at_that_size(tiny_base, vision, dino):
    llava = swapped(tiny_base, vision)
    pixels = torch.randn(2, 3, vision.size, vision.size, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found = torch.stack(list(llava.get_image_features(pixels).pooler_output))
        states = Dinov2Model.from_pretrained(dino).eval()(pixels, output_hidden_states=True).hidden_states
        expected = llava.model.multi_modal_projector(states[-1][:, 1:])
    assert found.shape[1] == (vision.size // 14) ** 2 == llava.config.image_seq_length
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_pictures_are_made_as_it_wants_them(tiny_base, vision):
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE, vision=vision)
    assert num_image_tokens(processor) == (vision.size // 14) ** 2
    images = processor.image_processor
    assert (list(images.image_mean), list(images.image_std)) == (MEAN, STD)
    from PIL import Image

    made = processor.image_processor(images=[Image.new("RGB", (90, 60), (255, 255, 255))], return_tensors="pt")
    pixels = made["pixel_values"][0]
    assert pixels.shape == (3, vision.size, vision.size)
    middle = pixels[:, vision.size // 2, vision.size // 2]
    torch.testing.assert_close(middle, torch.tensor([(1 - m) / s for m, s in zip(MEAN, STD, strict=True)]))


def test_packed_is_unpacked(tiny_base, vision, samples):
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE, vision=vision)
    llava = swapped(tiny_base, vision)
    batch = batch_of(processor, samples, vision.size)
    assert proof_of(llava, batch, tolerance=1e-4, backend="sdpa").losses.largest < 1e-4


def test_what_is_saved_is_a_llava(tiny_base, vision, samples, tmp_path):
    llava, processor = swapped(tiny_base, vision), load_processor(str(tiny_base), chat_template="", vision=vision)
    folder = write_checkpoint(
        tmp_path / "hf", state=llava.state_dict(), config=llava.config, processor=processor, dtype=torch.float32
    )
    batch = batch_of(processor, samples, vision.size)
    expected = loss(llava, batch)
    plain, told = LlavaForConditionalGeneration.from_pretrained(folder, output_loading_info=True)
    assert not told["missing_keys"] and not told["unexpected_keys"]
    assert plain.config.vision_config.model_type == "dinov2"
    for one in (plain.eval(), load_model(str(folder))):
        assert torch.equal(loss(one, batch), expected)
    again = load_processor(str(folder), chat_template="")
    assert num_image_tokens(again) == (vision.size // 14) ** 2 and list(again.image_processor.image_mean) == MEAN


def test_read_tensor_by_tensor_it_is_the_same(tiny_base, vision):
    llava = empty_model(str(tiny_base), dtype=torch.float32, attention="sdpa", vision=vision)
    found, whole = find_weights(str(tiny_base), llava, vision=vision), load_model(str(tiny_base), vision=vision)
    for name, value in whole.named_parameters():
        if "multi_modal_projector" in name:
            assert found.read(name).shape == value.shape
        else:
            assert torch.equal(found.read(name), value), name


def test_what_features_never_pass_through_is_frozen(tiny_base, dino, samples):
    vision = Vision(base=str(dino), size=42)
    llava = swapped(tiny_base, vision)
    freeze_unused(llava)
    assert used_vision_layers(llava) == 3
    batch = batch_of(load_processor(str(tiny_base), chat_template="", vision=vision), samples)
    loss(llava, batch).backward()
    idle = [n for n, p in llava.named_parameters() if p.requires_grad and (p.grad is None or not p.grad.any())]
    assert [name for name in idle if "key" not in name and "k_proj.bias" not in name] == []


def test_mistakes_are_one_line(tiny_base, tmp_path, dino):
    clip = tmp_path / "clip"
    clip.mkdir()
    (clip / "config.json").write_text('{"model_type": "clip_vision_model"}')
    for base, size, line in (
        (str(tmp_path / "no"), 224, "neither a folder nor to be had from the hub .* expected a folder"),
        (str(clip), 224, "has model_type 'clip_vision_model'; expected 'dinov2'"),
        (
            str(dino),
            64,
            r"model\.vision_size is 64, and a patch of .* is 14 pixels; expected .*, e\.g\. 56",
        ),
        (str(write_dino(tmp_path / "bare", processor=False)), 42, "model.vision_base: .* cannot be loaded"),
    ):
        with pytest.raises(ConfigError, match=line):
            load_processor(str(tiny_base), chat_template="", vision=Vision(base=base, size=size))
    with pytest.raises(ConfigError, match="clip_vision_model"):
        load_model(str(tiny_base), vision=Vision(base=str(clip), size=224))
