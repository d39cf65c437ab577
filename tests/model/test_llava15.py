"""LLaVA-1.5-7B and 13B on the meta device: sizes, frozen part and key names are those of the published checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import yaml

from llavapose.errors import ConfigError
from llavapose.model.connectors.fit import set_connector
from llavapose.model.parts import count_parameters, freeze_vision
from llavapose.model.pretrained import hub_key
from tests.model.published import PUBLISHED, published_config, without_weights

SEVEN, THIRTEEN = PUBLISHED
VISION = 303_507_456


def language_size(hidden: int, middle: int, layers: int, vocabulary: int = 32064) -> int:
    """By hand: four projections, three of the gated MLP and two norms a layer; embeddings in and out; a last norm."""
    return layers * (4 * hidden**2 + 3 * hidden * middle + 2 * hidden) + 2 * vocabulary * hidden + hidden


def vision_size(hidden: int = 1024, middle: int = 4096, layers: int = 24, patches: int = 576, patch: int = 14) -> int:
    """By hand: a ViT with biases, class token, positions, no bias in the patch embedding, two more norms."""
    attention = 4 * (hidden**2 + hidden)
    mlp = 2 * hidden * middle + hidden + middle
    outside = hidden + 3 * patch**2 * hidden + (patches + 1) * hidden + 4 * hidden
    return outside + layers * (attention + mlp + 4 * hidden)


def connector_size(hidden: int) -> int:
    return 1024 * hidden + hidden + hidden**2 + hidden


@pytest.fixture(scope="module", params=PUBLISHED)
def named(request):
    return request.param, without_weights(published_config(request.param))


EXPECTED = {  # the 7B's total is half the total_size of its index, 14,126,854,144 bytes of two a weight
    SEVEN: (7_063_427_072, language_size(4096, 11008, 32), connector_size(4096), 32),
    THIRTEEN: (13_351_494_656, language_size(5120, 13824, 40), connector_size(5120), 40),
}


def test_parameter_counts(named):
    base, model = named
    total, language, connector, _ = EXPECTED[base]
    parts = {
        "vision_tower": count_parameters(model.model.vision_tower.parameters())[0],
        "connector": count_parameters(model.model.multi_modal_projector.parameters())[0],
        "language": count_parameters([*model.model.language_model.parameters(), *model.lm_head.parameters()])[0],
    }
    assert parts == {"vision_tower": VISION, "connector": connector, "language": language}
    assert vision_size() == VISION
    assert count_parameters(model.parameters())[0] == total == sum(parts.values())
    assert all(parameter.device.type == "meta" for parameter in model.parameters())


def test_frozen_set_is_the_vision_encoder(named):
    base, model = named
    freeze_vision(model)
    frozen = {name for name, parameter in model.named_parameters() if not parameter.requires_grad}
    assert frozen == {f"model.vision_tower.{name}" for name, _ in model.model.vision_tower.named_parameters()}
    total, trainable = count_parameters(model.parameters())
    assert total - trainable == VISION
    if base == SEVEN:
        assert trainable == 6_759_919_616


def published_keys(layers: int) -> set[str]:
    """The names in ``model.safetensors.index.json`` of the llava-hf checkpoints."""
    llama = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
    llama += ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj", "input_layernorm", "post_attention_layernorm"]
    clip = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.out_proj"]
    clip += ["mlp.fc1", "mlp.fc2", "layer_norm1", "layer_norm2"]
    tower = "vision_tower.vision_model"
    keys = {f"language_model.model.layers.{i}.{part}.weight" for i in range(layers) for part in llama}
    keys |= {"language_model.model.embed_tokens.weight", "language_model.model.norm.weight"}
    keys |= {"language_model.lm_head.weight"}
    keys |= {f"multi_modal_projector.linear_{i}.{kind}" for i in (1, 2) for kind in ("weight", "bias")}
    keys |= {f"{tower}.encoder.layers.{i}.{part}.{k}" for i in range(24) for part in clip for k in ("weight", "bias")}
    keys |= {f"{tower}.{norm}.{kind}" for norm in ("pre_layrnorm", "post_layernorm") for kind in ("weight", "bias")}
    keys |= {f"{tower}.embeddings.{name}" for name in ("class_embedding", "patch_embedding.weight")}
    return keys | {f"{tower}.embeddings.position_embedding.weight"}


def test_exported_keys_are_the_published_ones(named):
    base, model = named
    layers = EXPECTED[base][3]
    keys = [hub_key(name) for name in model.state_dict()]
    assert len(keys) == len(set(keys)) == {32: 686, 40: 758}[layers]
    assert set(keys) == published_keys(layers)


def test_shapes_around_the_picture(named):
    _, model = named
    config = model.config
    assert config.image_seq_length == (config.vision_config.image_size // config.vision_config.patch_size) ** 2 == 576
    assert model.lm_head.weight.shape == (32064, config.text_config.hidden_size)
    assert not config.tie_word_embeddings


def test_linear_connector_trains_its_first_layer_only():
    with torch.device("meta"):
        model = without_weights(published_config(SEVEN))
        set_connector(model, "linear")
    freeze_vision(model)
    total, trainable = count_parameters(model.parameters())
    assert total - trainable == VISION + 4096**2 + 4096


def test_model_files_name_published_checkpoints():
    """conf/model/llava15_*.yaml: the papers' hyperparameters on these bases."""
    folder = Path(__file__).parents[2] / "conf"
    for name, base in (("llava15_7b", SEVEN), ("llava15_13b", THIRTEEN)):
        config = yaml.safe_load((folder / "model" / f"{name}.yaml").read_text())
        assert config["model"]["base"] == base


def test_unknown_name_is_refused():
    with pytest.raises(ConfigError, match=r"expected one of llava-hf/llava-1\.5-7b-hf"):
        published_config("llava-hf/llava-2-7b-hf")
