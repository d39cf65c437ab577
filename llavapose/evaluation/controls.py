"""The controls that every rating is read beside: what the same judge gives where there is nothing to see.

- ``prior``: an arm of its own, the best answer that needs no picture, made from the training scenes
  (``answerers/prior``).
- ``shuffled``: the model with another question's picture, one cycle over all pictures, so never its own.
- ``no_picture``: the model without any picture.

An arm that has learnt to look beats the first two. Files lie beside the arm's own, in folders of the control's name:
``answers/shuffled/full.jsonl``, ``verdicts/pose/shuffled/full.jsonl``.
"""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from llavapose.config.choices import Control
from llavapose.records import Question

NO_IMAGE = ""
"""``Question.image`` of a question that is asked without a picture."""
SEED = 0
"""Draws the cycle of shuffled pictures; the same for every arm."""


def asked_under(questions: Sequence[Question], control: Control) -> tuple[Question, ...]:
    """The same questions with the pictures that a control shows."""
    if control == Control.no_picture:
        return tuple(replace(question, image=NO_IMAGE) for question in questions)
    own = {question.scene_id: question.image for question in questions}
    other = cycled(own, SEED)
    return tuple(replace(question, image=other[question.scene_id]) for question in questions)


def cycled(own: dict[int, str], seed: int) -> dict[int, str]:
    """Scene id -> the image of another scene: one cycle over all of them, and its own only where there is no other."""
    order = sorted(own)
    Random(seed).shuffle(order)
    return {scene: own[following] for scene, following in zip(order, order[1:] + order[:1], strict=True)}
