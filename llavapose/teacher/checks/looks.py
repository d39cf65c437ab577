"""What one sample is found to be, whatever others there are: claims, leaks, prints of its texts; of many, in processes.

A look costs a thousand times what it takes to count it, and hangs on no other sample: several processes look, and what
they see comes back in the samples' order, so that their number changes nothing.
"""

import ctypes
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, islice
from multiprocessing import active_children, get_context, parent_process

from llavapose.errors import LlavaPoseError
from llavapose.pose.claims.extract import has_unread
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Sample, Scene
from llavapose.teacher.checks.duplicates import Print, print_of
from llavapose.teacher.checks.findings import Finding, check_conversation

ALONE = 1_000
"""Samples that are looked at in this process before others are started, which takes as long as some hundred looks."""
AT_ONCE, CHARS_AT_ONCE = 64, 500_000
"""Samples, and about how many characters of them, that a process is given at a time."""
AHEAD = 3
"""Such portions a process that are under way: all that is held of a set."""

PR_SET_PDEATHSIG = 1
"""Of Linux's prctl: the signal that a process gets when its parent ends."""

Seen = tuple[Sample, Scene | None]
"""A sample with its annotated picture; None where that is not known."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """What was seen in one sample.

    Attributes:
        prints: of its turns; of questions only where they were asked for, else None.
        leaks: the kind of each leak.
        supported, contradicted, unverifiable: claims.
        unread: whether an answer that is checked has a sentence too long to be read.
    """

    prints: tuple[Print | None, ...]
    leaks: tuple[str, ...] = ()
    supported: int = 0
    contradicted: int = 0
    unverifiable: int = 0
    unread: bool = False

    @property
    def answers(self) -> tuple[Print, ...]:
        """The prints of the answers."""
        return tuple(one for one in self.prints[1::2] if one is not None)


def looked_through(seen: Iterable[Seen], *, questions: bool = False, processes: int = 1) -> Iterator[tuple[Seen, Look]]:
    """Yield each sample with the look at it, in order.

    Args:
        seen: samples; a portion of them is held at a time.
        questions: whether questions get a print too.
        processes: that look, beside this one, which hands out and takes in; 1: this one alone.

    Raises:
        LlavaPoseError: a process was ended from outside.
    """
    rest, look = iter(seen), partial(_look, questions=questions)
    for one in islice(rest, ALONE) if processes > 1 else rest:
        yield one, look(one)
    if processes > 1:
        yield from _in_processes(rest, look, processes)


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def finding_of(sample: Sample, scene: Scene | None) -> Finding:
    """All that is found in one sample."""
    return check_conversation(sample.turns, scene, _facts(scene) if scene is not None else ())


_facts = lru_cache(maxsize=4096)(scene_facts)


def _look(seen: Seen, *, questions: bool) -> Look:
    sample, finding = seen[0], finding_of(*seen)
    return Look(
        prints=tuple(print_of(turn.text) if questions or at % 2 else None for at, turn in enumerate(sample.turns)),
        leaks=tuple(found.leak.kind for found in finding.leaks),
        supported=finding.num_supported,
        contradicted=finding.num_contradicted,
        unverifiable=finding.num_unverifiable,
        unread=seen[1] is not None and any(has_unread(turn.text) for turn in sample.turns[1::2]),
    )


def _in_processes(seen: Iterator[Seen], look: "partial[Look]", processes: int) -> Iterator[tuple[Seen, Look]]:
    portions = _portions(seen)
    first = next(portions, None)
    if first is None:
        return
    # Not forked: a bar's thread may be running here, and a fork would copy its locks.
    pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"), initializer=_serve)
    under_way: deque[tuple[list[Seen], Future[list[Look]]]] = deque()
    others = set(active_children())
    try:
        for portion in chain((first,), portions):
            under_way.append((portion, _given(pool, portion, look)))
            if len(under_way) >= AHEAD * processes:
                yield from _told(*under_way.popleft())
        while under_way:
            yield from _told(*under_way.popleft())
    except BrokenProcessPool:
        raise LlavaPoseError(
            "a process that looks at samples was ended from outside, perhaps for want of memory; free some, start again"
        ) from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        if under_way:  # stopped in the middle: one that is busy hears nothing else
            for worker in set(active_children()) - others:
                worker.kill()


def _given(pool: ProcessPoolExecutor, portion: list[Seen], look: "partial[Look]") -> "Future[list[Look]]":
    try:
        return pool.submit(_look_at, portion, look)
    except OSError as error:  # a pool that is found broken while it hands out has closed its pipes already
        raise BrokenProcessPool(str(error)) from None


def _portions(seen: Iterator[Seen]) -> Iterator[list[Seen]]:
    portion, chars = list[Seen](), 0
    for one in seen:
        portion.append(one)
        chars += sum(len(turn.text) for turn in one[0].turns)
        if len(portion) == AT_ONCE or chars >= CHARS_AT_ONCE:
            yield portion
            portion, chars = [], 0
    if portion:
        yield portion


def _told(portion: list[Seen], looks: "Future[list[Look]]") -> Iterator[tuple[Seen, Look]]:
    yield from zip(portion, looks.result(), strict=True)


def _look_at(portion: list[Seen], look: "partial[Look]") -> list[Look]:
    return [look(one) for one in portion]


def _serve() -> None:
    """A process of the pool: Ctrl-C is its parent's to answer, and without its parent it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":  # also while a regular expression holds the interpreter, which stops the thread below
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()
