"""The connector between vision encoder and language model: an MLP with GELU, linear, or the MLP with more beside it.

transformers' projector always has two layers. A linear connector is therefore ``linear_1`` with the identity as
activation and as a frozen ``linear_2``, which is exact, and which loads wherever LLaVA loads.

``multi_branch`` and ``pose_attention`` are transformers' projector with further parts. Their last matrix starts as
zeros: step 0 is the MLP bit for bit. A model that has one is no LLaVA any more: its configuration tells it in
``connector``, and its folder is of a family of its own (``pretrained``).
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import LlavaConfig, LlavaForConditionalGeneration
from transformers.models.llava.modeling_llava import LlavaMultiModalProjector

from llavapose.config.choices import ConnectorType
from llavapose.config.model import ConnectorConfig
from llavapose.errors import ConfigError
from llavapose.families.known import family_named

ACTIVATIONS = {"mlp2x_gelu": "gelu", "linear": "linear"}
"""Type of a plain connector -> ``projector_hidden_act``."""
SIZES = {"multi_branch": ("branches", "branch_width"), "pose_attention": ("heads",)}
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


class Branch(nn.Module):
    """A small expert: narrow, GELU, wide."""

    def __init__(self, inputs: int, width: int, outputs: int) -> None:
        super().__init__()
        self.down = nn.Linear(inputs, width)
        self.up = nn.Linear(width, outputs)

    def forward(self, features: Tensor) -> Tensor:
        """float[..., inputs] -> float[..., outputs]."""
        return self.up(F.gelu(self.down(features)))


class MultiBranch(LlavaMultiModalProjector):
    """The MLP plus experts, mixed by a softmax gate patch by patch."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        sizes, inputs, outputs = _parts(config), self.linear_1.in_features, self.linear_2.out_features
        self.gate = nn.Linear(inputs, sizes["branches"])
        self.branches = nn.ModuleList(Branch(inputs, sizes["branch_width"], outputs) for _ in range(sizes["branches"]))

    def forward(self, image_features: Tensor) -> Tensor:
        """float[P, patches, inputs] -> float[P, patches, outputs]."""
        shares = self.gate(image_features).softmax(dim=-1)  # [P, patches, branches]
        mixed = super().forward(image_features)
        for number, branch in enumerate(self.branches):
            mixed = mixed + shares[..., number, None] * branch(image_features)
        return mixed

    def start(self) -> None:
        """First weights of what is beside the MLP: the experts differ, and all give zero."""
        _spread(self.gate)
        for branch in self.branches:
            assert isinstance(branch, Branch)
            _spread(branch.down)
            _silence(branch.up)


class PoseAttention(LlavaMultiModalProjector):
    """Attention between the patches of a picture, added to their features, before the MLP."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        width, self.heads = self.linear_1.in_features, _parts(config)["heads"]
        if width % self.heads:
            raise ConfigError(
                f"connector.heads is {self.heads}, and the vision encoder's features are {width} wide; expected a "
                "divisor of that"
            )
        self.norm = nn.LayerNorm(width)
        self.queries, self.keys, self.values, self.out = (nn.Linear(width, width) for _ in range(4))

    def forward(self, image_features: Tensor) -> Tensor:
        """float[P, patches, inputs] -> float[P, patches, outputs]."""
        normed = self.norm(image_features)
        # [P, heads, patches, inputs / heads]
        parts = (layer(normed).unflatten(-1, (self.heads, -1)).transpose(-3, -2)
                 for layer in (self.queries, self.keys, self.values))  # fmt: skip
        seen = F.scaled_dot_product_attention(*parts).transpose(-3, -2).flatten(-2)
        return super().forward(image_features + self.out(seen))

    def start(self) -> None:
        """First weights of what is before the MLP, which adds zero."""
        nn.init.ones_(self.norm.weight)
        nn.init.zeros_(self.norm.bias)
        for layer in (self.queries, self.keys, self.values):
            _spread(layer)
        _silence(self.out)


class ConnectorLlava(LlavaForConditionalGeneration):
    """A LLaVA with the connector that its configuration tells: what our own folders load into."""

    def __init__(self, config: LlavaConfig) -> None:
        super().__init__(config)
        self.model.multi_modal_projector = projector_of(config)


def projector_of(config: LlavaConfig) -> LlavaMultiModalProjector:
    """The connector of a configuration; its weights are no start."""
    made = {"multi_branch": MultiBranch, "pose_attention": PoseAttention}
    return made.get(connector_type(config), LlavaMultiModalProjector)(config)


def class_of(config: LlavaConfig) -> type[LlavaForConditionalGeneration]:
    """The class of a configuration's model."""
    return ConnectorLlava if _parts(config) else LlavaForConditionalGeneration


