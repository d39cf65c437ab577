"""Where it happens: snow, sea, court, field, street, room, park, beach, with some clutter and varied colours."""

import random

from llavapose.scenes.world.drawn.paint import Canvas, Colour, Shape, capsule, disc, shade

PLACES = {
    "snow": ("a snowy slope", "a snow covered hill", "the snow"),
    "sea": ("the ocean", "the sea", "the water"),
    "court": ("a tennis court", "the court"),
    "field": ("a baseball field", "a sports field"),
    "street": ("a city street", "the street", "a sidewalk"),
    "room": ("a living room", "a room", "a house"),
    "park": ("a park", "a grassy field", "the grass"),
    "beach": ("a sandy beach", "the beach"),
}
"""Every setting with what captions call it."""


def paint_backdrop(canvas: Canvas, rng: random.Random, setting: str) -> None:
    """Paint the whole picture with a setting; nothing of it is annotated."""
    # Feet stand at about 0.9 of the height (``stage``): always on ground.
    horizon = rng.uniform(0.26, 0.48)
    shapes = _PAINTERS[setting](rng, horizon)
    n = canvas.size
    canvas.paint(
        Shape(points=[(x * n, y * n) for x, y in shape.points], colour=_vary(shape.colour, rng)) for shape in shapes
    )


def _vary(colour: Colour, rng: random.Random) -> Colour:
    # Every shape a little off its colour: no shade is a label.
    red, green, blue = (int(max(0, min(255, channel + rng.gauss(0, 5)))) for channel in colour)
    return red, green, blue


def _box(x1: float, y1: float, x2: float, y2: float, colour: Colour) -> Shape:
    return Shape(points=[(x1, y1), (x2, y1), (x2, y2), (x1, y2)], colour=colour)


def _sky(rng: random.Random, horizon: float) -> list[Shape]:
    colour = rng.choice(((164, 206, 240), (196, 222, 240), (206, 212, 220), (140, 190, 236), (240, 214, 184)))
    shapes = [_box(0, 0, 1, horizon, colour), _box(0, horizon * 0.6, 1, horizon, shade(colour, 1.25))]
    # Clouds; none now and then.
    for _ in range(rng.randrange(3)):
        x, y = rng.random(), rng.uniform(0.04, horizon * 0.7)
        shapes.append(Shape(points=disc((x, y), rng.uniform(0.06, 0.14), 0.03), colour=shade(colour, 1.6)))
    return shapes


def _tree(rng: random.Random, x: float, base: float, *, fir: bool = False) -> list[Shape]:
    tall, leaf = rng.uniform(0.12, 0.26), rng.choice(((74, 128, 70), (96, 146, 82), (60, 108, 72)))
    trunk = _box(x - 0.01, base - tall * 0.4, x + 0.01, base, (112, 88, 68))
    if fir:
        crown = Shape(
            points=[(x, base - tall), (x + tall * 0.28, base - tall * 0.15), (x - tall * 0.28, base - tall * 0.15)],
            colour=shade(leaf, 0.85),
        )
        return [trunk, crown]
    return [trunk, Shape(points=disc((x, base - tall * 0.7), tall * 0.36, tall * 0.42), colour=leaf)]


def _specks(rng: random.Random, top: float, colour: Colour, number: int) -> list[Shape]:
    spots = ((rng.random(), rng.uniform(top + 0.02, 1.0), rng.uniform(0.012, 0.06)) for _ in range(number))
    return [Shape(points=disc((x, y), wide, wide * 0.2, steps=8), colour=colour) for x, y, wide in spots]


