"""What a set's pictures held when they were last read, so that only those are read again that may have changed.

    size, modified, changed int64      bytes and times (ns) of each picture's file, in the order of ``Records.names``
    hash uint8[32 N]                   SHA-256 of its bytes
    height, width int32                pixels, as it is decoded: a rotation that EXIF asks for is not made

Size and times tell where to look, never what is there: a picture that was copied or touched is hashed again and is the
same. ``changed`` is the file system's own time, which nobody who gives a file an old date can set.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from llavapose.data.images import check_image
from llavapose.data.index.records import Records
from llavapose.data.index.table import TableWriter, open_table
from llavapose.files import fingerprint

HASH_BYTES = 32
_LOOKS = ("size", "modified", "changed")
_SIZES = ("height", "width")


@dataclass(frozen=True, kw_only=True)
class Seen:
    """Pictures as they were read.

    Attributes:
        looks: int64[P, 3], sizes and times; -1 where there was no file.
        hashes: uint8[P, 32], SHA-256 of their bytes.
        sizes: int32[P, 2], height and width.
    """

    looks: np.ndarray
    hashes: np.ndarray
    sizes: np.ndarray


def look(records: Records) -> np.ndarray:
    """int64[P, 3], what the folder says of the pictures now; nothing is read."""
    found, root = np.full((len(records.names), len(_LOOKS)), -1, dtype=np.int64), str(records.images)
    for number, name in enumerate(records.names):
        try:
            stat = os.stat(f"{root}/{name}")
        except OSError:
            continue  # whoever reads it says so
        found[number] = stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns
    return found


def find_seen(records: Records, folder: Path) -> Seen | None:
    """What is noted of a set's pictures in the folder of indexes; None where nothing is."""
    table = open_table(folder / _name(records))
    if table is None:
        return None
    looks, sizes = (np.stack([table.arrays[name] for name in names], axis=1) for names in (_LOOKS, _SIZES))
    return Seen(looks=looks, hashes=table.arrays["hash"].reshape(-1, HASH_BYTES), sizes=sizes)


def note_seen(records: Records, folder: Path, seen: Seen) -> None:
    """Write it down, in place of what was noted before."""
    with TableWriter(folder / _name(records)) as writer:
        writer.add({name: seen.looks[:, at] for at, name in enumerate(_LOOKS)} | {"hash": seen.hashes.reshape(-1)})
        writer.add({name: seen.sizes[:, at] for at, name in enumerate(_SIZES)})
        writer.close({"images": str(records.images)})


def picture_hashes(records: Records, folder: Path) -> np.ndarray:
    """uint8[P, 32]: SHA-256 of a set's pictures as noted; where nothing is, as on a node's own disk, they are read."""
    seen = find_seen(records, folder)
    if seen is not None:
        return seen.hashes
    found = np.empty((len(records.names), HASH_BYTES), dtype=np.uint8)
    for number, name in enumerate(records.names):
        found[number] = np.frombuffer(picture_hash(records.images / name), dtype=np.uint8)
    return found


def picture_sizes(records: Records, folder: Path) -> np.ndarray:
    """int32[P, 2]: height and width of a set's pictures as noted; where nothing is, they are decoded.

    Raises:
        DataError: as ``check_image``.
    """
    seen = find_seen(records, folder)
    if seen is not None:
        return seen.sizes
    found = np.empty((len(records.names), 2), dtype=np.int32)
    for number, name in enumerate(records.names):
        found[number] = check_image(records.images / name, where="pictures")
    return found


def picture_hash(path: Path) -> bytes:
    """SHA-256 of a file's bytes; raises OSError where it cannot be read."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").digest()


def _name(records: Records) -> str:
    """Of folder and names alone: other samples about the same pictures leave what is known of them."""
    names: Mapping[str, str] = records.table.hashes
    told = [str(records.images.resolve()), names["name_bytes"], names["name_ends"], *_SIZES]
    return f"pictures-{fingerprint(told, 16)}"
