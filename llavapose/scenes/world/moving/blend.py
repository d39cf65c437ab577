"""From one posture to another: limbs that swing round their joints, legs whose feet stand where they stand.

Body frame and body heights as in ``drawn/body.py``.
"""

import math
from itertools import pairwise

from llavapose.scenes.world.drawn.body import Build, Limb, Vec, add, dot, reaching, unit

STRETCH = 0.997
"""Of a leg's length, how far a standing foot may be from its hip: a knee of 171 degrees, as of ``limb_states``."""

STEPS = 6
"""Parts that a limb's way is cut into: the lower segment is carried along from part to part."""


def eased(share: float) -> float:
    """0..1 -> 0..1, slow at both ends; played backwards it is the same, from 1 to 0."""
    share = max(0.0, min(1.0, share))
    return share * share * (3.0 - 2.0 * share)


def between(a: float, b: float, share: float) -> float:
    """The number at ``share`` of the way from ``a`` to ``b``."""
    return a + (b - a) * share


def blended(a: Limb, b: Limb, share: float) -> Limb:
    """A limb on its way from ``a`` (0) to ``b`` (1): the upper segment rises round its joint, the lower goes with it.

    Two straight limbs have only straight ones between them, and both ways are the same way.
    """
    upper = _upper(a.upper, b.upper, share)
    first = _carried(a.lower, [_upper(a.upper, b.upper, share * step / STEPS) for step in range(STEPS + 1)])
    back = [_upper(a.upper, b.upper, 1 - (1 - share) * step / STEPS) for step in range(STEPS + 1)]
    return Limb(upper=upper, lower=_slerp(first, _carried(b.lower, back), share))


def leg_to(foot: Vec, hip: Vec, outward: float, sign: float, build: Build) -> Limb:
    """A leg from its hip to its ankle, the knee ahead and by ``outward`` (0..1) to its own side."""
    ahead = math.sqrt(1 - outward * outward)
    return reaching(add(foot, hip, -1.0), unit((sign * outward, 0.25, ahead)), build["thigh"], build["shank"])


def reach(build: Build, aside: float) -> float:
    """How high a hip may be above an ankle that is ``aside`` from below it."""
    return math.sqrt(max(0.02, ((build["thigh"] + build["shank"]) * STRETCH) ** 2 - aside**2))


def _upper(a: Vec, b: Vec, share: float) -> Vec:
    """By height and compass, never through the body as the shortest way from hanging to straight up may go."""
    (low_a, way_a), (low_b, way_b) = _angles(a), _angles(b)
    # Who hangs or points straight up has hardly a compass direction: the other's holds for all of the way.
    plain_a, plain_b = math.sin(low_a), math.sin(low_b)
    if plain_a < 0.25 <= plain_b:
        way_a = way_b
    if plain_b < 0.25 <= plain_a:
        way_b = way_a
    turn = (way_b - way_a + math.pi) % (2 * math.pi) - math.pi
    low, way = between(low_a, low_b, share), way_a + turn * share
    return math.sin(low) * math.cos(way), -math.cos(low), math.sin(low) * math.sin(way)


def _angles(v: Vec) -> tuple[float, float]:
    """Angle from straight down, and the compass angle of what is left of it."""
    return math.acos(max(-1.0, min(1.0, -v[1]))), math.atan2(v[2], v[0])


def _carried(lower: Vec, way: list[Vec]) -> Vec:
    """``lower`` turned as its upper segment turns along ``way``."""
    for a, b in pairwise(way):
        lower = _turned(lower, a, b)
    return unit(lower)


def _turned(v: Vec, a: Vec, b: Vec) -> Vec:
    """``v`` by the smallest turn that brings ``a`` to ``b``: Rodrigues' formula, written without the angle."""
    axis = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    cosine = dot(a, b)
    over = (axis[1] * v[2] - axis[2] * v[1], axis[2] * v[0] - axis[0] * v[2], axis[0] * v[1] - axis[1] * v[0])
    along = dot(axis, v) / (1.0 + cosine)
    return (
        v[0] * cosine + over[0] + axis[0] * along,
        v[1] * cosine + over[1] + axis[1] * along,
        v[2] * cosine + over[2] + axis[2] * along,
    )


def _slerp(a: Vec, b: Vec, share: float) -> Vec:
    angle = math.acos(max(-1.0, min(1.0, dot(a, b))))
    # Nearly alike: a straight line between them is as good, and the sines are too small to divide by.
    if math.sin(angle) < 1e-4:
        return unit(add(add((0.0, 0.0, 0.0), a, 1 - share), b, share))
    one, two = math.sin((1 - share) * angle) / math.sin(angle), math.sin(share * angle) / math.sin(angle)
    return unit(add(add((0.0, 0.0, 0.0), a, one), b, two))
