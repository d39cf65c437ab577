"""Each rank's random states, kept with a checkpoint: what is drawn after it is drawn again."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch


def file_name(rank: int) -> str:
    """Where a rank's states lie in a checkpoint's folder."""
    return f"rng-{rank}.pt"


def write_states(path: Path) -> None:
    """Write the states of Python, NumPy, torch and, where there is one, this rank's GPU."""
    kind, keys, position, has_gauss, gauss = np.random.get_state(legacy=True)
    states: dict[str, Any] = {
        "python": random.getstate(),
        "numpy": (kind, [int(key) for key in keys], position, has_gauss, gauss),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }
    with path.open("wb") as stream:
        torch.save(states, stream)


def restore_states(path: Path) -> None:
    """Go back to the states that ``write_states`` wrote."""
    states = torch.load(path, map_location="cpu", weights_only=True)
    random.setstate(states["python"])
    kind, keys, *rest = states["numpy"]
    np.random.set_state((kind, np.array(keys, dtype=np.uint32), *rest))
    torch.set_rng_state(states["torch"])
    if states["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])
