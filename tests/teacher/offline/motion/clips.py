"""Clips by hand and by lot: people who stand in 16 frames, and what is said to move in them."""

import random
from dataclasses import replace

from llavapose.frames import middle
from llavapose.pose.motion.vocabulary import PARTS, VALUES
from llavapose.records import Fact, Frame, Scene
from tests.drawn_by_hand import standing

NUM_FRAMES, STEP_S = 16, 0.2
PLACES = {1: (0.5,), 2: (0.2, 0.8), 3: (0.15, 0.5, 0.85)}
CAPTIONS = (
    ("A woman is waving on the street.", "a woman waving"),
    ("A man is sitting on a bench in a park.",),
    ("A boy is throwing a ball.",),
    ("A person doing something.",),
    (),
)


def clip(number: int, num_people: int = 1, captions: tuple[str, ...] = ()) -> Scene:
    """A scene of 16 frames in which everybody keeps their place."""
    people = tuple(standing(10 * number + index, x) for index, x in enumerate(PLACES[num_people]))
    frames = tuple(
        Frame(image=f"{number}/{index:02}.jpg", time_s=round(index * STEP_S, 3), people=people)
        for index in range(NUM_FRAMES)
    )
    return Scene(
        id=number, image=frames[middle(NUM_FRAMES)].image, width=300, height=300, captions=captions, people=people,
        frames=frames, video=f"video {number}",
    )  # fmt: skip


def motion(
    kind: str, value: str, start: float, end: float, part: str | None = None, person: int = 0, sure: bool = True
) -> Fact:
    """A motion fact with its span."""
    return Fact(kind=kind, person=person, value=value, sure=sure, part=part, span_s=(start, end))


def by_lot(number: int) -> tuple[Scene, tuple[Fact, ...]]:
    """A clip of one to three people with one to four movements each, of which some are unsure."""
    rng = random.Random(number)
    scene = clip(number, rng.choice((1, 1, 2, 3)), rng.choice(CAPTIONS))
    if len(scene.people) > 1:
        scene = replace(scene, captions=rng.choice((("Two people are outside.",), ())))
    found: list[Fact] = []
    for person in range(len(scene.people)):
        for _ in range(rng.randint(1, 4)):
            kind = rng.choice([kind for kind in VALUES if kind != "order"])
            part = rng.choice(PARTS[kind]) if kind in PARTS else None
            start = round(rng.randint(0, 11) * STEP_S, 1)
            end = round(start + rng.randint(2, 4) * STEP_S, 1)
            value = rng.choice(VALUES[kind][:6])
            sure = rng.random() < 0.85
            # One fact a part of a person, as tracks have it.
            if not any(fact.person == person and (fact.part or fact.kind) == (part or kind) for fact in found):
                found.append(motion(kind, value, start, end, part, person, sure=sure))
    if len(scene.people) == 2 and rng.random() < 0.7:
        spans = [min((f.span_s or (9.0, 9.0) for f in found if f.person == person)) for person in (0, 1)]
        if abs(spans[0][0] - spans[1][0]) >= 0.4:
            value = "before" if spans[0] < spans[1] else "after"
            found.append(Fact(kind="order", person=0, target=1, value=value, sure=True, span_s=spans[0]))
            back = "after" if value == "before" else "before"
            found.append(Fact(kind="order", person=1, target=0, value=back, sure=True, span_s=spans[1]))
    return scene, tuple(found)


def raising(number: int, num_people: int = 1) -> Scene:
    """Everybody stands; the first one raises the left hand past the shoulder from about 0.6 s on, by real joints."""
    scene = clip(number, num_people, ("A woman is waving in a park.",) if num_people == 1 else ())
    lifts = [max(-0.14, min(0.12, 0.12 - 0.05 * (index - 3))) for index in range(NUM_FRAMES)]
    frames = tuple(
        replace(frame, people=(standing(10 * number, PLACES[num_people][0], lift=lift), *frame.people[1:]))
        for frame, lift in zip(scene.frames, lifts, strict=True)
    )
    people = tuple(person for person in frames[middle(NUM_FRAMES)].people if person)
    return replace(scene, frames=frames, people=people)
