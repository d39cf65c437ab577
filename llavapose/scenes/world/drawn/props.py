"""Things of COCO's 80 categories, drawn where people hold, wear, ride, sit on or play with them."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

from llavapose.scenes.world.drawn.actions import ACTIONS, Acted
from llavapose.scenes.world.drawn.body import SIDES, Body, Vec, add
from llavapose.scenes.world.drawn.paint import Colour, Point, Shape, capsule, disc, hull, shade

COCO_IDS = {
    "person": 1, "dog": 18, "backpack": 27, "umbrella": 28, "handbag": 31, "frisbee": 34, "skis": 35, "snowboard": 36,
    "sports ball": 37, "kite": 38, "baseball bat": 39, "skateboard": 41, "surfboard": 42, "tennis racket": 43,
    "cup": 47, "bench": 15, "chair": 62, "cell phone": 77,
}  # fmt: skip
"""COCO's own category numbers of what the world draws."""

SUPERCATEGORIES = {
    "person": "person", "dog": "animal", "backpack": "accessory", "umbrella": "accessory", "handbag": "accessory",
    "cup": "kitchen", "bench": "outdoor", "chair": "furniture", "cell phone": "electronic",
}  # fmt: skip
"""COCO's groups; everything else here is "sports"."""

# Strong colours, none of them a skin's: a ball is not a hand.
BRIGHT: tuple[Colour, ...] = (
    (224, 64, 56),
    (60, 108, 214),
    (248, 206, 60),
    (60, 168, 92),
    (240, 130, 40),
    (150, 80, 190),
)


@dataclass(frozen=True, kw_only=True)
class Stand:
    """A person in the picture, as far as their things need to know.

    Attributes:
        place: camera-frame point in body heights -> pixels.
        scale: pixels a body height.
        size: side of the picture in pixels.
        aimed: the way that a racket or a bat is turned from the forearm, 1 or -1; None: towards the picture's top.
    """

    acted: Acted
    body: Body
    place: Callable[[Vec], Point]
    scale: float
    size: int
    rng: random.Random
    aimed: int | None = None

    def see(self, v: Vec) -> Vec:
        """A body-frame point in the camera frame."""
        return self.acted.camera.see(v)


def things_of(acted: Acted, setting: str) -> dict[str, str]:
    """What comes with a person: category -> how ("held", "worn", "under", "near")."""
    action, things = ACTIONS[acted.action], {}
    for how, category in (("held", action.held), ("worn", action.worn), ("under", action.under), ("near", action.near)):
        if category:
            things[category] = how
    # Nobody sits on air.
    if acted.stance == "sitting" and not action.under:
        things["chair" if setting == "room" else "bench"] = "under"
    return things


def thing_shapes(category: str, how: str, stand: Stand) -> list[Shape]:
    """Shapes of one thing; their key is the category."""
    if how == "held":
        return _HELD[category](stand, stand.body.points[f"{stand.acted.acting} hand"])
    if how == "worn":
        return _backpack(stand)
    if category in ("chair", "bench"):
        return _seat(stand, category)
    if how == "under":
        return _skis(stand) if category == "skis" else _board(stand, category)
    return _dog(stand) if category == "dog" else _loose_ball(stand)


def _solid(
    points: list[Point], colour: Colour, depth: float, key: str, grown: list[Point] | None = None
) -> list[Shape]:
    outline = Shape(points=grown or points, colour=shade(colour, 0.4), depth=depth, key=key)
    return [outline, Shape(points=points, colour=colour, depth=depth)]


def _rod(a: Point, b: Point, ra: float, rb: float, colour: Colour, depth: float, key: str) -> list[Shape]:
    # Outlines of about a pixel, whatever the scale: thin things stay visible.
    return _solid(capsule(a, b, ra, rb), colour, depth, key, capsule(a, b, ra + 0.9, rb + 0.9))


