"""Runs commands as process trees of their own: output visible as it comes, all of them ended when this one is.

Each tree stands behind a guard (``guard.py``), which ends it when this process is gone, even by ``kill -9``.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from llavapose.owner import SWEEP
from llavapose.sweep import guard

_GUARD = (sys.executable, str(Path(guard.__file__)))
_PROGRESS_EVERY_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command line and the name that its output is marked with."""

    name: str
    words: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How a command ended: exit code (negative: the signal that ended it) and seconds."""

    exit_code: int
    seconds: float


def run_all(
    commands: Sequence[Command],
    *,
    at_once: int,
    done: Callable[[int, Ended], None],
    start: Callable[[int], None] = lambda index: None,
) -> None:
    """Run every command, ``at_once`` at the same time, started in order; a failure stops none of the others.

    Args:
        commands: what to run.
        at_once: processes at the same time. One alone writes straight to this terminal; of several, each line is
            marked with its command's name, and each gets its share of the cores.
        done: called with a command's index and its end, as soon as it ends, by the caller's own thread.
        start: called with a command's index just before it starts.
    """

    def run(index: int) -> Ended:
        start(index)
        return _run(commands[index], at_once, trees)

    trees = _Trees()
    with _terminated_as_interrupted(), ThreadPoolExecutor(max_workers=at_once) as pool:
        try:
            futures = {pool.submit(run, index): index for index in range(len(commands))}
            for future in as_completed(futures):
                done(futures[future], future.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            trees.end()
            raise


class _Trees:
    """The process groups that are running now."""

    def __init__(self) -> None:
        # Process -> the end of its guard's pipe that only this process holds.
        self._running: dict[subprocess.Popen[bytes], int] = {}
        self._lock = threading.Lock()
        self._ended = False

    def start(self, words: Sequence[str], env: dict[str, str], piped: bool) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._ended:
                return None
            pipe = subprocess.PIPE if piped else None
            watched, held = os.pipe()
            try:
                process = subprocess.Popen(
                    (*_GUARD, str(watched), *words), env=env, stdout=pipe, stderr=subprocess.STDOUT if piped else None,
                    start_new_session=True, pass_fds=(watched,),
                )  # fmt: skip
            except BaseException:
                os.close(held)
                raise
            finally:
                os.close(watched)
            self._running[process] = held
            return process

    def forget(self, process: subprocess.Popen[bytes]) -> None:
        with self._lock:
            os.close(self._running.pop(process))

    def end(self) -> None:
        """Ask every tree to end, then make it."""
        with self._lock:
            self._ended = True
            running = list(self._running)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for process in running:
                _signal_tree(process, number)
            limit = time.monotonic() + guard.GRACE_S
            for process in running:
                try:
                    process.wait(timeout=max(0.1, limit - time.monotonic()))
                except subprocess.TimeoutExpired:
                    continue


def _signal_tree(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):  # the whole tree has ended
        os.killpg(process.pid, number)


def _run(command: Command, at_once: int, trees: _Trees) -> Ended:
    env = {**os.environ, SWEEP: str(os.getpid())}
    if at_once > 1:
        env["OMP_NUM_THREADS"] = str(max(1, len(os.sched_getaffinity(0)) // at_once))
    start = time.monotonic()
    process = trees.start(command.words, env, piped=at_once > 1)
    if process is None:
        return Ended(exit_code=-signal.SIGTERM, seconds=0.0)
    try:
        if process.stdout is not None:
            with process.stdout:
                _relay(process.stdout, command.name)
        exit_code = process.wait()
        _signal_tree(process, signal.SIGKILL)  # a rank that outlives its parent would hold its port and memory
    finally:
        trees.forget(process)
    return Ended(exit_code=exit_code, seconds=round(time.monotonic() - start, 1))


def _relay(stream: IO[bytes], name: str) -> None:
    """Print each line behind its command's name; of a progress bar's many states, one every few seconds."""
    last = 0.0
    for text, is_progress in _lines(stream):
        now = time.monotonic()
        if is_progress and now - last < _PROGRESS_EVERY_S:
            continue
        last = now if is_progress else last
        # One write a line: print would write the line break apart, and another job's line could come between.
        sys.stdout.write(f"[{name}] {text}\n")
        sys.stdout.flush()


def _lines(stream: IO[bytes]) -> Iterator[tuple[str, bool]]:
    """(line, whether it ended as a progress bar's state does: with a carriage return)."""
    rest = b""
    while chunk := os.read(stream.fileno(), 65536):
        *ended, rest = (rest + chunk).replace(b"\r\n", b"\n").replace(b"\r", b"\r\n").split(b"\n")
        for line in ended:
            text = line.rstrip(b"\r").decode("utf-8", "replace")
            if text.strip():
                yield text, line.endswith(b"\r")
    if rest.strip():
        yield rest.decode("utf-8", "replace"), False


@contextmanager
def _terminated_as_interrupted() -> Iterator[None]:
    """Turn SIGTERM into KeyboardInterrupt, so that ending this process ends the trees too."""

    def interrupt(number: int, frame: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
