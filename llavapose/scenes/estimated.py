"""A folder of photos and what a pose estimator found in them -> scenes, as if somebody had labelled them.

A joint whose score reaches the threshold is labelled and visible, any other is not labelled. A person's box is the
estimator's, or else what its labelled joints cover.
"""

import re
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

from PIL import ExifTags

from llavapose.config.scenes import EstimatedConfig
from llavapose.errors import DataError, shown
from llavapose.files import inside, read_json
from llavapose.records import Box, Keypoint, Person, Scene
from llavapose.rgb import opened_header
from llavapose.scenes.coco import DECIMALS, SceneSet
from llavapose.scenes.estimates import Estimate, number_of, read_estimates

PICTURES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff"})
QUARTER_TURNS = frozenset({5, 6, 7, 8})
"""EXIF's orientations by which a viewer swaps width and height."""


def read_estimated(
    *, images: Path, results: Path, listed: Path | None, config: EstimatedConfig, split: str = "train"
) -> SceneSet:
    """Scenes of the pictures that somebody was found in.

    Args:
        images: folder of the photos.
        results: COCO's results format.
        listed: JSON with COCO's ``images`` or ``{id: name}``; None: by the number at the end of a file's name.
        config: what counts of the results.
        split: name kept with every scene.

    Raises:
        DataError: a file that is missing or not of its form, a picture that is not there, cannot be opened, or has
            another size than the list says.
    """
    if not images.is_dir():
        raise DataError(f"scenes: no folder of pictures {images}; check scenes.{split}.images")
    seen: Counter[str] = Counter()
    people = _by_image(results, config, seen)
    sizes: dict[int, tuple[int, int]] = {}
    names = _by_name(images) if listed is None else _by_list(listed, sizes)
    if lacking := sorted(people.keys() - names.keys()):
        where = f"a file in {images} whose name ends in it" if listed is None else f"in {listed}"
        raise DataError(
            f"scenes: {results} has people of image {lacking[0]} (and {len(lacking) - 1} more), which is not {where}; "
            f"give scenes.{split}.listed, or the folder that the estimator saw"
        )
    scenes = tuple(
        _scene(number, inside(images, names[number], where=f"scenes: image {number}"), people[number], config, seen)
        for number in sorted(people)
    )
    scenes = tuple(replace(scene, image=names[scene.id], split=split) for scene in scenes)
    _check_sizes(scenes, sizes, listed)
    notes = [f"{number} {what}" for what, number in seen.items()]
    unnamed = len(names) - len(scenes)
    return SceneSet(
        scenes=scenes,
        images=images,
        notes=(*notes, *([f"{unnamed} pictures without a person left out"] * (unnamed > 0))),
    )


def _by_image(results: Path, config: EstimatedConfig, seen: Counter[str]) -> dict[int, list[tuple[int, Estimate]]]:
    """Image id -> its people, each with the number of its record from 1."""
    people: dict[int, list[tuple[int, Estimate]]] = defaultdict(list)
    for number, one in enumerate(read_estimates(results), 1):
        if one.score < config.person_score:
            seen[f"people below scenes.estimated.person_score={config.person_score} left out"] += 1
        else:
            people[one.image_id].append((number, one))
    return people


def number_of_name(path: Path) -> int | None:
    """The number that a picture's name ends in, ``COCO_val2014_000000000042.jpg``: 42; None where there is none."""
    digits = re.search(r"\d{1,18}\Z", path.stem)
    return None if digits is None else int(digits[0])


def _by_name(images: Path) -> dict[int, str]:
    """Image id -> file, by the number that its name ends in."""
    found: dict[int, str] = {}
    for path in sorted(images.rglob("*")):
        number = number_of_name(path)
        if path.suffix.lower() not in PICTURES or number is None:
            continue
        name = path.relative_to(images).as_posix()
        if found.setdefault(number, name) != name:
            raise DataError(
                f"scenes: {found[number]} and {name} in {images} both end in {number}; say which is which by `listed`"
            )
    return found


