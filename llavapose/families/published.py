"""Published configurations of the bases that ``conf/model`` names, for a plan without their files.

They hold what a ``config.json`` says of sizes; keys that stand at the family's defaults may be missing.

``tests/model/test_published.py`` builds each without weights and holds it to the parameters that the Hugging Face hub
shows for it; of Molmo2-8B and Janus-Pro-7B the language model's alone are known there.
"""

from typing import Any

_VIT_L_336 = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
_VIT_L_336 |= {"image_size": 336, "patch_size": 14}
_13B = {"hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40}
_QWEN2_7B = {"hidden_size": 3584, "intermediate_size": 18944, "num_hidden_layers": 28, "num_attention_heads": 28}
_QWEN2_7B |= {"num_key_value_heads": 4}
_QWEN3_8B = {"hidden_size": 4096, "intermediate_size": 12288, "num_hidden_layers": 36, "num_attention_heads": 32}
_QWEN3_8B |= {"num_key_value_heads": 8, "head_dim": 128, "vocab_size": 151936}
_QWEN3_4B = {**_QWEN3_8B, "hidden_size": 2560, "intermediate_size": 9728}
_SIGLIP_SO = {"hidden_size": 1152, "intermediate_size": 4304, "num_attention_heads": 16, "patch_size": 14}
_INTERN_VIT = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
_INTERN_VIT |= {"image_size": [448, 448], "patch_size": [14, 14], "attention_bias": True, "use_mean_pooling": True}
_QWEN_VIT = {"depth": 32, "num_heads": 16, "patch_size": 14, "spatial_merge_size": 2}

PUBLISHED: dict[str, dict[str, Any]] = {
    "llava-hf/llava-1.5-7b-hf": {"text_config": {"vocab_size": 32064}, "vision_config": _VIT_L_336},
    "llava-hf/llava-1.5-13b-hf": {"text_config": {**_13B, "vocab_size": 32064}, "vision_config": _VIT_L_336},
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": {
        "model_type": "llava_onevision",
        "text_config": {"model_type": "qwen2", **_QWEN2_7B, "vocab_size": 152064},
        "vision_config": {
            "model_type": "siglip_vision_model", **_SIGLIP_SO, "num_hidden_layers": 26, "image_size": 384,
            "vision_use_head": False,
        },
    },
    "Qwen/Qwen2-VL-7B-Instruct": {
        "model_type": "qwen2_vl",
        "text_config": {**_QWEN2_7B, "vocab_size": 152064},
        "vision_config": {**_QWEN_VIT, "embed_dim": 1280, "hidden_size": 3584, "mlp_ratio": 4},
    },
    "Qwen/Qwen2.5-VL-7B-Instruct": {
        "model_type": "qwen2_5_vl",
        "text_config": {**_QWEN2_7B, "vocab_size": 152064},
        "vision_config": {
            **_QWEN_VIT, "hidden_size": 1280, "intermediate_size": 3420, "out_hidden_size": 3584, "window_size": 112,
            "fullatt_block_indexes": [7, 15, 23, 31],
        },
    },
    "Qwen/Qwen3-VL-4B-Instruct": {
        "model_type": "qwen3_vl",
        "tie_word_embeddings": True,
        "text_config": _QWEN3_4B,
        "vision_config": {
            "depth": 24, "hidden_size": 1024, "intermediate_size": 4096, "num_heads": 16, "out_hidden_size": 2560,
            "deepstack_visual_indexes": [5, 11, 17],
        },
    },
    "Qwen/Qwen3-VL-8B-Instruct": {
        "model_type": "qwen3_vl",
        "tie_word_embeddings": False,
        "text_config": _QWEN3_8B,
        "vision_config": {
            "depth": 27, "hidden_size": 1152, "intermediate_size": 4304, "num_heads": 16, "out_hidden_size": 4096,
            "deepstack_visual_indexes": [8, 16, 24],
        },
    },
    "OpenGVLab/InternVL3-8B-hf": {
        "model_type": "internvl",
        "tie_word_embeddings": False,
        "text_config": {"model_type": "qwen2", **_QWEN2_7B, "vocab_size": 151674},
        "vision_config": _INTERN_VIT,
    },
    "OpenGVLab/InternVL3_5-8B-HF": {
        "model_type": "internvl",
        "tie_word_embeddings": False,
        "text_config": {"model_type": "qwen3", **_QWEN3_8B},
        "vision_config": _INTERN_VIT,
    },
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": {
        "model_type": "smolvlm",
        "scale_factor": 3,
        "tie_word_embeddings": False,
        "text_config": {
            "model_type": "llama", "hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 24,
            "num_attention_heads": 32, "num_key_value_heads": 32, "head_dim": 64, "vocab_size": 49280,
        },
        "vision_config": {**_SIGLIP_SO, "num_hidden_layers": 27, "image_size": 384},
    },
    "google/gemma-3-4b-it": {
        "model_type": "gemma3",
        "tie_word_embeddings": True,
        "mm_tokens_per_image": 256,
        "text_config": {
            "hidden_size": 2560, "intermediate_size": 10240, "num_hidden_layers": 34, "num_attention_heads": 8,
            "num_key_value_heads": 4, "head_dim": 256, "vocab_size": 262208, "sliding_window": 1024,
        },
        "vision_config": {
            "model_type": "siglip_vision_model", **_SIGLIP_SO, "num_hidden_layers": 27, "image_size": 896,
            "vision_use_head": False,
        },
    },
    "mistralai/Mistral-Small-3.1-24B-Instruct-2503": {
        "model_type": "mistral3",
        "tie_word_embeddings": False,
        "spatial_merge_size": 2,
        "text_config": {
            "model_type": "mistral", "hidden_size": 5120, "intermediate_size": 32768, "num_hidden_layers": 40,
            "num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "vocab_size": 131072,
            "sliding_window": None,
        },
        "vision_config": {
            "model_type": "pixtral", "hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24,
            "num_attention_heads": 16, "head_dim": 64, "image_size": 1540, "patch_size": 14,
        },
    },
    "allenai/Molmo2-8B": {
        "model_type": "molmo2",
        "tie_word_embeddings": False,
        "text_config": {**_QWEN3_8B, "additional_vocab_size": 128},
        "vision_config": {**_SIGLIP_SO, "num_hidden_layers": 25, "image_size": [378, 378]},
        "adapter_config": {"hidden_size": 1152, "intermediate_size": 12288, "text_hidden_size": 4096},
    },
    "deepseek-community/Janus-Pro-7B": {
        "model_type": "janus",
        "tie_word_embeddings": False,
        "text_config": {
            "model_type": "llama", "hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 30,
            "num_attention_heads": 32, "num_key_value_heads": 32, "vocab_size": 102400,
        },
        "vision_config": {
            "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "image_size": 384,
            "patch_size": 16, "mlp_ratio": 4.0, "projection_dim": 4096, "depth": 2,
        },
        "vq_config": {"projection_dim": 4096, "image_token_embed_dim": 4096},
    },
}  # fmt: skip
"""By hub id."""
