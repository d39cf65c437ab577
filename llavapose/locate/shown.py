"""Held-out people as they are shown and asked about, and their answers as places in the picture."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
from tqdm import tqdm

from llavapose.files import inside
from llavapose.locate.replies import Spot
from llavapose.locate.results import Located
from llavapose.locate.samples import (
    KIND,
    Asking,
    about_person,
    about_picture,
    crop_name,
    people_in,
    spots_of,
    view_of,
    write_crop,
)
from llavapose.locate.views import View
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Question, Sample, Scene


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One person and what is shown of it.

    Attributes:
        scene: whose picture.
        index: into ``Scene.people``.
        view: what the model sees.
        image: path of that below the folder of pictures.
        box_score: of the box by which it is shown; 1 where people drew it.
        least_joint: joints of at most this confidence do not count in a person's score.
        annotation_id: of the person; None where a detector found it.
    """

    scene: Scene
    index: int
    view: View
    image: str
    box_score: float = 1.0
    least_joint: float = -1.0
    annotation_id: int | None = None

    @property
    def person_id(self) -> int:
        """Of the person, or of a detector's box."""
        return self.scene.people[self.index].id

    @property
    def spots(self) -> dict[str, Spot]:
        """Where its joints are in what is shown."""
        return spots_of(self.scene, self.index, self.view)

    def located(self, places: Sequence[tuple[float, float]], sure: Sequence[float]) -> Located:
        """Places in the view (0..1), one a joint of the skeleton, as COCO's result in the picture.

        A person's score is its box's times the mean confidence of its joints, as top-down estimators have it.
        """
        points = [(*self.view.outwards(x, y), one) for (x, y), one in zip(places, sure, strict=True)]
        counting = [one for one in sure if one > self.least_joint]
        score = self.box_score * float(np.mean(counting)) if counting else 0.0
        return Located(image_id=self.scene.id, keypoints=tuple(points), score=score, annotation_id=self.annotation_id)


def shown_people(
    scenes: Sequence[Scene], asking: Asking, *, labelled: bool = True, views: Mapping[int, View] | None = None
) -> list[Shown]:
    """Everyone who can be asked about.

    Args:
        scenes: with the people.
        asking: how they are shown.
        labelled: whether a joint must be labelled; a detector's people have none.
        views: person's id -> what is shown of it in place of the square about its box.
    """
    found = []
    for scene in scenes:
        for index in people_in(scene) if labelled else range(len(scene.people)):
            person = scene.people[index]
            view = (views or {}).get(person.id) if asking.view == "crop" else None
            image = crop_name(scene, person, 0) if asking.view == "crop" else scene.image
            shown = view or view_of(scene, index, asking)
            found.append(Shown(scene=scene, index=index, view=shown, image=image, annotation_id=person.id))
    return found


def in_square(one: Shown, asking: Asking) -> Shown:
    """The same person in the square about its box, whatever is shown of it."""
    if asking.view == "crop":
        return one
    return replace(one, view=view_of(one.scene, one.index, replace(asking, view="crop")))


def write_crops(people: Sequence[Shown], folder: Path, out: Path, size: int) -> None:
    """Cut out everyone whose crop is not there."""
    for one in tqdm(people, "cutting people out", unit="person", disable=None):
        picture = inside(folder, one.scene.image, where=f"scene {one.scene.id}")
        write_crop(out / one.image, picture, one.view, size)


@dataclass(frozen=True, kw_only=True)
class Query:
    """A question about joints.

    Attributes:
        question: its words and its picture.
        joints: those that its answer tells.
        everyone: whether it tells those of everyone in the picture.
    """

    question: Question
    joints: tuple[str, ...]
    everyone: bool = False


def queries_of(one: Shown, asking: Asking, *, image: str | None = None) -> list[Query]:
    """What a person is asked about, as in training; ``image``: another picture shown in place of its own."""
    joints = skeleton_named(one.scene.skeleton).joints
    return [
        Query(
            question=_question(sample, one.scene, image or one.image),
            joints=joints if asking.asking == "json" else (str(sample.provenance["joint"]),),
        )
        for sample in about_person(one.scene, one.index, one.view, asking)
    ]


def picture_query(scene: Scene, asking: Asking, *, image: str | None = None) -> Query:
    """The question for everyone in a picture."""
    question = _question(about_picture(scene, asking), scene, image or scene.image)
    return Query(question=question, joints=skeleton_named(scene.skeleton).joints, everyone=True)


def _question(sample: Sample, scene: Scene, image: str) -> Question:
    return Question(id=sample.id, scene_id=scene.id, image=image, kind=KIND, text=sample.turns[0].text)


def shuffled(images: Sequence[str], seed: int = 0) -> list[str]:
    """Another picture for each, one cycle over all of them: its own only where there is no other."""
    order = sorted(set(images))
    Random(seed).shuffle(order)
    other = dict(zip(order, [*order[1:], *order[:1]], strict=True))
    return [other[image] for image in images]


def mean_pose(people: Sequence[Shown]) -> list[tuple[float, float]]:
    """Where each joint is on average in what is shown of people; the middle where none is labelled."""
    skeleton = skeleton_named(people[0].scene.skeleton)
    found = []
    for name in skeleton.joints:
        places = [place for one in people if (place := one.spots[name].place) is not None]
        x, y = np.mean(places, axis=0) if places else (0.5, 0.5)
        found.append((float(x), float(y)))
    return found
