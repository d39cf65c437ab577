"""A staged picture -> COCO's annotations and the latent truth."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.pose.skeleton import COCO17
from llavapose.scenes.world.drawn.body import SIDES
from llavapose.scenes.world.drawn.captions import captions_of
from llavapose.scenes.world.drawn.props import COCO_IDS, SUPERCATEGORIES
from llavapose.scenes.world.drawn.stage import Placed, Seen, Staged

# More than a picture of four people and their things ever has.
ID_STEP = 32
"""Annotation ids of a picture start at this multiple of its id: unique, and the same however many are drawn."""


@dataclass(frozen=True, kw_only=True)
class Drawn:
    """What is written down of one picture: COCO annotations and one line of truth."""

    number: int
    instances: list[dict[str, Any]]
    captions: list[dict[str, Any]]
    truth: dict[str, Any]


def file_name(number: int) -> str:
    """COCO's file name of a picture."""
    return f"{number:012d}.jpg"


def drawn_of(staged: Staged, seed: int, number: int) -> Drawn:
    """Annotations and truth of one picture; people come first, in the order of the truth."""
    instances = [_instance(item, number, number * ID_STEP + index) for index, item in enumerate(staged.seen)]
    # A generator of its own: another caption must not move a single pixel.
    texts = captions_of(staged, random.Random(f"captions {seed} {number}"))
    return Drawn(
        number=number,
        instances=instances,
        captions=[{"id": number * ID_STEP + i, "image_id": number, "caption": text} for i, text in enumerate(texts)],
        truth=_truth(staged, number),
    )


def _instance(item: Seen, number: int, annotation_id: int) -> dict[str, Any]:
    x1, y1, x2, y2 = item.box_px
    annotation: dict[str, Any] = {
        "id": annotation_id, "image_id": number, "category_id": COCO_IDS[item.category], "iscrowd": 0,
        "bbox": [x1, y1, x2 - x1, y2 - y1], "area": item.area, "segmentation": [list(item.outline)],
    }  # fmt: skip
    if item.keypoints:
        annotation["num_keypoints"] = sum(v > 0 for v in item.keypoints[2::3])
        annotation["keypoints"] = list(item.keypoints)
    return annotation


def _truth(staged: Staged, number: int) -> dict[str, Any]:
    contacts = [
        {"annotation_id": number * ID_STEP + index, "category": item.category, "owner": item.owner, "how": item.how}
        for index, item in enumerate(staged.seen)
        if item.category != "person"
    ]
    people = [
        _person_truth(person, item, number * ID_STEP + index, [c for c in contacts if c["owner"] == index])
        for index, (person, item) in enumerate(zip(staged.people, staged.seen, strict=False))
    ]
    return {"image_id": number, "setting": staged.setting, "num_people": len(people), "people": people}


def _person_truth(person: Placed, item: Seen, annotation_id: int, contacts: list[dict[str, Any]]) -> dict[str, Any]:
    acted, points, figure = person.acted, person.body.points, person.acted.figure
    torso = acted.build["torso"]
    return {
        "annotation_id": annotation_id, "action": acted.action, "stance": acted.stance,
        # Who lies has no way to face that people would agree on.
        "facing": None if acted.stance == "lying" else acted.view, "yaw_deg": round(acted.camera.yaw_deg, 1),
        "trunk": acted.trunk, "lean_deg": round(figure.lean_deg, 1), "tilt_deg": round(figure.tilt_deg, 1),
        "legs": acted.leg_state, "acting_side": acted.acting,
        "elbow_deg": {side: round(figure.arms[side].interior_deg, 1) for side in SIDES},
        "knee_deg": {side: round(figure.legs[side].interior_deg, 1) for side in SIDES},
        "arm_elevation_deg": {side: round(figure.arms[side].elevation_deg, 1) for side in SIDES},
        # y points down: shoulder less wrist is how far the hand is up.
        "wrist_rise": {s: round((points[f"{s} shoulder"][1] - points[f"{s} wrist"][1]) / torso, 2) for s in SIDES},
        "wrist_over_head": {s: round((points["head"][1] - acted.build["head"] - points[f"{s} wrist"][1]) / torso, 2)
                            for s in SIDES},
        "joints_3d": {joint: [round(v, 3) for v in points[joint]] for joint in COCO17.joints},
        "hidden_by": item.hidden_by,
        "contacts": [{key: c[key] for key in ("annotation_id", "category", "how")} for c in contacts],
    }  # fmt: skip


def coco_files(drawn: Sequence[Drawn], split: str, size: int) -> dict[str, dict[str, Any]]:
    """The three COCO files of a split: kind of file -> content."""
    info = {"description": f"llavapose built-in world, {split}", "version": "1.0", "year": 2026}
    images = [{"id": d.number, "file_name": file_name(d.number), "width": size, "height": size} for d in drawn]
    categories = [
        {"id": number, "name": name, "supercategory": SUPERCATEGORIES.get(name, "sports")}
        for name, number in sorted(COCO_IDS.items(), key=lambda pair: pair[1])
    ]
    # COCO counts joints from 1 in its skeletons, and only there.
    person = {**categories[0], "keypoints": [joint.replace(" ", "_") for joint in COCO17.joints],
              "skeleton": [[a + 1, b + 1] for a, b in COCO17.limbs]}  # fmt: skip
    shared = {"info": info, "licenses": [], "images": images}
    everything = [annotation for d in drawn for annotation in d.instances]
    # COCO's instances files hold the same annotations without keypoints.
    plain = [{k: v for k, v in a.items() if k not in ("keypoints", "num_keypoints")} for a in everything]
    return {
        "instances": {**shared, "annotations": plain, "categories": categories},
        "person_keypoints": {
            **shared,
            "annotations": [a for a in everything if "keypoints" in a],
            "categories": [person],
        },
        "captions": {**shared, "annotations": [caption for d in drawn for caption in d.captions]},
    }
