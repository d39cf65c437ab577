"""The controls that every rating is read beside: what the same judge gives where there is nothing to see.

- ``prior``: an arm of its own, the best answer that needs no picture, made from the training scenes
  (``answerers/prior``).
- ``shuffled``: the model with another question's picture, one cycle over all pictures, so never its own. Questions
  about several pictures see others' of the same number, none of their own where there are any.
- ``no_picture``: the model without any picture.

An arm that has learnt to look beats the first two. Files lie beside the arm's own, in folders of the control's name:
``answers/shuffled/full.jsonl``, ``verdicts/pose/shuffled/full.jsonl``.
"""

from collections.abc import Sequence
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
        return tuple(question.showing(()) for question in questions)
    own = {question.scene_ids: question.images for question in questions}
    other: dict[tuple[int, ...], tuple[str, ...]] = {}
    for num in {len(numbers) for numbers in own}:
        other |= _others({numbers: images for numbers, images in own.items() if len(numbers) == num})
    return tuple(question.showing(other[question.scene_ids]) for question in questions)


def _others(own: dict[tuple[int, ...], tuple[str, ...]]) -> dict[tuple[int, ...], tuple[str, ...]]:
    """Numbers of pictures -> others' pictures: of those that come next in one cycle, the first that shares none.

    Where all share some, the one that shares fewest; its own only where there is no other.
    """
    order = sorted(own)
    Random(SEED).shuffle(order)
    found = {}
    for place, numbers in enumerate(order):
        best, fewest = numbers, len(numbers) + 1
        for other in (*order[place + 1 :], *order[:place]):
            if (shared := len(set(numbers) & set(other))) < fewest:
                best, fewest = other, shared
            if not fewest:
                break
        found[numbers] = own[best]
    return found


def cycled(own: dict[int, str], seed: int) -> dict[int, str]:
    """Scene id -> the image of another scene: one cycle over all of them, and its own only where there is no other."""
    order = sorted(own)
    Random(seed).shuffle(order)
    return {scene: own[following] for scene, following in zip(order, order[1:] + order[:1], strict=True)}
