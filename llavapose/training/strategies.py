"""Strategies that Lightning leaves to be finished: ZeRO-3 on CPU ranks, and FSDP2 over every rank there is."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import MethodType
from typing import Any

import torch
from lightning.fabric.utilities.seed import reset_seed
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from lightning.pytorch.strategies.strategy import Strategy
from torch import Tensor
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard, register_fsdp_forward_method
from transformers import LlavaForConditionalGeneration

from llavapose.errors import ConfigError
from llavapose.model.batch import Batch
from llavapose.model.llava import token_losses


class CPUDeepSpeedStrategy(DeepSpeedStrategy):
    """DeepSpeed's ZeRO over gloo on CPU ranks: the code path of the GPU strategies, for tests and small machines.

    Args:
        stage: of ZeRO.

    Raises:
        ConfigError: no C++ compiler, which DeepSpeed needs to build its communication op on first use.
    """

    def __init__(self, stage: int = 3) -> None:
        if shutil.which("g++") is None:
            raise ConfigError("strategy=deepspeed_stage3_cpu: no g++ on PATH; install a C++ compiler or choose ddp")
        # Read when deepspeed is imported and when it builds the op; ninja lies in the environment's bin folder.
        os.environ["DS_ACCELERATOR"] = "cpu"
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        # nccl needs GPUs; optimizers other than DeepSpeed's are refused unless allowed here.
        super().__init__(stage=stage, process_group_backend="gloo", zero_allow_untested_optimizer=True)
        assert isinstance(self.config, dict)
        # DeepSpeed's own CPU Adam would have to be compiled first.
        self.config["zero_force_ds_cpu_optimizer"] = False

    @property
    def root_device(self) -> torch.device:
        """DeepSpeed wants an index."""
        return torch.device("cpu", self.local_rank)

    def setup_environment(self) -> None:
        """As Lightning's, without its demand for CUDA."""
        assert self.accelerator is not None
        self.accelerator.setup_device(self.root_device)
        self.setup_distributed()

    def setup_distributed(self) -> None:
        """As Lightning's, without its check of CUDA indices."""
        reset_seed()
        self.set_world_ranks()
        self._init_deepspeed_distributed()


class FSDP2Strategy(ModelParallelStrategy):
    """FSDP2 over all ranks of all nodes; Lightning's own default shards over nodes alone."""

    def __init__(self, *, save_distributed_checkpoint: bool = True, process_group_backend: str | None = None) -> None:
        super().__init__(
            save_distributed_checkpoint=save_distributed_checkpoint, process_group_backend=process_group_backend
        )

    def _setup_distributed(self) -> None:
        super()._setup_distributed()
        # Every rank has data of its own: no layer is cut across ranks in a second direction.
        self._data_parallel_size, self._tensor_parallel_size = self.world_size, 1


def keeps_matrices(strategy: Strategy) -> bool:
    """Whether every rank holds whole weight matrices, which Muon orthogonalises; DeepSpeed and FSDP2 cut them up."""
    return not isinstance(strategy, DeepSpeedStrategy | ModelParallelStrategy)


@contextmanager
def whole_weights(strategy: Strategy) -> Iterator[None]:
    """Weights that are built inside are whole on every rank, under ZeRO-3 too; DeepSpeed partitions them at its start.

    A checkpoint that is read inside Lightning's ``zero.Init`` finds tensors of size 0.
    """
    # Stages 1 and 2 cut up gradients and optimizer states, never the weights.
    if not (isinstance(strategy, DeepSpeedStrategy) and strategy.zero_stage_3):
        yield
        return
    from deepspeed.runtime.zero.partition_parameters import restore_init_context, shutdown_init_context

    shutdown_init_context()
    try:
        yield
    finally:
        restore_init_context()


def shard(llava: LlavaForConditionalGeneration, mesh: DeviceMesh) -> Callable[[Batch, Tensor], Tensor]:
    """Partition a model in place with FSDP2, layer by layer; returns ``token_losses`` of it, which gathers as it goes.

    The whole model is one root unit, because input and output embeddings may be shared.
    """
    data = mesh["data_parallel"]
    # A unit a layer: gathered just before it runs, freed behind it, so that one layer at a time is whole.
    for layer in [*llava.model.vision_tower.modules(), *llava.model.language_model.layers]:
        # By name, as transformers calls them in every family: CLIPEncoderLayer, LlamaDecoderLayer.
        if layer.__class__.__name__.endswith(("EncoderLayer", "DecoderLayer")):
            fully_shard(layer, mesh=data)
    fully_shard(llava, mesh=data)
    holder: Any = llava
    holder.token_losses = MethodType(token_losses, llava)
    # FSDP2 gathers the root's weights only in its forward; ours is another method.
    register_fsdp_forward_method(llava, "token_losses")
    return holder.token_losses
