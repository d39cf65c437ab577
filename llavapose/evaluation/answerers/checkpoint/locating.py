"""A checkpoint says where joints are: freely first, then under constraint where that was no place.

The free answer tells what the model says: a place, "not visible", or nothing that can be read. COCO's average precision
asks for a place of every joint, labelled as hidden or not: where the free answer is none, one is written that can only
be a place. A person's questions stand behind one copy of its picture.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from llavapose.evaluation.answerers.checkpoint.constrained import Constrained, Free
from llavapose.evaluation.answerers.checkpoint.generation import Prompt, greedy_in_turn
from llavapose.evaluation.answerers.checkpoint.loading import Loaded
from llavapose.evaluation.answerers.protocol import JointAnswer, PersonTold, Place
from llavapose.locate.codings import Coding
from llavapose.locate.forms import Form
from llavapose.locate.replies import (
    NOT_VISIBLE,
    Pointed,
    Spot,
    people_form,
    read_people,
    read_spot,
    read_spots,
    spots_form,
    write_people,
    write_spot,
    write_spots,
)
from llavapose.locate.shown import Query

MOST_PEOPLE = 12
"""Of a picture, in one answer: for as many there is room. A list of more, cut off or of bare boxes, is unread."""
_SPARE = 8
"""Tokens that an answer may be longer than the longest that was taught."""


def places(
    loaded: Loaded, queries: Sequence[Query], images: Path, coding: Coding, *, rows: int, pictures: int = 16
) -> Iterator[JointAnswer]:
    """What is answered to each query, in order.

    Args:
        loaded: the checkpoint.
        queries: those of one picture side by side, so that they share it.
        images: folder of the pictures.
        coding: how it was taught to write a point.
        rows: answers written at once.
        pictures: held at the same time.
    """
    groups: list[list[Query]] = []
    for query in queries:
        if groups and groups[-1][0].question.image == query.question.image:
            groups[-1].append(query)
        else:
            groups.append([query])
    for start in range(0, len(groups), pictures):
        some = [one for group in groups[start : start + pictures] for one in group]
        yield from _told(loaded, rows, some, images, coding)


def _told(loaded: Loaded, rows: int, queries: Sequence[Query], images: Path, coding: Coding) -> Iterator[JointAnswer]:
    prompts = list(loaded.reader.prompts([one.question for one in queries], images))
    free = Free()
    written = _write(loaded, rows, prompts, free, _longest(loaded.reader.tokenizer, queries, coding))
    found = [
        _freely(loaded.reader.tokenizer, ids, free.sure[at][: len(ids)], queries[at], coding)
        for at, ids in enumerate(written)
    ]
    forced = _forced(loaded, rows, prompts, queries, found, coding)
    for at, told in enumerate(found):
        if at not in forced:
            yield told
            continue
        again = forced[at]
        kept = {} if told.people else {name: told.places.get(name) or again.places[name] for name in queries[at].joints}
        yield replace(told, places=kept, people=again.people, num_tokens=told.num_tokens + again.num_tokens)


def _freely(tokenizer: Any, ids: Sequence[int], sure: Sequence[float], query: Query, coding: Coding) -> JointAnswer:
    """What an answer says by itself."""
    text = tokenizer.decode(ids, skip_special_tokens=True).strip()
    joints = query.joints
    if query.everyone:
        people = read_people(text, joints, coding)
        if people is not None and len(people) > MOST_PEOPLE:
            people = None
        told = _people_told(text, people or [], sure, _ends_of(tokenizer, ids))
        return JointAnswer(text=text, spots={}, places={}, num_tokens=len(ids), people=told, whole=people is not None)
    if len(joints) == 1:
        spots = {joints[0]: read_spot(text, coding)}
        spans = {joints[0]: (0, len(text))}
    else:
        spots = read_spots(text, joints, coding)
        spans = {name: _span(text, name) for name in joints}
    ends = _ends_of(tokenizer, ids) if len(joints) > 1 else []
    found: dict[str, Place] = {}
    for name, spot in spots.items():
        if spot is not None and spot.place is not None:
            own = _within(sure, ends, spans[name]) if ends else []
            found[name] = Place(x=spot.place[0], y=spot.place[1], sure=_mean(own or sure))
    return JointAnswer(text=text, spots=spots, places=found, num_tokens=len(ids))


def _forced(
    loaded: Loaded,
    rows: int,
    prompts: Sequence[Prompt],
    queries: Sequence[Query],
    found: Sequence[JointAnswer],
    coding: Coding,
) -> dict[int, JointAnswer]:
    """Answers in which every joint has a place, where the free ones lack some; index -> answer."""
    of_joints = {query.joints: _form(query.joints, coding) for query in queries}
    forms = {
        at: people_form([one.pointed for one in told.people], coding) if query.everyone else of_joints[query.joints]
        for at, (query, told) in enumerate(zip(queries, found, strict=True))
        if _lacks_places(query, told)
    }
    if not forms:
        return {}
    pick = Constrained(loaded.reader.tokenizer, list(forms.values()), ends=loaded.ends)
    # A token is a character at least.
    longest = max(len(form.atoms) for form in forms.values()) + 1
    _write(loaded, rows, [prompts[at] for at in forms], pick, longest)
    answers: dict[int, JointAnswer] = {}
    for number, (at, form) in enumerate(forms.items()):
        texts, sure, query = pick.texts[number], pick.sure[number], queries[at]
        assert form.whole(form.after(form.start, "".join(texts))), texts
        of_one, people = {}, ()
        if query.everyone:
            people = _placed(found[at].people, texts, sure, coding)
        else:
            of_one = _places_of(texts, sure, query.joints, coding)
        answers[at] = JointAnswer(text="".join(texts), spots={}, places=of_one, num_tokens=len(texts), people=people)
    return answers


def _form(joints: tuple[str, ...], coding: Coding) -> Form:
    return coding.form if len(joints) == 1 else spots_form(joints, coding)


def _lacks_places(query: Query, told: JointAnswer) -> bool:
    """Whether a joint that was asked for, or one of a person who was told, has no place."""
    if query.everyone:
        return any(spot is None or spot.place is None for one in told.people for spot in one.pointed.spots.values())
    return len(told.places) < len(query.joints)


def _placed(
    people: Sequence[PersonTold], texts: Sequence[str], sure: Sequence[float], coding: Coding
) -> tuple[PersonTold, ...]:
    """The same people with the places that were written under constraint."""
    text, ends = "".join(texts), _lengths(texts)
    starts = [*_starts(text), len(text)]
    found = []
    for one, first, last in zip(people, starts, starts[1:], strict=False):
        lacking = [name for name, spot in one.pointed.spots.items() if spot is None or spot.place is None]
        found.append(replace(one, places=_read_places(text, (first, last), lacking, sure, ends, coding)))
    return tuple(found)


def _places_of(texts: Sequence[str], sure: Sequence[float], joints: Sequence[str], coding: Coding) -> dict[str, Place]:
    """The places of an answer under constraint."""
    text = "".join(texts)
    if len(joints) == 1:
        return {joints[0]: Place(*coding.nearest(text), _mean(sure))}
    return _read_places(text, (0, len(text)), joints, sure, _lengths(texts), coding)


def _read_places(
    text: str, part: tuple[int, int], joints: Sequence[str], sure: Sequence[float], ends: Sequence[int], coding: Coding
) -> dict[str, Place]:
    """The places that a part of such an answer tells of joints, each with the probabilities of its own tokens."""
    found = {}
    for name in joints:
        first, last = (part[0] + at for at in _span(text[slice(*part)], name))
        found[name] = Place(*coding.nearest(text[first:last]), _mean(_within(sure, ends, (first, last))))
    return found


def _lengths(texts: Sequence[str]) -> list[int]:
    """How long the text is behind each token."""
    return list(accumulate(map(len, texts)))


def _starts(text: str) -> list[int]:
    """Where each person of an answer begins."""
    return [at for at in range(len(text)) if text.startswith('"box"', at)]


def _within(sure: Sequence[float], ends: Sequence[int], span: tuple[int, int]) -> list[float]:
    """Of the tokens that stand in a span of the text."""
    return [value for value, end in zip(sure, ends, strict=True) if span[0] < end <= span[1]]


def _people_told(
    text: str, people: Sequence[Pointed], sure: Sequence[float], ends: Sequence[int]
) -> tuple[PersonTold, ...]:
    """Each person with the probabilities of its own tokens: from its box to the next one's."""
    starts = _starts(text)
    if len(starts) != len(people):  # read, but spaced or ordered in another way than it was taught
        return tuple(PersonTold(pointed=one, sure=_mean(sure), sure_of={}) for one in people)
    found = []
    for one, first, last in zip(people, starts, [*starts, len(text)][1:], strict=True):
        part = text[first:last]
        spans = {name: _span(part, name) for name in one.spots}
        own = {name: _within(sure, ends, (first + begin, first + end)) for name, (begin, end) in spans.items()}
        of = {name: _mean(values) for name, values in own.items() if values}
        found.append(PersonTold(pointed=one, sure=_mean(_within(sure, ends, (first, last))), sure_of=of))
    return tuple(found)