def ball(at: Point, radius: float, colour: Colour, depth: float, key: str) -> list[Shape]:
    """A ball with its outline, in pixels."""
    return _solid(disc(at, radius), colour, depth, key, disc(at, radius + 0.9))


def _pointing(stand: Stand, turn_deg: float = 0.0) -> Point:
    """Unit vector in the picture along the acting forearm, turned towards the top of the picture."""
    side = stand.acted.acting
    a, b = stand.place(stand.body.points[f"{side} elbow"]), stand.place(stand.body.points[f"{side} hand"])
    dx, dy = b[0] - a[0], b[1] - a[1]
    # A forearm that points at the camera has no direction in the picture: then upwards.
    if math.hypot(dx, dy) < 0.06 * stand.scale:
        dx, dy = 0.0, -1.0
    # Towards the top for either direction of the arm.
    turn = math.radians(turn_deg) * (stand.aimed or (-1 if dx > 0 else 1))
    dx, dy = dx * math.cos(turn) - dy * math.sin(turn), dx * math.sin(turn) + dy * math.cos(turn)
    length = math.hypot(dx, dy)
    return dx / length, dy / length


def _along(at: Point, direction: Point, by: float) -> Point:
    return at[0] + direction[0] * by, at[1] + direction[1] * by


def _racket(stand: Stand, hand: Vec) -> list[Shape]:
    # Sizes here and below are body heights, by eye after the real things.
    at, aim, s, depth = stand.place(hand), _pointing(stand, 18), stand.scale, hand[2] + 0.05
    colour = stand.rng.choice(BRIGHT)
    middle, turn = _along(at, aim, 0.235 * s), math.degrees(math.atan2(aim[1], aim[0]))
    return [
        *_rod(at, _along(at, aim, 0.15 * s), 0.012 * s, 0.012 * s, (60, 50, 46), depth, "tennis racket"),
        Shape(points=disc(middle, 0.098 * s, 0.072 * s, turn), colour=colour, depth=depth, key="tennis racket"),
        Shape(points=disc(middle, 0.078 * s, 0.053 * s, turn), colour=(232, 232, 214), depth=depth),
    ]


def _bat(stand: Stand, hand: Vec) -> list[Shape]:
    at, aim, s = stand.place(hand), _pointing(stand, 40), stand.scale
    grip, end = _along(at, aim, -0.03 * s), _along(at, aim, 0.36 * s)
    return _rod(grip, end, 0.012 * s, 0.027 * s, (206, 160, 96), hand[2] + 0.05, "baseball bat")


def _held_ball(stand: Stand, hand: Vec) -> list[Shape]:
    # One ball in three has just left the hand: near is not yet touching.
    s, away = stand.scale, stand.rng.choice((0.05, 0.05, 0.16))
    colour = stand.rng.choice((*BRIGHT, (240, 240, 236)))
    return ball(_along(stand.place(hand), _pointing(stand), away * s), 0.048 * s, colour, hand[2] + 0.04, "sports ball")


def _frisbee(stand: Stand, hand: Vec) -> list[Shape]:
    s = stand.scale
    at, turn = _along(stand.place(hand), _pointing(stand), 0.06 * s), stand.rng.uniform(-25, 25)
    colour = stand.rng.choice(BRIGHT)
    return _solid(disc(at, 0.088 * s, 0.034 * s, turn), colour, hand[2] + 0.04, "frisbee",
                  disc(at, 0.088 * s + 1, 0.034 * s + 1, turn))  # fmt: skip


