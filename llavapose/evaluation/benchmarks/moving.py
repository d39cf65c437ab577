"""Questions about clips: the same three kinds, about how people move.

``conv`` asks openly for one movement, ``detail`` for the whole course, ``complex`` for reasoning that needs it. A
question lists all frames of its scene; how many are shown is the answerer's (``answerer.frames``).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from llavapose.evaluation.probe.counterparts import is_one_way
from llavapose.pose.language import ask_open
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import Asked, Fact, FurtherPicture, Question, Scene
from llavapose.teacher.offline.balance import Balance
from llavapose.teacher.offline.motion.complex import questions_and_answers
from llavapose.teacher.offline.motion.course import course_of, steady_names
from llavapose.teacher.offline.teacher import ANY_QUESTION
from llavapose.teacher.prompts.motion import INSTRUCTIONS


def askable_motions(scene: Scene, facts: Sequence[Fact]) -> list[Fact]:
    """The sure motions that a conv question can ask for: of somebody who is called the same in all frames, one way."""
    names = steady_names(scene)
    motions = [fact for fact in facts if fact.kind in VALUES]
    found = [f for f in motions if f.sure and f.person is not None and names[f.person] and is_one_way(f, motions)]
    num_of = {(f.person, f.part): sum((o.person, o.part) == (f.person, f.part) for o in motions if o.kind == f.kind)
              for f in found if f.kind == "order"}  # fmt: skip
    # Before whom is not among what a question says that it asks for.
    return [f for f in found if f.kind != "order" or (num_of[f.person, f.part] == 1 and names[f.target or 0])]


def qualifies_over_time(scene: Scene, facts: Sequence[Fact]) -> bool:
    """Whether the facts can judge a question of every kind about a clip: a movement that can be asked for."""
    return len(scene.frames) > 1 and bool(askable_motions(scene, facts))


def texts_about(scene: Scene, facts: Sequence[Fact], fact: Fact, rng: np.random.Generator) -> dict[str, str]:
    """Kind -> what is asked about a clip; conv asks for ``fact``."""
    course = course_of(scene, facts, "keypoints", Balance())
    reasoned = questions_and_answers(course, int(rng.integers(2**31)), 1)
    return {
        "conv": ask_open(fact, scene, int(rng.integers(2)), steady_names(scene)),
        "detail": INSTRUCTIONS[rng.integers(len(INSTRUCTIONS))],
        "complex": reasoned[0][0] if reasoned else ANY_QUESTION,
    }


def about_clip(scene: Scene, kind: str, texts: Mapping[str, str], asked: Asked | None) -> Question:
    """A question about all frames of a scene."""
    first, *rest = scene.frames
    return Question(
        id=f"{scene.id}-{kind}",
        scene_id=scene.id,
        image=first.image,
        kind=kind,
        text=texts[kind],
        asked=asked,
        further=tuple(FurtherPicture(scene_id=scene.id, image=frame.image) for frame in rest),
        times_s=tuple(frame.time_s for frame in scene.frames),
    )
