"""Features averaged behind the connector: the means of squares, counted by everybody alike, saved, and read again."""

from __future__ import annotations

import json

import pytest
import torch

from llavapose.config.choices import ConnectorType, VisionType
from llavapose.config.model import ConnectorConfig, ModelConfig, not_exchanged, not_pooled
from llavapose.data.conversation import CHAT_TEMPLATE, num_image_tokens
from llavapose.errors import ConfigError
from llavapose.families.resolution import picture_of, pooled_side
from llavapose.model.connectors.configured import connector_type, pool_for, pool_of
from llavapose.model.connectors.fit import fit_connector, set_connector
from llavapose.model.connectors.own import pooled
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.model.vision import Vision
from llavapose.model.weights import empty_model, find_weights
from llavapose.training.forecast.shapes import read_shapes, shapes_for
from tests.model.connectors.test_own import features_of, stirred
from tests.model.dino import write_dino

SEVEN = "llava-hf/llava-1.5-7b-hf"
THREE = ConnectorConfig(pool=3, branches=3, branch_width=8, heads=4)


def test_means_of_squares_row_by_row_behind_a_class_token():
    embedded = torch.arange(16.0).reshape(1, 16, 1)
    # Rows 0 1 2 3 | 4 5 6 7 | ...: the square above left is 0, 1, 4 and 5.
    expected = [[2.5, 4.5, 10.5, 12.5]]
    assert pooled(embedded, pool=2, side=4)[..., 0].tolist() == expected
    assert pooled(embedded, pool=4, side=4)[..., 0].tolist() == [[7.5]]
    assert pooled(embedded, pool=1, side=4) is embedded
    behind = torch.cat([torch.full((1, 1, 1), 99.0), embedded], dim=1)
    assert pooled(behind, pool=2, side=4)[..., 0].tolist() == [[99.0, *expected[0]]]


@pytest.mark.parametrize("kind", ["mlp2x_gelu", "linear", "multi_branch", "pose_attention"])
def test_behind_any_connector(llava, kind):
    set_connector(llava, kind, sizes=ConnectorConfig(branches=3, branch_width=8, heads=4))
    if kind != "linear":
        stirred(llava)
    whole, parts = features_of(llava), llava.model.multi_modal_projector.state_dict()
    fit_connector(llava, ConnectorConfig(pool=3))
    assert connector_type(llava.config) == kind and pool_of(llava.config) == 3 and llava.config.image_seq_length == 1
    assert torch.equal(features_of(llava), whole.mean(dim=1, keepdim=True))
    found = llava.model.multi_modal_projector.state_dict()
    assert found.keys() == parts.keys() and all(torch.equal(found[name], value) for name, value in parts.items())
    frozen = [name for name, one in llava.model.multi_modal_projector.named_parameters() if not one.requires_grad]
    assert frozen == (["linear_2.weight", "linear_2.bias"] if kind == "linear" else [])


def test_keep_keeps_it_and_a_type_says_it_anew(llava):
    fit_connector(llava, THREE)
    fit_connector(llava, ConnectorConfig())
    assert pool_of(llava.config) == 3 == pool_for(llava.config, ConnectorConfig())
    kept = ConnectorConfig(type=ConnectorType.mlp2x_gelu)
    assert pool_for(llava.config, kept) == 1
    fit_connector(llava, kept)
    assert not hasattr(llava.config, "connector") and llava.config.image_seq_length == 9
    assert type(llava.model.multi_modal_projector).__name__ == "LlavaMultiModalProjector"


@pytest.mark.parametrize("kind", ["mlp2x_gelu", "linear", "pose_attention"])
def test_a_folder_gives_the_same_again(llava, tiny_base, tmp_path, kind):
    set_connector(llava, kind, sizes=THREE)
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE, pool=3)
    folder = str(
        write_checkpoint(
            tmp_path / "hf", state=llava.state_dict(), config=llava.config, processor=processor, dtype=torch.float32
        )
    )
    told = json.loads((tmp_path / "hf" / "config.json").read_text())
    assert (told["model_type"], told["connector"]["pool"], told["image_seq_length"]) == ("llavapose", 3, 1)
    loaded = load_model(folder)
    assert torch.equal(features_of(loaded), features_of(llava)) and connector_type(loaded.config) == kind
    assert num_image_tokens(load_processor(folder, chat_template=CHAT_TEMPLATE)) == 1
    assert num_image_tokens(load_processor(folder, chat_template=CHAT_TEMPLATE, pool=1)) == 9
    found = find_weights(folder, empty_model(folder, dtype=torch.float32, attention="sdpa"))
    assert all(torch.equal(found.read(name), value) for name, value in loaded.named_parameters())
    shapes = read_shapes(folder)
    assert (shapes.image_tokens, shapes.picture.features) == (1, 9)
    assert shapes.connector == sum(one.numel() for one in loaded.model.multi_modal_projector.parameters())


