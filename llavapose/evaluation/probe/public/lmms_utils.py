"""What lmms-eval calls for the pose probe: pictures, prompts, replies read, and the numbers over them.

Stands in a task folder as ``utils.py`` beside ``letters.py``; needs nothing but Pillow. The environment variable
POSE_PROBE_IMAGES names the folder of the pictures.
"""

import importlib.util
import os
from pathlib import Path
from typing import Any

IMAGES = "POSE_PROBE_IMAGES"
_spec = importlib.util.spec_from_file_location("pose_probe_letters", Path(__file__).with_name("letters.py"))
assert _spec is not None and _spec.loader is not None
_letters = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_letters)

Doc = dict[str, Any]


def own_picture(doc: Doc) -> list[Any]:
    """The picture that a row is about."""
    return [_opened(doc["image"])]


def other_picture(doc: Doc) -> list[Any]:
    """Another row's picture: the control."""
    return [_opened(doc["shuffled_image"])]


def no_picture(doc: Doc) -> list[Any]:
    """None: the other control."""
    return []


def _opened(name: str) -> Any:
    from PIL import Image

    folder = os.environ.get(IMAGES, "")
    path = Path(folder) / name
    if not folder or not path.is_file():
        raise FileNotFoundError(
            f"no picture {name} in {IMAGES}={folder!r}; set {IMAGES} to the folder of the pictures (COCO's val2017)"
        )
    return Image.open(path).convert("RGB")


def prompt(doc: Doc, lmms_eval_specific_kwargs: Any = None) -> str:
    """The question as it is asked; the same words for every model."""
    return doc["prompt"]


def process_true(doc: Doc, results: list[Any]) -> Doc:
    """A reply with the row's own picture."""
    return _read(doc, results, "true")


def process_shuffled(doc: Doc, results: list[Any]) -> Doc:
    """A reply with another row's picture."""
    return _read(doc, results, "shuffled")


def process_no_picture(doc: Doc, results: list[Any]) -> Doc:
    """A reply without a picture."""
    return _read(doc, results, "no_picture")


def _read(doc: Doc, results: list[Any], pictures: str) -> Doc:
    letter = _letters.letter_of(str(results[0]), doc["a"], doc["b"])
    told = {"id": doc["id"], "pictures": pictures, "letter": letter, "scene_id": doc["scene_id"]}
    # Of an unanswered row there is no score; lmms-eval takes its errors from `score`, with `scene_id` as the cluster.
    scored = told if letter is None else {**told, "score": float(letter == doc["answer"])}
    unanswered = {**told, "score": float(letter is None)}
    return {"pose_probe_accuracy": scored, "pose_probe_unanswered": unanswered}


def mean(items: list[Doc]) -> float:
    """The mean score of those that have one."""
    scores = [one["score"] for one in items if "score" in one]
    return sum(scores) / len(scores) if scores else float("nan")


def process_question(doc: Doc, results: list[Any]) -> Doc:
    """An answer to an open question: kept, and judged elsewhere."""
    told = {"id": doc["id"], "scene_id": doc["scene_id"], "score": float(bool(str(results[0]).strip()))}
    return {"pose_questions_answered": told}
