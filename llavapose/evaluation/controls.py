"""The controls that every rating is read beside: what the same judge gives where there is nothing to see.

- ``prior``: an arm of its own, the best answer that needs no picture, made from the training scenes
  (``answerers/prior``).
- ``shuffled``: the model with another question's picture, one cycle over all pictures, so never its own. Questions
  about several pictures see others' of the same number, none of their own where there are any; those about frames see
  another clip's.
- ``no_picture``: the model without any picture.
- ``frames_shuffled``, ``reversed``, ``repeated``: the model with its own frames in another order, from the last to the
  first, or with the middle one in all places. They are asked of questions about frames alone, two or more. The times
  stay in their places while the pictures move.

An arm that has learnt to look beats the first two; one that has learnt order falls when its frames are reversed. Files
lie beside the arm's own, in folders of the control's name: ``answers/shuffled/full.jsonl``,
``verdicts/pose/shuffled/full.jsonl``.

Which frames a model is shown is chosen first (``with_chosen_frames``), and a control moves those that it is shown: only
so is ``reversed`` just the reverse of what the arm saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any, TypeVar

from llavapose.config.choices import Control
from llavapose.frames import chosen, middle
from llavapose.records import Question

NO_IMAGE = ""
"""``Question.image`` of a question that is asked without a picture."""
SEED = 0
"""Draws the cycle of shuffled pictures; the same for every arm."""
FEWEST_ORDERED = 2
"""Frames that have an order."""
USUAL_FRAMES = 8
"""Frames of a clip that are shown where nothing says how many: what most tuned video models were trained with."""

Images = tuple[str, ...]
Shown = Mapping[int, Images]
"""Scene id -> a picture, or frames in order; () where none is shown."""
_T = TypeVar("_T")


def frames_of(answerer: Any) -> int | None:
    """How many frames of a clip an answerer is shown; None: all, of one that does not say."""
    return getattr(answerer, "frames", None)


def with_chosen_frames(question: Question, wanted: int | None) -> Question:
    """The same question about those of its frames that are shown where ``wanted`` are asked for; None: all."""
    if wanted is None or len(question.times_s) <= wanted:
        return question
    places = chosen(len(question.times_s), wanted)
    return replace(
        question,
        image=question.images[places[0]],
        further=tuple(question.further[place - 1] for place in places[1:]),
        times_s=tuple(question.times_s[place] for place in places),
    )


def can_ask(questions: Sequence[Question], control: Control) -> bool:
    """Whether any of these can be asked under a control."""
    return not control.of_frames or any(map(_ordered, questions))


def _ordered(question: Question) -> bool:
    return len(question.times_s) >= FEWEST_ORDERED


def asked_under(questions: Sequence[Question], control: Control) -> tuple[Question, ...]:
    """The questions with the pictures that a control shows; of a control of frames, those about frames alone."""
    if control == Control.no_picture:
        return tuple(question.showing(()) for question in questions)
    if control.of_frames:
        return tuple(one.showing(moved(one.images, control, one.scene_id)) for one in questions if _ordered(one))
    return tuple(question.showing(images) for question, images in zip(questions, _shuffled(questions), strict=True))


def moved(images: Images, control: Control, scene: int) -> Images:
    """A clip's frames as a control of frames shows them, as many.

    ``frames_shuffled`` draws an order by the scene's number, so that all that is asked about a clip sees the same; it
    is never the frames' own, and never the reversed one where there are others (two frames have no other).
    """
    if control == Control.reversed:
        return images[::-1]
    if control == Control.repeated:
        return (images[middle(len(images))],) * len(images)
    own = list(range(len(images)))
    kept = [own] if len(own) < 3 else [own, own[::-1]]
    order, rng = [*own], Random(f"{SEED} {scene}")
    while order in kept and len(own) > 1:
        rng.shuffle(order)
    return tuple(images[place] for place in order)


def _shuffled(questions: Sequence[Question]) -> list[Images]:
    """Others' pictures for each question: other clips' frames for clips, other pictures for pictures."""
    still = {one.scene_ids: one.images for one in questions if not one.times_s}
    other: dict[tuple[int, ...], Images] = {}
    for num in {len(numbers) for numbers in still}:
        other |= _others({numbers: images for numbers, images in still.items() if len(numbers) == num})
    clips = cycled({one.scene_id: one.images for one in questions if one.times_s}, SEED)
    return [spread(clips[one.scene_id], len(one.images)) if one.times_s else other[one.scene_ids] for one in questions]


def spread(images: Images, num: int) -> Images:
    """As many frames of another clip as are asked for, evenly; where it has fewer, some twice."""
    if num <= len(images):
        return tuple(images[place] for place in chosen(len(images), num))
    return tuple(images[place * len(images) // num] for place in range(num))


def _others(own: dict[tuple[int, ...], Images]) -> dict[tuple[int, ...], Images]:
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


def cycled(own: Mapping[int, _T], seed: int) -> dict[int, _T]:
    """Scene id -> what another scene shows: one cycle over all of them, and its own only where there is no other."""
    order = sorted(own)
    Random(seed).shuffle(order)
    return {scene: own[following] for scene, following in zip(order, order[1:] + order[:1], strict=True)}
