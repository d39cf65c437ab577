"""Which facts to speak of: every kind gets its share, and within a kind every value, as far as the scenes allow."""

import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from llavapose.pose.vocabulary import OPPOSITES
from llavapose.records import Fact, Scene
from llavapose.teacher.language import label, neighbours

SHARES: dict[str, float] = {
    "elbow": 1.2,
    "knee": 1.2,
    "arm_height": 1.4,
    "arm_side": 0.8,
    "legs": 0.8,
    "leg_lift": 0.7,
    "trunk": 0.8,
    "stance": 1.0,
    "facing": 1.6,
    "place": 0.6,
    "side_of": 0.2,
    "nearest": 0.4,
    "contact": 1.0,
    "count": 0.9,
}
"""How often a kind is spoken of, as a share of all: limbs, sides and facing before place."""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How often each (kind, label) is sure among the scenes at hand, and the weight of a fact that says it."""

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    weights: dict[tuple[str, str], float] = field(default_factory=dict)

    def labels(self, kind: str) -> tuple[str, ...]:
        """The labels of a kind that occur."""
        return tuple(name for of_kind, name in self.counts if of_kind == kind)

    def weight(self, fact: Fact, scene: Scene) -> float:
        """How much the fact should be told; its kind's share where its label has not been counted."""
        return self.weights.get((fact.kind, label(fact, scene)), SHARES[fact.kind])


def balance_of(scenes: Iterable[tuple[Scene, Sequence[Fact]]]) -> Balance:
    """Count the sure facts of all scenes and weigh them so that "bent or straight?" has either answer equally often.

    A value that opposes several others ("lowered") is needed as often as all of them together.
    """
    counter = Counter((fact.kind, label(fact, scene)) for scene, facts in scenes for fact in facts if fact.sure)
    counts = dict(sorted(counter.items()))
    weights = {}
    for kind in sorted({kind for kind, _ in counts}):
        known = {name: number for (of_kind, name), number in counts.items() if of_kind == kind}
        degrees = {name: max(len(rivals(kind, name, tuple(known))), 1) for name in known}
        least = max(1.0, 0.01 * sum(known.values()))
        for name, number in known.items():
            weights[kind, name] = 1000 * SHARES[kind] * degrees[name] / sum(degrees.values()) / max(number, least)
    return Balance(counts=counts, weights=weights)


def rivals(kind: str, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The labels that can stand against this one in a question."""
    if kind == "count":
        if not name.isdigit():
            return ()
        return tuple(str(number) for number in neighbours(int(name)) if str(number) in known)
    if kind in OPPOSITES:
        pairs = OPPOSITES[kind]
        return tuple(other for other in known if pairs.get(name) == other or pairs.get(other) == name)
    return tuple(other for other in known if other != name)


def ordered(facts: Sequence[tuple[Fact, float]], rng: random.Random) -> list[Fact]:
    """The facts in a random order in which heavier ones tend to come first (Efraimidis and Spirakis, 2006)."""
    keys = [(-math.log(1.0 - rng.random()) / weight, index) for index, (_, weight) in enumerate(facts)]
    return [facts[index][0] for _, index in sorted(keys)]