def _umbrella(stand: Stand, hand: Vec) -> list[Shape]:
    at, s = stand.place(hand), stand.scale
    head = stand.place(stand.body.points["head"])
    # Above the hand and above the head, whichever is higher.
    base = min(at[1] - 0.20 * s, head[1] - 0.13 * s)
    lean = (head[0] - at[0]) * 0.25
    top, width, colour = (at[0] + lean, base), 0.33 * s, stand.rng.choice(BRIGHT)
    dome = [
        (top[0] + width * math.cos(t), base - 0.21 * s * math.sin(t)) for t in (math.pi * i / 14 for i in range(15))
    ]
    scallops = [(top[0] + width * (-1 + i / 6), base + (0.0 if i % 2 == 0 else -0.025 * s)) for i in range(13)]
    rib = [(top[0], base - 0.21 * s), (top[0] - width * 0.34, base), (top[0] + width * 0.34, base)]
    return [
        *_rod(
            (at[0] - lean * 0.1, at[1] + 0.03 * s), top, 0.008 * s, 0.008 * s, (70, 60, 56), hand[2] + 0.045, "umbrella"
        ),
        # Behind the person: an umbrella before the face would hide it whole.
        Shape(points=dome + scallops, colour=colour, depth=-0.5, key="umbrella"),
        Shape(points=rib, colour=shade(colour, 0.8), depth=-0.5),
    ]


def _phone(stand: Stand, hand: Vec) -> list[Shape]:
    (x, y), s = stand.place(hand), stand.scale
    w, h = 0.022 * s, 0.040 * s
    box = [(x - w, y - h), (x + w, y - h), (x + w, y + h), (x - w, y + h)]
    return _solid(
        [(px * 0.75 + x * 0.25, py * 0.8 + y * 0.2) for px, py in box],
        (90, 130, 190),
        hand[2] + 0.05,
        "cell phone",
        box,
    )


def _cup(stand: Stand, hand: Vec) -> list[Shape]:
    (x, y), s, colour = stand.place(hand), stand.scale, stand.rng.choice((*BRIGHT, (244, 244, 240)))
    w, h = 0.030 * s, 0.042 * s
    inner = [(x - w, y - h), (x + w, y - h), (x + w * 0.75, y + h), (x - w * 0.75, y + h)]
    outer = [
        (x - w - 1, y - h - 1),
        (x + w + 1, y - h - 1),
        (x + w * 0.75 + 1, y + h + 1),
        (x - w * 0.75 - 1, y + h + 1),
    ]
    return _solid(inner, colour, hand[2] + 0.05, "cup", outer)


def _handbag(stand: Stand, hand: Vec) -> list[Shape]:
    (x, y), s, colour = stand.place(hand), stand.scale, stand.rng.choice((*BRIGHT, (120, 78, 48), (50, 50, 54)))
    low, depth = y + 0.10 * s, hand[2] + 0.045
    body = [((x - 0.055 * s, low), 0.018 * s), ((x + 0.055 * s, low), 0.018 * s),
            ((x - 0.062 * s, low + 0.075 * s), 0.018 * s), ((x + 0.062 * s, low + 0.075 * s), 0.018 * s)]  # fmt: skip
    strap = shade(colour, 0.5)
    return [
        *_rod((x, y), (x - 0.05 * s, low), 0.007 * s, 0.007 * s, strap, depth, "handbag"),
        *_rod((x, y), (x + 0.05 * s, low), 0.007 * s, 0.007 * s, strap, depth, "handbag"),
        *_solid(hull(body), colour, depth, "handbag", hull([(p, r + 1) for p, r in body])),
    ]


def _kite(stand: Stand, hand: Vec) -> list[Shape]:
    at, n, rng = stand.place(hand), stand.size, stand.rng
    # High in the sky, far from the hand: held by a string, and not touched.
    x = min(0.9 * n, max(0.1 * n, at[0] + rng.choice((-1, 1)) * rng.uniform(0.25, 0.5) * n))
    y, r, colour = rng.uniform(0.08, 0.2) * n, rng.uniform(0.05, 0.08) * n, rng.choice(BRIGHT)
    string = capsule(at, (x, y + r), 0.5, 0.5)
    sail = [(x, y - r), (x + 0.75 * r, y), (x, y + 1.3 * r), (x - 0.75 * r, y)]
    return [
        # The string has no key: the kite's box is its sail.
        Shape(points=string, colour=(90, 90, 96), depth=-0.6),
        Shape(points=sail, colour=colour, depth=-0.6, key="kite"),
        Shape(points=sail[:3], colour=shade(colour, 0.78), depth=-0.6),
    ]


