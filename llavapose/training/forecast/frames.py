"""Samples of several pictures and of frames: what stands in front of each, where no index has counted it."""

from dataclasses import replace

import numpy as np

from llavapose.data.index.groups import Groups
from llavapose.training.forecast.mixture import Mixture

TIME_TOKENS = 8
"""Of a time and the line feed behind its frame ("0.4 s: " and what parts two frames): Llama's, a token a digit."""


def of_frames(expected: Mixture, num: int) -> Mixture:
    """Expected samples about clips of ``num`` frames in place of single pictures."""
    groups = len(expected.groups)
    pictures, ends = np.arange(num * groups, dtype=np.int32), num * np.arange(1, groups + 1, dtype=np.int64)
    return replace(
        expected,
        names=("",) * len(pictures),
        groups=Groups(pictures, ends, np.tile(np.arange(num, dtype=np.float64), groups)),
        lengths=replace(expected.lengths, num_shown=np.where(expected.image >= 0, num, 0).astype(np.int32)),
    )


def with_prefixes(found: Mixture, *, lead: int, image_tokens: int) -> Mixture:
    """The samples with what stands in front of each, where they have several pictures or frames, and no index.

    Args:
        found: samples, of an index or not.
        lead: tokens in front of the first picture.
        image_tokens: of a picture.
    """
    is_timed = np.append(found.groups.is_timed, False)[found.image]
    if found.lengths.prefix is not None or (found.lengths.num_shown is None and not is_timed.any()):
        return found
    shown = found.lengths.shown
    prefix = lead + shown * (image_tokens + np.where(is_timed, TIME_TOKENS, 0))
    return replace(found, lengths=replace(found.lengths, prefix=prefix.astype(np.int32)))


def told(found: Mixture) -> tuple[str, ...]:
    """A line about the frames of samples that show any."""
    is_timed = np.append(found.groups.is_timed, False)[found.image]
    if not is_timed.any():
        return ()
    shown = found.lengths.shown[is_timed]
    number = f"{shown.min()}" if shown.min() == shown.max() else f"{shown.min()} to {shown.max()}"
    tokens = "" if found.lengths.prefix is None else f", {found.lengths.prefix[is_timed].mean():,.0f} tokens in front"
    clips = len(np.unique(found.image[is_timed]))
    one = "" if number == "1" else "s"
    return (f"{is_timed.sum():,} samples show {number} frame{one} of a clip{tokens}; {clips:,} clips",)
