"""COCO annotation files -> scenes: instances, captions and person keypoints joined by image id.

Reads COCO 2014 and 2017 as published and any set in COCO's format.
"""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.files import inside
from llavapose.pose.skeleton import COCO17, Skeleton
from llavapose.records import Box, Keypoint, Person, Scene, Thing
from llavapose.scenes.lists import MAX_CAPTION, Lists, category_of, clean_text, read_lists, size_of

PERSON = "person"
MAX_PX = 1e9
"""Coordinates lie within this; what is beyond is no place near any picture but a slip."""
DECIMALS = 3
"""Coordinates are kept with this many decimals, the papers' number."""


@dataclass(frozen=True, kw_only=True)
class SceneSet:
    """Annotated pictures.

    Attributes:
        scenes: in order of image id.
        images: folder that ``Scene.image`` is relative to.
        notes: what was tolerated, each counted, one line each.
    """

    scenes: tuple[Scene, ...]
    images: Path
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class _Parts:
    """Annotations by image id, and what was met on the way."""

    skeleton: Skeleton = COCO17
    people: dict[int, list[Person]] = field(default_factory=lambda: defaultdict(list))
    things: dict[int, list[Thing]] = field(default_factory=lambda: defaultdict(list))
    captions: dict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    crowds: Counter[int] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    outside: set[int] = field(default_factory=set)


def read_scenes(
    *,
    images: Path,
    keypoints: Path,
    instances: Path | None = None,
    captions: Path | None = None,
    split: str = "train",
    ids: Collection[int] | None = None,
    pictures: bool = True,
    skeleton: Skeleton = COCO17,
) -> SceneSet:
    """Read one split of a COCO set.

    Args:
        images: folder of the pictures.
        keypoints: person_keypoints_*.json; its images are the set's images.
        instances: instances_*.json; None or a file that is not there leaves objects out and says so in the notes.
        captions: captions_*.json, likewise.
        split: name kept with every scene.
        ids: image ids to keep; None keeps all.
        pictures: whether the folder of pictures must be there; annotations alone are enough to ask about.
        skeleton: the joints that the file of keypoints has.

    Raises:
        DataError: a file is missing or not in COCO's format, or an annotation cannot be right; names file and id.
    """
    if pictures and not images.is_dir():
        raise DataError(f"COCO images: no folder {images}; check the path")
    base = read_lists(keypoints, "COCO person keypoints")
    return joined(base, images=images, instances=instances, captions=captions, split=split, ids=ids, skeleton=skeleton)


def joined(
    base: Lists,
    *,
    images: Path,
    instances: Path | None = None,
    captions: Path | None = None,
    split: str = "train",
    ids: Collection[int] | None = None,
    skeleton: Skeleton = COCO17,
) -> SceneSet:
    """The scenes of a file of keypoints that is read already; the rest is as in ``read_scenes``.

    Raises:
        DataError: an annotation that cannot be right; names file and id.
    """
    parts, notes, keypoints = _Parts(skeleton=skeleton), [], base.path
    parts.seen.update(base.seen)
    sizes = {i: size_of(image, keypoints) for i, image in base.images.items()}
    _add_people(base, sizes, parts)
    for path, what, add in ((instances, "instances", _add_instances), (captions, "captions", _add_captions)):
        if path is None or not path.exists():
            notes.append(f"no {what} file{'' if path is None else f' {path}'}: scenes are read without {what}")
        else:
            pictured = what == "instances"
            lists = read_lists(path, f"COCO {what}", categories=pictured, unique=pictured)
            add(lists, sizes, parts)
    wanted = sorted(sizes if ids is None else set(ids) & set(sizes))
    if ids is not None and len(wanted) < len(set(ids)):
        notes.append(f"{len(set(ids)) - len(wanted)} of {len(set(ids))} wanted image ids are not in {keypoints.name}")
    scenes = tuple(_scene(base.images[i], sizes[i], parts, images, split, keypoints) for i in wanted)
    return SceneSet(scenes=scenes, images=images, notes=(*notes, *_notes(scenes, parts)))


def _add_people(lists: Lists, sizes: dict[int, tuple[int, int]], parts: _Parts) -> None:
    """People of the keypoint file; crowds are counted, not people."""
    for annotation in lists.annotations:
        image_id = annotation["image_id"]
        if image_id not in sizes:
            raise DataError(
                f"COCO: {lists.path}: annotation {annotation['id']} is of image {image_id}, which is not listed"
            )
        if category_of(annotation, lists) != PERSON:
            parts.seen["annotations of the keypoint file that are not people"] += 1
        elif annotation.get("iscrowd"):
            parts.crowds[image_id] += 1
        elif box := _box(annotation, sizes[image_id], lists.path, parts, "people"):
            keypoints = _keypoints(annotation, sizes[image_id], lists.path, parts)
            parts.people[image_id].append(Person(id=annotation["id"], box_xyxy=box, keypoints=keypoints))


def _add_instances(lists: Lists, sizes: dict[int, tuple[int, int]], parts: _Parts) -> None:
    """Objects; people too where the keypoint file has none of that id (COCO's keypoint file holds them all)."""
    known = {person.id for people in parts.people.values() for person in people} | parts.outside
    crowded = set(parts.crowds)
    for annotation in lists.annotations:
        image_id, name = annotation["image_id"], category_of(annotation, lists)
        if image_id not in sizes:
            parts.seen["instances of images without a keypoint record"] += 1
        elif annotation.get("iscrowd"):
            if name == PERSON and image_id not in crowded:
                parts.crowds[image_id] += 1
            elif name != PERSON:
                parts.seen["crowds of objects left out"] += 1
        elif name != PERSON:
            if box := _box(annotation, sizes[image_id], lists.path, parts, "objects"):
                parts.things[image_id].append(Thing(id=annotation["id"], category=name, box_xyxy=box))
        elif annotation["id"] not in known and (box := _box(annotation, sizes[image_id], lists.path, parts, "people")):
            parts.people[image_id].append(Person(id=annotation["id"], box_xyxy=box))


