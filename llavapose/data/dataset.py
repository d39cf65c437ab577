"""Chosen samples as packed batches: tokens from the index, pictures decoded when they are asked for."""

import hashlib
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from llavapose.data.choose import kind_counts
from llavapose.data.conversation import Branch, Conversation
from llavapose.data.images import pixels
from llavapose.data.index.records import Records
from llavapose.data.index.tokens import Tokens
from llavapose.data.pack import pack
from llavapose.data.plan.epoch import MicroBatch
from llavapose.data.plan.lengths import Lengths
from llavapose.errors import named
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


class PackedSamples(Dataset[Batch]):
    """Samples with their tokens; indexed by the micro-batch that the planner made.

    What a worker process holds of them is mapped from the index's files, whatever their number.

    Args:
        records, tokens: the index.
        rows: int32[N], rows of the index; a sample's place among them is its index in plans and batches.
        conversation: of the tokenizer.
        processor: the base's.
    """

    def __init__(
        self, records: Records, tokens: Tokens, rows: np.ndarray, *, conversation: Conversation, processor: Any
    ) -> None:
        self.records, self.tokens, self.rows = records, tokens, rows
        self.conversation = conversation
        self.image_processor = processor.image_processor
        self.pad_id = processor.tokenizer.pad_token_id or 0

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, micro: MicroBatch) -> Batch:
        decoded: dict[int, Tensor] = {}
        pictures = [self._picture(group[0], decoded) for row in micro.rows for group in row]
        frame, size = self.conversation.frame, self.image_processor.crop_size
        return pack(
            frame.prefix,
            frame.prefix_of_text,
            micro.rows,
            self.branches,
            pictures,
            step_weight=micro.step_weight,
            blank=torch.zeros(3, size["height"], size["width"]),  # the mean colour, once normalised
            pad_id=self.pad_id,
        )

    def picture(self, index: int) -> Tensor:
        """The picture of a sample that has one, float32[3, H, W]."""
        found = self._picture(index, {})
        assert found is not None
        return found

    def _picture(self, index: int, decoded: dict[int, Tensor]) -> Tensor | None:
        """A sample's picture, float32[3, H, W]; of those that a micro-batch has twice, decoded once."""
        row = self.rows[index]
        number = int(self.records.image[row])
        if number >= 0 and number not in decoded:
            where = f"sample {named(self.records.ids[row])}"
            path = inside(self.records.images, self.records.names[number], where=where)
            decoded[number] = pixels(open_image(path, where=where), self.image_processor)
        return decoded.get(number)

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
        return Lengths(
            image=self.records.image[self.rows],
            num_tokens=self.tokens.num_tokens[self.rows],
            num_targets=self.tokens.num_targets[self.rows],
            num_words=self.records.words[self.rows],
        )

    @property
    def kind_counts(self) -> dict[str, int]:
        """Samples of each kind, in alphabetical order."""
        return kind_counts(self.records, self.rows)

    @property
    def num_pictures(self) -> int:
        """Different pictures."""
        image = self.records.image[self.rows]
        return len(np.unique(image[image >= 0]))

    def pictures_fingerprint(self, hashes: np.ndarray) -> str:
        """A hash of the pictures' file names and of what they hold; the folders that they lie in may change.

        Args:
            hashes: uint8[P, 32], SHA-256 of each of the records' pictures.
        """
        digest = hashlib.sha256()
        image = self.records.image[self.rows]
        for number in np.unique(image[image >= 0]):
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
