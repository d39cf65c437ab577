"""Results of three arms for people to rate, what raters hand back, and lines that none of them can have written."""

import json
from pathlib import Path

from PIL import Image

from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.files import read_json, write_json, write_jsonl
from llavapose.records import Question, Scene
from llavapose.scenes.coco import SceneSet
from tests.report.explored import HOSTILE

ARMS = ("baseline", "full", "rival")
KINDS = ("conv", "detail", "complex")
NUM_PICTURES = 6


def questions_of(num_pictures: int = NUM_PICTURES) -> list[Question]:
    """Three kinds about every picture."""
    return [
        Question(id=f"{image}-{kind}", scene_id=image, image=f"{image}.jpg", kind=kind, text=f"How is it, {kind}?")
        for image in range(1, num_pictures + 1)
        for kind in KINDS
    ]


def said(arm: str, number: int) -> str:
    """An arm's answer: told apart by a test alone, with a hostile text behind some."""
    return f"{'abc'[ARMS.index(arm)] * 3}{number} stands. {HOSTILE[number % len(HOSTILE)] if number % 2 else ''}"


def write_answers(folder: Path, num_pictures: int = NUM_PICTURES) -> Path:
    """What evaluate.py leaves of three arms, and the plain pictures in ``images``."""
    questions = questions_of(num_pictures)
    write_questions(folder / "benchmark.jsonl", questions)
    told = {"name": "mine", "hash": questions_hash(questions), "num_questions": len(questions)}
    write_json(folder / "benchmark.json", told)
    for arm in ARMS:
        rows = [
            {"question_id": one.id, "arm": arm, "text": said(arm, number), "finish": "stop", "num_tokens": 9}
            for number, one in enumerate(questions)
        ]
        write_jsonl(folder / "answers" / f"{arm}.jsonl", rows)
    (folder / "images").mkdir(exist_ok=True)
    for image in range(1, num_pictures + 1):
        Image.new("RGB", (320, 240), (30 * image % 256, 120, 160)).save(folder / "images" / f"{image}.jpg")
    return folder


def scenes_of(folder: Path, num_pictures: int = NUM_PICTURES, people: tuple = ()) -> SceneSet:
    """The pictures, the odd ones with these people."""
    found = [
        Scene(id=image, image=f"{image}.jpg", width=320, height=240, people=people if image % 2 else ())
        for image in range(1, num_pictures + 1)
    ]
    return SceneSet(scenes=tuple(found), images=folder / "images")


def export(folder: Path, name: str, rate, *, rater: str | None = None, key: dict | None = None) -> Path:
    """A rater's file. ``rate``: what stands in the key of an item -> a rating or a choice; None: not rated."""
    key = key or read_json(folder / "rate" / "key.json", what="key")
    word = "rating" if key["mode"] == "scale" else "choice"
    rows = [
        {"draw": key["draw"], "mode": key["mode"], "rater": rater or name, "id": one, word: value}
        for one, item in key["items"].items()
        if (value := rate(item)) is not None
    ]
    path = folder / f"{name}.jsonl"
    write_jsonl(path, rows)
    return path


def spoiled(line: dict) -> list[tuple[str, str]]:
    """(a line that takes the place of a rater's, what is said of it)."""

    def changed(**more) -> str:
        return json.dumps({**line, **more})

    lacking = {name: value for name, value in line.items() if name != "rating"}
    return [
        (changed(draw="0" * 12), "draw"),
        (changed(draw=None), "draw"),
        (changed(mode="pairs"), "mode"),
        (changed(id="0" * 16), "id"),
        (changed(id=7), "id"),
        (changed(rating=0), "from 1 to 10"),
        (changed(rating=11), "from 1 to 10"),
        (changed(rating=7.5), "from 1 to 10"),
        (changed(rating=True), "from 1 to 10"),
        (changed(rating="7"), "from 1 to 10"),
        (changed(rating=None), "from 1 to 10"),
        (json.dumps(lacking), "from 1 to 10"),
        (changed(rater=""), "rater"),
        (changed(rater=" "), "rater"),
        (changed(rater="a\x1b[31m"), "rater"),
        (changed(rater="x" * 41), "rater"),
        (changed(rater=5), "rater"),
        (changed(rater="people"), "rater"),
        (changed(rater=" People"), "rater"),
        ("[1, 2]", "JSON object"),
        ("{not json", "JSON"),
        ('{"rating": NaN}', "ratings"),
        (changed(rating=1 if line["rating"] != 1 else 2), "twice|second"),
    ]
