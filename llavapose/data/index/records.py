"""The records of a set as arrays: where each stands in its file, its kind, its picture, its words.

Every record is proven good on the way; all bad ones are listed. The table, a sample a row:

    start int64, size int32     bytes of the record in its file (of a JSON list: in the copy with a record a line)
    file int16, line int32      which file, which line or record of it
    kind uint8                  index into ``facts["kinds"]``
    image int32                 index into the pictures' names, which stand in alphabetical order; -1: text alone
    words int32                 words of all turns, split at blanks
    id_bytes, id_ends           the ids
    name_bytes, name_ends       the pictures' names, a picture a row
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.data.index.shards import Arrays, do_all, forget, once
from llavapose.data.index.sources import PIECE_BYTES, Piece, Source, as_lines, pieces_of, sources_of
from llavapose.data.index.table import Table, TableWriter, Texts, open_table, packed_texts
from llavapose.errors import DataError
from llavapose.files import fingerprint
from llavapose.kinds import KINDS
from llavapose.llava_json import from_record
from llavapose.plain_json import parse_json
from llavapose.records import Sample
from llavapose.samples import WHAT, Ids, Reader, bad_records, made_here, read_line

DECIDES = ("samples.py", "llava_json.py", "kinds.py", "pictures.py", "data/index/records.py")
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
        """int32[N], index into ``names``; -1: text alone."""
        return self.table.arrays["image"]

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
        """Samples, read from their files."""
        arrays, opened = self.table.arrays, {}
        try:
            for row in rows:
                number = int(arrays["file"][row])
                if number not in opened:
                    opened[number] = Path(self.table.facts["lines"][number]).open("rb")
                opened[number].seek(int(arrays["start"][row]))
                yield self._sample(row, opened[number].read(int(arrays["size"][row])))
        finally:
            for stream in opened.values():
                stream.close()

    def _sample(self, row: int, line: bytes) -> Sample:
        where = f"sample {self.ids[row]}"
        record: dict[str, Any] = parse_json(line, what=WHAT, where=where)
        picture = int(self.image[row])
        # As they were found when the table was made, whatever the record calls them.
        found = {"kind": self.kinds[int(self.kind[row])]} | ({"image": self.names[picture]} if picture >= 0 else {})
        return replace(from_record({**record, **found}, None, where=where), id=self.ids[row])


def ensure_records(
    samples: Path,
    images: Path,
    *,
    kind: str | None,
    folder: Path,
    processes: int | None = None,
    piece_bytes: int = PIECE_BYTES,
) -> Records:
    """The table of a set's records, built where it is missing.

    Args:
        samples: as in ``samples.stream_samples``.
        images: folder of the pictures.
        kind: of the records for which neither they nor the file's name tell it.
        folder: where indexes are kept.
        processes: as in ``shards.do_all``.
        piece_bytes: of one piece of work.

    Raises:
        DataError: with every bad record on a line of its own (the first 20), and their number.
    """
    sources = sources_of(samples)
    root = images.resolve()
    code = [(Path(__file__).parents[2] / name).read_text(encoding="utf-8") for name in DECIDES]
    files = [(str(one.file.resolve()), one.digest) for one in sources]
    home = folder / f"records-{fingerprint([files, str(root), kind, list(KINDS), code, piece_bytes], 16)}"

    def find() -> Table | None:
        table = open_table(home)
        return table if table and all(Path(lines).is_file() for lines in table.facts["lines"]) else None

    def make() -> Table:
        return _build(home, sources, samples, images, kind, processes=processes, piece_bytes=piece_bytes)

    return Records(samples=samples, images=images, table=once(home, find, make, what="index of the samples"))


def _build(
    home: Path,
    sources: list[Source],
    samples: Path,
    images: Path,
    kind: str | None,
    *,
    processes: int | None,
    piece_bytes: int,
) -> Table:
    parts, copies = home.with_name(f"{home.name}.parts"), home.with_name(f"{home.name}.lines")
    lined = [as_lines(one.file, copies / f"{number:03}.jsonl") for number, one in enumerate(sources)]
    lines = [path for path, _ in lined]
    pieces = pieces_of([(one.file, path) for one, path in zip(sources, lines, strict=True)], size=piece_bytes)
    work = partial(_read_piece, images=images, kind=kind)
    merged = _Merger(home)
    found = do_all(parts, pieces, work, what="reading samples", processes=processes)
    for piece, arrays in zip(pieces, found, strict=True):
        merged.add(piece, arrays)
    problems = merged.problems + [problem for _, problem in lined if problem]
    if not merged.num and not problems:
        problems = [f"{WHAT}: {samples} holds no record; expected one JSON object a line"]
    if problems:
        for folder in (merged.drop(), parts, copies):
            forget(folder)
        raise bad_records(samples, problems)
    content = fingerprint([(one.file.name, one.digest) for one in sources], 32)
    table = merged.close({"kinds": list(KINDS), "content": content, "lines": [str(path.resolve()) for path in lines]})
    forget(parts)
    return table


def _read_piece(piece: Piece, *, images: Path, kind: str | None) -> Arrays:
    """What the lines of a piece hold; runs in a process of its own."""
    reader, kinds = Reader(image_root=images, kind=kind), list(KINDS)
    rows: list[tuple[int, int, int, int, int, int]] = []
    ids: list[str] = []
    names: list[str] = []
    faults: list[tuple[int, str]] = []
    with piece.lines.open("rb") as stream:
        stream.seek(piece.start)
        at = piece.start
        for number, line in enumerate(BytesIO(stream.read(piece.end - piece.start)), piece.first):
            start, at = at, at + len(line)
            if not line.strip():
                continue
            raw = read_line(line, piece.file, number, listed=piece.listed)
            try:
                if raw.record is None:
                    raise DataError(raw.problem)
                sample = reader.sample(raw.record, piece.file, where=raw.where)
                if len(sample.images) > 1:
                    raise DataError(
                        f"sample {sample.id} has {len(sample.images)} pictures; training packs one a sample: leave it "
                        "out or split it"
                    )
            except DataError as error:
                faults.append((number, str(error)))
                continue
            words = sum(len(turn.text.split()) for turn in sample.turns)
            rows.append((start, len(line), number, kinds.index(sample.kind), words, made_here(raw.record)))
            ids.append(sample.id)
            names.append(sample.image)
    return _arrays_of(rows, ids, names, faults)


def _arrays_of(
    rows: list[tuple[int, ...]], ids: list[str], names: list[str], faults: list[tuple[int, str]]
) -> dict[str, np.ndarray]:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6)
    dtypes = {"start": np.int64, "size": np.int32, "line": np.int32, "kind": np.uint8, "words": np.int32, "ours": np.bool_}
    return {
        **{name: columns[:, at].astype(dtype) for at, (name, dtype) in enumerate(dtypes.items())},
        **packed_texts("id", ids),
        **packed_texts("name", names),
        **packed_texts("fault", [text for _, text in faults]),
        "fault_line": np.array([line for line, _ in faults], dtype=np.int32),
    }


class _Merger:
    """Pieces, one behind the other, to one table: ids that differ, a number for each picture's name."""

    def __init__(self, home: Path) -> None:
        self._writer = TableWriter(home)
        self._ids = Ids()
        self._pictures: dict[str, int] = {}
        self._image: list[np.ndarray] = []
        self.problems: list[str] = []
        self.num = 0

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
        columns = {name: arrays[name] for name in ("start", "size", "line", "kind", "words")}
        number = np.full(len(ids), piece.number, dtype=np.int16)
        self._writer.add({**columns, "file": number, **packed_texts("id", kept)})
        pictures = (self._pictures.setdefault(n, len(self._pictures)) if n else -1 for n in _texts(arrays, "name"))
        self._image.append(np.fromiter(pictures, dtype=np.int32, count=len(ids)))

    def close(self, facts: dict[str, Any]) -> Table:
        """Pictures numbered by name: what follows from their order is the same however the file is sorted."""
        names = sorted(self._pictures)
        # One place more, which -1 looks up: text alone stays so.
        number = np.full(len(names) + 1, -1, dtype=np.int32)
        number[[self._pictures[name] for name in names]] = np.arange(len(names), dtype=np.int32)
        self._writer.add({"image": number[np.concatenate(self._image)], **packed_texts("name", names)})
        return self._writer.close(facts)

    def drop(self) -> Path:
        """The folder of what was written in vain."""
        return self._writer.building


def _texts(arrays: Arrays, name: str) -> list[str]:
    return Texts(arrays[f"{name}_bytes"], arrays[f"{name}_ends"])[:]
