"""Adapters beside any family: which layers get one, what is trained, and that what is exported is the exact sum."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from llavapose.config.model import AdapterConfig
from llavapose.config.schema import OptimConfig
from llavapose.errors import ConfigError
from llavapose.families.family import CONNECTOR
from llavapose.model.parts import family_of, freeze_vision
from llavapose.model.pretrained import load_model, write_checkpoint
from llavapose.training.adapters import add_adapter, merged, plain_state, quantization
from llavapose.training.optim import group_parts, is_hidden_matrix, make_optimizer
from tests.families.tiny import FAMILIES, made

LORA = {"type": "lora", "r": 4, "alpha": 8, "dropout": 0.0}
BOTH = {**LORA, "towers": ["language", "vision"]}
IN_VISION = {  # the names of a layer's linear parts in each family's vision encoder
    "llava": {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"},
    "llava_onevision": {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"},
    "qwen2_vl": {"qkv", "proj", "fc1", "fc2"},
    "qwen2_5_vl": {"qkv", "proj", "gate_proj", "up_proj", "down_proj"},
    "qwen3_vl": {"qkv", "proj", "linear_fc1", "linear_fc2"},
    "internvl": {"q_proj", "k_proj", "v_proj", "projection_layer", "fc1", "fc2"},
    "janus": {"q_proj", "k_proj", "v_proj", "projection_layer", "fc1", "fc2"},
    "smolvlm": {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"},
    "gemma3": {"q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"},
}


def adapted_in(model, prefixes):
    """The layers with an adapter below some modules."""
    names = [name for name, _ in model.named_parameters() if ".lora_A." in name]
    return [name.partition(".lora_A.")[0] for name in names if name.startswith(tuple(f"{one}." for one in prefixes))]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_layer_of_both_towers_gets_them_and_no_other(name):
    model, _ = made(name)
    family = family_of(model)
    freeze_vision(model)
    add_adapter(model, AdapterConfig(**BOTH), seed=0)
    language, vision = adapted_in(model, [family.language]), adapted_in(model, family.vision)
    assert len(language) == 7 * model.config.get_text_config().num_hidden_layers
    assert {one.rpartition(".")[2] for one in vision} == IN_VISION[name]
    all_of_them = [one for one, _ in model.named_parameters() if ".lora_A." in one]
    assert len(all_of_them) == len(language) + len(vision)
    trained = {one for one, value in model.named_parameters() if value.requires_grad and "lora_" not in one}
    assert trained == {one for one, _ in model.named_parameters() if family.part_of(one) == CONNECTOR} and trained


@pytest.mark.parametrize("name", ["qwen3_vl", "gemma3", "internvl", "llava"])
def test_merged_is_applied(name, tmp_path):
    model, processor = made(name)
    freeze_vision(model)
    config = AdapterConfig(**BOTH)
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 56, 3), dtype=np.uint8))
    content = [{"type": "image"}, {"type": "text", "text": "What is it?"}]
    text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
    inputs = processor(text=[text], images=[picture], return_tensors="pt")
    with torch.no_grad():
        before = model(**inputs).logits
        add_adapter(model, config, seed=0)
        torch.testing.assert_close(model(**inputs).logits, before, atol=1e-6, rtol=0)
        for number, (key, value) in enumerate(model.named_parameters()):
            if "lora_B" in key:
                value.normal_(std=0.3, generator=torch.Generator().manual_seed(number))
        applied = model(**inputs).logits
    folder = write_checkpoint(
        tmp_path / "hf", state=merged(plain_state(model), config), config=model.config, processor=processor,
        dtype=torch.float32,
    )  # fmt: skip
    with torch.no_grad():
        found = load_model(str(folder))(**inputs).logits
    size = applied.abs().max()
    assert float((found - applied).abs().max() / size) < 1e-5
    assert float((before - applied).abs().max() / size) > 0.05


def test_names_of_one_s_own_and_names_that_are_nowhere():
    model, _ = made("qwen3_vl")
    add_adapter(model, AdapterConfig(**{**BOTH, "targets": ["qkv", "o_proj"]}), seed=0)
    found = {
        name.partition(".lora_A.")[0].rpartition(".")[2] for name, _ in model.named_parameters() if "lora_A" in name
    }
    assert found == {"qkv", "proj", "o_proj"}
    with pytest.raises(ConfigError, match=r"adapter\.targets has qkv; expected some of .*: down_proj, gate_proj"):
        add_adapter(made("qwen3_vl")[0], AdapterConfig(**{**LORA, "targets": ["q_proj", "qkv"]}), seed=0)


def test_settings_know_every_family_s_names():
    for names in IN_VISION.values():
        assert AdapterConfig(type="lora", targets=sorted(names), towers=["vision"]).problems() == []
    (line,) = AdapterConfig(type="lora", targets=["linear_fc1x"]).problems()
    assert line == "adapter.targets has 'linear_fc1x'; did you mean linear_fc1?"


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_trained_is_not_quantised(name):
    model, _ = made(name)
    bits = quantization(AdapterConfig(**{**LORA, "type": "qlora"}), torch.float32, family_of(model))
    assert bits is not None
    from transformers.quantizers.quantizers_utils import should_convert_module

    family = family_of(model)
    for key, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            packed = should_convert_module(key, bits.llm_int8_skip_modules)
            assert packed is key.startswith(f"{family.language}."), key


@pytest.mark.parametrize("name", FAMILIES)
def test_rates_by_part(name):
    model, _ = made(name)
    family = family_of(model)
    config = OptimConfig(lr=1e-3, connector_lr=1e-4, vision_lr=1e-5, warmup_ratio=0.0)
    optimizer, _ = make_optimizer(model.named_parameters(), config, num_steps=10, part_of=family.part_of)
    rates = {id(one): group["lr"] for group in optimizer.param_groups for one in group["params"]}
    parts = {"connector": 1e-4, "vision": 1e-5, "language": 1e-3, "unused": 1e-3}
    for key, value in model.named_parameters():
        assert rates[id(value)] == parts[family.part_of(key)], key
    held = {part for group in group_parts(model.named_parameters(), optimizer, family.part_of) for part in group}
    assert {"connector", "vision", "language"} <= held
    assert not any(
        is_hidden_matrix(key, value, family.part_of)
        for key, value in model.named_parameters()
        if family.part_of(key) == CONNECTOR or "embed" in key
    )
