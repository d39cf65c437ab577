"""The nouns that travel between the stages: frozen values, standard library only.

Frames: every box is ``box_xyxy`` and every point ``x, y`` in 0..1 of the picture, from its top left corner.
Left and right are the person's own; where the picture's are meant, the name says ``image_left`` / ``image_right``.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import PurePosixPath
from typing import Any

ALL = "all"
"""The tables' column over all kinds, and the probe's group over all facts."""

BASELINE = "baseline"
"""The tables' row that the others are compared with: the base before fine-tuning."""

POSE = "pose"
"""The offline judge, whose table stands first and whose results need no judge's name."""

PEOPLE = "people"
"""The judge whose ratings are people's: the mean of all raters of an answer."""

PRIOR = "prior"
"""The tables' row of the best answer that needs no picture: what every arm must beat."""

TEXT_ONLY = "text_only"
"""The tables' row of the teacher's answers from the ground truth's text: what an answer can be worth."""

CONTROL_ARMS = (TEXT_ONLY, PRIOR)
"""The rows between which every arm stands, in the tables' order: what there is to be told, and what can be said without
looking. They are no model's and are made beside whichever arm is evaluated."""

_ROW = re.compile(r"^(?P<arm>[^(]*?)(?: \(base=(?P<base>[^,()]+)(?:,(?P<rest>.*))?\))?$", re.S)
"""A row of tables with arms of several bases: "full (base=qwen3_vl_8b)", "full (base=tiny,optim.lr=0.001)"."""


def with_base(row: str, base: str) -> str:
    """A row's name where arms of several bases share a table; the row itself where ``base`` is ""."""
    arm, _, rest = row.partition(" (")
    return f"{arm} (base={base}{f',{rest[:-1]}' if rest else ''})" if base else row


def base_of(row: str) -> str:
    """The base that a row's name tells; "" where all arms have the same."""
    found = _ROW.match(row)
    return (found["base"] or "") if found else ""


def without_base(row: str) -> str:
    """A row's name without its base."""
    found = _ROW.match(row)
    if not found or not found["base"]:
        return row
    return f"{found['arm']} ({found['rest']})" if found["rest"] else found["arm"]


def peer(row: str, name: str) -> str:
    """The row of this name, such as the baseline or a control, that has the same base as ``row``."""
    return with_base(name, base_of(row))


