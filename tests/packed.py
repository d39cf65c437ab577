"""LLaVA's pixels to a packed batch, for tests that have a tokenizer's prefix and no pictures."""

from collections.abc import Sequence

from torch import Tensor

from llavapose.data.conversation import Branch
from llavapose.data.pack import pack as pack_shown
from llavapose.data.reading.shown import Shown
from llavapose.model.batch import Batch


def pack(
    prefix: Sequence[int],
    text_prefix: Sequence[int],
    rows: Sequence[Sequence[Sequence[int]]],
    branches: Sequence[Branch],
    pictures: Sequence[Tensor | None],
    *,
    step_weight: float,
    blank: Tensor,
    pad_id: int = 0,
) -> Batch:
    """As ``data.pack.pack``, of groups of one picture each: float32[3, H, W], or None.

    Args:
        prefix: ids of system sentence and image tokens, the same for every picture.
        text_prefix: ids in front of a sample without a picture.
        rows, branches, step_weight, pad_id: as there.
        pictures: of every group, in reading order.
        blank: float32[3, H, W], the picture of a batch that has none.
    """

    def shown(picture: Tensor) -> Shown:
        return Shown(ids=tuple(prefix), inputs={"pixel_values": picture[None]}, next_position=len(prefix))

    return pack_shown(
        rows,
        branches,
        [None if picture is None else shown(picture) for picture in pictures],
        text_prefix=text_prefix,
        step_weight=step_weight,
        blank=lambda: shown(blank),
        pad_id=pad_id,
    )
