"""Do stated facts stand when joints are off as far as annotators' are? Joints moved at random, facts read again.

A joint's spread is COCO's own (https://cocodataset.org/#keypoints-eval): sigma_i squared is the mean of d_i squared
over s squared, where d_i is how far a label of joint i is off and s the root of the person's area. So x and y each move
by a normal deviate of sigma_i s / root 2: then the root of the mean squared distance is sigma_i s.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.skeleton import COCO17, skeleton_named
from llavapose.records import Fact, Keypoint, Person, Scene

BOX_AREA_SHARE = 0.53
"""Of its box that a person fills where a file has no area: the share that CrowdPose's own evaluation takes."""

NUM_POOLED = 20
"""Kinds with fewer stated facts are counted together: a share of so few says nothing."""

POOLED = "(others)"
MOST_FLIPS = 0.01
"""The share of stated facts that may turn over."""

Key = tuple[str, int | None, str | None, int | None]


@dataclass(frozen=True, kw_only=True)
class Shaken:
    """Of one kind.

    Attributes:
        num_facts: stated before.
        num_draws: times that they were read again, all together.
        num_flips: times that another value was stated.
        num_kept: times that the same value was stated.
        turned: (value before, value after) -> times.
    """

    num_facts: int
    num_draws: int
    num_flips: int
    num_kept: int
    turned: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @property
    def flips(self) -> float:
        """Share of readings that state another value."""
        return self.num_flips / max(1, self.num_draws)

    @property
    def kept(self) -> float:
        """Share of readings that state the same value."""
        return self.num_kept / max(1, self.num_draws)


def spreads_px(scene: Scene, person: Person, area_px: float | None) -> tuple[float, ...]:
    """Standard deviation of x and of y of every joint, in pixels.

    Args:
        scene: whose skeleton has the sigmas; one without is taken to have COCO's of the joints that both know.
        person: of the scene.
        area_px: of the person's outline; None takes ``BOX_AREA_SHARE`` of the box.
    """
    x1, y1, x2, y2 = person.box_xyxy
    area = area_px or BOX_AREA_SHARE * (x2 - x1) * scene.width * (y2 - y1) * scene.height
    skeleton = skeleton_named(scene.skeleton)
    sigmas = skeleton.sigmas
    if not sigmas:
        known = dict(zip(COCO17.joints, COCO17.sigmas, strict=True))
        sigmas = tuple(known.get(joint, max(COCO17.sigmas)) for joint in skeleton.joints)
    return tuple(sigma * area**0.5 / 2**0.5 for sigma in sigmas)


def shaken(scene: Scene, areas: Mapping[int, float], rng: random.Random) -> Scene:
    """The scene with every labelled joint of everyone moved at random; boxes stay."""
    people = []
    for person in scene.people:
        spreads = spreads_px(scene, person, areas.get(person.id))
        joints = tuple(
            _moved(joint, spread, scene, rng) for joint, spread in zip(person.keypoints, spreads, strict=False)
        )
        people.append(replace(person, keypoints=joints))
    return replace(scene, people=tuple(people))


def _moved(joint: Keypoint, spread_px: float, scene: Scene, rng: random.Random) -> Keypoint:
    x, y, seen = joint
    if not seen:
        return joint
    return x + rng.gauss(0, spread_px) / scene.width, y + rng.gauss(0, spread_px) / scene.height, seen


def flips_by_kind(
    scenes: Iterable[Scene], areas: Mapping[int, float], *, num_draws: int = 200, seed: int = 0, pool: bool = True
) -> dict[str, Shaken]:
    """Kind -> what became of its stated facts; kinds with few of them pooled as ``POOLED``.

    Args:
        scenes: annotated pictures.
        areas: person's id -> area in pixels, where it is known.
        num_draws: how often each picture is shaken.
        seed: of the draws.
        pool: whether kinds with fewer than ``NUM_POOLED`` stated facts are counted together.
    """
    rng = random.Random(seed)
    stated: Counter[str] = Counter()
    turned: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for scene in scenes:
        before = {_key(fact): fact.value for fact in scene_facts(scene) if fact.sure and fact.person is not None}
        stated.update(kind for kind, *_ in before)
        for _ in range(num_draws):
            after = {_key(fact): fact.value for fact in scene_facts(shaken(scene, areas, rng)) if fact.sure}
            for key, value in before.items():
                if key in after:
                    turned[key[0]][value, after[key]] += 1
    few = {kind for kind, number in stated.items() if number < NUM_POOLED} if pool else set()
    found = {kind: _shaken([kind], stated, turned, num_draws) for kind in stated if kind not in few}
    return found | ({POOLED: _shaken(sorted(few), stated, turned, num_draws)} if few else {})


def _key(fact: Fact) -> Key:
    return fact.kind, fact.person, fact.part, fact.target


def _shaken(
    kinds: list[str], stated: Counter[str], turned: Mapping[str, Counter[tuple[str, str]]], draws: int
) -> Shaken:
    pairs = sum((turned.get(kind, Counter()) for kind in kinds), Counter())
    num = sum(stated[kind] for kind in kinds)
    kept = sum(number for (a, b), number in pairs.items() if a == b)
    flipped = Counter({pair: number for pair, number in pairs.items() if pair[0] != pair[1]})
    return Shaken(num_facts=num, num_draws=num * draws, num_flips=flipped.total(), num_kept=kept, turned=dict(flipped))


def lines(found: Mapping[str, Shaken]) -> Iterable[str]:
    """The table as text."""
    yield f"{'kind':11s} {'stated':>6s} {'same':>6s} {'other':>7s}  most often"
    for kind, one in found.items():
        worst = max(one.turned.items(), key=lambda item: item[1], default=None)
        told = f"{worst[0][0]} -> {worst[0][1]} ({worst[1] / max(1, one.num_draws):.2%})" if worst else ""
        yield f"{kind:11s} {one.num_facts:6d} {one.kept:6.1%} {one.flips:7.2%}  {told}"