def _snow(rng: random.Random, horizon: float) -> list[Shape]:
    left, right = horizon + rng.uniform(-0.12, 0.12), horizon + rng.uniform(-0.12, 0.12)
    white = (238, 243, 249)
    peaks = [
        Shape(points=[(x - 0.25, 0.6), (x, rng.uniform(0.08, 0.25)), (x + 0.25, 0.6)], colour=(186, 200, 218))
        for x in (rng.random(), rng.random())
    ]
    firs = [shape for _ in range(rng.randrange(1, 6)) for shape in _tree(rng, rng.random(), horizon + 0.05, fir=True)]
    ground = Shape(points=[(0, left), (1, right), (1, 1), (0, 1)], colour=white)
    # Sky down to 0.6: a sloping ground may leave any height open above it.
    return _sky(rng, 0.6) + peaks + firs + [ground] + _specks(rng, max(left, right), (214, 224, 238), 9)


def _sea(rng: random.Random, horizon: float) -> list[Shape]:
    water = rng.choice(((56, 128, 176), (40, 110, 150), (76, 150, 170)))
    waves = [
        Shape(
            points=disc((rng.random(), rng.uniform(horizon, 1)), rng.uniform(0.1, 0.3), 0.012),
            colour=shade(water, rng.choice((0.85, 1.25))),
        )
        for _ in range(14)
    ]
    foam = (
        _box(0, 0.9, 1, 1, shade(water, 1.55))
        if rng.random() < 0.5
        else _box(0, horizon, 1, horizon + 0.02, shade(water, 0.8))
    )
    return [*_sky(rng, horizon), _box(0, horizon, 1, 1, water), *waves, foam]


def _court(rng: random.Random, horizon: float) -> list[Shape]:
    floor = rng.choice(((70, 130, 96), (74, 112, 168), (192, 116, 80)))
    fence = rng.choice(((62, 96, 80), (90, 100, 120), (140, 150, 160)))
    line, y = (236, 236, 230), rng.uniform(0.72, 0.9)
    x = rng.uniform(0.1, 0.9)
    # Clutter on purpose: upright bars about as wide as a limb.
    posts = [_box(p, 0, p + 0.012, horizon, shade(fence, 0.8)) for p in (i / 5 + rng.uniform(0, 0.1) for i in range(5))]
    lines = [
        _box(0, y, 1, y + 0.012, line),
        Shape(points=[(x, horizon), (x + 0.012, horizon), (x * 1.5 - 0.22, 1), (x * 1.5 - 0.25, 1)], colour=line),
    ]
    return [
        _box(0, 0, 1, horizon, fence),
        *posts,
        _box(0, horizon, 1, 1, floor),
        _box(0, horizon, 1, horizon + 0.03, shade(floor, 0.85)),
        *lines,
    ]


def _field(rng: random.Random, horizon: float) -> list[Shape]:
    grass, stand = (
        rng.choice(((98, 154, 78), (84, 138, 74))),
        rng.choice(((96, 104, 120), (70, 110, 84), (150, 140, 132))),
    )
    dirt = Shape(
        points=disc((rng.uniform(0.2, 0.8), rng.uniform(0.8, 1.0)), rng.uniform(0.4, 0.7), 0.14), colour=(190, 148, 102)
    )
    seats = [
        Shape(
            points=disc((rng.random(), rng.uniform(0.03, horizon - 0.04)), 0.014, steps=8),
            colour=rng.choice(((180, 110, 100), (200, 200, 196), (110, 130, 170))),
        )
        for _ in range(16)
    ]
    return [
        _box(0, 0, 1, horizon, stand),
        *seats,
        _box(0, horizon, 1, 1, grass),
        *_specks(rng, horizon, shade(grass, 1.12), 6),
        dirt,
    ]


