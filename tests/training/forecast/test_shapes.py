"""Parameters counted from a configuration are those of the model itself."""

import json
from dataclasses import replace

import pytest

from llavapose.config.choices import ConnectorType, VisionType
from llavapose.config.schema import ConnectorConfig, ModelConfig
from llavapose.errors import ConfigError
from llavapose.files import TINY_BASE, read_json
from llavapose.training.forecast.shapes import PUBLISHED, read_shapes, shapes_for, shapes_of
from tests.model.counted import COUNTED
from tests.model.published import PUBLISHED as LLAVAS
from tests.model.published import published_config, without_weights


@pytest.mark.parametrize("base", LLAVAS)
def test_published_models_are_counted_without_their_files(base, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model, shapes = without_weights(published_config(base)), read_shapes(base)
    assert shapes.total == sum(p.numel() for p in model.parameters())
    assert shapes.vision_encoder == sum(p.numel() for p in model.model.vision_tower.parameters())
    assert shapes.connector == sum(p.numel() for p in model.model.multi_modal_projector.parameters())
    assert shapes.vision_layers_used == 23
    assert shapes.image_tokens == 576


def test_the_table_has_every_base_that_conf_names():
    assert {*LLAVAS, *(one.base for one in COUNTED.values())} == PUBLISHED.keys()


def test_tied_embeddings_count_once():
    config = read_json(TINY_BASE / "config.json", what="config")
    tied, shapes = shapes_of(config, where="x"), shapes_of(config | {"tie_word_embeddings": False}, where="x")
    assert shapes.total - tied.total == tied.embedding
    assert read_shapes("tiny") == tied


def test_the_cache_comes_before_the_table(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--llava-hf--llava-1.5-7b-hf" / "snapshots" / "abc"
    folder.mkdir(parents=True)
    text = {"num_hidden_layers": 3, "vocab_size": 32064}
    (folder / "config.json").write_text(json.dumps({"model_type": "llava", "text_config": text}))
    assert read_shapes("llava-hf/llava-1.5-7b-hf").text.layers == 3


@pytest.mark.parametrize(
    ("config", "line"),
    [
        (
            {"model_type": "idefics9"},
            "here has model_type 'idefics9'.*expected one of gemma3, .*qwen3_vl.*trains unplanned",
        ),
        ([], "here has model_type None"),
        ({"model_type": "internvl", "text_config": {"model_type": "rwkv"}}, "text_config.model_type is 'rwkv'"),
        ({"text_config": {"model_type": "gemma3"}}, "text_config.model_type is 'gemma3'; expected llama"),
        ({"vision_config": {"model_type": "siglip_vision_model"}}, "expected clip_vision_model or dinov2 for a plan"),
        ({"text_config": {"hidden_size": "wide"}}, "cannot be read as a configuration of llava"),
    ],
)
def test_what_is_not_known_is_said_in_a_line(config, line):
    with pytest.raises(ConfigError, match=line):
        shapes_of(config, where="here")


def test_a_base_that_is_not_here_names_the_next_step(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ConfigError, match=r"hf download some/llava config\.json"):
        read_shapes("some/llava")


def test_a_run_s_encoder_and_connector_are_counted(tmp_path, monkeypatch):
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    model = ModelConfig(name="x", base="llava-hf/llava-1.5-7b-hf", vision=VisionType.dinov2)
    shapes = shapes_for(model, ConnectorConfig(type=ConnectorType.linear))
    assert (shapes.image_tokens, shapes.image_size, shapes.connector_inputs) == (256, 224, 1024)
    # What transformers' Dinov2Model has at its own 518 pixels, whose positions are 1,113 rows more.
    assert shapes.vision_encoder + (37**2 - 16**2) * 1024 == 304_368_640
    assert shapes.connector_first == 4096 * 1025
    plain = shapes_for(replace(model, vision=VisionType.clip), ConnectorConfig())
    assert plain == read_shapes(model.base) and plain.image_tokens == 576
    wide = shapes_for(replace(model, vision=VisionType.clip), ConnectorConfig(type=ConnectorType.multi_branch))
    assert wide.connector - plain.connector == 4 * (1025 * 256 + 257 * 4096 + 1025)
    for change, line in (
        ({"vision_base": "x/y"}, r"model\.vision_base: no config\.json of x/y here"),
        ({"vision_size": 225}, r"model\.vision_size is 225, and a patch of facebook/dinov2-large is 14 pixels"),
        ({"vision_base": "tiny"}, r"model\.vision_base: tiny is 'llava'; expected a dinov2"),
    ):
        with pytest.raises(ConfigError, match=line):
            shapes_for(replace(model, **change), ConnectorConfig())
