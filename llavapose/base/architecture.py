"""The tiny LLaVA: LLaVA-1.5's own classes, small."""

from typing import Any

import torch
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from llavapose.data.reading.wording import IMAGE_TOKEN

IMAGE_SIZE = 112
PATCH_SIZE = 14


def vision_config() -> CLIPVisionConfig:
    """A CLIP vision transformer of about one million parameters: 64 patches of 14 pixels."""
    return CLIPVisionConfig(
        hidden_size=128,
        intermediate_size=512,
        num_hidden_layers=5,
        num_attention_heads=4,
        image_size=IMAGE_SIZE,
        patch_size=PATCH_SIZE,
        projection_dim=64,
        hidden_act="gelu",
    )


def text_config(tokenizer: PreTrainedTokenizerFast) -> LlamaConfig:
    """A Llama of about one and a half million parameters, input and output embeddings shared."""
    ids: Any = tokenizer
    return LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=160,
        intermediate_size=448,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        tie_word_embeddings=True,
        bos_token_id=ids.bos_token_id,
        eos_token_id=ids.eos_token_id,
        pad_token_id=ids.pad_token_id,
    )


def tiny_llava(
    tokenizer: PreTrainedTokenizerFast, tower: CLIPVisionModel | None, *, seed: int
) -> LlavaForConditionalGeneration:
    """A tiny LLaVA with new weights, but for the vision encoder where one is given.

    Features come from the encoder's last layer: every layer of so small an encoder is needed, while LLaVA-1.5 leaves
    out CLIP's last.
    """
    torch.manual_seed(seed)
    image_token: Any = tokenizer.convert_tokens_to_ids(IMAGE_TOKEN)
    config = LlavaConfig(
        vision_config=vision_config(),
        text_config=text_config(tokenizer),
        image_token_index=image_token,
        image_seq_length=(IMAGE_SIZE // PATCH_SIZE) ** 2,
        vision_feature_layer=-1,
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    if tower is not None:
        model.model.vision_tower.load_state_dict(tower.state_dict())
    return model
