"""The samples that a run would train on: as they lie there, or drawn after the published counts where they do not."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llavapose.config.choices import LocateAsking
from llavapose.config.schema import DataConfig
from llavapose.config.teaching import LocateConfig
from llavapose.data.choose import Targets, choose
from llavapose.data.index.clips import clip_key, packed_clips
from llavapose.data.index.groups import Groups, group_key, numbered, packed_groups, shown_of, single_groups, unpacked_groups
from llavapose.data.plan.lengths import Lengths
from llavapose.data.plan.published import TEMPLATE_TOKENS, TOKENS_A_WORD, published_lengths
from llavapose.frames import with_frames
from llavapose.kinds import KINDS
from llavapose.records import Sample
from llavapose.samples import stream_samples


@dataclass(frozen=True, kw_only=True)
class Prefixes:
    """Tokens in front of a picture's samples, the picture's own included, and in front of a sample without one."""

    picture: int
    text: int


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Samples by their lengths.

    Attributes:
        lengths: of the planner.
        kind: uint8[N], index into ``kinds``.
        kinds: names.
        names: of the pictures; "" where there are none yet.
        groups: of pictures, by the number that ``lengths`` calls them by.
        source: where the lengths are from, for people.
        notes: what else they should know of them.
        prefixes: where they are known of the tokenizer; the lengths are then exact, and cut already.
    """

    lengths: Lengths
    kind: NDArray[np.uint8]
    kinds: tuple[str, ...]
    names: Sequence[str]
    groups: Groups
    source: str
    notes: tuple[str, ...] = ()
    prefixes: Prefixes | None = None

    def __len__(self) -> int:
        return len(self.kind)

    @property
    def samples(self) -> str:
        """What messages call it."""
        return self.source

    @property
    def image(self) -> NDArray[np.int32]:
        """int32[N], number of its group of pictures; -1: text alone."""
        return self.lengths.image


def all_samples(data: DataConfig, samples: Path | None, *, seed: int) -> Mixture:
    """What a run would choose from: a file or folder of samples by their words, or the papers' set without one."""
    return _published(seed) if samples is None else _read(samples, data.kind, data.frames)


def chosen_of(found: Mixture, data: DataConfig, *, seed: int, held_out_ids: Collection[int] = ()) -> Mixture:
    """What a run takes of them.

    Args:
        found: to choose from.
        data: weights or counts of the kinds, and what is left out.
        seed: of what is drawn.
        held_out_ids: COCO image ids whose samples are left out; pictures without a name have none.

    Raises:
        DataError: no sample is left, or fewer than ``data.counts`` asks for.
    """
    chosen = choose(
        found,
        kinds=data.kinds,
        counts=data.counts,
        num_val=data.num_val,
        num_samples=data.num_samples,
        seed=seed,
        held_out_ids=held_out_ids,
        targets=Targets(num=found.lengths.num_targets, budget=data.num_targets, exact=found.prefixes is not None),
    )
    return _only(found, chosen.train)


def cut(mixture: Mixture, room: NDArray[np.integer] | int) -> Mixture:
    """Samples that are longer behind their pictures than ``room`` tokens lose their end, as in training.

    Args:
        mixture: samples.
        room: of each, int[N], or of all.
    """
    if mixture.prefixes is not None:
        return mixture
    over = np.maximum(0, mixture.lengths.num_tokens - np.maximum(1, room))
    lengths = replace(
        mixture.lengths,
        num_tokens=(mixture.lengths.num_tokens - over).astype(np.int32),
        # The end is answer.
        num_targets=np.maximum(1, mixture.lengths.num_targets - over).astype(np.int32),
    )
    return replace(mixture, lengths=lengths)


