"""Which facts to speak of: every kind gets its share, and within a kind every value, as far as the scenes allow."""

import math
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llavapose.pose.language import label, neighbours
from llavapose.pose.motion import vocabulary as motion
from llavapose.pose.vocabulary import OPPOSITES
from llavapose.records import Fact, Scene

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
    "hand_motion": 1.4,
    "elbow_motion": 1.0,
    "knee_motion": 1.0,
    "stance_motion": 1.4,
    "turn": 1.2,
    "shift": 1.0,
    "approach": 1.0,
    "repeats": 1.4,
    "order": 1.0,
}
"""How often a kind is spoken of, as a share of all of the picture, or of all that moves: limbs, sides and facing before
place; hands, stances and numbers of times before what goes with them."""


ROUNDS = 8
"""Rounds of fitting the weights."""

CALIBRATION_SCENES = 1500
"""Scenes that the weights are fitted on."""


@dataclass(frozen=True, kw_only=True)
class Balance:
    """How often a fact should be told, so that a question between two values has either answer equally often.

    Attributes:
        counts: how often each (kind, label) is sure among the scenes at hand.
        pairs: how often each (kind, label, rival) should be asked, as a share of all questions; symmetric.
        weights: weight of a fact of each (kind, label) in ``ordered``.
        offers: of the questions about a (kind, label), the share that may offer its rival. Below 1 where the scenes
            have so little else to tell that the label comes too often: more of its questions must be open ones.
    """

    counts: dict[tuple[str, str], int] = field(default_factory=dict)
    pairs: dict[tuple[str, str, str], float] = field(default_factory=dict)
    weights: dict[tuple[str, str], float] = field(default_factory=dict)
    offers: dict[tuple[str, str], float] = field(default_factory=dict)

    def weight(self, fact: Fact, scene: Scene) -> float:
        """How much the fact should be told; its kind's share where its label has not been counted."""
        return self.weights.get((fact.kind, label(fact, scene)), SHARES[fact.kind])

    def offer(self, fact: Fact, scene: Scene) -> float:
        """How likely a question about the fact may offer its rival."""
        return self.offers.get((fact.kind, label(fact, scene)), 1.0)

    def even(self, fact: Fact, scene: Scene) -> float:
        """How likely the fact may be told beside another, so that its value comes no oftener than the kind's others."""
        name = label(fact, scene)
        others = [number for (kind, other), number in self.counts.items() if kind == fact.kind and other != name]
        own = self.counts.get((fact.kind, name), 0)
        return min(1.0, sum(others) / len(others) / own) if others and own else 1.0

    def rivals(self, fact: Fact, scene: Scene) -> dict[str, float]:
        """The labels that can stand against the fact's, and how often each should."""
        true = (fact.kind, label(fact, scene))
        return {rival: share for (kind, name, rival), share in self.pairs.items() if (kind, name) == true}


def balance_of(scenes: Sequence[tuple[Scene, Sequence[Fact]]], *, num_draws: int = 3) -> Balance:
    """Count the sure facts of all scenes and fit the weights to them.

    Args:
        scenes: every scene with its facts.
        num_draws: facts told about a scene in one kind of sample.
    """
    told = [Counter((fact.kind, label(fact, scene)) for fact in facts if fact.sure) for scene, facts in scenes]
    counts = dict(sorted(sum(told, Counter()).items()))
    num_told = sum(min(num_draws, one.total()) for one in told)
    pairs = _pair_shares(counts, num_told)
    targets = dict.fromkeys(counts, 0.0)
    for (kind, name, _), share in pairs.items():
        targets[kind, name] += share
    for kind, name in counts:
        if not targets[kind, name]:  # nothing stands against it: told for its own sake
            targets[kind, name] = min(SHARES[kind] / sum(SHARES.values()), counts[kind, name] / max(num_told, 1))
    whole = sum(targets.values())
    targets = {key: target / whole for key, target in targets.items()}
    weights, drawn = _fitted(told, targets, num_draws)
    offers = {key: min(1.0, target / max(drawn.get(key, 0.0), 1e-9)) for key, target in targets.items()}
    return Balance(counts=counts, pairs=pairs, weights=weights, offers=offers)


def _pair_shares(counts: Mapping[tuple[str, str], int], num_told: int) -> dict[tuple[str, str, str], float]:
    """How often each pair of rivals should be asked about, with either true: no more than the rarer one allows."""
    pairs: dict[tuple[str, str, str], float] = {}
    kinds = sorted({kind for kind, _ in counts})
    whole = sum(SHARES[kind] for kind in kinds)
    for kind in kinds:
        known = tuple(name for of_kind, name in counts if of_kind == kind)
        against = {name: rivals(kind, name, known) for name in known}
        num_pairs = sum(map(len, against.values()))
        for name in known:
            for rival in against[name]:
                rarest = min(counts[kind, one] / len(against[one]) for one in (name, rival))
                pairs[kind, name, rival] = min(SHARES[kind] / whole / num_pairs, 0.7 * rarest / max(num_told, 1))
    return pairs


def _fitted(
    told: Sequence[Counter[tuple[str, str]]], targets: Mapping[tuple[str, str], float], num_draws: int
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    """Weights under which facts drawn scene by scene come as often as the targets say, and the shares that come.

    A scene of one person has fewer facts to choose from than one of four, so inverse counts alone do not even out.
    """
    rng = random.Random(0)
    sample = [sorted(one.elements()) for one in rng.sample(list(told), min(len(told), CALIBRATION_SCENES))]
    least = min((target for target in targets.values() if target > 0), default=1.0) / 10
    weights = {key: max(target, least) for key, target in targets.items()}
    drawn: Counter[tuple[str, str]] = Counter()
    for _ in range(ROUNDS):
        drawn.clear()
        for keys in sample:
            order = sorted((-math.log(1.0 - rng.random()) / weights[key], key) for key in keys)
            drawn.update(key for _, key in order[:num_draws])
        for key, target in targets.items():
            wanted = max(target, least) * drawn.total()
            weights[key] *= min(max((wanted + 1) / (drawn[key] + 1), 0.3), 3.0) ** 0.7
    return weights, {key: number / max(drawn.total(), 1) for key, number in drawn.items()}


def rivals(kind: str, name: str, known: Sequence[str]) -> tuple[str, ...]:
    """The labels that can stand against this one in a question."""
    if kind == "count":
        if not name.isdigit():
            return ()
        return tuple(str(number) for number in neighbours(int(name)) if str(number) in known)
    if kind == "repeats":
        return tuple(str(number) for number in neighbours(int(name)) if str(number) in known)
    pairs = OPPOSITES.get(kind) or motion.OPPOSITES.get(kind)
    if pairs:
        return tuple(other for other in known if pairs.get(name) == other or pairs.get(other) == name)
    return tuple(other for other in known if other != name)


def ordered(facts: Sequence[tuple[Fact, float]], rng: random.Random) -> list[Fact]:
    """The facts in a random order in which heavier ones tend to come first (Efraimidis and Spirakis, 2006)."""
    keys = [(-math.log(1.0 - rng.random()) / weight, index) for index, (_, weight) in enumerate(facts)]
    return [facts[index][0] for _, index in sorted(keys)]
