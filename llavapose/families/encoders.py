"""The parameters of a base's parts, by what its configuration says: each family's vision encoder and connector.

The counts follow the modules of transformers; ``tests/training/forecast/test_shapes.py`` holds them to the modules
themselves. Legend: w width of the encoder, i its inner width, h width of the language model.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from llavapose.families.resolution import side_of

Config = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A vision encoder and what lies between it and the language model.

    Attributes:
        width: w.
        inner: i.
        layers: of the encoder.
        heads: of its attention.
        layer: parameters of one layer.
        outside: parameters of the encoder in no layer: embeddings, norms.
        idle: parameters of the encoder that no feature passes through.
        used: layers that features pass through.
        connector: parameters of the connector.
        connector_first: of its first layer: all that a linear connector trains.
        inputs: width of what the connector is given for a feature.
        unused: parameters of the base that no answer passes through.
        is_dino: whether it is a DINOv2.
    """

    width: int
    inner: int
    layers: int
    heads: int
    layer: int
    outside: int
    connector: int
    inputs: int
    used: int
    connector_first: int = 0
    idle: int = 0
    unused: int = 0
    is_dino: bool = False

    @property
    def total(self) -> int:
        """Parameters of the encoder."""
        return self.outside + self.layers * self.layer


def encoder_of(config: Config, hidden: int) -> Encoder:
    """The encoder of a configuration of a known family.

    Args:
        config: a ``config.json`` with its parts whole.
        hidden: h.
    """
    return ENCODERS[config.get("model_type", "llava")](config, hidden)


def _layer(w: int, i: int) -> int:
    """Four matrices of attention and two of the MLP with biases, two norms with scale and shift."""
    return 4 * w * (w + 1) + 2 * w * i + i + w + 4 * w


def _pixels(vision: Config) -> int:
    return 3 * side_of(vision["patch_size"]) ** 2


