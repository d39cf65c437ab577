"""Do the intervals hold what they promise? Simulated ratings whose true gap is known, 1,000 worlds a row.

    python -m benchmarks.intervals                      # the tables of docs/evaluation.md, about a minute
    python -m benchmarks.intervals --worlds 10000

A world is 90 images with three questions each, answered by two arms. The arms' difference has one part that the
questions of an image share and one of each question's own, equally large: intra-image correlation 0.5. With several
training seeds an arm's every training moves all its answers by a draw of its own. Ratings are on the scale of 1 to 10,
not rounded.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import sem, t

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.evaluation.statistics.crossed import crossed_difference
from llavapose.evaluation.statistics.intervals import SMALL, image_index, paired_difference, resampling_weights
from llavapose.evaluation.statistics.power import smallest_gap
from llavapose.evaluation.statistics.significance import ALPHA, EXACT_BELOW, difference_p, holm, sign_matrix

NUM_IMAGES, NUM_QUESTIONS = 90, 3
IMAGE_SD = QUESTION_SD = 1.4
"""Of an arm's own part, by image and by question: equal, so that differences correlate at 0.5 within an image."""
RUN_SD, RUN_IMAGE_SD = 1.0, 0.7
"""What another training seed changes of an answer, by question and by image."""


@dataclass(frozen=True, kw_only=True)
class Worlds:
    """Ratings of two arms in W worlds: ``first`` is float[W, N, S], ``second``, an untrained base, float[W, N]."""

    first: np.ndarray
    second: np.ndarray
    images: list[int]
    gap: float


def worlds(
    num: int, *, gap: float, num_seeds: int = 1, seed_sd: float = 0.0, num_images: int = NUM_IMAGES, seed: int = 0
) -> Worlds:
    """Draw ``num`` worlds; the true difference over all images and trainings is ``gap``."""
    rng = np.random.default_rng(seed)
    shape = (num, num_images, NUM_QUESTIONS, 1)
    hard = rng.normal(5.5, 1, (*shape[:2], 1, 1)) + rng.normal(0, 1, shape)  # pictures and questions are hard for both
    arms = [
        hard + rng.normal(0, IMAGE_SD, (*shape[:2], 1, 1)) + rng.normal(0, QUESTION_SD, shape) for _ in range(2)
    ]  # [W, I, Q, 1]
    first = arms[0] + gap
    if num_seeds > 1:
        first = first + rng.normal(0, seed_sd, (num, 1, 1, num_seeds))
        first = first + rng.normal(0, RUN_IMAGE_SD, (num, num_images, 1, num_seeds))
        first = first + rng.normal(0, RUN_SD, (num, num_images, NUM_QUESTIONS, num_seeds))
    images = np.repeat(np.arange(num_images), NUM_QUESTIONS).tolist()
    return Worlds(first=first.reshape(num, len(images), -1), second=arms[1].reshape(num, -1), images=images, gap=gap)


def questions_as_units(found: Worlds) -> list[int]:
    """The wrong unit: each question as if it were about a picture of its own."""
    return list(range(len(found.images)))


