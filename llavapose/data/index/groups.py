"""Groups of pictures: what a sample is about, in the order that it shows them; most are one picture.

Groups are numbered in the order of their pictures' names, so that a set of one picture a sample has the same numbers
for pictures and groups. The same pictures as frames, at their times, are another group than without.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

BETWEEN = "\0"
"""Between the names of a group's pictures, and twice before their times: no path holds it."""


class Groups(Sequence[tuple[int, ...]]):
    """The pictures of each group, as numbers into the pictures' names.

    Args:
        pictures: int32[M], of all groups, one behind the other.
        ends: int64[G], where each group ends among them.
        times: float64[M], seconds of each picture where it is a frame, NaN where it is none; None: none is. Not of
            fewer bits: 0.45 s would be told as 0.4 from the index and as 0.5 from the sample.
        clips: int32[P], the first picture of the same clip or video as each, itself where it has none; None: nobody
            has.
        scenes: int64[P], number of the scene that each is a frame of; -1: no frame, -2: its scene is not told. None:
            no picture is a frame.
    """

    def __init__(
        self,
        pictures: np.ndarray,
        ends: np.ndarray,
        times: np.ndarray | None = None,
        clips: np.ndarray | None = None,
        scenes: np.ndarray | None = None,
    ) -> None:
        self.pictures, self.ends, self.times, self.clips, self.scenes = pictures, ends, times, clips, scenes

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

    def times_s(self, number: int) -> tuple[float, ...]:
        """Seconds of each of a group's pictures; none where they are no frames."""
        if self.times is None:
            return ()
        start, end = int(self.ends[number - 1]) if number else 0, int(self.ends[number])
        return () if np.isnan(self.times[start]) else tuple(self.times[start:end].tolist())

    @property
    def is_timed(self) -> np.ndarray:
        """bool[G], whether a group's pictures are frames."""
        return np.zeros(len(self), bool) if self.times is None else ~np.isnan(self.times[self.ends - self.sizes])

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


def shown_of(groups: Groups, image: np.ndarray) -> np.ndarray | None:
    """int32[N], pictures of each sample's group, by its number or -1; None: one, where it has any."""
    sizes = groups.sizes
    return np.append(sizes, 0).astype(np.int32)[image] if (sizes != 1).any() else None


def single_groups(num_pictures: int) -> Groups:
    """A group for each picture alone."""
    return Groups(np.arange(num_pictures, dtype=np.int32), np.arange(1, num_pictures + 1, dtype=np.int64))


def group_key(names: Sequence[str], times_s: Sequence[float] = ()) -> str:
    """What a group is called by until all are numbered; "": no picture."""
    times = BETWEEN * 2 + BETWEEN.join(map(repr, times_s)) if times_s else ""
    return BETWEEN.join(names) + times


def numbered(found: Mapping[str, int]) -> tuple[np.ndarray, list[str], list[tuple[int, ...]], list[tuple[float, ...]]]:
    """Numbers by name for groups that were numbered as they came.

    Args:
        found: a group's key -> its number.

    Returns:
        (number, names, groups, times): int32[G + 1], the new number of each old one and -1 for -1; the pictures' names
        in alphabetical order; the pictures of each new group, and their seconds, where they are frames.
    """
    groups = sorted((*_parted(key), old) for key, old in found.items())
    names = sorted({name for group, _, _ in groups for name in group})
    place = {name: at for at, name in enumerate(names)}
    # One place more, which -1 looks up: text alone stays so.
    number = np.full(len(groups) + 1, -1, dtype=np.int32)
    number[[old for *_, old in groups]] = np.arange(len(groups), dtype=np.int32)
    pictures = [tuple(place[name] for name in group) for group, _, _ in groups]
    return number, names, pictures, [times for _, times, _ in groups]


def _parted(key: str) -> tuple[tuple[str, ...], tuple[float, ...]]:
    names, _, times = key.partition(BETWEEN * 2)
    return tuple(names.split(BETWEEN)), tuple(map(float, times.split(BETWEEN))) if times else ()


def packed_groups(groups: Sequence[tuple[int, ...]], times: Sequence[tuple[float, ...]] = ()) -> dict[str, np.ndarray]:
    """Groups as arrays; their times where there are frames."""
    pictures = np.array([picture for group in groups for picture in group], dtype=np.int32)
    packed = {"group_pictures": pictures, "group_ends": np.cumsum([len(group) for group in groups], dtype=np.int64)}
    if any(times):
        pairs = zip(groups, times, strict=True)
        of_all = [one for group, told in pairs for one in told or (np.nan,) * len(group)]
        packed["group_times"] = np.array(of_all, dtype=np.float64)
    return packed


def unpacked_groups(arrays: Mapping[str, np.ndarray]) -> Groups:
    """Groups of a table's arrays."""
    beside = (arrays.get(f"group_{name}") for name in ("times", "clips", "scenes"))
    return Groups(arrays["group_pictures"], arrays["group_ends"], *beside)
