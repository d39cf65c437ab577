"""What a benchmark is: questions, and the pictures that they are about.

``_target_`` of the group ``benchmark`` names a class or function that makes one from the group's settings; an argument
``scenes`` is given the settings of the held-out pictures, and ``pictures`` whether they must be there: a plan needs the
questions alone. Whatever it draws, it draws by a seed: equal settings ask
equal questions, and their hash stands beside every result.
"""

from collections.abc import Sequence
from typing import Any, Protocol

from llavapose.files import fingerprint
from llavapose.pictures import plain_name
from llavapose.records import Question, Scene, to_dict
from llavapose.scenes.coco import SceneSet


class Benchmark(Protocol):
    """Questions about pictures, the same for every arm."""

    @property
    def name(self) -> str:
        """In tables and metrics."""
        ...

    @property
    def questions(self) -> tuple[Question, ...]:
        """In the order of being asked; none: nothing is answered or rated."""
        ...

    @property
    def scenes(self) -> SceneSet:
        """The folder of the pictures, and the annotations of those that have any: a question's ``scene_id`` names one.

        The probe asks about all of them.
        """
        ...


def questions_hash(questions: Sequence[Question]) -> str:
    """What tells one set of questions from another: two results with equal hashes can be compared.

    COCO 2014 and 2017 name the same picture differently, which makes no other question.
    """
    return fingerprint([_plainly_named(to_dict(question)) for question in questions])


def bare_scene(number: int, image: str) -> Scene:
    """A question's picture that nothing is annotated in."""
    return Scene(id=number, image=image, width=0, height=0)


def _plainly_named(row: dict[str, Any]) -> dict[str, Any]:
    image = row["image"]
    return {**row, "image": plain_name(image) if isinstance(image, str) else list(map(plain_name, image))}


def tied_pictures(questions: Sequence[Question]) -> dict[str, int]:
    """Question id -> the number of what it is about: the unit of every interval.

    Of a question about one picture that is the picture's. Pictures that questions show together are one unit, with all
    that is asked about any of them, under the smallest of their numbers: answers about them stand or fall together.
    """
    smallest: dict[int, int] = {}

    def unit(number: int) -> int:
        while (found := smallest.setdefault(number, number)) != number:
            number = found
        return number

    for question in questions:
        first, *others = sorted(map(unit, question.scene_ids))
        smallest.update(dict.fromkeys(others, first))
    return {question.id: unit(question.scene_id) for question in questions}
