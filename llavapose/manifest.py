"""What lies in a run's checkpoint folder, by manifests: which checkpoints are whole, without reading a weight.

checkpoints/run.json                     {"run": "3f0c91d2a4b6"}: whose folder it is
checkpoints/step-000500/manifest.json    a ``Manifest``: written last, so that a folder with one had come to its end
checkpoints/step-000500/state[.ckpt]     the strategy's own files
checkpoints/step-000500/rng-0.pt         each rank's random states
checkpoints/.step-001000.writing/        one that is being written, or was when the run was killed
"""

import contextlib
import re
from dataclasses import asdict, dataclass, fields
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from llavapose.errors import CheckpointError, DataError, named, shown
from llavapose.files import inside, read_json, write_json

FOLDER = "checkpoints"
"""Below a run's output folder."""
MANIFEST = "manifest.json"
FORMAT = 1
_NAME = re.compile(r"step-(\d{6,})")
_RUN = re.compile(r"[0-9A-Za-z]+")
"""A run's name stands in names and patterns of what is removed: it must be neither a path nor a pattern."""


@dataclass(frozen=True, kw_only=True)
class File:
    """One file of a checkpoint: its path inside, bytes and SHA-256."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a checkpoint holds, and of which run.

    Attributes:
        format: of this file.
        run: the run's own name: drawn when it began, kept when it goes on.
        step: optimizer steps behind it.
        epoch: from 0.
        samples: samples trained on.
        plan: fingerprint of the order of training.
        strategy: the strategy's class.
        world_size: ranks.
        state: path of the strategy's own file or folder inside.
        written: when, UTC.
        versions: of the libraries that read it again.
        files: all of them but this one.
    """

    format: int = FORMAT
    run: str
    step: int
    epoch: int
    samples: int
    plan: str
    strategy: str
    world_size: int
    state: str
    written: str
    versions: dict[str, str]
    files: tuple[File, ...]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A checkpoint's folder.

    Attributes:
        folder: ``step-000500``.
        step: as its name says.
        manifest: None where it cannot be read.
        fault: why it cannot be gone on from; "" where sizes and names are right.
    """

    folder: Path
    step: int
    manifest: Manifest | None
    fault: str

    @property
    def state(self) -> Path:
        """The strategy's own file or folder."""
        return self.folder / (self.manifest.state if self.manifest else "")


def folder_name(step: int) -> str:
    """The folder of a step's checkpoint."""
    return f"step-{step:06}"


def checkpoints_in(folder: Path) -> list[Checkpoint]:
    """The checkpoints below a folder, newest first, each looked at: manifest, names, sizes."""
    if not folder.is_dir():
        return []
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [_looked_at(path, step) for step, path in sorted(found, reverse=True)]


def has_checkpoint(output_dir: Path) -> bool:
    """Whether a run can be gone on with: a whole checkpoint, or a file that Lightning wrote."""
    folder = output_dir / FOLDER
    return any(not one.fault for one in checkpoints_in(folder)) or any(folder.glob("*.ckpt"))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write a checkpoint's manifest, atomically and through to the disk."""
    write_json(folder / MANIFEST, asdict(manifest))


def read_manifest(folder: Path) -> Manifest:
    """Read a checkpoint's manifest.

    Raises:
        CheckpointError: it is missing, damaged, or of another format; the message is the reason alone.
    """
    try:
        value = read_json(folder / MANIFEST, what="manifest")
    except DataError as error:
        missing = not (folder / MANIFEST).exists()
        raise CheckpointError("it has no manifest" if missing else f"its manifest is damaged ({error})") from None
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise CheckpointError(f"its manifest is not of format {FORMAT}; it is another version's")
    try:
        return _manifest(value)
    except (TypeError, ValueError, KeyError) as error:
        raise CheckpointError(f"its manifest is damaged ({error})") from None


def run_of(folder: Path) -> str:
    """The run whose checkpoints a folder holds; "" where none says so."""
    with contextlib.suppress(DataError, AttributeError):
        run = read_json(folder / "run.json", what="run").get("run", "")
        return run if isinstance(run, str) and _RUN.fullmatch(run) else ""
    return ""