def _span(text: str, name: str) -> tuple[int, int]:
    """From where to where a joint's value stands in an answer for all joints."""
    first = text.find(f'"{name}":"')
    if first < 0:
        return 0, 0
    first += len(name) + 4
    return first, text.find('"', first)


def _ends_of(tokenizer: Any, ids: Sequence[int]) -> list[int]:
    """How long the text is behind each token."""
    return [len(tokenizer.decode(ids[: at + 1], skip_special_tokens=True).lstrip()) for at in range(len(ids))]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / max(len(values), 1)


def _longest(tokenizer: Any, queries: Sequence[Query], coding: Coding) -> int:
    """Tokens of the longest answer that can be meant."""
    hidden = Spot(x=0.888, y=0.888, hidden=True)
    texts = {NOT_VISIBLE}
    for joints, everyone in {(query.joints, query.everyone) for query in queries}:
        if everyone:
            one = Pointed(corners=((0.888, 0.888), (0.888, 0.888)), spots=dict.fromkeys(joints, hidden))
            texts.add(write_people([one] * MOST_PEOPLE, coding))
        elif len(joints) == 1:
            texts.add(write_spot(hidden, coding))
        else:
            texts.add(write_spots(dict.fromkeys(joints, hidden), coding))
    return max(len(tokenizer(text, add_special_tokens=False).input_ids) for text in texts) + _SPARE


def _write(
    loaded: Loaded, rows: int, prompts: Sequence[Prompt], pick: Free | Constrained, longest: int
) -> list[list[int]]:
    told: Mapping[int, list[int]] = dict(
        greedy_in_turn(
            loaded.model, prompts, ends=loaded.ends, max_new_tokens=longest,
            batch_size=rows, pick=pick,
        )
    )  # fmt: skip
    return [told[at] for at in range(len(prompts))]
