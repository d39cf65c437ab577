"""What a vision encoder with adapters keeps for the backward pass, foretold beside what autograd keeps."""

from __future__ import annotations

import pytest
import torch
from transformers import CLIPVisionConfig, Dinov2Config, LlavaForConditionalGeneration

from benchmarks.llavas import random_batch, rows_of, tiny_config
from benchmarks.memory import kept_by_autograd
from llavapose.config.choices import AdapterType, Tower
from llavapose.config.schema import AdapterConfig
from llavapose.model.parts import checkpoint_layers
from llavapose.training.adapters import add_adapter
from llavapose.training.forecast.activations import vision_activations
from llavapose.training.forecast.setup import Setup
from llavapose.training.forecast.shapes import shapes_of

SIZES = {"hidden_size": 128, "num_attention_heads": 4, "image_size": 112, "patch_size": 14}
TARGETS = ("q_proj", "v_proj")


def config_of(encoder):
    config = tiny_config((256, 512, 2, 4))
    if encoder == "dinov2":
        config.vision_config = Dinov2Config(**SIZES, num_hidden_layers=6)
    else:
        config.vision_config = CLIPVisionConfig(**SIZES, num_hidden_layers=7, intermediate_size=512)
    config.vision_feature_layer, config.image_seq_length = -1 if encoder == "dinov2" else -2, 64
    return config


def kept(config, batch, towers, *, half, checkpointing):
    torch.manual_seed(0)
    model = LlavaForConditionalGeneration._from_config(config, attn_implementation="sdpa")
    model = model.bfloat16() if half else model
    adapter = AdapterConfig(type=AdapterType.lora, r=8, alpha=16, targets=list(TARGETS), towers=towers)
    add_adapter(model, adapter, seed=0)
    if checkpointing:
        checkpoint_layers(model)
    model.train()
    if Tower.vision not in towers:
        model.model.vision_tower.eval()
    return kept_by_autograd(model, batch, autocast=half)


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("half", [False, True])
@pytest.mark.parametrize("encoder", ["clip", "dinov2"])
def test_what_adapters_of_the_encoder_keep(encoder, half, checkpointing):
    config = config_of(encoder)
    shapes = shapes_of(config.to_dict(), where="test")
    batch = random_batch(shapes, rows=4, branches=[20], prefix=shapes.image_tokens + 9)
    way = {"half": half, "checkpointing": checkpointing}
    alone = kept(config_of(encoder), batch, [Tower.language], **way)
    measured = kept(config_of(encoder), batch, [Tower.language, Tower.vision], **way) - alone
    size = 2 if half else 4
    setup = Setup(
        frozen_bytes=size, compute_bytes=size, adapter=AdapterType.lora, adapter_rank=8, dropout_bytes=4,
        adapter_targets=TARGETS, adapter_towers=("language", "vision"), checkpointing=checkpointing,
    )  # fmt: skip
    # Of six layers' inputs one more or less is a sixth: of 24, a twenty-fourth.
    tolerance = 0.15 if checkpointing else 0.05
    assert vision_activations(shapes, setup, rows_of(batch)) == pytest.approx(measured, rel=tolerance)
