"""Questions in a file: a benchmark made elsewhere, or by an earlier evaluation.

One line::

    {"id": "17-conv", "scene_id": 17, "image": "000017.jpg", "kind": "conv",
     "text": "Is the left elbow of the person bent or straight?",
     "asked": {"kind": "elbow", "person": 0, "part": "left elbow"}}

or in LLaVA's form, whose image id is in the picture's name, or is made of a name without one::

    {"question_id": 0, "image": "000000441147.jpg", "text": "What ...?", "category": "conv"}

A question about several pictures has lists in the places of ``image`` and ``scene_id``, one about frames ``times`` too
(``pictured``).
"""

import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError, shown
from llavapose.evaluation.benchmarks.pictured import pictured
from llavapose.files import fingerprint, read_jsonl, write_jsonl
from llavapose.kinds import KINDS, listed
from llavapose.pictures import Pictures, plain_name, telling_name
from llavapose.records import Asked, Question, to_dict
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes


class FileBenchmark:
    """The questions of one JSONL file.

    Args:
        path: the file; its name is the benchmark's.
        scenes: the held-out pictures.
        images: folder of the questions' pictures, which have no annotations; None: they are the held-out ones.
        pictures: whether they must be there.

    Raises:
        DataError: a line that is no question, an id that occurs twice, a picture that is not there.
    """

    def __init__(self, path: Path, scenes: ScenesConfig, images: Path | None = None, pictures: bool = True) -> None:
        self.name = path.stem
        self._scenes, self._images, self._pictures = scenes, images, pictures
        self.questions = read_questions(path)
        twice = len(self.questions) - len({question.id for question in self.questions})
        if twice:
            raise DataError(f"benchmark: {path} has {twice} ids twice; expected an id a question")
        self.questions = found_in(self.scenes.images, self.questions, path, needed=pictures)

    @cached_property
    def scenes(self) -> SceneSet:
        """The pictures, with their annotations where they are the held-out ones."""
        if self._images is not None:
            return SceneSet(scenes=(), images=self._images)
        return open_scenes(self._scenes, "val", pictures=self._pictures)


def found_in(
    images: Path,
    questions: Sequence[Question],
    path: Path,
    *,
    get: str = "set benchmark.images",
    needed: bool = True,
) -> tuple[Question, ...]:
    """The questions with their pictures' names in a folder, which may be another layout of the same data set.

    Args:
        images: the folder.
        questions: about its pictures.
        path: where they are from.
        get: what to do where a picture is not there.
        needed: whether they must be there; False: one that is not keeps its name.

    Raises:
        DataError: a picture that is not there.
    """
    pictures, found = Pictures(images), []
    for question in questions:
        where = f"benchmark: {path}, question {question.id}"
        names = []
        for image in question.images or (question.image,):
            name = pictures.find(image, where=where)
            if name is None and needed:
                raise DataError(f"{where}: no picture {image} in {images}; {get}")
            names.append(name or image)
        found.append(question.showing(names))
    return tuple(found)


def write_questions(path: Path, questions: Sequence[Question]) -> None:
    """Write the questions, one a line."""
    write_jsonl(path, map(to_dict, questions))


def read_questions(path: Path) -> tuple[Question, ...]:
    """Read questions.

    Raises:
        DataError: a line that is no question; names file and line.
    """
    found: list[Question] = []
    pictures: dict[int, str] = {}
    numbers: dict[str, int] = {}
    for number, row in read_jsonl(path, what="benchmark"):
        question = _question(row, f"{path}:{number}")
        for scene_id, image in _numbered(question):
            name = telling_name(image)
            other = pictures.setdefault(scene_id, name), numbers.setdefault(name, scene_id)
            if other != (name, scene_id):
                raise DataError(
                    f"benchmark: {path}:{number} has scene_id {scene_id} and image {shown(image)}, and "
                    f"another line {shown(other[0])} and {other[1]}; expected one number for each picture"
                )
        found.append(question)
    return tuple(found)


def _numbered(question: Question) -> list[tuple[int, str]]:
    """The number of each picture; of frames none, as one scene has many."""
    images = question.images or (question.image,)
    return [] if question.times_s else list(zip(question.scene_ids, images, strict=True))


def _question(row: dict, where: str) -> Question:
    if "question_id" in row:
        row = _of_llava(row, where)
    asks = row.get("asked")
    if asks and not isinstance(asks, dict):
        raise DataError(f"benchmark: {where} has asked {shown(asks)}; expected an object or null")
    for key in ("id", "kind", "text"):
        if key in row and not isinstance(row[key], str):
            raise DataError(f"benchmark: {where} has {key} {shown(row[key])}; expected a text")
    try:
        for key in ("further", "times_s"):
            if key in row:
                raise TypeError(f"it has the field {key}")
        asked = Asked(**row["asked"]) if row.get("asked") else None
        question = Question(**{**pictured(row, where), "asked": asked})
    except TypeError as error:
        raise DataError(
            f"benchmark: {where} is no question ({error}); expected id, scene_id, image, kind, text, asked"
        ) from None
    if question.kind not in KINDS:
        raise DataError(f"benchmark: {where} has kind {shown(question.kind)}; expected one of {listed()}")
    return question


def _of_llava(row: dict, where: str) -> dict:
    """One of LLaVA's rows as ours; its ``category`` becomes the kind."""
    number, image, category = (row.get(key) for key in ("question_id", "image", "category"))
    if isinstance(number, bool) or not isinstance(number, int | str) or not isinstance(category, str):
        raise DataError(f"benchmark: {where} has no question_id and category; expected LLaVA's form or ours")
    kind = next((one.name for one in KINDS.values() if any(word in category for word in one.words)), category)
    return {
        "id": str(number),
        "scene_id": _numbers_of(image, row.get("times")),
        "image": image,
        **({"times": row["times"]} if row.get("times") else {}),
        "kind": kind,
        "text": row.get("text"),
    }


def _numbers_of(image: object, times: object) -> int | list[int]:
    """The numbers of a row's pictures; of frames one, made of all their names."""
    if not isinstance(image, list):
        return _picture_number(image)
    if times:
        return int(fingerprint([telling_name(one) if isinstance(one, str) else one for one in image]), 16)
    return list(map(_picture_number, image))


def _picture_number(image: object) -> int:
    """COCO's id in a picture's name; of another name one that no other name has."""
    if not isinstance(image, str):
        return 0  # which is refused for its image
    digits = re.fullmatch(r"(?:.*\D)?(\d{12})\.\w+", image) or re.fullmatch(r"(\d{1,18})\.\w+", image)
    return int(digits[1]) if digits else int(fingerprint(plain_name(image)), 16)
