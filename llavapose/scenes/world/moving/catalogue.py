"""Every motion of the moving world: its two ends, how long it takes, where it is seen from, what comes with it."""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from llavapose.scenes.world.drawn.actions import VIEWS
from llavapose.scenes.world.drawn.body import SIDES, Build, Limb, Vec, bent, reaching, unit
from llavapose.scenes.world.drawn.limb_states import FRONTAL, aim, arm, leg, pick


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of motion.

    Attributes:
        share: how often it is chosen, before the setting narrows the choice.
        seconds: least and most; of who goes there and back, of one time.
        verbs: what captions call it: what somebody does, never which way.
        views: which way they face, by weight.
        holds: what is in the acting hand, by weight; "" for nothing.
        settings: where it happens; none: anywhere.
        times: how often there and back, by weight; none: one way.
        sits: share of those who sit meanwhile.
    """

    share: float
    seconds: tuple[float, float]
    verbs: tuple[str, ...]
    views: Mapping[str, float] = field(default_factory=lambda: dict(VIEWS))
    holds: Mapping[str, float] = field(default_factory=lambda: {"": 1.0})
    settings: tuple[str, ...] = ()
    times: Mapping[int, float] = field(default_factory=dict)
    sits: float = 0.0


# A clip has 3 seconds and a picture every 0.2 of them: four pictures and more for once there and back.
# In company three times seldom fit with what others do, so that alone they are the commonest.
OFTEN = {1: 0.22, 2: 0.28, 3: 0.5}
# Who sits down shows it from a side; from the front, thighs point at the camera.
SEATED_VIEWS = {"front": 0.16, "back": 0.16, "image left": 0.34, "image right": 0.34}
IN_HAND = {"": 0.7, "cup": 0.1, "cell phone": 0.1, "frisbee": 0.1}
AT_EASE = ("exercising", "stretching", "warming up", "working out")

KINDS: dict[str, Kind] = {
    "still": Kind(share=16, seconds=(1.0, 1.0), verbs=("standing", "posing", "waiting"), sits=0.3),
    "arm": Kind(share=22, seconds=(0.7, 1.2), verbs=AT_EASE, holds=IN_HAND, sits=0.25),
    "elbow": Kind(share=13, seconds=(0.6, 1.0), verbs=AT_EASE, holds=IN_HAND, sits=0.2),
    "knee": Kind(share=11, seconds=(0.7, 1.1), verbs=AT_EASE),
    "seat": Kind(share=14, seconds=(0.9, 1.4), verbs=("at a {seat}", "using a {seat}", "with a {seat}"),
                 views=SEATED_VIEWS, settings=("park", "street", "room", "beach")),
    "crouch": Kind(share=7, seconds=(0.8, 1.3), verbs=AT_EASE, views=SEATED_VIEWS),
    "turn": Kind(share=12, seconds=(0.9, 1.5), verbs=("looking around", "moving about", "looking at the view")),
    "shift": Kind(share=14, seconds=(1.6, 2.4), verbs=("walking about", "moving around", "pacing"),
                  views={"front": 0.3, "back": 0.3, "image left": 0.2, "image right": 0.2}),
    "approach": Kind(share=14, seconds=(1.6, 2.4), verbs=("walking about", "moving around", "pacing"),
                     views={"front": 0.3, "back": 0.3, "image left": 0.2, "image right": 0.2}),
    "wave": Kind(share=11, seconds=(0.75, 0.9), verbs=("waving", "greeting someone"), times=OFTEN, sits=0.25),
    "arm often": Kind(share=8, seconds=(0.8, 0.95), verbs=AT_EASE, times=OFTEN, sits=0.2),
    "knee often": Kind(share=8, seconds=(0.8, 0.95), verbs=AT_EASE, times=OFTEN),
    "throw": Kind(share=7, seconds=(0.7, 1.0), verbs=("playing with a ball", "playing ball"),
                  holds={"sports ball": 1.0}, settings=("park", "beach", "field")),
    "swing": Kind(share=8, seconds=(0.7, 1.1), verbs=("playing tennis", "practising with a racket"),
                  holds={"tennis racket": 1.0}, settings=("court",)),
    "bat": Kind(share=4, seconds=(0.7, 1.1), verbs=("playing baseball", "practising with a bat"),
                holds={"baseball bat": 1.0}, settings=("field",)),
}  # fmt: skip
"""Every kind of motion; each but "still" as often in one direction as in the other."""

SETTINGS = ("park", "street", "room", "beach", "court", "snow", "field")
"""Where clips take place."""

# Below the shoulder, and above it: what lies level with it, people would call either way.
LOWERED = {"hang": 0.35, "low out": 0.25, "hip": 0.1, "across": 0.3}
RAISED = {"up": 0.3, "up diagonal": 0.3, "wave": 0.2, "wave high": 0.2}
QUIET = {"hang": 0.3, "low out": 0.1, "hip": 0.1, "across": 0.25, "up": 0.1, "wave": 0.15}
"""An arm that does not move: some are raised, or a raised hand would tell who moves."""

Ends = tuple[Limb, Limb]


def quiet_arm(rng: random.Random, side: str, view: str, build: Build) -> Ends:
    """An arm that stays."""
    one = arm(rng, pick(rng, QUIET), side, view, build)
    return one, one


def raised_arm(rng: random.Random, side: str, view: str, build: Build) -> Ends:
    """An arm down and the same one up."""
    return arm(rng, pick(rng, LOWERED), side, view, build), arm(rng, pick(rng, RAISED), side, view, build)


def bent_elbow(rng: random.Random, side: str, view: str, build: Build, *, waving: bool = False) -> Ends:
    """A straight arm and the same one bent; the upper arm stays."""
    sign, frontal = (1.0 if side == "left" else -1.0), view in FRONTAL
    azimuth = rng.uniform(-12, 22) if frontal else rng.uniform(76, 102)
    up: Vec = (-sign * 0.25 if frontal else 0.0, 1.0, 0.0 if frontal else 0.1)
    # Hanging, held out, raised; who waves has the upper arm level or above.
    level = ((70, 96), up)
    hanging = ((8, 30), unit((sign, 0.3, 0.2) if frontal else (0.0, 0.3, 1.0)))
    held = level if waving else rng.choice((hanging, level, ((118, 140), up)))
    upper = aim(rng.uniform(*held[0]), azimuth, sign)
    # Waving is from side to side of upright; bending from straight to a right angle and more.
    stretched = rng.uniform(132, 150) if waving else rng.uniform(166, 178)
    folded = rng.uniform(58, 76) if waving else rng.uniform(62, 98)
    return bent(upper, held[1], stretched), bent(upper, held[1], folded)


def lifted_leg(rng: random.Random, side: str, view: str) -> Limb:
    """A leg with its knee bent, off the ground: raised ahead or to the side, or its shank folded back."""
    sign, frontal = (1.0 if side == "left" else -1.0), view in FRONTAL
    # Folded back shows from a side alone.
    if not frontal and rng.random() < 0.35:
        return leg(rng.uniform(2, 14), -90, sign, rng.uniform(70, 100))
    azimuth = rng.uniform(15, 50) if frontal else rng.uniform(84, 94)
    return leg(rng.uniform(62, 90), azimuth, sign, rng.uniform(72, 100))


def thrown(rng: random.Random, side: str, view: str, build: Build) -> Ends:
    """An arm drawn back beside the head, and stretched out where the ball leaves it."""
    sign, frontal = (1.0 if side == "left" else -1.0), view in FRONTAL
    back = bent(aim(rng.uniform(100, 122), rng.uniform(-6, 12) if frontal else rng.uniform(60, 85), sign),
                (-sign * 0.3, 1.0, -0.15) if frontal else (0.0, 1.0, -0.35), rng.uniform(62, 88))  # fmt: skip
    out = bent(aim(rng.uniform(66, 92), rng.uniform(-8, 16) if frontal else rng.uniform(80, 98), sign),
               (0.0, 1.0, 0.0), rng.uniform(166, 176))  # fmt: skip
    return back, out


def swung(rng: random.Random, side: str, view: str, build: Build) -> Ends:
    """An arm out low on its own side, and up across the body or high on its own side."""
    sign = 1.0 if side == "left" else -1.0
    low = arm(rng, "low out", side, view, build)
    if rng.random() < 0.5:
        return low, arm(rng, pick(rng, {"up diagonal": 0.5, "wave high": 0.5}), side, view, build)
    # A follow-through: the hand before the other shoulder.
    across = -sign * build["shoulders"]
    target = (across * rng.uniform(0.65, 0.95), rng.uniform(0.03, 0.08), 0.14)
    return low, reaching(target, (sign, -0.6, 0.2), build["upper arm"], build["forearm"])


ARMS = {"arm": raised_arm, "elbow": bent_elbow, "arm often": raised_arm, "throw": thrown, "swing": swung, "bat": swung}
"""Kinds that move an arm, but waving."""


def other(side: str) -> str:
    """The other side."""
    return SIDES[1 - SIDES.index(side)]
