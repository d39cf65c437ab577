"""What a configuration says of its connector: its type, the sizes of further parts, and how features are averaged.

``config.json`` of a model that transformers does not have::

    "connector": {"type": "pose_attention", "heads": 8, "pool": 2}

``pool`` is missing where features are not averaged; a plain connector stands there only to tell its ``pool``.
"""

from typing import Any

from transformers import LlavaConfig

from llavapose.config.choices import ConnectorType
from llavapose.config.model import ConnectorConfig
from llavapose.errors import ConfigError
from llavapose.families.known import family_named
from llavapose.families.resolution import pooled_side, side_of

ACTIVATIONS = {"mlp2x_gelu": "gelu", "linear": "linear"}
"""Type of a plain connector -> ``projector_hidden_act``."""
SIZES = {"multi_branch": ("branches", "branch_width"), "pose_attention": ("heads",), "frame_attention": ("heads",)}
"""Type of a connector with further parts -> the settings that give them their sizes."""
KINDS = (*ACTIVATIONS, *SIZES)


def can_exchange(config: Any) -> bool:
    """Whether a base's connector and vision encoder can be exchanged for others: LLaVA's can."""
    family = family_named(config.model_type)
    return family is not None and family.exchangeable


def refuse_exchange(config: Any, what: str) -> None:
    """See that a base is one whose parts can be exchanged.

    Args:
        config: of the base.
        what: the setting that asks for it, and its value.

    Raises:
        ConfigError: it is of another family.
    """
    if not can_exchange(config):
        raise ConfigError(
            f"{what}: the base's model_type is {config.model_type!r}; expected 'llava', the only family whose vision "
            "encoder and connector can be exchanged for others, or features kept; leave the setting out"
        )


def parts_of(config: Any) -> dict[str, Any]:
    """What a configuration tells of a connector that transformers does not have; {} where it has none."""
    return dict(getattr(config, "connector", None) or {})


def connector_type(config: LlavaConfig) -> str:
    """The type of a checkpoint's connector.

    Raises:
        ConfigError: its activation is neither "gelu" nor "linear", or its parts are unknown.
    """
    if parts := parts_of(config):
        kind = parts.get("type")
        if kind in KINDS and all(_counts(value) for value in _numbers(kind, parts)):
            return str(kind)
        raise ConfigError(f"connector: the base's config.json has connector={parts}; expected {_expected()}")
    for name, activation in ACTIVATIONS.items():
        if config.projector_hidden_act == activation:
            return name
    raise ConfigError(
        f"connector: the base has projector_hidden_act={config.projector_hidden_act!r}; expected one of "
        f"{', '.join(ACTIVATIONS.values())}"
    )


def _numbers(kind: str, parts: dict[str, Any]) -> list[Any]:
    return [*(parts.get(name) for name in SIZES.get(kind, ())), parts.get("pool", 1)]


def _counts(value: Any) -> bool:
    return isinstance(value, int) and value > 0


def _expected() -> str:
    further = [f"type {kind} with {' and '.join(names)}" for kind, names in SIZES.items()]
    return " or ".join([*further, f"type {' or '.join(ACTIVATIONS)} with pool"])


def activation_of(config: Any) -> str:
    """``projector_hidden_act`` of the MLP inside a connector, by its name in ``connector``."""
    return ACTIVATIONS.get(str(parts_of(config).get("type")), "gelu")


def pool_of(config: Any) -> int:
    """How many patches along each side are averaged to one token behind a checkpoint's connector; 1: none are."""
    return int(parts_of(config).get("pool", 1))


def pool_for(base: Any, asked: ConnectorConfig) -> int:
    """The same of what a run trains: as its settings say; ``keep`` keeps the base's where they say nothing.

    Args:
        base: the configuration of the run's base.
        asked: the run's settings.
    """
    return pool_of(base) if asked.type == ConnectorType.keep and asked.pool == 1 else asked.pool


def said_of(config: Any) -> str:
    """The settings that ask for a connector that transformers does not have; "": it has it."""
    parts = parts_of(config)
    said = [f"connector={parts.get('type')}"] * (parts.get("type") in SIZES)
    return " ".join(said + [f"connector.pool={pool_of(config)}"] * (pool_of(config) > 1))


def side_in_patches(config: Any) -> int:
    """Patches along a side of the vision encoder's square picture."""
    vision = config.vision_config
    return side_of(vision.image_size) // side_of(vision.patch_size)


def picture_tokens(config: Any) -> int:
    """Tokens that a picture takes: ``image_seq_length``.

    Raises:
        ConfigError: ``pool`` is no divisor of the patches along a side.
    """
    own = 0 if config.vision_feature_select_strategy == "default" else 1
    return pooled_side(side_in_patches(config), pool_of(config)) ** 2 + own
