"""A line of time cut into stages: each moment belongs to one, the innermost that has begun.

    with: step [forward [attention] ] [loading]      begun and ended in any depth
    out:  rest | forward | attention | forward | rest | loading | rest      spans, one behind the other

On a CPU by the clock. On a GPU by CUDA events on the current stream: what the host merely hands in costs nothing there,
and where the GPU waits for the host, the wait is in the stage for which it waits.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, kw_only=True)
class Span:
    """A piece of the line, in seconds from its start."""

    stage: str
    start_s: float
    end_s: float


@dataclass(eq=False)
class Frame:
    """A stage that has begun."""

    stage: str


class Timeline:
    """Begins with the stage ``rest`` and lasts until ``spans`` is asked for.

    Args:
        device: whose time.
        rest: the stage of all moments of which nothing else is said.
    """

    def __init__(self, device: torch.device, rest: str) -> None:
        self._on_gpu = device.type == "cuda"
        self._stack = [Frame(rest)]
        self._marks: list[tuple[Any, str]] = []
        self.settle()
        self._mark()

    @property
    def num_marks(self) -> int:
        """Borders so far."""
        return len(self._marks)

    def begin(self, stage: str, within: Mapping[str, str] | None = None) -> Frame:
        """From now on; ``within``: a stage that has begun -> what this one counts as inside of it."""
        counted = [within[frame.stage] for frame in self._stack if within and frame.stage in within]
        frame = Frame(counted[0] if counted else stage)
        self._stack.append(frame)
        self._mark()
        return frame

    def end(self, frame: Frame) -> None:
        """Ends a stage, and all that began in it and was left by an exception."""
        if frame not in self._stack[1:]:
            return
        del self._stack[self._stack.index(frame) :]
        self._mark()

    def turn(self, old: str, new: str) -> None:
        """What is left of the innermost stage counts as another one, if it is this one."""
        if self._stack[-1].stage == old:
            self._stack[-1].stage = new
            self._mark()

    def spans(self) -> list[Span]:
        """All pieces, without gaps, until now."""
        self._mark()
        self.settle()
        times = [self._seconds(mark) for mark, _ in self._marks]
        return [
            Span(stage=stage, start_s=start, end_s=end)
            for (_, stage), start, end in zip(self._marks, times, times[1:], strict=False)
        ]

    def settle(self) -> None:
        """Wait for what the GPU still does."""
        if self._on_gpu:
            torch.cuda.synchronize()

    def _mark(self) -> None:
        if self._on_gpu:
            now: Any = torch.cuda.Event(enable_timing=True)
            now.record()
        else:
            now = time.perf_counter()
        self._marks.append((now, self._stack[-1].stage))

    def _seconds(self, mark: Any) -> float:
        first = self._marks[0][0]
        return first.elapsed_time(mark) / 1000 if self._on_gpu else mark - first


def seconds_of(spans: Iterable[Span]) -> dict[str, float]:
    """Stage -> its seconds in all, in the order in which stages first began."""
    found: dict[str, float] = {}
    for span in spans:
        found[span.stage] = found.get(span.stage, 0.0) + span.end_s - span.start_s
    return found