def named_bases(models: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Base -> what tables call it: its settings' name, else its folder's or the hub's, else the whole.

    Args:
        models: ``model.name`` and ``model.base`` of every run.

    Returns:
        names that tell the bases apart, of letters, digits and ``_ . + -``.
    """
    bases = list(dict.fromkeys(base for _, base in models))
    ways = (
        {base: {name for name, of in models if of == base} for base in bases},
        {base: {PurePosixPath(base).name} for base in bases},
        {base: {base} for base in bases},
    )
    for way in ways:
        names = [re.sub(r"[^\w.+-]", "_", name) for found in way.values() for name in found]
        if all(names) and len(set(names)) == len(names) == len(bases):
            return dict(zip(bases, names, strict=True))
    return {base: f"base_{number}" for number, base in enumerate(bases, start=1)}


Box = tuple[float, float, float, float]
Keypoint = tuple[float, float, int]


@dataclass(frozen=True, kw_only=True)
class Person:
    """One annotated person.

    Attributes:
        id: COCO annotation id.
        box_xyxy: x1, y1, x2, y2 in 0..1.
        keypoints: one (x, y, visibility) a joint of the scene's skeleton; visibility 0 not labelled (x = y = 0),
            1 labelled but hidden, 2 visible. Empty where the annotation has none.
    """

    id: int
    box_xyxy: Box
    keypoints: tuple[Keypoint, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Thing:
    """One annotated object that is not a person: ``category`` is COCO's name, ``box_xyxy`` in 0..1."""

    id: int
    category: str
    box_xyxy: Box


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One picture of a scene over time.

    Attributes:
        image: path of the picture relative to the image folder, with forward slashes.
        time_s: seconds since the scene's first frame.
        people: place i is the scene's ``people[i]``, with the same ``id`` in every frame; None where they are not seen
            or not labelled in it.
    """

    image: str
    time_s: float
    people: tuple[Person | None, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Scene:
    """One picture with everything that COCO says about it, or a short time with its frames.

    Attributes:
        id: COCO image id.
        image: path of the picture relative to the image folder, with forward slashes.
        width, height: pixels.
        captions: COCO's captions, in file order.
        people: in annotation order; crowds are not people (``num_crowds`` counts them).
        things: annotated objects other than people.
        skeleton: name of the skeleton that ``Person.keypoints`` follow.
        split: "train", "val", or whatever the reader was told.
        frames: pictures in order of time, its own among them: ``image`` and ``people`` are those of the middle one
            (``frames.middle``), so that all that is said of a picture holds of it. None: a picture that stands alone.
        video: what the frames were taken from; scenes of one video lie on one side of a split. "": a picture.
    """

    id: int
    image: str
    width: int
    height: int
    captions: tuple[str, ...] = ()
    people: tuple[Person, ...] = ()
    things: tuple[Thing, ...] = ()
    num_crowds: int = 0
    skeleton: str = "coco17"
    split: str = "train"
    frames: tuple[Frame, ...] = ()
    video: str = ""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """What the keypoints say about one thing.

    Attributes:
        kind: a key of ``llavapose.pose.vocabulary.VALUES`` ("elbow", "arm_height", "facing", "count", ...), or of
            ``llavapose.pose.motion.vocabulary.VALUES`` ("hand_motion", "turn", ...) where a scene has frames.
        person: index into ``Scene.people``; None for a fact of the whole scene.
        part: the body part, the person's own side ("left elbow", "right arm", "left hand"); None where there is none.
        value: one of the kind's values ("bent").
        sure: whether the geometry leaves a margin. An unsure fact is never stated, asked or judged.
        target: index into ``Scene.people`` ("nearest", "side_of") or ``Scene.things`` ("contact"); else None.
        measure: the number behind the value (degrees, or heights in torso lengths); None where there is none.
        span_s: of a motion: from when to when it takes place, in seconds since the first frame.
    """

    kind: str
    person: int | None
    value: str
    sure: bool
    part: str | None = None
    target: int | None = None
    measure: float | None = None
    span_s: tuple[float, float] | None = None


@dataclass(frozen=True, kw_only=True)
class Claim:
    """What a text says about a pose.

    ``kind``, ``part`` and ``value`` are as in Fact; ``mention`` is the person as written ("the person on the left"),
    None for the scene; ``target`` the object or person as written; ``start`` and ``end`` the clause's span in the text.
    """

    kind: str
    value: str
    start: int
    end: int
    mention: str | None = None
    part: str | None = None
    target: str | None = None
    negated: bool = False


@dataclass(frozen=True, kw_only=True)
class CheckedClaim:
    """A claim with its outcome ("supported", "contradicted", "unverifiable") and the fact that decided it."""

    claim: Claim
    outcome: str
    fact: Fact | None = None


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One message of a conversation: ``role`` is "user" or "assistant"."""

    role: str
    text: str


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One instruction-following sample: turns alternate user, assistant; the pictures belong before the first.

    Attributes:
        id: unique in its file.
        images: paths relative to the image folder; none where the sample is text alone.
        kind: a key of ``llavapose.kinds.KINDS``.
        turns: user and assistant in turn.
        provenance: a flat mapping of plain values: scene, teacher, context, prompt version, seed.
        times_s: where the pictures are frames: when each was taken, in seconds since the first, ascending; else none.
    """

    id: str
    images: tuple[str, ...]
    kind: str
    turns: tuple[Turn, ...]
    provenance: dict[str, Any] = field(default_factory=dict)
    times_s: tuple[float, ...] = ()

    @property
    def image(self) -> str:
        """The first picture: what samples are grouped and drawn by; "" where there is none."""
        return self.images[0] if self.images else ""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The one fact that a question asks for, without its answer: ``kind``, ``person`` and ``part`` as in Fact."""

    kind: str
    person: int | None = None
    part: str | None = None


@dataclass(frozen=True, kw_only=True)
class FurtherPicture:
    """A picture behind the first of a question: its number, and its path relative to the image folder."""

    scene_id: int
    image: str


@dataclass(frozen=True, kw_only=True)
class Question:
    """One benchmark question about a picture, or about several in order.

    Attributes:
        id: unique in its benchmark.
        scene_id: number of the picture, or of the first one.
        image: its path relative to the image folder; "" where none is shown.
        kind: a key of ``llavapose.kinds.KINDS``.
        text: what is asked; the pictures stand in front of it.
        asked: the fact of its one picture that it asks for; None where it asks for no single one.
        further: the pictures behind the first.
        times_s: where the pictures are frames of one scene: when each was taken, in seconds since the first,
            ascending; else none. ``scene_id`` is then the scene's in all places.
    """

    id: str
    scene_id: int
    image: str
    kind: str
    text: str
    asked: Asked | None = None
    further: tuple[FurtherPicture, ...] = ()
    times_s: tuple[float, ...] = ()

    @property
    def images(self) -> tuple[str, ...]:
        """All that are shown, in order; none where it is asked without."""
        return (self.image, *(one.image for one in self.further)) if self.image else ()

    @property
    def scene_ids(self) -> tuple[int, ...]:
        """The numbers of all its pictures, in order."""
        return (self.scene_id, *(one.scene_id for one in self.further))

    def showing(self, images: Sequence[str]) -> "Question":
        """The same question with other pictures in the places of its own, as many; or with none, and no times then."""
        first, *rest = images or ("",)
        places = zip(self.scene_ids[1:], rest, strict=True) if images else ()
        further = tuple(FurtherPicture(scene_id=number, image=image) for number, image in places)
        return replace(self, image=first, further=further, times_s=self.times_s if images else ())


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What one arm answered to one question.

    ``finish`` is "stop"; "length" or "content_filter" where it was cut off; or "failed": then ``text`` says why.
    """

    question_id: str
    arm: str
    text: str
    finish: str = "stop"
    num_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A judge's rating of one answer.

    Attributes:
        question_id, arm: whose answer to what.
        judge: the judge's name: verdicts lie in ``verdicts/<judge>/``.
        rating: 1..10, the pose judge's also below 1 (worse than silence);
            None where there is none (unscored), which is never a number.
        reason: the judge's explanation, or why there is no rating.
        silent: whether the answer says nothing that this judge could check.
        protocol: "single", "pair" where the opponent's answer was seen beside it, or "relative": beside the reference.
        opponent: the other arm of a pair; None with "single".
        order: "ab" where this answer stood first, "ba" where second; None with "single", and of a judge to whom the
            place is nothing (no board takes those). An answer that was rated in one order alone is unscored.
        repeat: 0, 1, ...: which of several ratings of the same, where a judge is asked more than once.
        key: of the reply in the judge's ledger; None where no model was asked.
        model, context: who judged, and what it knew of the picture; None where no model was asked.
    """

    question_id: str
    arm: str
    judge: str
    rating: float | None
    reason: str
    silent: bool = False
    protocol: str = "single"
    opponent: str | None = None
    order: str | None = None
    repeat: int = 0
    key: str | None = None
    model: str | None = None
    context: str | None = None


def to_dict(record: Any) -> dict[str, Any]:
    """A record as plain JSON values (tuples become lists when written).

    A question about several pictures has a list of numbers and one of paths where others have one of each; one about
    frames has one number, and ``times`` beside the paths.
    """
    found = asdict(record)
    if isinstance(record, Question):
        del found["further"], found["times_s"]
        if record.further:
            found |= {"scene_id": list(record.scene_ids), "image": list(record.images)}
        if record.times_s:
            found |= {"scene_id": record.scene_id, "image": list(record.images), "times": list(record.times_s)}
    return found