def _by_list(path: Path, sizes: dict[int, tuple[int, int]]) -> dict[int, str]:
    """Image id -> file of a list; ``sizes`` takes those that it tells."""
    value = read_json(path, what="list of pictures")
    records = value.get("images") if isinstance(value, dict) else None
    if isinstance(records, list):
        found: dict[int, str] = {}
        for at, one in enumerate(records):
            where = f"list of pictures: {path}: images[{at}]"
            if not isinstance(one, dict):
                raise DataError(f"{where} is {shown(one)}; expected an object")
            number = number_of(one, "id", where)
            if found.setdefault(number, one.get("file_name", "")) != one.get("file_name", ""):
                raise DataError(f"{where} has id {number}, which another file has; ids must differ")
            if "width" in one and "height" in one:
                sizes[number] = (number_of(one, "width", where), number_of(one, "height", where))
        return found
    if isinstance(value, dict) and value and all(_is_pair(key, name) for key, name in value.items()):
        return {int(key): name for key, name in value.items()}
    raise DataError(
        f'list of pictures: {path} is neither COCO\'s (`images`) nor {{"42": "a.jpg"}}; expected one of both'
    )


def _is_pair(key: Any, name: Any) -> bool:
    return re.fullmatch(r"\d{1,18}", key) is not None and isinstance(name, str)


def _scene(
    number: int, path: Path, people: list[tuple[int, Estimate]], config: EstimatedConfig, seen: Counter[str]
) -> Scene:
    with opened_header(path, where=f"scenes: image {number}") as picture:
        width, height = picture.size
        if picture.getexif().get(ExifTags.Base.Orientation) in QUARTER_TURNS:
            seen["pictures that EXIF asks to turn: joints must be in pixels as the file stores them"] += 1
    found = [_person(at, one, (width, height), config, seen) for at, one in people]
    kept = tuple(person for person in found if person is not None)
    return Scene(id=number, image=path.name, width=width, height=height, people=kept)


def _person(
    number: int, one: Estimate, size: tuple[int, int], config: EstimatedConfig, seen: Counter[str]
) -> Person | None:
    joints: list[Keypoint] = []
    for x, y, score in one.keypoints:
        inside_it = 0 <= x <= size[0] and 0 <= y <= size[1]
        if score >= config.joint_score and not inside_it:
            seen["joints outside their picture, not labelled"] += 1
        sure = score >= config.joint_score and inside_it
        joints.append((_share(x, size[0]), _share(y, size[1]), 2) if sure else (0.0, 0.0, 0))
    labelled = [joint for joint in joints if joint[2]]
    if not labelled:
        seen[f"people without a joint of scenes.estimated.joint_score={config.joint_score} left out"] += 1
        return None
    box = _told_box(one, size) or (
        min(x for x, _, _ in labelled), min(y for _, y, _ in labelled),
        max(x for x, _, _ in labelled), max(y for _, y, _ in labelled),
    )  # fmt: skip
    return Person(id=number, box_xyxy=box, keypoints=tuple(joints))


def _told_box(one: Estimate, size: tuple[int, int]) -> Box | None:
    """The estimator's box, where it told one of some area inside the picture."""
    if one.box is None:
        return None
    x, y, width, height = one.box
    box = (_share(x, size[0]), _share(y, size[1]), _share(x + width, size[0]), _share(y + height, size[1]))
    return box if box[0] < box[2] and box[1] < box[3] else None


def _share(value: float, side: int) -> float:
    return round(min(max(value / side, 0.0), 1.0), DECIMALS)


def _check_sizes(scenes: tuple[Scene, ...], sizes: dict[int, tuple[int, int]], listed: Path | None) -> None:
    for scene in scenes:
        told = sizes.get(scene.id, (scene.width, scene.height))
        if told != (scene.width, scene.height):
            raise DataError(
                f"scenes: {listed} says that image {scene.id} has {told[0]} x {told[1]} pixels, {scene.image} has "
                f"{scene.width} x {scene.height}; joints must be in pixels of the file as it is stored (without EXIF's "
                "turn): run the estimator on these files"
            )