@pytest.mark.parametrize(("strategy", "tokens"), [("default", 16), ("full", 17)])
def test_the_processor_counts_what_the_model_makes(strategy, tokens):
    model, processor = load_model("tiny"), load_processor("tiny", chat_template=CHAT_TEMPLATE, pool=2)
    model.config.vision_feature_select_strategy = processor.vision_feature_select_strategy = strategy
    set_connector(model, "mlp2x_gelu", sizes=ConnectorConfig(pool=2))
    pixels = torch.randn(2, 3, 112, 112)
    made = torch.stack(list(model.get_image_features(pixels).pooler_output))
    assert made.shape[1] == num_image_tokens(processor) == model.config.image_seq_length == tokens
    inputs = processor(text=["<image>"], images=[pixels[0].clamp(0, 1)], return_tensors="pt", do_rescale=False)
    assert (inputs.input_ids == model.config.image_token_id).sum() == tokens
    written = model.generate(**inputs, max_new_tokens=2, do_sample=False)
    assert written.shape[1] > inputs.input_ids.shape[1]


def test_published_sizes():
    config = {"vision_config": {"image_size": 336, "patch_size": 14}, "connector": {"type": "mlp2x_gelu", "pool": 2}}
    picture = picture_of(config, 480, 640)
    assert (picture.tokens, picture.features, picture.encoded) == (144, 576, 577)
    shapes = shapes_for(ModelConfig(name="a", base=SEVEN), ConnectorConfig(pool=2))
    assert shapes.image_tokens == 144
    assert shapes.total == shapes_for(ModelConfig(name="a", base=SEVEN), ConnectorConfig()).total


def test_behind_another_encoder(tiny_base, tmp_path):
    vision = Vision(base=str(write_dino(tmp_path / "dino")), size=70)
    llava = load_model(str(tiny_base), vision=vision)
    set_connector(llava, "linear", sizes=ConnectorConfig(pool=5))
    pixels = torch.randn(2, 3, 70, 70)
    assert (
        torch.stack(list(llava.get_image_features(pixels).pooler_output)).shape[1] == llava.config.image_seq_length == 1
    )
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE, vision=vision, pool=5)
    assert num_image_tokens(processor) == 1


def test_mistakes_are_one_line(llava, tiny_base):
    line = r"connector\.pool is 2, and a picture is 3 x 3 patches; expected a divisor of 3: 1, 3"
    for refused in (
        lambda: pooled_side(3, 2),
        lambda: set_connector(llava, "mlp2x_gelu", sizes=ConnectorConfig(pool=2)),
        lambda: load_processor(str(tiny_base), chat_template="", pool=2),
    ):
        with pytest.raises(ConfigError, match=line):
            refused()
    assert ConnectorConfig(pool=0).problems() == ["connector.pool is 0; expected at least 1"]
    seven, qwen = ModelConfig(name="a", base=SEVEN), ModelConfig(name="b", base="Qwen/Qwen2-VL-7B-Instruct")
    assert not_pooled(seven, ConnectorConfig(pool=2)) == []
    (found,) = not_pooled(seven, ConnectorConfig(pool=5))
    assert found.endswith("24 x 24 patches; expected a divisor of 24: 1, 2, 3, 4, 6, 8, 12, 24")
    (found,) = not_exchanged(qwen, ConnectorConfig(pool=2))
    assert found == (
        "connector.pool=2 is for LLaVA, and Qwen/Qwen2-VL-7B-Instruct is 'qwen2_vl', with its own way to few tokens; "
        "set connector.pool=1"
    )
    dino = ModelConfig(name="a", base=SEVEN, vision=VisionType.dinov2)
    assert not_pooled(dino, ConnectorConfig(pool=5)) == []
