"""A frozen benchmark: one JSONL file with the questions, what is true of their pictures, and how it came about.

The first line is its card, each further one a picture (no pixels)::

    {"benchmark": "e_hpaub", "hash": "3f0c...", "truth": "91ab...", "num_images": 90, "seed": 0, "scenes": "coco2014",
     "files": {"annotations/person_keypoints_val2014.json": "sha256..."}, "teacher": {"name": "gpt4o", ...}, ...}
    {"scene_id": 42, "image": "COCO_val2014_000000000042.jpg", "width": 640, "height": 480, "captions": ["..."],
     "people": [{"id": 7, "box_xyxy": [0.1, ...], "keypoints": [[0.2, 0.3, 2], ...]}], "things": [...],
     "questions": [{"id": "42-conv", "kind": "conv", "text": "How ...?", "asked": null, "answer": "...", ...}, ...]}

A clip has ``frames`` too, each with ``image``, ``time_s`` and ``people``, and its questions are about all of them.
``hash`` is that of the questions, which every table quotes; ``truth`` that of the annotations. A file that fits neither
has been changed and is refused.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.files import fingerprint, read_jsonl, write_jsonl
from llavapose.kinds import KINDS
from llavapose.records import Asked, Frame, FurtherPicture, Person, Question, Scene, Thing

FROZEN_VERSION = 1
"""Of the file's form."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """One question with where it is from.

    Attributes:
        question: as it is asked.
        answer: the teacher's own, which was written from the annotations; it is shown to nobody who is evaluated.
        provenance: teacher, model, context, prompt version and hash, seed, request.
    """

    question: Question
    answer: str
    provenance: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """The whole file: ``card`` as it stands in its first line, the pictures' annotations, the questions in order."""

    card: dict[str, Any]
    scenes: tuple[Scene, ...]
    written: tuple[Written, ...]

    @property
    def questions(self) -> tuple[Question, ...]:
        """As they are asked, in order."""
        return tuple(one.question for one in self.written)


def truth_hash(scenes: Sequence[Scene]) -> str:
    """What tells one set of annotations from another."""
    return fingerprint([_truth(scene) for scene in scenes])


def write_frozen(path: Path, frozen: Frozen) -> dict[str, Any]:
    """Write the file whole or not at all; returns its card, with the hashes."""
    hashes = {"hash": questions_hash(frozen.questions), "truth": truth_hash(frozen.scenes)}
    card = {"benchmark": path.stem, **hashes, "version": FROZEN_VERSION, **frozen.card}
    of_scene: dict[int, list[dict[str, Any]]] = {scene.id: [] for scene in frozen.scenes}
    for one in frozen.written:
        asked = asdict(one.question)
        row = {key: asked[key] for key in ("id", "kind", "text", "asked")}
        of_scene[one.question.scene_id].append({**row, "answer": one.answer, "provenance": one.provenance})
    write_jsonl(path, [card, *({**_truth(scene), "questions": of_scene[scene.id]} for scene in frozen.scenes)])
    return card


def read_frozen(path: Path) -> Frozen:
    """Read the file.

    Raises:
        DataError: not a frozen benchmark, or one that was changed since it was written.
    """
    lines = list(read_jsonl(path, what="benchmark"))
    if not lines or not isinstance(lines[0][1].get("benchmark"), str):
        raise DataError(
            f"benchmark: {path} has no card in its first line; expected a file of generate.py benchmark=..."
        )
    card = lines[0][1]
    if card.get("version") != FROZEN_VERSION:
        raise DataError(
            f"benchmark: {path} has version {shown(card.get('version'))}; expected {FROZEN_VERSION}: build it anew"
        )
    scenes, written = [], []
    for number, row in lines[1:]:
        try:
            scene, asked = _scene(row), [_written(one, row) for one in row["questions"]]
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(
                f"benchmark: {path}:{number} is no picture of a benchmark ({error}); build it anew"
            ) from None
        scenes.append(scene)
        written += asked
    found = Frozen(card=card, scenes=tuple(scenes), written=tuple(written))
    for name, value in (("hash", questions_hash(found.questions)), ("truth", truth_hash(found.scenes))):
        if card.get(name) != value:
            raise DataError(
                f"benchmark: {path} was changed since it was built: its {name} is {value}, its card says "
                f"{shown(card.get(name))}; build it anew, or keep changed questions as benchmark=file"
            )
    return found


def _truth(scene: Scene) -> dict[str, Any]:
    """A picture's annotations as plain values."""
    plain = asdict(scene)
    found = {"scene_id": plain.pop("id"), **{key: plain[key] for key in _KEPT}}
    return {**found, "frames": plain["frames"], "video": scene.video} if scene.frames else found


_KEPT = ("image", "width", "height", "captions", "people", "things", "num_crowds", "skeleton", "split")


def _scene(row: dict[str, Any]) -> Scene:
    people = tuple(map(_person, row["people"]))
    frames = tuple(
        Frame(
            image=str(one["image"]),
            time_s=float(one["time_s"]),
            people=tuple(None if who is None else _person(who) for who in one["people"]),
        )
        for one in row.get("frames", ())
    )
    things = tuple(
        Thing(id=one["id"], category=str(one["category"]), box_xyxy=_four(one["box_xyxy"])) for one in row["things"]
    )
    plain = {key: row[key] for key in _KEPT if key not in ("captions", "people", "things")}
    return Scene(id=row["scene_id"], captions=tuple(row["captions"]), people=people, things=things, frames=frames,
                 video=str(row.get("video", "")), **plain)  # fmt: skip


def _person(one: dict[str, Any]) -> Person:
    return Person(id=one["id"], box_xyxy=_four(one["box_xyxy"]), keypoints=tuple(map(_joint, one["keypoints"])))


def _four(box: list[float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = box
    return x1, y1, x2, y2


def _joint(values: list[Any]) -> tuple[float, float, int]:
    x, y, visibility = values
    return x, y, visibility


def _written(one: dict[str, Any], row: dict[str, Any]) -> Written:
    if one["kind"] not in KINDS or not isinstance(one["text"], str) or not isinstance(one["id"], str):
        raise ValueError(f"question {shown(one.get('id'))}")
    frames = row.get("frames", ())  # a question about a clip is about all of them
    images = [frame["image"] for frame in frames] or [row["image"]]
    question = Question(
        id=one["id"],
        scene_id=row["scene_id"],
        image=images[0],
        kind=one["kind"],
        text=one["text"],
        asked=Asked(**one["asked"]) if one.get("asked") else None,
        further=tuple(FurtherPicture(scene_id=row["scene_id"], image=image) for image in images[1:]),
        times_s=tuple(float(frame["time_s"]) for frame in frames),
    )
    return Written(question=question, answer=one["answer"], provenance=one["provenance"])
