"""Annotated people -> samples of kind "locate" and their pictures; no teacher is asked.

    view=crop      one person cut out, a square about the box: 17 questions of one picture, or one for all joints
    view=picture   the whole picture, seen as the square that it is padded to: 17 questions of each person, who is told
                   by its box, or one for everyone in it

Version 0 of a person is as the box says; versions 1, 2, ... are varied by a seed: one for each epoch of training.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random

from llavapose.locate.codings import CODINGS, Coding
from llavapose.locate.joints import question
from llavapose.locate.replies import Pointed, Spot, spot_of, write_people, write_spot, write_spots
from llavapose.locate.views import View, around, varied
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Box, Person, Sample, Scene, Turn

KIND = "locate"
ALL_JOINTS = "Where are the joints of this person? Give the coordinates of each as JSON."
ALL_PEOPLE = "Where is everyone in the picture? Give the box of each person and the coordinates of the joints as JSON."
ALL, EVERYONE = "all", "everyone"
"""In ids: one answer for all joints, and for all people."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How people are shown and asked about.

    Attributes:
        view: "crop" or "picture".
        asking: "each" joint by a question of its own, or "json": all in one answer.
        coding: a key of ``CODINGS``.
        margin: factor on the side of a crop.
        size: pixels of a crop's side.
        described: whether a question says what the joint is and where a body has it.
    """

    view: str = "crop"
    asking: str = "each"
    coding: str = "decimal"
    margin: float = 1.0
    size: int = 224
    described: bool = True

    @property
    def of_everyone(self) -> bool:
        """Whether one answer tells all people of a picture."""
        return self.view == "picture" and self.asking == "json"

    @property
    def writes(self) -> Coding:
        """The coding itself."""
        return CODINGS[self.coding]


def people_in(scene: Scene) -> list[int]:
    """Indices of the people that can be asked about: with a box of some area and one labelled joint at least."""
    return [
        index
        for index, person in enumerate(scene.people)
        if area(person.box_xyxy) > 0 and any(visibility > 0 for _, _, visibility in person.keypoints)
    ]


def view_of(scene: Scene, index: int, asking: Asking, *, version: int = 0, seed: int = 0) -> View:
    """What the model sees of a person: its crop, or the square that the whole picture is padded to."""
    if asking.view == "picture":
        return View(centre=(scene.width / 2, scene.height / 2), side=float(max(scene.width, scene.height)))
    view = around(scene.people[index].box_xyxy, scene.width, scene.height, margin=asking.margin)
    return varied(view, Random(f"{seed}/{scene.id}/{scene.people[index].id}/{version}")) if version else view


def spots_of(scene: Scene, index: int, view: View) -> dict[str, Spot]:
    """Each joint of a person in a view; in a mirrored one left and right trade places."""
    skeleton, person = skeleton_named(scene.skeleton), scene.people[index]
    names = list(skeleton.joints)
    if view.mirrored:
        for left, right in skeleton.pairs:
            names[left], names[right] = names[right], names[left]
    placed = {
        name: spot_of(*view.inwards(x * scene.width, y * scene.height), visibility)
        for name, (x, y, visibility) in zip(names, person.keypoints, strict=True)
    }
    return {name: placed[name] for name in skeleton.joints}


def crop_name(scene: Scene, person: Person, version: int) -> str:
    """Path of a crop below its folder; a thousand pictures share one. The picture's id stands last, as in COCO's."""
    return f"{scene.id // 1000:06}/{person.id}-{version}_{scene.id:012}.jpg"


def about_person(
    scene: Scene, index: int, view: View, asking: Asking, *, version: int = 0, joints: Sequence[str] | None = None
) -> list[Sample]:
    """The samples of one person.

    Args:
        scene: whose person.
        index: into ``Scene.people``.
        view: what is shown.
        asking: how it is asked.
        version: of the view.
        joints: those that are asked for; None: all.
    """
    person, spots = scene.people[index], spots_of(scene, index, view)
    image = crop_name(scene, person, version) if asking.view == "crop" else scene.image
    lead = box_sentence(person.box_xyxy, scene, view, asking.writes) if asking.view == "picture" else ""
    chosen = {name: spot for name, spot in spots.items() if joints is None or name in joints}
    if asking.asking == "json":
        turns = [(ALL, ALL_JOINTS, write_spots(chosen, asking.writes))]
    else:
        turns = [
            (name, f"{lead}{question(name, described=asking.described)}", write_spot(spot, asking.writes))
            for name, spot in chosen.items()
        ]
    return [
        _sample(scene, f"{person.id}-{version}", image, turn, asking, person=person.id, version=version)
        for turn in turns
    ]


def about_picture(scene: Scene, asking: Asking, *, left_out: Collection[str] = ()) -> Sample:
    """The sample of a whole picture: everyone in it, from its left to its right, in one answer without some joints."""
    people = sorted(people_in(scene), key=lambda index: scene.people[index].box_xyxy[0])
    told = []
    for index in people:
        view = view_of(scene, index, asking)
        x1, y1, x2, y2 = scene.people[index].box_xyxy
        first, last = (view.inwards(x * scene.width, y * scene.height) for x, y in ((x1, y1), (x2, y2)))
        spots = {name: spot for name, spot in spots_of(scene, index, view).items() if name not in left_out}
        told.append(Pointed(corners=(first, last), spots=spots))
    return _sample(scene, EVERYONE, scene.image, (ALL, ALL_PEOPLE, write_people(told, asking.writes)), asking)


def _sample(
    scene: Scene, who: str, image: str, turn: tuple[str, str, str], asking: Asking, **told: int
) -> Sample:  # fmt: skip
    name, asked, answer = turn
    return Sample(
        id=f"{scene.id}-{who}-{name.replace(' ', '_')}",
        images=(image,),
        kind=KIND,
        turns=(Turn(role="user", text=asked), Turn(role="assistant", text=answer)),
        provenance={"scene": scene.id, "view": asking.view, "coding": asking.coding, "joint": name, **told},
    )


def box_sentence(box: Box, scene: Scene, view: View, coding: Coding) -> str:
    """Which person is meant, where several are seen."""
    first, last = corners(box, scene, view, coding)
    return f"The person fills the box from {first} to {last}. "


def corners(box: Box, scene: Scene, view: View, coding: Coding) -> tuple[str, str]:
    """The upper left and the lower right corner of a box as points of a view."""
    x1, y1, x2, y2 = box
    return (
        coding.write(*view.inwards(x1 * scene.width, y1 * scene.height)),
        coding.write(*view.inwards(x2 * scene.width, y2 * scene.height)),
    )


def cut_crop(picture: Path, view: View, size: int) -> bytes:
    """A person's crop as JPEG; annotations count pixels as the file stores them, so EXIF's rotation is left alone."""
    from io import BytesIO

    from llavapose.rgb import open_image

    stream = BytesIO()
    view.cut(open_image(picture, where="locate"), size).save(stream, "JPEG", quality=95)
    return stream.getvalue()


def write_crop(path: Path, picture: Path, view: View, size: int) -> None:
    """Cut a crop out unless it is there; whole or not at all, also where two runs cut the same."""
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.write_bytes(cut_crop(picture, view, size))
    part.rename(path)


def versions_of(scene: Scene, index: int, asking: Asking, *, num: int, seed: int) -> Iterator[tuple[int, View]]:
    """The views that training has of one person: the plain one, or ``num`` varied ones."""
    for version in range(1, num + 1) if num else (0,):
        yield version, view_of(scene, index, asking, version=version, seed=seed)


def area(box: Box) -> float:
    """Of a box, in the square of its unit."""
    return (box[2] - box[0]) * (box[3] - box[1])
