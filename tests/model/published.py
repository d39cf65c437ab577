"""The published LLaVA-1.5 checkpoints as configurations, to count and name their weights without downloading them.

From ``config.json`` of ``llava-hf/llava-1.5-7b-hf`` and ``llava-hf/llava-1.5-13b-hf``: Vicuna-v1.5, CLIP ViT-L/14 at
336 pixels, and a vocabulary of 32,000 padded to 32,064 for ``<image>`` and ``<pad>``.
"""

from typing import Any

import torch
from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

from llavapose.errors import ConfigError

_TEXT: dict[str, dict[str, Any]] = {
    "llava-hf/llava-1.5-7b-hf": {
        "hidden_size": 4096,
        "intermediate_size": 11008,
        "num_hidden_layers": 32,
        "num_attention_heads": 32,
    },
    "llava-hf/llava-1.5-13b-hf": {
        "hidden_size": 5120,
        "intermediate_size": 13824,
        "num_hidden_layers": 40,
        "num_attention_heads": 40,
    },
}

PUBLISHED = tuple(_TEXT)
"""Names on the Hugging Face hub."""


def published_config(base: str) -> LlavaConfig:
    """The configuration of a published checkpoint, by its name on the hub.

    Raises:
        ConfigError: a name that is not in ``PUBLISHED``.
    """
    if base not in _TEXT:
        raise ConfigError(f"base {base!r} has no configuration here; expected one of {', '.join(PUBLISHED)}")
    text = LlamaConfig(vocab_size=32064, max_position_embeddings=4096, rms_norm_eps=1e-5, **_TEXT[base])
    vision = CLIPVisionConfig(
        hidden_size=1024,
        intermediate_size=4096,
        num_hidden_layers=24,
        num_attention_heads=16,
        image_size=336,
        patch_size=14,
        projection_dim=768,
    )
    return LlavaConfig(
        vision_config=vision,
        text_config=text,
        image_token_index=32000,
        image_seq_length=576,
        projector_hidden_act="gelu",
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        tie_word_embeddings=False,
    )


def without_weights(config: LlavaConfig) -> LlavaForConditionalGeneration:
    """The model of a configuration on the meta device: shapes and names, no memory."""
    with torch.device("meta"):
        return LlavaForConditionalGeneration(config)
