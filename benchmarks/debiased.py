"""Do debiased estimates hold the truth, and what do they save? Simulated ratings whose true gap is known.

    python -m benchmarks.debiased                      # the table of docs/debiased.md, two minutes
    python -m benchmarks.debiased --worlds 1000

A world is 640 pictures with three questions each, answered by an arm and the baseline. Pictures and questions are hard
for both; half of an arm's own part is shared by a picture's questions. People rate the answers of 20, 30 or 67
pictures, drawn at random; a judge rates all, errs (a correlation with people of 0.7 between the differences of single
answers) and takes the arm for 0.6 points better than it is. Exits non-zero where people alone or the debiased estimate
hold the truth in fewer than 935 or more than 965 of 1,000 worlds, the judge alone in more than 10 (unless it hardly
goes with people), or the interval is not narrowed as the correlation says. Of 1,000 worlds, a true 953 is counted
beyond 965 by chance in one row of twenty: more are drawn.
"""

import argparse
import math
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.evaluation.statistics.debiased import debiased

NUM_IMAGES, NUM_QUESTIONS, GAP, BIAS = 640, 3, 0.4, 0.6
OWN_SD = 0.83
"""Of an arm's own part, by picture and by question: 67 pictures rated by people alone give a half-width of 0.33."""
RATED = (20, 30, 67)
COVERED = (0.935, 0.965)
MOST_BY_JUDGE = 0.01
WEAK = 0.5
"""Correlation of a judge whose own spread is so wide that an interval of its ratings may hold anything."""
SLACK = 0.04
"""Of a half-width beside the one foretold by the correlation."""


@dataclass(frozen=True, kw_only=True)
class World:
    """How ratings come about.

    Attributes:
        correlation: between people's and a judge's differences of single answers.
        shared: part of a judge's error variance that the questions of a picture share; people's own is 0.5.
        whole: whether all rate in whole numbers from 1 to 10.
        num_judges: of several the median of each answer is taken, as a panel's; half of their errors is common.
        mean: whether the arm's mean is asked for, not its difference to the baseline.
    """

    correlation: float = 0.7
    shared: float = 0.5
    whole: bool = False
    num_judges: int = 1
    mean: bool = False


@dataclass(frozen=True, kw_only=True)
class Covered:
    """How many worlds' gaps lie in the intervals of people, judge, both, both with z; means of half-widths and n."""

    people: int
    judge: int
    debiased: int
    with_z: int
    people_half: float
    debiased_half: float
    effective: float
    correlation: float