def _places(vision: Config) -> int:
    return (side_of(vision["image_size"]) // side_of(vision["patch_size"])) ** 2


def _two(inputs: int, h: int) -> int:
    """Two linear layers with biases."""
    return (inputs + 1) * h + (h + 1) * h


def _plain(vision: Config, *, is_dino: bool = False, **others: int) -> Encoder:
    """A ViT of ``_layer``s with a learnt place for each patch, a bias of the patches, and a norm behind the layers."""
    w, i = int(vision["hidden_size"]), int(vision["intermediate_size"])
    layers = int(vision["num_hidden_layers"])
    outside = (_pixels(vision) + 1) * w + _places(vision) * w + 2 * w
    given = {"layer": _layer(w, i), "outside": outside, "used": layers, "inputs": w} | others
    heads = int(vision["num_attention_heads"])
    return Encoder(width=w, inner=i, layers=layers, heads=heads, is_dino=is_dino, **given)


def _llava(config: Config, h: int) -> Encoder:
    """CLIP's encoder with a class token, a norm before its layers and one behind; or a DINOv2."""
    vision = config["vision_config"]
    w, layers, is_dino = int(vision["hidden_size"]), int(vision["num_hidden_layers"]), _is_dino(vision)
    chosen = config.get("vision_feature_layer", -2)
    chosen = chosen if isinstance(chosen, list) else [chosen]
    # Hidden states begin with the embeddings: -2 of 25 is what layer 23 of 24 gives.
    used = max(one if one >= 0 else layers + 1 + one for one in chosen)
    inputs = w * len(chosen)
    layer = _layer(w, int(vision["intermediate_size"])) + (2 * w if is_dino else 0)
    # DINOv2 has a bias of the patches, a mask's token and one norm.
    outside = w + _pixels(vision) * w + (_places(vision) + 1) * w + 4 * w
    return _plain(
        vision, is_dino=is_dino, layer=layer, outside=outside, used=used, inputs=inputs,
        connector_first=(inputs + 1) * h, connector=_two(inputs, h) + _beside(config.get("connector") or {}, inputs, h),
        # The last norm, and DINOv2's token for masked patches.
        idle=(layers - used) * layer + (3 if is_dino else 2) * w,
    )  # fmt: skip


def _is_dino(vision: Config) -> bool:
    return vision.get("model_type") == "dinov2"


def _beside(connector: Config, inputs: int, h: int) -> int:
    """Parameters of what ``model/connectors/`` puts beside the MLP."""
    if connector.get("type") == "multi_branch":
        width, number = int(connector["branch_width"]), int(connector["branches"])
        return number * ((inputs + 1) * width + (width + 1) * h + inputs + 1)
    if connector.get("type") in ("pose_attention", "frame_attention"):
        return 4 * inputs * (inputs + 1) + 2 * inputs
    return 0


def _onevision(config: Config, h: int) -> Encoder:
    vision = config["vision_config"]
    w = int(vision["hidden_size"])
    # A mark for the end of a row of patches; the norm behind the last layer is not passed.
    outside = (_pixels(vision) + 1 + _places(vision)) * w
    return _plain(vision, outside=outside, connector=_two(w, h) + h, unused=2 * w)


def _qwen2(config: Config, h: int) -> Encoder:
    vision = config["vision_config"]
    w = int(vision["embed_dim"])
    return _qwen(
        vision, w, i=int(w * float(vision["mlp_ratio"])), places=0, bias=0, merger=2 * w + _merge(vision, w, h)
    )


def _qwen2_5(config: Config, h: int) -> Encoder:
    vision = config["vision_config"]
    w, i = int(vision["hidden_size"]), int(vision["intermediate_size"])
    # Norms without shift, a gated MLP with biases.
    layer = 4 * w * (w + 1) + 3 * w * i + 2 * i + w + 2 * w
    return _qwen(vision, w, i=i, places=0, bias=0, merger=w + _merge(vision, w, h), layer=layer)


def _qwen3(config: Config, h: int) -> Encoder:
    """Features of some layers have mergers of their own, whose norm is of merged patches."""
    vision = config["vision_config"]
    w, merged = int(vision["hidden_size"]), int(vision.get("spatial_merge_size", 2)) ** 2
    deep = len(vision["deepstack_visual_indexes"])
    merger = 2 * w + _merge(vision, w, h) + deep * (2 * merged * w + _merge(vision, w, h))
    return _qwen(
        vision, w, i=int(vision["intermediate_size"]), places=int(vision["num_position_embeddings"]), bias=1,
        merger=merger, times=1 + deep,
    )  # fmt: skip


def _merge(vision: Config, w: int, h: int) -> int:
    """Two layers over merged patches, without their norm."""
    inputs = w * int(vision.get("spatial_merge_size", 2)) ** 2
    return inputs * (inputs + 1) + (inputs + 1) * h


def _qwen(
    vision: Config, w: int, *, i: int, places: int, bias: int, merger: int, times: int = 1, layer: int | None = None
) -> Encoder:
    pixels = 3 * int(vision.get("temporal_patch_size", 2)) * side_of(vision["patch_size"]) ** 2
    layers, merged = int(vision["depth"]), int(vision.get("spatial_merge_size", 2)) ** 2
    return Encoder(
        width=w, inner=i, layers=layers, heads=int(vision["num_heads"]), used=layers,
        layer=_layer(w, i) if layer is None else layer, outside=(pixels + bias + places) * w,
        connector=merger, inputs=times * merged * w,
    )  # fmt: skip


def _internvl(config: Config, h: int) -> Encoder:
    vision = config["vision_config"]
    w, i = int(vision["hidden_size"]), int(vision["intermediate_size"])
    inputs = round(w / float(config.get("downsample_ratio", 0.5)) ** 2)
    # Without a bias of queries, keys and values in the smaller encoders of the family.
    layer = _layer(w, i) + 2 * w - (0 if vision.get("attention_bias", False) else 3 * w)
    layer += 2 * w if vision.get("use_qk_norm", False) else 0
    # A class token and its place; features are the last layer's, so that there is no norm behind it.
    outside = (_pixels(vision) + 1 + _places(vision) + 2) * w + (0 if vision.get("use_mean_pooling", True) else 2 * w)
    return _plain(vision, layer=layer, outside=outside, connector=2 * inputs + _two(inputs, h), inputs=inputs)


def _smolvlm(config: Config, h: int) -> Encoder:
    inputs = int(config["vision_config"]["hidden_size"]) * int(config["scale_factor"]) ** 2
    return _plain(config["vision_config"], connector=inputs * h, inputs=inputs)


def _gemma3(config: Config, h: int) -> Encoder:
    w = int(config["vision_config"]["hidden_size"])
    return _plain(config["vision_config"], connector=w * h + w)


def _mistral3(config: Config, h: int) -> Encoder:
    vision = config["vision_config"]
    w, i, merged = int(vision["hidden_size"]), int(vision["intermediate_size"]), int(config["spatial_merge_size"]) ** 2
    bias = 2 * h if config.get("multimodal_projector_bias", False) else 0
    connector = w + merged * w * w + w * h + h * h + bias
    layer = 4 * w * w + 3 * w * i + 2 * w
    return _plain(vision, layer=layer, outside=(_pixels(vision) + 1) * w, connector=connector, inputs=merged * w)


def _molmo2(config: Config, h: int) -> Encoder:
    vision, adapter = config["vision_config"], config["adapter_config"]
    a, i, chosen = int(adapter["hidden_size"]), int(adapter["intermediate_size"]), len(adapter["vision_feature_layer"])
    w = int(vision["hidden_size"])
    # Attention over the pooled patches of several layers, then a gated MLP.
    connector = 3 * (chosen * w + 1) * a + (a + 1) * a + 2 * a * i + i * h
    outside = (_pixels(vision) + 1 + _places(vision)) * w
    return _plain(vision, outside=outside, connector=connector, inputs=4 * chosen * w)


_VQ_VAE = 71_883_403
"""Parameters of Janus' encoder and decoder of drawn pictures at their published sizes, which all its models share."""


def _janus(config: Config, h: int) -> Encoder:
    vision = dict(config["vision_config"])
    vision["intermediate_size"] = int(vision["hidden_size"] * float(vision.get("mlp_ratio", 4)))
    w, depth = int(vision["hidden_size"]), int(vision.get("depth", 2))
    drawn = config.get("vq_config") or {}
    codes, code, wide = (int(drawn.get(key, own)) for key, own in (
        ("num_embeddings", 16_384), ("embed_dim", 8), ("image_token_embed_dim", h),
    ))  # fmt: skip
    again = (int(drawn.get("num_hidden_layers", 2)) - 1) * wide * (wide + 1)
    head = (wide + 1) * wide + (wide + 1) * codes
    unused = _VQ_VAE + codes * code + (code + 1) * wide + again + head
    return _plain(vision, connector=(w + 1) * h + (depth - 1) * h * (h + 1), unused=unused)


ENCODERS: dict[str, Callable[[Config, int], Encoder]] = {
    "llava": _llava, "llavapose": _llava, "llava_onevision": _onevision, "qwen2_vl": _qwen2, "qwen2_5_vl": _qwen2_5,
    "qwen3_vl": _qwen3, "internvl": _internvl, "smolvlm": _smolvlm, "gemma3": _gemma3, "mistral3": _mistral3,
    "molmo2": _molmo2, "janus": _janus,
}  # fmt: skip
"""By ``model_type``."""
