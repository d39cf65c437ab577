"""The samples that a run would train on: as they lie there, or drawn after the published counts where they do not."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from llavapose.config.schema import DataConfig
from llavapose.data.plan.lengths import Lengths
from llavapose.data.plan.published import TEMPLATE_TOKENS, TOKENS_A_WORD, published_lengths
from llavapose.errors import ConfigError
from llavapose.kinds import KINDS
from llavapose.records import Sample
from llavapose.samples import stream_samples

SYSTEM_TOKENS = 35
"""LLaVA's system sentence and ``USER:`` in Llama's tokens, the first of all included."""


@dataclass(frozen=True, kw_only=True)
class Mixture:
    """Samples by their lengths.

    Attributes:
        lengths: of the planner.
        kind: uint8[N], index into ``kinds``.
        kinds: names.
        source: where the lengths are from, for people.
    """

    lengths: Lengths
    kind: NDArray[np.uint8]
    kinds: tuple[str, ...]
    source: str


def mixture_of(data: DataConfig, samples: Path | None, *, seed: int) -> Mixture:
    """The mixture of a run.

    Args:
        data: weights of the kinds, and what is left out.
        samples: file or folder of samples; None where there is none yet.
        seed: of what is drawn.

    Raises:
        ConfigError: no sample is left.
    """
    found = _published(seed) if samples is None else _read(samples, data.kind)
    chosen = _weighted(found, data, seed=seed)
    if not len(chosen):
        raise ConfigError(f"data.kinds: none of the {len(found.kind):,} samples ({found.source}) is of these kinds")
    return _only(found, chosen)


def cut(mixture: Mixture, room: int) -> Mixture:
    """Samples that are longer behind their picture than ``room`` tokens lose their end, as in training."""
    over = np.maximum(0, mixture.lengths.num_tokens - max(1, room))
    lengths = replace(
        mixture.lengths,
        num_tokens=mixture.lengths.num_tokens - over,
        # The end is answer.
        num_targets=np.maximum(1, mixture.lengths.num_targets - over),
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


def _only(found: Mixture, chosen: NDArray[np.int64]) -> Mixture:
    lengths = found.lengths
    return replace(
        found,
        lengths=Lengths(
            image=lengths.image[chosen],
            num_tokens=lengths.num_tokens[chosen],
            num_targets=lengths.num_targets[chosen],
            num_words=lengths.num_words[chosen],
        ),
        kind=found.kind[chosen],
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
        source="published counts, expected lengths",
    )


def _read(samples: Path, kind: str | None) -> Mixture:
    """Samples of files, their tokens from their words; bad records are left to the run's own check."""
    names = tuple(KINDS)
    pictures: dict[str, int] = {}
    rows = []
    for sample, _ in stream_samples(samples, None, kind=kind):
        if sample is not None:
            picture = pictures.setdefault(sample.images[0], len(pictures)) if sample.images else -1
            rows.append((picture, names.index(sample.kind), *_words(sample)))
    table = np.array(rows, dtype=np.int64).reshape(-1, 5)
    targets = np.maximum(1, table[:, 3] * TOKENS_A_WORD + table[:, 4])
    asked = table[:, 2] * TOKENS_A_WORD + TEMPLATE_TOKENS * table[:, 4]
    lengths = Lengths(
        image=table[:, 0].astype(np.int32),
        num_tokens=(targets + asked).astype(np.int32),
        num_targets=targets.astype(np.int32),
        num_words=(table[:, 2] + table[:, 3]).astype(np.int32),
    )
    return Mixture(
        lengths=lengths, kind=table[:, 1].astype(np.uint8), kinds=names, source=f"{samples}, tokens from its words"
    )


def _words(sample: Sample) -> Sequence[int]:
    """Words that are asked, words that are answered, and answers."""
    asked = sum(len(turn.text.split()) for turn in sample.turns if turn.role == "user")
    answered = sum(len(turn.text.split()) for turn in sample.turns if turn.role == "assistant")
    return asked, answered, len(sample.turns) // 2


def _weighted(found: Mixture, data: DataConfig, *, seed: int) -> NDArray[np.int64]:
    """Indices of what is trained on: by the kinds' weights, held-out pictures left out, at most so many."""
    generator = np.random.default_rng(seed)
    picked = []
    for number, name in enumerate(found.kinds):
        own = np.flatnonzero(found.kind == number)
        times, share = divmod(float(data.kinds.get(name, 0)), 1)
        picked += [own] * int(times) + [generator.permutation(own)[: round(share * len(own))]]
    chosen = np.sort(np.concatenate(picked)) if picked else np.zeros(0, dtype=np.int64)
    if data.num_val:
        chosen = chosen[_kept(found.lengths.image[chosen], data.num_val, seed=seed)]
    if data.num_samples is not None and data.num_samples < len(chosen):
        chosen = np.sort(generator.permutation(chosen)[: data.num_samples])
    return chosen


def _kept(images: NDArray[np.int32], num_val: int, *, seed: int) -> NDArray[np.bool_]:
    """Whether each sample stays: whole pictures are held out until there are so many samples."""
    names, counts = np.unique(images, return_counts=True)
    order = list(range(len(names)))
    random.Random(seed).shuffle(order)
    out, held = [], 0
    for number in order:
        if held >= num_val:
            break
        out.append(names[number])
        held += int(counts[number])
    return ~np.isin(images, out)
