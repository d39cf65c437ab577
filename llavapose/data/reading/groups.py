"""Tokens of the prefix of every group of pictures of a set, from the sizes that its index has noted."""

from pathlib import Path

import numpy as np

from llavapose.data.index.records import Records
from llavapose.data.index.seen import picture_sizes
from llavapose.data.index.tokens import GroupTokens
from llavapose.data.reading.read import Reading


def group_tokens(records: Records, reading: Reading, *, folder: Path) -> GroupTokens | None:
    """How many tokens each group takes; None: every one as many as a picture of LLaVA's does.

    Args:
        records: whose groups.
        reading: of the base.
        folder: where indexes are kept: sizes are looked up there, and only where they decide.
    """
    pictures, groups = reading.pictures, records.groups
    if pictures.constant is not None and len(groups.pictures) == len(groups) and reading.conversation.prefix:
        return None
    # Where all sizes take as many tokens, any will do.
    sizes = np.full((len(records.names), 2), 64, dtype=np.int32)
    if pictures.constant is None:
        sizes = picture_sizes(records, folder)
    told = [[(int(sizes[one, 0]), int(sizes[one, 1])) for one in group] for group in groups]
    return GroupTokens(
        tokens=np.array([pictures.num_tokens(group) for group in told], dtype=np.int32), bound=reading.bound
    )
