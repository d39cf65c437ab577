"""Shapes and a canvas that paints them twice: as a picture, and as a map of what is seen at each pixel."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw

Point = tuple[float, float]
Colour = tuple[int, int, int]

# By eye: smooth enough at 224 pixels.
OVERSAMPLING = 2
"""The picture is painted at this multiple of its size, then reduced: smooth edges."""
_CAPSULE_STEPS, _HULL_STEPS = 6, 10
"""Sides of a capsule's end, and of a circle that a hull lies around."""


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A filled polygon.

    Attributes:
        points: in pixels of the finished picture.
        key: what it belongs to ("left forearm", "tennis racket"); None for a detail on top of something else.
        depth: larger is nearer to the camera.
    """

    points: Sequence[Point]
    colour: Colour
    depth: float = 0.0
    key: str | None = None


class Canvas:
    """A square picture in the making.

    Attributes:
        size: side of the finished picture in pixels.
        owners: what each number of the map stands for: (owner, key).
    """

    def __init__(self, size: int) -> None:
        self.size = size
        # Number 0, where the map begins everywhere: the background.
        self.owners: list[tuple[str, str]] = [("", "")]
        self._numbers: dict[tuple[str, str], int] = {}
        self._image = Image.new("RGB", (size * OVERSAMPLING, size * OVERSAMPLING))
        # Not oversampled: a pixel has one owner, and edges must not mix numbers.
        self._map = Image.new("L", (size, size))
        self._draw, self._mark = ImageDraw.Draw(self._image), ImageDraw.Draw(self._map)

    def copy(self) -> "Canvas":
        """The same once more, to be painted on further: many pictures have one backdrop."""
        other = Canvas(self.size)
        other._image.paste(self._image)
        other._map.paste(self._map)
        other.owners, other._numbers = list(self.owners), dict(self._numbers)
        return other

    def paint(self, shapes: Iterable[Shape], owner: str = "") -> None:
        """Paint shapes in the given order; those with a key are marked as the owner's in the map."""
        for shape in shapes:
            if len(shape.points) < 3:
                continue
            self._draw.polygon([(x * OVERSAMPLING, y * OVERSAMPLING) for x, y in shape.points], fill=shape.colour)
            if owner and shape.key:
                # Pillow's pixels are centred on whole numbers; ours cover 0..1.
                self._mark.polygon([(x - 0.5, y - 0.5) for x, y in shape.points], fill=self._number(owner, shape.key))

    def _number(self, owner: str, key: str) -> int:
        number = self._numbers.setdefault((owner, key), len(self.owners))
        if number == len(self.owners):
            # One byte a pixel: four people have 14 parts each, and their things.
            assert number < 256, "more parts than the map has numbers"
            self.owners.append((owner, key))
        return number

    def picture(self) -> Image.Image:
        """The finished picture."""
        return self._image.reduce(OVERSAMPLING)

    def map(self) -> Image.Image:
        """The numbers of ``owners`` by pixel; 0 is background."""
        return self._map


def capsule(a: Point, b: Point, radius_a: float, radius_b: float) -> list[Point]:
    """The outline of two circles and what lies between them."""
    dx, dy = b[0] - a[0], b[1] - a[1]
    length = math.hypot(dx, dy)
    # One circle lies in the other.
    if length <= abs(radius_a - radius_b) + 1e-6:
        return disc(a if radius_a >= radius_b else b, max(radius_a, radius_b))
    angle, beta = math.atan2(dy, dx), math.acos((radius_a - radius_b) / length)
    points = []
    for centre, radius, start, stop in (
        (a, radius_a, angle + beta, angle + 2 * math.pi - beta),
        (b, radius_b, angle - beta, angle + beta),
    ):
        for step in range(_CAPSULE_STEPS + 1):
            t = start + (stop - start) * step / _CAPSULE_STEPS
            points.append((centre[0] + radius * math.cos(t), centre[1] + radius * math.sin(t)))
    return points


def disc(
    centre: Point, radius_x: float, radius_y: float | None = None, turn_deg: float = 0.0, steps: int = 16
) -> list[Point]:
    """An ellipse, turned clockwise in the picture."""
    radius_y, turn = radius_x if radius_y is None else radius_y, math.radians(turn_deg)
    cosine, sine, points = math.cos(turn), math.sin(turn), []
    for step in range(steps):
        t = 2 * math.pi * step / steps
        x, y = radius_x * math.cos(t), radius_y * math.sin(t)
        points.append((centre[0] + x * cosine - y * sine, centre[1] + x * sine + y * cosine))
    return points


def hull(circles: Iterable[tuple[Point, float]]) -> list[Point]:
    """The convex outline around circles."""
    # Andrew's monotone chain: lower half, then upper half, each turning one way only.
    points = sorted({p for centre, radius in circles for p in disc(centre, radius, steps=_HULL_STEPS)})

    def half(ordered: Iterable[Point]) -> list[Point]:
        chain: list[Point] = []
        for p in ordered:
            while len(chain) > 1 and _turn(chain[-2], chain[-1], p) <= 0:
                chain.pop()
            chain.append(p)
        return chain[:-1]

    return half(points) + half(reversed(points))


def _turn(o: Point, a: Point, b: Point) -> float:
    return (a[0] - o[0]) * (b[1] - o[1]) - (a[1] - o[1]) * (b[0] - o[0])


def shade(colour: Colour, by: float) -> Colour:
    """A colour made darker (below 1) or lighter (above 1)."""
    if by <= 1:
        return int(colour[0] * by), int(colour[1] * by), int(colour[2] * by)
    t = min(1.0, by - 1)
    return (
        int(colour[0] + (255 - colour[0]) * t),
        int(colour[1] + (255 - colour[1]) * t),
        int(colour[2] + (255 - colour[2]) * t),
    )
