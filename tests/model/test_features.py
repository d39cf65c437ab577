"""Features of pictures that come again: the bits of reading each alone, within the bound, of that very picture."""

from __future__ import annotations

import pytest
import torch

from llavapose.model.connectors.fit import set_connector
from llavapose.model.features import keep_features
from llavapose.model.parts import freeze_vision
from llavapose.model.pretrained import load_model
from llavapose.model.vision import Vision
from tests.model.dino import write_dino

ONE = 10 * 32 * 4
"""Bytes of a picture's features: nine patches and the class token."""
GIB = 2**30


def pictures(number: int, *, seed: int = 1, side: int = 42) -> torch.Tensor:
    return torch.randn(number, 3, side, side, generator=torch.Generator().manual_seed(seed))


def features(llava, pixels: torch.Tensor) -> torch.Tensor:
    """What the language model gets."""
    return torch.stack(list(llava.get_image_features(pixels).pooler_output))


def told(kept) -> tuple[int, int, int, int]:
    return kept.num_pictures, kept.num_encoded, kept.num_taken, kept.num_bytes


@pytest.fixture
def frozen(llava):
    freeze_vision(llava)
    return llava


def test_what_is_taken_is_what_reading_alone_gives(frozen):
    pixels = pictures(4)
    alone = torch.cat([features(frozen, one[None]) for one in pixels])
    together = features(frozen, pixels)
    kept = keep_features(frozen, 1)
    first = features(frozen, pixels)
    assert told(kept) == (4, 4, 0, 4 * ONE)
    again = features(frozen, pixels[[2, 0, 3, 1]])
    assert told(kept) == (4, 4, 4, 4 * ONE)
    assert torch.equal(first, alone) and torch.equal(again, alone[[2, 0, 3, 1]])
    torch.testing.assert_close(first, together, rtol=0, atol=1e-6)


@pytest.mark.parametrize("layers", [-1, -2, 1, [-2, -1], [1, 0]])
def test_whichever_layers_are_read(frozen, layers):
    frozen.config.vision_feature_layer = layers
    if isinstance(layers, list):
        frozen.model.multi_modal_projector = torch.nn.Linear(64, 32)
    pixels = pictures(2)
    alone = torch.cat([features(frozen, one[None]) for one in pixels])
    kept = keep_features(frozen, 1)
    assert torch.equal(features(frozen, pixels), alone) and torch.equal(features(frozen, pixels), alone)
    assert told(kept) == (2, 2, 2, 2 * ONE * (len(layers) if isinstance(layers, list) else 1))


def test_other_layers_of_the_same_picture_are_read(frozen):
    pixels = pictures(1)
    expected = frozen.get_image_features(pixels, vision_feature_layer=-2).pooler_output[0]
    keep_features(frozen, 1)
    frozen.get_image_features(pixels, vision_feature_layer=-1)
    found = frozen.get_image_features(pixels, vision_feature_layer=-2).pooler_output[0]
    assert torch.equal(found, expected)


@pytest.mark.parametrize("connector", ["mlp2x_gelu", "pose_attention"])
def test_another_encoder_and_connector(tiny_base, tmp_path, connector):
    llava = load_model(str(tiny_base), vision=Vision(base=str(write_dino(tmp_path / "dino")), size=70))
    torch.manual_seed(3)
    set_connector(llava, connector, reset=True)
    freeze_vision(llava)
    pixels = pictures(2, side=70)
    alone = torch.cat([features(llava, one[None]) for one in pixels])
    kept = keep_features(llava, 1)
    assert torch.equal(features(llava, pixels), alone) and torch.equal(features(llava, pixels), alone)
    assert told(kept) == (2, 2, 2, 2 * 26 * 48 * 4)


@pytest.mark.parametrize("change", ["value", "sign", "order", "dtype", "autocast"])
def test_no_other_picture_is_taken_for_it(frozen, change):
    pixels = pictures(1)
    pixels[0, 0, 0, 0] = 0.0
    other, dtype = pixels.clone(), torch.float32
    if change == "value":
        other[0, 2, 41, 41] = torch.nextafter(other[0, 2, 41, 41], torch.tensor(9.0))
    elif change == "sign":
        other[0, 0, 0, 0] = -0.0  # equal as a number, another as bits
    elif change == "order":
        other = other.transpose(2, 3)
    kept = keep_features(frozen, 1)
    features(frozen, pixels)
    if change == "dtype":
        frozen.bfloat16()
        other, dtype = other.bfloat16(), torch.bfloat16
    with torch.autocast("cpu", torch.bfloat16, enabled=change == "autocast"):
        found = frozen.model.vision_tower(other, output_hidden_states=-1, return_dict=True).hidden_states[-1]
    assert (kept.num_encoded, kept.num_taken, found.dtype) == (2, 0, dtype if change != "autocast" else found.dtype)


def test_autocast_keeps_what_it_computes(frozen):
    pixels = pictures(2)
    with torch.autocast("cpu", torch.bfloat16):
        alone = torch.cat([features(frozen, one[None]) for one in pixels])
        keep_features(frozen, 1)
        first, again = features(frozen, pixels), features(frozen, pixels)
    assert torch.equal(first, alone) and torch.equal(again, alone)


def test_what_is_kept_stays(frozen):
    pixels = pictures(3)
    alone = torch.cat([features(frozen, one[None]) for one in pixels])
    kept = keep_features(frozen, 2.5 * ONE / GIB)
    for number in (0, 1, 0, 2, 2, 1):  # there is no room for 2, which is read each time
        assert torch.equal(features(frozen, pixels[[number]])[0], alone[number])
        assert kept.num_bytes <= 2.5 * ONE
        assert kept.num_bytes == sum(one.untyped_storage().nbytes() for given in kept for one in given)
    assert told(kept) == (3, 4, 2, 2 * ONE)


def test_room_for_none(frozen):
    pixels = pictures(2)
    alone = torch.cat([features(frozen, one[None]) for one in pixels])
    kept = keep_features(frozen, (ONE - 1) / GIB)
    found = features(frozen, pixels[[0, 1, 1]])
    assert torch.equal(found, alone[[0, 1, 1]])
    assert told(kept) == (2, 3, 0, 0)


def test_the_same_picture_twice_in_a_batch(frozen):
    pixels = pictures(1)
    kept = keep_features(frozen, 1)
    assert torch.equal(*features(frozen, pixels[[0, 0]]))
    assert told(kept) == (1, 1, 1, ONE)


def test_what_validation_has_read_can_be_trained_on(frozen):
    pixels = pictures(2)
    keep_features(frozen, 1)
    with torch.inference_mode():
        features(frozen, pixels)
    features(frozen, pixels).sum().backward()
    assert frozen.model.multi_modal_projector.linear_1.weight.grad.abs().sum() > 0
    assert all(one.grad is None for one in frozen.model.vision_tower.parameters())


def test_names_of_weights_stay(frozen):
    before = [*frozen.state_dict()]
    keep_features(frozen, 1)
    assert [*frozen.state_dict()] == before


def test_who_asks_for_all_layers_gets_them(frozen):
    pixels = pictures(2)
    plain = frozen.model.vision_tower(pixels, output_hidden_states=True)
    kept = keep_features(frozen, 1)
    found = frozen.model.vision_tower(pixels, output_hidden_states=True)
    assert len(found.hidden_states) == 3 and torch.equal(found.last_hidden_state, plain.last_hidden_state)
    assert told(kept) == (0, 0, 0, 0)
