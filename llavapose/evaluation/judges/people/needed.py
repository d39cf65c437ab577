"""How many pictures a wished half-width and debiased estimates take, told before anybody rates."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import t as student

from llavapose.config.choices import RateMode
from llavapose.evaluation.judges.people.draw import Draw
from llavapose.evaluation.statistics.debiased import LEAST
from llavapose.evaluation.statistics.intervals import CONFIDENCE
from llavapose.evaluation.tables.ratings import Rating, pairs_of, scored
from llavapose.evaluation.tables.verdicts import Line, about, judges_found, rated_in, ratings_of, read_verdicts
from llavapose.records import PEOPLE, POSE

GUESSED_SD = {RateMode.scale: 1.4, RateMode.pairs: 0.5}
"""Of a picture's paired difference where no judge's ratings tell it: on the scale what makes 0.34 of 67 pictures, of
the share that is preferred its largest."""
WISHED = {RateMode.scale: 0.5, RateMode.pairs: 0.1}
FEWEST = 5
"""Pictures without which a judge's ratings tell no spread."""


@dataclass(frozen=True, kw_only=True)
class Spread:
    """How far pictures' paired differences lie apart.

    Attributes:
        sd: standard deviation over pictures of the mean difference between two arms' answers.
        judge: whose ratings tell it; None: it is guessed.
        num_pictures: that tell it.
    """

    sd: float
    judge: str | None = None
    num_pictures: int = 0


def half_width_of(sd: float, num_pictures: int) -> float:
    """Of the 95% interval of Student's t."""
    return float(student.ppf(0.5 + CONFIDENCE / 2, num_pictures - 1)) * sd / math.sqrt(num_pictures)


def pictures_needed(sd: float, half_width: float) -> int:
    """The fewest pictures, at least two, whose interval has at most this half-width."""
    low, high = 1, 2
    while half_width_of(sd, high) > half_width:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if half_width_of(sd, middle) <= half_width else (middle, high)
    return high


def spread_of(folder: Path, arms: Sequence[str], mode: RateMode) -> Spread:
    """The largest spread of the arms beside the first, by the judge that rated most pictures; else the guess.

    The pose judge's scale is another one.
    """
    found = [
        spread
        for judge in judges_found([folder])
        if judge != POSE and (spread := _by_judge(folder, judge, arms, mode)) is not None
    ]
    return max(found, key=lambda one: one.num_pictures, default=Spread(sd=GUESSED_SD[mode]))


def _by_judge(folder: Path, judge: str, arms: Sequence[str], mode: RateMode) -> Spread | None:
    lines = read_verdicts(folder, judge)
    first, *others = arms
    reference = ratings_of(about(lines, first))
    spreads = []
    for arm in others:
        beside = rated_in(lines, arm).get(first, reference)
        means = _picture_means(ratings_of(about(lines, arm)), beside, mode)
        if len(means) >= FEWEST:
            spreads.append((float(np.std(means, ddof=1)), len(means)))
    sd, num = max(spreads, default=(0.0, 0))
    return Spread(sd=sd, judge=judge, num_pictures=num) if sd > 0 else None


def _picture_means(own: Sequence[Rating], others: Sequence[Rating], mode: RateMode) -> list[float]:
    pairs = pairs_of(own, others)
    differences = (pairs.first.mean(axis=1) - pairs.second.mean(axis=1)) / 10
    if mode == RateMode.pairs:
        differences = (np.sign(differences) + 1) / 2
    of_picture: dict[int, list[float]] = defaultdict(list)
    for image, value in zip(pairs.images, differences, strict=True):
        of_picture[image].append(float(value))
    return [float(np.mean(values)) for values in of_picture.values()]


def needed_told(draw: Draw, spread: Spread, wished: float | None) -> str:
    """How many pictures the wished half-width takes, and what this draw gives; names no arm."""
    half = WISHED[draw.mode] if wished is None else wished
    of = "the share that is preferred" if draw.mode == RateMode.pairs else "the difference between two arms"
    known = (
        f"as the judge {spread.judge} rated them on {spread.num_pictures} pictures"
        if spread.judge is not None
        else "which is a guess: no judge has rated them on this scale"
    )
    gives = half_width_of(spread.sd, draw.num_pictures) if draw.num_pictures > 1 else math.inf
    return (
        f"For a 95% interval of ±{half:g} around {of}, {pictures_needed(spread.sd, half)} pictures are needed; these "
        f"{draw.num_pictures} give about ±{gives:.2f}. Pictures' differences have a standard deviation of "
        f"{spread.sd:.2f}, {known}."
    )


def too_few_told(draw: Draw, folder: Path, baseline: str) -> str | None:
    """Which debiased estimates these pictures will not make, in a line; None where all can be made, and of pairs."""
    if draw.mode == RateMode.pairs:
        return None
    if draw.num_pictures < LEAST:
        return (
            f"warning: no debiased estimate will be made: {draw.num_pictures} pictures are drawn, {LEAST} that people "
            "rate are needed (rate.num_pictures)"
        )
    few = [
        f"{kind} by {judge} ({num})"
        for judge in judges_found([folder])
        if judge != PEOPLE
        for kind, num in _fully_scored(draw, read_verdicts(folder, judge), baseline).items()
        if num < LEAST
    ]
    if not few:
        return None
    return (
        f"warning: no debiased estimate will be made of {', '.join(few)}: of these {draw.num_pictures} pictures the "
        f"judge scored so many for every arm, {LEAST} are needed; draw more (rate.num_pictures)"
    )


def _fully_scored(draw: Draw, lines: Sequence[Line], baseline: str) -> dict[str, int]:
    """Kind -> of how many drawn pictures the least told arm has a score, and its difference to the baseline.

    What a judge scored nowhere it was not asked: that is left out.
    """
    drawn = {one.unit for one in draw.items}
    alone = scored(ratings_of(about(lines, baseline))) if baseline in draw.arms else []
    found: dict[str, int] = {}
    for arm in draw.arms:
        own = scored(ratings_of(about(lines, arm)))
        others = scored(rated_in(lines, arm).get(baseline, ())) or alone
        both = {one.question for one in others}
        for kind in dict.fromkeys(one.kind for one in own):
            there = {
                one.scene_id
                for one in own
                if one.kind == kind and (arm == baseline or not both or one.question in both)
            }
            found[kind] = min(found.get(kind, len(drawn)), len(there & drawn))
    return found
