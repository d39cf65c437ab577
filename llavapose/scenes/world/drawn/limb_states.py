"""States of single arms and legs as distributions of joint angles, each drawn mostly in the plane that the view shows.

The two sides are drawn independently, and clear states (straight, bent to a right angle) far more often than the
borderline between them: what a picture cannot show, nobody can learn from it.
"""

import math
import random
from collections.abc import Mapping
from typing import TypeVar

from llavapose.scenes.world.drawn.body import Build, Limb, Vec, bent, reaching, unit

Key = TypeVar("Key")

FRONTAL = ("front", "back")

FREE_ARMS = {
    "hang": 0.07, "low out": 0.04, "level": 0.05, "raised out": 0.07, "up": 0.12, "up diagonal": 0.07,
    "wave": 0.13, "wave high": 0.09, "hand to head": 0.02, "hip": 0.03, "across": 0.33, "slight": 0.02,
}  # fmt: skip
"""An arm that the action leaves free; about half are raised and about half are bent."""


def pick(rng: random.Random, weights: Mapping[Key, float]) -> Key:
    """One key, by weight."""
    return rng.choices(list(weights), weights=list(weights.values()))[0]


def aim(elevation_deg: float, azimuth_deg: float, sign: float) -> Vec:
    """A direction by its angle from straight down and from the own side (0) towards the front (90)."""
    e, a = math.radians(elevation_deg), math.radians(azimuth_deg)
    return math.sin(e) * math.cos(a) * sign, -math.cos(e), math.sin(e) * math.sin(a)


def _straight(rng: random.Random) -> float:
    # Nobody stretches a limb quite; far above ``thresholds.HINGE.straight_deg``, so that none is borderline.
    return rng.uniform(166, 179)


def arm(rng: random.Random, state: str, side: str, view: str, build: Build) -> Limb:
    """An arm in one of the states of ``FREE_ARMS``, or "ear", "mouth", "book", "hold", "back", "brace"."""
    sign = 1.0 if side == "left" else -1.0
    # These are said by where the hand is, not by angles: the elbow follows.
    if state in ("ear", "mouth", "book", "hip", "across") or (state == "hold" and rng.random() < 0.5):
        return _placed_hand(rng, state, sign, view, build)
    frontal = view in FRONTAL
    # In the plane of the picture as far as shoulders allow: to the side from the front, ahead from the side.
    azimuth = rng.uniform(-12, 22) if frontal else rng.uniform(76, 102)
    # Now and then out of the plane: foreshortened limbs, which must be left unsaid, are to be seen as well.
    if rng.random() < 0.06:
        azimuth = rng.uniform(-20, 100)
    towards_side = (sign, 0.0, 0.0) if frontal else (0.0, 0.0, 1.0)
    # A forearm that folds upwards comes a little towards the head.
    up: Vec = (-sign * 0.25 if frontal else 0.0, 1.0, 0.0 if frontal else 0.1)
    # Degrees from hanging down, mostly with gaps between: what lies in a gap people would call either way.
    spans = {"hang": (4, 14), "low out": (42, 62), "level": (82, 97), "raised out": (106, 114), "up": (150, 174),
             "up diagonal": (134, 150), "back": (30, 55)}  # fmt: skip
    # Behind the body, where only a view from the side shows it.
    if state == "back" and not frontal:
        azimuth = rng.uniform(-100, -80)
    if state in spans:
        return bent(aim(rng.uniform(*spans[state]), azimuth, sign), (0.0, 0.1, 1.0), _straight(rng))
    # Upper arm's elevation, the way the forearm folds, the elbow's angle: mostly near 90, so that bent is plainly bent.
    folds: dict[str, tuple[tuple[float, float], Vec, tuple[float, float]]] = {
        "wave": ((74, 94), up, (72, 105)),
        "wave high": ((120, 140), up, (88, 112)),
        "hand to head": ((105, 125), up, (50, 70)),
        "hold": ((8, 22), towards_side, (78, 102)),
        "slight": ((20, 110), up, (130, 150)),
        "brace": ((45, 70), (0.0, 0.2, 1.0), (130, 150)),
        "pump front": ((5, 25), (0.0, 1.0, 0.6), (70, 95)),
        "pump back": ((35, 55), (0.0, -0.2, 1.0), (75, 100)),
    }
    if state == "pump back":
        azimuth = rng.uniform(-100, -80)
    elevation, towards, interior = folds[state]
    return bent(aim(rng.uniform(*elevation), azimuth, sign), towards, rng.uniform(*interior))


