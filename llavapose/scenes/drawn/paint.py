"""Painting: shapes with a depth, laid down from far to near, and a map of which shape is on top at every pixel."""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
OVERSAMPLE = 2


@dataclass(frozen=True, kw_only=True)
class Shape:
    """One painted piece.

    Attributes:
        points: pixel polygon [(x, y), ...], or the two ends of a tapered limb if ``radii`` is set.
        radii: (start, end) radius in pixels of a limb; None for a polygon. One point with one radius is a disc.
        colour, outline: RGB.
        depth: larger is nearer to the camera.
        owner: person number, or -1 for things.
        part: name of the part ("left upper arm", "trunk", "head", ...).
    """

    points: tuple[tuple[float, float], ...]
    radii: tuple[float, float] | None = None
    colour: Colour
    outline: bool = True
    depth: float
    owner: int = -1
    part: str = ""


def shade(colour: Colour, factor: float) -> Colour:
    """A lighter (> 1) or darker (< 1) colour."""
    return tuple(int(np.clip(value * factor, 0, 255)) for value in colour)  # type: ignore[return-value]


def paint(background: Image.Image, shapes: list[Shape]) -> tuple[Image.Image, np.ndarray]:
    """Lay the shapes down by depth.

    Args:
        background: RGB at OVERSAMPLE times the final size.
        shapes: in pixels of the final size.

    Returns:
        the picture at its final size, and int16[H, W] with the index (into ``shapes``) of what is on top, -1 background.
    """
    size = background.width // OVERSAMPLE
    top = Image.new("I", (size, size), 0)
    draw, mark = ImageDraw.Draw(background), ImageDraw.Draw(top)
    for index in sorted(range(len(shapes)), key=lambda i: shapes[i].depth):
        shape = shapes[index]
        if shape.outline:
            fill(draw, shape, shade(shape.colour, 0.45), OVERSAMPLE, grow=0.8)
        fill(draw, shape, shape.colour, OVERSAMPLE, grow=0.0)
        fill(mark, shape, index + 1, 1, grow=0.0)
    return background.reduce(OVERSAMPLE), np.asarray(top).astype(np.int16) - 1


def fill(draw: ImageDraw.ImageDraw, shape: Shape, colour: Colour | int, scale: float, *, grow: float) -> None:
    """Fill one shape, ``grow`` pixels larger all round, at ``scale`` times its size."""
    points = [(x * scale, y * scale) for x, y in shape.points]
    if shape.radii is None:
        draw.polygon(points, fill=colour)
        if grow:
            draw.line([*points, points[0]], fill=colour, width=max(1, round(2 * grow * scale)))
        return
    radii = [(radius + grow) * scale for radius in shape.radii]
    for (x, y), radius in zip(points, radii, strict=False):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
    if len(points) == 2:
        (x1, y1), (x2, y2) = points
        length = np.hypot(x2 - x1, y2 - y1)
        if length > 0.5:
            nx, ny = -(y2 - y1) / length, (x2 - x1) / length
            a, b = radii
            draw.polygon(
                [(x1 + nx * a, y1 + ny * a), (x2 + nx * b, y2 + ny * b), (x2 - nx * b, y2 - ny * b), (x1 - nx * a, y1 - ny * a)],
                fill=colour,
            )


def bounds(shape: Shape) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of a shape in pixels."""
    points = np.array(shape.points)
    reach = np.array(shape.radii)[: len(points), None] if shape.radii else 0
    low, high = (points - reach).min(0), (points + reach).max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])