def _street(rng: random.Random, horizon: float) -> list[Shape]:
    shapes, x = _sky(rng, horizon + 0.1), -0.05
    # House after house until the picture's right edge.
    while x < 1:
        wide, top = rng.uniform(0.18, 0.35), rng.uniform(0.02, 0.2)
        wall = rng.choice(((176, 150, 132), (150, 158, 168), (190, 180, 160), (140, 116, 104), (168, 176, 168)))
        shapes.append(_box(x, top, x + wide, horizon + 0.08, wall))
        shapes += [
            _box(x + wide * c, r, x + wide * (c + 0.2), r + 0.05, shade(wall, 0.75))
            for c in (0.15, 0.6)
            for r in (top + 0.05, top + 0.16)
            # No window below the street.
            if r + 0.06 < horizon
        ]
        x += wide + rng.uniform(0, 0.04)
    road = rng.choice(((128, 130, 134), (150, 148, 144), (112, 114, 120)))
    shapes += [_box(0, horizon + 0.08, 1, 1, road), _box(0, horizon + 0.08, 1, horizon + 0.13, shade(road, 1.3))]
    if rng.random() < 0.6:
        shapes += [_box(c, 0.8, c + 0.14, 0.815, (226, 222, 204)) for c in (0.02, 0.3, 0.58, 0.86)]
    return shapes


def _room(rng: random.Random, horizon: float) -> list[Shape]:
    # Rooms are seen from nearer: the floor begins lower than a field.
    base = horizon + 0.22
    wall = rng.choice(((222, 210, 190), (200, 212, 214), (214, 200, 206), (196, 206, 184), (228, 224, 214)))
    floor = rng.choice(((176, 134, 94), (156, 150, 146), (134, 98, 72)))
    shapes = [_box(0, 0, 1, base, wall), _box(0, base, 1, 1, floor), _box(0, base - 0.015, 1, base, shade(wall, 1.5))]
    for _ in range(rng.randrange(1, 4)):
        x, y, wide, tall = rng.random(), rng.uniform(0.03, 0.25), rng.uniform(0.08, 0.2), rng.uniform(0.1, 0.2)
        shapes += [
            _box(x, y, x + wide, y + tall, (116, 92, 74)),
            _box(
                x + 0.012,
                y + 0.012,
                x + wide - 0.012,
                y + tall - 0.012,
                rng.choice(((170, 204, 226), (214, 180, 130), (150, 176, 150))),
            ),
        ]
    if rng.random() < 0.6:
        # By eye: at an edge, or it looks like what somebody sits on.
        x = rng.choice((-0.1, 0.78))
        shapes += [
            _box(x, base - 0.18, x + 0.34, base + 0.02, rng.choice(((146, 116, 96), (120, 132, 150), (150, 104, 104))))
        ]
    return [
        *shapes,
        Shape(points=disc((rng.uniform(0.3, 0.7), 0.95), 0.45, 0.09), colour=shade(floor, rng.choice((0.85, 1.2)))),
    ]


def _park(rng: random.Random, horizon: float) -> list[Shape]:
    grass = rng.choice(((126, 178, 98), (108, 160, 88), (150, 184, 104)))
    trees = [
        shape for _ in range(rng.randrange(2, 6)) for shape in _tree(rng, rng.random(), horizon + rng.uniform(0, 0.06))
    ]
    path = rng.uniform(-0.2, 1.2)
    way = Shape(points=[(0.5, horizon), (0.53, horizon), (path + 0.2, 1), (path, 1)], colour=(206, 192, 164))
    ground = [_box(0, horizon, 1, 1, grass), *([way] if rng.random() < 0.5 else [])]
    return _sky(rng, horizon) + ground + _specks(rng, horizon, shade(grass, 0.9), 7) + trees


def _beach(rng: random.Random, horizon: float) -> list[Shape]:
    sand, water, shore = (228, 206, 160), rng.choice(((70, 146, 184), (84, 164, 180))), horizon + rng.uniform(0.08, 0.2)
    wave = Shape(
        points=capsule((0, shore), (1, shore + rng.uniform(-0.03, 0.03)), 0.012, 0.012), colour=(240, 246, 248)
    )
    return [
        *_sky(rng, horizon),
        _box(0, horizon, 1, shore, water),
        _box(0, shore, 1, 1, sand),
        wave,
        *_specks(rng, shore, (214, 190, 142), 8),
    ]


_PAINTERS = {
    "snow": _snow, "sea": _sea, "court": _court, "field": _field, "street": _street, "room": _room, "park": _park,
    "beach": _beach,
}  # fmt: skip
