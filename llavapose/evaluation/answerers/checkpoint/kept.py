"""Pictures that come again are read once: the probe shows each with its own statements, and shuffled with another's."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import torch

from llavapose.evaluation.answerers.checkpoint.generation import Prefix, Read, read_prefixes

MOST_BYTES = 2**30
"""Of keys and values that are kept, where the model is: 2,000 pictures of the tiny model, three of a 7B in bfloat16."""


class KeptReads:
    """``read_prefixes`` for one model, that keeps what it has read while there is room.

    A prefix is told by what it holds, token ids and pixels, and not by a file's name. Each is read alone, so that its
    keys and values are the same bits whatever was kept before: a run that goes on behind a kill weighs as one that
    was not killed.

    Args:
        most_bytes: of keys and values. What no longer fits is read anew each time; nothing is thrown out for it, for
            passes over the same pictures would always throw out what comes next.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._kept: dict[bytes, Read] = {}
        self.num_bytes = 0

    def __call__(self, model: Any, prefixes: Sequence[Prefix], batch_size: int) -> dict[Prefix, Read]:
        """Keys and values of each; the number at once is always one."""
        return {prefix: self._read(model, prefix) for prefix in prefixes}

    def _read(self, model: Any, prefix: Prefix) -> Read:
        key = content(prefix)
        if key in self._kept:
            return self._kept[key]
        (found,) = read_prefixes(model, [prefix], 1).values()
        size = sum(one.numel() * one.element_size() for layer in found.cached for one in layer)
        if self.num_bytes + size <= self._most_bytes:
            self._kept[key] = found
            self.num_bytes += size
        return found


def content(prefix: Prefix) -> bytes:
    """A hash of token ids and of all that the model is given with them."""
    told = sha256(repr(prefix.ids).encode())
    for name, value in sorted(prefix.inputs.items()):
        told.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        told.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return told.digest()
