"""What transformers takes where a configuration of a family is silent, and a configuration made whole by it."""

from collections.abc import Mapping
from typing import Any

_LLAMA = {
    "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32,
    "vocab_size": 32000,
}  # fmt: skip
"""As that of the published 7B is."""
_QWEN2 = {**_LLAMA, "intermediate_size": 22016, "num_key_value_heads": 32, "vocab_size": 151936}
_QWEN2_VL = {
    "hidden_size": 8192, "intermediate_size": 29568, "num_hidden_layers": 80, "num_attention_heads": 64,
    "num_key_value_heads": 8, "vocab_size": 152064,
}  # fmt: skip
_CLIP = {
    "hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12,
    "image_size": 224, "patch_size": 32,
}  # fmt: skip
_SIGLIP = {**_CLIP, "patch_size": 16}
_DINO = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "mlp_ratio": 4, "patch_size": 14}

_TEXT: dict[str, dict[str, Any]] = {
    "llava_onevision": _QWEN2, "internvl": _QWEN2, "qwen2_vl": _QWEN2_VL, "qwen2_5_vl": _QWEN2_VL,
    "qwen3_vl": {**_QWEN2, "head_dim": 128},
    "gemma3": {
        "hidden_size": 2304, "intermediate_size": 9216, "num_hidden_layers": 26, "num_attention_heads": 8,
        "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208, "sliding_window": 4096,
    },
    "mistral3": {
        "hidden_size": 5120, "intermediate_size": 32768, "num_hidden_layers": 40, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 131072,
    },
    "molmo2": {
        "hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32,
        "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936, "additional_vocab_size": 128,
    },
}  # fmt: skip
_VISION: dict[str, dict[str, Any]] = {
    "llava_onevision": {
        "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 26, "num_attention_heads": 16,
        "image_size": 384, "patch_size": 14,
    },
    "internvl": {
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
        "image_size": 448, "patch_size": 14,
    },
    "qwen2_vl": {
        "depth": 32, "embed_dim": 1280, "num_heads": 16, "mlp_ratio": 4, "patch_size": 14, "spatial_merge_size": 2,
    },
    "qwen2_5_vl": {
        "depth": 32, "hidden_size": 3584, "intermediate_size": 3420, "num_heads": 16, "patch_size": 14,
        "spatial_merge_size": 2, "window_size": 112, "fullatt_block_indexes": [7, 15, 23, 31],
    },
    "qwen3_vl": {
        "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16, "patch_size": 16,
        "spatial_merge_size": 2, "num_position_embeddings": 2304, "deepstack_visual_indexes": [8, 16, 24],
    },
    "smolvlm": {**_SIGLIP, "hidden_size": 1152, "num_attention_heads": 16, "patch_size": 32},
    "gemma3": _SIGLIP,
    "mistral3": {
        "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
        "image_size": 1540, "patch_size": 14,
    },
    "molmo2": {
        "hidden_size": 1152, "intermediate_size": 4304, "num_hidden_layers": 25, "num_attention_heads": 16,
        "image_size": 378, "patch_size": 14,
    },
    "janus": {
        "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 384, "patch_size": 16,
        "mlp_ratio": 4.0, "depth": 2,
    },
}  # fmt: skip
_ADAPTER = {
    "hidden_size": 1152, "intermediate_size": 18944, "vision_feature_layer": [24, 18],
}  # fmt: skip
"""Molmo 2's connector."""
_TOP = {"smolvlm": {"scale_factor": 2}, "mistral3": {"spatial_merge_size": 2}, "gemma3": {"tie_word_embeddings": True}}
_TEXT_TYPE = {
    "llava_onevision": "qwen2", "internvl": "qwen2", "mistral3": "mistral", "qwen2_vl": "qwen2_vl_text",
    "qwen2_5_vl": "qwen2_5_vl_text", "qwen3_vl": "qwen3_vl_text", "gemma3": "gemma3_text", "molmo2": "molmo2_text",
}  # fmt: skip


LEAD = {
    "llava": 35, "llavapose": 35, "llava_onevision": 3, "qwen2_vl": 14, "qwen2_5_vl": 14, "qwen3_vl": 3, "internvl": 3,
    "smolvlm": 3, "gemma3": 4, "mistral3": 2, "molmo2": 4, "janus": 40,
}  # fmt: skip
"""Tokens in front of a sample besides its pictures, by the published template: the first of all, a system sentence, the
user's name. LLaVA's and Qwen's are counted, the others are estimates."""


def whole(config: Mapping[str, Any]) -> dict[str, Any]:
    """A ``config.json`` of a known family with what it leaves out; Qwen's flat form and Molmo 2's are made like others.

    Raises:
        TypeError, ValueError, KeyError: a number that is none.
    """
    kind = config.get("model_type", "llava")
    # Qwen2-VL's and Qwen2.5-VL's files have the language model's keys beside the others.
    flat = {} if "text_config" in config else {key: value for key, value in config.items() if key in _QWEN2_VL}
    text = {**_TEXT.get(kind, _LLAMA), **flat, **(config.get("text_config") or {})}
    text.setdefault("model_type", _TEXT_TYPE.get(kind, "llama"))
    given = config.get("vision_config") or config.get("vit_config") or {}
    is_dino = given.get("model_type") == "dinov2"
    vision = {**(_DINO if is_dino else _VISION.get(kind, _CLIP)), **given}
    if is_dino:
        vision["intermediate_size"] = int(vision["hidden_size"] * vision["mlp_ratio"])
    found = {**_TOP.get(kind, {}), **config, "model_type": kind, "text_config": text, "vision_config": vision}
    return _molmo2(found) if kind == "molmo2" else found


def _molmo2(config: dict[str, Any]) -> dict[str, Any]:
    """The names of the released files; layers behind the last one that features are taken from are not in them."""
    vision, adapter = dict(config["vision_config"]), {**_ADAPTER, **(config.get("adapter_config") or {})}
    for name, released in (("image_size", "image_default_input_size"), ("patch_size", "image_patch_size")):
        vision[name] = vision.get(released, vision[name])
    adapter["vision_feature_layer"] = adapter.get("vit_layers", adapter["vision_feature_layer"])
    if "vit_config" in config:
        layers = int(vision["num_hidden_layers"])
        vision["num_hidden_layers"] = max(one % layers for one in adapter["vision_feature_layer"]) + 1
    return {**config, "vision_config": vision, "adapter_config": adapter}
