"""One checkpoint from its first file to its name: written aside, hashed, on the disk, renamed."""

import os
import shutil
import threading
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import lightning as L

from llavapose import __version__
from llavapose.errors import DiskError
from llavapose.files import sha256
from llavapose.manifest import File, Manifest, checkpoints_in, folder_name, write_manifest
from llavapose.training.checkpoints.prune import hidden_folder
from llavapose.training.checkpoints.randomness import file_name, write_states
from llavapose.training.checkpoints.ranks import Ranks, raise_failures, together
from llavapose.training.checkpoints.state import Writing, write_state

_LIBRARIES = ("torch", "lightning", "transformers", "deepspeed")
_MOST_THREADS = 4  # SHA-256 does one to two GB/s a core; more threads than that take cores from the loaders


@dataclass(kw_only=True)
class Save:
    """A checkpoint under way; not frozen, for its thread notes what it has done.

    Attributes:
        writing: the folder that it is written to.
        final: the folder that it becomes.
        facts: the manifest's values but its files.
        thread: what is still being written and hashed.
        files: this rank's own, when the thread is through.
        sealed: whether the thread gives the checkpoint its name too.
        failed: what went wrong there.
    """

    writing: Path
    final: Path
    facts: dict[str, Any]
    thread: threading.Thread | None = None
    files: list[File] = field(default_factory=list)
    sealed: bool = False
    failed: BaseException | None = None

    @property
    def what(self) -> str:
        """How messages open."""
        return f"checkpoint {self.final}"

    @property
    def is_busy(self) -> bool:
        """Whether this rank is still writing."""
        return self.thread is not None and self.thread.is_alive()


def begin_save(trainer: L.Trainer, folder: Path, ranks: Ranks, *, run: str, samples: int) -> Save:
    """Begin to write a checkpoint; every rank calls it at the same edge. Training may go on behind it.

    Args:
        trainer: at the edge of an optimizer step.
        folder: of all checkpoints.
        ranks: all of them.
        run: the run's name, on the first rank.
        samples: trained on by this rank and, before it went on, by all.

    Raises:
        DiskError: the disk has no room, or refuses; nothing of this checkpoint is left.
    """
    step = trainer.global_step
    final = folder / folder_name(step)
    facts = _facts(trainer, run=run, samples=sum(ranks.gather(samples)))
    save = Save(writing=hidden_folder(final, run=run, how="writing"), final=final, facts=facts)
    try:
        together(ranks, save.what, lambda: _make_room(save), first_only=True)
        together(ranks, save.what, lambda: write_states(save.writing / file_name(ranks.rank)))
        state = write_state(trainer, save.writing, ranks)
    except Exception:
        abandon(save, ranks)
        raise
    save.facts["state"] = state.name
    save.sealed = state.alone
    save.thread = threading.Thread(
        target=_finish, args=(save, state, ranks.is_first), name=f"checkpoint {step}", daemon=True
    )
    save.thread.start()
    return save


def publish(save: Save, ranks: Ranks) -> Path:
    """Wait for every rank's writing; where several write, give the checkpoint its name. All call it at the same edge.

    Raises:
        DiskError, CheckpointError: a rank could not write; nothing of this checkpoint is left.
    """
    if save.thread is not None:
        save.thread.join()
    try:
        raise_failures(ranks, save.what, save.failed)
        files = [file for own in ranks.gather(save.files) for file in own]
        if not save.sealed:
            together(ranks, save.what, lambda: _seal(save, files), first_only=True)
    except Exception:
        abandon(save, ranks)
        raise
    return save.final


def abandon(save: Save, ranks: Ranks) -> None:
    """Remove what was written of a checkpoint."""
    if ranks.is_first:
        shutil.rmtree(save.writing, ignore_errors=True)


def hashed(folder: Path, paths: Iterable[Path]) -> list[File]:
    """Sizes and hashes of files, by their paths inside a folder; several at a time."""
    chosen = list(paths)
    with ThreadPoolExecutor(_MOST_THREADS) as pool:
        hashes = list(pool.map(sha256, chosen))
    return [
        File(path=path.relative_to(folder).as_posix(), size=path.stat().st_size, sha256=digest)
        for path, digest in zip(chosen, hashes, strict=True)
    ]


def _facts(trainer: L.Trainer, *, run: str, samples: int) -> dict[str, Any]:
    holder: Any = trainer
    return {
        "run": run,
        "step": trainer.global_step,
        "epoch": trainer.current_epoch,
        "samples": samples,
        "plan": holder.datamodule.order_fingerprint(),
        "strategy": type(trainer.strategy).__name__,
        "world_size": trainer.world_size,
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    found = {"llavapose": __version__}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _make_room(save: Save) -> None:
    """An empty folder to write to, on a disk that has room for another as large as the last one."""
    if save.final.exists():
        raise DiskError(f"{save.final} is there already; move it away")
    if save.writing.exists():
        shutil.rmtree(save.writing)  # a run that was killed here
    save.writing.mkdir(parents=True)
    last = next((one.manifest for one in checkpoints_in(save.final.parent) if one.manifest and not one.fault), None)
    free = shutil.disk_usage(save.writing).free
    if last is not None and last.size > free:
        raise DiskError(
            f"the disk is full: it takes {last.size / 1e9:.1f} GB and {free / 1e9:.1f} GB are free; free some space, "
            "or lower callbacks.checkpoint.keep"
        )


def _finish(save: Save, state: Writing, is_first: bool) -> None:
    try:
        state.finish()
        save.files = hashed(save.writing, state.own())
        if save.sealed and is_first:
            _seal(save, save.files)
    except BaseException as error:
        save.failed = error


def _seal(save: Save, files: list[File]) -> None:
    """Write the manifest, see that all of it is on the disk, rename."""
    known = {file.path for file in files}
    paths = [path for path in sorted(save.writing.rglob("*")) if path.is_file()]
    rest = [path for path in paths if path.relative_to(save.writing).as_posix() not in known]
    for path in rest:
        _sync(path)
    manifest = Manifest(**save.facts, files=(*files, *hashed(save.writing, rest)))
    for folder in sorted({path.parent for path in paths}, reverse=True):
        _sync(folder)
    write_manifest(save.writing, manifest)
    _sync(save.writing)
    save.writing.rename(save.final)
    _sync(save.final.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
