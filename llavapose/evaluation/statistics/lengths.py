"""What an answer's length does to its rating, told within questions, and the difference that is left without it."""

from collections.abc import Hashable, Sequence

import numpy as np

from llavapose.evaluation.statistics.intervals import HOLE, Estimate, by_image, image_index


def length_effect(
    differences: Sequence[float], doublings: Sequence[float], images: Sequence[Hashable]
) -> tuple[Estimate, Estimate]:
    """Slope and intercept of paired rating differences on how much longer the first answer is (least squares).

    Both answers are to the same question, so that what makes a question hard or long is in neither. The slope is what a
    doubling of the length goes with; that it is the cause, no table can show. The intercept is the difference between
    answers of equal length.

    Args:
        differences: of two arms' ratings of a question, float[N].
        doublings: log2 of the ratio of their lengths, float[N].
        images: the picture of each question.
    """
    if not len(differences):
        return HOLE, HOLE
    index = image_index(images)
    num_images = int(index.max()) + 1
    y, x = np.asarray(differences, float), np.asarray(doublings, float)
    sums = [np.bincount(index, part, minlength=num_images) for part in (np.ones(len(x)), x, y, x * x, x * y)]

    def slope(weights: np.ndarray) -> np.ndarray:
        num, sum_x, sum_y, xx, xy = (weights @ part for part in sums)
        spread = num * xx - sum_x**2
        # Lengths that differ by nothing but rounding have no slope.
        some = spread > 1e-9 * np.maximum(num * xx, 1e-9)
        return np.divide(num * xy - sum_x * sum_y, spread, out=np.full_like(num, np.nan), where=some)

    def intercept(weights: np.ndarray) -> np.ndarray:
        num, sum_x, sum_y, *_ = (weights @ part for part in sums)
        return np.divide(sum_y - slope(weights) * sum_x, num, out=np.full_like(num, np.nan), where=num > 0)

    return by_image(slope, num_images, len(y)), by_image(intercept, num_images, len(y))
