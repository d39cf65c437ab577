"""Settings of scenes -> the measures of located people, whichever data set it is: a row of a table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from llavapose.config.choices import Joints
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.locate.datasets.crowdpose import by_crowding
from llavapose.locate.datasets.mpii import BEYOND_COCO, GROUPS, pckh_of, read_head_sizes, view_of_record
from llavapose.locate.results import Located
from llavapose.locate.score import keypoint_intervals, keypoint_scores
from llavapose.locate.views import View
from llavapose.pose.skeleton import skeleton_named
from llavapose.scenes.mpii import read_people
from llavapose.scenes.open import keypoint_file

MEASURES = ("AP", "AP50", "AP75", "APM", "APL", "AR")


def views_of(config: ScenesConfig, split: str, *, margin: float = 1.0) -> dict[int, View] | None:
    """Person's id -> the square that shows it, where the set tells that otherwise than by a box (MPII)."""
    if config.joints != Joints.mpii16:
        return None
    return {one.id: view_of_record(one, margin=margin) for one in read_people(keypoint_file(config, split))}


def row_of(
    config: ScenesConfig,
    located: Sequence[Located],
    *,
    image_ids: Collection[int],
    annotation_ids: Collection[int] | None = None,
    split: str = "val",
) -> dict[str, Any]:
    """COCO's average precision with intervals and, of CrowdPose, by crowding; of MPII, PCKh@0.5.

    Args:
        config: of the scenes that the people are in.
        located: them.
        image_ids: pictures that count.
        annotation_ids: people that count (PCKh alone); None: all of those pictures.
        split: of the scenes.

    Raises:
        DataError: annotations that are not there, or people who are in none of them.
    """
    annotations = keypoint_file(config, split)
    if config.joints == Joints.mpii16:
        return {"PCKh": _pckh(config, located, image_ids, annotation_ids, split)}
    skeleton = skeleton_named(config.joints)
    intervals = keypoint_intervals(
        annotations, located, image_ids=image_ids, measures=MEASURES, skeleton=skeleton
    )  # fmt: skip
    row: dict[str, Any] = {key: asdict(value) for key, value in intervals.items()}
    if config.joints == Joints.crowdpose14:
        for name, some in by_crowding(annotations).items():
            if some & set(image_ids):
                scores = keypoint_scores(annotations, located, image_ids=some & set(image_ids), skeleton=skeleton)
                row[f"AP {name}"] = scores["AP"]
    return row


def _pckh(
    config: ScenesConfig,
    located: Sequence[Located],
    image_ids: Collection[int],
    annotation_ids: Collection[int] | None,
    split: str,
) -> dict[str, float]:
    heads = (config.train if split == "train" else config.val).heads
    if heads is None:
        raise DataError(f"scenes {config.name}: no scenes.{split}.heads; PCKh needs the heads' sizes")
    people = read_people(keypoint_file(config, split))
    sizes = read_head_sizes(config.root / heads, people)
    counting = [one for one in people if one.image_id in image_ids]
    counting = [one for one in counting if annotation_ids is None or one.id in annotation_ids]
    return pckh_of(located, counting, sizes)


def crowding_lines(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """CrowdPose's average precision by crowding, a line a row; none of other sets."""
    told = {name: [f"{key[3:]} {row[key]:.3f}" for key in row if key.startswith("AP ")] for name, row in rows.items()}
    return [f"{name}: AP {', '.join(parts)}" for name, parts in told.items() if parts]


def pckh_table(rows: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """MPII's columns for a terminal, and apart the joints that COCO lacks."""
    columns = [*GROUPS, "mean", "mean coco", *BEYOND_COCO, "mean beyond"]
    found = [f"{'PCKh@0.5':<10} " + " ".join(f"{name:>11}" for name in columns)]
    for name, row in rows.items():
        cells = [f"{row['PCKh'].get(column, float('nan')):.3f}" for column in columns]
        found.append(f"{name:<10} " + " ".join(f"{cell:>11}" for cell in cells))
    return found
