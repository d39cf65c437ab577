"""Replies -> located people, and what was read of the replies and what was not."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llavapose.errors import DataError, ReplyError
from llavapose.locate.answers.about import About, Body
from llavapose.locate.answers.forms import FORMS
from llavapose.locate.answers.lines import Line
from llavapose.locate.codings import CODINGS, Coding
from llavapose.locate.results import Located
from llavapose.locate.samples import people_in
from llavapose.locate.views import View
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Scene

Key = tuple[int, int | None, int]
"""A person: its picture, its annotation, and its number in a reply about everybody."""
Question = tuple[int | None, str | None]
"""Annotation's id and joint; None: everybody, all joints."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What became of the replies.

    Attributes:
        replies: about these pictures.
        unread: of those, why -> how many.
        elsewhere: replies about other pictures.
        joints: told, a place or "not visible".
        unread_joints: named or asked for, and not said in the form; of an unread reply all that were asked for.
        strange: names of no joint.
        nowhere: people without a single place, who are not in the results.
    """

    replies: int = 0
    unread: Counter[str] = field(default_factory=Counter)
    elsewhere: int = 0
    joints: int = 0
    unread_joints: int = 0
    strange: int = 0
    nowhere: int = 0

    @property
    def parsed(self) -> float | None:
        """The share of joints that could be read; None where there was none."""
        num = self.joints + self.unread_joints
        return self.joints / num if num else None

    def told(self) -> str:
        """All of it in one line."""
        reasons = ", ".join(f"{number} {why}" for why, number in self.unread.most_common(5))
        more = {
            "joints read": self.joints, "unread": self.unread_joints, "names of no joint": self.strange,
            "people without a place": self.nowhere, "replies about other pictures": self.elsewhere,
        }  # fmt: skip
        parts = [f"{number:,} {what}" for what, number in more.items() if number or what == "joints read"]
        unread = f", {self.unread.total():,} of them unread ({reasons})" if self.unread else ""
        return f"{self.replies:,} replies{unread}; {', '.join(parts)}"


@dataclass(frozen=True, kw_only=True)
class Collected:
    """The people of one model's replies."""

    people: list[Located]
    counts: Counts


def collect(
    lines: Sequence[Line],
    scenes: Sequence[Scene],
    form: str,
    *,
    views: Mapping[int, View] | None = None,
    coding: Coding = CODINGS["decimal"],
) -> dict[str, Collected]:
    """Model -> the people whom it located.

    Args:
        lines: replies.
        scenes: the pictures that they are about.
        form: a key of ``FORMS``.
        views: annotation's id -> what the model was shown of that person (this project's own form).
        coding: of those.

    Raises:
        DataError: a person that a picture has not, or a question that is answered twice.
    """
    models = dict.fromkeys(line.model for line in lines)
    known = {scene.id: scene for scene in scenes}
    return {
        model: _collect([line for line in lines if line.model == model], known, form, views or {}, coding)
        for model in models
    }


def _collect(
    lines: Sequence[Line], scenes: Mapping[int, Scene], form: str, views: Mapping[int, View], coding: Coding
) -> Collected:
    number: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    answered: dict[int, set[Question]] = defaultdict(set)
    people: dict[Key, Body] = {}
    for line in lines:
        scene = scenes.get(line.image_id)
        if scene is None:
            number["elsewhere"] += 1
            continue
        _check(line, scene, answered)
        names = skeleton_named(scene.skeleton).joints
        about = About(
            names=names, width=scene.width, height=scene.height, joint=line.joint, seen=line.size,
            view=views.get(line.annotation_id) if line.annotation_id is not None else None, coding=coding,
        )  # fmt: skip
        number["replies"] += 1
        try:
            bodies = _one_if_asked(FORMS[form](line.reply, about), line)
        except ReplyError as error:
            reasons[str(error)] += 1
            number["unread_joints"] += 1 if line.joint else _most_joints(line, scene)
            continue
        read, unread = sum(len(body.places) for body in bodies), sum(body.unread for body in bodies)
        share = min(1.0, _most_joints(line, scene) / max(read + unread, 1))
        number.update(joints=round(read * share), unread_joints=round(unread * share))
        for at, body in enumerate(bodies):
            number.update(strange=body.strange)
            single = line.annotation_id is not None or line.joint is not None
            _add(people, (line.image_id, line.annotation_id, 0 if single else at), body)
    placed = {key: body for key, body in people.items() if any(body.places.values())}
    counts = Counts(unread=reasons, nowhere=len(people) - len(placed), **number)
    located = [_located(key, body, scenes[key[0]]) for key, body in placed.items()]
    return Collected(people=located, counts=counts)


def _most_joints(line: Line, scene: Scene) -> int:
    """As many joints as a reply counts for, however many people it tells: those of whom it is about."""
    people = 1 if line.annotation_id is not None or line.joint is not None else max(1, len(people_in(scene)))
    return people * len(skeleton_named(scene.skeleton).joints)


def _check(line: Line, scene: Scene, answered: dict[int, set[Question]]) -> None:
    if line.annotation_id is not None and line.annotation_id not in {person.id for person in scene.people}:
        raise DataError(
            f"{line.where}: image {scene.id} has no person {line.annotation_id}; expected an id of its annotations"
        )
    question, here = (line.annotation_id, line.joint), answered[line.image_id]
    same = f"image {line.image_id}, annotation {line.annotation_id}, joint {line.joint}"
    if question in here:
        raise DataError(
            f"{line.where}: a second reply of {line.model} to the same question ({same}); keep one, or give them a "
            "`model` each"
        )
    if any(_is_within(question, one) or _is_within(one, question) for one in here):
        raise DataError(
            f"{line.where}: another reply of {line.model} tells of the same joints, asked of the person or of the "
            f"picture ({same}); keep one way of asking, or give them a `model` each"
        )
    here.add(question)


def _is_within(one: Question, other: Question) -> bool:
    """Whether a question is about a part of what another one of the same picture is about."""
    return one != other and other[1] is None and other[0] in (None, one[0])


def _one_if_asked(bodies: list[Body], line: Line) -> list[Body]:
    """The people of a reply; one at most where it is about one.

    Raises:
        ReplyError: it tells several.
    """
    num = sum(bool(body.places) for body in bodies)
    if line.annotation_id is not None and num > 1:
        raise ReplyError(f"{num} people for one")
    return bodies


def _add(people: dict[Key, Body], key: Key, body: Body) -> None:
    before = people.get(key)
    places = body.places if before is None else {**before.places, **body.places}
    people[key] = Body(places=places, box=body.box or (before.box if before else None))


def _located(key: Key, body: Body, scene: Scene) -> Located:
    """Models tell no confidence: 1 for a joint that has a place; a person's is the mean, its share of joints."""
    points = []
    for name in skeleton_named(scene.skeleton).joints:
        place = body.places.get(name)
        points.append((0.0, 0.0, 0.0) if place is None else (place[0], place[1], 1.0))
    return Located(
        image_id=key[0], keypoints=tuple(points), score=sum(sure for _, _, sure in points) / len(points), box=body.box,
        annotation_id=key[1],
    )  # fmt: skip
