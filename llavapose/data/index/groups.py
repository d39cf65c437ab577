"""Groups of pictures: what a sample is about, in the order that it shows them; most are one picture.

Groups are numbered in the order of their pictures' names, so that a set of one picture a sample has the same numbers
for pictures and groups.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BETWEEN = "\0"
"""Between the names of a group's pictures: no path holds it."""


class Groups(Sequence[tuple[int, ...]]):
    """The pictures of each group, as numbers into the pictures' names.

    Args:
        pictures: int32[M], of all groups, one behind the other.
        ends: int64[G], where each group ends among them.
    """

    def __init__(self, pictures: np.ndarray, ends: np.ndarray) -> None:
        self.pictures, self.ends = pictures, ends

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[at] for at in range(*index.indices(len(self)))]
        at = int(index)
        if not 0 <= at < len(self):
            raise IndexError(f"group {index} of {len(self)}")
        start = int(self.ends[at - 1]) if at else 0
        return tuple(self.pictures[start : int(self.ends[at])].tolist())

    @property
    def sizes(self) -> np.ndarray:
        """int64[G], pictures of each."""
        return np.diff(self.ends, prepend=0)

    def of(self, numbers: np.ndarray) -> np.ndarray:
        """Pictures of some groups, each once, ascending.

        Args:
            numbers: of groups; below 0: none.
        """
        is_asked = np.zeros(len(self), bool)
        is_asked[numbers[numbers >= 0]] = True
        return np.unique(self.pictures[np.repeat(is_asked, self.sizes)])

    def any_of(self, is_true: np.ndarray) -> np.ndarray:
        """bool[G]: whether it is true of any of a group's pictures; bool[P] says so of each picture."""
        return (
            np.logical_or.reduceat(is_true[self.pictures], self.ends - self.sizes) if len(self) else np.zeros(0, bool)
        )


def single_groups(num_pictures: int) -> Groups:
    """A group for each picture alone."""
    return Groups(np.arange(num_pictures, dtype=np.int32), np.arange(1, num_pictures + 1, dtype=np.int64))


def numbered(found: Mapping[str, int]) -> tuple[np.ndarray, list[str], list[tuple[int, ...]]]:
    """Numbers by name for groups that were numbered as they came.

    Args:
        found: a group's names with ``BETWEEN`` between them -> its number.

    Returns:
        (number, names, groups): int32[G + 1], the new number of each old one and -1 for -1; the pictures' names in
        alphabetical order; the pictures of each new group.
    """
    groups = sorted((tuple(joined.split(BETWEEN)), old) for joined, old in found.items())
    names = sorted({name for group, _ in groups for name in group})
    place = {name: at for at, name in enumerate(names)}
    # One place more, which -1 looks up: text alone stays so.
    number = np.full(len(groups) + 1, -1, dtype=np.int32)
    number[[old for _, old in groups]] = np.arange(len(groups), dtype=np.int32)
    return number, names, [tuple(place[name] for name in group) for group, _ in groups]


def packed_groups(groups: Sequence[tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Groups as the two arrays that ``Groups`` reads."""
    pictures = np.array([picture for group in groups for picture in group], dtype=np.int32)
    return {"group_pictures": pictures, "group_ends": np.cumsum([len(group) for group in groups], dtype=np.int64)}
