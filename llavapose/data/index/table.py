"""Arrays in a folder, mapped into memory: whole or not there.

    <folder>/index.json   {"arrays": {"ids": {"dtype": "<i4", "count": 34056000}, ...}, "facts": {...}}
    <folder>/ids.bin      the array's bytes, nothing else

A mapped array costs a process nothing until it is read, is shared by all that read it, and holds no Python object.
"""

import glob
import hashlib
import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from llavapose.errors import DataError
from llavapose.files import read_json, sha256, write_json

MANIFEST = "index.json"
_WRITING = ".writing"


@dataclass(frozen=True, kw_only=True)
class Table:
    """An opened folder.

    Attributes:
        folder: where it lies.
        arrays: name -> array, read-only.
        hashes: name -> SHA-256 of the array's bytes.
        facts: plain values that were written beside them.
    """

    folder: Path
    arrays: Mapping[str, np.ndarray]
    hashes: Mapping[str, str]
    facts: Mapping[str, Any]

    def __reduce__(self) -> tuple[Any, ...]:
        # A worker that is not forked maps the files itself; pickled arrays would be copies.
        return _reopened, (self.folder,)

    def texts(self, name: str) -> "Texts":
        """The texts that were written under this name."""
        return Texts(self.arrays[f"{name}_bytes"], self.arrays[f"{name}_ends"])


class Texts(Sequence[str]):
    """Texts behind one another.

    Args:
        letters: uint8[M], UTF-8.
        ends: int64[N], where each ends.
    """

    def __init__(self, letters: np.ndarray, ends: np.ndarray) -> None:
        self._letters, self._ends = letters, ends

    def __len__(self) -> int:
        return len(self._ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = int(index) + len(self) * (index < 0)
        if not 0 <= at < len(self):
            raise IndexError(f"text {index} of {len(self)}")
        start = int(self._ends[at - 1]) if at else 0
        return self._letters[start : int(self._ends[at])].tobytes().decode()


def packed_texts(name: str, texts: Sequence[str]) -> dict[str, np.ndarray]:
    """Texts as the two arrays that ``Texts`` reads, the ends counted from this part's start."""
    raw = [text.encode() for text in texts]
    letters = np.frombuffer(b"".join(raw), dtype=np.uint8)
    ends = np.cumsum([len(one) for one in raw], dtype=np.int64)
    return {f"{name}_bytes": letters, f"{name}_ends": ends}


class TableWriter:
    """Writes a table part by part, in a ``with`` block: it is there once ``close`` has returned, and not before.

    What it writes lies meanwhile under a name with machine and process, so that two that write the same are in nobody's
    way: the first to end keeps the name.

    Args:
        folder: the final name.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, own = folder, f"{folder.name}.{socket.gethostname()}-{os.getpid()}"
        self._building, self._replaced = (folder.with_name(f"{own}{end}") for end in (_WRITING, f".replaced{_WRITING}"))
        shutil.rmtree(self._building, ignore_errors=True)
        self._building.mkdir(parents=True)
        self._found = _stamp(folder)
        self._streams: dict[str, IO[bytes]] = {}
        self._digests: dict[str, Any] = {}
        self._dtypes: dict[str, np.dtype] = {}
        self._counts: dict[str, int] = {}
        self._last: dict[str, int] = {}

    def __enter__(self) -> "TableWriter":
        return self

    def __exit__(self, *error: object) -> None:
        for stream in self._streams.values():
            stream.close()
        shutil.rmtree(self._building, ignore_errors=True)  # nothing, once it has got its name

    def add(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Append to arrays; those called ``..._ends`` go on from the last end."""
        for name, array in arrays.items():
            if name not in self._streams:
                self._streams[name] = (self._building / f"{name}.bin").open("wb")
                self._digests[name] = hashlib.sha256()
                self._dtypes[name], self._counts[name], self._last[name] = array.dtype, 0, 0
            if name.endswith("_ends"):
                array = array + self._last[name]
                self._last[name] = int(array[-1]) if len(array) else self._last[name]
            assert array.dtype == self._dtypes[name], f"{name}: {array.dtype} behind {self._dtypes[name]}"
            raw = np.ascontiguousarray(array).tobytes()
            self._streams[name].write(raw)
            self._digests[name].update(raw)
            self._counts[name] += len(array)

    def close(self, facts: Mapping[str, Any]) -> Table:
        """Bring everything to the disk, then give the folder its name; what another has named meanwhile is taken."""
        for stream in self._streams.values():
            stream.flush()
            os.fsync(stream.fileno())
        arrays = {
            name: {"dtype": self._dtypes[name].str, "count": self._counts[name], "sha256": digest.hexdigest()}
            for name, digest in self._digests.items()
        }
        write_json(self._building / MANIFEST, {"arrays": arrays, "facts": dict(facts)})
        if _stamp(self._folder) == self._found:
            with suppress(FileNotFoundError):
                self._folder.rename(self._replaced)  # damaged, or of files that are gone
            with suppress(OSError):  # another has just named its own
                self._building.rename(self._folder)
            shutil.rmtree(self._replaced, ignore_errors=True)
        return _reopened(self._folder)


def _stamp(folder: Path) -> tuple[int, int] | None:
    """Whose table has the name now; None: nobody's."""
    try:
        stat = (folder / MANIFEST).stat()
    except OSError:
        return None
    return stat.st_ino, stat.st_mtime_ns


def remove_unfinished(folder: Path) -> None:
    """Remove what was being written for this name when its process was killed; only while nobody else writes it."""
    for left in folder.parent.glob(f"{glob.escape(folder.name)}.*{_WRITING}"):
        shutil.rmtree(left, ignore_errors=True)


def open_table(folder: Path) -> Table | None:
    """The table of a folder; None where there is none, or one whose files are not what was written."""
    try:
        table = _opened(folder)
        whole = table is not None and all(sha256(folder / f"{name}.bin") == told for name, told in table.hashes.items())
    except OSError:
        return None
    return table if whole else None


def _opened(folder: Path) -> Table | None:
    if not (folder / MANIFEST).is_file():
        return None
    try:
        told = read_json(folder / MANIFEST, what="index")
        arrays = {
            name: _mapped(folder / f"{name}.bin", dtype=one["dtype"], count=one["count"])
            for name, one in told["arrays"].items()
        }
        hashes = {name: str(one["sha256"]) for name, one in told["arrays"].items()}
        return Table(folder=folder, arrays=arrays, hashes=hashes, facts=told["facts"])
    except (DataError, OSError, KeyError, TypeError, ValueError):
        return None


def _reopened(folder: Path) -> Table:
    # By a process whose parent has proven it, or has just written it: sizes are enough.
    table = _opened(folder)
    if table is None:
        raise DataError(f"index: {folder} is gone or not whole; start again, it is then built anew")
    return table


def _mapped(path: Path, *, dtype: str, count: int) -> np.ndarray:
    wanted = np.dtype(dtype).itemsize * count
    if path.stat().st_size != wanted:
        raise ValueError(f"{path} has {path.stat().st_size} bytes; expected {wanted}")
    # Nothing can be mapped of an empty file.
    return np.asarray(np.memmap(path, dtype=dtype, mode="r", shape=(count,))) if count else np.empty(0, dtype)
