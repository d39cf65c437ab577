"""A model gets the connector of a run's settings: an MLP with GELU, linear, or one that transformers does not have.

transformers' projector always has two layers. A linear connector is therefore ``linear_1`` with the identity as
activation and as a frozen ``linear_2``, which is exact, and which loads wherever LLaVA loads.
"""

from typing import Any

import torch
from torch import nn
from transformers import LlavaForConditionalGeneration

from llavapose.config.choices import ConnectorType
from llavapose.config.model import ConnectorConfig
from llavapose.errors import ConfigError
from llavapose.model.connectors.configured import (
    ACTIVATIONS,
    KINDS,
    SIZES,
    can_exchange,
    connector_type,
    parts_of,
    picture_tokens,
    pool_for,
    pool_of,
    refuse_exchange,
)
from llavapose.model.connectors.made import connect, projector_of
from llavapose.model.connectors.own import OwnProjector, spread


def fit_connector(model: Any, config: ConnectorConfig, *, reset: bool = False) -> None:
    """Give a model the connector of a run's settings, in place; ``reset``: from new weights in any case.

    Raises:
        ConfigError: a family whose connector is not to be exchanged, asked for another than its own.
    """
    reset = reset or config.reset
    if not can_exchange(model.config):
        asked = {
            "connector.reset=true": reset,
            f"connector={config.type}": config.type != ConnectorType.keep,
            f"connector.pool={config.pool}": config.pool != 1,
        }
        for what in (what for what, given in asked.items() if given):
            refuse_exchange(model.config, what)
        return None
    if config.type != ConnectorType.keep:
        return set_connector(model, config.type.value, reset=reset, sizes=config)
    kept = {name: value for name, value in parts_of(model.config).items() if name not in ("type", "pool")}
    sizes = ConnectorConfig(**kept, pool=pool_for(model.config, config))
    return set_connector(model, connector_type(model.config), reset=reset, sizes=sizes)


def set_connector(
    model: LlavaForConditionalGeneration, kind: str, *, reset: bool = False, sizes: ConnectorConfig | None = None
) -> None:
    """Make the model's connector ``kind``; a changed or ``reset`` one starts from new weights.

    The MLP inside a connector with further parts is the base's own, where that is an MLP; averaging has no weights.

    Args:
        model: LLaVA, changed in place.
        kind: one of ``KINDS``.
        reset: new weights even if the base has a connector of this kind.
        sizes: of the further parts, and how features are averaged.

    Raises:
        ConfigError: an unknown kind, or sizes that do not go together.
    """
    if kind not in KINDS:
        raise ConfigError(f"connector.type is {kind!r}; expected one of {', '.join(KINDS)}")
    had = connector_type(model.config)
    _set_parts(model, kind, sizes or ConnectorConfig(), reset=reset)
    projector = model.model.multi_modal_projector
    activation = ACTIVATIONS.get(kind, "gelu")
    if reset or ACTIVATIONS.get(had, "gelu") != activation:
        model.config.projector_hidden_act = activation
        projector.act = nn.Identity() if kind == "linear" else nn.GELU()
        for layer in (projector.linear_1, projector.linear_2):
            spread(layer)
    projector.requires_grad_(True)
    if kind == "linear":
        with torch.no_grad():
            # Exact: the identity after the identity changes no bit of what linear_1 gives.
            projector.linear_2.weight.copy_(torch.eye(projector.linear_2.out_features))
            projector.linear_2.bias.zero_()
        projector.linear_2.requires_grad_(False)


def _set_parts(model: LlavaForConditionalGeneration, kind: str, sizes: ConnectorConfig, *, reset: bool) -> None:
    """Put further parts beside the MLP, or take them away; the MLP's own layers stay the same objects."""
    further = {name: getattr(sizes, name) for name in SIZES.get(kind, ())}
    pool = {} if sizes.pool == 1 else {"pool": sizes.pool}
    wanted = {"type": kind, **further, **pool} if further or pool else {}
    had, old = parts_of(model.config), model.model.multi_modal_projector
    if wanted != had:
        _tell(model.config, wanted)
        made = projector_of(model.config).to(old.linear_1.weight.device, old.linear_1.weight.dtype)
        same = _further(wanted) == _further(had)
        for name, part in old.named_children():
            if same or name in ("linear_1", "act", "linear_2"):
                setattr(made, name, part)
        connect(model, made)
        reset = reset or not same
    made = model.model.multi_modal_projector
    if reset and isinstance(made, OwnProjector):
        made.start()


def _further(parts: dict[str, Any]) -> dict[str, Any]:
    """What has weights of what a configuration tells of a connector, beside the MLP."""
    return {name: value for name, value in parts.items() if name != "pool"} if parts.get("type") in SIZES else {}


def _tell(config: Any, wanted: dict[str, Any]) -> None:
    """Have a configuration tell of a connector, in place; its pictures' tokens are as many as that gives."""
    before = pool_of(config)
    if wanted:
        config.connector = wanted
    else:
        del config.connector
    if pool_of(config) != before:
        config.image_seq_length = picture_tokens(config)
