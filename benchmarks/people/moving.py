"""Scenes over time, changed: backwards, thinned, mirrored, held still, with joints off; and what facts must become."""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from benchmarks.people.jitter import shaken
from llavapose.pose.motion.facts import motion_facts
from llavapose.pose.motion.vocabulary import OPPOSITES
from llavapose.pose.skeleton import skeleton_named
from llavapose.records import Fact, Person, Scene

Key = tuple[str, int | None, str | None, int | None]
_OTHER_SIDE = {"left": "right", "right": "left"}


@dataclass(frozen=True, kw_only=True)
class Change:
    """A way to change a scene, and what its facts must be then: key and value -> key and the values that are right."""

    scene: Callable[[Scene], Scene]
    becomes: Callable[[Key, str], tuple[Key, frozenset[str]]]


def stated(scene: Scene) -> dict[Key, str]:
    """What is sure, by kind, person, part and target."""
    return {key(fact): fact.value for fact in motion_facts(scene) if fact.sure}


def key(fact: Fact) -> Key:
    """What a fact is about."""
    return fact.kind, fact.person, fact.part, fact.target


def judged(scene: Scene, change: Change) -> Counter[str]:
    """How many facts of a scene become what they must, unsure, another value; and how many come up that were not."""
    before, after = stated(scene), stated(change.scene(scene))
    must = dict(change.becomes(*one) for one in before.items())
    found = Counter("unsure" if one not in after else "as it must be" if after[one] in values else "another"
                    for one, values in must.items())  # fmt: skip
    found["made up"] = len(after.keys() - must.keys())
    return found


def backwards(scene: Scene) -> Scene:
    """Played backwards: frames in reverse, at the times that mirror theirs."""
    end = scene.frames[-1].time_s
    return replace(scene, frames=tuple(replace(one, time_s=end - one.time_s) for one in reversed(scene.frames)))


def undone(about: Key, value: str) -> tuple[Key, frozenset[str]]:
    """A motion played backwards; who stands up from whatever it was has sat or crouched down."""
    if about[0] == "repeats":
        return about, frozenset((value,))
    down = frozenset(("sits down", "crouches down"))
    return about, down if value == "stands up" else frozenset((OPPOSITES[about[0]][value],))


def thinned(scene: Scene, first: int = 0) -> Scene:
    """Every second frame, from ``first`` on."""
    return replace(scene, frames=scene.frames[first::2])


def mirrored(scene: Scene) -> Scene:
    """Every frame as in a mirror: left and right joints trade places, as an annotator would name them."""
    order = {one: other for pair in skeleton_named(scene.skeleton).pairs for one, other in (pair, pair[::-1])}

    def flipped(one: Person) -> Person:
        x1, y1, x2, y2 = one.box_xyxy
        joints = [one.keypoints[order.get(i, i)] for i in range(len(one.keypoints))]
        turned = tuple((1 - x, y, seen) if seen else (x, y, seen) for x, y, seen in joints)
        return replace(one, box_xyxy=(1 - x2, y1, 1 - x1, y2), keypoints=turned)

    frames = [replace(frame, people=tuple(one and flipped(one) for one in frame.people)) for frame in scene.frames]
    return replace(scene, frames=tuple(frames), people=tuple(flipped(one) for one in scene.people))


def in_a_mirror(about: Key, value: str) -> tuple[Key, frozenset[str]]:
    """The same motion of the other side."""
    kind, person, part, target = about
    return (kind, person, part and _other(part), target), frozenset((_other(value),))


def _other(words: str) -> str:
    return " ".join(_OTHER_SIDE.get(word, word) for word in words.split(" "))


def _same(about: Key, value: str) -> tuple[Key, frozenset[str]]:
    return about, frozenset((value,))


CHANGES = {
    "backwards": Change(scene=backwards, becomes=undone),
    "the even ones": Change(scene=thinned, becomes=_same),
    "the odd ones": Change(scene=lambda scene: thinned(scene, 1), becomes=_same),
    "mirrored": Change(scene=mirrored, becomes=in_a_mirror),
}
"""Ways to change frames."""


def held_still(scene: Scene, number: int) -> Scene:
    """The scene with one of its frames in all places."""
    one = scene.frames[number]
    return replace(scene, frames=tuple(replace(one, time_s=frame.time_s) for frame in scene.frames))


def shaken_frames(scene: Scene, rng: random.Random, areas: Mapping[int, float] | None = None) -> Scene:
    """The scene with every labelled joint of everyone moved at random, in every frame anew."""
    frames = []
    for frame in scene.frames:
        there = [i for i, one in enumerate(frame.people) if one]
        people = list(frame.people)
        drawn = shaken(replace(scene, people=tuple(one for one in people if one)), areas or {}, rng).people
        for place, one in zip(there, drawn, strict=True):
            people[place] = one
        frames.append(replace(frame, people=tuple(people)))
    return replace(scene, frames=tuple(frames))


def shaken_counts(
    scenes: Iterable[Scene],
    num_draws: int,
    seed: int = 0,
    right: Callable[[Scene, Fact], bool] | None = None,
) -> dict[str, Counter[str]]:
    """Kind -> what became of its stated facts in all draws.

    "same", "other" and "unsure" of those that were stated before, "made up" of those that were not; and where
    ``right`` tells, "right" and "wrong" of all that are stated then.
    """
    rng, counts = random.Random(seed), defaultdict(Counter)
    for scene in scenes:
        before = stated(scene)
        for _ in range(num_draws):
            facts = [fact for fact in motion_facts(shaken_frames(scene, rng)) if fact.sure]
            after = {key(fact): fact.value for fact in facts}
            for about, value in before.items():
                word = "unsure" if about not in after else "same" if after[about] == value else "other"
                counts[about[0]][word] += 1
            for fact in facts:
                counts[fact.kind]["made up"] += key(fact) not in before
                if right:
                    counts[fact.kind]["right" if right(scene, fact) else "wrong"] += 1
    return dict(counts)
