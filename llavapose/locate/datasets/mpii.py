"""MPII's PCKh@0.5: by joint, its mean, and apart the joints that COCO lacks.

A joint is right within half a head's size: 0.6 times the diagonal of the head box (MPII's ``eval_PCKh.py``). Its mean
weighs joints by how often they are labelled and leaves out pelvis and thorax.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.errors import DataError, shown
from llavapose.files import read_json
from llavapose.locate.results import Located
from llavapose.locate.score import pckh
from llavapose.locate.views import View
from llavapose.pose.skeleton import COCO17, MPII16
from llavapose.scenes.estimates import is_number
from llavapose.scenes.mpii import FIRST, MpiiPerson

HEAD = 0.6
"""A head's size as a share of the diagonal of its box."""
NOT_IN_MEAN = ("pelvis", "thorax")
"""What MPII's own mean leaves out."""
BEYOND_COCO = tuple(name for name in MPII16.joints if name not in COCO17.joints)
GROUPS: Mapping[str, tuple[str, ...]] = {
    "head": ("head top",),
    **{part: (f"left {part}", f"right {part}") for part in ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")},
}
"""The columns of MPII's tables."""


def view_of_record(one: MpiiPerson, *, margin: float = 1.0) -> View:
    """The square that shows a person, by its centre and scale rather than a box."""
    return View(centre=one.centre, side=one.side * margin)


def read_head_sizes(path: Path, people: Sequence[MpiiPerson]) -> dict[int, float]:
    """Person's id -> size of its head in pixels.

    Args:
        path: HRNet's ``gt_valid.mat``, or a JSON list of head boxes (x1, y1, x2, y2) in the order of the people.
        people: of the annotations that it belongs to.

    Raises:
        DataError: it is missing or not of the form, or belongs to other people.
    """
    boxes = _boxes_of_mat(path, people) if path.suffix == ".mat" else _boxes_of_json(path)
    if len(boxes) != len(people):
        raise DataError(f"MPII heads: {path} has {len(boxes)} head boxes, the annotations {len(people)} people")
    sizes = HEAD * np.linalg.norm(boxes[:, 1] - boxes[:, 0], axis=1)
    if not (np.isfinite(sizes) & (sizes > 0)).all():
        raise DataError(f"MPII heads: {path} has a head box of no size; expected x1, y1, x2, y2")
    return {one.id: float(size) for one, size in zip(people, sizes, strict=True)}


def _boxes_of_json(path: Path) -> np.ndarray:
    values = read_json(path, what="MPII heads")
    whole = isinstance(values, list) and all(isinstance(one, list) and len(one) == 4 for one in values)
    if not whole or not all(is_number(value) for one in values for value in one):
        raise DataError(f"MPII heads: {path} is {shown(values)}; expected a list of x1, y1, x2, y2")
    return np.asarray(values, float).reshape(-1, 2, 2)


def _boxes_of_mat(path: Path, people: Sequence[MpiiPerson]) -> np.ndarray:
    """Head boxes float[N, corner, xy]; the joints of the file must be those of the people."""
    from scipy.io import loadmat

    if not path.is_file():
        raise DataError(f"MPII heads: no file {path}; get gt_valid.mat as HRNet's README links it, or give a JSON list")
    try:
        values: dict[str, Any] = loadmat(str(path), variable_names=["headboxes_src", "pos_gt_src"])
        boxes, places = (np.asarray(values[name], float) for name in ("headboxes_src", "pos_gt_src"))
    except Exception as error:  # scipy's readers raise whatever a damaged file leads them to
        reason = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        raise DataError(f"MPII heads: {path} is no gt_valid.mat that can be read ({reason})") from None
    num = len(MPII16.joints)
    expected = (2, 2, len(people)), (num, 2, len(people))
    if (boxes.shape, places.shape) != expected:
        raise DataError(
            f"MPII heads: {path} has head boxes {boxes.shape} and joints {places.shape}; expected {expected[0]} and "
            f"{expected[1]}, those of the annotations' people"
        )
    for at, one in enumerate(people):
        for joint, place in enumerate(one.joints):
            # Both files are rounded in their own way; another person is further off.
            if place is not None and np.abs(places[joint, :, at] - FIRST - place).max() > 1.5:
                raise DataError(
                    f"MPII heads: {path}: person {at + 1} is another than the annotations'; take their pair"
                )
    return boxes.transpose(2, 0, 1)


def pckh_of(
    located: Iterable[Located], people: Sequence[MpiiPerson], head_sizes: Mapping[int, float]
) -> dict[str, float]:
    """PCKh@0.5 by joint and by the columns of MPII's tables, and means.

    ``mean`` is MPII's own, ``mean coco`` that of the joints which COCO has too, ``mean beyond`` of those that it lacks.

    Raises:
        DataError: a located person that says not whom of these, or one of them twice.
    """
    found: dict[int, Located] = {}
    known = {one.id for one in people}
    for one in located:
        if one.annotation_id not in known:
            raise DataError(
                f"PCKh: a person of image {one.image_id} has annotation_id {one.annotation_id}; expected the number of "
                "a record of the annotations, from 1: PCKh has no other way to tell who is meant"
            )
        if found.setdefault(one.annotation_id, one) is not one:
            raise DataError(f"PCKh: annotation_id {one.annotation_id} is there twice; expected each person once")
    nan = (np.nan, np.nan)
    truth = {name: [one.joints[at] or nan for one in people] for at, name in enumerate(MPII16.joints)}
    told = {name: [_told(found.get(one.id), at) for one in people] for at, name in enumerate(MPII16.joints)}
    sizes = [head_sizes[one.id] for one in people]
    by_joint = pckh(told, truth, dict.fromkeys(truth, sizes))
    num = {name: sum(place is not nan for place in truth[name]) for name in by_joint}
    means = {
        "mean": [name for name in by_joint if name not in NOT_IN_MEAN],
        "mean coco": [name for name in by_joint if name not in BEYOND_COCO],
        "mean beyond": [name for name in by_joint if name in BEYOND_COCO],
    }
    columns = {name: _mean(by_joint, dict.fromkeys(by_joint, 1), joints) for name, joints in GROUPS.items()}
    return {**by_joint, **columns, **{name: _mean(by_joint, num, joints) for name, joints in means.items()}}


def _told(one: Located | None, at: int) -> tuple[float, float]:
    if one is None or one.keypoints[at] == (0.0, 0.0, 0.0):
        return (np.nan, np.nan)
    return one.keypoints[at][:2]


def _mean(values: Mapping[str, float], weights: Mapping[str, int], names: Sequence[str]) -> float:
    there = [name for name in names if name in values]
    total = sum(weights[name] for name in there)
    return sum(values[name] * weights[name] for name in there) / total if total else float("nan")
