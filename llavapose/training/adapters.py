"""Low-rank adapters (LoRA, Hu et al., 2021; QLoRA, Dettmers et al., 2023) on the linear layers of either tower.

The base stays as it is, and what is added is peft's; the connector is trained whole beside it, as LLaVA-1.5's LoRA
recipe does. An exported folder holds the sum, so that it loads wherever LLaVA loads.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from transformers import BitsAndBytesConfig, PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from llavapose.config.choices import AdapterType, Tower
from llavapose.config.schema import AdapterConfig
from llavapose.errors import ConfigError
from llavapose.families.family import CONNECTOR, VISION, Family
from llavapose.families.known import LLAVA
from llavapose.families.linear import IN_VISION
from llavapose.model.parts import family_of, used_vision_layers, vision_layers

_UPPER, _LOWER, _BASE = ".lora_A.default.weight", ".lora_B.default.weight", ".base_layer."
"""How peft names the parts of a layer that it has taken over."""


def quantization(config: AdapterConfig, computes: torch.dtype, family: Family = LLAVA) -> BitsAndBytesConfig | None:
    """How the base's weights are stored: QLoRA's 4-bit normal floats, their scales quantised again; None: as they are.

    Vision encoder, connector and output layer keep their precision: they are small, or trained.
    """
    if config.type != AdapterType.qlora:
        return None
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=computes,
        llm_int8_skip_modules=[*family.vision, *family.connector, *family.unused, "lm_head"],
    )


def add_adapter(llava: PreTrainedModel, config: AdapterConfig, *, seed: int) -> None:
    """Freeze the model but for its connector, and put adapters beside the linear layers of the chosen towers, in place.

    Args:
        llava: whole, partitioned, or without memory: the adapters have theirs in any case.
        config: their settings.
        seed: of their first weights.

    Raises:
        ConfigError: a target that a chosen tower does not have.
    """
    if config.type == AdapterType.none:
        return
    chosen = "|".join(map(re.escape, _chosen(llava, config)))
    family = family_of(llava)
    connector = [
        parameter
        for name, parameter in llava.named_parameters()
        if parameter.requires_grad and family.part_of(name) == CONNECTOR
    ]
    from peft import LoraConfig, inject_adapter_in_model  # seconds to import: not where nothing is adapted

    lora = LoraConfig(
        r=config.r,
        lora_alpha=config.alpha,
        lora_dropout=config.dropout,
        target_modules=chosen,
        bias="none",
    )
    llava.requires_grad_(False)
    inject_adapter_in_model(lora, llava)
    _start(llava, seed)
    for parameter in connector:
        parameter.requires_grad_(True)
    for parameter in llava.parameters():
        # The trained weights are their own masters, whatever the frozen ones are kept in.
        if parameter.requires_grad and not hasattr(parameter, "ds_id"):
            parameter.data = parameter.data.float()


def train_rows(llava: PreTrainedModel, ids: Sequence[int]) -> None:
    """Beside adapters, train the vocabulary's rows of some words and of no others, in place.

    The whole matrices are float32 masters with an optimizer's state; other rows have no gradient, and nothing decays.

    Args:
        llava: with its adapters, on one process or replicated: a share of a matrix does not know its rows.
        ids: of the words.
    """
    ends: Any = (llava.get_input_embeddings(), llava.get_output_embeddings())
    matrices = {id(one.weight): one.weight for one in ends}
    for weight in matrices.values():
        weight.data = weight.data.float()
        weight.requires_grad_(True)
        rows = torch.zeros(len(weight), 1)
        rows[list(ids)] = 1
        weight.register_hook(lambda gradient, rows=rows: gradient * rows.to(gradient.device))
        weight.decays = False


def _chosen(llava: PreTrainedModel, config: AdapterConfig) -> list[str]:
    """The full names of the layers that get an adapter.

    Raises:
        ConfigError: a target that is nowhere, or none that a chosen tower has.
    """
    language, vision = linear_layers(llava), _linear_in_vision(llava) if Tower.vision in config.towers else {}
    own = set(vision.values())
    if unknown := [name for name in config.targets if name not in language and name not in own]:
        beside = f"; or of the vision encoder's: {', '.join(sorted(own))}" if own else ""
        raise ConfigError(
            f"adapter.targets has {', '.join(unknown)}; expected some of the language model's linear layers: "
            f"{', '.join(sorted(language))}{beside}"
        )
    found = []
    if Tower.language in config.towers:
        start = f"{family_of(llava).language}."
        found += [
            name for name, one in llava.named_modules()
            if _is_linear(one) and name.startswith(start) and name.rpartition(".")[2] in config.targets
        ]  # fmt: skip
    if Tower.vision in config.towers:
        names = {name for target in config.targets for name in (target, *IN_VISION.get(target, ()))}
        chosen = [name for name, last in vision.items() if last in names]
        if not chosen:
            raise ConfigError(
                f"adapter.towers has vision, whose layers have none of adapter.targets={list(config.targets)}; its "
                f"linear layers are {', '.join(sorted(own))}: name one of theirs, such as q_proj"
            )
        found += chosen
    return found


def _linear_in_vision(llava: PreTrainedModel) -> dict[str, str]:
    """Full name -> last name of the linear layers in those layers of the vision encoder that features pass through."""
    family = family_of(llava)
    layers = {
        name: one for name, one in llava.named_modules()
        if isinstance(one, GradientCheckpointingLayer) and family.part_of(name) == VISION
    }  # fmt: skip
    if family.own_pictures:
        # An adapter behind the layer that the features are taken from would never get a gradient.
        used = set(vision_layers(llava)[: used_vision_layers(llava)])
        layers = {name: one for name, one in layers.items() if one in used}
    return {
        f"{layer}.{name}": name.rpartition(".")[2]
        for layer, module in layers.items()
        for name, one in module.named_modules()
        if _is_linear(one)
    }


def _is_linear(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear)


def _start(llava: nn.Module, seed: int) -> None:
    """Give the adapters their first weights: the same ones in whatever way the base was read."""
    from peft.tuners.lora import LoraLayer

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in llava.modules():
            if isinstance(module, LoraLayer):
                for part in (module.lora_A, module.lora_B):
                    if any(parameter.is_meta for parameter in part.parameters()):
                        # Beside layers without memory peft makes them without memory too.
                        part.to_empty(device="cpu")
                module.reset_lora_parameters("default", True)
            if hasattr(module, "support_avx512bf16_for_cpu"):
                # Bitsandbytes would store the weights anew at the first batch without gradients, for evaluation alone.
                module.support_avx512bf16_for_cpu = False  # type: ignore[assignment]


def linear_layers(llava: PreTrainedModel) -> set[str]:
    """The last names of the language model's linear layers, such as ``q_proj``."""
    found = llava.get_submodule(family_of(llava).language).named_modules()
    return {name.rpartition(".")[2] for name, module in found if _is_linear(module)}


