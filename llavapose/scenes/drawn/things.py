"""Things in people's hands and under them: shapes with COCO's category names, and which hand or foot touches them."""

from dataclasses import dataclass

import numpy as np

from llavapose.scenes.drawn.paint import Colour, Shape, shade

BRIGHT: tuple[Colour, ...] = ((214, 60, 60), (60, 110, 210), (240, 190, 50), (70, 160, 90), (240, 240, 240), (60, 60, 66))


@dataclass(frozen=True, kw_only=True)
class Placed:
    """A thing: COCO category, its shapes, and the parts ("left hand", "right foot") that touch it."""

    category: str
    shapes: tuple[Shape, ...]
    touched_by: tuple[str, ...] = ()


def _flat(v: np.ndarray) -> np.ndarray:
    return v / (np.linalg.norm(v) + 1e-6)


def _bar(a, b, width, colour, depth, part) -> Shape:
    return Shape(points=((a[0], a[1]), (b[0], b[1])), radii=(width, width), colour=colour, depth=depth, part=part)


def _polygon(corners, colour, depth, part, *, outline: bool = True) -> Shape:
    points = tuple((float(c[0]), float(c[1])) for c in corners)
    return Shape(points=points, colour=colour, depth=depth, part=part, outline=outline)


def held(category: str, side: str, points: dict[str, np.ndarray], px: float, rng: np.random.Generator) -> Placed:
    """A thing in one hand."""
    wrist, elbow = points[f"{side} wrist"], points[f"{side} elbow"]
    along = _flat(wrist - elbow)
    hand, depth = wrist + along * 0.03 * px, wrist[2] + 0.025 * px
    colour = BRIGHT[rng.integers(len(BRIGHT))]
    across = np.array([-along[1], along[0], 0.0])
    if category == "tennis racket":
        neck, centre = hand + along * 0.14 * px, hand + along * 0.21 * px
        ring = [
            centre + along * 0.085 * px * np.cos(t) + across * 0.062 * px * np.sin(t) for t in np.linspace(0, 2 * np.pi, 17)
        ]
        shapes = (_bar(hand - along * 0.03 * px, neck, 0.012 * px, (50, 40, 40), depth, category), _polygon(ring, (226, 232, 200), depth, category))
    elif category == "baseball bat":
        shapes = (
            Shape(
                points=((hand[0], hand[1]), tuple(hand[:2] + along[:2] * 0.36 * px)),
                radii=(0.011 * px, 0.026 * px), colour=(190, 140, 84), depth=depth, part=category,
            ),
        )  # fmt: skip
    elif category == "umbrella":
        tip = hand + np.array([0, -0.30 * px, 0])
        canopy = [tip + np.array([0.27 * px * np.cos(t), -0.15 * px * np.sin(t), 0]) for t in np.linspace(0, np.pi, 13)]
        shapes = (
            _bar(hand + np.array([0, 0.04 * px, 0]), tip, 0.008 * px, (40, 40, 40), depth - 0.08 * px, category),
            _polygon(canopy, colour, depth - 0.09 * px, category),
        )
    else:
        size = {"sports ball": 0.05, "frisbee": 0.085, "cup": 0.032, "cell phone": 0.03}[category] * px
        centre = hand + along * size
        if category == "sports ball":
            shapes = (Shape(points=((centre[0], centre[1]),), radii=(size, size), colour=(230, 150, 60), depth=depth, part=category),)
        elif category == "frisbee":
            ring = [centre + np.array([size * np.cos(t), 0.4 * size * np.sin(t), 0]) for t in np.linspace(0, 2 * np.pi, 15)]
            shapes = (_polygon(ring, colour, depth, category),)
        else:
            tall = 1.35 if category == "cup" else 1.7
            corners = [hand + np.array([dx * size * 0.75, dy * size * tall, 0]) for dx, dy in ((-1, -1), (1, -1), (1, 0.6), (-1, 0.6))]
            shapes = (_polygon(corners, (250, 250, 250) if category == "cup" else (24, 24, 30), depth, category),)
    return Placed(category=category, shapes=shapes, touched_by=(f"{side} hand",))


def under(category: str, points: dict[str, np.ndarray], px: float, ground: float, rng: np.random.Generator) -> Placed:
    """What a person stands or sits on."""
    colour = BRIGHT[rng.integers(len(BRIGHT))]
    ankles = [points[f"{side} ankle"] for side in ("left", "right")]
    feet = ("left foot", "right foot")
    if category == "skis":
        forward = points["forward"]
        shapes = []
        for ankle in ankles:
            at = ankle + np.array([0, 0.04 * px, 0])
            reach = np.array([forward[0] * 0.42 * px, forward[2] * 0.10 * px, 0])
            reach = reach if abs(reach[0]) > 0.05 * px else np.array([0.02 * px, 0.12 * px, 0])
            shapes.append(_bar(at - reach * 0.8, at + reach * 1.2, 0.016 * px, colour, ankle[2] - 0.08 * px, category))
        return Placed(category=category, shapes=tuple(shapes), touched_by=feet)
    if category in ("surfboard", "skateboard", "snowboard"):
        middle = (ankles[0] + ankles[1]) / 2
        along = ankles[1] - ankles[0]
        along = np.array([np.sign(along[0]) or 1.0, np.clip(along[1] / (abs(along[0]) + 1e-6), -0.25, 0.25), 0])
        level = max(ankle[1] for ankle in ankles) + 0.045 * px
        spread = abs(ankles[0][0] - ankles[1][0]) / 2
        length = spread + {"surfboard": 0.34, "snowboard": 0.2, "skateboard": 0.13}[category] * px
        centre = np.array([middle[0], level, 0])
        thick = {"surfboard": 0.035, "snowboard": 0.025, "skateboard": 0.017}[category] * px
        board = [
            centre + along * length * np.cos(t) + np.array([0, thick * np.sin(t), 0]) for t in np.linspace(0, 2 * np.pi, 21)
        ]
        shapes = [_polygon(board, colour, middle[2] - 0.12 * px, category)]
        if category == "skateboard":
            for x in (-0.6, 0.6):
                at = centre + along * length * x + np.array([0, 0.03 * px, 0])
                shapes.append(Shape(points=((at[0], at[1]),), radii=(0.02 * px,) * 2, colour=(40, 40, 40), depth=middle[2] - 0.13 * px, part=category))
        return Placed(category=category, shapes=tuple(shapes), touched_by=feet)
    hips = (points["left hip"] + points["right hip"]) / 2
    half = (0.42 if category == "bench" else 0.17) * px
    seat = hips[1] + 0.05 * px
    back = seat - (0.26 if category == "chair" else 0.2) * px
    wood = shade((150, 100, 60), float(rng.uniform(0.7, 1.3)))
    behind = min(hips[2], points["neck"][2]) - 0.13 * px
    slab = [(hips[0] + dx * half, seat + dy * 0.022 * px) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    rest = [(hips[0] - half, back), (hips[0] + half, back), (hips[0] + half, seat), (hips[0] - half, seat)]
    shapes = [_polygon(rest, shade(wood, 0.8), behind - 0.02 * px, category), _polygon(slab, wood, behind, category)]
    for x in (-0.9, 0.9):
        leg = np.array([hips[0] + x * half, seat])
        shapes.append(_bar(leg, np.array([leg[0], ground]), 0.014 * px, shade(wood, 0.7), behind - 0.01 * px, category))
    return Placed(category=category, shapes=tuple(shapes))
