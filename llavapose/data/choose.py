"""Which samples a run is trained on: the mixture of kinds, the held-out pictures, the number; of an index or a plan."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Protocol

import numpy as np

from llavapose.config.values import SMALLEST, Budget
from llavapose.data.index.groups import Groups
from llavapose.errors import DataError
from llavapose.kinds import KINDS


class Choosable(Protocol):
    """What decides a choice: an index's ``Records``, and the lengths that a plan reckons with."""

    def __len__(self) -> int: ...

    @property
    def samples(self) -> Path | str:
        """Where they are from, for messages."""
        ...

    @property
    def kind(self) -> np.ndarray:
        """uint8[N], index into ``kinds``."""
        ...

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds."""
        ...

    @property
    def image(self) -> np.ndarray:
        """int32[N], number of each sample's group of pictures; -1: text alone."""
        ...

    @property
    def groups(self) -> Groups:
        """The pictures of each group, as numbers into ``names``."""
        ...

    @property
    def names(self) -> Sequence[str]:
        """The pictures' paths, in alphabetical order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """Rows of ``Records`` to train on and to validate with: int32[N] each; a row stands twice where its kind does."""

    train: np.ndarray
    val: np.ndarray


@dataclass(frozen=True, kw_only=True)
class Targets:
    """How many supervised tokens a mixture may have.

    Attributes:
        num: int32[N], those of each row of the records.
        budget: the most; ``SMALLEST``: as many as the kind has that has fewest, alone and with what is held out taken
            off; None: all.
        exact: whether ``num`` is of the tokenizer, not an estimate from words: then fewer than a number are refused.
    """

    num: np.ndarray
    budget: Budget
    exact: bool = True


def choose(
    records: Choosable,
    *,
    kinds: Mapping[str, float],
    counts: Mapping[str, int],
    num_val: int,
    num_samples: int | None,
    seed: int,
    held_out_ids: Collection[int],
    targets: Targets | None = None,
) -> Chosen:
    """The samples of a run.

    Args:
        records: to choose from.
        kinds: weight of each kind, as in ``mix``.
        counts: number of each kind in place of its weight, as in ``mix``.
        num_val: samples held out at least, by whole pictures.
        num_samples: most samples to train on; None: all.
        seed: of all that is drawn.
        held_out_ids: COCO image ids whose samples are left out, counted and said.
        targets: most supervised tokens to train on; None: all.

    Raises:
        DataError: nothing is left, or less than ``counts`` or ``targets`` asks for.
    """
    found = without_pictures(records, held_out_ids)
    chosen = mix(records, found, kinds, counts, seed=seed)
    if not len(chosen):
        told = said_counts(kind_counts(records, found))
        raise DataError(f"{records.samples}: no sample of kind {', '.join({**kinds, **counts})}; it has {told}")
    train, val = hold_out(records, chosen, num_val=num_val, num_samples=num_samples, seed=seed)
    if not len(train):
        raise _all_held_out(records, chosen, num_val)
    if targets is not None and targets.budget is not None:
        budget = targets.budget
        if isinstance(budget, str):
            budget = _smallest(records, found, targets.num, num_val=num_val, seed=seed)
        train = _within(records, train, targets, budget, seed=seed)
    return Chosen(train=train, val=val)


def _all_held_out(records: Choosable, rows: np.ndarray, num_val: int) -> DataError:
    """Why nothing is left to train on: so many are to be held out, or the samples hang together by their pictures."""
    told = f"{records.samples}: {len(rows)} samples, all held out by data.num_val={num_val}"
    sizes = np.unique(_sets(records, rows), return_counts=True)[1]
    most, others = int(sizes.max()), len(rows) - int(sizes.max())
    if len(sizes) > 1 and most * 2 <= len(rows):
        return DataError(f"{told}; lower it")
    linked = f"{'they' if not others else f'{most} of them'} hang together by pictures that they share"
    instead = f"lower it to {others} or less, which holds out others" if others else "set data.num_val=0"
    return DataError(f"{told}: {linked}, and no picture that is trained on is held out; {instead}")


def _smallest(records: Choosable, rows: np.ndarray, num: np.ndarray, *, num_val: int, seed: int) -> int:
    """Supervised tokens of the kind that has fewest, as a run on that kind alone would take it; said."""
    sums = {}
    for kind in sorted(kind_counts(records, rows)):
        train, _ = hold_out(
            records, mix(records, rows, {kind: 1.0}, {}, seed=seed), num_val=num_val, num_samples=None, seed=seed
        )
        sums[kind] = int(num[train].sum())
    kind = min(sums, key=lambda one: sums[one])
    print(f"data.num_targets={SMALLEST}: kind {kind} has {sums[kind]:,} supervised tokens, the fewest")
    return sums[kind]


def _within(records: Choosable, train: np.ndarray, targets: Targets, budget: int, *, seed: int) -> np.ndarray:
    """Samples in an order by lot as long as their supervised tokens stay within the budget; said.

    Raises:
        DataError: there are fewer, or no sample is so short.
    """
    num = targets.num[train].astype(np.int64)
    there = int(num.sum())
    if there < budget and targets.exact:
        raise DataError(
            f"{records.samples}: data.num_targets={budget:,}, and the {len(train):,} samples of this mixture have "
            f"{there:,} supervised tokens; lower it to {there} for every arm, or say {SMALLEST}"
        )
    order = list(range(len(train)))
    Random(f"{seed}/targets").shuffle(order)
    reached = np.cumsum(num[order])
    kept = np.sort(np.array(order, dtype=np.int64)[: int(np.searchsorted(reached, budget, side="right"))])
    if not len(kept):
        raise DataError(f"{records.samples}: data.num_targets={budget}: every sample has more supervised tokens")
    print(
        f"supervised tokens: {int(num[kept].sum()):,} of data.num_targets={budget:,}"
        f"{'' if targets.exact else ', by an estimate'}, in {len(kept):,} of {len(train):,} samples"
    )
    return train[kept]


def without_pictures(records: Choosable, held_out_ids: Collection[int]) -> np.ndarray:
    """int32[N], rows but for those about a held-out picture, told by the number at the end of the picture's name."""
    rows = np.arange(len(records), dtype=np.int32)
    if not held_out_ids:
        return rows
    held_out = frozenset(held_out_ids)
    # A frame's name ends with its own number: it is held out by its scene's.
    of_frames = records.groups.scenes
    ids = map(coco_id, records.names) if of_frames is None else _ids_beside(records.names, of_frames)
    is_held = np.fromiter((one in held_out for one in ids), dtype=bool, count=len(records.names))
    # One place more, which -1 looks up: text alone is about no picture.
    kept = rows[~np.append(records.groups.any_of(is_held), False)[records.image]]
    if len(kept) < len(rows):
        left = len(rows) - len(kept)
        print(f"{left} samples left out: their {is_held.sum()} pictures are held out by COCO id")
    return kept