def _placed_hand(rng: random.Random, state: str, sign: float, view: str, build: Build) -> Limb:
    """An arm whose wrist is put at a place: hip, belly, ear, mouth, before the chest."""
    j = rng.gauss
    across = -sign * build["shoulders"] / 2
    # Body heights from the shoulder, by eye, and the way the elbow is pushed; jitter where a hand has room.
    places: dict[str, tuple[Vec, Vec]] = {
        "hip": ((sign * 0.005 + j(0, 0.008), -0.225 + j(0, 0.012), 0.03 if view in FRONTAL else 0.07),
                (sign, -0.1, -0.25)),
        "across": ((across * rng.uniform(1.25, 1.7), -0.16 + j(0, 0.025), 0.105), (sign, -0.7, 0.1)),
        "ear": ((across * 0.30, 0.085, 0.03), (sign, -0.35, 0.45)),
        "mouth": ((across * 0.75, 0.045, 0.115), (sign, -0.75, 0.15)),
        "book": ((across * 0.55, -0.10, 0.19), (sign * 0.7, -1.0, 0.0)),
        "hold": ((sign * 0.10 + j(0, 0.012), -0.04 + j(0, 0.02), 0.10), (sign * 0.3, -1.0, -0.2)),
    }  # fmt: skip
    target, towards = places[state]
    if view not in FRONTAL and state in ("hold", "book"):
        # From the side: nearer to the middle and further ahead, where the chest does not hide the hand.
        target = (target[0] * 0.4, target[1], target[2] + 0.05)
    return reaching(target, towards, build["upper arm"], build["forearm"])


def leg(elevation: float, azimuth: float, sign: float, interior: float) -> Limb:
    """A leg by its thigh's angle from straight down and from the own side (0) to the front (90), and its knee's."""
    thigh = aim(elevation, azimuth, sign)
    e = math.radians(elevation)
    # A knee folds backwards under a hanging thigh and downwards under a raised one.
    return bent(thigh, unit((0.0, -math.sin(e), -math.cos(e))), interior)


# Many lifted legs, more than photographs have: both values of every fact must come often enough to be learnt.
STANDING_LEGS = {"together": 0.36, "apart": 0.15, "lift bent": 0.30, "lift back": 0.08, "lift side": 0.11}


def leg_states(rng: random.Random, state: str, view: str) -> dict[str, Limb]:
    """Both legs in a state, mirrored by chance."""
    first, second = ("left", "right") if rng.random() < 0.5 else ("right", "left")
    u, frontal = rng.uniform, view in FRONTAL
    signs = {"left": 1.0, "right": -1.0}

    def pair(a: tuple[float, float, float], b: tuple[float, float, float]) -> dict[str, Limb]:
        return {first: leg(a[0], a[1], signs[first], a[2]), second: leg(b[0], b[1], signs[second], b[2])}

    # The other leg of who lifts one.
    stand = (u(0, 3), u(0, 90), _straight(rng))
    if state == "together":
        return pair((u(0, 2.5), 0, _straight(rng)), (u(0, 2.5), 0, _straight(rng)))
    if state == "apart":
        # Feet then stand 1.4 to 1.8 torso lengths apart: clear of ``thresholds.LEGS.apart_sure_torsos``.
        spread = u(17, 25)
        if frontal:
            return pair((spread, u(-8, 8), _straight(rng)), (spread, u(-8, 8), _straight(rng)))
        # From the side a stride: one leg ahead, the other behind with its knee a little bent.
        return pair((spread + u(0, 4), 90, _straight(rng)), (spread, -90, u(163, 175)))
    if state == "lift bent":
        if frontal:
            return pair((u(62, 88), u(15, 50), u(70, 100)), stand)
        return pair((u(62, 92), 90, u(72, 102)), stand)
    if state == "lift back":
        return pair((u(2, 14), -90 if u(0, 1) < 0.5 else 90, u(70, 100)), stand)
    if state == "lift side":
        return pair((u(38, 62), u(-8, 12) if frontal else u(82, 98), _straight(rng)), stand)
    if state == "run":
        return pair((u(52, 78), u(60, 95) if frontal else 90, u(72, 102)), (u(16, 27), -90, u(160, 172)))
    if state == "run bent":
        return pair((u(30, 45), 90, u(160, 172)), (u(8, 18), -90, u(75, 105)))
    if state == "half squat":
        spread = (u(10, 35) if frontal else u(70, 90)) if u(0, 1) < 0.8 else u(30, 60)
        # Thighs forward, shanks back: the feet stay below the hips.
        bend, fold = u(34, 46), u(98, 114)
        return pair((bend, spread, fold), (bend + u(-4, 4), spread, fold + u(-5, 5)))
    if state == "sit":
        # From the front knees fall apart, else thighs would point at the camera and both legs be unreadable.
        spread = (40, 82) if frontal else (78, 92)
        return pair((u(84, 96), u(*spread), u(82, 104)), (u(84, 96), u(*spread), u(82, 104)))
    if state == "crouch":
        spread = (25, 60) if frontal else (72, 90)
        open_deg = u(*spread)
        # Knees above the hips and feet close below them; who sits has level thighs.
        bend, fold = u(100, 116), u(38, 52)
        return pair((bend, open_deg, fold), (bend + u(-5, 5), open_deg + u(-6, 6), fold + u(-5, 5)))
    if state == "lie":
        return pair((u(0, 6), 90, _straight(rng)), (u(0, 6), 90, _straight(rng)))
    assert state == "lie bent", state
    return pair((u(50, 65), 90, u(65, 90)), (u(0, 6), 90, _straight(rng)))