def thinned(mixture: Mixture, most: int) -> tuple[Mixture, int]:
    """About ``most`` samples, with whole pictures, and one picture in how many that is."""
    every = max(1, len(mixture.kind) // most)
    if every == 1:
        return mixture, 1
    image = mixture.lengths.image
    # Those without a picture by their own place.
    kept = np.where(image >= 0, image, np.arange(len(image))) % every == 0
    return _only(mixture, np.flatnonzero(kept)), every


def _only(found: Mixture, chosen: NDArray[np.integer]) -> Mixture:
    return replace(found, lengths=found.lengths.of(chosen), kind=found.kind[chosen])


PEOPLE_OF_COCO = 149_813
"""People of COCO train2017 with a labelled joint."""


def with_located(found: Mixture | None, config: LocateConfig) -> Mixture:
    """Expected samples of kind locate, of the people of COCO train2017, behind others, if any.

    Args:
        found: expected samples of other kinds.
        config: how many joints are asked for of how many views of a person, and how.
    """
    views, joints = max(1, config.versions), config.max_joints or 17
    each = config.asking == LocateAsking.each
    branches = joints if each else 1
    num = PEOPLE_OF_COCO * views * branches
    answer = 2 if config.coding == "tokens" else 13 if config.coding == "decimal" else 9
    # In one answer each joint has its name and four marks as well.
    targets = answer + 1 if each else joints * (answer + 7) + 2
    asked = (45 if config.described and each else 16) + TEMPLATE_TOKENS
    first = found.lengths.num_pictures if found is not None else 0
    image = first + np.repeat(np.arange(PEOPLE_OF_COCO * views, dtype=np.int32), branches)
    own = {"image": image, "num_tokens": targets + asked, "num_targets": targets, "num_words": round(asked / 1.35)}
    arrays = {name: np.broadcast_to(np.asarray(value, np.int32), (num,)) for name, value in own.items()}
    kinds = (*(found.kinds if found is not None else ()), "locate")
    if found is not None:
        arrays = {name: np.concatenate([getattr(found.lengths, name), value]) for name, value in arrays.items()}
    kind = np.full(num, len(kinds) - 1, dtype=np.uint8)
    return Mixture(
        lengths=Lengths(**arrays),
        kind=kind if found is None else np.concatenate([found.kind, kind]),
        kinds=kinds,
        names=("",) * (first + PEOPLE_OF_COCO * views),
        groups=single_groups(first + PEOPLE_OF_COCO * views),
        source="published counts, expected lengths",
        notes=(*(found.notes if found is not None else ()), "kind locate: as of COCO train2017's 149,813 people"),
    )


def _published(seed: int) -> Mixture:
    """The papers' set: its counts over its pictures, lengths around each kind's mean."""
    lengths, kinds = published_lengths(seed)
    names = tuple(dict.fromkeys(kinds.tolist()))
    numbers = np.searchsorted(np.sort(names), kinds)
    order = np.argsort(names)
    return Mixture(
        lengths=lengths,
        kind=order[numbers].astype(np.uint8),
        kinds=names,
        names=("",) * lengths.num_pictures,
        groups=single_groups(lengths.num_pictures),
        source="published counts, expected lengths",
        notes=("pictures held out for benchmarks are not taken off: whose samples go is told by samples alone",),
    )


def _read(samples: Path, kind: str | None, frames: int | None) -> Mixture:
    """Samples of files, their tokens from their words; bad records are left to the run's own check."""
    names = tuple(KINDS)
    found: dict[str, int] = {}
    clips: dict[str, None] = {}
    rows = []
    for sample, _ in stream_samples(samples, None, kind=kind):
        if sample is not None:
            shown = with_frames(sample, frames)
            key = group_key(shown.images, shown.times_s)
            group = found.setdefault(key, len(found)) if shown.images else -1
            if sample.times_s:
                clips[clip_key(sample)] = None
            rows.append((group, names.index(sample.kind), *_words(sample)))
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    # Numbered by name, as in an index: what is drawn is then the same.
    number, pictures, groups, times = numbered(found)
    packed = unpacked_groups({**packed_groups(groups, times), **packed_clips(pictures, clips)})
    image = number[table[:, 0]]
    targets = np.maximum(1, table[:, 3] * TOKENS_A_WORD + table[:, 4])
    asked = table[:, 2] * TOKENS_A_WORD + TEMPLATE_TOKENS * table[:, 4]
    lengths = Lengths(
        image=image,
        num_tokens=(targets + asked).astype(np.int32),
        num_targets=targets.astype(np.int32),
        num_words=(table[:, 2] + table[:, 3]).astype(np.int32),
        num_shown=shown_of(packed, image),
    )
    return Mixture(
        lengths=lengths,
        kind=table[:, 1].astype(np.uint8),
        kinds=names,
        names=pictures,
        groups=packed,
        source=f"{samples}, tokens from its words",
    )


def _words(sample: Sample) -> Sequence[int]:
    """Words that are asked, words that are answered, and answers; coordinates count as the words of so many tokens."""
    asked = sum(len(turn.text.split()) for turn in sample.turns if turn.role == "user")
    told = [turn.text for turn in sample.turns if turn.role == "assistant"]
    if sample.kind == "locate":
        answered = round(sum(map(_coordinate_tokens, told)) / TOKENS_A_WORD)
    else:
        answered = sum(len(text.split()) for text in told)
    return asked, answered, len(sample.turns) // 2


def _coordinate_tokens(text: str) -> int:
    """Tokens of an answer about joints: a new token for each value, or each digit and mark one, as Llama's has it."""
    return len(re.findall(r"<loc[0-9]{3}>|[0-9]|[^\w\s]|[A-Za-z]+", text))
