"""The benchmark of held-out pictures, built as E-HPAUB is: a question of each kind about every picture, or clip.

Which pictures take part, and so which questions can be judged, follows from the scenes' facts alone: it is decided
before any answer is seen and is the same for every arm.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property

import numpy as np

from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.benchmarks.moving import about_clip, askable_motions, qualifies_over_time, texts_about
from llavapose.evaluation.judges.pose.judge import is_judgeable
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import ask_open
from llavapose.pose.people import references
from llavapose.records import Asked, Fact, Question, Scene
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.open import open_scenes
from llavapose.teacher.offline.teacher import complex_question
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS

NUM_IMAGES = 90
_KINDS = ("conv", "detail", "complex")
"""Kinds of question that the world can ask, in the papers' order."""

ASKED_KINDS = ("elbow", "knee", "arm_height", "arm_side", "legs", "trunk", "stance", "facing")
"""Kinds that a conv question asks for: what one person's pose shows, no reference gives away and no guess
finds often (a leg is on the ground three times in four)."""

FEWEST_FACTS = 8
"""Sure facts that a picture must have: fewer make no description."""


class WorldBenchmark:
    """Questions about the held-out pictures of any annotated scenes, the built-in world's by default.

    Args:
        scenes: where the held-out pictures come from.
        num_images: how many pictures; 0 asks nothing.
        seed: draws pictures and questions.
        pictures: whether they must be there.
    """

    def __init__(
        self, scenes: ScenesConfig, num_images: int = NUM_IMAGES, seed: int = 0, pictures: bool = True
    ) -> None:
        self.name = scenes.name
        self._scenes, self._num_images, self._seed, self._pictures = scenes, num_images, seed, pictures

    @cached_property
    def scenes(self) -> SceneSet:
        """All held-out pictures, those without a question too."""
        return open_scenes(self._scenes, "val", pictures=self._pictures)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Three questions a picture; raises ConfigError where too few pictures qualify."""
        if not self._num_images:
            return ()
        return build_benchmark(self.scenes.scenes, seed=self._seed, num_images=self._num_images)


def build_benchmark(
    scenes: Iterable[Scene],
    facts_of: Callable[[Scene], Sequence[Fact]] = scene_facts,
    seed: int = 0,
    num_images: int = NUM_IMAGES,
) -> tuple[Question, ...]:
    """One question of each kind about ``num_images`` pictures that can be judged on all three.

    Args:
        scenes: held-out scenes.
        facts_of: scene -> facts.
        seed: draws pictures and questions.
        num_images: how many pictures.

    Raises:
        ConfigError: fewer pictures qualify.
    """
    rng = np.random.default_rng(seed)
    pictures = sorted(scenes, key=lambda scene: scene.id)
    questions: list[Question] = []
    for index in rng.permutation(len(pictures)):
        if len(questions) == len(_KINDS) * num_images:
            break
        scene = pictures[index]
        facts = facts_of(scene)
        if qualifies(scene, facts):
            questions += questions_about(scene, facts, rng)
    found = len(questions) // len(_KINDS)
    if found < num_images:
        raise ConfigError(
            f"benchmark: {found} of {len(pictures)} held-out pictures can be judged on all three kinds; expected "
            f"{num_images}: lower benchmark.num_images or raise scenes.num_val"
        )
    return tuple(sorted(questions, key=lambda question: (question.scene_id, _KINDS.index(question.kind))))


def askable(scene: Scene, facts: Sequence[Fact]) -> list[Fact]:
    """The sure facts that a conv question can ask for."""
    names = references(scene)
    return [f for f in facts if f.sure and f.kind in ASKED_KINDS and f.person is not None and names[f.person]]


def qualifies(scene: Scene, facts: Sequence[Fact]) -> bool:
    """Whether the facts can judge a question of every kind: one to ask for, and enough to tell of."""
    if scene.frames:
        return qualifies_over_time(scene, facts)
    return bool(askable(scene, facts)) and sum(fact.sure for fact in facts) >= FEWEST_FACTS


def questions_about(scene: Scene, facts: Sequence[Fact], rng: np.random.Generator) -> list[Question]:
    """The three questions about one picture, or about a clip's frames.

    Conv draws the kind of fact first, so that common kinds weigh no more.
    """
    found = askable_motions(scene, facts) if scene.frames else askable(scene, facts)
    kinds = sorted({fact.kind for fact in found})
    kind = kinds[rng.integers(len(kinds))]
    of_kind = [fact for fact in found if fact.kind == kind]
    fact = of_kind[rng.integers(len(of_kind))]
    asked = {"conv": Asked(kind=fact.kind, person=fact.person, part=fact.part)}
    if scene.frames:
        texts = texts_about(scene, facts, fact, rng)
        questions = [about_clip(scene, name, texts, asked.get(name)) for name in _KINDS]
    else:
        texts = _still_texts(scene, facts, fact, rng)
        questions = [
            Question(
                id=f"{scene.id}-{name}",
                scene_id=scene.id,
                image=scene.image,
                kind=name,
                text=texts[name],
                asked=asked.get(name),
            )
            for name in _KINDS
        ]
    assert all(is_judgeable(question, facts) for question in questions)
    return questions


def _still_texts(scene: Scene, facts: Sequence[Fact], fact: Fact, rng: np.random.Generator) -> dict[str, str]:
    return {
        # Openly: of two values that a question names, one is true, which tells half of the answer.
        "conv": ask_open(fact, scene, int(rng.integers(2))),
        "detail": DETAIL_INSTRUCTIONS[rng.integers(len(DETAIL_INSTRUCTIONS))],
        "complex": complex_question(scene, facts, int(rng.integers(2**31))),
    }


def benchmark_texts(config: ScenesConfig) -> tuple[str, ...]:
    """The questions that a benchmark of these settings' held-out pictures asks; none where it cannot be built here."""
    try:
        return tuple(question.text for question in WorldBenchmark(config).questions)
    except (ConfigError, DataError):
        return ()
