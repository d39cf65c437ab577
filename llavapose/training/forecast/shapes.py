"""The shapes of a LLaVA, read from its ``config.json``: what its parts hold. No weight is read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import ConnectorType, VisionType
from llavapose.config.model import ConnectorConfig, ModelConfig
from llavapose.errors import ConfigError
from llavapose.files import TINY_BASE, read_json

_LLAMA = {"hidden_size": 4096, "intermediate_size": 11008, "num_hidden_layers": 32, "num_attention_heads": 32}
_LLAMA |= {"vocab_size": 32000}
"""What transformers takes where a language model's configuration is silent, as that of the published 7B is."""
_CLIP = {"hidden_size": 768, "intermediate_size": 3072, "num_hidden_layers": 12, "num_attention_heads": 12}
_CLIP |= {"image_size": 224, "patch_size": 32}
"""The same for CLIP's vision encoder."""
_VIT_L_336 = {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16}
_VIT_L_336 |= {"image_size": 336, "patch_size": 14}
_13B = {"hidden_size": 5120, "intermediate_size": 13824, "num_hidden_layers": 40, "num_attention_heads": 40}

PUBLISHED: dict[str, dict[str, Any]] = {
    "llava-hf/llava-1.5-7b-hf": {"text_config": {"vocab_size": 32064}, "vision_config": _VIT_L_336},
    "llava-hf/llava-1.5-13b-hf": {"text_config": {**_13B, "vocab_size": 32064}, "vision_config": _VIT_L_336},
}
"""Published configurations, for a plan without their files; the keys that differ from transformers' own defaults."""

_DINO = {"hidden_size": 768, "num_hidden_layers": 12, "num_attention_heads": 12, "mlp_ratio": 4, "patch_size": 14}
"""What transformers takes where a DINOv2's configuration is silent."""
PUBLISHED_VISION: dict[str, dict[str, Any]] = {
    "facebook/dinov2-small": {"model_type": "dinov2", "hidden_size": 384, "num_attention_heads": 6},
    "facebook/dinov2-base": {"model_type": "dinov2"},
    "facebook/dinov2-large": {
        "model_type": "dinov2", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    },
}  # fmt: skip
"""The same for vision encoders."""

_LLAMA_LIKE = {"llama", "mistral", "vicuna"}
_FAMILIES = ("llava", "llavapose")
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack of transformer layers."""

    hidden: int
    intermediate: int
    layers: int
    heads: int
    kv_heads: int
    head_dim: int

    @property
    def queries(self) -> int:
        """Width of all heads' queries."""
        return self.heads * self.head_dim

    @property
    def keys(self) -> int:
        """Width of all heads' keys."""
        return self.kv_heads * self.head_dim


