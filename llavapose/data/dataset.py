"""Chosen samples as packed batches: tokens from the index, pictures decoded when they are asked for."""

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.data import Dataset

from llavapose.data.choose import kind_counts
from llavapose.data.conversation import Branch
from llavapose.data.index.records import Records
from llavapose.data.index.tokens import Tokens
from llavapose.data.pack import pack
from llavapose.data.plan.epoch import MicroBatch
from llavapose.data.plan.lengths import Lengths
from llavapose.data.reading.read import Reading
from llavapose.data.reading.shown import Shown
from llavapose.errors import DataError, LlavaPoseError, named
from llavapose.files import inside
from llavapose.model.batch import Batch
from llavapose.records import Sample
from llavapose.rgb import open_image


class ChosenBranches(Sequence[Branch]):
    """The branches of chosen rows, each read when it is asked for."""

    def __init__(self, tokens: Tokens, rows: np.ndarray) -> None:
        self._tokens, self._rows = tokens, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, index: Any) -> Any:
        return self._tokens[int(self._rows[index])]


def lengths_of(records: Records, tokens: Tokens) -> Lengths:
    """What a planner knows of all samples of an index."""
    return Lengths(
        image=records.image,
        num_tokens=tokens.num_tokens,
        num_targets=tokens.num_targets,
        num_words=records.words,
        prefix=tokens.prefixes(records.image),
        num_shown=records.num_shown,
    )


class PackedSamples(Dataset[Batch]):
    """Samples with their tokens; indexed by the micro-batch that the planner made.

    What a worker process holds of them is mapped from the index's files, whatever their number.

    Args:
        records, tokens: the index.
        rows: int32[N], rows of the index; a sample's place among them is its index in plans and batches.
        reading: how the base reads words and pictures.
    """

    def __init__(self, records: Records, tokens: Tokens, rows: np.ndarray, *, reading: Reading) -> None:
        self.records, self.tokens, self.rows = records, tokens, rows
        self.conversation, self.pictures = reading.conversation, reading.pictures
        self.pad_id = reading.conversation.tokenizer.pad_token_id or 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, micro: MicroBatch) -> Batch:
        decoded: dict[int, Shown] = {}
        return pack(
            micro.rows,
            self.branches,
            [self._shown(group[0], decoded) for row in micro.rows for group in row],
            text_prefix=self.conversation.frame.prefix_of_text,
            step_weight=micro.step_weight,
            blank=self.pictures.blank,
            pad_id=self.pad_id,
        )

    def shown(self, index: int) -> Shown:
        """The pictures of a sample that has any."""
        found = self._shown(index, {})
        assert found is not None
        return found

    def _shown(self, index: int, decoded: dict[int, Shown]) -> Shown | None:
        """A sample's pictures; of groups that a micro-batch has twice, decoded once."""
        row = self.rows[index]
        number = int(self.records.image[row])
        if number >= 0 and number not in decoded:
            where = f"sample {named(self.records.ids[row])}"
            names = [self.records.names[picture] for picture in self.records.groups[number]]
            paths = [inside(self.records.images, name, where=where) for name in names]
            opened, times_s = [open_image(path, where=where) for path in paths], self.records.groups.times_s(number)
            shown = self._read(opened, times_s, where=f"{where}: {', '.join(names)}")
            self._as_indexed(row, shown, where=f"{where}: {', '.join(names)}")
            decoded[number] = shown
        return decoded.get(number)

    def _read(self, images: Sequence[Image.Image], times_s: Sequence[float], *, where: str) -> Shown:
        """As ``Pictures.shown``; what a processor raises is told with sample and files."""
        try:
            return self.pictures.shown(images, times_s)
        except (LlavaPoseError, MemoryError):
            raise
        except Exception as error:
            told = " ".join(str(error).split())[:150] or type(error).__name__
            raise DataError(
                f"{where}: the base's processor refuses it: {told}; mend it, or leave the sample out"
            ) from None

    def _as_indexed(self, row: int, shown: Shown, *, where: str) -> None:
        """Where sizes decide: plan and cuts hold for as many tokens as the pictures had when they were looked at."""
        if self.pictures.constant is not None:
            return
        planned = self.tokens.prefixes(self.records.image[row : row + 1])
        if planned is not None and len(shown.ids) != int(planned[0]):
            raise DataError(
                f"{where}: a picture has changed since training began: its prefix has {len(shown.ids)} tokens, and "
                f"{int(planned[0])} were planned; run again, which looks at all pictures anew"
            )

    @property
    def branches(self) -> "ChosenBranches":
        """The tokens of each sample."""
        return ChosenBranches(self.tokens, self.rows)

    def sample(self, index: int) -> Sample:
        """A sample itself, read from its file."""
        return self.records.sample(int(self.rows[index]))

    @property
    def lengths(self) -> Lengths:
        """What the planner knows of them."""
        return lengths_of(self.records, self.tokens).of(self.rows)

    @property
    def kind_counts(self) -> dict[str, int]:
        """Samples of each kind, in alphabetical order."""
        return kind_counts(self.records, self.rows)

    @property
    def num_pictures(self) -> int:
        """Different pictures."""
        return len(self.records.groups.of(self.records.image[self.rows]))

    def pictures_fingerprint(self, hashes: np.ndarray) -> str:
        """A hash of the pictures' file names and of what they hold; the folders that they lie in may change.

        Args:
            hashes: uint8[P, 32], SHA-256 of each of the records' pictures.
        """
        digest = hashlib.sha256()
        for number in self.records.groups.of(self.records.image[self.rows]):
            name = PurePosixPath(self.records.names[number]).name
            digest.update(name.encode() + b"\0" + hashes[number].tobytes())
        return digest.hexdigest()

    @property
    def num_without_picture(self) -> int:
        """Samples of text alone."""
        return int((self.records.image[self.rows] < 0).sum())

    @property
    def num_truncated(self) -> int:
        """Samples whose end was cut at ``max_length``."""
        return int(self.tokens.truncated[self.rows].sum())