def set_aside(output_dir: Path) -> Path | None:
    """Move an earlier run's checkpoints out of a new one's way; where to, None where there were none."""
    folder = output_dir / FOLDER
    if not folder.is_dir() or not any(folder.iterdir()):
        return None
    number = 1
    while (aside := output_dir / f"{FOLDER}-earlier-{number}").exists():
        number += 1
    folder.rename(aside)
    return aside


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _manifest(value: dict[str, Any]) -> Manifest:
    names = {field.name for field in fields(Manifest)}
    if names != value.keys():
        raise ValueError(f"fields {', '.join(sorted(names ^ value.keys()))}")
    for name in ("plan", "strategy", "state", "written"):
        _text(value, name)
    for name, least in (("step", 0), ("epoch", 0), ("samples", 0), ("world_size", 1)):
        _whole(value, name, least)
    if not _RUN.fullmatch(_text(value, "run")):
        raise ValueError(f"run is {shown(value['run'])}; expected letters and digits")
    if not isinstance(value["files"], list):
        raise ValueError(f"files is {shown(value['files'])}; expected a list")
    return Manifest(**{**value, "files": tuple(_file(one) for one in value["files"])})


def _file(value: Any) -> File:
    if not isinstance(value, dict) or value.keys() != {field.name for field in fields(File)}:
        raise ValueError(f"files holds {shown(value)}; expected objects of path, size, sha256")
    return File(path=_text(value, "path"), size=_whole(value, "size", 0), sha256=_text(value, "sha256"))


def _text(value: dict[str, Any], name: str) -> str:
    if not isinstance(value[name], str):
        raise ValueError(f"{name} is {shown(value[name])}; expected text")
    return value[name]


def _whole(value: dict[str, Any], name: str, least: int) -> int:
    # JSON's true is a whole number to Python.
    if type(value[name]) is not int or value[name] < least:
        raise ValueError(f"{name} is {shown(value[name])}; expected a whole number of at least {least}")
    return value[name]


def _looked_at(folder: Path, step: int) -> Checkpoint:
    manifest, fault = None, ""
    try:
        manifest = read_manifest(folder)
        fault = _misfit(folder, step, manifest)
    except (CheckpointError, OSError) as error:
        fault = str(error)
    return Checkpoint(folder=folder, step=step, manifest=manifest, fault=fault)


def _misfit(folder: Path, step: int, manifest: Manifest) -> str:
    """The first thing in which a folder differs from its manifest; hashes are looked at when it is gone on from."""
    if manifest.step != step:
        return f"its manifest is of step {manifest.step}"
    if folder.name != folder_name(step):
        return f"its folder has another name than {folder_name(step)}"
    if fault := _untold(folder, manifest):
        return fault
    for file in sorted(manifest.files, key=lambda file: file.path):
        path = folder / file.path
        if not path.is_file():
            return f"{named(file.path)} is missing"
        if (size := path.stat().st_size) != file.size:
            return f"{named(file.path)} has {size:,} bytes, expected {file.size:,}"
    return ""


def _untold(folder: Path, manifest: Manifest) -> str:
    """What a manifest names outside of its folder, or does not name: a file that nothing proves would be read."""
    if not manifest.files:
        return "its manifest names no files"
    told = {file.path for file in manifest.files}
    for path in (manifest.state, *sorted(told)):
        if not _leads_in(path):
            return f"{shown(path)} is no path inside its folder"
    state = folder / manifest.state
    read = [path for path in sorted(state.rglob("*")) if path.is_file() and not _LITTER.match(path.name)]
    read = read if state.is_dir() else [state]
    # One rank after another: a number of ranks that is a lie ends at the first that left nothing.
    states = (f"rng-{rank}.pt" for rank in range(manifest.world_size))
    for path in chain((path.relative_to(folder).as_posix() for path in read), states):
        if path not in told:
            return (
                f"{named(path)} is not among the files that its manifest names; if somebody put it there, take it out"
            )
    return ""


_LITTER = re.compile(r"\.DS_Store$|\.nfs[0-9a-f]+$")
"""What file systems leave, and nobody reads."""


def _leads_in(path: str) -> bool:
    try:
        inside(Path(), path, where="")
    except DataError:
        return False
    return path == PurePosixPath(path).as_posix() != "."
