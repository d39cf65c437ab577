"""A posed person as shapes, and which of their joints can be seen."""

from dataclasses import dataclass

import numpy as np

from llavapose.scenes.drawn.body import HEAD
from llavapose.scenes.drawn.paint import Colour, Shape, shade

SKIN: tuple[Colour, ...] = ((244, 208, 177), (224, 172, 130), (190, 134, 92), (140, 92, 62), (98, 64, 44))
HAIR: tuple[Colour, ...] = ((38, 28, 24), (84, 54, 34), (150, 104, 58), (206, 170, 104), (120, 120, 120), (140, 60, 34))
CLOTH: dict[str, Colour] = {
    "red": (206, 52, 48), "blue": (48, 92, 190), "green": (52, 140, 74), "yellow": (236, 200, 60),
    "white": (238, 238, 234), "black": (46, 46, 52), "orange": (236, 128, 46), "purple": (128, 74, 160),
    "pink": (236, 140, 176), "gray": (140, 144, 150),
}  # fmt: skip
WIDTH = {"upper arm": (0.036, 0.030), "forearm": (0.030, 0.024), "thigh": (0.052, 0.042), "shin": (0.040, 0.030)}
SEGMENTS = (
    ("arm", "upper arm", "shoulder", "elbow"), ("arm", "forearm", "elbow", "wrist"),
    ("leg", "thigh", "hip", "knee"), ("leg", "shin", "knee", "ankle"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Look:
    """Colours of a person: names of shirt and trousers, RGB of skin and hair, long sleeves or short, trousers or shorts."""

    shirt: str
    trousers: str
    skin: Colour
    hair: Colour
    long_sleeves: bool
    long_trousers: bool
    woman: bool


def draw_look(rng: np.random.Generator) -> Look:
    """A random look; shirt and trousers differ in colour."""
    shirt, trousers = rng.choice(list(CLOTH), 2, replace=False)
    return Look(
        shirt=str(shirt),
        trousers=str(trousers),
        skin=SKIN[rng.integers(len(SKIN))],
        hair=HAIR[rng.integers(len(HAIR))],
        long_sleeves=bool(rng.random() < 0.45),
        long_trousers=bool(rng.random() < 0.65),
        woman=bool(rng.random() < 0.5),
    )


def person_shapes(points: dict[str, np.ndarray], look: Look, *, px: float, owner: int) -> list[Shape]:
    """Shapes of one person.

    Args:
        points: joint name -> float[3] camera frame in pixels: x right, y DOWN, z toward the camera.
        px: pixels of the standing height.
    """
    shirt, trousers = CLOTH[look.shirt], CLOTH[look.trousers]
    shapes = []
    for limb, name, start, end in SEGMENTS:
        for side in ("left", "right"):
            a, b = points[f"{side} {start}"], points[f"{side} {end}"]
            cloth = {
                "upper arm": shade(shirt, 0.88), "forearm": shade(shirt, 0.88) if look.long_sleeves else look.skin,
                "thigh": trousers, "shin": trousers if look.long_trousers else look.skin,
            }[name]  # fmt: skip
            wide, narrow = WIDTH[name]
            middle = (a[2] + b[2]) / 2 + (0.02 * px if limb == "arm" and (a[2] + b[2]) / 2 > points["neck"][2] else 0)
            shapes.append(_limb(a, b, (wide * px, narrow * px), cloth, middle, owner, f"{side} {name}"))
            if end == "wrist":
                hand = b + (b - a) * 0.16
                shapes.append(_disc(hand, 0.032 * px, look.skin, middle + 0.012 * px, owner, f"{side} hand"))
            if end == "ankle":
                shapes.append(_foot(points, side, px, owner))
    return shapes + _trunk(points, shirt, trousers, px, owner) + _head(points, look, px, owner)


def _limb(a, b, radii, colour, depth, owner, part) -> Shape:
    return Shape(points=((a[0], a[1]), (b[0], b[1])), radii=radii, colour=colour, depth=depth, owner=owner, part=part)


def _disc(at, radius, colour, depth, owner, part, *, outline: bool = True) -> Shape:
    return Shape(
        points=((at[0], at[1]),), radii=(radius, radius), colour=colour, depth=depth, owner=owner, part=part, outline=outline
    )


def _foot(points: dict[str, np.ndarray], side: str, px: float, owner: int) -> Shape:
    ankle, knee = points[f"{side} ankle"], points[f"{side} knee"]
    forward = points["forward"] * 0.085 * px
    shin = ankle - knee
    toe = ankle + forward + shin / (np.linalg.norm(shin) + 1e-6) * 0.025 * px
    return _limb(ankle, toe, (0.026 * px, 0.022 * px), (60, 44, 40), ankle[2] + forward[2] / 2, owner, f"{side} foot")


def _trunk(points: dict[str, np.ndarray], shirt: Colour, trousers: Colour, px: float, owner: int) -> list[Shape]:
    neck, hips = points["neck"], (points["left hip"] + points["right hip"]) / 2
    depth = (neck[2] + hips[2]) / 2
    corners = [points[f"{side} {joint}"] for side, joint in (("left", "shoulder"), ("right", "shoulder"), ("right", "hip"), ("left", "hip"))]
    quad = tuple((float(c[0]), float(c[1])) for c in corners)
    chest = neck + (hips - neck) * 0.22
    belly = neck + (hips - neck) * 0.85
    return [
        _limb(points["left hip"], points["right hip"], (0.05 * px, 0.05 * px), trousers, depth - 0.01 * px, owner, "trunk"),
        Shape(points=quad, colour=shirt, depth=depth, owner=owner, part="trunk"),
        _limb(chest, belly, (0.075 * px, 0.062 * px), shirt, depth + 0.001 * px, owner, "trunk"),
        _limb(points["left shoulder"], points["right shoulder"], (0.034 * px, 0.034 * px), shirt, depth + 0.002 * px, owner, "trunk"),
        Shape(points=quad, colour=shirt, outline=False, depth=depth + 0.003 * px, owner=owner, part="trunk"),
        _limb(chest, belly, (0.074 * px, 0.061 * px), shirt, depth + 0.004 * px, owner, "trunk"),
    ]


def _head(points: dict[str, np.ndarray], look: Look, px: float, owner: int) -> list[Shape]:
    head, face = points["head"], points["face"] - np.array([0, 0, 0])
    radius, depth = HEAD * px, points["head"][2]
    toward, aside = face[2], face[0]
    up = (head - points["neck"]) / (np.linalg.norm(head - points["neck"]) + 1e-6)
    shapes = [_limb(points["neck"], head, (0.032 * px, 0.032 * px), look.skin, depth - 0.03 * px, owner, "neck")]
    if look.woman:
        back = head - face * 0.5 * radius - up * 0.35 * radius
        shapes.append(_disc(back, radius * 1.0, look.hair, depth - (0.02 if toward > -0.3 else -0.04) * px, owner, "head"))
    if toward < -0.4:
        return [*shapes, _disc(head, radius * 1.04, look.hair, depth + 0.03 * px, owner, "head")]
    shapes.append(_disc(head + up * radius * 0.12 - face * 0.22 * radius, radius * 1.06, look.hair, depth, owner, "head"))
    skin_at = head + np.array([aside * 0.26 * radius, 0, 0]) - up * radius * (0.20 if toward > 0.4 else 0.14)
    shapes.append(_disc(skin_at, radius * (0.84 if toward > 0.4 else 0.80), look.skin, depth + 0.01 * px, owner, "head"))
    if abs(aside) > 0.5:
        nose, brow = points["nose"], skin_at + up * radius * 0.3 + np.array([aside, 0, 0]) * radius * 0.5
        chin = skin_at - up * radius * 0.35 + np.array([aside, 0, 0]) * radius * 0.55
        tip = nose + np.array([aside * 0.22 * radius, 0, 0])
        triangle = tuple((float(p[0]), float(p[1])) for p in (brow, tip, chin))
        shapes.append(Shape(points=triangle, colour=shade(look.skin, 0.95), depth=depth + 0.02 * px, owner=owner, part="head"))
    for side in ("left", "right"):
        eye = points[f"{side} eye"]
        if eye[2] > head[2] + 0.1 * radius:
            shapes.append(_disc(eye, max(0.9, radius * 0.15), (20, 20, 24), depth + 0.03 * px, owner, "head", outline=False))
    mouth = head + face * radius * 0.7 - up * radius * 0.62
    if toward > 0.3:
        across = np.array([radius * 0.28, 0, 0])
        shapes.append(_limb(mouth - across, mouth + across, (0.05 * radius + 0.15,) * 2, (150, 60, 60), depth + 0.03 * px, owner, "head"))
    return shapes


OWN_PARTS = {
    "shoulder": ("upper arm", "trunk", "neck"), "elbow": ("upper arm", "forearm"), "wrist": ("forearm", "hand"),
    "hip": ("thigh", "trunk"), "knee": ("thigh", "shin"), "ankle": ("shin", "foot"),
}  # fmt: skip


def visibility(points: dict[str, np.ndarray], shapes: list[Shape], top: np.ndarray, *, owner: int, px: float) -> dict[str, int]:
    """COCO visibility of every joint: 2 seen, 1 hidden by the own body, another person or a thing, 0 outside."""
    found = {}
    size = top.shape[0]
    for name, point in points.items():
        side, _, joint = name.partition(" ")
        if name in ("neck", "head", "face", "forward"):
            continue
        x, y = int(np.floor(point[0])), int(np.floor(point[1]))
        if not (0 <= x < size and 0 <= y < size):
            found[name] = 0
            continue
        shape = shapes[top[y, x]] if top[y, x] >= 0 else None
        found[name] = 2 if _seen(name, side, joint, point, points, shape, owner, px) else 1
    return found


def _seen(name, side, joint, point, points, shape: Shape | None, owner: int, px: float) -> bool:
    head = points["head"]
    if name == "nose" or joint in ("eye", "ear"):
        facing = (point[2] - head[2]) / (HEAD * px)
        limit = {"nose": -0.1, "eye": 0.12, "ear": -0.5}[name if name == "nose" else joint]
        return facing > limit and (shape is None or (shape.owner == owner and shape.part in ("head", "neck")))
    if shape is None:
        return True
    if shape.owner != owner:
        return False
    own = shape.part.startswith(side) and shape.part.split(" ", 1)[1] in OWN_PARTS[joint]
    middle = points["neck"] if joint == "shoulder" else (points["left hip"] + points["right hip"]) / 2
    on_trunk = joint in ("shoulder", "hip") and shape.part in ("trunk", "neck") and point[2] > middle[2] - 0.06 * px
    return own or on_trunk
