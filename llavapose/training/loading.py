"""The model that a run starts from, loaded in the way and the precision that the strategy trains it in.

| strategy | host memory a rank | weights |
|---|---|---|
| single, ddp | the whole model | float32, their own masters; frozen ones half beside an adapter |
| DeepSpeed, stages 1 and 2 | the whole model | as the engine computes; it keeps float32 masters |
| DeepSpeed, stage 3 | its share and one tensor | as the engine computes; it keeps float32 masters |
| fsdp2 | its share and one tensor | float32 shards, their own masters |
"""

from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor, nn
from transformers import BitsAndBytesConfig, PreTrainedModel

from llavapose.config.choices import AdapterType, Packing
from llavapose.config.schema import TrainConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.reading.bounds import bound_pixels
from llavapose.errors import ConfigError
from llavapose.families.family import CONNECTOR, Resolution
from llavapose.families.known import LLAVA
from llavapose.model.attention.choose import to_try
from llavapose.model.attention.rules import rules_of
from llavapose.model.bases import family_of_base, read_config, resolve_base, told
from llavapose.model.connectors.configured import can_exchange, pool_for, refuse_exchange
from llavapose.model.connectors.fit import fit_connector
from llavapose.model.features import keep_features
from llavapose.model.parts import checkpoint_layers, family_of, freeze_unused, freeze_vision
from llavapose.model.pretrained import load_model, load_processor
from llavapose.model.processors import family_processor
from llavapose.model.vision import vision_of
from llavapose.model.vocabulary import add_words, ids_of
from llavapose.model.weights import empty_model, find_weights
from llavapose.training.adapters import add_adapter, quantization, train_rows
from llavapose.training.strategies import (
    computes_in,
    fill_cut,
    fill_shards,
    gather_by_layer,
    is_zero3,
    shard,
    uncut,
    whole,
)


def build_model(config: TrainConfig, trainer: L.Trainer) -> PreTrainedModel:
    """The base with its connector and adapter, its frozen parts frozen, placed as the trainer's strategy wants it."""
    cuts = is_zero3(trainer.strategy) or isinstance(trainer.strategy, ModelParallelStrategy)
    if cuts and config.new_words and config.adapter.type != AdapterType.none:
        raise ConfigError(
            f"locate.coding=tokens trains single rows beside adapter={config.adapter.type}, and this strategy cuts "
            "matrices up; use strategy=ddp or single, or locate.coding=bins"
        )
    if is_zero3(trainer.strategy):
        return _cut(config, trainer)
    if isinstance(trainer.strategy, ModelParallelStrategy):
        return _sharded(config, trainer)
    dtype = _kept_in(config, trainer)
    with uncut(trainer.strategy):
        llava = load_model(
            config.model.base,
            dtype=dtype,
            attention=config.model.attention.value,
            quantization=quantization_of(config, dtype),
            vision=vision_of(config.model),
            words=config.new_words,
        )
        prepare(llava, config)
    if config.model.keep_features_gib:
        refuse_exchange(llava.config, f"model.keep_features_gib={config.model.keep_features_gib:g}")
        # Not where weights are cut up: a rank that left the encoder out would let the others wait for its share.
        keep_features(llava, config.model.keep_features_gib)
    return llava


def quantization_of(config: TrainConfig, computes: torch.dtype) -> BitsAndBytesConfig | None:
    """How the weights of a run's base are stored; None: as they are."""
    if config.adapter.type != AdapterType.qlora:
        return None
    family = family_of_base(config.model.base)
    if family.guessed:
        raise ConfigError(
            f"adapter=qlora: which parts of {config.model.base} are trained beside 4-bit weights is not known, for its "
            f"model_type is {family.name!r}; use adapter=lora"
        )
    return quantization(config.adapter, computes, family)


def refuse_unpackable(config: TrainConfig) -> None:
    """See that the base's layers keep the samples of a row apart, before anything of it is loaded.

    Raises:
        CheckpointError: the base cannot be read.
        ConfigError: some layers do not, or not by the attention that was asked for; says which.
    """
    source = resolve_base(config.model.base)
    with told(source):
        base = read_config(source)
    rules = rules_of(base.get_text_config(), family_of_base(config.model.base))
    packs = config.data.packing is not Packing.none
    to_try(config.model.packed_attention.value, device="cpu", eager=False, rules=rules, packs=packs)


def processor_of(config: TrainConfig) -> Any:
    """The base's processor, as the run's pictures and words need it.

    Raises:
        ConfigError: ``model.max_pixels`` where nothing reads it.
    """
    processor = _processor_of(config)
    # Also of the folder that is left: what is asked later shows pictures as they were trained on.
    bound_pixels(processor, family_of_base(config.model.base), config.model.max_pixels)
    return processor