def picture_means(world: World, num_worlds: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """What people would say of every picture, and what the judge says: float[W, I] each, points of 10."""
    rng = np.random.default_rng(seed)
    by_picture, by_question = (num_worlds, NUM_IMAGES, 1), (num_worlds, NUM_IMAGES, NUM_QUESTIONS)
    hard = 5.2 + rng.normal(0, 1, by_picture) + rng.normal(0, 1, by_question)
    error = 2 * OWN_SD**2 * (1 / world.correlation**2 - 1)  # variance, one answer's

    def wrong() -> np.ndarray:
        sds = math.sqrt(error * world.shared), math.sqrt(error * (1 - world.shared))
        return rng.normal(0, sds[0], by_picture) + rng.normal(0, sds[1], by_question)

    def said(rating: np.ndarray) -> np.ndarray:
        return np.clip(np.rint(rating), 1, 10) if world.whole else rating

    people, judge = np.zeros(by_question), np.zeros(by_question)
    for sign, gap, bias in ((1, GAP, BIAS), (-1, 0.0, 0.0)):
        if sign < 0 and world.mean:
            break
        true = hard + gap + rng.normal(0, OWN_SD, by_picture) + rng.normal(0, OWN_SD, by_question)
        common = wrong() if world.num_judges > 1 else np.zeros(1)
        errors = [wrong() if world.num_judges == 1 else math.sqrt(0.5) * (common + wrong())
                  for _ in range(world.num_judges)]  # fmt: skip
        people += sign * said(true)
        judge += sign * np.median([said(true + bias + one) for one in errors], axis=0)
    return people.mean(2), judge.mean(2)


def true_value(world: World) -> float:
    """The mean that people would give over all pictures that there could be."""
    if not world.whole:
        return 5.2 + GAP if world.mean else GAP
    return float(np.mean([picture_means(world, 500, 1_000_000 + part)[0].mean() for part in range(4)]))


def covered(people: np.ndarray, judge: np.ndarray, truth: float, num_rated: int) -> Covered:
    """Count the worlds, float[W, I] each, whose truth the intervals hold where people rate ``num_rated`` pictures."""
    # All pictures of a world are alike by the way that they are drawn: the first are a random draw.
    found = [
        debiased(of_people[:num_rated], of_judge[:num_rated], of_judge[num_rated:])
        for of_people, of_judge in zip(people, judge, strict=True)
    ]

    def holding(name: str) -> int:
        return sum(getattr(one, name).low <= truth <= getattr(one, name).high for one in found)

    def half(name: str) -> float:
        return float(np.mean([(getattr(one, name).high - getattr(one, name).low) / 2 for one in found]))

    return Covered(
        people=holding("people"),
        judge=holding("judge"),
        debiased=holding("value"),
        with_z=_with_z(people[:, :num_rated], judge[:, :num_rated], judge[:, num_rated:], truth),
        people_half=half("people"),
        debiased_half=half("value"),
        effective=float(np.median([one.effective for one in found])),
        correlation=float(np.corrcoef(people.ravel(), judge.ravel())[0, 1]),
    )


def _with_z(people: np.ndarray, judge: np.ndarray, rest: np.ndarray, truth: float) -> int:
    """The same by the published interval: z, and the weight taken for known; float[W, n], float[W, n], float[W, N]."""
    num, num_rest = people.shape[1], rest.shape[1]
    every = np.concatenate([judge, rest], axis=1)
    together = ((people - people.mean(1, keepdims=True)) * (judge - judge.mean(1, keepdims=True))).mean(1)
    weight = np.clip(together / ((1 + num / num_rest) * every.var(1)), 0, 1)
    left = people - weight[:, None] * judge
    half = norm.ppf(0.975) * np.sqrt(left.var(1) / num + weight**2 * rest.var(1) / num_rest)
    return int((np.abs(left.mean(1) + weight * rest.mean(1) - truth) <= half).sum())


ROWS = (
    ("difference", World()),
    ("difference, a judge that errs by question", World(shared=0.2)),
    ("difference, whole numbers from 1 to 10", World(whole=True)),
    ("difference, a panel of three judges", World(num_judges=3)),
    ("difference, a judge of correlation 0.3", World(correlation=0.3)),
    ("mean of the arm", World(mean=True)),
)


def problems(name: str, num_rated: int, found: Covered, num_worlds: int) -> list[str]:
    """What is outside of what is promised."""
    told = []
    for who, count in (("people", found.people), ("debiased", found.debiased)):
        if not COVERED[0] <= count / num_worlds <= COVERED[1]:
            told.append(f"{name}, {num_rated} rated: {who} hold the truth in {count} of {num_worlds}")
    if found.correlation > WEAK and found.judge > MOST_BY_JUDGE * num_worlds:
        told.append(f"{name}, {num_rated} rated: the judge alone holds it in {found.judge} of {num_worlds}")
    # Of least variance: 1 - correlation^2 N / (n + N) of people's, at least with many rated pictures.
    foretold = found.people_half * math.sqrt(1 - found.correlation**2 * (1 - num_rated / NUM_IMAGES))
    if num_rated == max(RATED) and abs(found.debiased_half / foretold - 1) > SLACK:
        told.append(f"{name}, {num_rated} rated: half-width {found.debiased_half:.3f}, expected {foretold:.3f}")
    return told


def main() -> int:
    parser = argparse.ArgumentParser(description="How often debiased intervals hold the truth, and how wide they are.")
    parser.add_argument("--worlds", type=int, default=4000, help="worlds a row (4000); of few, chance ends it with 1")
    num = parser.parse_args().worlds
    if num < 100:
        parser.error(f"--worlds is {num}; expected 100 or more, for of fewer no share can be told")
    print(f"Of 1,000 worlds ({num} were drawn), how many intervals hold the truth; half-widths in points of 10.\n")
    print(
        "| asked for | correlation of picture means | rated pictures | judge alone | people alone | debiased | "
        "debiased with z | half-width of people | debiased | effective n |"
    )
    print("| --- |" + " ---: |" * 9)
    outside = []
    for seed, (name, world) in enumerate(ROWS):
        people, judge = picture_means(world, num, seed)
        truth = true_value(world)
        for num_rated in RATED:
            found = covered(people, judge, truth, num_rated)
            counts = (found.judge, found.people, found.debiased, found.with_z)
            holding = " | ".join(f"{1000 * count / num:.0f}" for count in counts)
            halves = f"{found.people_half:.2f} | {found.debiased_half:.2f} | {found.effective:.0f}"
            print(f"| {name} | {found.correlation:.2f} | {num_rated} | {holding} | {halves} |", flush=True)
            outside += problems(name, num_rated, found, num)
    print(*(["", "Outside:", *outside] if outside else ["", "All as promised."]), sep="\n")
    return 1 if outside else 0


if __name__ == "__main__":
    sys.exit(main())
