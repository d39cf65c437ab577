"""Pieces of sample files to arrays, and the arrays to one table."""

import hashlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.data.index.clips import clip_key, packed_clips
from llavapose.data.index.groups import group_key, numbered, packed_groups
from llavapose.data.index.shards import Arrays
from llavapose.data.index.sources import Piece
from llavapose.data.index.table import Table, TableWriter, Texts, packed_texts
from llavapose.errors import DataError
from llavapose.frames import with_frames
from llavapose.kinds import KINDS
from llavapose.samples import WHAT, Ids, Reader, made_here, read_line

DIGEST_BYTES = 16
"""Of SHA-256: two lines that differ have the same in one of 10^38 cases, and a record costs 16 bytes of index."""


def read_piece(piece: Piece, *, images: Path, kind: str | None, frames: int | None = None) -> Arrays:
    """What the lines of a piece hold, with ``frames`` of each sample's; runs in a process of its own."""
    reader, kinds = Reader(image_root=images, kind=kind), list(KINDS)
    rows: list[tuple[int, int, int, int, int, int]] = []
    ids: list[str] = []
    names: list[str] = []
    clips: dict[str, None] = {}
    faults: list[tuple[int, str]] = []
    digests: list[bytes] = []
    at = piece.start
    for number, line in enumerate(BytesIO(piece.read()), piece.first):
        start, at = at, at + len(line)
        if not line.strip():
            continue
        raw = read_line(line, piece.file, number, listed=piece.listed)
        try:
            if raw.record is None:
                raise DataError(raw.problem)
            sample = reader.sample(raw.record, piece.file, where=raw.where)
        except DataError as error:
            faults.append((number, str(error)))
            continue
        words = sum(len(turn.text.split()) for turn in sample.turns)
        rows.append((start, len(line), number, kinds.index(sample.kind), words, made_here(raw.record)))
        digests.append(line_digest(line))
        ids.append(sample.id)
        shown = with_frames(sample, frames)
        names.append(group_key(shown.images, shown.times_s))
        if sample.times_s:
            clips[clip_key(sample)] = None
    digest = np.frombuffer(b"".join(digests), dtype=np.uint8)
    return {**_arrays_of(rows, ids, names, faults), **packed_texts("clip", list(clips)), "digest": digest}


def line_digest(line: bytes) -> bytes:
    """What a record's line is known by when it is read again."""
    return hashlib.sha256(line).digest()[:DIGEST_BYTES]


def _arrays_of(
    rows: list[tuple[int, ...]], ids: list[str], names: list[str], faults: list[tuple[int, str]]
) -> dict[str, np.ndarray]:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6)
    dtypes = {
        "start": np.int64,
        "size": np.int32,
        "line": np.int32,
        "kind": np.uint8,
        "words": np.int32,
        "ours": np.bool_,
    }
    return {
        **{name: columns[:, at].astype(dtype) for at, (name, dtype) in enumerate(dtypes.items())},
        **packed_texts("id", ids),
        **packed_texts("name", names),
        **packed_texts("fault", [text for _, text in faults]),
        "fault_line": np.array([line for line, _ in faults], dtype=np.int32),
    }


class Merger:
    """Pieces, one behind the other, to one table: ids that differ, a number for each picture and group."""

    def __init__(self, writer: TableWriter) -> None:
        self._writer = writer
        self._ids = Ids()
        self._groups: dict[str, int] = {}
        self._clips: dict[str, None] = {}
        self._image: list[np.ndarray] = []
        self.problems: list[str] = []
        self.num = 0

    @property
    def has_frames(self) -> bool:
        """Whether any sample's pictures are frames."""
        return bool(self._clips)

    def add(self, piece: Piece, arrays: Arrays) -> None:
        """The next piece; its problems in the order of its lines."""
        ids, faults = _texts(arrays, "id"), _texts(arrays, "fault")
        problems = list(zip(arrays["fault_line"].tolist(), faults, strict=True))
        kept = []
        for line, name, ours in zip(arrays["line"].tolist(), ids, arrays["ours"].tolist(), strict=True):
            where = f"{WHAT}: {piece.file}, record {line}" if piece.listed else f"{WHAT}: {piece.file}:{line}"
            place = f"record {line}" if piece.listed else f"on line {line}"
            try:
                kept.append(self._ids.take(name, made_here=ours, where=where, place=place))
            except DataError as error:
                problems.append((line, str(error)))
        self.problems += [text for _, text in sorted(problems)]
        self.num += len(ids)
        columns = {name: arrays[name] for name in ("start", "size", "line", "kind", "words", "digest")}
        number = np.full(len(ids), piece.number, dtype=np.int16)
        self._writer.add({**columns, "file": number, **packed_texts("id", kept)})
        groups = (self._groups.setdefault(n, len(self._groups)) if n else -1 for n in _texts(arrays, "name"))
        self._clips.update(dict.fromkeys(_texts(arrays, "clip")))
        self._image.append(np.fromiter(groups, dtype=np.int32, count=len(ids)))

    def close(self, facts: dict[str, Any]) -> Table:
        """Pictures and groups numbered by name: what follows from it is the same however the file is sorted."""
        number, names, groups, times = numbered(self._groups)
        self._writer.add({"image": number[np.concatenate(self._image)], **packed_texts("name", names)})
        self._writer.add({**packed_groups(groups, times), **packed_clips(names, self._clips)})
        return self._writer.close(facts)


def _texts(arrays: Arrays, name: str) -> list[str]:
    return Texts(arrays[f"{name}_bytes"], arrays[f"{name}_ends"])[:]
