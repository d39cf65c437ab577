"""How often a movement goes this way, where few training clips have it of just this person and part.

    shares = MovementShares(scenes, facts)
    shares.expected([claim])                        # 0.51: "the person in the middle bends the left knee"
    shares.at_most([claim])                         # 0.62: the same, with two standard errors of what is known

In 600 clips of the moving world the left elbow of the person on the right moves 14 times, and straightens 9 times, by
accident; 184 elbows tell that half of them do. So a share is counted at four levels, each one narrower: all parts of
the sort of anybody, of people alone or in company, on this side, of one person as they are called. Each narrower share
is drawn towards the wider ones, as if ``WEIGHT`` movements had gone as those do. What is given is what a question
tells: that this part moves, whose, and in what company.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from math import sqrt

import numpy as np

from llavapose.pose.check import CONTRADICTED, SUPPORTED, check_claim, people_meant
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.pose.people import has_place, prominent
from llavapose.records import Claim, Fact, Scene

WEIGHT = 20
"""Movements that a wider share counts as. Of 5 to 1000 tried on 300 held-out clips of the moving world, small ones
foretell most (-0.784 nats a movement by 10, -0.792 by 20, -0.806 by 1000) but leave questions unscored (by 5 every
eleventh, by 10 one in 70): 20 is the least that leaves none (``python -m benchmarks.pose_judge_clips --weights``)."""
WITHIN = 2.0
"""Standard errors that are added to a share: what is not known of chance is chance's."""


@dataclass(frozen=True, kw_only=True)
class Movement:
    """One person's sure movement of a kind in a training clip: what claims of the kind are put to.

    Attributes:
        scene, person, part, target: whose, and of ``order`` before or after whom.
        facts: of its kind in its scene, the unsure ones too.
        alone: whether nobody else is worth speaking of.
    """

    scene: Scene
    person: int
    part: str | None
    target: int | None
    facts: tuple[Fact, ...]
    alone: bool


class MovementShares:
    """Shares of the training clips' movements that claims of motion hold of.

    Args:
        scenes: training scenes.
        facts: of each.
    """

    def __init__(self, scenes: Sequence[Scene], facts: Sequence[Sequence[Fact]]) -> None:
        self._scenes, self._facts = scenes, facts
        self._outcomes: dict[tuple[object, ...], tuple[bool | None, ...]] = {}
        self._known: dict[tuple[object, ...], tuple[float, float]] = {}

    @cached_property
    def _movements(self) -> dict[tuple[str, str], tuple[Movement, ...]]:
        """Kind and sort of part -> movements."""
        found: dict[tuple[str, str], list[Movement]] = {}
        for scene, facts in zip(self._scenes, self._facts, strict=True):
            alone = len(prominent(scene)) == 1
            slots = dict.fromkeys((f.kind, f.person, f.part, f.target) for f in facts if f.sure and f.kind in VALUES)
            for kind, person, part, target in slots:
                if person is not None:
                    own = tuple(fact for fact in facts if fact.kind == kind)
                    found.setdefault((kind, _sort(part)), []).append(
                        Movement(scene=scene, person=person, part=part, target=target, facts=own, alone=alone)
                    )
        return {key: tuple(movements) for key, movements in found.items()}

    def num(self, kind: str, part: str | None) -> int:
        """How many movements there are of a kind and sort of part."""
        return len(self._movements.get((kind, _sort(part)), ()))

    def expected(self, claims: Sequence[Claim]) -> float:
        """How often all the claims, which are about one person's one movement, are right of those that decide any."""
        return self._found(claims)[0]

    def at_most(self, claims: Sequence[Claim]) -> float:
        """The same, ``WITHIN`` standard errors above."""
        share, num = self._found(claims)
        return min(1.0, share + WITHIN * sqrt(share * (1 - share) / (num + 4)))

    def _found(self, claims: Sequence[Claim]) -> tuple[float, float]:
        """The share, and how many movements it is known from."""
        key = tuple((c.kind, c.value, c.part, c.mention, c.target, c.negated) for c in claims)
        if key not in self._known:
            self._known[key] = self._counted(claims)
        return self._known[key]

    def _counted(self, claims: Sequence[Claim]) -> tuple[float, float]:
        first = claims[0]
        movements = self._movements.get((first.kind, _sort(first.part)), ())
        told = [self._put(claim, movements) for claim in claims]
        decided = np.array([any(one is not None for one in each) for each in zip(*told, strict=True)], bool)
        right = decided & np.array([all(one is not False for one in each) for each in zip(*told, strict=True)], bool)
        # Before anything is counted: as often right as wrong, which two movements tell.
        share, num = 0.5, 2.0
        within = [np.array([level(movement) for movement in movements], bool) & decided for level in _levels(first)]
        for wide, narrow in pairwise([*within, np.zeros_like(decided)]):
            among = wide & ~narrow  # a movement counts once, at the narrowest level
            weight, own = min(num, WEIGHT), float(among.sum())
            share = (weight * share + float((right & among).sum())) / (weight + own)
            num = weight + own
        return share, num

    def _put(self, claim: Claim, movements: Sequence[Movement]) -> tuple[bool | None, ...]:
        """Whether the claim, said of each movement, holds; None where that is not decided."""
        key = (claim.kind, claim.value, claim.part is None, _sort(claim.part), claim.negated)
        if key not in self._outcomes:
            said = (
                check_claim(replace(claim, part=claim.part and one.part), one.scene, one.facts, (one.person,),
                             one.target).outcome for one in movements
            )  # fmt: skip
            self._outcomes[key] = tuple({SUPPORTED: True, CONTRADICTED: False}.get(outcome) for outcome in said)
        return self._outcomes[key]


def _levels(claim: Claim) -> tuple[Callable[[Movement], bool], ...]:
    """Which movements are alike, wider ones first; each is within the one before."""
    alone = claim.mention is None or not has_place(claim.mention.lower())

    def in_company(one: Movement) -> bool:
        return one.alone == alone

    def of_part(one: Movement) -> bool:
        return in_company(one) and claim.part in (None, one.part)

    def own(one: Movement) -> bool:
        return of_part(one) and people_meant(claim.mention, one.scene) == (one.person,)

    return (lambda one: True), in_company, of_part, own


def _sort(part: str | None) -> str:
    """A part without its side: what is known of left knees is known of right ones."""
    return (part or "").rpartition(" ")[2]
