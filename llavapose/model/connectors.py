"""The connector between vision encoder and language model: two-layer MLP with GELU, or linear.

transformers' projector always has two layers. A linear connector is therefore ``linear_1`` with the identity as
activation and as a frozen ``linear_2``, which is exact, and which loads wherever LLaVA loads.
"""

import torch
from torch import nn
from transformers import LlavaConfig, LlavaForConditionalGeneration

from llavapose.errors import ConfigError

ACTIVATIONS = {"mlp2x_gelu": "gelu", "linear": "linear"}
"""Connector type -> ``projector_hidden_act``."""


def connector_type(config: LlavaConfig) -> str:
    """The type of a checkpoint's connector.

    Raises:
        ConfigError: its activation is neither "gelu" nor "linear".
    """
    for name, activation in ACTIVATIONS.items():
        if config.projector_hidden_act == activation:
            return name
    raise ConfigError(
        f"connector: the base has projector_hidden_act={config.projector_hidden_act!r}; expected one of "
        f"{', '.join(ACTIVATIONS.values())}"
    )


def set_connector(model: LlavaForConditionalGeneration, kind: str, *, reset: bool = False) -> None:
    """Make the model's connector ``kind``; a changed or ``reset`` one starts from new weights.

    Args:
        model: LLaVA, changed in place.
        kind: "mlp2x_gelu" or "linear".
        reset: new weights even if the base has a connector of this kind.

    Raises:
        ConfigError: an unknown kind.
    """
    if kind not in ACTIVATIONS:
        raise ConfigError(f"connector.type is {kind!r}; expected one of {', '.join(ACTIVATIONS)}")
    projector = model.model.multi_modal_projector
    if reset or connector_type(model.config) != kind:
        model.config.projector_hidden_act = ACTIVATIONS[kind]
        projector.act = nn.GELU() if kind == "mlp2x_gelu" else nn.Identity()
        for layer in (projector.linear_1, projector.linear_2):
            # Keeps the variance of what passes through; torch's own start is narrower.
            nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
            nn.init.zeros_(layer.bias)
    projector.requires_grad_(True)
    if kind == "linear":
        with torch.no_grad():
            # Exact: the identity after the identity changes no bit of what linear_1 gives.
            projector.linear_2.weight.copy_(torch.eye(projector.linear_2.out_features))
            projector.linear_2.bias.zero_()
        projector.linear_2.requires_grad_(False)
