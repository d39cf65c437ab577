"""From a trained model, or a training checkpoint of whatever strategy, to a Hugging Face folder."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from transformers import PreTrainedModel

from llavapose.config.choices import AdapterType
from llavapose.config.schema import TrainConfig
from llavapose.errors import CheckpointError
from llavapose.model.bases import OWN, resolve_base
from llavapose.model.connectors.configured import said_of
from llavapose.model.connectors.fit import fit_connector
from llavapose.model.parts import count_parameters
from llavapose.model.pretrained import load_model, write_checkpoint
from llavapose.model.vision import vision_of
from llavapose.model.weights import empty_model, find_weights
from llavapose.training.adapters import merged, plain_state
from llavapose.training.checkpoints.callback import Checkpoints
from llavapose.training.checkpoints.ranks import joined, together
from llavapose.training.checkpoints.trained import read_trained
from llavapose.training.loading import fit_pictures, processor_of, quantization_of
from llavapose.training.module import PoseModule


def export_trained(checkpoint: Path, out: Path, config: TrainConfig, *, alone: bool = False) -> int:
    """Write a training checkpoint as a Hugging Face folder, in one process and without a GPU.

    Args:
        checkpoint: file or folder.
        out: the folder to write.
        config: the run's settings.
        alone: nobody else writes ``out`` now.

    Returns:
        The optimizer steps behind the weights.

    Raises:
        CheckpointError: a checkpoint that cannot be read, or that is not of these settings.
    """
    trained = read_trained(checkpoint)
    base, vision, words = config.model.base, vision_of(config.model), config.new_words
    attention = config.model.attention.value
    llava = empty_model(base, dtype=torch.float32, attention=attention, vision=vision, words=words)
    fit_connector(llava, config.connector)
    fit_pictures(llava, config)
    state = merged(_beside_base(trained.state, llava, config), config.adapter)
    expected = dict(llava.named_parameters())
    odd = [name for name, value in expected.items() if name not in state or state[name].shape != value.shape]
    if odd:
        raise CheckpointError(
            f"checkpoint {checkpoint}: {len(odd)} weights of {base} are missing or of another shape, such as {odd[0]}; "
            "it is a checkpoint of other settings"
        )
    write_checkpoint(
        out,
        alone=alone,
        state={name: state[name] for name in expected},
        config=llava.config,
        processor=processor_of(config),
        dtype=getattr(torch, config.model.dtype.value),
        base=resolve_base(base),
    )
    say_own(llava.config)
    return trained.step


def say_own(config: Any) -> None:
    """Say of a folder that is no LLaVA any more who reads it."""
    if told := said_of(config):
        print(
            f"note: {told} makes the folder model_type {OWN!r}: llavapose reads it "
            "(llavapose.model.pretrained.load_model), transformers' own classes refuse it",
            flush=True,
        )


def _beside_base(state: dict[str, Tensor], llava: PreTrainedModel, config: TrainConfig) -> dict[str, Tensor]:
    """A checkpoint's weights with those of the base that it leaves out, which an adapter stands beside."""
    if config.adapter.type == AdapterType.none:
        return state
    base, vision = config.model.base, vision_of(config.model)
    if (bits := quantization_of(config, torch.float32)) is not None:
        # The adapters learnt beside what 4 bits make of the base.
        rest = plain_state(load_model(base, quantization=bits, vision=vision, words=config.new_words))
    else:
        weights = find_weights(base, llava, vision=vision, words=config.new_words)
        rest = {name: weights.read(name) for name, _ in llava.named_parameters()}
    adapted = {name.partition(".lora_A.")[0] for name in state if ".lora_A." in name}
    whole = {f"{name.removesuffix('.weight')}.base_layer.weight" if name.removesuffix(".weight") in adapted else name:
             value for name, value in rest.items()}  # fmt: skip
    return {**whole, **state}


def export(config: TrainConfig, trainer: L.Trainer, module: PoseModule) -> Path:
    """Write the trained model as a Hugging Face folder; every rank takes part, rank 0 writes.

    Where a best checkpoint is asked for and it is not the last one, that is what is written.
    """
    callback = next((one for one in trainer.checkpoint_callbacks if isinstance(one, Checkpoints)), None)
    if callback is not None and callback.best and (best := callback.best_folder):
        if trainer.is_global_zero:
            print(f"exported is {best}, where {callback.metric} was lowest ({callback.best.value:.4g})", flush=True)
        return export_best(config, trainer, best)
    folder = config.output_dir / "hf"
    # Gathering is collective: a rank that stays away leaves the others waiting for ever.
    state = full_state(trainer, module)
    if trainer.is_global_zero:
        total, trainable = count_parameters(module.llava.parameters())
        write_checkpoint(
            folder,
            alone=True,  # the folder is this run's
            state=merged(state, config.adapter),
            config=module.llava.config,
            processor=processor_of(config),
            dtype=getattr(torch, config.model.dtype.value),
            base=resolve_base(config.model.base),
        )
        print(f"{config.data.name}: {trainable:,} of {total:,} parameters trained; checkpoint {folder}")
        say_own(module.llava.config)
    # Nobody goes on to read the folder before it is there.
    trainer.strategy.barrier()
    return folder


def export_best(config: TrainConfig, trainer: L.Trainer, best: Path) -> Path:
    """Write a run's best checkpoint as its Hugging Face folder: rank 0 reads it, the others wait."""
    folder = config.output_dir / "hf"

    def write() -> None:
        export_trained(best, folder, config, alone=True)

    together(joined(trainer), f"export of {best}", write, first_only=True)
    return folder


def full_state(trainer: L.Trainer, module: PoseModule) -> dict[str, Tensor]:
    """The whole model's parameters under the module tree's names, gathered where the strategy partitions them."""
    strategy = trainer.strategy
    if isinstance(strategy, DeepSpeedStrategy) and strategy.zero_stage_3:
        # Rank 0 gets all, the others nothing; names carry the module's own "llava." in front.
        state = strategy.deepspeed_engine._zero3_consolidated_16bit_state_dict() or {}
        return {name.partition("llava.")[2]: value for name, value in state.items() if "llava." in name}
    if isinstance(strategy, ModelParallelStrategy):
        # To the CPU as it is gathered: whole, the model need not fit beside its shard on one GPU.
        options = StateDictOptions(full_state_dict=True, cpu_offload=True)
        gathered: dict[str, Any] = get_model_state_dict(module.llava, options=options)
        return gathered
    return plain_state(module.llava)
