"""What a training checkpoint holds of the model, whatever strategy wrote it, in one process and without a GPU.

A file is Lightning's own (``single``, ``ddp``); a folder with ``.metadata`` is torch's distributed checkpoint
(``fsdp2``); one with ``latest`` or ``checkpoint/`` is DeepSpeed's, of which the float32 masters are read. A folder with
a ``manifest.json`` names the one of these that lies inside.
"""

import io
import pickle
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from llavapose.bars import quietly
from llavapose.errors import CheckpointError, LlavaPoseError
from llavapose.manifest import MANIFEST, checkpoints_in
from llavapose.training.checkpoints.ranks import Ranks
from llavapose.training.checkpoints.resume import damage

_MODULE = "llava."
_UNREADABLE = (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, LookupError, TypeError)
_UNREADABLE += (AttributeError, ImportError, AssertionError)
"""What readers stumble over in files that are cut off, damaged or something else."""


@dataclass(frozen=True, kw_only=True)
class Trained:
    """The weights of a checkpoint, by their names in the module tree, and the optimizer steps behind them."""

    state: dict[str, Tensor]
    step: int


def read_trained(checkpoint: Path) -> Trained:
    """Read a training checkpoint's weights.

    Args:
        checkpoint: file or folder.

    Raises:
        CheckpointError: it is not there, is none, or cannot be read.
    """
    place = _inside(checkpoint)
    with _told(checkpoint):
        if place.is_file():
            holder = torch.load(place, map_location="cpu", mmap=True, weights_only=False)
            state, step = holder["state_dict"], holder["global_step"]
        elif (place / ".metadata").is_file():
            state, step = _distributed(place)
        elif (place / "latest").is_file() or (place / "checkpoint").is_dir():
            state, step = _deepspeed(place)
        else:
            raise CheckpointError(
                f"checkpoint {checkpoint}: no training checkpoint; expected a file or folder that train.py leaves in "
                "<output_dir>/checkpoints"
            )
        named = {name.partition(_MODULE)[2]: value for name, value in state.items() if _MODULE in name}
    if not named:
        raise CheckpointError(f"checkpoint {checkpoint}: no weights of a model in it; name a checkpoint of train.py")
    return Trained(state=named, step=int(step))


def _inside(checkpoint: Path) -> Path:
    """The strategy's own file or folder."""
    if not checkpoint.exists():
        raise CheckpointError(f"checkpoint {checkpoint}: no such file or folder; see <output_dir>/checkpoints")
    if (checkpoint / "config.json").is_file():
        raise CheckpointError(f"checkpoint {checkpoint}: a Hugging Face folder already; there is nothing to export")
    if not (checkpoint / MANIFEST).is_file():
        if (checkpoint.parent / MANIFEST).is_file():  # the state inside a whole checkpoint: proven like that
            if (state := _inside(checkpoint.parent)) != checkpoint:
                raise CheckpointError(
                    f"checkpoint {checkpoint}: no state of {checkpoint.parent.name}; name that folder"
                )
            return state
        return checkpoint
    one = next((one for one in checkpoints_in(checkpoint.parent) if one.folder.name == checkpoint.name), None)
    fault = one.fault or damage(one, Ranks()) if one else "its folder has another name than step-000500"
    if one is None or fault:
        raise CheckpointError(f"checkpoint {checkpoint}: {fault}; name another one")
    return one.state


def _deepspeed(folder: Path) -> tuple[dict[str, Any], int]:
    with quietly():
        from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint

    tag = None if (folder / "latest").is_file() else "checkpoint"
    name = (folder / "latest").read_text(encoding="utf-8").strip() if tag is None else tag
    # Each weight is put together from the ranks' shares when it is asked for.
    with quietly(), redirect_stdout(io.StringIO()):
        lazy: Any = get_fp32_state_dict_from_zero_checkpoint(str(folder), tag=tag, lazy_mode=True)
    first = sorted((folder / name).glob("*_model_states.pt"))[0]
    facts = torch.load(first, map_location="cpu", mmap=True, weights_only=False)
    return {key: value.contiguous() for key, value in lazy.items()}, facts["global_step"]


def _distributed(folder: Path) -> tuple[dict[str, Any], int]:
    from torch.distributed.checkpoint.default_planner import _EmptyStateDictLoadPlanner
    from torch.distributed.checkpoint.filesystem import FileSystemReader
    from torch.distributed.checkpoint.state_dict_loader import _load_state_dict

    holder: dict[str, Any] = {}
    planner = _EmptyStateDictLoadPlanner(keys={"state_dict"})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="torch.distributed is unavailable or uninitialized")
        # One process reads, also where it is a rank of a run: the others would be waited for.
        _load_state_dict(holder, storage_reader=FileSystemReader(folder), planner=planner, no_dist=True)
    return holder["state_dict"], torch.load(folder / "meta.pt", map_location="cpu", weights_only=False)["global_step"]


@contextmanager
def _told(checkpoint: Path) -> Iterator[None]:
    try:
        yield
    except LlavaPoseError:
        raise
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())[:150] or type(error).__name__
        raise CheckpointError(f"checkpoint {checkpoint}: cannot be read ({reason}); name another one") from None
