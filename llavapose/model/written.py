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
from llavapose.files import TINY_BASE
from llavapose.model.bases import model_class, told
from llavapose.model.renaming import published_rules

_GENERATION = "generation_config.json"


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
    if base is not None and (kept := generation_file(base)) is not None:
        shutil.copyfile(kept, folder / _GENERATION)


def _held(value: Tensor, dtype: torch.dtype) -> Tensor:
    value = value.detach().to("cpu")
    return alone(value.to(dtype) if value.is_floating_point() else value)


def generation_file(base: str) -> Path | None:
    """A base's ``generation_config.json``: which tokens end its answers; None where it has none."""
    source = str(TINY_BASE) if base == "tiny" else base
    with told(source):
        found = cached_file(
            source,
            _GENERATION,
            _raise_exceptions_for_missing_entries=False,
            _raise_exceptions_for_connection_errors=False,
        )
    return None if found is None else Path(found)
