"""Checkpoints that Lightning wrote alone, without a manifest: one file can be proven readable, shards cannot."""

import pickle
from collections.abc import Iterator
from pathlib import Path

import torch

_UNREADABLE = (pickle.UnpicklingError, RuntimeError, OSError, EOFError, ValueError, LookupError, TypeError)
_UNREADABLE += (AttributeError, ImportError)  # a class that is gone
"""What an unpickler stumbles over in a file that is cut off, damaged or something else."""


def lightning_files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Each of Lightning's checkpoints below a folder, newest first, with why it cannot be read, "" if it can."""
    for path in sorted(folder.glob("*.ckpt"), key=_written, reverse=True):
        yield path, _fault(path)


def _fault(path: Path) -> str:
    if path.is_dir():
        return "shards without a manifest may be of two steps; go on with the version that wrote them"
    try:
        # As Lightning will; mapped, so that no weight is read twice.
        torch.load(path, map_location="cpu", mmap=True, weights_only=False)
    except _UNREADABLE as error:
        return f"it cannot be read ({' '.join(str(error).split())[:150]})"
    return ""


def _written(path: Path) -> float:
    """When a checkpoint, a file or a folder of shards, was last written to."""
    return max(part.stat().st_mtime for part in [path, *path.rglob("*")])
