"""The records of a set as arrays: where each stands in its file, its kind, its picture, its words.

Every record is proven good on the way; all bad ones are listed. The table, a sample a row:

    start int64, size int32     bytes of the record in its file (of a JSON list: in the copy with a record a line)
    file int16, line int32      which file, which line or record of it
    kind uint8                  index into ``facts["kinds"]``
    image int32                 number of its group of pictures, of which most are one picture; -1: text alone
    words int32                 words of all turns, split at blanks
    digest uint8[16 N]          of the line's bytes, proven whenever they are read again
    id_bytes, id_ends           the ids
    name_bytes, name_ends       the pictures' names, a picture a row, in alphabetical order
    group_pictures int32, group_ends int64      the pictures of each group, in the order of their names
    group_times float64         seconds of each of those that is a frame, else NaN; missing where none is
    group_clips int32, group_scenes int64       clip and scene of each picture, as in ``Groups``; missing likewise

Of a sample's frames as many are taken as the table was asked for: the others are in no group, but in the clips.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.data.index.groups import Groups, shown_of, unpacked_groups
from llavapose.data.index.reading import DIGEST_BYTES, Merger, line_digest, read_piece
from llavapose.data.index.shards import do_all, forget, once
from llavapose.data.index.sources import PIECE_BYTES, Source, as_lines, pieces_of, sources_of
from llavapose.data.index.table import Table, TableWriter, Texts, open_table
from llavapose.errors import DataError, named
from llavapose.files import fingerprint
from llavapose.kinds import KINDS
from llavapose.llava_json import TIMES, from_record
from llavapose.plain_json import parse_json
from llavapose.records import Sample
from llavapose.samples import WHAT, bad_records

DECIDES = (
    "samples.py", "llava_json.py", "kinds.py", "pictures.py", "frames.py", "data/index/reading.py",
    "data/index/groups.py", "data/index/clips.py",
)  # fmt: skip
"""Files of this package that decide what is in the table: another version of them makes it anew."""


@dataclass(frozen=True, kw_only=True)
class Records:
    """An opened table of records.

    Attributes:
        samples: the file or folder that it is of.
        images: folder of the pictures.
        table: as above.
    """

    samples: Path
    images: Path
    table: Table

    def __len__(self) -> int:
        return len(self.table.arrays["kind"])

    @property
    def kind(self) -> np.ndarray:
        """uint8[N], index into ``kinds``."""
        return self.table.arrays["kind"]

    @property
    def image(self) -> np.ndarray:
        """int32[N], number of its group of pictures; -1: text alone. Where every group is one picture, that one's."""
        return self.table.arrays["image"]

    @property
    def groups(self) -> Groups:
        """The pictures of each group, as numbers into ``names``."""
        return unpacked_groups(self.table.arrays)

    @property
    def num_shown(self) -> np.ndarray | None:
        """int32[N], pictures of each sample's group; None: one, where it has any."""
        return shown_of(self.groups, self.image)

    def first_about(self, picture: int) -> int:
        """The first row whose group holds a picture."""
        holds = self.groups.any_of(np.arange(len(self.names)) == picture)
        return int(np.append(holds, False)[self.image].argmax())

    @property
    def words(self) -> np.ndarray:
        """int32[N]."""
        return self.table.arrays["words"]

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds."""
        return tuple(self.table.facts["kinds"])

    @property
    def content(self) -> str:
        """A hash of what the files hold, wherever they lie."""
        return self.table.facts["content"]

    @property
    def key(self) -> str:
        """What else is made of these records is called by."""
        return self.table.folder.name

    @property
    def names(self) -> Texts:
        """The pictures' paths below the image folder, in alphabetical order."""
        return self.table.texts("name")

    @property
    def ids(self) -> Texts:
        """The samples' ids."""
        return self.table.texts("id")

    def sample(self, row: int) -> Sample:
        """One sample, read from its file."""
        return next(self.read([row]))

    def read(self, rows: Iterable[int]) -> Iterator[Sample]:
        """Samples, read from their files.

        Raises:
            DataError: a line is not any more the one that was indexed.
        """
        arrays, opened = self.table.arrays, {}
        with ExitStack() as stack:
            for row in rows:
                number = int(arrays["file"][row])
                if number not in opened:
                    opened[number] = stack.enter_context(Path(self.table.facts["lines"][number]).open("rb"))
                opened[number].seek(int(arrays["start"][row]))
                line = opened[number].read(int(arrays["size"][row]))
                told = arrays["digest"][DIGEST_BYTES * row : DIGEST_BYTES * (row + 1)]
                if line_digest(line) != told.tobytes():
                    raise self._other(row, Path(self.table.facts["lines"][number]))
                yield self._sample(row, line)

    def _other(self, row: int, lines: Path) -> DataError:
        if lines.parent.name == f"{self.key}.lines":
            lines.unlink(missing_ok=True)  # the copy of a JSON list, which the next start makes again
        return DataError(
            f"{WHAT}: sample {named(self.ids[row])}: line {self.table.arrays['line'][row]} of {lines} is not what was "
            "indexed; start again once nothing writes to it, it is then indexed anew"
        )

    def _sample(self, row: int, line: bytes) -> Sample:
        where = f"sample {named(self.ids[row])}"
        record: dict[str, Any] = parse_json(line, what=WHAT, where=where)
        # As they were found when the table was made, whatever the record calls them.
        sample = from_record({**record, "kind": self.kinds[int(self.kind[row])]}, None, where=where)
        group, groups, names = int(self.image[row]), self.groups, self.names
        if group < 0:
            return replace(sample, id=self.ids[row])
        images = tuple(names[picture] for picture in groups[group])
        return replace(sample, id=self.ids[row], images=images, times_s=groups.times_s(group))