@dataclass(frozen=True, kw_only=True)
class Shapes:
    """What decides the memory and the work of a LLaVA.

    Attributes:
        text: layers of the language model.
        vision: layers of the vision encoder, CLIP's or DINOv2's.
        vocab: rows of the embedding.
        tied: whether input and output embeddings are one.
        image_size: pixels of the encoder's square picture.
        patch_size: pixels of a patch.
        image_tokens: tokens that a picture takes in a row.
        connector_inputs: width of what the connector is given.
        vision_layers_used: layers of the vision encoder that the features pass through.
        is_dino: whether the vision encoder is a DINOv2.
        connector_beside: parameters of the connector besides the MLP's two layers.
    """

    text: Stack
    vision: Stack
    vocab: int
    tied: bool
    image_size: int
    patch_size: int
    image_tokens: int
    connector_inputs: int
    vision_layers_used: int
    is_dino: bool = False
    connector_beside: int = 0

    @property
    def embedding(self) -> int:
        """Parameters of one embedding."""
        return self.vocab * self.text.hidden

    @property
    def text_layer(self) -> int:
        """Parameters of one layer of the language model."""
        return self.text_layer_matrices + 2 * self.text.hidden

    @property
    def text_layer_matrices(self) -> int:
        """Parameters of the matrices of one layer: queries, keys, values, output, and the three of the MLP."""
        text = self.text
        return 2 * text.hidden * (text.queries + text.keys) + 3 * text.hidden * text.intermediate

    @property
    def language(self) -> int:
        """Parameters of the language model with its output layer."""
        embeddings = self.embedding * (1 if self.tied else 2)
        return embeddings + self.text.layers * self.text_layer + self.text.hidden

    @property
    def connector(self) -> int:
        """Parameters of the connector."""
        return self.connector_first + self.text.hidden * (self.text.hidden + 1) + self.connector_beside

    @property
    def connector_first(self) -> int:
        """Parameters of the connector's first layer: all that a linear connector trains."""
        return self.text.hidden * (self.connector_inputs + 1)

    @property
    def vision_layer(self) -> int:
        """Parameters of one layer of the vision encoder."""
        width, inner = self.vision.hidden, self.vision.intermediate
        scales = 2 * width if self.is_dino else 0
        return 4 * width * (width + 1) + 2 * width * inner + inner + width + 4 * width + scales

    @property
    def vision_encoder(self) -> int:
        """Parameters of the vision encoder."""
        width, patches = self.vision.hidden, self.vision_patches
        embeddings = width + 3 * self.patch_size**2 * width + (patches + 1) * width
        # CLIP has a norm before its layers and one behind; DINOv2 a bias of the patches, a mask's token and one norm.
        return embeddings + 4 * width + self.vision.layers * self.vision_layer

    @property
    def vision_patches(self) -> int:
        """Patches of a picture."""
        return (self.image_size // self.patch_size) ** 2

    @property
    def total(self) -> int:
        """Parameters of the whole model."""
        return self.language + self.connector + self.vision_encoder

    @property
    def largest(self) -> int:
        """Parameters of the largest single tensor."""
        return max(self.embedding, self.text.hidden * self.text.intermediate)


def read_shapes(base: str) -> Shapes:
    """The shapes of ``tiny``, a checkpoint folder, or a model of the hub: from its files, its cache or ``PUBLISHED``.

    Raises:
        ConfigError: no configuration is here, or it is of another family.
    """
    return shapes_of(_config_of(base), where=base)


def shapes_for(model: ModelConfig, connector: ConnectorConfig) -> Shapes:
    """The shapes of what a run trains: its base, with the vision encoder and the connector that the settings put there.

    Raises:
        ConfigError: no configuration is here, or it is of another family.
    """
    config = _config_of(model.base)
    if not isinstance(config, Mapping):
        return shapes_of(config, where=model.base)
    changed = dict(config)
    if model.vision is VisionType.dinov2:
        changed |= {"vision_config": _vision_config(model), "vision_feature_layer": -1}
        changed |= {"vision_feature_select_strategy": "default"}
    if connector.type is not ConnectorType.keep:
        sizes = {name: getattr(connector, name) for name in ("branches", "branch_width", "heads")}
        changed["connector"] = {"type": connector.type.value, **sizes}
    return shapes_of(changed, where=model.base)


def _vision_config(model: ModelConfig) -> dict[str, Any]:
    base, size = model.vision_base, model.vision_size
    file = _config_file(base)
    found = PUBLISHED_VISION.get(base) if file is None else read_json(file, what="vision encoder")
    if found is None:
        raise ConfigError(f"model.vision_base: no config.json of {base} here; download it, or give a folder")
    if found.get("model_type") != "dinov2" or found.get("use_swiglu_ffn"):
        what = "one with a SwiGLU" if found.get("use_swiglu_ffn") else repr(found.get("model_type"))
        raise ConfigError(f"model.vision_base: {base} is {what}; expected a dinov2 with a plain MLP for a plan")
    vision = {**_DINO, **found, "image_size": size}
    if size % int(vision["patch_size"]):
        raise ConfigError(
            f"model.vision_size is {size}, and a patch of {base} is {vision['patch_size']} pixels; expected a multiple"
        )
    return vision


def _config_of(base: str) -> Any:
    found = _config_file(base)
    if found is not None:
        return read_json(found, what="checkpoint")
    if base in PUBLISHED:
        return PUBLISHED[base]
    hint = f"download it: hf download {base} config.json" if _HUB_ID.fullmatch(base) else "give a checkpoint folder"
    raise ConfigError(f"model.base: no config.json of {base} here; {hint}, or use one of tiny, {', '.join(PUBLISHED)}")


def shapes_of(config: Mapping[str, Any], *, where: str) -> Shapes:
    """The shapes that a ``config.json`` tells.

    Raises:
        ConfigError: not LLaVA's form, a part of another family, or a number that is none.
    """
    if not isinstance(config, Mapping) or config.get("model_type", "llava") not in _FAMILIES:
        raise ConfigError(f"model.base: {where} is no configuration of a LLaVA; its memory cannot be foretold")
    text, vision = dict(config.get("text_config") or {}), dict(config.get("vision_config") or {})
    for name, family, known in (
        ("text_config", text.get("model_type", "llama"), _LLAMA_LIKE),
        ("vision_config", vision.get("model_type", "clip_vision_model"), {"clip_vision_model", "dinov2"}),
    ):
        if family not in known:
            expected = " or ".join(sorted(known))
            raise ConfigError(f"model.base: {where}: {name}.model_type is {family!r}; expected {expected} for a plan")
    try:
        if vision.get("model_type") == "dinov2":
            vision = {**_DINO, **vision}
            vision["intermediate_size"] = int(vision["hidden_size"] * vision["mlp_ratio"])
        return _shapes(config, {**_LLAMA, **text}, {**_CLIP, **vision})
    except (TypeError, ValueError, KeyError, ZeroDivisionError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"model.base: {where} cannot be read as a LLaVA's configuration ({reason})") from None


def _shapes(config: Mapping[str, Any], text: Mapping[str, Any], vision: Mapping[str, Any]) -> Shapes:
    encoder, language = _stack(vision), _stack(text)
    layers = config.get("vision_feature_layer", -2)
    chosen = layers if isinstance(layers, list) else [layers]
    patches = (int(vision["image_size"]) // int(vision["patch_size"])) ** 2
    cls = 0 if config.get("vision_feature_select_strategy", "default") == "default" else 1
    inputs = encoder.hidden * len(chosen)
    return Shapes(
        text=language,
        vision=encoder,
        vocab=int(text["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False))),
        image_size=int(vision["image_size"]),
        patch_size=int(vision["patch_size"]),
        image_tokens=patches + cls,
        connector_inputs=inputs,
        connector_beside=_beside(config.get("connector") or {}, inputs, language.hidden),
        is_dino=vision.get("model_type") == "dinov2",
        # Hidden states begin with the embeddings: -2 of 25 is what layer 23 of 24 gives.
        vision_layers_used=max(layer if layer >= 0 else encoder.layers + 1 + layer for layer in chosen),
    )


def _beside(connector: Mapping[str, Any], inputs: int, outputs: int) -> int:
    """Parameters of what ``model/connectors.py`` puts beside the MLP."""
    if connector.get("type") == "multi_branch":
        width, number = int(connector["branch_width"]), int(connector["branches"])
        return number * ((inputs + 1) * width + (width + 1) * outputs + inputs + 1)
    if connector.get("type") == "pose_attention":
        return 4 * inputs * (inputs + 1) + 2 * inputs
    return 0


def _stack(config: Mapping[str, Any]) -> Stack:
    heads = int(config["num_attention_heads"])
    hidden = int(config["hidden_size"])
    return Stack(
        hidden=hidden,
        intermediate=int(config["intermediate_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=heads,
        kv_heads=int(config.get("num_key_value_heads") or heads),
        head_dim=int(config.get("head_dim") or hidden // heads),
    )


def scaled(shapes: Shapes, *, layers: int) -> Shapes:
    """The same model with another number of language layers."""
    return replace(shapes, text=replace(shapes.text, layers=layers))


def _config_file(base: str) -> Path | None:
    folder = TINY_BASE if base == "tiny" else Path(base)
    if folder.is_dir():
        return folder / "config.json"
    home = os.environ.get("HF_HOME", os.environ.get("XDG_CACHE_HOME", "~/.cache") + "/huggingface")
    cache = Path(os.environ.get("HF_HUB_CACHE") or f"{home}/hub").expanduser()
    saved = sorted(cache.glob(f"models--{base.replace('/', '--')}/snapshots/*/config.json")) if "/" in base else []
    return saved[-1] if saved else None