_HELD: dict[str, Callable[[Stand, Vec], list[Shape]]] = {
    "tennis racket": _racket, "baseball bat": _bat, "sports ball": _held_ball, "frisbee": _frisbee,
    "umbrella": _umbrella, "cell phone": _phone, "cup": _cup, "handbag": _handbag, "kite": _kite,
}  # fmt: skip


def _backpack(stand: Stand) -> list[Shape]:
    body, s, colour = stand.body, stand.scale, stand.rng.choice(BRIGHT)
    back = [add(add(add(body.points["neck"], body.front, -0.085), body.up, -d), body.left, w)
            for d in (0.045, 0.20) for w in (-0.045, 0.045)]  # fmt: skip
    circles = [(stand.place(p), 0.040 * s) for p in back]
    # Behind the back as we see it: before the trunk for who walks away, behind it for who comes.
    depth = body.points["neck"][2] - 0.09 * body.front[2]
    return _solid(hull(circles), colour, depth, "backpack", hull([(p, r + 1) for p, r in circles]))


def _floor(stand: Stand) -> float:
    """Height of the soles in the body frame, below the hips."""
    # Below the hips of who sits: a shank and the sole.
    return -max(stand.acted.build["shank"] + 0.03, 0.2)


def _seat(stand: Stand, category: str) -> list[Shape]:
    """A chair or bench under the hips, in space, so that its back hides the sitter from behind."""
    wide, colour = (0.15, (150, 104, 62)) if category == "chair" else (0.34, (136, 96, 60))
    if category == "chair":
        colour = stand.rng.choice(((150, 104, 62), (90, 90, 100), (196, 70, 60), (70, 110, 160)))
    # Body heights from the hips: the seat's back, its front edge, its height.
    back, ahead, level, floor, s = -0.11, 0.15, -0.07, _floor(stand), stand.scale
    shapes: list[Shape] = []

    def rod(a: Vec, b: Vec, radius: float) -> None:
        p, q = stand.see(a), stand.see(b)
        shapes.extend(
            _rod(
                stand.place(p),
                stand.place(q),
                radius * s,
                radius * s,
                shade(colour, 0.85),
                (p[2] + q[2]) / 2 - 0.05,
                category,
            )
        )

    for x in (-wide, wide):
        for z in (back, ahead):
            rod((x, level, z), (x, floor, z), 0.012)
    corners = [stand.see((x, level, z)) for x, z in ((-wide, back), (wide, back), (wide, ahead), (-wide, ahead))]
    flat = hull([(stand.place(p), 0.017 * s) for p in corners])
    grown = hull([(stand.place(p), 0.017 * s + 1) for p in corners])
    shapes.extend(_solid(flat, colour, sum(p[2] for p in corners) / 4 - 0.12, category, grown))
    # Benches with and without a back.
    if category == "chair" or stand.rng.random() < 0.5:
        for x in (-wide, wide):
            rod((x, level, back), (x, 0.12, back), 0.012)
        for height in (0.04, 0.11):
            rod((-wide, height, back), (wide, height, back), 0.016)
    return shapes


def _skis(stand: Stand) -> list[Shape]:
    ahead, s, colour = stand.see((0.0, 0.0, 1.0)), stand.scale, stand.rng.choice(BRIGHT)
    shapes = []
    for side in SIDES:
        sole = add(stand.body.points[f"{side} ankle"], (0.0, 0.036, 0.0))
        # Longer ahead than behind, as skis are bound.
        a, b = add(sole, ahead, -0.20), add(sole, ahead, 0.34)
        shapes += _rod(stand.place(a), stand.place(b), 0.013 * s, 0.013 * s, colour, sole[2] - 0.1, "skis")
    return shapes


