"""From rows to numbers: COCO's average precision, visibility, what each joint's place is worth, tokens and seconds.

``located/<arm>.json``::

    {"coding": "decimal", "asking": "each", "view": "crop", "num_people": 520, "num_pictures": 300,
     "rows": {"true": {"AP": {"value": 0.61, "low": 0.58, "high": 0.64}, ..., "parsed": 1.0, "tokens": 238.0,
                       "seconds": 0.14, "similarity": {"joint": {"nose": 0.71, ...}, ...}},
              "shuffled": {...}, "mean_pose": {...}}}
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.evaluation.locating.matching import assigned, meant
from llavapose.evaluation.locating.people import SHUFFLED, TRUE, Asked
from llavapose.files import write_json
from llavapose.locate.datasets.scored import MEASURES, row_of
from llavapose.locate.errors import JointError, areas_of, joint_errors, mean_similarities, person_similarity
from llavapose.locate.replies import Spot
from llavapose.locate.results import Located, write_results
from llavapose.locate.samples import view_of
from llavapose.locate.score import unranked_scores, visibility
from llavapose.locate.shown import Shown, in_square
from llavapose.pose.skeleton import skeleton_named

MEAN_POSE = "mean_pose"
Rows = Sequence[Mapping[str, Any]]


def scores_of(
    asked: Asked, rows: Rows, floor: Sequence[tuple[float, float]] | None, cost: Mapping[str, Any]
) -> dict[str, Any]:
    """What an arm's rows are worth, beside another picture's and the mean pose's.

    Args:
        asked: who was asked about.
        rows: of ``located/<arm>.jsonl``.
        floor: the mean pose in a person's square, a point a joint; None where no training people are here.
        cost: seconds over all groups of one picture that were asked; empty where they were not timed.
    """
    told = {name: part for name in (TRUE, SHUFFLED) if (part := [row for row in rows if row["pictures"] == name])}
    num_groups = cost.get("num_groups", 0)
    found = {name: _worth(asked, located_in(asked, part)) | _said(asked, part) for name, part in told.items()}
    per = len(asked.scenes if asked.asking.of_everyone else asked.people)
    for name, part in told.items():
        found[name]["tokens"] = sum(row["num_tokens"] for row in part) / len(asked.people)
        if num_groups:
            found[name]["seconds"] = cost["seconds"] / num_groups * per / len(asked.people)
    if floor is not None:
        squares = [in_square(one, asked.asking) for one in asked.people]
        found[MEAN_POSE] = _worth(asked, [one.located(floor, [1.0] * len(floor)) for one in squares])
    return {
        "view": asked.asking.view, "asking": asked.asking.asking, "coding": asked.asking.coding,
        "boxes": "own" if asked.asking.of_everyone else "annotated" if asked.labelled else "a detector's",
        "num_people": len(asked.people), "num_pictures": len(asked.scenes), "rows": found,
    }  # fmt: skip


def write_located(stem: Path, asked: Asked, rows: Rows) -> list[dict[str, Any]]:
    """COCO's results, ``<arm>.results.json``, and who was found how well, ``<arm>.people.json``, worst first."""
    located = located_in(asked, [row for row in rows if row["pictures"] == TRUE])
    write_results(stem.with_name(f"{stem.name}.results.json"), located)
    people = [
        {
            "scene_id": one.scene.id, "person_id": one.scene.people[one.index].id, "image": one.scene.image,
            "similarity": round(person_similarity(errors), 4),
            "keypoints": None if best is None else [list(point) for point in best.keypoints],
        }
        for one, best, errors in _beside(asked, located)
    ]  # fmt: skip
    people.sort(key=lambda one: (one["similarity"], one["scene_id"], one["person_id"]))
    write_json(stem.with_name(f"{stem.name}.people.json"), people)
    return people


