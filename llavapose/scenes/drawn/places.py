"""Backgrounds: simple places with a horizon and a little clutter, painted at twice the final size."""

import numpy as np
from PIL import Image, ImageDraw

from llavapose.scenes.drawn.paint import OVERSAMPLE, shade

PLACES = {
    "street": ((186, 200, 214), (132, 132, 136)), "park": ((170, 208, 236), (118, 170, 92)),
    "room": ((226, 214, 196), (166, 128, 92)), "beach": ((160, 206, 236), (228, 208, 160)),
    "snow": ((178, 206, 232), (240, 244, 248)), "sea": ((176, 212, 238), (52, 128, 172)),
    "court": ((150, 176, 200), (64, 122, 104)),
}  # fmt: skip
"""Place -> colour above and below the horizon."""


def background(place: str, size: int, rng: np.random.Generator) -> tuple[Image.Image, float]:
    """(RGB picture at OVERSAMPLE times ``size``, y of the horizon in pixels of ``size``)."""
    side = size * OVERSAMPLE
    above, below = (shade(colour, float(rng.uniform(0.88, 1.1))) for colour in PLACES[place])
    horizon = float(rng.uniform(0.38, 0.6)) * side
    fade = np.linspace(0.94, 1.06, side)[:, None, None]
    pixels = np.where((np.arange(side) < horizon)[:, None, None], np.array(above), np.array(below)) * fade
    picture = Image.fromarray(np.broadcast_to(np.clip(pixels, 0, 255), (side, side, 3)).astype(np.uint8))
    draw = ImageDraw.Draw(picture)
    _CLUTTER[place](draw, side, horizon, rng)
    return picture, horizon / OVERSAMPLE


def _trees(draw: ImageDraw.ImageDraw, side: int, horizon: float, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 5)):
        x, h = rng.uniform(0, side), rng.uniform(0.12, 0.3) * side
        draw.rectangle((x - 0.012 * side, horizon - h * 0.5, x + 0.012 * side, horizon + 0.02 * side), fill=(104, 78, 56))
        green = shade((70, 128, 66), float(rng.uniform(0.7, 1.2)))
        draw.ellipse((x - h * 0.4, horizon - h * 1.2, x + h * 0.4, horizon - h * 0.35), fill=green)


def _houses(draw: ImageDraw.ImageDraw, side: int, horizon: float, rng: np.random.Generator) -> None:
    x = -0.1 * side
    while x < side:
        w, h = rng.uniform(0.14, 0.3) * side, rng.uniform(0.16, 0.42) * side
        wall = shade((190, 176, 164), float(rng.uniform(0.75, 1.1)))
        draw.rectangle((x, horizon - h, x + w, horizon), fill=wall)
        for row in np.arange(horizon - h + 0.03 * side, horizon - 0.06 * side, 0.08 * side):
            draw.rectangle((x + w * 0.2, row, x + w * 0.4, row + 0.035 * side), fill=shade(wall, 0.72))
            draw.rectangle((x + w * 0.6, row, x + w * 0.8, row + 0.035 * side), fill=shade(wall, 0.72))
        x += w + rng.uniform(0, 0.06) * side


def _room(draw: ImageDraw.ImageDraw, side: int, horizon: float, rng: np.random.Generator) -> None:
    for _ in range(rng.integers(1, 3)):
        x, y = rng.uniform(0.05, 0.8) * side, rng.uniform(0.05, 0.2) * side
        w, h = rng.uniform(0.1, 0.22) * side, rng.uniform(0.1, 0.2) * side
        draw.rectangle((x, y, x + w, min(y + h, horizon)), fill=shade((170, 200, 222), float(rng.uniform(0.8, 1.1))), outline=(120, 100, 84))
    draw.line((0, horizon, side, horizon), fill=(140, 112, 88), width=max(2, side // 120))


def _waves(draw: ImageDraw.ImageDraw, side: int, horizon: float, rng: np.random.Generator) -> None:
    for _ in range(8):
        x, y, w = rng.uniform(0, side), rng.uniform(horizon, side), rng.uniform(0.1, 0.35) * side
        draw.arc((x - w / 2, y - w * 0.1, x + w / 2, y + w * 0.1), 180, 360, fill=(226, 240, 246), width=max(2, side // 110))


def _hills(draw: ImageDraw.ImageDraw, side: int, horizon: float, rng: np.random.Generator) -> None:
    for _ in range(3):
        x, w, h = rng.uniform(0, side), rng.uniform(0.3, 0.7) * side, rng.uniform(0.08, 0.24) * side
        draw.polygon([(x - w / 2, horizon), (x, horizon - h), (x + w / 2, horizon)], fill=shade((196, 208, 222), float(rng.uniform(0.85, 1.05))))


def _lines(draw: ImageDraw.ImageDraw, side: int, horizon: float, rng: np.random.Generator) -> None:
    for y in (0.15, 0.55):
        level = horizon + (side - horizon) * y
        draw.line((0, level, side, level), fill=(236, 240, 236), width=max(2, side // 130))
    draw.rectangle((0, horizon - 0.05 * side, side, horizon), fill=(58, 76, 84))


_CLUTTER = {"street": _houses, "park": _trees, "room": _room, "beach": _waves, "snow": _hills, "sea": _waves, "court": _lines}
