"""The square of a picture that a model is shown of one person, and the way there and back for points.

A view is a similarity: scaled, turned about its centre, mirrored, moved. Points of the picture are in pixels; points of
a view are in 0..1 of its side, so that they hold at whatever resolution it is cut.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, radians, sin
from random import Random
from typing import Any

from PIL import Image

from llavapose.records import Box

FILL = (123, 117, 104)
"""What lies beyond the picture: the mean colour of CLIP's training pictures (as LLaVA pads to a square)."""
SCALE = (1.0, 0.3, 0.7, 1.3)
"""Mean, deviation and limits of the factor on a box's side (LocLLM, CVPR 2024: clip(N(1, 0.3), 0.7, 1.3))."""
MAX_DEGREES = 40.0
"""Turned by up to this much either way, every second time (LocLLM)."""


@dataclass(frozen=True, kw_only=True)
class View:
    """A square of a picture.

    Attributes:
        centre: x, y in pixels of the picture.
        side: in pixels of the picture.
        degrees: by which the picture is turned clockwise about the centre before it is cut.
        mirrored: whether left and right trade places.
    """

    centre: tuple[float, float]
    side: float
    degrees: float = 0.0
    mirrored: bool = False

    def inwards(self, x: float, y: float) -> tuple[float, float]:
        """A point of the picture (pixels) in the view (0..1 inside it)."""
        dx, dy, turn = (x - self.centre[0]) / self.side, (y - self.centre[1]) / self.side, radians(self.degrees)
        across, down = cos(turn) * dx - sin(turn) * dy, sin(turn) * dx + cos(turn) * dy
        return (0.5 - across if self.mirrored else 0.5 + across), 0.5 + down

    def outwards(self, x: float, y: float) -> tuple[float, float]:
        """A point of the view (0..1) in the picture (pixels): the way back of ``inwards``."""
        across, down, turn = (0.5 - x if self.mirrored else x - 0.5), y - 0.5, radians(self.degrees)
        dx, dy = cos(turn) * across + sin(turn) * down, cos(turn) * down - sin(turn) * across
        return self.centre[0] + self.side * dx, self.centre[1] + self.side * dy

    def cut(self, image: Image.Image, size: int) -> Image.Image:
        """The view as a picture of ``size`` pixels a side."""
        # Pillow asks for the way from a pixel of the result to one of the source; it adds half a pixel itself.
        left, top = self.outwards(0.0, 0.0)
        right, far = self.outwards(1.0, 0.0), self.outwards(0.0, 1.0)
        way = (
            (right[0] - left) / size, (far[0] - left) / size, left,
            (right[1] - top) / size, (far[1] - top) / size, top,
        )  # fmt: skip
        if self.side > 2 * size:
            # Bicubic looks at four source pixels a side: much larger pictures are brought near the size first.
            factor = int(self.side / size)
            return self._of(image.reduce(factor), factor, way, size)
        return image.transform((size, size), Image.Transform.AFFINE, way, Image.Resampling.BICUBIC, fillcolor=FILL)

    @staticmethod
    def _of(image: Image.Image, factor: int, way: Sequence[float], size: int) -> Image.Image:
        smaller = tuple(value / factor for value in way)
        return image.transform((size, size), Image.Transform.AFFINE, smaller, Image.Resampling.BICUBIC, fillcolor=FILL)

    def to_json(self) -> dict[str, Any]:
        """Plain values, from which ``from_json`` makes the same view."""
        return {"centre": list(self.centre), "side": self.side, "degrees": self.degrees, "mirrored": self.mirrored}


def from_json(values: dict[str, Any]) -> View:
    """The view of ``to_json``."""
    x, y = values["centre"]
    return View(centre=(x, y), side=values["side"], degrees=values["degrees"], mirrored=values["mirrored"])


def around(box: Box, width: int, height: int, *, margin: float = 1.0) -> View:
    """The square about a box.

    Args:
        box: x1, y1, x2, y2 in 0..1 of the picture; what reaches beyond it is cut off first.
        width: of the picture, in pixels.
        height: likewise.
        margin: factor on the square's side, which is the box's longer one (1.0: LocLLM's).
    """
    x1, x2 = (min(max(value, 0.0), 1.0) * width for value in (box[0], box[2]))
    y1, y2 = (min(max(value, 0.0), 1.0) * height for value in (box[1], box[3]))
    return View(centre=((x1 + x2) / 2, (y1 + y2) / 2), side=max(x2 - x1, y2 - y1, 1.0) * margin)


def varied(view: View, rng: Random) -> View:
    """Another size, half the time turned, half the time mirrored: LocLLM's augmentation."""
    mean, deviation, low, high = SCALE
    factor = min(max(rng.gauss(mean, deviation), low), high)
    degrees = rng.uniform(-MAX_DEGREES, MAX_DEGREES) if rng.random() < 0.5 else 0.0
    return View(centre=view.centre, side=view.side * factor, degrees=degrees, mirrored=rng.random() < 0.5)
