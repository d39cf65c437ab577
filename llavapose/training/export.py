"""From a trained model, or a training checkpoint of whatever strategy, to a Hugging Face folder."""

from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from torch import Tensor
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict

from llavapose.config.schema import TrainConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.model.llava import count_parameters
from llavapose.model.pretrained import load_processor, write_checkpoint
from llavapose.training.adapters import merged, plain_state
from llavapose.training.module import PoseModule


def export(config: TrainConfig, trainer: L.Trainer, module: PoseModule) -> Path:
    """Write the trained model as a Hugging Face folder; every rank takes part, rank 0 writes."""
    folder = config.output_dir / "hf"
    # Gathering is collective: a rank that stays away leaves the others waiting for ever.
    state = full_state(trainer, module)
    if trainer.is_global_zero:
        total, trainable = count_parameters(module.llava.parameters())
        write_checkpoint(
            folder,
            state=merged(state, config.adapter),
            config=module.llava.config,
            processor=load_processor(config.model.base, chat_template=CHAT_TEMPLATE),
            dtype=getattr(torch, config.model.dtype.value),
        )
        print(f"{config.data.name}: {trainable:,} of {total:,} parameters trained; checkpoint {folder}")
    # Nobody goes on to read the folder before it is there.
    trainer.strategy.barrier()
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
