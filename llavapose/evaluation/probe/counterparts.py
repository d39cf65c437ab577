"""Which facts the probe asks for: couples of candidates whose texts are the same and whose truths are opposite."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from llavapose.pose.language import label
from llavapose.pose.motion import vocabulary as motion
from llavapose.pose.people import references
from llavapose.pose.vocabulary import GROUPS, OPPOSITES
from llavapose.records import Fact, Scene

_GROUPS = {**GROUPS, **motion.GROUPS}
_OPPOSITES = {**OPPOSITES, **motion.OPPOSITES}
_BY_ONE = ("count", "repeats")
"""Kinds whose values are numbers: the flipped statement says one more or one less."""


def group_of(kind: str) -> str:
    """The probe's group of a kind of fact, still or in motion."""
    return _GROUPS[kind]


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A sure fact that could become an item.

    Attributes:
        label: what is true.
        context: all that the text shows besides.
        doubtful: labels that the flipped statement must not have, since the picture may show them as well.
    """

    fact: Fact
    scene: Scene
    label: str
    context: tuple[Hashable, ...]
    doubtful: frozenset[str] = frozenset()

    @property
    def bucket(self) -> tuple[str, bool]:
        """Group and whether several people are in the picture: over which items are spread."""
        return group_of(self.fact.kind), self.fact.kind == "count" or len(self.scene.people) > 1


def candidates(scene: Scene, facts: Sequence[Fact]) -> Iterable[Candidate]:
    """The sure facts of a scene that can be told without giving the answer away."""
    names = references(scene)
    for fact in facts:
        if not fact.sure or (fact.person is not None and not names[fact.person]):
            continue
        unnamed = fact.kind in ("nearest", "side_of", "order") and not _name_of_target(fact, names)
        if unnamed or (fact.kind, fact.value) == ("count", "many"):
            continue
        # "The person on the left" says much about where they are: truth is balanced among equal references only.
        reference = names[fact.person] if fact.person is not None else ""
        others = _name_of_target(fact, names) if fact.kind in ("side_of", "order") else ""
        crowd = tuple(sorted(filter(None, names))) if fact.kind == "nearest" else ()
        several = fact.kind != "count" and len(scene.people) > 1
        context = (fact.kind, fact.part or "", reference, others, crowd, several)
        same = [f for f in facts if (f.kind, f.person, f.part) == (fact.kind, fact.person, fact.part)]
        if fact.kind in motion.VALUES:
            # A hand that is raised and lowered again, or may be: both statements would hold.
            same = [f for f in same if f.target == fact.target]
            first = next(f for f in same if f.sure and f.value == fact.value)  # of a motion that is made twice
            if first is not fact or any(f.value != fact.value and not _alike(f, fact) for f in same):
                continue
        open_kinds = ("contact", "nearest", *motion.VALUES)
        doubtful = frozenset(label(f, scene) for f in same) if fact.kind in open_kinds else frozenset()
        yield Candidate(fact=fact, scene=scene, label=label(fact, scene), context=context, doubtful=doubtful)


def _alike(one: Fact, other: Fact) -> bool:
    """Whether two motions of one part go the same way: raised past the shoulder and past the head."""
    words = (one.value.partition(" ")[0], other.value.partition(" ")[0])
    return one.kind == "hand_motion" and words[0] == words[1]


def _name_of_target(fact: Fact, names: Sequence[str]) -> str:
    """The person that the fact points at; "" where it has no name."""
    return names[fact.target] if fact.target is not None else ""


def _compatible(kind: str, one: str, other: str) -> bool:
    """Whether two labels can stand as true and false of the same question."""
    if kind in _BY_ONE:
        return abs(int(one) - int(other)) == 1
    if kind in _OPPOSITES:
        return _OPPOSITES[kind].get(one) == other or _OPPOSITES[kind].get(other) == one
    return one != other


def counterparts(pools: dict[str, list[Candidate]], rng: np.random.Generator) -> list[tuple[Candidate, Candidate]]:
    """Match candidates of opposite truth one to one; each is used once, the rest of the larger side is left out.

    A value with several opposites ("lowered" against three raised ones) is split over them by their sizes.
    """
    truths = sorted(pools)
    kind = next(iter(pools.values()))[0].fact.kind
    shuffled = {truth: [pools[truth][i] for i in rng.permutation(len(pools[truth]))] for truth in truths}
    shares: dict[tuple[str, str], list[Candidate]] = {}
    for truth in truths:
        partners = [other for other in truths if other != truth and _compatible(kind, truth, other)]
        sizes = np.array([len(pools[other]) for other in partners], float)
        if not partners:
            continue
        ends = np.round(np.cumsum(sizes) / sizes.sum() * len(shuffled[truth])).astype(int)
        for partner, start, end in zip(partners, [0, *ends[:-1]], ends, strict=True):
            shares[truth, partner] = shuffled[truth][start:end]
    return [
        couple
        for one, other in sorted(shares)
        if one < other
        for couple in zip(shares[one, other], shares[other, one], strict=False)
        if couple[1].label not in couple[0].doubtful and couple[0].label not in couple[1].doubtful
    ]


def taken_in_turn(
    buckets: dict[tuple[str, bool], list[tuple[Candidate, Candidate]]],
    num_couples: int,
    most_of_kind: int,
    rng: np.random.Generator,
) -> list[tuple[Candidate, Candidate]]:
    """Take couples from all buckets in turn until there are enough or none is left."""
    queues = [[buckets[key][i] for i in rng.permutation(len(buckets[key]))] for key in sorted(buckets)]
    taken: list[tuple[Candidate, Candidate]] = []
    num_of_kind: dict[str, int] = defaultdict(int)
    while len(taken) < num_couples and any(queues):
        for queue in queues:
            kind = queue[-1][0].fact.kind if queue else ""
            if queue and num_of_kind[kind] >= most_of_kind:
                queue.pop()
            elif queue and len(taken) < num_couples:
                num_of_kind[kind] += 1
                taken.append(queue.pop())
    return taken
