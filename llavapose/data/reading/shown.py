"""Pictures as a model is shown them: the tokens of a prefix, what the forward is told beside them, and positions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor

from llavapose.data.images import pixels
from llavapose.data.reading.wording import Wording

Size = tuple[int, int]
"""Height and width of a picture in pixels, as it is decoded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Shown:
    """A group of pictures in order, one prefix for all samples about them.

    Attributes:
        ids: P token ids, from the first to the last of the pictures' block.
        inputs: what the forward is told of the pictures, by its own names, as rows one behind the other:
            ``pixel_values``, and what a family needs beside them.
        next_position: where branches begin: behind the largest position of the prefix.
        is_picture: bool[P], the tokens in whose place the model puts a picture; None: nobody asks.
        rope: int64[3, P], rotary positions by time, row and column; None: 0 to P - 1.
        blocks: int64[P], which block of tokens that see each other both ways each belongs to; -1: none. None: no block.
        patch_indices: the input whose numbers count the patches of ``pixel_values`` from this group's first one; "":
            none.
    """

    ids: tuple[int, ...]
    inputs: dict[str, Tensor]
    next_position: int
    is_picture: Tensor | None = None
    rope: Tensor | None = None
    blocks: Tensor | None = None
    patch_indices: str = ""


class Pictures(Protocol):
    """Makes a ``Shown`` of pictures, for one base."""

    constant: int | None
    """Tokens of the prefix of one picture, where they are the same for every picture; else None."""
    image_id: int
    """The id that features stand in the place of."""
    picture_ids: tuple[int, ...]
    """All ids that the processor marks as a picture's: where it draws rows and borders, more than ``image_id``."""
    type_ids: str
    """The argument of ``generate`` that marks picture tokens by 1; "": none."""

    def shown(self, images: Sequence[Image.Image], times_s: Sequence[float] = ()) -> Shown:
        """A group of pictures; at least one, decoded to RGB. Frames have their seconds in ``times_s``."""
        ...

    def num_tokens(self, sizes: Sequence[Size], times_s: Sequence[float] = ()) -> int:
        """Tokens of the prefix of one group of pictures, or of frames at their seconds; no pixel is looked at."""
        ...

    def blank(self) -> Shown:
        """A picture of nothing, for a batch that has none."""
        ...


class SquarePictures:
    """LLaVA-1.5's: each padded to a square and resized, so that every picture takes the same tokens.

    Args:
        image_processor: LLaVA's, which pads.
        tokenizer: LLaVA's.
        wording: its words.
        image_id: of the placeholder of a patch.
        num_image_tokens: placeholders of one picture.
    """

    def __init__(
        self,
        image_processor: object,
        *,
        tokenizer: Any,
        wording: Wording,
        image_id: int,
        num_image_tokens: int,
    ) -> None:
        self.image_processor = image_processor
        self._tokenizer, self._wording = tokenizer, wording
        self._heads: dict[tuple[int, tuple[float, ...]], tuple[int, ...]] = {}
        self._picture = (image_id,) * num_image_tokens
        self.image_id, self.picture_ids = image_id, (image_id,)
        self.type_ids = ""
        self.constant: int | None = len(self._ids(1))

    def _ids(self, num: int, times_s: Sequence[float] = ()) -> tuple[int, ...]:
        key = (num, tuple(times_s))
        if key not in self._heads:
            self._heads[key] = tuple(self._tokenizer(self._wording.head(num, times_s)).input_ids)
        whole = (self._picture if token == self.image_id else (token,) for token in self._heads[key])
        return tuple(token for part in whole for token in part)

    def shown(self, images: Sequence[Image.Image], times_s: Sequence[float] = ()) -> Shown:
        """As ``Pictures.shown``: ``pixel_values`` are float32[N, 3, H, W]."""
        return self._shown(torch.stack([pixels(image, self.image_processor) for image in images]), times_s)

    def _shown(self, pixel_values: Tensor, times_s: Sequence[float] = ()) -> Shown:
        ids = self._ids(len(pixel_values), times_s)
        return Shown(ids=ids, inputs={"pixel_values": pixel_values}, next_position=len(ids))

    def num_tokens(self, sizes: Sequence[Size], times_s: Sequence[float] = ()) -> int:
        """As ``Pictures.num_tokens``: whatever the sizes are."""
        return len(self._ids(len(sizes), times_s))

    def blank(self) -> Shown:
        """The mean colour, once normalised."""
        crop = self.image_processor.crop_size  # type: ignore[attr-defined]
        return self._shown(torch.zeros(1, 3, crop["height"], crop["width"]))


Head = Callable[[int, Sequence[float]], str]
"""The text in front of the first question for a number of pictures, and for their seconds where they are frames, up to
the last picture's marker."""
