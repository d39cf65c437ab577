"""The weights and settings of any family as its own class writes them, under the names of its published files."""

import shutil
from pathlib import Path
from typing import Any

import torch
from accelerate import init_empty_weights
from torch import Tensor
from transformers.initialization import no_init_weights
from transformers.utils.hub import cached_file

from llavapose.errors import CheckpointError
from llavapose.files import TINY_BASE, read_json, write_json
from llavapose.model.bases import model_class, told
from llavapose.model.renaming import published_rules

_GENERATION = "generation_config.json"
_PROCESSOR, _VIDEOS = "processor_config.json", "video_preprocessor_config.json"


def alone(value: Tensor) -> Tensor:
    """A tensor with memory of its own: ZeRO-2's parameters are pieces of one buffer, which no file can hold alone."""
    is_piece = value.untyped_storage().nbytes() != value.numel() * value.element_size()
    return value.clone(memory_format=torch.contiguous_format) if is_piece else value.contiguous()


def write_family(folder: Path, *, state: dict[str, Tensor], config: Any, dtype: torch.dtype, base: str | None) -> None:
    """Write weights, ``config.json`` and ``generation_config.json`` through the model's own ``save_pretrained``.

    Args:
        folder: exists.
        state: full parameters and saved buffers under the module tree's names; tied ones may be absent.
        config: of the model.
        dtype: of the weights on disk.
        base: whose ``generation_config.json`` is kept as it is; None, or it has none: what follows from ``config``.

    Raises:
        CheckpointError: weights are missing, or transformers cannot write them.
    """
    with no_init_weights(), init_empty_weights(include_buffers=True):
        model = model_class(config)._from_config(config, dtype=dtype)
    model.tie_weights()
    # Of what is tied one name remains.
    names = {name for name, _ in model.named_parameters()}
    names |= {name for name, _ in model.named_buffers()} & model.state_dict().keys()
    if missing := sorted(names - state.keys()):
        raise CheckpointError(f"checkpoint {folder}: {len(missing)} weights are missing, such as {missing[0]}")
    weights = {name: _held(state[name], dtype) for name in sorted(names)}
    # Backwards, these are the published names; a model that was not loaded knows less of them.
    model._weight_conversions = published_rules(model)
    with told(str(folder)):
        model.save_pretrained(folder, state_dict=weights, max_shard_size="5GB")
    if base is not None and (kept := _file_of(base, _GENERATION)) is not None:
        shutil.copyfile(kept, folder / _GENERATION)


def keep_videos(folder: Path, base: str) -> None:
    """Give a folder what its base says of videos, which nothing here reads: other programs do.

    Args:
        folder: with its processor.
        base: folder or hub id.
    """
    if (kept := _file_of(base, _VIDEOS)) is not None:
        shutil.copyfile(kept, folder / _VIDEOS)
    given, own = _file_of(base, _PROCESSOR), folder / _PROCESSOR
    if given is None or not own.is_file():
        return
    settings = read_json(given, what="processor").get("video_processor")
    if settings is not None:
        write_json(own, {**read_json(own, what="processor"), "video_processor": settings})


def _held(value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().to("cpu")
    return alone(value.to(dtype) if value.is_floating_point() else value)


def _file_of(base: str, name: str) -> Path | None:
    """A file of a base; None where it has none."""
    source = str(TINY_BASE) if base == "tiny" else base
    with told(source):
        found = cached_file(source, name, _raise_exceptions_for_missing_entries=False)
    return None if found is None else Path(found)
