"""Two layers of every family, of random weights, and prefixes with pictures of three sizes for each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from torch import Tensor
from transformers import PreTrainedModel

WORDS, HIDDEN = 64, 32
IMAGE, START, END, VIDEO = 63, 62, 61, 60
WINDOW = 3
"""Smaller than a picture's four tokens: whether a window holds within a picture shows."""


@dataclass(frozen=True, kw_only=True)
class Prefix:
    """What stands in front of a group's samples.

    Attributes:
        ids: its tokens.
        inputs: its pictures, by the names of the forward's arguments; numbers that count patches count its own.
        rope: int64[3, P], or None.
        blocks: which block of pictures a token belongs to, -1 for none; None where the family has none.
    """

    ids: list[int]
    inputs: dict[str, Tensor] = field(default_factory=dict)
    rope: Tensor | None = None
    blocks: list[int] | None = None


@dataclass(frozen=True, kw_only=True)
class Base:
    """A model with its prefixes.

    Attributes:
        name: the family, and what is special.
        make: returns (model, prefixes with pictures of three sizes).
        types: the argument that marks picture tokens in the plain forward, or "".
        layers: kinds of its language layers.
    """

    name: str
    make: Callable[[], tuple[PreTrainedModel, list[Prefix]]]
    types: str = ""
    layers: tuple[str, ...] = ("full_attention", "full_attention")

    def model(self) -> tuple[PreTrainedModel, list[Prefix]]:
        """The same every time, in eval mode, float32; nothing in it is zero by design."""
        torch.manual_seed(0)
        model, prefixes = self.make()
        for parameter in model.parameters():
            parameter.data.add_(torch.randn_like(parameter) * 0.05)
        return model.eval(), prefixes


def _text(**more: Any) -> dict[str, Any]:
    return {
        "vocab_size": WORDS,
        "hidden_size": HIDDEN,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "pad_token_id": 0,
        **more,
    }


def _vision(**more: Any) -> dict[str, Any]:
    return {
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 28,
        "patch_size": 7,
        **more,
    }


def _ids(*pictures: int) -> list[int]:
    """A prefix with pictures of so many tokens each."""
    return [1, 5, *(token for count in pictures for token in (START, *[IMAGE] * count, END)), 7]


def _fixed(counts: tuple[int, ...], tokens: int, shape: tuple[int, ...], *, blocks: bool = False) -> list[Prefix]:
    """Prefixes with so many pictures each, all alike in size."""
    found = []
    for count in counts:
        ids = _ids(*[tokens] * count)
        own = [ids[:place].count(START) - 1 if one == IMAGE else -1 for place, one in enumerate(ids)]
        found.append(
            Prefix(ids=ids, inputs={"pixel_values": torch.randn(count, *shape)}, blocks=own if blocks else None)
        )
    return found


def _llava():
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**_vision(projection_dim=16)),
        text_config=transformers.LlamaConfig(**_text()),
        image_token_index=IMAGE,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=16,
    )
    return transformers.LlavaForConditionalGeneration(config), _fixed((1, 2, 1), 16, (3, 28, 28))


def _llava_onevision():
    config = transformers.LlavaOnevisionConfig(
        vision_config=transformers.SiglipVisionConfig(**_vision(vision_use_head=False)),
        text_config=transformers.Qwen2Config(**_text()),
        image_token_index=IMAGE,
        video_token_index=VIDEO,
        vision_feature_layer=-1,
        vision_feature_select_strategy="full",
        image_grid_pinpoints=[[28, 28], [28, 56]],
    )
    model = transformers.LlavaOnevisionForConditionalGeneration(config)
    prefixes = []
    for size in ([28, 28], [28, 56], [20, 56]):
        inputs = {"pixel_values": torch.randn(1, 3, 3, 28, 28), "image_sizes": torch.tensor([size])}
        with torch.no_grad():
            features = model.model.get_image_features(
                **inputs, vision_feature_layer=-1, vision_feature_select_strategy="full"
            ).pooler_output
        prefixes.append(Prefix(ids=_ids(len(torch.cat(list(features)))), inputs=inputs))
    return model, prefixes


def _internvl():
    vision = _vision(image_size=[28, 28], patch_size=[7, 7])
    config = transformers.InternVLConfig(
        vision_config=vision,
        text_config=transformers.Qwen2Config(**_text()),
        image_token_id=IMAGE,
        image_seq_length=4,
        downsample_ratio=0.5,
    )
    tiled = [Prefix(ids=_ids(4 * n), inputs={"pixel_values": torch.randn(n, 3, 28, 28)}) for n in (1, 3, 2)]
    return transformers.InternVLForConditionalGeneration(config), tiled