def _add_captions(lists: Lists, sizes: dict[int, tuple[int, int]], parts: _Parts) -> None:
    for annotation in lists.annotations:
        text = annotation.get("caption")
        if not isinstance(text, str) or len(text) > MAX_CAPTION:
            raise DataError(
                f"COCO captions: {lists.path}: annotation {annotation['id']} has no text `caption` of at most "
                f"{MAX_CAPTION:,} characters ({shown(text)})"
            )
        if annotation["image_id"] not in sizes:
            parts.seen["captions of images without a keypoint record"] += 1
            continue
        cleaned = clean_text(text)
        if cleaned != " ".join(text.split()):
            parts.seen["captions with control characters or marks such as <image>, which were taken out"] += 1
        if cleaned:
            parts.captions[annotation["image_id"]].append(cleaned)


def _box(annotation: dict[str, Any], size: tuple[int, int], path: Path, parts: _Parts, of: str) -> Box | None:
    """``bbox`` (x, y, width, height in pixels) as corners in 0..1; None, and counted, where it misses the picture.

    Raises:
        DataError: not four numbers, or a negative width or height.
    """
    box, where = annotation.get("bbox"), f"COCO: {path}: annotation {annotation['id']} has bbox"
    if not isinstance(box, list) or len(box) != 4 or not all(_is_number(value) for value in box):
        raise DataError(f"{where} {shown(box)}; expected four numbers of at most {MAX_PX:,.0f}")
    x, y, width, height = box
    if width < 0 or height < 0:
        raise DataError(f"{where} {shown(box)}, a negative width or height; expected x, y, width, height in pixels")
    if x >= size[0] or y >= size[1] or x + width <= 0 < width or y + height <= 0 < height:
        parts.seen[f"{of} whose box lies outside the picture, left out"] += 1
        parts.outside.add(annotation["id"])
        return None
    return (
        _share(x, size[0]),
        _share(y, size[1]),
        _share(x + width, size[0]),
        _share(y + height, size[1]),
    )


def _keypoints(annotation: dict[str, Any], size: tuple[int, int], path: Path, parts: _Parts) -> tuple[Keypoint, ...]:
    """Joints as (x, y, visibility) in 0..1; empty where no joint is labelled."""
    flat = annotation.get("keypoints")
    num = len(parts.skeleton.joints)
    expected = 3 * num
    where = f"COCO person keypoints: {path}: annotation {annotation['id']}"
    if not isinstance(flat, list) or len(flat) != expected or not all(_is_number(value) for value in flat):
        length = len(flat) if isinstance(flat, list) else shown(flat)
        raise DataError(
            f"{where} has keypoints of length {length}; expected {expected} numbers ({num} x x, y, visibility), "
            f"each at most {MAX_PX:,.0f}; scenes.joints says which joints a set has"
        )
    joints = []
    for x, y, visibility in zip(flat[0::3], flat[1::3], flat[2::3], strict=True):
        if visibility not in (0, 1, 2):
            raise DataError(f"{where} has visibility {visibility}; expected 0, 1 or 2")
        if visibility and not (-1 <= x <= size[0] + 1 and -1 <= y <= size[1] + 1):  # a pixel is rounding
            parts.seen["labelled joints outside the picture, set to its border"] += 1
        joints.append((_share(x, size[0]), _share(y, size[1]), int(visibility)) if visibility else (0.0, 0.0, 0))
    return tuple(joints) if any(joint[2] for joint in joints) else ()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= MAX_PX


def _share(value: float, side: int) -> float:
    """A pixel coordinate in 0..1; what hangs over the border is cut off."""
    return round(min(max(value / side, 0.0), 1.0), DECIMALS)


def _scene(image: dict[str, Any], size: tuple[int, int], parts: _Parts, images: Path, split: str, path: Path) -> Scene:
    number, name = image["id"], image.get("file_name")
    if not isinstance(name, str):
        raise DataError(f"COCO: {path}: image {number} has file_name {shown(name)}; expected a text")
    inside(images, name, where=f"COCO: {path}: image {number}")
    return Scene(
        id=number,
        image=name,
        width=size[0],
        height=size[1],
        captions=tuple(parts.captions.get(number, ())),
        people=tuple(parts.people.get(number, ())),
        things=tuple(parts.things.get(number, ())),
        num_crowds=parts.crowds.get(number, 0),
        skeleton=parts.skeleton.name,
        split=split,
    )


def _notes(scenes: tuple[Scene, ...], parts: _Parts) -> list[str]:
    """What was tolerated in the scenes that are kept."""
    unposed = sum(not person.keypoints for scene in scenes for person in scene.people)
    met = {
        "images with a crowd of people, which is no person": sum(scene.num_crowds > 0 for scene in scenes),
        "images without a person": sum(not scene.people for scene in scenes),
        "people without labelled keypoints": unposed,
        "images without a caption": sum(not scene.captions for scene in scenes) if parts.captions else 0,
        **parts.seen,
    }
    return [f"{number} {what}" for what, number in met.items() if number]