def plain_state(llava: nn.Module) -> dict[str, Tensor]:
    """A model's weights by name, 4-bit ones as the numbers that they stand for."""
    state = llava.state_dict()
    for name, weight in llava.named_parameters():
        packed: Any = getattr(weight, "quant_state", None)
        if packed is not None:
            from bitsandbytes.functional import dequantize_4bit

            # Beside the packed weight stand its scales, under longer names.
            state = {key: value for key, value in state.items() if not key.startswith(f"{name}.")}
            state[name] = dequantize_4bit(weight.data, packed)
    return state


def merged(state: Mapping[str, Tensor], config: AdapterConfig) -> dict[str, Tensor]:
    """Weights with the adapters added to what they stand beside, under the names of a model without adapters.

    Args:
        state: full parameters under the module tree's names, peft's among them.
        config: the adapters' settings, for their scale.
    """
    if config.type == AdapterType.none:
        return dict(state)
    scale = config.alpha / config.r
    found: dict[str, Tensor] = {}
    for name, value in state.items():
        if name.endswith((_UPPER, _LOWER)):
            continue
        layer = name.removesuffix(f"{_BASE}weight")
        if layer != name and layer + _UPPER in state:
            upper, lower = state[layer + _UPPER].to(value.device), state[layer + _LOWER].to(value.device)
            # In float32: a step of the adapter is smaller than bfloat16 can tell beside the weight.
            value = value.float() + scale * (lower.float() @ upper.float())
        found[name.replace(_BASE, ".")] = value
    return found
