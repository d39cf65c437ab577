"""A model of random weights and made-up pictures for every family that can be packed, for ``packing_bases.py``.

Pictures have the tokens, tiles and patches of the published base (``llavapose/families``); language model and vision
encoder are narrow, with the parts that the family has.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import transformers as hf
from torch import Tensor
from transformers import PreTrainedModel
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import smart_resize

from benchmarks.packing_arms import IMAGE_ID, PAPERS, ROW_TOKENS, SMALL, VOCAB
from llavapose.data.reading.positions import grid_positions
from llavapose.data.reading.shown import Shown
from llavapose.errors import ConfigError
from llavapose.families.defaults import LEAD, whole
from llavapose.families.family import SeesItself
from llavapose.families.known import family_named
from llavapose.families.published import PUBLISHED
from llavapose.families.resolution import Picture, picture_of, side_of
from llavapose.model.parts import freeze_vision

SIZES = ((480, 640), (480, 640), (640, 480), (427, 640))
"""Height and width of pictures, in turn by their number, as COCO's usually are: half of them 640 wide and 480 high, a
quarter upright, a quarter 3 by 2. Sizes that are rarer there are left out."""
START, END, VIDEO = VOCAB, VOCAB + 1, VOCAB + 2
"""Ids that no made-up word has."""
_BOUNDS = {"qwen2_vl": (3136, 12_845_056), "qwen2_5_vl": (3136, 12_845_056), "qwen3_vl": (65_536, 16_777_216)}
"""Least and most pixels of Qwen's published processors."""

Config = Mapping[str, Any]
Inputs = Callable[[Config, int, int, Picture], dict[str, Tensor]]


@dataclass(frozen=True, kw_only=True)
class MadeUpBase:
    """A family's base.

    Attributes:
        hub: the published base whose pictures it has.
        config: (language model's numbers, vision encoder's numbers, the published configuration) -> its configuration.
        inputs: what the forward is told of a picture.
        small: what the published configuration's vision encoder has otherwise with ``--small``.
        small_top: what the configuration itself has otherwise.
    """

    hub: str
    config: Callable[[dict[str, Any], dict[str, Any], Config], Any]
    inputs: Inputs
    small: dict[str, Any] = field(default_factory=dict)
    small_top: dict[str, Any] = field(default_factory=dict)

    @property
    def model_type(self) -> str:
        """As in ``config.json``."""
        return str(PUBLISHED[self.hub].get("model_type", "llava"))


