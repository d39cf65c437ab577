"""The files of a set, each with its hash, and cut in pieces of whole lines."""

import hashlib
import json
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llavapose.errors import DataError
from llavapose.files import atomic_write, read_json_list, sha256_once
from llavapose.samples import WHAT, is_list, sample_files

PIECE_BYTES = 4 << 20
"""Of one piece: a few seconds' work, which is all that a kill can cost."""


@dataclass(frozen=True, kw_only=True)
class Source:
    """One file of a set.

    Attributes:
        file: as it was given; messages name it.
        digest: SHA-256 of its content.
    """

    file: Path
    digest: str


@dataclass(frozen=True, kw_only=True)
class Piece:
    """Whole lines of one file.

    Attributes:
        number: of the file among those of the set.
        file: as it was given.
        lines: the file that holds a record a line: itself, or the copy of a JSON list.
        start, end: bytes of ``lines``.
        first: number of its first line, from 1.
        listed: whether the lines are the records of a JSON list.
        sha256: of its bytes, as they stood when the whole file had the hash that the index is called by.
    """

    number: int
    file: Path
    lines: Path
    start: int
    end: int
    first: int
    listed: bool
    sha256: str

    def read(self) -> bytes:
        """Its bytes.

        Raises:
            DataError: they are others by now.
        """
        with self.lines.open("rb") as stream:
            stream.seek(self.start)
            raw = stream.read(self.end - self.start)
        if hashlib.sha256(raw).hexdigest() != self.sha256:
            raise _changed(self.file)
        return raw


def _changed(file: Path) -> DataError:
    return DataError(
        f"{WHAT}: {file} was changed while it was read; start again once nothing writes to it, nothing of this is kept"
    )


def sources_of(samples: Path) -> list[Source]:
    """The files of a file or folder of samples.

    Raises:
        DataError: there is none.
    """
    return [Source(file=file, digest=sha256_once(file)) for file in sample_files(samples)]


def as_lines(source: Source, copy: Path) -> tuple[Path, str]:
    """A file that holds a record a line, and the problem that ends it: a JSON list is copied, all else is as it is.

    Args:
        source: JSONL or a JSON list.
        copy: where to write the records of a list, one a line; one that is there is whole, and is taken.

    Raises:
        DataError: the list that was copied is not the source's.
    """
    file = source.file
    if not is_list(file):
        return file, ""
    if copy.exists():
        return copy, ""
    # Under a name of its own until the list has come to its end: a later run must not take a part for the whole.
    growing = copy.with_suffix(f".{socket.gethostname()}-{os.getpid()}.part")
    problems: list[str] = []
    digest = hashlib.sha256()
    with atomic_write(growing) as stream:
        stream.writelines(json.dumps(value) + "\n" for _, value in _until_broken(file, digest, problems))
    if not problems:
        if digest.hexdigest() != source.digest:
            growing.unlink()
            raise _changed(file)
        growing.rename(copy)
        return copy, ""
    return growing, problems[0]


def _until_broken(file: Path, digest: Any, problems: list[str]) -> Iterator[tuple[int, Any]]:
    """The records of a JSON list; what ends it before its time is put into ``problems``."""
    try:
        yield from read_json_list(file, what=WHAT, digest=digest)
    except DataError as error:
        problems.append(str(error))


def pieces_of(files: Sequence[tuple[Source, Path]], *, size: int = PIECE_BYTES) -> list[Piece]:
    """Files, each given as (source, its lines), cut at the first line end behind every ``size`` bytes.

    Raises:
        DataError: a file is not any more what its source's hash is of.
    """
    return [piece for number, (source, lines) in enumerate(files) for piece in _cut(number, source, lines, size)]


def _cut(number: int, source: Source, lines: Path, size: int) -> list[Piece]:
    """The pieces of one file, each with the hash of what stood there while the whole had its own."""
    found, whole, start, first = [], hashlib.sha256(), 0, 1
    with lines.open("rb") as stream:
        while block := stream.read(size):
            block += stream.readline()
            whole.update(block)
            piece = Piece(
                number=number,
                file=source.file,
                lines=lines,
                start=start,
                end=start + len(block),
                first=first,
                listed=lines != source.file,
                sha256=hashlib.sha256(block).hexdigest(),
            )
            found.append(piece)
            start += len(block)
            first += block.count(b"\n")
    if lines == source.file and whole.hexdigest() != source.digest:
        raise _changed(source.file)
    return found