def _board(stand: Stand, category: str) -> list[Shape]:
    half, thick = {"skateboard": (0.20, 0.016), "snowboard": (0.36, 0.020), "surfboard": (0.46, 0.030)}[category]
    colour, s = stand.rng.choice((*BRIGHT, (240, 236, 220))), stand.scale
    feet = [stand.body.points[f"{side} ankle"] for side in SIDES]
    spread = abs(feet[0][0] - feet[1][0]) / 2 + 0.07
    # A board is never shorter than the stance of who rides it.
    half = max(half, spread)
    low = max(foot[1] for foot in feet) + 0.045
    x, depth, tilt = (feet[0][0] + feet[1][0]) / 2, min(foot[2] for foot in feet) - 0.15, stand.rng.uniform(-0.04, 0.04)
    a, b, middle = (x - half, low + tilt, 0.0), (x + half, low - tilt, 0.0), (x, low + 0.004, 0.0)
    circles = [(stand.place(a), 0.35 * thick * s), (stand.place(middle), thick * s), (stand.place(b), 0.35 * thick * s)]
    shapes = []
    if category == "skateboard":
        for end in (a, b):
            # Two thirds of the way to either end.
            wheel = add(add(end, middle, -1.0), (0.0, 0.0, 0.0))
            at = stand.place(add(add(middle, wheel, 0.65), (0.0, 0.028, 0.0)))
            shapes += ball(at, 0.018 * s, (40, 40, 44), depth - 0.01, category)
    return shapes + _solid(hull(circles), colour, depth, category, hull([(p, r + 1) for p, r in circles]))


def _loose_ball(stand: Stand) -> list[Shape]:
    """A ball at the raised foot of a kicker, in the air near a player."""
    s, rng, points = stand.scale, stand.rng, stand.body.points
    if stand.acted.action == "kicking a ball":
        # Of the raised foot, the upper one in the picture.
        toe = min((points[f"{side} toe"] for side in SIDES), key=lambda p: p[1])
        at = stand.place(add(toe, (math.copysign(0.05, toe[0]), 0.01, 0.0)))
        return ball(at, 0.05 * s, (244, 244, 240), toe[2] + 0.03, "sports ball")
    head = stand.place(points["head"])
    at = (head[0] + rng.choice((-1, 1)) * rng.uniform(0.3, 0.55) * s, head[1] + rng.uniform(-0.15, 0.3) * s)
    return ball(at, 0.028 * s, (214, 232, 72), -0.4, "sports ball")


def _dog(stand: Stand) -> list[Shape]:
    rng, s = stand.rng, stand.scale
    points = [stand.place(stand.body.points[f"{side} ankle"]) for side in SIDES]
    ground = max(p[1] for p in points) + 0.03 * s
    flip, colour = rng.choice((-1, 1)), rng.choice(((150, 104, 60), (70, 58, 50), (224, 208, 180), (110, 110, 114)))
    # Beside the person, a third of a body height off and more, so that no foot touches it.
    x = sum(p[0] for p in points) / 2 + flip * rng.uniform(0.30, 0.42) * s
    # Before its person, whom it hides now and then.
    depth, shapes = 0.4, []

    def part(ax: float, ay: float, bx: float, by: float, ra: float, rb: float) -> None:
        a, b = (x - flip * ax * s, ground - ay * s), (x - flip * bx * s, ground - by * s)
        shapes.extend(_rod(a, b, ra * s, rb * s, colour, depth, "dog"))

    for leg in (-0.10, -0.07, 0.07, 0.10):
        part(leg, 0.12, leg * 1.05, 0.015, 0.016, 0.013)
    part(-0.12, 0.18, -0.19, 0.27, 0.010, 0.008)
    part(-0.10, 0.15, 0.10, 0.16, 0.050, 0.055)
    part(0.12, 0.19, 0.15, 0.25, 0.036, 0.042)
    part(0.16, 0.25, 0.21, 0.235, 0.030, 0.020)
    part(0.13, 0.285, 0.115, 0.24, 0.012, 0.016)
    return shapes
