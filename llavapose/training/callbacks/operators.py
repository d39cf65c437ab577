"""What torch.profiler saw of a step: the costliest operators, and communication that nothing else ran beside."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.training.callbacks.timeline import Span

Interval = tuple[float, float]
"""Start and end in seconds."""

_COMMUNICATION = re.compile(r"^(gloo:|nccl:|mpi:|ncclDevKernel|ncclKernel|void nccl)", re.IGNORECASE)
"""Names of collectives: gloo's on the CPU, nccl's kernels on a GPU."""
ANCHOR = "llavapose: start"
"""Name of the mark by which torch's clock and the timeline's are laid over each other."""


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An operator of torch, or a kernel on a GPU."""

    name: str
    seconds: float
    calls: int


def operators(profiler: Any, most: int) -> list[Operator]:
    """Those with the most time of their own, without what they call."""
    found = []
    for one in profiler.key_averages():
        on_gpu = one.device_type.name == "CUDA"
        own = one.self_device_time_total if on_gpu else one.self_cpu_time_total
        if one.key != ANCHOR and not one.is_user_annotation:
            found.append((on_gpu, Operator(name=one.key, seconds=own / 1e6, calls=one.count)))
    # Where there are kernels, the host's time is not what a step waits for.
    any_gpu = any(on_gpu for on_gpu, _ in found)
    kept = [one for on_gpu, one in found if on_gpu == any_gpu]
    return sorted(kept, key=lambda one: -one.seconds)[:most]


def exposed(profiler: Any, spans: Sequence[Span]) -> dict[str, float]:
    """Stage -> seconds of communication in it while nothing was computed: waiting for other ranks is part of it.

    Args:
        profiler: one that ran over these spans, with a mark called ``ANCHOR`` at their start.
        spans: of a timeline.
    """
    events = list(profiler.events())
    anchors = [one.time_range.start for one in events if one.name == ANCHOR and one.device_type.name == "CPU"]
    if not anchors:
        return {}
    talking, computing, kernels = [], [], []
    for one in events:
        interval = ((one.time_range.start - anchors[0]) / 1e6, (one.time_range.end - anchors[0]) / 1e6)
        on_gpu = one.device_type.name == "CUDA"
        if _COMMUNICATION.match(one.name):
            talking.append(interval)
        elif on_gpu and not one.is_user_annotation:
            kernels.append(interval)
        elif not on_gpu and one.name.startswith("aten::"):
            computing.append(interval)
    alone = without(union(talking), union(kernels or computing))
    found: dict[str, float] = {}
    for span in spans:
        inside = sum(max(0.0, min(end, span.end_s) - max(start, span.start_s)) for start, end in alone)
        found[span.stage] = found.get(span.stage, 0.0) + inside
    return found


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The same moments, in intervals that do not meet, in order."""
    found: list[Interval] = []
    for start, end in sorted(intervals):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        elif end > start:
            found.append((start, end))
    return found


def without(intervals: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """What of the first ones none of the second ones covers; both as ``union`` gives them."""
    found = []
    for start, end in intervals:
        for other_start, other_end in taken:
            if other_end <= start or other_start >= end:
                continue
            if other_start > start:
                found.append((start, other_start))
            start = max(start, other_end)
        if end > start:
            found.append((start, end))
    return found
