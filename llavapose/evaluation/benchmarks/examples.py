"""The pictures and questions that the papers quote, with the beginnings of the answers that they quote.

Pictures are named by COCO's ids, which the papers print; the questions are theirs word for word, the answers short
quotes. What their text does not tell stands in ``NOT_TOLD``.
"""

import logging
from dataclasses import dataclass, replace
from functools import cached_property

from llavapose.config.scenes import ScenesConfig
from llavapose.evaluation.benchmarks.coco_pictures import check_there, names_in
from llavapose.records import Answer, Question
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes

log = logging.getLogger(__name__)

PREPRINT, ACIVS = "arXiv 2409.09306, Table 2", "ACIVS 2025, Table 3"


@dataclass(frozen=True, kw_only=True)
class Example:
    """One quoted question: ``scene_id`` in COCO val2014, and model -> how its quoted answer begins."""

    source: str
    scene_id: int
    kind: str
    text: str
    quoted: tuple[tuple[str, str], ...]


EXAMPLES: tuple[Example, ...] = (
    Example(
        source=PREPRINT,
        scene_id=236766,
        kind="complex",
        text="What could be the reason for the tennis player's intense posture during the serve?",
        quoted=(
            ("LLaVA-7B", "The tennis player's intense posture during the serve is likely due to the need for power, "
             "accuracy, and control in the serve. ..."),
            ("Enhanced LLaVA-7B", "The tennis player's intense posture during the serve is likely due to the physical "
             "demands and technique required for an effective serve in tennis. ..."),
        ),
    ),
    Example(
        source=PREPRINT,
        scene_id=494608,
        kind="detail",
        text="Carefully observe the people in the image and share the details of their poses and actions.",
        quoted=(
            ("LLaVA-7B", "In the image, there are two people standing in the snow, both wearing skis. ..."),
            ("Enhanced LLaVA-7B", "In the image, there are two main individuals prominently featured, both standing on "
             "skis in a snowy environment. ..."),
        ),
    ),
    Example(
        source=ACIVS,
        scene_id=60992,
        kind="detail",
        text="Portray the poses and actions of people in the image with a rich, descriptive narrative.",
        quoted=(
            ("V*", "In the image, a man is swinging a tennis racket on a court, while two other people are present in "
             "the scene. ..."),
            ("Qwen2-VL-7B", "In the image, a tennis player is captured in the midst of an intense rally ..."),
            ("Qwen2-VL-72B", "In the image, a man is captured in the midst of an intense tennis match. ..."),
            ("LLaVA-1.5-7B", "The image captures a tennis match in progress, with a man in a red shirt ..."),
            ("Enhanced LLaVA-1.5-7B", "In the image, there are three individuals engaged in a dynamic scene ..."),
        ),
    ),
)  # fmt: skip

NOT_TOLD = (
    "Sensors 2025, Tables 6 and 7 (a tennis player, a surfer): pictures, questions and answers are printed as images; "
    "their text names no COCO id",
    "arXiv 2409.09306, Table 1 (a skier in the woods): the teacher's example, without a COCO id",
)
"""Examples of the papers that cannot be asked."""


class PaperExamples:
    """The quoted questions, about the held-out pictures of COCO 2014.

    Args:
        scenes: the held-out pictures, those of val2014 among them.
        pictures: whether they must be there.
    """

    name = "paper_examples"

    def __init__(self, scenes: ScenesConfig, pictures: bool = True) -> None:
        self._scenes, self._pictures = scenes, pictures
        for line in NOT_TOLD:
            log.info("%s: left out: %s", self.name, line)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """In the papers' order."""
        return tuple(
            Question(
                id=f"{one.scene_id}-{one.kind}",
                scene_id=one.scene_id,
                image=self._images[one.scene_id],
                kind=one.kind,
                text=one.text,
            )
            for one in EXAMPLES
        )

    @property
    def quoted(self) -> tuple[Answer, ...]:
        """The answers that the papers quote, cut short; ``arm`` is the papers' name of the model, with the source."""
        return tuple(
            Answer(question_id=f"{one.scene_id}-{one.kind}", arm=f"{model} ({one.source})", text=text, finish="length")
            for one in EXAMPLES
            for model, text in one.quoted
        )

    @cached_property
    def scenes(self) -> SceneSet:
        """The quoted pictures alone: nothing else is looked at."""
        if self._pictures:
            check_there(self._opened, self._images, self.name, self._scenes)
        chosen = tuple(scene for scene in self._opened.scenes if scene.id in self._images)
        return replace(self._opened, scenes=chosen)

    @cached_property
    def _opened(self) -> SceneSet:
        return open_scenes(self._scenes, "val", pictures=False)

    @cached_property
    def _images(self) -> dict[int, str]:
        wanted = {one.scene_id: f"COCO_val2014_{one.scene_id:012}.jpg" for one in EXAMPLES}
        return names_in(self._opened, wanted, self.name, self._scenes, "coco2014")