def _smolvlm():
    config = transformers.SmolVLMConfig(
        vision_config=_vision(),
        text_config=transformers.LlamaConfig(**_text()),
        image_token_id=IMAGE,
        scale_factor=2,
    )
    return transformers.SmolVLMForConditionalGeneration(config), _fixed((1, 3, 2), 4, (1, 3, 28, 28))


def _patches(*, positions: bool) -> dict[str, Any]:
    return {
        "depth": 2,
        "hidden_size": 16,
        "intermediate_size": 24,
        "num_heads": 2,
        "patch_size": 7,
        "spatial_merge_size": 2,
        "temporal_patch_size": 2,
        "out_hidden_size": HIDDEN,
        **({"num_position_embeddings": 16} if positions else {}),
    }


def _rope(sections: list[int], **more: Any) -> dict[str, Any]:
    return {"rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": sections, **more}}


def grid_prefix(*grids: tuple[int, int]) -> Prefix:
    """Pictures of (rows, columns) of patches each, four of which are a token, with positions counted by hand."""
    ids = _ids(*(rows * columns // 4 for rows, columns in grids))
    rope, at, left = [], 0, list(grids)
    for place, one in enumerate(ids):
        if one != IMAGE:
            rope.append([at] * 3)
            at += 1
        elif ids[place - 1] != IMAGE:
            rows, columns = (side // 2 for side in left.pop(0))
            rope += [[at, at + row, at + column] for row in range(rows) for column in range(columns)]
            at += max(rows, columns)
    inputs = {
        "pixel_values": torch.randn(sum(rows * columns for rows, columns in grids), 3 * 2 * 7 * 7),
        "image_grid_thw": torch.tensor([[1, *grid] for grid in grids]),
    }
    return Prefix(ids=ids, inputs=inputs, rope=torch.tensor(rope).T)


def _grids() -> list[Prefix]:
    return [grid_prefix((4, 6)), grid_prefix((8, 4), (2, 2)), grid_prefix((2, 6))]


def _qwen(kind: str, text: dict[str, Any], vision: dict[str, Any]):
    config = getattr(transformers, f"{kind}Config")(
        text_config=text,
        vision_config=vision,
        image_token_id=IMAGE,
        video_token_id=VIDEO,
        vision_start_token_id=START,
        vision_end_token_id=END,
    )
    return getattr(transformers, f"{kind}ForConditionalGeneration")(config), _grids()


def _qwen2_vl(**more: Any):
    vision = {"depth": 2, "embed_dim": 16, "hidden_size": HIDDEN, "num_heads": 2, "mlp_ratio": 2, "patch_size": 7}
    return _qwen("Qwen2VL", _text(**_rope([1, 1, 2]), **more), vision)


def _qwen2_5_vl():
    vision = _patches(positions=False) | {"window_size": 28, "fullatt_block_indexes": [1]}
    return _qwen("Qwen2_5_VL", _text(**_rope([1, 1, 2])), vision)


def _qwen3_vl():
    text = _text(head_dim=8, **_rope([2, 1, 1], mrope_interleaved=True))
    return _qwen("Qwen3VL", text, _patches(positions=True) | {"deepstack_visual_indexes": [0]})


def _qwen3_5():
    text = _text(
        head_dim=16,
        layer_types=["linear_attention", "full_attention"],
        linear_key_head_dim=8,
        linear_value_head_dim=8,
        linear_num_key_heads=2,
        linear_num_value_heads=4,
        **_rope([2, 1, 1], mrope_interleaved=True, partial_rotary_factor=0.5),
    )
    return _qwen("Qwen3_5", text, _patches(positions=True))


def _gemma3():
    text = _text(
        head_dim=8,
        query_pre_attn_scalar=8,
        sliding_window=WINDOW,
        layer_types=["sliding_attention", "full_attention", "sliding_attention"],
        num_hidden_layers=3,
    )
    config = transformers.Gemma3Config(
        text_config=text,
        vision_config=transformers.SiglipVisionConfig(**_vision(vision_use_head=False)).to_dict(),
        mm_tokens_per_image=4,
        image_token_index=IMAGE,
        boi_token_index=START,
        eoi_token_index=END,
    )
    return transformers.Gemma3ForConditionalGeneration(config), _fixed((1, 2, 1), 4, (3, 28, 28), blocks=True)


def _mistral3(window: int | None = None):
    config = transformers.Mistral3Config(
        text_config=transformers.MistralConfig(**_text(head_dim=8, sliding_window=window)),
        vision_config=transformers.PixtralVisionConfig(**_vision(image_size=56)),
        image_token_index=IMAGE,
        spatial_merge_size=2,
        vision_feature_layer=-1,
    )
    prefixes = []
    for rows, columns in ((28, 28), (28, 56), (56, 28)):
        pixels = torch.zeros(1, 3, 56, 56)
        pixels[:, :, :rows, :columns] = torch.randn(1, 3, rows, columns)
        inputs = {"pixel_values": pixels, "image_sizes": torch.tensor([[rows, columns]])}
        prefixes.append(Prefix(ids=_ids(rows * columns // 196), inputs=inputs))
    return transformers.Mistral3ForConditionalGeneration(config), prefixes


def _molmo2():
    heads = {"num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 8, "intermediate_size": 24}
    config = transformers.Molmo2Config(
        text_config=_text(additional_vocab_size=8, head_dim=8),
        vision_config=_vision(image_size=[28, 28], num_position_embeddings=16) | heads,
        adapter_config={"hidden_size": 16, "text_hidden_size": HIDDEN, "vision_feature_layer": [-1, -2], **heads},
        image_patch_id=IMAGE,
        image_start_token_id=START,
        image_end_token_id=END,
    )
    pool = torch.tensor([[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, -1]])
    prefixes = []
    for crops in (1, 2, 1):
        places = torch.cat([torch.where(pool < 0, pool, pool + 16 * crop) for crop in range(crops)])
        ids = _ids(*[4] * crops)
        inputs = {
            "pixel_values": torch.randn(crops, 16, 147) * 10,
            "image_token_pooling": places,
            "image_grids": torch.tensor([[2, 2, 0, 0]] * crops),
            "image_num_crops": torch.ones(crops, dtype=torch.int64),
        }
        prefixes.append(Prefix(ids=ids, inputs=inputs, blocks=[0 if one == IMAGE else -1 for one in ids]))
    return transformers.Molmo2ForConditionalGeneration(config), prefixes


def _janus():
    vision = _vision(image_size=28, projection_dim=HIDDEN, num_image_tokens=16, mlp_ratio=1.5, depth=2)
    drawn = {"num_embeddings": 16, "embed_dim": 4, "base_channels": 32, "channel_multiplier": [1], "num_res_blocks": 1}
    config = transformers.JanusConfig(
        vision_config=vision,
        text_config=transformers.LlamaConfig(**_text()),
        vq_config=drawn | {"num_patches": 4, "image_token_embed_dim": HIDDEN, "projection_dim": HIDDEN},
        image_token_id=IMAGE,
    )
    return transformers.JanusForConditionalGeneration(config), _fixed((1, 2, 1), 16, (3, 28, 28))


def _lfm2_vl():
    config = transformers.Lfm2VlConfig(
        text_config=transformers.Lfm2Config(**_text(layer_types=["conv", "full_attention"])),
        vision_config=transformers.Siglip2VisionConfig(**_vision(num_patches=16)),
        image_token_id=IMAGE,
        projector_hidden_size=16,
    )
    prefixes = []
    for rows, columns in ((4, 4), (2, 4), (4, 2)):
        mask = (torch.arange(16) < rows * columns).long()[None]
        inputs = {
            "pixel_values": torch.randn(1, 16, 147) * mask[:, :, None],
            "spatial_shapes": torch.tensor([[rows, columns]]),
            "pixel_attention_mask": mask,
        }
        prefixes.append(Prefix(ids=_ids(rows * columns // 4), inputs=inputs))
    return transformers.Lfm2VlForConditionalGeneration(config), prefixes


SLIDING = ("sliding_attention", "sliding_attention")
MM = "mm_token_type_ids"

PACKABLE = (
    Base(name="llava", make=_llava),
    Base(name="llava_onevision", make=_llava_onevision),
    Base(name="internvl", make=_internvl),
    Base(name="smolvlm", make=_smolvlm),
    Base(name="qwen2_vl", make=_qwen2_vl, types=MM),
    Base(
        name="qwen2_vl, windows",
        make=lambda: _qwen2_vl(use_sliding_window=True, sliding_window=WINDOW, max_window_layers=1),
        types=MM,
        layers=("full_attention", "sliding_attention"),
    ),
    Base(name="qwen2_5_vl", make=_qwen2_5_vl, types=MM),
    Base(name="qwen3_vl", make=_qwen3_vl, types=MM),
    Base(
        name="gemma3",
        make=_gemma3,
        types="token_type_ids",
        layers=("sliding_attention", "full_attention", "sliding_attention"),
    ),
    Base(name="mistral3", make=_mistral3),
    Base(name="mistral3, windows", make=lambda: _mistral3(WINDOW), layers=SLIDING),
    Base(name="molmo2", make=_molmo2, types=MM),
    Base(name="janus", make=_janus),
)
"""What packing leaves as it is."""

BLIND = (
    Base(name="qwen3_5", make=_qwen3_5, types=MM, layers=("linear_attention", "full_attention")),
    Base(name="lfm2_vl", make=_lfm2_vl, layers=("conv", "full_attention")),
)
"""What has layers that no mask reaches."""

BASES = {one.name: one for one in (*PACKABLE, *BLIND)}
