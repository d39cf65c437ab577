"""Annotated and located skeletons side by side, the worst first: ``located/<arm>/<number>.jpg``."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from llavapose.errors import DataError
from llavapose.evaluation.locating.people import Asked
from llavapose.files import atomic_write, inside
from llavapose.locate.shown import Shown
from llavapose.locate.views import around
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Person
from llavapose.rgb import open_image
from llavapose.scenes.draw import draw_skeleton

log = logging.getLogger(__name__)

NUM_WORST, NUM_REST = 12, 12
"""The worst, then others evenly down to the best."""
SIDE, GAP, MARGIN = 200, 4, 1.25
"""Pixels of one of the two pictures, between them, and the factor on the box's side that is shown."""


def chosen_people(people: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of people in order, worst first: the worst, and others at equal steps to the best."""
    worst, rest = list(people[:NUM_WORST]), list(people[NUM_WORST:])
    num = min(NUM_REST, len(rest))
    return [*worst, *(rest[(step + 1) * len(rest) // num - 1] for step in range(num))]


def draw_people(folder: Path, asked: Asked, scenes: Path, people: Sequence[Mapping[str, Any]]) -> None:
    """Draw the chosen ones anew; a picture that is missing is named and left out.

    Args:
        folder: gets ``00.jpg``, ``01.jpg``, ..., in the order of ``chosen_people``.
        asked: who was asked about.
        scenes: folder of the whole pictures.
        people: of ``<arm>.people.json``.
    """
    shutil.rmtree(folder, ignore_errors=True)
    known = {(one.scene.id, one.scene.people[one.index].id): one for one in asked.people}
    problems = []
    for number, told in enumerate(chosen_people(people)):
        try:
            drawn = _side_by_side(known[told["scene_id"], told["person_id"]], scenes, told["keypoints"])
        except DataError as error:
            problems.append(str(error))
            continue
        with atomic_write(folder / f"{number:02}.jpg", "wb") as stream:
            drawn.save(stream, "JPEG", quality=85, optimize=True)
    if problems:
        log.warning("page: %d people are not drawn, such as: %s", len(problems), problems[0])


def _side_by_side(one: Shown, scenes: Path, located: Sequence[Sequence[float]] | None) -> Image.Image:
    scene, person = one.scene, one.scene.people[one.index]
    skeleton, view = skeleton_named(scene.skeleton), around(person.box_xyxy, scene.width, scene.height, margin=MARGIN)
    path = inside(scenes, scene.image, where=f"scene {scene.id}")
    plain = view.cut(open_image(path, where=f"scene {scene.id}"), SIDE)
    labelled = [visibility > 0 for _, _, visibility in person.keypoints]
    true = [(*view.inwards(x * scene.width, y * scene.height), v) for x, y, v in person.keypoints]
    # What was not annotated has no place to be compared with.
    points = located or [(0.0, 0.0, 0.0)] * len(labelled)
    there = [known and located is not None for known in labelled]
    told = [(*view.inwards(x, y), 2 if shown else 0) for (x, y, _), shown in zip(points, there, strict=True)]
    both = Image.new("RGB", (2 * SIDE + GAP, SIDE), "white")
    for number, points in enumerate((true, told)):
        picture = plain.copy()
        drawn = Person(id=person.id, box_xyxy=person.box_xyxy, keypoints=tuple(points))
        draw_skeleton(ImageDraw.Draw(picture), picture.size, drawn, skeleton)
        both.paste(picture, (number * (SIDE + GAP), 0))
    return both
