"""What a benchmark is: questions, and the pictures that they are about.

``_target_`` of the group ``benchmark`` names a class or function that makes one from the group's settings; an argument
``scenes`` is given the settings of the held-out pictures, and ``pictures`` whether they must be there: a plan needs the
questions alone. Whatever it draws, it draws by a seed: equal settings ask
equal questions, and their hash stands beside every result.
"""

from collections.abc import Sequence
from typing import Protocol

from llavapose.files import fingerprint
from llavapose.pictures import plain_name
from llavapose.records import Question, to_dict
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
    return fingerprint([{**to_dict(question), "image": plain_name(question.image)} for question in questions])
