"""The shapes of a base, read from its ``config.json``: what its parts hold. No weight is read."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from llavapose.config.choices import ConnectorType, VisionType
from llavapose.config.model import ConnectorConfig, ModelConfig
from llavapose.errors import ConfigError
from llavapose.families.defaults import LEAD, whole
from llavapose.families.encoders import ENCODERS, Encoder, encoder_of
from llavapose.families.family import SeesItself
from llavapose.families.known import family_named
from llavapose.families.published import PUBLISHED
from llavapose.families.resolution import USUAL, Picture, picture_of, side_of
from llavapose.files import TINY_BASE, read_json

PUBLISHED_VISION: dict[str, dict[str, Any]] = {
    "facebook/dinov2-small": {"model_type": "dinov2", "hidden_size": 384, "num_attention_heads": 6},
    "facebook/dinov2-base": {"model_type": "dinov2"},
    "facebook/dinov2-large": {
        "model_type": "dinov2", "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16,
    },
}  # fmt: skip
"""The same for vision encoders."""

_LLAMA_LIKE = ("llama", "mistral", "vicuna", "ministral3")
_BIASED = ("qwen2", "qwen2_vl", "qwen2_vl_text", "qwen2_5_vl", "qwen2_5_vl_text")
_NORMED = ("qwen3", "qwen3_vl", "qwen3_vl_text", "molmo2_text")
_GEMMA = ("gemma3", "gemma3_text")
_LLAVA = ("llava", "llavapose")
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
    """What decides the memory and the work of a base.

    Attributes:
        family: ``model_type`` of its configuration.
        lead: tokens in front of a sample besides its pictures.
        text: layers of the language model.
        vision: layers of the vision encoder.
        encoder: parameters of the vision encoder and the connector.
        picture: what a picture takes; of a family whose pictures vary, one of 640 x 480.
        vocab: rows of the output layer.
        tied: whether input and output embeddings are one.
        image_size: pixels of the encoder's square picture; 0 where it takes any size.
        text_layer_beside: parameters of a layer besides its matrices and two norms.
        embedding_beside: parameters of the input embedding besides ``vocab`` rows.
        varies: whether the tokens of a picture depend on its size.
        needs_mask: whether packed rows have a mask of every two tokens on a GPU too: windows, or pictures whose tokens
            see later ones.
    """

    text: Stack
    vision: Stack
    encoder: Encoder
    picture: Picture
    vocab: int
    tied: bool
    image_size: int
    family: str = "llava"
    lead: int = 35
    text_layer_beside: int = 0
    embedding_beside: int = 0
    varies: bool = False
    needs_mask: bool = False

    @property
    def image_tokens(self) -> int:
        """Tokens that a picture takes in a row, marks around it included."""
        return self.picture.tokens

    @property
    def embedding(self) -> int:
        """Parameters of one embedding."""
        return self.vocab * self.text.hidden

    @property
    def text_layer(self) -> int:
        """Parameters of one layer of the language model."""
        return self.text_layer_matrices + 2 * self.text.hidden + self.text_layer_beside

    @property
    def text_layer_matrices(self) -> int:
        """Parameters of the matrices of one layer: queries, keys, values, output, and the three of the MLP."""
        text = self.text
        return 2 * text.hidden * (text.queries + text.keys) + 3 * text.hidden * text.intermediate

    @property
    def language(self) -> int:
        """Parameters of the language model with its output layer."""
        embeddings = self.embedding * (1 if self.tied else 2) + self.embedding_beside
        return embeddings + self.text.layers * self.text_layer + self.text.hidden

    @property
    def connector(self) -> int:
        """Parameters of the connector."""
        return self.encoder.connector

    @property
    def connector_first(self) -> int:
        """Parameters of the connector's first layer: all that a linear connector trains."""
        return self.encoder.connector_first

    @property
    def connector_inputs(self) -> int:
        """Width of what the connector is given for a feature."""
        return self.encoder.inputs

    @property
    def vision_layers_used(self) -> int:
        """Layers of the vision encoder that the features pass through."""
        return self.encoder.used

    @property
    def vision_layer(self) -> int:
        """Parameters of one layer of the vision encoder."""
        return self.encoder.layer

    @property
    def vision_encoder(self) -> int:
        """Parameters of the vision encoder."""
        return self.encoder.total

    @property
    def total(self) -> int:
        """Parameters of the whole model."""
        return self.language + self.connector + self.vision_encoder + self.encoder.unused

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
    if config.get("model_type", "llava") not in _LLAVA:
        _refuse_llavas_own(model, connector, str(config.get("model_type")))
    if model.vision is VisionType.dinov2:
        changed |= {"vision_config": _vision_config(model), "vision_feature_layer": -1}
        changed |= {"vision_feature_select_strategy": "default"}
    if connector.type is not ConnectorType.keep:
        sizes = {name: getattr(connector, name) for name in ("branches", "branch_width", "heads", "pool")}
        changed["connector"] = {"type": connector.type.value, **sizes}
    elif connector.pool != 1:
        changed["connector"] = {**(config.get("connector") or {}), "pool": connector.pool}
    return shapes_of(changed, where=model.base, max_pixels=model.max_pixels)


