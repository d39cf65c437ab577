"""How well people are located: COCO's own keypoint evaluation, MPII's PCKh, and who was told to be visible.

Object keypoint similarity and its average precision are pycocotools' ``COCOeval``, so that numbers are those of every
COCO table made with the same boxes. Intervals take pictures as the unit: people of one picture are not independent.
"""

import contextlib
import io
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.errors import DataError
from llavapose.locate.datasets.truth import read_truth
from llavapose.locate.replies import Spot
from llavapose.locate.results import PERSON_ID, Located
from llavapose.pose.skeleton import COCO17, Skeleton

MEASURES = ("AP", "AP50", "AP75", "APM", "APL", "AR", "AR50", "AR75", "ARM", "ARL")
"""In the order of ``COCOeval.stats`` for keypoints."""
NUM_ORDERS = 20
"""Of the pictures, whose mean a value is where everyone is equally sure."""


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A measure and what it would be among other pictures of the kind: 95% of ``num`` draws lie between."""

    value: float
    low: float
    high: float


def keypoint_scores(
    annotations: Path,
    people: Iterable[Located],
    *,
    image_ids: Collection[int] | None = None,
    skeleton: Skeleton = COCO17,
) -> dict[str, float]:
    """AP, AP50, AP75, APM, APL and AR of located people; -1 (pycocotools') where no person is of that size.

    Args:
        annotations: a person_keypoints file in COCO's format.
        people: located, of pictures of that file.
        image_ids: pictures that count; None: those of the file.
        skeleton: the joints of both, with the sigmas of its own evaluation.

    Raises:
        DataError: nobody was located, or in a picture that the file has not.
    """
    return _measures(_evaluated(annotations, people, image_ids, skeleton))


def unranked_scores(
    annotations: Path,
    people: Iterable[Located],
    *,
    image_ids: Collection[int] | None = None,
    skeleton: Skeleton = COCO17,
) -> dict[str, float]:
    """Likewise, as if it were as sure of everyone: the mean over orders of the pictures.

    Among equal confidences COCO's evaluation goes by the pictures' order, which says nothing about who was found.
    """
    coco = _evaluated(annotations, [replace(one, score=1.0) for one in people], image_ids, skeleton)
    return _over_orders(coco)


def _over_orders(coco: Any) -> dict[str, float]:
    kept, rng = coco.evalImgs, np.random.default_rng(0)
    cells = np.array(kept, dtype=object).reshape(-1, len(coco.params.imgIds))
    found = []
    for _ in range(NUM_ORDERS):
        coco.evalImgs = list(cells[:, rng.permutation(cells.shape[1])].reshape(-1))
        found.append(_measures(coco))
    coco.evalImgs = kept
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def keypoint_intervals(
    annotations: Path,
    people: Iterable[Located],
    *,
    image_ids: Collection[int] | None = None,
    num: int = 200,
    seed: int = 0,
    measures: Sequence[str] = ("AP", "AP50"),
    skeleton: Skeleton = COCO17,
) -> dict[str, Interval]:
    """Measures with the interval that pictures drawn again and again would have (percentile bootstrap).

    Where everyone is told with one and the same confidence, the value is that of ``unranked_scores``.
    """
    people = list(people)
    coco = _evaluated(annotations, people, image_ids, skeleton)
    alike = len({one.score for one in people}) == 1
    whole, rng = _over_orders(coco) if alike else _measures(coco), np.random.default_rng(seed)
    num_images = len(coco.params.imgIds)
    cells = np.array(coco.evalImgs, dtype=object).reshape(-1, num_images)  # one row a range of areas
    drawn = []
    for _ in range(num):
        chosen = rng.integers(num_images, size=num_images)
        coco.evalImgs = list(cells[:, chosen].reshape(-1))
        drawn.append(_measures(coco))
    found = {}
    for name in measures:
        # Draws without a person of a size have no value, which pycocotools writes as -1.
        values = [one[name] for one in drawn if one[name] >= 0] or [whole[name]]
        low, high = np.percentile(values, [2.5, 97.5])
        found[name] = Interval(value=whole[name], low=float(low), high=float(high))
    return found


def _evaluated(
    annotations: Path, people: Iterable[Located], image_ids: Collection[int] | None, skeleton: Skeleton
) -> Any:
    from pycocotools.cocoeval import COCOeval

    # A person's area is that of its joints, as of results without boxes: else a box of no or of any size would decide
    # whether a wrong person counts.
    records = [{key: value for key, value in one.to_json().items() if key != "bbox"} for one in people]
    if not records:
        raise DataError(f"keypoint results of {annotations}: nobody was located; expected one person at least")
    truth = read_truth(annotations, skeleton)
    with contextlib.redirect_stdout(io.StringIO()):
        known = set(truth.getImgIds())
        if strange := {one["image_id"] for one in records} - known:
            raise DataError(f"keypoint results: no picture {min(strange)} in {annotations}; expected those of one set")
        for one in records:
            _keep_near(one, truth.imgs[one["image_id"]])
        try:
            evaluated = COCOeval(truth, truth.loadRes(records), "keypoints")
            evaluated.params.catIds = [PERSON_ID]
            evaluated.params.kpt_oks_sigmas = np.array(skeleton.sigmas)
            if image_ids is not None:
                evaluated.params.imgIds = sorted(known & set(image_ids))
            evaluated.evaluate()
        except (TypeError, KeyError, ValueError, IndexError, AttributeError) as error:
            reason = " ".join(str(error).split())[:120] or type(error).__name__
            raise DataError(
                f"keypoints: {annotations} cannot be evaluated ({type(error).__name__}: {reason}); expected "
                "annotations as COCO writes them: area, iscrowd, num_keypoints, keypoints"
            ) from None
    return evaluated


def _keep_near(record: dict[str, Any], image: Mapping[str, Any]) -> None:
    """Bring what lies further than a picture's size beyond it there, in place: so far off, all is equally wrong."""
    width, height, flat = image.get("width"), image.get("height"), record["keypoints"]
    if not width or not height:
        return
    record["keypoints"] = [
        value if at % 3 == 2 else min(max(value, -(width, height)[at % 3]), 2 * (width, height)[at % 3])
        for at, value in enumerate(flat)
    ]


def _measures(evaluated: Any) -> dict[str, float]:
    with contextlib.redirect_stdout(io.StringIO()):
        evaluated.accumulate()
        evaluated.summarize()
    return dict(zip(MEASURES, map(float, evaluated.stats), strict=True))


@dataclass(frozen=True, kw_only=True)
class VisibilityCounts:
    """What was said of visibility, beside what is so: counts of joints.

    Attributes:
        not_visible: rightly told not to be visible.
        false_not_visible: a place was there.
        missed_not_visible: a place was told, and there was none.
        hidden, false_hidden, missed_hidden: likewise for the mark on a place that was told and is there.
        unread: neither a place nor "not visible".
        num: joints asked for.
    """

    not_visible: int = 0
    false_not_visible: int = 0
    missed_not_visible: int = 0
    hidden: int = 0
    false_hidden: int = 0
    missed_hidden: int = 0
    unread: int = 0
    num: int = 0

    def shares(self) -> dict[str, float | None]:
        """Precision and recall of both, and the share that was read; None where there was nothing to tell."""
        return {
            "not_visible_precision": _share(self.not_visible, self.false_not_visible),
            "not_visible_recall": _share(self.not_visible, self.missed_not_visible),
            "hidden_precision": _share(self.hidden, self.false_hidden),
            "hidden_recall": _share(self.hidden, self.missed_hidden),
            "parsed": None if not self.num else 1 - self.unread / self.num,
        }


def _share(right: int, wrong: int) -> float | None:
    return right / (right + wrong) if right + wrong else None


def visibility(pairs: Iterable[tuple[Spot, Spot | None]]) -> VisibilityCounts:
    """Counts over (what is so, what was answered) of joints; None: the answer could not be read."""
    counts = dict.fromkeys(VisibilityCounts.__dataclass_fields__, 0)
    for truth, told in pairs:
        counts["num"] += 1
        if told is None:
            counts["unread"] += 1
            counts["missed_not_visible"] += truth.place is None
            counts["missed_hidden"] += truth.hidden
            continue
        if truth.place is None or told.place is None:
            right = truth.place is None and told.place is None
            name = "not_visible" if right else "false_not_visible" if told.place is None else "missed_not_visible"
            counts[name] += 1
            counts["missed_hidden"] += truth.hidden
            counts["false_hidden"] += told.hidden
            continue
        if truth.hidden or told.hidden:
            name = "hidden" if truth.hidden and told.hidden else "false_hidden" if told.hidden else "missed_hidden"
            counts[name] += 1
    return VisibilityCounts(**counts)


def pckh(
    places: Mapping[str, Sequence[tuple[float, float]]],
    truth: Mapping[str, Sequence[tuple[float, float]]],
    head_sizes: Mapping[str, Sequence[float]],
    *,
    share: float = 0.5,
) -> dict[str, float]:
    """MPII's PCKh: the share of joints within half a head's size of where they are, by joint.

    Args:
        places: joint -> points in pixels, person by person; NaN where it was not told.
        truth: likewise; NaN where it is not labelled.
        head_sizes: joint -> size of each of those people's heads: 0.6 times the diagonal of MPII's head box.
        share: of the head's size.
    """
    found = {}
    for name, true in truth.items():
        distance = np.linalg.norm(np.asarray(places[name], float) - np.asarray(true, float), axis=1)
        labelled = ~np.isnan(np.asarray(true, float)).any(axis=1)
        if labelled.any():
            near = distance <= share * np.asarray(head_sizes[name], float)  # NaN is not
            found[name] = float(near[labelled].mean())
    return found
