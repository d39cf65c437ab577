"""Claims -> rating: what an answer earns is what the picture adds to what could be said without it.

A claim earns 1 - p where it is right and loses p where it is wrong, p being how often it holds of the training scenes
(``chance``): a text written without the picture expects nothing, whatever it says and however much. The scale is
**1 for nothing that the picture adds, 10 for all of it, and below 1 for what is worse than silence**: cut off at 1,
every guess would pay.

- ``conv`` asks for one fact.  rating = 1 + 9 (a - 0.2 w)
  a = (right - p) / max(1 - p, 1 - m), where m is the commonest value's p: 1 for the right value, less for a vaguer one;
  w = share of wrong claims among those that were not asked for.
- ``detail`` and ``complex``.    rating = 1 + 9 (1 - exp(-r y)), and 1 + 9 r y for y < 0
  y = what the claims earned together, p of each given the earlier ones, over what telling every sure fact would earn on
  average. The curve is concave, so that nothing is gained by taking chances either, and never flat: another right
  claim always raises the rating, and a wrong one always lowers it.

How many people there are counts as known there: by "the people" or "the person on the left" the questions about a
picture tell it. What makes the reasoning of a ``complex`` answer good is not judged: only the poses that it names are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property
from itertools import chain
from math import exp

import numpy as np

from llavapose.evaluation.judges.pose.chance import FAILS, OPEN, Chance, mentioned, upper_share
from llavapose.evaluation.judges.pose.said import Reading, Said, is_about
from llavapose.evaluation.judges.protocol import HIGHEST, LOWEST
from llavapose.pose.check import people_meant
from llavapose.pose.claims.extract import extract_claims
from llavapose.pose.language import state
from llavapose.pose.motion.vocabulary import VALUES as MOTIONS
from llavapose.pose.people import references
from llavapose.records import Asked, Claim, Fact, Scene

Slot = tuple[str, str | None, str]
"""Kind, part and person (as ``references`` names them, "" for the scene): what one statement can be about."""

RISE = {"detail": 4.0, "complex": 8.0}
"""How fast a rating rises: a description that tells 8 of 17 facts gets about 8, reasoning on 3 gets about 7."""
LEAST_LOST = 0.5
"""What a wrong claim of a description costs at least, however unlikely it was: without it, a wrong claim sometimes cost
less than it changed in what the claims behind it are worth."""
COUNT = "count"
"""Kind of fact that says how many people there are."""
UNASKED = 0.2
"""Share of a conv rating that wrong claims beside the asked one can cost."""
MOST_GUESSED = 0.8
"""A conv question that the commonest answer answers rightly more often than this is not scored: it needs no picture."""


@dataclass(frozen=True, kw_only=True)
class Earned:
    """A rating and why."""

    rating: float
    why: str


class Scale:
    """Ratings of what was said, against the training scenes' chances."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self._worths: dict[Slot, float] = {}

    def conv(self, reading: Reading, asked: Asked, scene: Scene) -> Earned:
        """The rating of an answer to a question that asks for one fact."""
        told = [one for one in reading.said if is_about(one.checked.claim, asked, one.people)]
        others = [one for one in reading.said if one not in told]
        wrong = UNASKED * sum(not one.right for one in others) / len(others) if others else 0.0
        what = asked.part or asked.kind
        if not told:
            return Earned(rating=_on_scale(-wrong), why=f"the asked {what} is not told")
        if any(one.void for one in told):
            return Earned(rating=_on_scale(-wrong), why=f"the asked {what} is told both ways")
        right = all(one.right for one in told)
        claims = [one.claim for one in reading.checked]
        # What this picture leaves open counts as well: it would be right or wrong of another.
        p = self.by_chance([claim for claim in claims if is_about(claim, asked, people_meant(claim.mention, scene))])
        most = self.commonest(asked, scene)
        assert most is not None, "such a question is not rated"
        earned = (float(right) - p) / max(1 - p, 1 - most)
        outcome = "right" if right else "wrong"
        why = f"the asked {what} is {outcome}; without the picture it is right in {100 * p:.0f} of 100"
        return Earned(rating=_on_scale(earned - wrong), why=why)

    def free(
        self, said: Sequence[Said], kind: str, scene: Scene, facts: Sequence[Fact], given: Sequence[Claim] = ()
    ) -> Earned:
        """The rating of a description or of reasoning; ``given`` is what the question itself says."""
        number = [read(state(fact, scene)) for fact in facts if fact.kind == COUNT and fact.sure]
        known = [(claim, True) for claim in (*given, *chain.from_iterable(number))]
        total = 0.0
        for one in said:
            p = self._probability(one.checked.claim, known)
            known += [(mentioned(one.checked.claim), True), (one.checked.claim, one.right)]
            earned = 1 - p if one.right else -max(p, LEAST_LOST)
            total += min(0.0, earned) if one.void else earned
        share = total / self.worth(scene, facts)
        rise = RISE[kind]
        num_right = sum(one.right for one in said)
        why = (
            f"{num_right} right, {len(said) - num_right} wrong, which adds {100 * share:.0f}% of what the picture shows"
        )
        return Earned(rating=_on_scale(1 - exp(-rise * share) if share > 0 else rise * share), why=why)

    def _probability(self, claim: Claim, known: Sequence[tuple[Claim, bool]]) -> float:
        """Of a claim behind others; to have been wrong before makes nothing a better find than it was."""
        p = self.chance.probability(claim, known)
        right = [(one, holds) for one, holds in known if holds]
        return p if len(right) == len(known) else max(p, self.chance.probability(claim, right))

    def commonest(self, asked: Asked, scene: Scene) -> float | None:
        """How often, at most, the commonest value of what is asked is right without the picture.

        None where no training scene has anything of the kind to tell.
        """
        who = "" if asked.person is None else references(scene)[asked.person]
        if asked.kind in MOTIONS:
            if not self.chance.movements.num(asked.kind, asked.part):
                return None
            values = (Claim(kind=asked.kind, value=value, start=0, end=0, part=asked.part, mention=who or None)
                      for value in MOTIONS[asked.kind])  # fmt: skip
            return max(self.chance.movements.at_most([claim]) for claim in values)
        told = self.statements.get((asked.kind, asked.part, who), ())
        claims = (claim for text in told for claim in read(text))
        return max(map(self.chance.probability, claims), default=None)

    def worth(self, scene: Scene, facts: Sequence[Fact]) -> float:
        """What telling every sure fact of the scene would earn, by the kinds of its facts and not by their values.

        Taken from the values themselves it would be small just where the commonest hold, and guesses would gain by it.
        """
        names = references(scene)
        told = [f for f in facts if f.sure and f.kind != COUNT and (f.person is None or names[f.person])]
        slots = [(f.kind, f.part, "" if f.person is None else names[f.person]) for f in told]
        return sum(map(self._worth_of, slots)) or 1.0

    @cached_property
    def statements(self) -> dict[Slot, Counter[str]]:
        """Kind, part and person -> plain statements of such sure facts, and how many training scenes they hold of."""
        found: dict[Slot, Counter[str]] = {}
        for scene, facts in zip(self.chance.scenes, self.chance.facts, strict=True):
            names = references(scene)
            for fact in facts:
                who = "" if fact.person is None else names[fact.person]
                if fact.sure and (who or fact.person is None):
                    found.setdefault((fact.kind, fact.part, who), Counter())[state(fact, scene)] += 1
        return found

    def _worth_of(self, slot: Slot) -> float:
        """What telling the truth about this earns on average; of a person whom training lacks, as of any other."""
        if slot not in self._worths:
            alike = [self.statements[slot]] if slot in self.statements else []
            alike = alike or [told for other, told in self.statements.items() if other[0] == slot[0]]
            gains = [
                (num, 1 - self.chance.probability(c))
                for told in alike
                for t, num in told.items()
                for c in read(t, slot[0] in MOTIONS)
            ]
            num_all = sum(num for num, _ in gains)
            self._worths[slot] = sum(num * gain for num, gain in gains) / num_all if num_all else 0.5
        return self._worths[slot]

    def by_chance(self, claims: Sequence[Claim]) -> float:
        """How often, at most, what the claims say together is right of a training scene that decides any of them."""
        if claims and claims[0].kind in MOTIONS:
            return self.chance.movements.at_most(claims)
        outcomes = [self.chance.outcomes(claim) for claim in claims]
        decided = np.logical_or.reduce([one != OPEN for one in outcomes])
        right = decided & np.logical_and.reduce([one != FAILS for one in outcomes])
        return upper_share(int(right.sum()), int(decided.sum()))


@cache
def read(text: str, moving: bool = False) -> tuple[Claim, ...]:
    """The claims of a text, wherever they stand in it; ``moving``: it tells a motion."""
    return tuple(replace(claim, start=0, end=0) for claim in extract_claims(text, moving=moving))


def claims_given(question: str) -> tuple[Claim, ...]:
    """What a question says by itself: "Why is the woman sitting?" says that she is."""
    return read(question.replace("?", "."))


def _on_scale(share: float) -> float:
    """0 -> 1, 1 -> 10."""
    return LOWEST + (HIGHEST - LOWEST) * share
