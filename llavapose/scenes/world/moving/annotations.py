"""A painted clip -> what is written down of it: COCO's annotations with tracks, PoseTrack's, captions."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from llavapose.frames import middle
from llavapose.pose.skeleton import COCO17
from llavapose.scenes.world.drawn.annotations import coco_files
from llavapose.scenes.world.drawn.body import SIDES, add
from llavapose.scenes.world.drawn.props import COCO_IDS
from llavapose.scenes.world.drawn.stage import Placed, Seen
from llavapose.scenes.world.moving.film import Film, Shot

MOST_FRAMES = 64
"""Of a clip: image ids of a clip begin at this multiple of its number."""

MOST_SEEN = 16
"""People and things of a frame: three people with a seat and what they hold make nine."""

_PAIRED = ("ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
POSETRACK = ("nose", "head_bottom", "head_top", *(f"{side}_{joint}" for joint in _PAIRED for side in SIDES))
"""PoseTrack's joints in the order of its files; its ears are never labelled."""

POSETRACK_LIMBS = ((1, 2), (1, 3), (2, 6), (2, 7), (6, 8), (8, 10), (7, 9), (9, 11), (6, 12), (7, 13), (12, 13),
                   (12, 14), (14, 16), (13, 15), (15, 17))  # fmt: skip
"""Pairs of its joints, counted from 1, as its files have them."""


@dataclass(frozen=True, kw_only=True)
class Noted:
    """What is written down of one clip: its number; images and annotations with tracks; captions; PoseTrack's file."""

    number: int
    images: list[dict[str, Any]]
    instances: list[dict[str, Any]]
    captions: list[dict[str, Any]]
    posetrack: dict[str, Any]


def video_name(number: int) -> str:
    """A clip's folder, and its name in the annotations."""
    return f"{number:06d}"


def image_id(number: int, frame: int) -> int:
    """Of a frame; a scene is called by its middle frame's."""
    return number * MOST_FRAMES + frame


def scene_id(number: int, num_frames: int) -> int:
    """Of a clip: its middle frame's."""
    return image_id(number, middle(num_frames))


def noted(film: Film, number: int, split: str, texts: Sequence[str]) -> Noted:
    """Annotations of every frame; captions are those of the middle one."""
    video, size = video_name(number), film.shots[0].picture.width
    images = [
        {"id": image_id(number, frame), "file_name": f"{video}/{frame:06d}.jpg", "width": size, "height": size,
         "video": video, "frame": frame, "time_s": time_s}
        for frame, time_s in enumerate(film.clock.times_s)
    ]  # fmt: skip
    shown = image_id(number, middle(len(film.shots)))
    instances = [
        _instance(item, image_id(number, frame), index)
        for frame, shot in enumerate(film.shots)
        for index, item in enumerate(shot.seen)
    ]
    captions = [{"id": shown * MOST_SEEN + i, "image_id": shown, "caption": text} for i, text in enumerate(texts)]
    posetrack = _posetrack(film, number, split)
    return Noted(number=number, images=images, instances=instances, captions=captions, posetrack=posetrack)


def _instance(item: Seen, image: int, index: int) -> dict[str, Any]:
    x1, y1, x2, y2 = item.box_px
    found: dict[str, Any] = {
        "id": image * MOST_SEEN + index, "image_id": image, "category_id": COCO_IDS[item.category], "iscrowd": 0,
        "bbox": [x1, y1, x2 - x1, y2 - y1], "area": item.area,
    }  # fmt: skip
    if item.keypoints:
        found["track_id"] = item.owner
        found["num_keypoints"] = sum(v > 0 for v in item.keypoints[2::3])
        found["keypoints"] = list(item.keypoints)
    return found


def tracked_files(clips: Sequence[Noted], split: str) -> dict[str, dict[str, Any]]:
    """COCO's three files of a split, people with their tracks: kind of file -> content."""
    files = coco_files((), split, 0)
    for content in files.values():
        content["info"]["description"] = f"llavapose built-in world in motion, {split}"
        content["images"] = [image for clip in clips for image in clip.images]
    everything = [one for clip in clips for one in clip.instances]
    # The same people stand in the file of keypoints: here are the things alone, which have no joints and no track.
    files["instances"]["annotations"] = [one for one in everything if "keypoints" not in one]
    files["person_keypoints"]["annotations"] = [one for one in everything if "keypoints" in one]
    files["captions"]["annotations"] = [caption for clip in clips for caption in clip.captions]
    return files


def _posetrack(film: Film, number: int, split: str) -> dict[str, Any]:
    """One video's file in PoseTrack18's form: 15 of its 17 joints, 0 not labelled or hidden, 1 seen."""
    video = video_name(number)
    images = [
        {"has_no_densepose": True, "is_labeled": True, "file_name": f"{split}/{video}/{frame:06d}.jpg",
         "nframes": len(film.shots), "frame_id": image_id(number, frame), "vid_id": video,
         "id": image_id(number, frame)}
        for frame in range(len(film.shots))
    ]  # fmt: skip
    category = {"supercategory": "person", "id": 1, "name": "person", "keypoints": list(POSETRACK),
                "skeleton": [list(pair) for pair in POSETRACK_LIMBS]}  # fmt: skip
    people = [
        _posed(shot, item, image_id(number, frame), index)
        for frame, shot in enumerate(film.shots)
        for index, item in enumerate(shot.seen)
        if item.keypoints
    ]
    return {"images": images, "categories": [category], "annotations": people}


def _posed(shot: Shot, item: Seen, image: int, index: int) -> dict[str, Any]:
    named = {
        joint.replace(" ", "_"): item.keypoints[3 * place : 3 * place + 3] for place, joint in enumerate(COCO17.joints)
    }
    named |= _head(shot.people[item.owner], shot.picture.width, bool(named["nose"][2]))
    flat: list[float] = []
    for joint in POSETRACK:
        x, y, seen = named[joint]
        flat += (x, y, 1) if seen == 2 and not joint.endswith("ear") else (0, 0, 0)
    x1, y1, x2, y2 = item.box_px
    return {"keypoints": flat, "track_id": item.owner, "image_id": image, "bbox": [x1, y1, x2 - x1, y2 - y1],
            "scores": [], "category_id": 1, "id": image * MOST_SEEN + index}  # fmt: skip


def _head(person: Placed, size: int, near: bool) -> dict[str, tuple[float, float, int]]:
    """The neck and the top of the head; they are seen where the head is inside the picture."""
    body, radius = person.body, person.acted.build["head"]
    ends = {"head_bottom": body.points["neck"], "head_top": add(body.points["head"], body.crown, radius)}
    found = {}
    for name, point in ends.items():
        x, y = person.place(point)
        inside = near and 0 <= x < size and 0 <= y < size
        found[name] = (round(x, 1), round(y, 1), 2) if inside else (0.0, 0.0, 0)
    return found
