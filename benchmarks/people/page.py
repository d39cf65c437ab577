"""A page on which stated facts are marked by looking: people with numbered boxes and skeletons, a key a verdict.

One file without anything from elsewhere: pictures lie in it, marks are kept by the browser and downloaded as JSON lines
that ``marks`` reads.
"""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from benchmarks.people.marks import REFERENCE, stated
from llavapose.errors import DataError
from llavapose.files import fingerprint, inside
from llavapose.pose.language import state
from llavapose.pose.people import references
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Fact, Scene
from llavapose.report.markup import data_uri
from llavapose.rgb import open_image

PICTURE_PX = 1000
"""Longer side of a picture on the page."""


def made_page(scenes: Sequence[Scene], images: Path, *, name: str, most: int | None = None, seed: int = 0) -> str:
    """The page's HTML.

    Args:
        scenes: annotated pictures; those without a stated fact are left out.
        images: their folder.
        name: of the file that they are from; shown, and part of what marks are kept under.
        most: how many people, drawn by lot; None takes all. What is stated of whole pictures comes along with theirs.
        seed: of the lot.

    Raises:
        DataError: nobody has a stated fact, or a picture is missing or broken.
    """
    everyone = _drawn([one for scene in scenes for one in _people(scene)], most, seed)
    if not everyone:
        raise DataError(f"people: {name} has nobody of whom a fact is stated; nothing to mark")
    wanted = {one["image"] for one in everyone}
    pictures = [_picture(scene, images) for scene in scenes if scene.id in wanted]
    content: dict[str, Any] = {"name": name, "pictures": pictures, "people": everyone}
    content["key"] = "llavapose-facts-" + fingerprint([name, everyone])
    page = Path(__file__).with_name("page.html").read_text(encoding="utf-8")
    # Inside a script nothing but "<" could end it; within JSON it is written as an escape.
    return Template(page).substitute(content=json.dumps(content).replace("<", "\\u003c"))


def _drawn(entries: list[dict[str, Any]], most: int | None, seed: int) -> list[dict[str, Any]]:
    """``most`` people by lot, and the entries of their whole pictures."""
    people = [one for one in entries if one["number"] is not None]
    if most is None or most >= len(people):
        return entries
    chosen = {(one["image"], one["number"]) for one in random.Random(seed).sample(people, most)}
    images = {image for image, _ in chosen}
    chosen |= {(image, None) for image in images}
    return [one for one in entries if (one["image"], one["number"]) in chosen]


def _picture(scene: Scene, images: Path) -> dict[str, Any]:
    picture = open_image(inside(images, scene.image, where=f"people: image {scene.id}"), where="people")
    picture.thumbnail((PICTURE_PX, PICTURE_PX))
    skeleton = skeleton_named(scene.skeleton)
    sides = [joint.split(" ")[0] if joint.split(" ")[0] in ("left", "right") else "" for joint in skeleton.joints]
    return {
        "id": scene.id, "name": scene.image, "width": scene.width, "height": scene.height, "src": data_uri(picture),
        "limbs": [list(limb) for limb in skeleton.limbs], "sides": sides,
        "boxes": [_px(person.box_xyxy, scene) for person in scene.people],
    }  # fmt: skip


def _px(box: Sequence[float], scene: Scene) -> list[float]:
    return [round(value * (scene.height if i % 2 else scene.width), 1) for i, value in enumerate(box)]


def _people(scene: Scene) -> list[dict[str, Any]]:
    """Everyone of whom a fact is stated, then the whole picture with what is stated of all."""
    by_person: dict[int | None, list[dict[str, Any]]] = {}
    for fact, (_, person, kind, part, target) in stated(scene):
        if fact.sure:
            row: Mapping[str, Any] = {"kind": kind, "part": part, "target": target, "value": fact.value}
            by_person.setdefault(fact.person, []).append({**row, "person": person, "text": _text(fact, scene)})
    order = sorted(by_person, key=lambda index: len(scene.people) if index is None else index)
    return [
        {
            "image": scene.id,
            "number": None if index is None else index + 1,
            "box": None if index is None else _px(scene.people[index].box_xyxy, scene),
            "joints": [] if index is None else [
                [round(x * scene.width, 1), round(y * scene.height, 1), seen]
                for x, y, seen in scene.people[index].keypoints
            ],
            "facts": by_person[index],
        }
        for index in order
    ]  # fmt: skip


def _text(fact: Fact, scene: Scene) -> str:
    """The fact in words; boxes are told by their number, from 1, where somebody has no name or is one of a pair."""
    names = [name or f"the person in box {number}" for number, name in enumerate(references(scene), 1)]
    if fact.kind == REFERENCE:
        return f"This is {fact.value}."
    if fact.target is not None and fact.kind != "contact":
        names = [
            name if "box" in name else f"{name} (box {number})"  # no name by place or size has the word
            for number, name in enumerate(names, 1)
        ]
    return state(fact, scene, names=names)
