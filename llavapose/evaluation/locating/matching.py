"""Whom an answer about everyone in a picture means: a told person is one annotated person at most, and each is once."""

from collections.abc import Sequence

import numpy as np
from pycocotools.mask import iou
from scipy.optimize import linear_sum_assignment

from llavapose.locate.shown import Shown
from llavapose.records import Box

SAME_PERSON = 0.5
"""Least overlap (intersection over union) of a told box with the annotated one of the person that it means."""

Corners = Sequence[Sequence[float]]
"""Upper left and lower right of a box, in 0..1 of what was shown."""


def assigned(worth: np.ndarray, *, least: float = 0.0) -> dict[int, int]:
    """Row -> column, so that the sum is highest.

    Args:
        worth: float64[N, M].
        least: what is worth less, or nothing, pairs nobody.
    """
    kept = np.where(worth >= least, worth, 0.0)
    return {int(row): int(at) for row, at in zip(*linear_sum_assignment(-kept), strict=True) if kept[row, at] > 0}


def meant(boxes: Sequence[Corners], people: Sequence[Shown]) -> dict[int, int]:
    """Told box -> the annotated person of the same picture whom it means, by number."""
    if not boxes or not people:
        return {}
    told = np.array([[*first, *last] for first, last in boxes])
    true = np.array([_box_in_view(one) for one in people])
    return assigned(np.asarray(iou(_as_coco(told), _as_coco(true), [0] * len(people))), least=SAME_PERSON)


def _box_in_view(one: Shown) -> Box:
    x1, y1, x2, y2 = one.scene.people[one.index].box_xyxy
    width, height = one.scene.width, one.scene.height
    return (*one.view.inwards(x1 * width, y1 * height), *one.view.inwards(x2 * width, y2 * height))


def _as_coco(boxes: np.ndarray) -> np.ndarray:
    """[x1, y1, x2, y2] -> [x, y, width, height]: float64[N, 4]."""
    return np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
