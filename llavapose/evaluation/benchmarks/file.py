"""Questions in a file: a benchmark made elsewhere, or by an earlier evaluation.

One line::

    {"id": "17-conv", "scene_id": 17, "image": "000017.jpg", "kind": "conv",
     "text": "Is the left elbow of the person bent or straight?",
     "asked": {"kind": "elbow", "person": 0, "part": "left elbow"}}
"""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError, shown
from llavapose.files import inside, read_jsonl, write_jsonl
from llavapose.kinds import KINDS, listed
from llavapose.records import Asked, Question, to_dict
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes


class FileBenchmark:
    """The questions of one JSONL file.

    Args:
        path: the file; its name is the benchmark's.
        scenes: the held-out pictures.
        images: folder of the questions' pictures, which have no annotations; None: they are the held-out ones.

    Raises:
        DataError: a line that is no question, an id that occurs twice, a picture that is not there.
    """

    def __init__(self, path: Path, scenes: ScenesConfig, images: Path | None = None) -> None:
        self.name = path.stem
        self._scenes, self._images = scenes, images
        self.questions = read_questions(path)
        twice = len(self.questions) - len({question.id for question in self.questions})
        if twice:
            raise DataError(f"benchmark: {path} has {twice} ids twice; expected an id a question")
        for question in self.questions:
            where = f"benchmark: {path}, question {question.id}"
            if not inside(self.scenes.images, question.image, where=where).is_file():
                raise DataError(f"{where}: no picture {question.image} in {self.scenes.images}; set benchmark.images")

    @cached_property
    def scenes(self) -> SceneSet:
        """The pictures, with their annotations where they are the held-out ones."""
        if self._images is not None:
            return SceneSet(scenes=(), images=self._images)
        return open_scenes(self._scenes, "val")


def write_questions(path: Path, questions: Sequence[Question]) -> None:
    """Write the questions, one a line."""
    write_jsonl(path, map(to_dict, questions))


def read_questions(path: Path) -> tuple[Question, ...]:
    """Read questions.

    Raises:
        DataError: a line that is no question; names file and line.
    """
    return tuple(_question(row, f"{path}:{number}") for number, row in read_jsonl(path, what="benchmark"))


def _question(row: dict, where: str) -> Question:
    asks = row.get("asked")
    if asks and not isinstance(asks, dict):
        raise DataError(f"benchmark: {where} has asked {shown(asks)}; expected an object or null")
    texts = {key: row[key] for key in ("id", "image", "kind", "text") if key in row}
    for key, value in texts.items():
        if not isinstance(value, str):
            raise DataError(f"benchmark: {where} has {key} {shown(value)}; expected a text")
    if isinstance(number := row.get("scene_id", 0), bool) or not isinstance(number, int):
        raise DataError(f"benchmark: {where} has scene_id {shown(number)}; expected a whole number")
    try:
        asked = Asked(**row["asked"]) if row.get("asked") else None
        question = Question(**{**row, "asked": asked})
    except TypeError as error:
        raise DataError(
            f"benchmark: {where} is no question ({error}); expected id, scene_id, image, kind, text, asked"
        ) from None
    if question.kind not in KINDS:
        raise DataError(f"benchmark: {where} has kind {shown(question.kind)}; expected one of {listed()}")
    return question
