"""Strategies that Lightning leaves to be finished: ZeRO-3 on CPU ranks, and FSDP2 over every rank there is."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import MethodType
from typing import Any

import torch
from lightning.fabric.utilities.seed import reset_seed
from lightning.pytorch.plugins.precision import Precision
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from lightning.pytorch.strategies.strategy import Strategy
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard, register_fsdp_forward_method
from torch.distributed.tensor import DTensor, distribute_tensor
from transformers import PreTrainedModel
from transformers.modeling_layers import GradientCheckpointingLayer

from llavapose.bars import quietly
from llavapose.families.family import LANGUAGE, VISION
from llavapose.model.losses import token_losses
from llavapose.model.parts import adapts_vision, family_of


def import_deepspeed() -> Any:
    """The package, without what it tells of compilers and devices while it is imported."""
    with quietly():
        import deepspeed.ops
    return deepspeed


class CPUDeepSpeedStrategy(DeepSpeedStrategy):
    """DeepSpeed's ZeRO over gloo on CPU ranks: the code path of the GPU strategies, for tests and small machines.

    Args:
        stage: of ZeRO.
        offload: weights and optimizer states are moved as ``deepspeed_stage3_offload`` moves them, to where they are.
    """

    def __init__(self, stage: int = 3, offload: bool = False) -> None:
        os.environ["DS_ACCELERATOR"] = "cpu"  # read when deepspeed is imported
        # None can be compiled: DeepSpeed would look for compilers, and build for a minute an all-reduce through shared
        # memory that only inference calls.
        import_deepspeed().ops.__compatible_ops__ = {}
        # nccl needs GPUs; optimizers other than DeepSpeed's are refused unless allowed here.
        super().__init__(
            stage=stage,
            offload_optimizer=offload,
            offload_parameters=offload,
            process_group_backend="gloo",
            zero_allow_untested_optimizer=True,
        )
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


class ShardedPrecision(Precision):
    """``bf16-true`` under FSDP2: float32 shards are the masters, and what is gathered for a layer is their bfloat16.

    Lightning's own makes the shards themselves bfloat16: at a rate of 2e-5 most weights would never change.
    """

    precision: Any = "bf16-true"


class FSDP2Strategy(ModelParallelStrategy):
    """FSDP2 over all ranks of all nodes; Lightning's own default shards over nodes alone."""

    def __init__(self, *, save_distributed_checkpoint: bool = True, process_group_backend: str | None = None) -> None:
        super().__init__(
            save_distributed_checkpoint=save_distributed_checkpoint, process_group_backend=process_group_backend
        )

    @property
    def precision_plugin(self) -> Precision:
        """As Lightning's, but that no weight is made bfloat16 for good."""
        plugin = super().precision_plugin
        return ShardedPrecision() if plugin.precision == "bf16-true" else plugin

    @precision_plugin.setter
    def precision_plugin(self, precision_plugin: Precision | None) -> None:
        self._precision_plugin = precision_plugin

    def _setup_distributed(self) -> None:
        super()._setup_distributed()
        # Every rank has data of its own: no layer is cut across ranks in a second direction.
        self._data_parallel_size, self._tensor_parallel_size = self.world_size, 1


def keeps_matrices(strategy: Strategy) -> bool:
    """Whether every rank holds whole weight matrices, which Muon orthogonalises; DeepSpeed and FSDP2 cut them up."""
    return not isinstance(strategy, DeepSpeedStrategy | ModelParallelStrategy)


def is_zero3(strategy: Strategy) -> bool:
    """Whether DeepSpeed cuts up the weights themselves; stages 1 and 2 leave them whole."""
    return isinstance(strategy, DeepSpeedStrategy) and strategy.zero_stage_3


def computes_in(strategy: Strategy) -> torch.dtype:
    """The precision of the weights that a layer runs with."""
    plugin = strategy.precision_plugin.precision
    half = {"bf16-true": torch.bfloat16, "16-true": torch.float16}
    if isinstance(strategy, DeepSpeedStrategy):
        # Its engine makes all weights half for mixed precision too, and keeps float32 masters of them.
        half |= {"bf16-mixed": torch.bfloat16, "16-mixed": torch.float16}
    return half.get(str(plugin), torch.float32)


@contextmanager
def whole(parameters: Iterable[nn.Parameter]) -> Iterator[None]:
    """Parameters that ZeRO-3 has cut up are whole inside; what rank 0 makes of them is everybody's."""
    cut = [parameter for parameter in parameters if hasattr(parameter, "ds_id")]
    if not cut:
        yield
        return
    from deepspeed.runtime.zero.partition_parameters import GatheredParameters

    with GatheredParameters(cut, modifier_rank=0):
        yield


