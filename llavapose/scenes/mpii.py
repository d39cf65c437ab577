"""MPII's annotations as HRNet carries them (``annot/train.json``, ``valid.json``) -> scenes.

    [{"image": "005808361.jpg", "center": [966.0, 340.0], "scale": 4.718488, "joints": [[804.0, 711.0], ...],
      "joints_vis": [1, ...]}, ...]

A record is a person; points are in pixels from 1 (Matlab's), ``scale`` the person's height in 200 pixels, a joint with
``joints_vis`` 0 is not labelled. The files do not say which joints are hidden: all labelled ones count as visible. A
person's id is the number of its record from 1; a picture's is the number that its name is.
"""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from llavapose.errors import DataError, shown
from llavapose.files import inside, read_json
from llavapose.pose.skeleton import MPII16
from llavapose.records import Box, Keypoint, Person, Scene
from llavapose.rgb import opened_header
from llavapose.scenes.coco import DECIMALS, SceneSet
from llavapose.scenes.estimates import is_number

FIRST = 1.0
"""MPII's first pixel."""
HEIGHT_PX = 200.0
"""Pixels that ``scale`` counts in."""
DOWN, LARGER = 15.0, 1.25
"""The centre is moved down by 15 x scale, the scale made larger by 1.25: no limb is cut off (LocLLM's, HRNet's)."""


@dataclass(frozen=True, kw_only=True)
class MpiiPerson:
    """One record.

    Attributes:
        id: its number in the file, from 1.
        image: file's name.
        centre: of the square that shows this person, x and y in pixels from 0.
        side: of that square.
        joints: (x, y) in pixels from 0; None where it is not labelled.
    """

    id: int
    image: str
    centre: tuple[float, float]
    side: float
    joints: tuple[tuple[float, float] | None, ...]

    @property
    def image_id(self) -> int:
        """The number that the file's name is."""
        return int(self.image.partition(".")[0])


def read_people(path: Path) -> list[MpiiPerson]:
    """The records of a file.

    Raises:
        DataError: it is missing, or a record is not of the form; names the record.
    """
    values = read_json(path, what="MPII")
    if not isinstance(values, list) or not values:
        raise DataError(f"MPII: {path} is no list of people; expected HRNet's annot/valid.json")
    return [_person(number, value, f"MPII: {path}, record {number}") for number, value in enumerate(values, 1)]


def _person(number: int, value: Any, where: str) -> MpiiPerson:
    told: dict[str, Any] = value if isinstance(value, dict) else {}
    image, centre, scale = told.get("image"), told.get("center"), told.get("scale", 0)
    if not isinstance(image, str) or not image.partition(".")[0].isdecimal() or len(image) > 40:
        raise DataError(f"{where} has image {shown(image)}; expected a number with its ending: 005808361.jpg")
    if not _is_point(centre) or not is_number(scale) or scale <= 0:
        raise DataError(
            f"{where} has center {shown(centre)}, scale {shown(scale)}; expected x, y and a positive number"
        )
    (x, y), num = centre, len(MPII16.joints)
    joints, labelled = told.get("joints"), told.get("joints_vis")
    if not isinstance(joints, list) or len(joints) != num or not all(map(_is_point, joints)):
        raise DataError(f"{where} has joints {shown(joints)}; expected {num} x, y")
    if not isinstance(labelled, list) or len(labelled) != num or not all(one in (0, 1) for one in labelled):
        raise DataError(f"{where} has joints_vis {shown(labelled)}; expected {num} times 0 or 1")
    return MpiiPerson(
        id=number,
        image=image,
        centre=(x - FIRST, y - FIRST + DOWN * scale),
        side=scale * LARGER * HEIGHT_PX,
        joints=tuple((a - FIRST, b - FIRST) if told else None for (a, b), told in zip(joints, labelled, strict=True)),
    )


def _is_point(value: Any) -> TypeGuard[list[float]]:
    return isinstance(value, list) and [*map(is_number, value)] == [True] * 2


def read_mpii(*, images: Path, keypoints: Path, split: str = "train") -> SceneSet:
    """The scenes of a file; sizes are read from the pictures.

    Raises:
        DataError: a file or picture that is missing or broken.
    """
    people = defaultdict(list)
    for one in read_people(keypoints):
        people[one.image].append(one)
    if not images.is_dir():
        raise DataError(f"MPII images: no folder {images}; the size of its pictures stands nowhere else")
    scenes = [_scene(inside(images, name, where="MPII"), people[name], split) for name in people]
    return SceneSet(scenes=tuple(sorted(scenes, key=lambda scene: scene.id)), images=images)


def _scene(path: Path, people: list[MpiiPerson], split: str) -> Scene:
    with opened_header(path, where="MPII") as picture:
        width, height = picture.size
    return Scene(
        id=people[0].image_id, image=path.name, width=width, height=height, skeleton=MPII16.name, split=split,
        people=tuple(
            Person(id=one.id, box_xyxy=_box(one, width, height), keypoints=_keypoints(one, width, height))
            for one in people
        ),
    )  # fmt: skip


def _box(one: MpiiPerson, width: int, height: int) -> Box:
    (x, y), half = one.centre, one.side / 2
    return (_share(x - half, width), _share(y - half, height), _share(x + half, width), _share(y + half, height))


def _keypoints(one: MpiiPerson, width: int, height: int) -> tuple[Keypoint, ...]:
    return tuple(
        (0.0, 0.0, 0) if place is None else (_share(place[0], width), _share(place[1], height), 2)
        for place in one.joints
    )


def _share(value: float, side: int) -> float:
    return round(min(max(value / side, 0.0), 1.0), DECIMALS)
