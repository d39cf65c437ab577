"""Skin, hair and clothes: colours with the names that captions use. Nothing here tells a left side from a right one."""

import random
from dataclasses import dataclass

from llavapose.scenes.world.drawn.paint import Colour

SHIRTS: dict[str, Colour] = {
    "red": (204, 46, 46), "blue": (44, 92, 196), "yellow": (238, 200, 48), "green": (44, 142, 70),
    "white": (240, 240, 236), "orange": (236, 128, 36), "purple": (132, 66, 170), "pink": (236, 130, 168),
    "black": (48, 48, 54), "grey": (142, 146, 152), "turquoise": (48, 176, 176),
}  # fmt: skip
TROUSERS: dict[str, Colour] = {
    "black": (50, 50, 56), "blue": (52, 74, 132), "grey": (112, 116, 124), "brown": (112, 80, 52),
    "khaki": (184, 162, 112), "white": (226, 226, 222), "green": (70, 100, 62), "red": (150, 40, 44),
}  # fmt: skip
SKINS: tuple[Colour, ...] = ((250, 214, 184), (238, 190, 152), (214, 160, 118), (172, 118, 80), (124, 82, 56))
HAIRS: tuple[Colour, ...] = ((44, 32, 26), (86, 56, 34), (140, 94, 48), (214, 174, 96), (120, 118, 116), (150, 66, 34))


@dataclass(frozen=True, kw_only=True)
class Outfit:
    """How one person looks.

    Attributes:
        noun: "man", "woman", "boy", "girl" or "person".
        shirt, trousers: names of colours.
        long_sleeves, long_legs: whether clothes cover forearms and shanks.
        hair: colour; long_hair: whether it falls over the neck.
        hat: colour of a cap or helmet, None for none.
    """

    noun: str
    shirt: str
    trousers: str
    skin: Colour
    hair: Colour
    shoes: Colour
    long_sleeves: bool
    long_legs: bool
    long_hair: bool
    hat: Colour | None


def random_outfit(rng: random.Random, *, cold: bool = False) -> Outfit:
    """Clothes whose upper and lower halves differ; long ones where it is cold."""
    shirt = rng.choice(list(SHIRTS))
    # Upper and lower half must be told apart, or hips cannot be seen.
    trousers = rng.choice([name for name in TROUSERS if _apart(SHIRTS[shirt], TROUSERS[name])])
    # Men and women twice as often as the others.
    noun = rng.choice(("man", "woman", "boy", "girl", "person", "man", "woman"))
    hat = rng.choice(list(SHIRTS.values())) if rng.random() < (0.7 if cold else 0.15) else None
    return Outfit(
        noun=noun, shirt=shirt, trousers=trousers, skin=rng.choice(SKINS), hair=rng.choice(HAIRS),
        shoes=rng.choice(((40, 40, 44), (230, 230, 230), (170, 50, 44), (60, 60, 120))),
        # Drawn apart from what people do: no piece of clothing tells a pose.
        long_sleeves=cold or rng.random() < 0.5, long_legs=cold or rng.random() < 0.65,
        long_hair=rng.random() < (0.6 if noun in ("woman", "girl") else 0.08), hat=hat,
    )  # fmt: skip


def _apart(a: Colour, b: Colour) -> bool:
    # By eye, summed over red, green and blue.
    return sum(abs(x - y) for x, y in zip(a, b, strict=True)) > 130