def _sums(differences: np.ndarray, images: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """Of every world the sum of each image, float[W, I], and how many questions each image has, float[I]."""
    index = image_index(images)
    member = np.zeros((len(index), int(index.max()) + 1))
    member[np.arange(len(index)), index] = 1
    return differences @ member, member.sum(0)


def many_bootstraps(differences: np.ndarray, images: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """``paired_difference``'s bootstrap of many worlds at once, float[W, N] -> float[W]: the same draws for each."""
    sums, counts = _sums(differences, images)
    weights = resampling_weights(len(counts), 0)
    low, high = np.percentile((weights @ sums.T) / (weights @ counts)[:, None], [2.5, 97.5], axis=0)
    return low, high


def many_sign_flips(differences: np.ndarray, images: Sequence[int]) -> np.ndarray:
    """``sign_flip`` of many worlds at once, float[W, N] -> p, float[W]: the same flips for each."""
    sums, counts = _sums(differences, images)
    assert len(counts) >= EXACT_BELOW, "few images are flipped in every way"
    flipped = np.abs(sign_matrix(len(counts), 0) @ sums.T)  # [F, W]
    as_far = (flipped >= np.abs(sums.sum(1)) * (1 - 1e-12) - 1e-12).sum(0)
    return (as_far + 1) / (len(flipped) + 1)


def bootstrap_covers(found: Worlds, images: Sequence[int] | None = None) -> int:
    """How many worlds' gaps lie in the bootstrap's interval of the difference of means over seeds."""
    low, high = many_bootstraps(found.first.mean(2) - found.second, images or found.images)
    return int(((low <= found.gap) & (found.gap <= high)).sum())


def covers(found: Worlds) -> int:
    """How many worlds' gaps lie in the interval that the tables print."""
    intervals = [
        crossed_difference(first, second[:, None], found.images)
        for first, second in zip(found.first, found.second, strict=True)
    ]
    return sum(one.low <= found.gap <= one.high for one in intervals)


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """Tables without any gap that show one: with Holm over all their tests, and with each p as it is."""

    with_holm: int
    without: int


def false_alarms(num: int, *, num_arms: int = 4, num_seeds: int = 1, seed_sd: float = 0.15, seed: int = 0) -> Alarms:
    """Tables of ``num_arms`` arms and three kinds beside one baseline, none of them better."""
    rng = np.random.default_rng(seed)
    shape = (num, NUM_IMAGES, NUM_QUESTIONS)

    def arm() -> np.ndarray:
        return rng.normal(0, IMAGE_SD, (*shape[:2], 1)) + rng.normal(0, QUESTION_SD, shape)

    base, images, ps = arm(), list(range(NUM_IMAGES)), []
    for _ in range(num_arms):
        runs = arm()[..., None]
        if num_seeds > 1:
            runs = runs + rng.normal(0, seed_sd, (num, 1, 1, num_seeds))
            runs = runs + rng.normal(0, RUN_SD, (*shape, num_seeds))
        for kind in range(NUM_QUESTIONS):  # one question of each kind an image
            if num_seeds == 1:
                ps.append(many_sign_flips(runs[:, :, kind, 0] - base[:, :, kind], images))
            else:
                pairs = zip(runs[:, :, kind], base[:, :, kind, None], strict=True)
                ps.append(np.array([difference_p(first, second, images) for first, second in pairs]))
    table = np.stack(ps, axis=1)  # [W, arms x kinds]
    adjusted = np.array([holm(row.tolist()) for row in table])
    return Alarms(with_holm=int((adjusted < ALPHA).any(1).sum()), without=int((table < ALPHA).any(1).sum()))


def main() -> int:
    parser = argparse.ArgumentParser(description="How often intervals hold the true gap.")
    parser.add_argument("--worlds", type=int, default=1000)
    num = parser.parse_args().worlds
    one, three = worlds(num, gap=0.4), worlds(num, gap=0.4, num_seeds=3, seed_sd=0.15)
    print("| interval of the paired difference | unit | holds the gap |", "| --- | --- | ---: |", sep="\n")
    rows = [("one training: bootstrap", "image", bootstrap_covers(one))]
    rows += [("one training: bootstrap", "question (wrong)", bootstrap_covers(one, questions_as_units(one)))]
    rows += [("three trainings: crossed t", "image and training", covers(three))]
    rows += [("three trainings: bootstrap", "image (wrong)", bootstrap_covers(three))]
    rows += [("three trainings: bootstrap", "question (wrong)", bootstrap_covers(three, questions_as_units(three)))]
    for name, unit, count in rows:
        print(f"| {name} | {unit} | {count} of {num} |")
    print("\n| images | Student's t | bootstrap |", "| ---: | ---: | ---: |", sep="\n")
    for size in (5, 10, 15, 30, SMALL - 1, 90):
        found = worlds(num, gap=0.4, num_images=size, seed=size)
        print(f"| {size} | {_t_covers(found)} | {bootstrap_covers(found)} |")
    print("\n| spread of trainings (sd, points of 10) | two trainings: crossed t holds the gap | three trainings |")
    print("| ---: | ---: | ---: |")
    for spread in (0.0, 0.1, 0.2, 0.5, 1.0, 2.0):
        two, three = (worlds(num, gap=0.4, num_seeds=seeds, seed_sd=spread, seed=7) for seeds in (2, 3))
        print(f"| {spread} | {covers(two)} | {covers(three)} |")
    print("\n| tables without a gap, 4 arms x 3 kinds | false alarm with Holm | without |\n| --- | ---: | ---: |")
    for name, seeds in (("one training: signs flipped", 1), ("three trainings: crossed t", 3)):
        alarms = false_alarms(num, num_seeds=seeds)
        print(f"| {name} | {alarms.with_holm} | {alarms.without} |")
    gap, share = _seen(num)
    print(f"\nThe smallest gap that 90 images are said to show, {gap:.2f} points, is seen in {share} of {num} worlds.")
    return 0


def _t_covers(found: Worlds) -> int:
    """Student's t over image means, also where the tables would take the bootstrap."""
    sums, counts = _sums(found.first[..., 0] - found.second, found.images)
    means = sums / counts
    half = t.ppf(0.975, len(counts) - 1) * sem(means, axis=1)
    return int((np.abs(means.mean(1) - found.gap) <= half).sum())


def _seen(num: int) -> tuple[float, int]:
    """The smallest gap that the tables print, the median of worlds, and how many worlds with that gap find it."""
    without = worlds(min(num, 200), gap=0.0, seed=8)
    told = [
        paired_difference(first[:, 0].tolist(), second.tolist(), without.images)
        for first, second in zip(without.first, without.second, strict=True)
    ]
    gap = float(np.median([smallest_gap(one.se, one.df) for one in told]))
    found = worlds(num, gap=gap, seed=9)
    return gap, int((many_sign_flips(found.first[..., 0] - found.second, found.images) < ALPHA).sum())


if __name__ == "__main__":
    sys.exit(main())
