"""Several devices answer side by side: a process and a copy of the model each, groups of questions in turn.

A group is what one device answers together, whatever their number, so that the answers are those of one device; each
question is in one group, and the groups' answers come in the order of the questions.
"""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.records import Answer, Question

AHEAD = 2
"""Groups that lie ready for each device: it never waits for the slowest, and a stopped run loses few."""

Answering = Callable[[Sequence[Question], Path, str], list[Answer]]

_answering: Answering | None = None
"""Of a worker's process: its copy of the model."""


def devices_of(device: str | None, num: int) -> tuple[str, ...]:
    """The names of so many devices: GPUs where there are any, else processes on the CPU.

    Args:
        device: one by name; None takes what there is.
        num: how many.

    Raises:
        ConfigError: fewer GPUs are here.
    """
    if device is not None:
        kind, _, index = device.partition(":")
        return (device,) if num == 1 else tuple(kind if kind == "cpu" else f"{kind}:{at + int(index or 0)}"
                                                for at in range(num))  # fmt: skip
    there = torch.cuda.device_count()
    if there and num > there:
        raise ConfigError(f"answerer.devices is {num}; {there} GPUs are here; expected at most as many")
    return tuple(f"cuda:{at}" for at in range(num)) if there else ("cpu",) * num


def side_by_side(
    make: Callable[[str], Answering],
    devices: Sequence[str],
    groups: Sequence[Sequence[Question]],
    images: Path,
    arm: str,
) -> Iterator[Answer]:
    """Every group's answers, in order.

    Args:
        make: device -> what answers a group there; must be picklable.
        devices: their names; the same one twice is two processes.
        groups: of questions.
        images: folder of their pictures.
        arm: what each answer says it is from.

    Raises:
        LlavaPoseError: what a worker found wrong, or that one died.
    """
    pools = [
        ProcessPoolExecutor(1, get_context("spawn"), initializer=_begin, initargs=(make, device, os.getpid()))
        for device in devices
    ]
    waiting: deque[Future[list[Answer]]] = deque()
    try:
        for number, group in enumerate(groups):
            if len(waiting) == AHEAD * len(pools):
                yield from _told(waiting.popleft())
            waiting.append(pools[number % len(pools)].submit(_answer, group, images, arm))
        while waiting:
            yield from _told(waiting.popleft())
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)


def _told(future: Future[list[Answer]]) -> list[Answer]:
    try:
        return future.result()
    except BrokenProcessPool:
        raise LlavaPoseError(
            "answerer.devices: the process of a device died, perhaps for want of memory; lower answerer.batch_size; "
            "the same command goes on behind the last whole group"
        ) from None


def _begin(make: Callable[[str], Answering], device: str, parent: int) -> None:
    global _answering
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    # Processes that share a CPU share its cores.
    if device == "cpu":
        torch.set_num_threads(max(1, torch.get_num_threads() // 2))
    _answering = make(device)


def _end_with(parent: int) -> None:
    """A worker whose run was killed would wait for its next group for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _answer(group: Sequence[Question], images: Path, arm: str) -> Any:
    assert _answering is not None
    return _answering(group, images, arm)