def located_in(asked: Asked, rows: Rows) -> list[Located]:
    """COCO's results of one pass."""
    if asked.asking.of_everyone:
        return [one for scene, row in zip(asked.scenes, rows, strict=True) for one in _everyone(asked, scene, row)]
    places: list[dict[str, Any]] = [{} for _ in asked.people]
    per = len(rows) // len(asked.people)
    for number, row in enumerate(rows):
        places[number // per] |= row["places"]
    found = []
    for one, told in zip(asked.people, places, strict=True):
        points = [told[name] for name in skeleton_named(one.scene.skeleton).joints]
        found.append(one.located([(x, y) for x, y, _ in points], [sure for _, _, sure in points]))
    return found


def _everyone(asked: Asked, scene: Any, row: Mapping[str, Any]) -> Iterator[Located]:
    view = view_of(scene, 0, asked.asking)
    for person in row["people"]:
        points = []
        for name in skeleton_named(scene.skeleton).joints:
            spot = person["spots"].get(name)
            if isinstance(spot, list):
                x, y = view.outwards(spot[0], spot[1])
                points.append((x, y, person["sure_of"].get(name, person["sure"])))
            else:
                x, y, sure = person["places"][name]
                points.append((*view.outwards(x, y), sure))
        (x1, y1), (x2, y2) = (view.outwards(*corner) for corner in person["corners"])
        yield Located(
            image_id=scene.id, keypoints=tuple(points), score=float(np.mean([sure for _, _, sure in points])),
            box=(x1, y1, x2 - x1, y2 - y1),
        )  # fmt: skip


def _worth(asked: Asked, located: Sequence[Located]) -> dict[str, Any]:
    """The data set's measures with their intervals, and the mean similarities where people are annotated ones."""
    if not located:
        return {name: {"value": 0.0, "low": 0.0, "high": 0.0} for name in MEASURES}
    ids = {scene.id for scene in asked.scenes}
    people = {one.person_id for one in asked.people} if asked.labelled else None
    row = row_of(asked.config, located, image_ids=ids, annotation_ids=people)
    if "AP" in row:
        # What is as sure of everyone, as a regression or the mean pose is, can be compared with this alone.
        skeleton = skeleton_named(asked.config.joints)
        row["unranked"] = unranked_scores(asked.annotations, located, image_ids=ids, skeleton=skeleton)["AP"]
    errors = [one for _, _, found in _beside(asked, located) for one in found]
    return row | {"similarity": mean_similarities(errors, asked.left_out)}


def _beside(asked: Asked, located: Sequence[Located]) -> Iterator[tuple[Shown, Located | None, list[JointError]]]:
    """Each annotated person beside what was located: its own, or of an answer about everyone the likest, None left."""
    if not asked.labelled:
        return
    areas = areas_of(asked.annotations)
    if len(located) == len(asked.people) and not asked.asking.of_everyone:
        for person, one in zip(asked.people, located, strict=True):
            yield person, one, joint_errors(person, one, areas)
        return
    by_image: dict[int, list[Located]] = {}
    for one in located:
        by_image.setdefault(one.image_id, []).append(one)
    people = _by_picture(asked)
    for scene in asked.scenes:
        here, told = people[scene.id], by_image.get(scene.id, [])
        errors = [[joint_errors(person, one, areas) for one in told] for person in here]
        alike = np.array([[person_similarity(one) for one in row] for row in errors]).reshape(len(here), len(told))
        pairs = assigned(alike)
        for number, person in enumerate(here):
            at = pairs.get(number)
            found = joint_errors(person, None, areas) if at is None else errors[number][at]
            yield person, None if at is None else told[at], found


def _by_picture(asked: Asked) -> Mapping[int, list[Shown]]:
    found: dict[int, list[Shown]] = {scene.id: [] for scene in asked.scenes}
    for one in asked.people:
        found[one.scene.id].append(one)
    return found


def _said(asked: Asked, rows: Rows) -> dict[str, Any]:
    """What was said of visibility, and how much of it could be read."""
    if asked.asking.of_everyone:
        return _said_of_everyone(asked, rows)
    per, pairs = len(rows) // len(asked.people), []
    for number, row in enumerate(rows):
        person = asked.people[number // per]
        pairs += [(person.spots[name], _spot(spot)) for name, spot in row["spots"].items() if _is_asked(asked, name)]
    shares = visibility(pairs).shares()
    # Whether a detector's person shows a joint is not known.
    return {name: share for name, share in shares.items() if asked.labelled or name == "parsed"}


def _is_asked(asked: Asked, joint: str) -> bool:
    """Whether a joint is asked for: a question for all joints names none, and means those that were taught."""
    return asked.asking.asking != "json" or joint not in asked.left_out


def _said_of_everyone(asked: Asked, rows: Rows) -> dict[str, Any]:
    """Likewise, of those whom a told box means; whoever is not told is missed with all joints.

    A list that cannot be read counts as unread with every joint of the people in the picture.
    """
    pairs: list[tuple[Spot, Spot | None]] = []
    read: list[bool] = []
    in_picture = _by_picture(asked)
    for scene, row in zip(asked.scenes, rows, strict=True):
        here, people = in_picture[scene.id], row["people"]
        told = {at: people[number]["spots"] for number, at in meant([one["corners"] for one in people], here).items()}
        for at, person in enumerate(here):
            names = [name for name in person.spots if _is_asked(asked, name)]
            pairs += [(person.spots[name], _spot(told.get(at, {}).get(name))) for name in names]
            read += [] if row["whole"] else [False] * len(names)
        read += [spot is not None for one in people for name, spot in one["spots"].items() if _is_asked(asked, name)]
    return visibility(pairs).shares() | {"parsed": sum(read) / len(read) if read else None}


def _spot(told: Any) -> Spot | None:
    if told is None:
        return None
    return Spot() if isinstance(told, str) else Spot(x=told[0], y=told[1], hidden=told[2])
