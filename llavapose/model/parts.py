"""The parts of a base model, of whatever family: where they lie, which of them learn."""

from collections.abc import Iterable
from typing import Any

from torch import nn
from transformers import PreTrainedModel

from llavapose.errors import CheckpointError
from llavapose.families.family import UNUSED, VISION, Family
from llavapose.families.known import family_named

_LANGUAGES = ("model.language_model", "model.text_model", "language_model.model", "language_model", "model")
_VISIONS = ("model.vision_tower", "model.vision_model", "model.visual", "vision_tower", "vision_model")
_CONNECTORS = ("model.multi_modal_projector", "model.connector", "model.aligner", "multi_modal_projector", "projector")


def family_of(model: PreTrainedModel) -> Family:
    """The family of a model: by its configuration's ``model_type``, else guessed from its module tree.

    Raises:
        CheckpointError: no module of an unknown model is a stack of language layers.
    """
    kind = model.config.model_type
    return family_named(kind) or _guessed(model, kind)


def _guessed(model: PreTrainedModel, kind: str) -> Family:
    found = dict(model.named_modules())
    stacks = [name for name in _LANGUAGES if isinstance(getattr(found.get(name), "layers", None), nn.ModuleList)]
    if not stacks:
        raise CheckpointError(
            f"base: no language layers found in a model of model_type {kind!r}; expected one of "
            f"{', '.join(_LANGUAGES)} with `layers`; choose another base"
        )
    return Family(
        model_types=(kind,),
        vision=tuple(name for name in _VISIONS if name in found)[:1],
        connector=tuple(name for name in _CONNECTORS if name in found)[:1],
        language=stacks[0],
        grid_positions=hasattr(found.get("model"), "get_rope_index"),
        guessed=True,
    )


def language_of(model: PreTrainedModel) -> nn.Module:
    """The stack of language layers: it has ``layers``, and a ``config`` of its own."""
    return model.get_submodule(family_of(model).language)


def freeze_vision(model: PreTrainedModel) -> None:
    """Freeze the vision encoder; connector and language model stay trainable (LLaVA-1.5's second stage)."""
    family = family_of(model)
    for name, parameter in model.named_parameters():
        if family.part_of(name) in (VISION, UNUSED):
            parameter.requires_grad_(False)
    rest_vision(model)


def rest_vision(model: PreTrainedModel) -> None:
    """Put the vision encoder into eval mode: dropout in a frozen part would be noise that nothing can learn from.

    A connector that lies within it keeps its mode.
    """
    family = family_of(model)
    within = [
        model.get_submodule(name)
        for name in family.connector
        if any(f"{name}.".startswith(f"{one}.") for one in family.vision) and _has(model, name)
    ]
    modes = [module.training for module in within]
    for name in family.vision:
        model.get_submodule(name).eval()
    for module, mode in zip(within, modes, strict=True):
        module.train(mode)


def adapts_vision(model: PreTrainedModel) -> bool:
    """Whether adapters stand in the vision encoder: then it is trained."""
    family = family_of(model)
    return any("lora_" in name and family.part_of(name) == VISION for name, _ in model.named_parameters())


def _has(model: nn.Module, name: str) -> bool:
    try:
        model.get_submodule(name)
    except AttributeError:
        return False
    return True


def freeze_unused(model: PreTrainedModel) -> None:
    """Freeze what no answer passes through, when the rest of the vision encoder is trained.

    LLaVA-1.5 reads CLIP's last layer but one; weights without a gradient stop DistributedDataParallel.
    """
    family = family_of(model)
    for name, parameter in model.named_parameters():
        if family.part_of(name) == UNUSED:
            parameter.requires_grad_(False)
    if not family.exchangeable:
        return
    tower = _tower(model)
    # CLIP's reads the class token's last state, DINOv2's the last layer's output: LLaVA asks for neither.
    (tower.layernorm if _is_dino(tower) else tower.post_layernorm).requires_grad_(False)
    if _is_dino(tower) and tower.embeddings.mask_token is not None:
        tower.embeddings.mask_token.requires_grad_(False)
    for layer in vision_layers(model)[used_vision_layers(model) :]:
        layer.requires_grad_(False)


def _tower(model: Any) -> Any:
    tower: Any = model.model.vision_tower
    return getattr(tower, "vision_model", tower)


def _is_dino(tower: Any) -> bool:
    return hasattr(tower.encoder, "layer")


def vision_layers(model: PreTrainedModel) -> nn.ModuleList:
    """The layers of a LLaVA's vision encoder, CLIP's or DINOv2's."""
    tower = _tower(model)
    return tower.encoder.layer if _is_dino(tower) else tower.encoder.layers


def used_vision_layers(model: PreTrainedModel) -> int:
    """How many of them the features pass through."""
    layers: Any = model.config.vision_feature_layer
    return max(
        # Hidden states begin with the embeddings: -2 of 25 is what layer 23 of 24 gives.
        layer if layer >= 0 else len(vision_layers(model)) + 1 + layer
        for layer in ([layers] if isinstance(layers, int) else layers)
    )


def checkpoint_layers(model: PreTrainedModel) -> None:
    """Keep the inputs of the language model's layers alone; their activations are computed again going backwards."""
    model.activation_checkpointing_enable()
    # It also makes what every embedding gives require gradients, that of the patches among them: the frozen vision
    # encoder would keep all its activations and be gone through backwards, for nothing.
    model.disable_input_require_grads()


def count_parameters(parameters: Iterable[nn.Parameter]) -> tuple[int, int]:
    """(all, trainable) numbers of parameters; partitioned and 4-bit ones count with their full size."""
    total = trainable = 0
    for parameter in parameters:
        packed = getattr(parameter, "quant_state", None)
        size = getattr(parameter, "ds_numel", parameter.numel()) if packed is None else packed.shape.numel()
        total += size
        trainable += size if parameter.requires_grad else 0
    return total, trainable