def _ids_beside(names: Sequence[str], scenes: np.ndarray) -> Iterator[int | None]:
    """The id of each picture, of frames their scene's."""
    for name, scene in zip(names, scenes.tolist(), strict=True):
        yield coco_id(name) if scene == -1 else scene


def coco_id(image: str) -> int | None:
    """The image id in COCO's file names ("COCO_val2014_000000000042.jpg", "000000000042.jpg"); None in others."""
    digits = re.search(r"(?:^|[_/])(\d+)\.\w+$", image)
    return int(digits[1]) if digits else None


def mix(
    records: Choosable, rows: np.ndarray, kinds: Mapping[str, float], counts: Mapping[str, int], *, seed: int
) -> np.ndarray:
    """The mixture: weight 1 takes each sample of a kind once, fractions a seeded part, 2 each twice.

    Args:
        records: whose rows.
        rows: int32[N], to draw from.
        kinds: kind -> weight.
        counts: kind -> how many of its samples, in place of its weight.
        seed: of what is drawn.

    Raises:
        DataError: more asked for than there are.
    """
    chosen = []
    for kind in {**kinds, **counts}:
        is_kind = (
            records.kind[rows] == records.kinds.index(kind) if kind in records.kinds else np.zeros(len(rows), bool)
        )
        pool = rows[is_kind]
        if kind in counts and counts[kind] > len(pool):
            raise DataError(
                f"{records.samples}: data.counts.{kind}={counts[kind]}, and there are {len(pool)}; lower it, or say "
                "how often with data.kinds"
            )
        whole, part = (0, 0.0) if kind in counts else divmod(float(kinds[kind]), 1.0)
        number = counts[kind] if kind in counts else round(part * len(pool))
        draw = _by_picture if kind in KINDS and KINDS[kind].by_picture else _one_by_one
        chosen += [pool] * int(whole) + [draw(records, pool, number, Random(f"{seed}/{kind}"))]
    return np.concatenate(chosen) if chosen else rows[:0]


