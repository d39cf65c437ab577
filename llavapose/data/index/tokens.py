"""The samples' tokens as arrays: the branches of every record, for one tokenizer, template and length.

    ids int32, supervised uint8      tokens of all branches, one behind the other
    branch_ends int64                where each sample's branch ends among them
    num_targets int32, truncated uint8      its supervised tokens; whether its end was cut
    fault_row int32, fault_bytes, fault_ends      samples that cannot be trained on, whose branch is empty, and why
    group_tokens int32               tokens of each group's prefix; missing where all take the same

Beside them stand, as facts, what a table is found by without its tokenizer: ``find_tokens``.

A fault is an error only for who asks for its sample: a mixture may leave it out.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.data.conversation import Branch, Conversation, Frame, branches
from llavapose.data.index.encoder import encoder_of, saved_tokenizer
from llavapose.data.index.records import Records
from llavapose.data.index.shards import Arrays, do_all, once
from llavapose.data.index.table import Table, TableWriter, open_table, packed_texts
from llavapose.errors import DataError, named
from llavapose.files import TINY_BASE, atomic_write, fingerprint, sha256
from llavapose.records import Sample

PIECE_ROWS = 4096
"""Samples of one piece of work: a few seconds, which is all that a kill can cost."""

DECIDES = ("data/conversation.py", "data/reading/wording.py", "data/index/tokens.py", "data/index/encoder.py")
"""Files of this package that decide what is in the table: another version of them makes it anew."""


@dataclass(frozen=True, kw_only=True)
class Tokens(Sequence[Branch]):
    """An opened table of branches, a sample a row; a branch is made when it is asked for."""

    table: Table

    def __len__(self) -> int:
        return len(self.table.arrays["branch_ends"])

    def __getitem__(self, row: Any) -> Any:
        ends, arrays = self.table.arrays["branch_ends"], self.table.arrays
        start, end = int(ends[row - 1]) if row else 0, int(ends[row])
        return Branch(
            ids=tuple(arrays["ids"][start:end].tolist()),
            supervised=tuple(arrays["supervised"][start:end].astype(bool).tolist()),
            truncated=bool(arrays["truncated"][row]),
        )

    @property
    def num_tokens(self) -> np.ndarray:
        """int32[N], tokens of each branch."""
        return np.diff(self.table.arrays["branch_ends"], prepend=0).astype(np.int32)

    @property
    def num_targets(self) -> np.ndarray:
        """int32[N], supervised ones among them."""
        return self.table.arrays["num_targets"]

    @property
    def truncated(self) -> np.ndarray:
        """uint8[N], whether each was cut."""
        return self.table.arrays["truncated"]

    def prefixes(self, image: np.ndarray) -> np.ndarray | None:
        """int32[K], tokens in front of samples by the numbers of their groups; None: the same for every picture."""
        groups = self.table.arrays.get("group_tokens")
        # One place more, which -1 looks up.
        return None if groups is None else np.append(groups, np.int32(self.table.facts["prefix_of_text"]))[image]

    @property
    def content(self) -> str:
        """A hash of all ids and of what is supervised of them."""
        return fingerprint([self.table.hashes[name] for name in ("ids", "supervised")], 32)

    def faults(self, rows: np.ndarray) -> list[str]:
        """Why those of the samples cannot be trained on that cannot."""
        texts = self.table.texts("fault")
        return [texts[at] for at in np.flatnonzero(np.isin(self.table.arrays["fault_row"], rows))]


@dataclass(frozen=True, kw_only=True)
class GroupTokens:
    """How many tokens the pictures of each group take.

    Attributes:
        tokens: int32[G], of each group's whole prefix.
        bound: what decides beside the pictures' sizes, ``max_pixels=...``; "": nothing, LLaVA's take the same all.
    """

    tokens: np.ndarray
    bound: str = ""


def ensure_tokens(
    records: Records,
    conversation: Conversation,
    *,
    max_length: int,
    folder: Path,
    groups: GroupTokens | None = None,
    processes: int | None = None,
    piece_rows: int = PIECE_ROWS,
) -> Tokens:
    """The table of all branches, built where it is missing.

    Args:
        records: whose samples.
        conversation: of the tokenizer.
        max_length: as in ``conversation.branches``.
        folder: where indexes are kept.
        groups: tokens of each group's prefix; None: of every one as many as the frame's.
        processes: as in ``shards.do_all``.
        piece_rows: samples of one piece of work.
    """
    saved, frame = saved_tokenizer(conversation.tokenizer), conversation.frame
    code = _code()
    stands = [frame.prefix, frame.prefix_of_text, frame.num_lead, frame.reserved, asdict(frame.wording)]
    own = [] if groups is None else [groups.bound, hashlib.sha256(groups.tokens.tobytes()).hexdigest()]
    home = folder / f"tokens-{fingerprint([records.key, saved, stands, code, max_length, piece_rows, *own], 16)}"

    def make(parts: Path) -> Table:
        with atomic_write(parts / "tokenizer.json") as stream:
            stream.write(saved)
        work = partial(
            _encode,
            records=records,
            tokenizer=parts / "tokenizer.json",
            frame=frame,
            max_length=max_length,
            groups=None if groups is None else groups.tokens,
        )
        tasks = [(at, min(at + piece_rows, len(records))) for at in range(0, len(records), piece_rows)]
        with TableWriter(home) as writer:
            for arrays in do_all(parts, tasks, work, what="encoding samples", processes=processes):
                writer.add(arrays)
            if groups is not None:
                writer.add({"group_tokens": groups.tokens})
            told = _told(records, conversation.tokenizer.name_or_path, max_length, _pictures_of(conversation, groups))
            sizes = {"prefix": len(frame.prefix), "prefix_of_text": len(frame.prefix_of_text)}
            return writer.close({"of": told, **sizes})

    return Tokens(table=once(home, lambda: open_table(home), make, what="index of the tokens"))


def find_tokens(
    records: Records, *, base: str, image_tokens: int | str, max_length: int, folder: Path
) -> Tokens | None:
    """The table that ``ensure_tokens`` has built for the tokenizer of a base; loads no tokenizer, builds nothing.

    ``image_tokens``: those that a picture takes, which another vision encoder beside the same tokenizer changes; where
    its size decides, ``GroupTokens.bound``.
    """
    told = _told(records, str(TINY_BASE) if base == "tiny" else base, max_length, image_tokens)
    tables = (open_table(path) for path in sorted(folder.glob("tokens-????????????????")))
    return next((Tokens(table=table) for table in tables if table is not None and table.facts.get("of") == told), None)


def _pictures_of(conversation: Conversation, groups: GroupTokens | None) -> int | str:
    """What a table is found by of its pictures: the tokens that each takes, or the rule that their size decides by."""
    if groups is not None and groups.bound:
        return groups.bound
    return conversation.prefix.count(conversation.image_id)


def _told(records: Records, tokenizer: str, max_length: int, image_tokens: int | str) -> dict[str, Any]:
    """What a table is of; a folder's tokenizer by its file's hash, wherever the folder lies, another by its hub id."""
    file = Path(tokenizer) / "tokenizer.json"
    name = sha256(file) if file.is_file() else tokenizer
    sizes = {"max_length": max_length, "image_tokens": image_tokens}
    return {"records": records.key, "tokenizer": name, **sizes, "code": fingerprint(_code(), 16)}


def _code() -> list[str]:
    return [(Path(__file__).parents[2] / name).read_text(encoding="utf-8") for name in DECIDES]


def _encode(
    rows: tuple[int, int],
    *,
    records: Records,
    tokenizer: Path,
    frame: Frame,
    max_length: int,
    groups: np.ndarray | None,
) -> Arrays:
    """The branches of some rows; runs in a process of its own."""
    samples = list(records.read(range(*rows)))
    taken = None
    if groups is not None:
        taken = np.append(groups, len(frame.prefix_of_text))[records.image[slice(*rows)]].tolist()
    found = branches(samples, frame, encoder_of(tokenizer), max_length=max_length, prefix_tokens=taken)
    if taken is not None:
        found = [_no_room(*one, max_length=max_length) for one in zip(found, samples, taken, strict=True)]
    good = [one if isinstance(one, Branch) else Branch(ids=(), supervised=()) for one in found]
    faults = [(row, str(one)) for row, one in enumerate(found, rows[0]) if isinstance(one, DataError)]
    return {
        "ids": np.array([token for one in good for token in one.ids], dtype=np.int32),
        "supervised": np.array([learnt for one in good for learnt in one.supervised], dtype=np.uint8),
        "branch_ends": np.cumsum([len(one.ids) for one in good], dtype=np.int64),
        "num_targets": np.array([one.num_targets for one in good], dtype=np.int32),
        "truncated": np.array([one.truncated for one in good], dtype=np.uint8),
        "fault_row": np.array([row for row, _ in faults], dtype=np.int32),
        **packed_texts("fault", [text for _, text in faults]),
    }


def _no_room(found: Branch | DataError, sample: Sample, taken: int, *, max_length: int) -> Branch | DataError:
    """What is wrong with a sample whose pictures alone are too long, in place of what its words would say."""
    if not sample.images or taken < max_length:
        return found
    what = "its picture takes" if len(sample.images) == 1 else f"its {len(sample.images)} pictures take"
    lower = "model.max_pixels"
    if len(sample.times_s) > 1:
        what, lower = f"its {len(sample.images)} frames take", "data.frames"
    return DataError(
        f"sample {named(sample.id)}: {what} {taken} tokens with what stands before them, and data.max_length is "
        f"{max_length}; lower {lower}, or raise data.max_length"
    )
