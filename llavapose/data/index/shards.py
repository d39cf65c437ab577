"""Work cut in pieces: done by several processes, each piece kept when it is done, all of it by one run at a time.

A run that is killed leaves the pieces that were done; the next one does the others.
"""

import fcntl
import os
import shutil
import signal
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from tqdm import tqdm

from llavapose.data.index.table import remove_unfinished
from llavapose.files import atomic_write

MAX_PROCESSES = 16
"""More wait for the disk and not for each other."""

Task = TypeVar("Task")
Found = TypeVar("Found")
Arrays = Mapping[str, np.ndarray]


def once(folder: Path, find: Callable[[], Found | None], make: Callable[[Path], Found], *, what: str) -> Found:
    """What ``find`` finds, made where it is missing; whoever comes meanwhile waits, then finds it.

    Where a disk keeps no locks several make it, of the same pieces, and the first to end removes these: the others then
    take what it has made.

    Args:
        folder: what is made; its lock and its pieces lie beside it.
        find: the finished thing, or None.
        make: makes it; called with the folder for its pieces.
        what: what it is, for the message of those who wait.
    """
    if (found := find()) is not None:
        return found
    parts = folder.with_name(f"{folder.name}.parts")
    with _locked(folder.with_name(f".{folder.name}.lock"), what=what) as alone:
        if (found := find()) is not None:
            return found
        if alone:
            remove_unfinished(folder)
        try:
            found = make(parts)
        except FileNotFoundError:
            # Its pieces are gone: another has ended, with all of it or with what is wrong with it, which is said again.
            found = find()
            found = make(parts) if found is None else found
        forget(parts)
        return found


@contextmanager
def _locked(path: Path, *, what: str) -> Iterator[bool]:
    """Hold a file's lock, which the kernel gives back however a process ends; false where the disk keeps none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as stream:
        alone = True
        try:
            fcntl.lockf(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            print(f"{what}: another process is at it; waiting", flush=True)
            fcntl.lockf(stream, fcntl.LOCK_EX)
        except OSError:
            alone = False
        yield alone


def do_all(
    folder: Path, tasks: Sequence[Task], work: Callable[[Task], Arrays], *, what: str, processes: int | None = None
) -> Iterator[Arrays]:
    """The pieces' arrays in the order of the tasks, those that an earlier run left not done again.

    Args:
        folder: where pieces are kept meanwhile, one ``.npz`` each.
        tasks: plain values, the same in every run that goes on in this folder.
        work: a function of a module, which new processes can import.
        what: for the progress bar.
        processes: most of them; None: as many as there are cores, at most 16. One piece is done in this process.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{number:06}.npz" for number in range(len(tasks))]
    left = [number for number, path in enumerate(paths) if not path.exists()]
    bar = tqdm(total=len(tasks), initial=len(tasks) - len(left), desc=what, unit="piece", disable=len(tasks) < 2)
    most = min(processes or num_cores(), MAX_PROCESSES, len(left))
    with bar:
        if most <= 1:
            for number in left:
                _keep(paths[number], tasks[number], work)
                bar.update()
        else:
            _in_processes(most, [(paths[number], tasks[number], work) for number in left], bar)
    for path, task in zip(paths, tasks, strict=True):
        try:
            yield _read(path)
        except (zipfile.BadZipFile, ValueError, EOFError):
            # Damaged since an earlier run kept it. One that is gone is another process's doing: see ``once``.
            _keep(path, task, work)
            yield _read(path)


def _read(path: Path) -> dict[str, np.ndarray]:
    with path.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
        return dict(found)


def forget(folder: Path) -> None:
    """Remove pieces, once what they were for is there."""
    shutil.rmtree(folder, ignore_errors=True)


def _in_processes(most: int, jobs: Sequence[tuple[Any, ...]], bar: Any) -> None:
    # Not forked: threads of torch and of tokenizers may be running here, and a fork would copy their locks.
    pool = ProcessPoolExecutor(most, mp_context=get_context("spawn"), initializer=_serve)
    try:
        for done in as_completed([pool.submit(_keep, *job) for job in jobs]):
            done.result()
            bar.update()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()


def _keep(path: Path, task: Task, work: Callable[[Task], Arrays]) -> None:
    with atomic_write(path, "wb") as stream:
        np.savez(stream, allow_pickle=False, **work(task))


def _serve() -> None:
    """A process of the pool: Ctrl-C is its parent's to answer, and without its parent it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # there is a process a core already
    parent = parent_process()
    assert parent is not None
    threading.Thread(target=lambda: (parent.join(), os._exit(1)), daemon=True).start()


def num_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