def _refuse_llavas_own(model: ModelConfig, connector: ConnectorConfig, kind: str) -> None:
    given_parts = (("model.vision", model.vision), ("connector", connector.type), ("connector.pool", connector.pool))
    for what, given in given_parts:
        if given not in (VisionType.clip, ConnectorType.keep, 1):
            raise ConfigError(f"{what}={given} is for LLaVA, and {model.base} is {kind!r}; leave it out")


def _vision_config(model: ModelConfig) -> dict[str, Any]:
    base, size = model.vision_base, model.vision_size
    file = _config_file(base)
    found = PUBLISHED_VISION.get(base) if file is None else read_json(file, what="vision encoder")
    if found is None:
        raise ConfigError(f"model.vision_base: no config.json of {base} here; download it, or give a folder")
    if found.get("model_type") != "dinov2" or found.get("use_swiglu_ffn"):
        what = "one with a SwiGLU" if found.get("use_swiglu_ffn") else repr(found.get("model_type"))
        raise ConfigError(f"model.vision_base: {base} is {what}; expected a dinov2 with a plain MLP for a plan")
    vision = {"patch_size": 14, **found, "image_size": size}
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


def shapes_of(config: Mapping[str, Any], *, where: str, max_pixels: int | None = None) -> Shapes:
    """The shapes that a ``config.json`` tells.

    Args:
        config: of a known family.
        where: it is from, for messages.
        max_pixels: a bound of pictures in the place of the base's own.

    Raises:
        ConfigError: an unknown family, a part of another one, or a number that is none.
    """
    kind = config.get("model_type", "llava") if isinstance(config, Mapping) else None
    if kind not in ENCODERS:
        raise ConfigError(
            f"model.base: {where} has model_type {kind!r}, of which no plan can be made; expected one of "
            f"{', '.join(sorted(ENCODERS))}; any image-text model trains unplanned, packed where the self-test passes"
        )
    try:
        made = whole(config)
        _check_parts(made, where)
        found = _shapes(made, max_pixels)
    except (TypeError, ValueError, KeyError, ZeroDivisionError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise ConfigError(f"model.base: {where} cannot be read as a configuration of {kind} ({reason})") from None
    return found


def _check_parts(config: Mapping[str, Any], where: str) -> None:
    known = {"text_config": (*_LLAMA_LIKE, *_BIASED, *_NORMED, *_GEMMA)}
    if config["model_type"] in _LLAVA:
        known = {"text_config": _LLAMA_LIKE, "vision_config": ("clip_vision_model", "dinov2")}
    for name, expected in known.items():
        part = config[name].get("model_type", "clip_vision_model")
        if part not in expected:
            raise ConfigError(
                f"model.base: {where}: {name}.model_type is {part!r}; expected {' or '.join(sorted(expected))} for a "
                "plan"
            )


def _shapes(config: Mapping[str, Any], max_pixels: int | None) -> Shapes:
    text, kind = config["text_config"], config["model_type"]
    language, vision = _stack(text), config["vision_config"]
    encoder = encoder_of(config, language.hidden)
    family = family_named(kind)
    return Shapes(
        family=kind,
        lead=LEAD[kind],
        text=language,
        vision=Stack(
            hidden=encoder.width, intermediate=encoder.inner, layers=encoder.layers, heads=encoder.heads,
            kv_heads=encoder.heads, head_dim=encoder.width // encoder.heads,
        ),
        encoder=encoder,
        picture=picture_of(config, *USUAL, max_pixels=max_pixels),
        vocab=int(text["vocab_size"]),
        tied=bool(config.get("tie_word_embeddings", text.get("tie_word_embeddings", False))),
        image_size=side_of(vision.get("image_size", 0)),
        text_layer_beside=_beside(text, language),
        embedding_beside=int(text.get("additional_vocab_size") or 0) * language.hidden,
        varies=len({picture_of(config, *size).tokens for size in (USUAL, *_OTHERS)}) > 1,
        needs_mask=bool(text.get("sliding_window") and text.get("use_sliding_window", True))
        or (family is not None and family.sees_itself is not SeesItself.none),
    )  # fmt: skip


_OTHERS = ((640, 640), (960, 1600))
"""Sizes of pictures that some families give other tokens."""


def _beside(text: Mapping[str, Any], stack: Stack) -> int:
    """Biases of queries, keys and values (Qwen2); norms of each head's (Qwen3), and two more norms (Gemma 3)."""
    kind = text["model_type"]
    if kind in _BIASED:
        return stack.queries + 2 * stack.keys
    if kind in _GEMMA:
        return 2 * stack.hidden + 2 * stack.head_dim
    return 2 * stack.head_dim if kind in _NORMED else 0


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