@contextmanager
def uncut(strategy: Strategy) -> Iterator[None]:
    """Parameters that are made inside are whole on every rank; DeepSpeed cuts them up when it starts."""
    if not is_zero3(strategy):
        yield
        return
    from deepspeed.runtime.zero.partition_parameters import restore_init_context, shutdown_init_context

    shutdown_init_context()
    try:
        yield
    finally:
        restore_init_context()


def fill_cut(llava: nn.Module, read: Callable[[str], Tensor], *, is_first: bool) -> None:
    """Give every parameter that ZeRO-3 has cut up its values, one at a time: rank 0 reads, each keeps its share."""
    for name, parameter in llava.named_parameters():
        with whole([parameter]), torch.no_grad():
            if is_first:
                parameter.copy_(read(name))


def fill_shards(llava: nn.Module, read: Callable[[str], Tensor], device: torch.device) -> None:
    """Give the parameters of a model that FSDP2 has sharded without memory their values: each rank reads its share."""
    empty = {name for name, parameter in llava.named_parameters() if parameter.is_meta}
    llava._apply(lambda value: torch.empty_like(value, device=device) if value.is_meta else value.to(device))
    for name, parameter in llava.named_parameters():
        if name in empty and isinstance(parameter, DTensor):
            # No rank sends: all see the same files.
            share = distribute_tensor(read(name), parameter.device_mesh, parameter.placements, src_data_rank=None)
            with torch.no_grad():
                parameter.to_local().copy_(share.to_local())


def shard(llava: PreTrainedModel, mesh: DeviceMesh, precision: str) -> None:
    """Partition a model in place with FSDP2, layer by layer; its ``token_losses`` then gathers as it goes.

    The whole model is one root unit, because input and output embeddings may be shared.

    Args:
        llava: parameters on the meta device or with their values.
        mesh: of all ranks.
        precision: Lightning's name; ``bf16-true`` gathers in bfloat16 and sums gradients in float32.
    """
    data = mesh["data_parallel"]
    half = torch.bfloat16 if precision == "bf16-true" else None
    policy = MixedPrecisionPolicy(param_dtype=half, reduce_dtype=torch.float32 if half else None)
    # A unit a layer: gathered just before it runs, freed behind it, so that one layer at a time is whole.
    for layer in _layers(llava).values():
        fully_shard(layer, mesh=data, mp_policy=policy)
    fully_shard(llava, mesh=data, mp_policy=policy)
    holder: Any = llava
    holder.token_losses = MethodType(token_losses, llava)
    # FSDP2 gathers the root's weights only in its forward; ours is another method.
    register_fsdp_forward_method(llava, "token_losses")


def gather_by_layer(llava: PreTrainedModel) -> None:
    """Have ZeRO-3 gather a layer at once, as FSDP2 does, and not each of its parts.

    It runs Python code around every module that it gathers for, a thousand of them in a 7B: more time than a GPU needs.
    """
    from deepspeed.utils import set_z3_leaf_module

    # Nothing that goes into the vision encoder's first layer has a gradient, by which DeepSpeed tells where a whole
    # layer's backward pass ends: an encoder with adapters is gathered part by part.
    language = f"{family_of(llava).language}."
    adapted = adapts_vision(llava)
    for name, layer in _layers(llava).items():
        if not adapted or name.startswith(language):
            set_z3_leaf_module(layer, True)
    for module in llava.modules():
        if isinstance(module, nn.MultiheadAttention):
            # It reads its output layer's weights without calling that: nobody would gather them.
            set_z3_leaf_module(module, True)


def _layers(llava: PreTrainedModel) -> dict[str, nn.Module]:
    """The layers of the vision encoder and of the language model, by name."""
    part_of = family_of(llava).part_of
    found: dict[str, nn.Module] = {}
    for name, one in llava.named_modules():
        # What transformers computes again going backwards is a layer, in every family.
        is_layer = isinstance(one, GradientCheckpointingLayer) and part_of(name) in (VISION, LANGUAGE)
        if is_layer and not any(name.startswith(f"{outer}.") for outer in found):
            found[name] = one
    return found


def losses_of(llava: PreTrainedModel) -> Callable[..., Tensor]:
    """``token_losses`` of a model, sharded or not."""
    return getattr(llava, "token_losses", None) or partial(token_losses, llava)