def _one_by_one(_: Choosable, pool: np.ndarray, number: int, rng: Random) -> np.ndarray:
    return pool[np.array(rng.sample(range(len(pool)), number), dtype=np.int64)]


def _by_picture(records: Choosable, pool: np.ndarray, number: int, rng: Random) -> np.ndarray:
    """Whole pictures while there is room, so that what stands behind one copy of a picture stays together."""
    pictures = sorted(set(records.image[pool].tolist()))
    rng.shuffle(pictures)
    place = {picture: at for at, picture in enumerate(pictures)}
    order = np.argsort([place[picture] for picture in records.image[pool].tolist()], kind="stable")
    return pool[order[:number]]


def hold_out(
    records: Choosable, rows: np.ndarray, *, num_val: int, num_samples: int | None, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """(train, val), split by whole pictures so that no held-out picture is trained on; int32[N] each.

    Groups that share a picture, be it through a third one, are held out together, and so are those of one clip or
    video, whichever of its frames they show; those with more than half of the samples come last.
    """
    keys, inverse, sizes = np.unique(_sets(records, rows), return_inverse=True, return_counts=True)
    # Pictures in the order of their names, then shuffled: the same whichever of their samples comes first in the file.
    order = list(range(len(keys)))
    Random(f"{seed}/hold-out").shuffle(order)
    order.sort(key=lambda at: 2 * int(sizes[at]) > len(rows))
    sizes = sizes[order]
    before = np.cumsum(sizes) - sizes
    is_val = before < num_val
    num_held = int(sizes[is_val].sum())
    is_train = ~is_val & ((before - num_held < num_samples) if num_samples is not None else True)
    place = np.empty(len(keys), dtype=np.uint8)
    place[order] = np.where(is_val, 1, np.where(is_train, 2, 0))
    of_row = place[inverse]
    return rows[of_row == 2][:num_samples], rows[of_row == 1]


def _sets(records: Choosable, rows: np.ndarray) -> np.ndarray:
    """int64[N]: the samples that hang together by their pictures have the same number."""
    picture = np.append(_together(_pictures(records.names), records.groups), -1)[records.image[rows]]
    # A sample without a picture stands for itself, behind all pictures.
    return np.where(picture >= 0, picture, len(records.names) + rows.astype(np.int64))


def _pictures(names: Sequence[str]) -> np.ndarray:
    """int32[P]: the first name that is of the same picture, for each; people cut out of one, and it itself, are."""
    cut = [_CROP.search(name) for name in names]
    ids = {int(match[1]) for match in cut if match}
    found, first = np.arange(len(names), dtype=np.int32), dict[int, int]()
    for at, (name, match) in enumerate(zip(names, cut, strict=True)):
        picture = int(match[1]) if match else coco_id(name)
        if picture in ids:
            found[at] = first.setdefault(picture, at)
    return found


def _together(first: np.ndarray, groups: Groups) -> np.ndarray:
    """int32[G]: the first picture of all that hang together with each group's, by groups that share one, or by clips.

    Args:
        first: int32[P], the first name that is of the same picture.
        groups: of pictures.
    """
    found = first[groups.pictures[groups.ends - groups.sizes]] if len(groups) else first[:0]
    if len(groups.pictures) == len(groups) and groups.clips is None:
        return found
    home = list(range(len(first)))

    def root(picture: int) -> int:
        while home[picture] != picture:
            home[picture] = home[home[picture]]
            picture = home[picture]
        return picture

    clips = [] if groups.clips is None else enumerate(groups.clips.tolist())
    for together in (*groups, *clips):
        roots = sorted({root(int(first[picture])) for picture in together})
        for other in roots[1:]:
            home[other] = roots[0]
    return np.array([root(int(picture)) for picture in found], dtype=np.int32)


_CROP = re.compile(r"\d+-\d+_(\d{12,})\.jpg$")
"""As people cut out are called (``locate/samples.py``): person, version, picture."""


def kind_counts(records: Choosable, rows: np.ndarray) -> dict[str, int]:
    """Samples of each kind among the rows, the kinds in alphabetical order."""
    numbers = np.bincount(records.kind[rows], minlength=len(records.kinds)).tolist()
    return {kind: number for kind, number in sorted(zip(records.kinds, numbers, strict=True)) if number}


def said_counts(counts: Mapping[str, int]) -> str:
    """Counts for a message: "conv 113, detail 45"."""
    return ", ".join(f"{kind} {count}" for kind, count in counts.items()) or "none"
