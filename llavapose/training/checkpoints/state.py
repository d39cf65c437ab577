"""What each strategy writes of a run's state: one file, DeepSpeed's shards, or torch's distributed checkpoint.

Weights, optimizer, schedule, loops and the place in the data, as ``Trainer.fit(ckpt_path=...)`` reads them again.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.pytorch.strategies import DeepSpeedStrategy
from lightning.pytorch.strategies.model_parallel import ModelParallelStrategy
from lightning_utilities.core.apply_func import apply_to_collection
from torch import Tensor
from torch.distributed.checkpoint.state_dict_saver import async_save

from llavapose.training.checkpoints.ranks import Ranks

_META = "meta.pt"
"""Beside FSDP2's shards, where Lightning looks for everything that is no tensor."""


@dataclass(frozen=True, kw_only=True)
class Writing:
    """A state that is being written.

    Attributes:
        name: its file or folder inside the checkpoint's.
        finish: does what is left, in a thread; raises what went wrong.
        own: files that this rank has written when ``finish`` is through.
        alone: whether the first rank writes all of it: then nobody has to be asked before it gets its name.
    """

    name: str
    finish: Callable[[], None]
    own: Callable[[], list[Path]] = field(default=list)
    alone: bool = False


def write_state(trainer: L.Trainer, folder: Path, ranks: Ranks) -> Writing:
    """Begin to write a run's state below a folder; every rank calls it. From its return on, training may go on."""
    connector: Any = trainer._checkpoint_connector
    state: dict[str, Any] = connector.dump_checkpoint(weights_only=False)
    if isinstance(trainer.strategy, DeepSpeedStrategy):
        return _deepspeed(trainer.strategy, state, folder / "state")
    if isinstance(trainer.strategy, ModelParallelStrategy):
        return _distributed(state, folder / "state", ranks)
    return _one_file(state, folder / "state.ckpt", ranks)


def _one_file(state: dict[str, Any], path: Path, ranks: Ranks) -> Writing:
    if not ranks.is_first:
        return Writing(name=path.name, finish=lambda: None, alone=True)
    copied = on_host(state)  # the next step changes the weights where they lie
    return Writing(name=path.name, finish=lambda: save_file(copied, path), own=lambda: [path], alone=True)


def _distributed(state: dict[str, Any], folder: Path, ranks: Ranks) -> Writing:
    """FSDP2: torch copies each rank's shards to the host, then writes them in a thread."""
    optimizers = {f"optimizer_{number}": one for number, one in enumerate(state.pop("optimizer_states"))}
    tensors = {"state_dict": state.pop("state_dict"), **optimizers}
    rest = on_host(state)
    future: Any = async_save(tensors, checkpoint_id=folder, process_group=ranks.write)

    def finish() -> None:
        future.result()  # by now torch has made the folder
        if ranks.is_first:
            save_file(rest, folder / _META)

    return Writing(name=folder.name, finish=finish, own=lambda: sorted(folder.glob(f"__{ranks.rank}_*")))


def _deepspeed(strategy: DeepSpeedStrategy, state: dict[str, Any], folder: Path) -> Writing:
    """ZeRO: each rank writes its shards before training goes on.

    A rank that fails goes through to the end nevertheless: the others wait for it there.
    """
    own: list[Path] = []
    failed: list[BaseException] = []

    def save(state_dict: Any, path: str) -> None:
        try:
            save_file(state_dict, Path(path))
            own.append(Path(path))
        except Exception as error:
            failed.append(error)

    def finish() -> None:
        if failed:
            raise failed[0]

    writer: Any = strategy.deepspeed_engine.checkpoint_engine
    writer.save = save
    try:
        strategy.save_checkpoint(state, folder)
    finally:
        del writer.save  # the class's own again
    return Writing(name=folder.name, finish=finish, own=lambda: own)


def save_file(state: Any, path: Path) -> None:
    """Write one file through to the disk."""
    with path.open("wb") as stream:
        torch.save(state, stream)
        stream.flush()
        os.fsync(stream.fileno())


def on_host(state: Any) -> Any:
    """A copy of a state in the host's memory; names of one tensor, such as tied embeddings, stay names of one."""
    copies: dict[tuple[Any, ...], Tensor] = {}

    def copy(tensor: Tensor) -> Tensor:
        key = (tensor.device, tensor.data_ptr(), tensor.dtype, tuple(tensor.shape), tensor.stride())
        if key not in copies or not tensor.numel():
            copies[key] = tensor.detach().to("cpu", copy=True)
        return copies[key]

    return apply_to_collection(state, Tensor, copy)
