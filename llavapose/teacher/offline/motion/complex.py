"""Reasoning about a clip: questions whose answers need the order of what is seen, or the change from start to end.

Each theme looks at the course for one person, or two, and gives a question with its answer; None where the course
gives no ground. What people aim at is said only where captions name an action.
"""

import random

from llavapose.pose.language import sentence
from llavapose.teacher.offline.motion.course import Course
from llavapose.teacher.offline.motion.themes import THEMES

Texts = tuple[str, str]
"""Question and answer."""


def questions_and_answers(course: Course, seed: int, num: int | None = None) -> list[Texts]:
    """The first ``num`` questions with their answers, None: all; a larger number begins with the same."""
    rng = random.Random(f"{seed}/{course.scene.id}/motion/complex")
    once = [(theme, person) for theme in THEMES for person in course.people]
    # A theme's second wording comes only after every theme's first.
    cases = [*rng.sample(once, len(once)), *rng.sample(once, len(once))]
    found: dict[str, str] = {}
    for index, (theme, person) in enumerate(cases):
        if num is not None and len(found) >= num:
            break
        texts = theme(course, person, random.Random(f"{seed}/{course.scene.id}/motion/complex/{index}"))
        if texts:
            question, answer = texts
            found.setdefault(sentence(question), " ".join(sentence(text) for text in answer.split("|")))
    return list(found.items())