class Maker:
    """Makes a base's model and pictures.

    Args:
        base: which.
        small: narrow, with pictures of few tokens, to try the command.
    """

    def __init__(self, base: MadeUpBase, *, small: bool = False) -> None:
        config = whole(PUBLISHED[base.hub])
        if small:
            config = {**config, **base.small_top, "vision_config": {**config["vision_config"], **base.small}}
        found = family_named(base.model_type)
        assert found is not None
        self.base, self.small, self.config, self.family = base, small, config, found
        self.lead = LEAD[base.model_type]

    def size(self, number: int) -> tuple[int, int]:
        """Height and width of a picture."""
        height, width = SIZES[number % len(SIZES)]
        return (height // 4, width // 4) if self.small else (height, width)

    def picture(self, number: int) -> Picture:
        """What it takes, by the rule of the family's processor."""
        return picture_of(self.config, *self.size(number))

    def num_tokens(self, number: int) -> int:
        """Tokens of a prefix: all in front of the picture's samples."""
        return self.lead + self.picture(number).tokens

    def shown(self, number: int) -> Shown:
        """A picture with its prefix: made-up words, among them its marks, and its placeholders behind them."""
        picture, (height, width) = self.picture(number), self.size(number)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(number)
            inputs = self.base.inputs(self.config, height, width, picture)
        # LLaVA-OneVision cuts the padding of a grid off and has a mark in the model for each row's end.
        holders = picture.tokens if "image_newline" in str(self.family.connector) else picture.features
        words = self.lead + picture.tokens - holders
        ids = (*np.random.default_rng(0).integers(2, VOCAB, words).tolist(), *(IMAGE_ID,) * holders)
        is_picture = torch.tensor(ids) == IMAGE_ID
        rope = None
        if self.family.grid_positions:
            rope = grid_positions(torch.tensor(ids), inputs["image_grid_thw"], image_id=IMAGE_ID, merge=2)
        return Shown(
            ids=ids,
            inputs=inputs,
            next_position=len(ids) if rope is None else int(rope.max()) + 1,
            is_picture=is_picture,
            rope=rope,
            blocks=None if self.family.sees_itself is SeesItself.none else torch.where(is_picture, 0, -1),
            patch_indices=self.family.patch_indices,
        )

    def model(self) -> PreTrainedModel:
        """The model: random, its vision encoder frozen.

        Raises:
            ConfigError: transformers of this version has no such class.
        """
        torch.manual_seed(0)
        config = self.base.config(self._text(), self._vision(), self.config)
        name = type(config).__name__.removesuffix("Config") + "ForConditionalGeneration"
        if not hasattr(hf, name):
            raise ConfigError(f"--base {self.base.model_type}: this transformers has no {name}; install a newer one")
        model: PreTrainedModel = getattr(hf, name)(config)
        freeze_vision(model)
        return model

    def _text(self) -> dict[str, Any]:
        size = SMALL if self.small else PAPERS
        heads, width = 1, 64
        if self.base.model_type in ("qwen2_vl", "qwen2_5_vl"):
            heads, width = max(1, size.hidden // 72), min(72, size.hidden)  # theirs fill the hidden size
        elif self.family.sees_itself is not SeesItself.none:
            width = 16  # a whole mask's pairs take about the share of the work that they take of the published one
        return {
            "hidden_size": size.hidden, "intermediate_size": size.intermediate, "num_hidden_layers": 2,
            "num_attention_heads": heads, "num_key_value_heads": heads, "head_dim": width, "vocab_size": VOCAB + 8,
            "max_position_embeddings": 4 * ROW_TOKENS, "pad_token_id": 0, "bos_token_id": 0, "eos_token_id": 0,
        }  # fmt: skip

    def _vision(self) -> dict[str, Any]:
        vision = self.config["vision_config"]
        found = {
            "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 3, "num_attention_heads": 1,
            "patch_size": side_of(vision.get("patch_size", 16)),
        }  # fmt: skip
        return found | ({"image_size": side_of(vision["image_size"])} if "image_size" in vision else {})


def _tiles(config: Config, picture: Picture) -> Tensor:
    """float32[N, 3, S, S], the squares that the encoder reads each by itself."""
    side = side_of(config["vision_config"]["image_size"])
    return torch.randn(round(picture.encoded**2 / picture.pairs), 3, side, side)


def _squares(config: Config, height: int, width: int, picture: Picture) -> dict[str, Tensor]:
    return {"pixel_values": _tiles(config, picture)}


def _sampled(config: Config, height: int, width: int, picture: Picture) -> dict[str, Tensor]:
    """SmolVLM's: a row a tile."""
    return {"pixel_values": _tiles(config, picture)[:, None]}


def _gridded(config: Config, height: int, width: int, picture: Picture) -> dict[str, Tensor]:
    """LLaVA-OneVision's: a row a picture."""
    return {"pixel_values": _tiles(config, picture)[None], "image_sizes": torch.tensor([[height, width]])}


def _patched(config: Config, height: int, width: int, picture: Picture) -> dict[str, Tensor]:
    """Qwen's: a row a patch."""
    patch, (least, most) = int(config["vision_config"].get("patch_size", 16)), _BOUNDS[config["model_type"]]
    shown = smart_resize(height, width, factor=2 * patch, min_pixels=least, max_pixels=most)
    grid = [1, *(length // patch for length in shown)]
    return {"pixel_values": torch.randn(grid[1] * grid[2], 6 * patch**2), "image_grid_thw": torch.tensor([grid])}


def _sided(config: Config, height: int, width: int, picture: Picture) -> dict[str, Tensor]:
    """Mistral 3's: a row a picture, of its own size in whole squares."""
    side = 2 * side_of(config["vision_config"]["patch_size"])
    shown = [-(-length // side) * side for length in (height, width)]
    return {"pixel_values": torch.randn(1, 3, *shown), "image_sizes": torch.tensor([shown])}


def _cropped(config: Config, height: int, width: int, picture: Picture) -> dict[str, Tensor]:
    """Molmo 2's: a row a crop, and which four patches each token is of; here, any that are there."""
    patch = side_of(config["vision_config"]["patch_size"])
    patches = (side_of(config["vision_config"]["image_size"]) // patch) ** 2
    crops = picture.encoded // patches
    return {
        "pixel_values": torch.randn(crops, patches, 3 * patch**2),
        "image_token_pooling": torch.randint(0, crops * patches, (picture.features, 4)),
        "image_grids": torch.tensor([[picture.features, 1, 0, 0]]),
        "image_num_crops": torch.tensor([crops]),
    }


def _sections(text: Config) -> list[int]:
    half = text["head_dim"] // 2
    return [half - 2 * (half // 3), half // 3, half // 3]


def _rope(text: Config, **more: Any) -> dict[str, Any]:
    return {"rope_parameters": {
        "rope_type": "default", "rope_theta": 1e4, "mrope_section": _sections(text), **more,
    }}  # fmt: skip


def _llava(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    return hf.LlavaConfig(
        vision_config=hf.CLIPVisionConfig(**vision), text_config=hf.LlamaConfig(**text), image_token_index=IMAGE_ID,
        vision_feature_layer=-2, tie_word_embeddings=False,
    )  # fmt: skip


def _onevision(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    side = vision["image_size"]
    return hf.LlavaOnevisionConfig(
        vision_config=hf.SiglipVisionConfig(**vision, vision_use_head=False), text_config=hf.Qwen2Config(**text),
        image_token_index=IMAGE_ID, video_token_index=VIDEO, vision_feature_layer=-1,
        vision_feature_select_strategy="full", tie_word_embeddings=False,
        image_grid_pinpoints=[[side * high, side * wide] for high in range(1, 7) for wide in range(1, 7)],
    )  # fmt: skip


def _internvl(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    pairs = {name: [vision[name]] * 2 for name in ("image_size", "patch_size")}
    return hf.InternVLConfig(
        vision_config={**vision, **pairs}, text_config=hf.Qwen2Config(**text), image_token_id=IMAGE_ID,
        downsample_ratio=0.5, tie_word_embeddings=False,
    )  # fmt: skip


def _smolvlm(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    return hf.SmolVLMConfig(
        vision_config=vision, text_config=hf.LlamaConfig(**text), image_token_id=IMAGE_ID, tie_word_embeddings=False,
        scale_factor=config["scale_factor"],
    )  # fmt: skip


_IDS = {"image_token_id": IMAGE_ID, "video_token_id": VIDEO, "vision_start_token_id": START,
        "vision_end_token_id": END, "tie_word_embeddings": False}  # fmt: skip


def _qwen_vision(text: Config, vision: Config) -> dict[str, Any]:
    return {
        "depth": 3, "hidden_size": 32, "intermediate_size": 64, "num_heads": 1, "patch_size": vision["patch_size"],
        "spatial_merge_size": 2, "temporal_patch_size": 2, "out_hidden_size": text["hidden_size"],
    }  # fmt: skip


def _qwen2_vl(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    own = {"depth": 3, "embed_dim": 32, "hidden_size": text["hidden_size"], "num_heads": 1, "mlp_ratio": 2,
           "patch_size": vision["patch_size"]}  # fmt: skip
    return hf.Qwen2VLConfig(text_config={**text, **_rope(text)}, vision_config=own, **_IDS)


def _qwen2_5_vl(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    own = _qwen_vision(text, vision) | {"window_size": 112, "fullatt_block_indexes": [2]}
    return hf.Qwen2_5_VLConfig(text_config={**text, **_rope(text)}, vision_config=own, **_IDS)


def _qwen3_vl(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    own = _qwen_vision(text, vision) | {"num_position_embeddings": 2304, "deepstack_visual_indexes": [0]}
    return hf.Qwen3VLConfig(
        text_config={**text, **_rope(text, mrope_interleaved=True)}, vision_config=own, **_IDS
    )  # fmt: skip


def _gemma3(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    layers = {"sliding_window": 1024, "layer_types": ["sliding_attention", "full_attention"],
              "query_pre_attn_scalar": text["head_dim"]}  # fmt: skip
    return hf.Gemma3Config(
        text_config={**text, **layers}, vision_config={"model_type": "siglip_vision_model", **vision},
        mm_tokens_per_image=config["mm_tokens_per_image"], image_token_index=IMAGE_ID, boi_token_index=START,
        eoi_token_index=END, tie_word_embeddings=False,
    )  # fmt: skip


def _mistral3(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    return hf.Mistral3Config(
        text_config=hf.MistralConfig(**text, sliding_window=None), vision_config=hf.PixtralVisionConfig(**vision),
        image_token_index=IMAGE_ID, spatial_merge_size=2, vision_feature_layer=-1, tie_word_embeddings=False,
    )  # fmt: skip


def _molmo2(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    heads = {"num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 32, "intermediate_size": 64}
    side, patch = vision["image_size"], vision["patch_size"]
    encoder = {**vision, **heads, "image_size": [side, side], "num_position_embeddings": (side // patch) ** 2}
    adapter = {"hidden_size": 32, "text_hidden_size": text["hidden_size"], "vision_feature_layer": [-1, -2], **heads}
    return hf.Molmo2Config(
        text_config={**text, "additional_vocab_size": 8}, vision_config=encoder, adapter_config=adapter,
        image_patch_id=IMAGE_ID, image_start_token_id=START, image_end_token_id=END, tie_word_embeddings=False,
    )  # fmt: skip


def _janus(text: dict[str, Any], vision: dict[str, Any], config: Config) -> Any:
    patches, wide = (vision["image_size"] // vision["patch_size"]) ** 2, text["hidden_size"]
    encoder = {key: value for key, value in vision.items() if key != "intermediate_size"}
    drawn = {"num_embeddings": 16, "embed_dim": 4, "base_channels": 32, "channel_multiplier": [1], "num_res_blocks": 1,
             "num_patches": 4, "image_token_embed_dim": wide, "projection_dim": wide}  # fmt: skip
    return hf.JanusConfig(
        vision_config={**encoder, "mlp_ratio": 2.0, "depth": 2, "projection_dim": wide, "num_image_tokens": patches},
        text_config=hf.LlamaConfig(**text), vq_config=drawn, image_token_id=IMAGE_ID,
    )  # fmt: skip


_OF_14 = {"image_size": 56}
_ALL = (
    MadeUpBase(hub="llava-hf/llava-1.5-7b-hf", config=_llava, inputs=_squares, small=_OF_14),
    MadeUpBase(hub="llava-hf/llava-onevision-qwen2-7b-ov-hf", config=_onevision, inputs=_gridded, small=_OF_14),
    MadeUpBase(hub="Qwen/Qwen2-VL-7B-Instruct", config=_qwen2_vl, inputs=_patched),
    MadeUpBase(hub="Qwen/Qwen2.5-VL-7B-Instruct", config=_qwen2_5_vl, inputs=_patched),
    MadeUpBase(hub="Qwen/Qwen3-VL-8B-Instruct", config=_qwen3_vl, inputs=_patched),
    MadeUpBase(hub="OpenGVLab/InternVL3-8B-hf", config=_internvl, inputs=_squares, small={"image_size": [56, 56]}),
    MadeUpBase(hub="HuggingFaceTB/SmolVLM2-2.2B-Instruct", config=_smolvlm, inputs=_sampled, small={"image_size": 84}),
    MadeUpBase(
        hub="google/gemma-3-4b-it", config=_gemma3, inputs=_squares, small=_OF_14,
        small_top={"mm_tokens_per_image": 4},
    ),
    MadeUpBase(hub="mistralai/Mistral-Small-3.1-24B-Instruct-2503", config=_mistral3, inputs=_sided),
    MadeUpBase(hub="allenai/Molmo2-8B", config=_molmo2, inputs=_cropped, small={"image_size": [140, 140]}),
    MadeUpBase(hub="deepseek-community/Janus-Pro-7B", config=_janus, inputs=_squares, small={"image_size": 64}),
)  # fmt: skip
MADE_UP = {one.model_type: one for one in _ALL}
"""By ``model_type``."""
