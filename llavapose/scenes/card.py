"""The world card: how the built-in world's pictures are distributed, counted from its annotations and latent truth."""

from collections import Counter
from pathlib import Path
from typing import Any

from llavapose.files import read_json, read_jsonl

ALL_SPLITS = ("train", "val")


def world_card(folder: Path) -> dict[str, Any]:
    """Shares over all people or pictures of a world, both splits together."""
    pictures, boxes, joints, size = [], {}, {}, 1
    for split in ALL_SPLITS:
        pictures += [record for _, record in read_jsonl(folder / f"truth_{split}.jsonl", what="world truth")]
        content = read_json(folder / "annotations" / f"person_keypoints_{split}.json", what="world keypoints")
        size = content["images"][0]["width"] if content["images"] else size
        boxes |= {a["id"]: a["bbox"] for a in content["annotations"]}
        joints |= {a["id"]: a["keypoints"] for a in content["annotations"]}
    people = [person for picture in pictures for person in picture["people"]]
    heights = sorted(boxes[person["annotation_id"]][3] / size for person in people)
    centres = [(boxes[p["annotation_id"]][0] + boxes[p["annotation_id"]][2] / 2) / size for p in people]
    return {
        "num_pictures": len(pictures),
        "num_people": len(people),
        "people_per_picture": _shares(str(picture["num_people"]) for picture in pictures),
        "several_people": _share(picture["num_people"] > 1 for picture in pictures),
        "occluded_or_cut": _share(_partly_hidden(person, joints[person["annotation_id"]]) for person in people),
        "height": {"least": heights[0], "median": heights[len(heights) // 2], "greatest": heights[-1]},
        "facing": _shares(person["facing"] for person in people if person["facing"]),
        "actions": _shares(person["action"] for person in people),
        "settings": _shares(picture["setting"] for picture in pictures),
        "stances": _shares(person["stance"] for person in people),
        "two_way": {**_limb_facts(people), **_body_facts(people), "image_left half": _share(x < 0.5 for x in centres)},
    }


def _limb_facts(people: list[dict[str, Any]]) -> dict[str, float]:
    """Shares of the first of two values, for each limb."""
    facts = {}
    for side in ("left", "right"):
        facts[f"{side} elbow bent"] = _share(person["elbow_deg"][side] < 137 for person in people)
        facts[f"{side} knee bent"] = _share(person["knee_deg"][side] < 137 for person in people)
        facts[f"{side} arm raised"] = _share(person["wrist_rise"][side] > 0 for person in people)
        facts[f"{side} arm out to the side, not across"] = _share(
            value > 0 for value in (_outward(person, side) for person in people) if value is not None
        )
    return facts


def _outward(person: dict[str, Any], side: str) -> float | None:
    """Above 0 where the wrist is clearly outside the shoulder, below where clearly inside; frontal views only."""
    if person["facing"] not in ("front", "back"):
        return None
    joints, other = person["joints_3d"], "right" if side == "left" else "left"
    own, far, wrist = (joints[name][0] for name in (f"{side} shoulder", f"{other} shoulder", f"{side} wrist"))
    reach = (wrist - own) / (own - far)
    return 1.0 if reach > 0.5 else -1.0 if reach < -0.3 else None


def _body_facts(people: list[dict[str, Any]]) -> dict[str, float]:
    views = [person["facing"] for person in people]
    stands = [person for person in people if person["stance"] == "standing"]
    lifted = [person["legs"].startswith(("lift", "run")) for person in stands]
    spread = [p["legs"] == "apart" for p in stands if p["legs"] in ("apart", "together", "half squat")]
    return {
        "standing": len(stands) / max(1, len(people)),
        "trunk upright": _share(person["trunk"] == "upright" for person in people),
        "front, not back": _share(view == "front" for view in views if view in ("front", "back")),
        "image left, not image right": _share(v == "image left" for v in views if v in ("image left", "image right")),
        "standing, one leg lifted": _share(lifted),
        "standing on both, legs apart": _share(spread),
    }


def _partly_hidden(person: dict[str, Any], flat: list[float]) -> bool:
    """Cut by the border, or a joint hidden by someone or something else."""
    return 0 in flat[2::3] or any(by != "self" for by in person["hidden_by"].values())


def _share(flags: Any) -> float:
    values = [bool(flag) for flag in flags]
    return round(sum(values) / max(1, len(values)), 4)


def _shares(values: Any) -> dict[str, float]:
    counted = Counter(values)
    total = sum(counted.values())
    return {key: round(number / total, 4) for key, number in counted.most_common()}
