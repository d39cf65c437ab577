r"""HandVQA: multiple choice about hands, made by its authors from 3D joints, with its own answer key.

Its rows as its authors write them (github.com/kcsayem/handvqa, ``pipeline/swift_dataset.py``; data under CC BY 4.0)::

    {"messages": [{"role": "user", "content": "<image>From the ... Options:\n A. The index finger is straight ...\n
     B. ...\n Say nothing other than the chosen sentence. ..."},
     {"role": "assistant", "content": "B. The index finger is bent inward at the tip joint."}],
     "images": ["./data/FreiHAND/evaluation/rgb/00000007.jpg"]}

A model is asked the user's words as they stand. The type of a question is told by its options' words, so that the files
of several types can be joined into one.
"""

import re
from pathlib import Path
from random import Random
from typing import Any

from llavapose.errors import DataError, shown
from llavapose.evaluation.benchmarks.file import found_in
from llavapose.evaluation.benchmarks.keyed.scores import Key
from llavapose.files import fingerprint, read_jsonl
from llavapose.records import Question
from llavapose.scenes.coco import SceneSet

TYPES = {
    "angle": ("bent completely inward", "bent inward", "bent slightly inward", "straight"),
    "distance": ("close to", "spread from", "spread wide from"),
    "relative_pos_x": ("at the left of", "at the right of"),
    "relative_pos_y": ("below", "above"),
    "relative_pos_z": ("behind", "in front of"),
}
"""Type of question -> the words of which each of its options has one."""
OTHER = "other"
_OPTION = re.compile(r"([A-J])\. (\S.*)")
_PICTURE = "<image>"


class HandVqa:
    """The questions of one file of HandVQA's rows.

    Args:
        path: the file, such as ``freihand_evaluation_angle.jsonl``, or several joined.
        images: folder that the pictures lie below; None: the file's.
        num_images: so many pictures, drawn by ``seed``; None: all; 0: none.
        seed: draws them.
        pictures: whether they must be there.

    Raises:
        DataError: a line that is no such row, or a picture that is not there.
    """

    def __init__(
        self,
        path: Path,
        images: Path | None = None,
        num_images: int | None = None,
        seed: int = 0,
        pictures: bool = True,
    ) -> None:
        self.name = f"handvqa {path.stem}"
        folder = images or path.parent
        rows = [_read(row, number, path) for number, row in read_jsonl(path, what="benchmark")]
        names = sorted({question.image for question, _ in rows})
        if num_images is not None and num_images < len(names):
            drawn = set(Random(seed).sample(names, num_images))
            rows = [one for one in rows if one[0].image in drawn]
        self.keys = {question.id: key for question, key in rows}
        asked = [question for question, _ in rows]
        self.questions = found_in(folder, asked, path, get="set benchmark.images", needed=pictures)
        self.scenes = SceneSet(scenes=(), images=folder)


def _read(row: dict[str, Any], number: int, path: Path) -> tuple[Question, Key]:
    where = f"benchmark: {path}:{number}"
    said, images = row.get("messages"), row.get("images")
    texts = [one.get("content") if isinstance(one, dict) else None for one in said] if isinstance(said, list) else []
    if len(texts) != 2 or not all(isinstance(text, str) for text in texts):
        raise DataError(f"{where} has messages {shown(said)}; expected HandVQA's two, with a text as content each")
    if not isinstance(images, list) or len(images) != 1 or not isinstance(images[0], str):
        raise DataError(f"{where} has images {shown(images)}; expected a list of one path")
    asked, answer = str(texts[0]), row.get("labels", texts[1])  # of a file of replies, the key stands in labels
    lines = [line.strip() for line in asked.partition("Options:")[2].splitlines()]
    options = {match[1]: match[2] for line in lines if (match := _OPTION.fullmatch(line))}
    if len(options) < 2 or list(options) != [chr(ord("A") + place) for place in range(len(options))]:
        raise DataError(
            f"{where} has options {shown(list(options))}; expected A, B and so on behind `Options:`, a line each"
        )
    right = [letter for letter, text in options.items() if f"{letter}. {text}" == str(answer).strip()]
    if not right:
        raise DataError(f"{where} has the answer {shown(answer)}; expected one of its options, with its letter")
    image = images[0].removeprefix("./")
    question = Question(
        id=f"{_type(options.values())}-{number}", scene_id=int(fingerprint(image), 16), image=image, kind="conv",
        text=asked.replace(_PICTURE, "", 1).strip(),
    )  # fmt: skip
    return question, Key(options=options, answer=right[0], group=_type(options.values()))


def _type(options: Any) -> str:
    told = (name for name, words in TYPES.items() if all(any(one in text for one in words) for text in options))
    return next(told, OTHER)