def _parts(config: LlavaConfig) -> dict[str, Any]:
    """What a configuration tells of the connector's further parts; {} where it has none."""
    return dict(getattr(config, "connector", None) or {})


def connector_type(config: LlavaConfig) -> str:
    """The type of a checkpoint's connector.

    Raises:
        ConfigError: its activation is neither "gelu" nor "linear", or its parts are unknown.
    """
    if parts := _parts(config):
        kind = parts.get("type")
        if kind in SIZES and all(isinstance(parts.get(name), int) for name in SIZES[kind]):
            return kind
        raise ConfigError(f"connector: the base's config.json has connector={parts}; expected {_expected()}")
    for name, activation in ACTIVATIONS.items():
        if config.projector_hidden_act == activation:
            return name
    raise ConfigError(
        f"connector: the base has projector_hidden_act={config.projector_hidden_act!r}; expected one of "
        f"{', '.join(ACTIVATIONS.values())}"
    )


def _expected() -> str:
    return " or ".join(f"type {kind} with {' and '.join(names)}" for kind, names in SIZES.items())


def fit_connector(model: Any, config: ConnectorConfig, *, reset: bool = False) -> None:
    """Give a model the connector of a run's settings, in place; ``reset``: from new weights in any case.

    Raises:
        ConfigError: a family whose connector is not to be exchanged, asked for another than its own.
    """
    reset = reset or config.reset
    if not can_exchange(model.config):
        if reset or config.type != ConnectorType.keep:
            refuse_exchange(model.config, "connector.reset=true" if reset else f"connector={config.type}")
        return None
    if config.type != ConnectorType.keep:
        return set_connector(model, config.type.value, reset=reset, sizes=config)
    kept = {name: value for name, value in _parts(model.config).items() if name != "type"}
    return set_connector(model, connector_type(model.config), reset=reset, sizes=ConnectorConfig(**kept))


def set_connector(
    model: LlavaForConditionalGeneration, kind: str, *, reset: bool = False, sizes: ConnectorConfig | None = None
) -> None:
    """Make the model's connector ``kind``; a changed or ``reset`` one starts from new weights.

    The MLP inside a connector with further parts is the base's own, where that is an MLP.

    Args:
        model: LLaVA, changed in place.
        kind: one of ``KINDS``.
        reset: new weights even if the base has a connector of this kind.
        sizes: of the further parts.

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
            _spread(layer)
    projector.requires_grad_(True)
    if kind == "linear":
        with torch.no_grad():
            # Exact: the identity after the identity changes no bit of what linear_1 gives.
            projector.linear_2.weight.copy_(torch.eye(projector.linear_2.out_features))
            projector.linear_2.bias.zero_()
        projector.linear_2.requires_grad_(False)


def _set_parts(model: LlavaForConditionalGeneration, kind: str, sizes: ConnectorConfig, *, reset: bool) -> None:
    """Put further parts beside the MLP, or take them away; the MLP's own layers stay the same objects."""
    wanted = {"type": kind, **{name: getattr(sizes, name) for name in SIZES[kind]}} if kind in SIZES else {}
    old = model.model.multi_modal_projector
    if wanted != _parts(model.config):
        if wanted:
            model.config.connector = wanted  # type: ignore[attr-defined]
        else:
            del model.config.connector  # type: ignore[attr-defined]
        made = projector_of(model.config).to(old.linear_1.weight.device, old.linear_1.weight.dtype)
        made.linear_1, made.act, made.linear_2 = old.linear_1, old.act, old.linear_2
        model.model.multi_modal_projector = made
        reset = True
    made = model.model.multi_modal_projector
    if reset and isinstance(made, MultiBranch | PoseAttention):
        made.start()


def _spread(layer: nn.Linear) -> None:
    """First weights that keep the variance of what passes through; torch's own start is narrower."""
    nn.init.normal_(layer.weight, std=layer.in_features**-0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _silence(layer: nn.Linear) -> None:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
