"""Tokens of the prefix of every group of pictures of a set, from the sizes that its index has noted."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from llavapose.data.index.records import Records
from llavapose.data.index.seen import picture_sizes
from llavapose.data.index.tokens import GroupTokens
from llavapose.data.reading.read import Reading
from llavapose.errors import LlavaPoseError, named
from llavapose.samples import bad_records


def group_tokens(records: Records, reading: Reading, *, folder: Path) -> GroupTokens | None:
    """How many tokens each group takes; None: every one as many as a picture of LLaVA's does.

    Args:
        records: whose groups.
        reading: of the base.
        folder: where indexes are kept: sizes are looked up there, and only where they decide.

    Raises:
        DataError: pictures that the base's processor refuses, all listed.
    """
    pictures, groups = reading.pictures, records.groups
    is_alike = pictures.constant is not None and len(groups.pictures) == len(groups) and not groups.is_timed.any()
    if is_alike and reading.conversation.prefix:
        return None
    # Where all sizes take as many tokens, any will do.
    sizes = np.full((len(records.names), 2), 64, dtype=np.int32)
    if pictures.constant is None:
        sizes = picture_sizes(records, folder)
    tokens, refused = np.zeros(len(groups), dtype=np.int32), dict[int, str]()
    for number, group in enumerate(groups):
        try:
            shown = [(int(sizes[one, 0]), int(sizes[one, 1])) for one in group]
            tokens[number] = pictures.num_tokens(shown, groups.times_s(number))
        except LlavaPoseError:
            raise
        except Exception as error:
            refused[number] = " ".join(str(error).split())[:150] or type(error).__name__
    if refused:
        raise bad_records(records.images, list(_told(records, sizes, refused)))
    return GroupTokens(tokens=tokens, bound=reading.bound)


def _told(records: Records, sizes: np.ndarray, refused: Mapping[int, str]) -> Iterator[str]:
    """A line for the first sample of each group that the base's processor refuses."""
    for number, why in refused.items():
        sample = records.ids[int(np.flatnonzero(records.image == number)[0])]
        shown = ", ".join(
            f"{records.names[one]} ({sizes[one, 1]} x {sizes[one, 0]} pixels)" for one in records.groups[number]
        )
        yield f"sample {named(sample)}: the base's processor refuses {shown}: {why}; crop it, or leave the sample out"
