"""The best answer that needs no picture: what the pose judge rates best over training scenes, given the question.

The control that every arm must beat. Tried are the commonest value, to a question for one fact, what holds most often,
in descriptions and reasoning, in every number of sentences up to ``MOST_STATEMENTS``, and saying nothing, which is
rated 1: a guess that expects less is not made.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from llavapose.evaluation.judges.pose.chance import HOLDS, OPEN
from llavapose.evaluation.judges.pose.judge import in_motion
from llavapose.evaluation.judges.pose.rating import RISE, Scale, read
from llavapose.evaluation.judges.pose.said import read_answer
from llavapose.files import fingerprint
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import Answer, Question

MOST_STATEMENTS = 8
"""Longest answer, in sentences: as many as the offline teacher's descriptions have."""
LEAST_DECIDED = 0.5
"""Share of training scenes that must decide a statement for it to be said: what hardly ever applies says nothing."""
NUM_TRIED = 400
"""Training scenes that answers of each length are tried on."""


class PriorAnswerer:
    """Answers from the training scenes' distribution alone.

    Args:
        scale: gives their chances; called when it is first needed.
    """

    batch_size = 1
    controls = ()

    def __init__(self, scale: Callable[[], Scale]) -> None:
        self._scale = scale
        self._found: dict[tuple[str, bool], str] = {}

    def identity(self) -> list[Any]:
        """What the training scenes say, and how often."""
        told = {"|".join(map(str, slot)): dict(counted) for slot, counted in self._scale().statements.items()}
        return ["prior", MOST_STATEMENTS, NUM_TRIED, fingerprint(told)]

    def answers(self, questions: Sequence[Question], images: Path, arm: str) -> Iterator[Answer]:
        """One answer a question, in order; ``images`` is not looked at."""
        for question in questions:
            yield Answer(question_id=question.id, arm=arm, text=self.answer(question))

    def answer(self, question: Question) -> str:
        """The best answer by the question's words alone; "" where nothing is rated better than nothing."""
        asked = question.asked
        slots = [
            slot for slot in self._scale().statements if asked is not None and slot[:2] == (asked.kind, asked.part)
        ]
        if not slots:
            return self._free(question.kind if question.kind in RISE else "detail", bool(question.times_s))
        named = [slot for slot in slots if slot[2] in question.text.lower()]
        slot = max(named or slots, key=lambda slot: len(slot[2]))  # "the person on the left" is "the person", too
        moving = slot[0] in VALUES
        share = self._expected if moving else self._share
        guess = max(sorted(self._scale().statements[slot]), key=share)
        # What is right earns 1 - p and what is wrong loses p: on average a guess earns its share less p.
        return guess if share(guess) > self._scale().by_chance(read(guess, moving)) else ""

    def _expected(self, text: str) -> float:
        """How often a statement of a motion holds, where few clips have it too."""
        return self._scale().chance.movements.expected(read(text, True))

    def _free(self, kind: str, moving: bool) -> str:
        """The likeliest statements, as many as are rated best over training scenes; none is a number, too.

        ``moving``: of a clip, whose motions alone count.
        """
        if (kind, moving) in self._found:
            return self._found[kind, moving]
        slots = [slot for slot in self._scale().statements if slot[0] in VALUES or not moving]
        texts = sorted({text for slot in slots for text in self._scale().statements[slot]})
        likeliest = sorted(texts, key=lambda text: (-self._share(text, moving, LEAST_DECIDED), text))[:MOST_STATEMENTS]
        tried = [" ".join(likeliest[:num]) for num in range(len(likeliest) + 1)]
        self._found[kind, moving] = max(tried, key=lambda text: self._mean_rating(text, kind, moving))
        return self._found[kind, moving]

    def _mean_rating(self, text: str, kind: str, moving: bool) -> float:
        chance, ratings = self._scale().chance, []
        for scene, facts in zip(chance.scenes[:NUM_TRIED], chance.facts, strict=False):
            reading, counted = read_answer(text, scene, facts), tuple(facts)
            if moving:
                counted, reading = in_motion(facts, reading, None)
            ratings.append(self._scale().free(reading.said, kind, scene, counted).rating)
        return sum(ratings) / max(1, len(ratings))

    def _share(self, text: str, moving: bool = False, least_decided: float = 0.0) -> float:
        """How often a statement holds of the training scenes that decide it; 0 where too few do."""
        outcomes = [self._scale().chance.outcomes(claim) for claim in read(text, moving)]
        if not outcomes:
            return 0.0
        decided = np.logical_and.reduce([one != OPEN for one in outcomes])
        hold = np.logical_and.reduce([one == HOLDS for one in outcomes])
        return float(hold.sum() / decided.sum()) if decided.any() and decided.mean() >= least_decided else 0.0
