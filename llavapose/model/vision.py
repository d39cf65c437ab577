"""Another vision encoder in the base's place: a DINOv2, as LocLLM has it.

transformers' own LLaVA builds the encoder that its configuration names, so that what is saved is still a LLaVA. Its
picture has a size of its own: the table of positions is resampled once, by transformers' own rule, which gives what
the encoder would compute for pictures of that size. The features are the last layer's, without the class token; LLaVA
takes them before the encoder's last norm, where LocLLM takes them behind it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import AutoImageProcessor, Dinov2Config, Dinov2Model, LlavaConfig, LlavaForConditionalGeneration

from llavapose.config.choices import VisionType
from llavapose.config.model import ModelConfig
from llavapose.errors import ConfigError
from llavapose.model.connectors.configured import picture_tokens
from llavapose.model.connectors.made import connect, projector_of

FAMILY = "dinov2"


@dataclass(frozen=True, kw_only=True)
class Vision:
    """An encoder to take the place of the base's own.

    Attributes:
        base: a folder, or a name on the hub.
        size: pixels of its square picture.
    """

    base: str
    size: int


def vision_of(config: ModelConfig) -> Vision | None:
    """The encoder that settings ask for; None: the base's own."""
    return None if config.vision == VisionType.clip else Vision(base=config.vision_base, size=config.vision_size)


def vision_config(vision: Vision) -> Dinov2Config:
    """The encoder's configuration, at its picture's size.

    Raises:
        ConfigError: it is not there, is no DINOv2, or its patches do not fill the picture.
    """
    found = _told(vision, lambda: Dinov2Config.get_config_dict(vision.base)[0])
    if found.get("model_type") != FAMILY:
        raise ConfigError(
            f"model.vision_base: {vision.base} has model_type {found.get('model_type')!r}; expected {FAMILY!r}, e.g. "
            "facebook/dinov2-large"
        )
    config = Dinov2Config.from_dict({**found, "image_size": vision.size})
    patch = config.patch_size
    if not isinstance(patch, int) or vision.size % patch:
        near = "" if not isinstance(patch, int) else f", e.g. {max(1, vision.size // patch) * patch}"
        raise ConfigError(
            f"model.vision_size is {vision.size}, and a patch of {vision.base} is {patch} pixels; expected a multiple "
            f"of that{near}"
        )
    return config


def _told(vision: Vision, read: Any) -> Any:
    """What ``read`` gives; whatever transformers raises over a missing or broken encoder is one line."""
    try:
        return read()
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, AttributeError) as error:
        what = "cannot be loaded" if Path(vision.base).is_dir() else "is neither a folder nor to be had from the hub"
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise ConfigError(
            f"model.vision_base: {vision.base} {what} ({reason}); expected a folder with config.json, weights and "
            "preprocessor_config.json, or a name such as facebook/dinov2-large"
        ) from None


def load_vision(vision: Vision, *, dtype: torch.dtype, attention: str) -> Dinov2Model:
    """The encoder with its table of positions at its picture's size."""
    config = vision_config(vision)
    made, told = _told(
        vision,
        lambda: Dinov2Model.from_pretrained(
            vision.base, dtype=dtype, attn_implementation=attention, output_loading_info=True
        ),
    )
    if missing := sorted(told["missing_keys"]):
        raise ConfigError(
            f"model.vision_base: {vision.base} lacks {len(missing)} weights, such as {missing[0]}; download it again"
        )
    tower: Any = made
    parts = tower.embeddings
    with torch.no_grad():
        places = parts.interpolate_pos_encoding(
            torch.empty(1, _tokens(config) + 1, config.hidden_size), vision.size, vision.size
        )
    parts.position_embeddings = nn.Parameter(places.detach().clone().contiguous())
    parts.patch_embeddings.num_patches = _tokens(config)
    parts.patch_embeddings.image_size = (vision.size, vision.size)
    tower.config.image_size = vision.size
    return tower.eval()


def _tokens(config: Dinov2Config) -> int:
    """Patches of a picture."""
    return (config.image_size // config.patch_size) ** 2  # type: ignore[operator]


def vision_weights(vision: Vision) -> dict[str, Tensor]:
    """The encoder's weights, under their names in a LLaVA's module tree."""
    tower = load_vision(vision, dtype=torch.float32, attention="sdpa")
    return {f"model.vision_tower.{name}": value.detach() for name, value in tower.named_parameters()}


def set_vision_config(config: LlavaConfig, encoder: Dinov2Config) -> None:
    """Have a LLaVA's configuration name this encoder, in place."""
    config.vision_config = encoder
    config.vision_feature_layer = -1
    config.vision_feature_select_strategy = "default"
    config.image_seq_length = picture_tokens(config)


def set_vision(llava: LlavaForConditionalGeneration, tower: Dinov2Model) -> None:
    """Put an encoder in the place of a LLaVA's own, with a connector of the right width whose weights are no start."""
    first = llava.model.multi_modal_projector.linear_1.weight
    set_vision_config(llava.config, tower.config)
    llava.model.vision_tower = tower
    connect(llava, projector_of(llava.config).to(first.device, first.dtype))


def picture_settings(vision: Vision) -> Any:
    """The encoder's image processor: its mean, deviation and resampling."""
    return _told(vision, lambda: AutoImageProcessor.from_pretrained(vision.base, backend="pil"))