def _processor_of(config: TrainConfig) -> Any:
    source = resolve_base(config.model.base)
    with told(source):
        base = read_config(source)
        if not can_exchange(base):
            processor = family_processor(source, base)
            add_words(processor.tokenizer, config.new_words)
            return processor
    return load_processor(
        config.model.base,
        chat_template=CHAT_TEMPLATE,
        vision=vision_of(config.model),
        words=config.new_words,
        pool=pool_for(base, config.connector),
    )


def fit_pictures(llava: PreTrainedModel, config: TrainConfig) -> None:
    """Have a model whose configuration lists the grids of tiles know those that the processor chooses among."""
    if config.model.max_pixels is not None and family_of(llava).resolution is Resolution.grids:
        settings: Any = llava.config
        settings.image_grid_pinpoints = processor_of(config).image_processor.image_grid_pinpoints


def prepare(llava: PreTrainedModel, config: TrainConfig) -> None:
    """Give a base its connector and adapter, and freeze what is not trained, in place."""
    # Beside another encoder the base's connector says nothing.
    reset = vision_of(config.model) is not None
    fit_pictures(llava, config)
    with torch.random.fork_rng(devices=[]):
        # New weights are the same in whatever way the base was read, which may draw numbers too.
        torch.manual_seed(config.seed)
        with whole(_connector(llava)):
            fit_connector(llava, config.connector, reset=reset)
        if config.model.freeze_vision:
            freeze_vision(llava)
        else:
            freeze_unused(llava)
        add_adapter(llava, config.adapter, seed=config.seed)
        if config.new_words and config.adapter.type != AdapterType.none:
            train_rows(llava, ids_of(config.model.base, config.new_words))
    if config.model.gradient_checkpointing:
        checkpoint_layers(llava)


def _connector(llava: PreTrainedModel) -> list[nn.Parameter]:
    part_of = family_of(llava).part_of
    return [parameter for name, parameter in llava.named_parameters() if part_of(name) == CONNECTOR]


def _kept_in(config: TrainConfig, trainer: L.Trainer) -> torch.dtype:
    """The precision of the weights of a strategy that holds all of them on every rank."""
    if isinstance(trainer.strategy, DeepSpeedStrategy):
        return computes_in(trainer.strategy)
    if config.adapter.type == AdapterType.none:
        return torch.float32
    # Nothing is added to frozen weights: they need no more digits than the layers compute with.
    return {"bf16": torch.bfloat16, "16": torch.float16}.get(str(trainer.precision).partition("-")[0], torch.float32)


def _cut(config: TrainConfig, trainer: L.Trainer) -> PreTrainedModel:
    """Under ZeRO-3: every parameter is cut up where it comes into being, and filled one at a time."""
    base, attention, strategy = config.model.base, config.model.attention.value, trainer.strategy
    vision, words = vision_of(config.model), config.new_words
    llava = empty_model(
        base, dtype=computes_in(strategy), attention=attention, sharded=True, vision=vision, words=words
    )
    with uncut(strategy):
        # DeepSpeed makes every number half that comes into being in its context, rotary frequencies among them.
        exact = dict(empty_model(base, dtype=torch.float32, attention=attention, vision=vision).named_buffers())
        weights = find_weights(base, llava, vision=vision, words=words)
    for name, buffer in llava.named_buffers():
        buffer.data = exact[name].to(buffer.device)
    fill_cut(llava, weights.read, is_first=trainer.is_global_zero)
    with uncut(strategy):
        prepare(llava, config)
    gather_by_layer(llava)
    return llava


def _sharded(config: TrainConfig, trainer: L.Trainer) -> PreTrainedModel:
    """Under FSDP2: parameters without memory are sharded, then each rank reads its share of each."""
    base, mesh = config.model.base, trainer.lightning_module.device_mesh
    assert mesh is not None
    attention, vision, words = config.model.attention.value, vision_of(config.model), config.new_words
    llava = empty_model(base, dtype=torch.float32, attention=attention, vision=vision, words=words)
    weights = find_weights(base, llava, vision=vision, words=words)
    if can_exchange(llava.config):
        # Small, and changed as a whole: loaded before it is sharded.
        connector = llava.get_submodule(*LLAVA.connector).to_empty(device="cpu")
        with torch.no_grad():
            for name, parameter in connector.named_parameters():
                parameter.copy_(weights.read(f"{LLAVA.connector[0]}.{name}"))
    prepare(llava, config)
    shard(llava, mesh, str(trainer.precision))

    def read(name: str) -> Tensor:
        # The layers that an adapter stands beside have another name by now.
        return weights.read(name.replace(".base_layer.", ".")).float()

    fill_shards(llava, read, trainer.strategy.root_device)
    return llava
