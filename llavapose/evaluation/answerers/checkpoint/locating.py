"""A checkpoint says where joints are: freely first, then under constraint where that was no place.

The free answer tells what the model says: a place, "not visible", or nothing that can be read. COCO's average precision
asks for a place of every joint, labelled as hidden or not: where the free answer is none, one is written that can only
be a place. A person's questions stand behind one copy of its picture.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.constrained import Constrained, Free
from llavapose.evaluation.answerers.checkpoint.generation import Prompt, greedy_in_turn
from llavapose.locate.codings import Coding
from llavapose.locate.replies import Spot, read_spot
from llavapose.records import Question

LONGEST = 24
"""Tokens of a free answer: a point in the longest coding and its mark."""


@dataclass(frozen=True, kw_only=True)
class Told:
    """The answer to one question.

    Attributes:
        text: as it was written freely.
        spot: what it says; None where it cannot be read.
        place: x, y in 0..1 of what was shown, of the free answer or of the constrained one.
        sure: mean probability of the place's tokens.
        num_tokens: written in all.
    """

    text: str
    spot: Spot | None
    place: tuple[float, float]
    sure: float
    num_tokens: int


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What answering took: wall seconds and tokens written, in all."""

    seconds: float
    num_tokens: int


def locate(
    answerer: CheckpointAnswerer,
    questions: Sequence[Question],
    images: Path,
    coding: Coding,
    *,
    people_at_once: int = 16,
) -> Iterator[Told]:
    """Where each asked joint is, in the order of the questions.

    Args:
        answerer: the checkpoint.
        questions: those of one person side by side, so that they share its picture.
        images: folder of the pictures.
        coding: how it was taught to write a point.
        people_at_once: pictures held at the same time.
    """
    groups: dict[str, list[Question]] = {}
    for question in questions:
        groups.setdefault(question.image, []).append(question)
    names = list(groups)
    for start in range(0, len(names), people_at_once):
        some = [question for name in names[start : start + people_at_once] for question in groups[name]]
        yield from _told(answerer, some, images, coding)


def timed(answers: Iterator[Told]) -> tuple[list[Told], Cost]:
    """All answers, and what they took."""
    start = perf_counter()
    found = list(answers)
    return found, Cost(seconds=perf_counter() - start, num_tokens=sum(one.num_tokens for one in found))


def _told(answerer: CheckpointAnswerer, questions: Sequence[Question], images: Path, coding: Coding) -> Iterator[Told]:
    prompts = list(answerer.loaded.reader.prompts(questions, images))
    free = Free()
    written = _write(answerer, prompts, free)
    texts = [answerer.tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in written]
    spots = [read_spot(text, coding) for text in texts]
    without = [at for at, spot in enumerate(spots) if spot is None or spot.place is None]
    forced = Constrained(
        answerer.tokenizer, begins=coding.begins, complete=coding.complete, ends=answerer.loaded.ends
    )  # fmt: skip
    again = dict(zip(without, _write(answerer, [prompts[at] for at in without], forced), strict=True))
    sure = {at: forced.sure[number] for number, at in enumerate(without)}
    for at, (text, spot) in enumerate(zip(texts, spots, strict=True)):
        if at in again:
            place = coding.read(answerer.tokenizer.decode(again[at], skip_special_tokens=True).strip())
            assert place is not None, "the constraint lets nothing else through"
        else:
            assert spot is not None and spot.place is not None
            place = spot.place
        told = sure.get(at, free.sure[at][: len(written[at])])
        yield Told(
            text=text, spot=spot, place=place, sure=sum(told) / max(len(told), 1),
            num_tokens=len(written[at]) + len(again.get(at, ())),
        )  # fmt: skip


def _write(answerer: CheckpointAnswerer, prompts: Sequence[Prompt], pick: Free | Constrained) -> list[list[int]]:
    if not prompts:
        return []
    told = greedy_in_turn(
        answerer.model, prompts, ends=answerer.loaded.ends, max_new_tokens=LONGEST, batch_size=answerer._rows, pick=pick
    )
    written = dict(told)
    return [written[at] for at in range(len(prompts))]
