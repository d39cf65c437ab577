"""Clips for the pages' tests: one person who raises a hand through frames of different colours, and answers to it."""

from pathlib import Path
from typing import Any

from PIL import Image

from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.evaluate import draw_pictures
from llavapose.files import write_json, write_jsonl
from llavapose.records import Frame, FurtherPicture, Person, Question, Scene
from llavapose.scenes.coco import SceneSet

TIMES = (0.0, 0.2, 0.4, 0.6, 1.0)
"""Not evenly apart: what is played must keep to them."""
RIGHT, WRONG = "raises the left hand", "lowers the left hand"
ANSWERS = {"full": f"The person {RIGHT}.", "baseline": f"The person {WRONG}."}
SPAN = (0.2, 0.55)
"""Holds two of the frames."""


def clip(number: int, times: tuple[float, ...] = TIMES) -> Scene:
    joints = tuple((0.3 + joint / 40, 0.2 + joint / 30, 2) for joint in range(17))
    person = Person(id=1, box_xyxy=(0.2, 0.1, 0.8, 0.9), keypoints=joints)
    frames = tuple(Frame(image=f"{number}/{at:06}.png", time_s=time_s, people=(person,))
                   for at, time_s in enumerate(times))  # fmt: skip
    return Scene(id=number, image=frames[len(times) // 2].image, width=96, height=72, people=(person,), frames=frames,
                 video=str(number))  # fmt: skip


def asked(scene: Scene) -> Question:
    first, *rest = scene.frames
    return Question(
        id=f"{scene.id}-conv",
        scene_id=scene.id,
        image=first.image,
        kind="conv",
        text="How does the left hand move?",
        further=tuple(FurtherPicture(scene_id=scene.id, image=frame.image) for frame in rest),
        times_s=tuple(frame.time_s for frame in scene.frames),
    )


def write_frames(folder: Path, scenes: tuple[Scene, ...]) -> SceneSet:
    for scene in scenes:
        for at, frame in enumerate(scene.frames):
            path = folder / frame.image
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (96, 72), (20 + 10 * at, 120, 60 + 5 * scene.id)).save(path)
    return SceneSet(scenes=scenes, images=folder)


def write_clips(folder: Path, numbers: tuple[int, ...] = (1, 2)) -> Path:
    """An evaluation's folder: two arms' answers to a question about each clip, with its drawn frames."""
    scenes = write_frames(folder / "images", tuple(map(clip, numbers)))
    questions = list(map(asked, scenes.scenes))
    write_questions(folder / "benchmark.jsonl", questions)
    told = {"name": "motion", "hash": questions_hash(questions), "num_questions": len(questions)}
    write_json(folder / "benchmark.json", told)
    draw_pictures(folder / "pictures", questions, scenes)
    for arm, text in ANSWERS.items():
        write_jsonl(folder / "answers" / f"{arm}.jsonl", [
            {"question_id": one.id, "arm": arm, "text": text, "finish": "stop", "num_tokens": 9} for one in questions
        ])  # fmt: skip
        write_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", [
            {"question_id": one.id, "arm": arm, "judge": "pose", "rating": 5.0, "reason": "so", "silent": False,
             "kind": "conv", "scene_id": one.scene_id, "text": one.text, "claims": [claim(text)]}
            for one in questions
        ])  # fmt: skip
    return folder


def claim(text: str) -> dict[str, Any]:
    words = RIGHT if RIGHT in text else WRONG
    start = text.index(words)
    return {"start": start, "end": start + len(words), "outcome": "supported" if words == RIGHT else "contradicted",
            "kind": "hand_motion", "part": "left hand", "value": "raised", "negated": False, "person": 0,
            "span_s": list(SPAN)}  # fmt: skip
