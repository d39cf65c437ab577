"""Times, memory and size of a checkpoint that answers: the values of ``efficiency/<arm>.json``."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any

import torch

_GB = 1e9


@dataclass(frozen=True, kw_only=True)
class Timed:
    """One question alone: seconds to its first token, seconds in all, tokens."""

    first_token_s: float
    answer_s: float
    num_tokens: int


def time_alone(write: Callable[[int], int], device: torch.device, most: int) -> Timed:
    """Ask twice: for one token, and for the answer.

    Args:
        write: answers with at most so many tokens, from the picture file on; returns how many.
        device: whose work is waited for.
        most: tokens of the longest answer.
    """
    first, _ = _seconds(write, device, 1)
    whole, num = _seconds(write, device, most)
    return Timed(first_token_s=first, answer_s=whole, num_tokens=num)


def _seconds(write: Callable[[int], int], device: torch.device, most: int) -> tuple[float, int]:
    start = time.perf_counter()
    num = write(most)
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - start, num


def alone_told(timed: list[Timed]) -> dict[str, Any]:
    """Medians over the questions; tokens a second behind the first, over those that have more than one."""
    behind = [
        (one.num_tokens - 1) / (one.answer_s - one.first_token_s)
        for one in timed
        if one.num_tokens > 1 and one.answer_s > one.first_token_s
    ]
    return {
        "first_token_s": median(one.first_token_s for one in timed),
        "tokens_per_s": median(behind) if behind else None,
        "answer_s": median(one.answer_s for one in timed),
        "num_timed": len(timed),
    }


def model_told(model: Any, device: torch.device, dtype: str | None) -> dict[str, Any]:
    """Of the machine and the weights."""
    names = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    return {
        "device": names,
        "dtype": dtype or str(model.dtype).removeprefix("torch."),
        "num_parameters": model.num_parameters(),
        "peak_memory_gb": peak_memory(device),
    }


def peak_memory(device: torch.device) -> float:
    """Gigabytes: what the GPU's tensors took at most, or this process on a CPU."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / _GB
    # Kilobytes on Linux, bytes on a Mac.
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024) / _GB
