"""What can be said of a picture without seeing it: how often a claim holds of the training scenes.

    chance = Chance(training_scenes)
    chance.probability(claim)                       # 0.62: "the person is standing"
    chance.probability(claim, [(earlier, True)])    # 0.97: the same, where "both feet are on the ground" held

A claim is put to every training scene with the judge's own checker, so that whatever the checker finds easy to be right
about is as probable here as it is there; a text that is written without the picture expects nothing, whatever it says.

What it leaves out: at most two earlier claims count at once, those that tell most about this one; pictures beyond the
training scenes' distribution; and what a question gives away by being asked, beyond the claims that it makes itself.
"""

from collections.abc import Callable, Sequence
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from llavapose.evaluation.judges.pose.movements import WITHIN, MovementShares
from llavapose.pose.check import CONTRADICTED, SUPPORTED, check_claim, people_meant
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.motion.vocabulary import VALUES
from llavapose.records import Claim, Fact, Scene

Key = tuple[object, ...]
Outcomes = NDArray[np.int8]

HOLDS, FAILS, OPEN = 1, 0, 2
"""Of a claim and a scene: right, wrong, not decided by sure facts."""
_CODE = {SUPPORTED: HOLDS, CONTRADICTED: FAILS}

MENTION = "mention"
"""Kind of what is said by naming somebody: "the person in the middle" says that there are three."""

NUM_SCENES = 2000
"""Training scenes that are counted: shares within 2% (two standard errors), and a claim is put to all in 20 ms."""
FEWEST = 60
"""Scenes that must be alike in an earlier claim before it counts: below, the share is known to 13% at best."""
TELLING = 0.005
"""Nats that an earlier claim must tell about this one; two independent claims show 0.001 by accident."""


class Chance:
    """Shares of the training scenes that claims hold of.

    Args:
        scenes: training scenes, none of them judged; the first ``NUM_SCENES`` count.
        facts_of: scene -> facts.
    """

    def __init__(self, scenes: Sequence[Scene], facts_of: Callable[[Scene], Sequence[Fact]] = scene_facts) -> None:
        self.scenes = tuple(scenes[:NUM_SCENES])
        self.facts = tuple(tuple(facts_of(scene)) for scene in self.scenes)
        self.movements = MovementShares(self.scenes, self.facts)
        self._facts_by_kind = tuple(_by_kind(facts) for facts in self.facts)  # a claim looks at one kind, and often
        self._outcomes: dict[Key, Outcomes] = {}
        self._people: dict[str | None, tuple[tuple[int, ...], ...]] = {}
        self._shares: dict[tuple[Key, Key], tuple[float, int]] = {}
        self._told: dict[tuple[Key, Key], float] = {}

    def outcomes(self, claim: Claim) -> Outcomes:
        """int8[N]: HOLDS, FAILS or OPEN for each training scene."""
        key = key_of(claim)
        if key not in self._outcomes:
            self._outcomes[key] = np.array(self._put_to_all(claim), dtype=np.int8)
        return self._outcomes[key]

    def _put_to_all(self, claim: Claim) -> list[int]:
        people = self._people_meant(claim.mention)
        if claim.kind == MENTION:
            return [HOLDS if meant else FAILS for meant in people]
        found = [OPEN] * len(self.scenes)
        for index, meant in enumerate(people):
            if meant or claim.kind == "count":
                facts = self._facts_by_kind[index].get(claim.kind, ())
                outcome = check_claim(claim, self.scenes[index], facts, meant).outcome
                found[index] = _CODE.get(outcome, OPEN)
        return found

    def probability(self, claim: Claim, earlier: Sequence[tuple[Claim, bool]] = ()) -> float:
        """Share, at most, of the training scenes that decide the claim of which it holds.

        Args:
            claim: what is said.
            earlier: what was said or given before, each with whether it holds of the picture at hand.

        Returns:
            0..1, ``WITHIN`` standard errors above the share; of a motion that clips seldom have, above that of others
            like it (``movements``).
        """
        for some in self._most_telling(claim, earlier):
            share, num = self._share(claim, some)
            if num >= FEWEST:
                return share
        if claim.kind in VALUES:
            return self.movements.at_most([claim])
        return self._share(claim, ())[0]

    def _share(self, claim: Claim, given: tuple[tuple[Claim, bool], ...]) -> tuple[float, int]:
        """The share, at most, among the scenes of which all that is given holds, or fails; and how many they are."""
        key = (key_of(claim), tuple((key_of(one), holds) for one, holds in given))
        if key not in self._shares:
            own = self.outcomes(claim)
            alike = own != OPEN
            for one, holds in given:
                alike &= self.outcomes(one) == (HOLDS if holds else FAILS)
            num = int(alike.sum())
            self._shares[key] = upper_share(int((own[alike] == HOLDS).sum()), num), num
        return self._shares[key]

    def _most_telling(
        self, claim: Claim, earlier: Sequence[tuple[Claim, bool]]
    ) -> tuple[tuple[tuple[Claim, bool], ...], ...]:
        """The two earlier claims that tell most about this one, then the first of them alone.

        Which they are hangs on the training scenes and never on how the claims turned out: chosen by their outcome,
        they would give a text something for nothing.
        """
        told = [(self._information(claim, one), (one, holds)) for one, holds in earlier]
        best = [pair for much, pair in sorted(told, key=lambda each: -each[0])[:2] if much > TELLING]
        return (tuple(best), tuple(best[:1]))[: len(best)] if len(best) > 1 else ((best[0],),) if best else ()

    def _information(self, claim: Claim, other: Claim) -> float:
        """Mutual information (nats) of two claims' outcomes over the training scenes that decide the first."""
        pair = key_of(claim), key_of(other)
        if pair not in self._told:
            own = self.outcomes(claim)
            decided = own != OPEN
            self._told[pair] = _mutual_information(own[decided], self.outcomes(other)[decided])
        return self._told[pair]

    def _people_meant(self, mention: str | None) -> tuple[tuple[int, ...], ...]:
        if mention not in self._people:
            self._people[mention] = tuple(people_meant(mention, scene) for scene in self.scenes)
        return self._people[mention]


def _by_kind(facts: Sequence[Fact]) -> dict[str, tuple[Fact, ...]]:
    return {kind: tuple(fact for fact in facts if fact.kind == kind) for kind in {fact.kind for fact in facts}}


def mentioned(claim: Claim) -> Claim:
    """What a claim says by naming somebody, as a claim of its own."""
    return Claim(kind=MENTION, value="", start=0, end=0, mention=claim.mention)


def key_of(claim: Claim) -> Key:
    """What a claim says, wherever it stands in its text."""
    return claim.kind, claim.value, claim.part, claim.mention, claim.target, claim.negated


def upper_share(num: int, out_of: int) -> float:
    """``num / out_of`` plus ``WITHIN`` standard errors (Agresti and Coull's, which are right near 0 and 1 too)."""
    share = (num + 2) / (out_of + 4)
    return min(1.0, (num / out_of if out_of else share) + WITHIN * sqrt(share * (1 - share) / (out_of + 4)))


def _mutual_information(first: Outcomes, second: Outcomes) -> float:
    if not len(first):
        return 0.0
    joint = np.bincount(first.astype(np.int64) * 3 + second, minlength=9).reshape(3, 3) / len(first)
    independent = joint.sum(1, keepdims=True) * joint.sum(0, keepdims=True)
    there = joint > 0
    return float((joint[there] * np.log(joint[there] / independent[there])).sum())