def ensure_records(
    samples: Path,
    images: Path,
    *,
    kind: str | None,
    folder: Path,
    frames: int | None = None,
    look: bool = False,
    processes: int | None = None,
    piece_bytes: int = PIECE_BYTES,
) -> Records:
    """The table of a set's records, built where it is missing.

    Args:
        samples: as in ``samples.stream_samples``.
        images: folder of the pictures.
        kind: of the records for which neither they nor the file's name tell it.
        folder: where indexes are kept.
        frames: how many of a sample's frames are taken, as ``frames.chosen`` does; None: all.
        look: whether to see that the pictures lie where they were found, and to look for them anew where one does not.
        processes: as in ``shards.do_all``.
        piece_bytes: of one piece of work.

    Raises:
        DataError: with every bad record on a line of its own (the first 20), and their number; or no sample has frames
            of which some are to be taken.
    """
    sources, root = sources_of(samples), images.resolve()
    home = folder / _name(sources, root, kind, piece_bytes, frames)

    def find() -> Table | None:
        table = _opened(home)
        if table is None:
            return None
        return None if look and not all(os.path.exists(f"{root}/{name}") for name in table.texts("name")) else table

    def make(parts: Path) -> Table:
        how = {"frames": frames, "processes": processes, "piece_bytes": piece_bytes}
        return _build(home, parts, sources, samples, images, kind, **how)

    return Records(samples=samples, images=images, table=once(home, find, make, what="index of the samples"))


def find_records(
    samples: Path, images: Path, *, kind: str | None, folder: Path, frames: int | None = None
) -> Records | None:
    """The table of a set's records where ``ensure_records`` has built it before; builds nothing."""
    table = _opened(folder / _name(sources_of(samples), images.resolve(), kind, PIECE_BYTES, frames))
    return None if table is None else Records(samples=samples, images=images, table=table)


def _name(sources: list[Source], root: Path, kind: str | None, piece_bytes: int, frames: int | None) -> str:
    """What the table of a set is called by."""
    code = [(Path(__file__).parents[2] / name).read_text(encoding="utf-8") for name in DECIDES]
    files = [(str(one.file.resolve()), one.digest) for one in sources]
    return f"records-{fingerprint([files, str(root), kind, list(KINDS), code, piece_bytes, frames], 16)}"


def _opened(home: Path) -> Table | None:
    table = open_table(home)
    return table if table and all(Path(lines).is_file() for lines in table.facts["lines"]) else None


def _build(
    home: Path,
    parts: Path,
    sources: list[Source],
    samples: Path,
    images: Path,
    kind: str | None,
    *,
    frames: int | None,
    processes: int | None,
    piece_bytes: int,
) -> Table:
    copies = home.with_name(f"{home.name}.lines")  # ``Records._other`` knows them by this name
    lined = [as_lines(one, copies / f"{number:03}.jsonl") for number, one in enumerate(sources)]
    lines = [path for path, _ in lined]
    pieces = pieces_of(list(zip(sources, lines, strict=True)), size=piece_bytes)
    work = partial(read_piece, images=images, kind=kind, frames=frames)
    if sum(piece.end - piece.start for piece in pieces) <= piece_bytes:
        processes = 1  # done here before another one has started
    with TableWriter(home) as writer:
        merged = Merger(writer)
        found = do_all(parts, pieces, work, what="reading samples", processes=processes)
        for piece, arrays in zip(pieces, found, strict=True):
            merged.add(piece, arrays)
        problems = merged.problems + [problem for _, problem in lined if problem]
        if not merged.num and not problems:
            problems = [f"{WHAT}: {samples} holds no record; expected one JSON object a line"]
        if problems:
            forget(parts)
            forget(copies)
            raise bad_records(samples, problems)
        if frames is not None and not merged.has_frames:
            forget(parts)
            raise DataError(
                f"{samples}: no sample has frames (field {TIMES}), and data.frames is {frames}; leave it out, or take "
                "samples of scenes in motion"
            )
        content = fingerprint([(one.file.name, one.digest) for one in sources], 32)
        facts = {"kinds": list(KINDS), "content": content, "lines": [str(path.resolve()) for path in lines]}
        return merged.close(facts)
