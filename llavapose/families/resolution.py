"""What a picture of a size becomes under its family's own rule: tokens, patches, work. No pixel is read.

The numbers that a processor's file adds to the rule (tiles, bounds) are the published ones of each family.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from llavapose.errors import ConfigError
from llavapose.families.family import Resolution
from llavapose.families.known import family_named

USUAL = (480, 640)
"""Height and width of COCO's commonest picture."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What a picture takes.

    Attributes:
        tokens: in a row, the marks around and in it included.
        encoded: positions that pass through the layers of the vision encoder, tiles and class tokens included.
        pairs: of them, one of which attends to the other; the mean over the layers.
        values: numbers of its pixels as the model is handed them.
        features: rows that the connector computes.
        cut: rows beside them that are kept for it and then cut off: a class token's.
    """

    tokens: int
    encoded: int
    pairs: float
    values: int
    features: int
    cut: int = 0


Rule = Callable[[Mapping[str, Any], int, int, int | None], Picture]


def picture_of(config: Mapping[str, Any], height: int, width: int, *, max_pixels: int | None = None) -> Picture:
    """What a picture takes of the model that a ``config.json`` describes.

    Args:
        config: with its ``vision_config`` whole.
        height: of the picture, in pixels.
        width: likewise.
        max_pixels: a bound besides the family's own, which says no more than that.

    Raises:
        ConfigError: a family without a rule, or a bound that its rule does not read.
    """
    kind = config.get("model_type", "llava")
    rule = RULES.get(kind)
    if rule is None:
        known = ", ".join(sorted(RULES))
        raise ConfigError(f"model.base: no rule for pictures of model_type {kind!r}; expected one of {known}")
    family = family_named(kind)
    if max_pixels is not None and family is not None and family.resolution is Resolution.fixed:
        raise ConfigError(
            f"model.max_pixels is {max_pixels}, and {kind} shows every picture at one size, so that nothing reads it; "
            "leave it out"
        )
    return rule(config, height, width, max_pixels)


def pooled_side(side: int, pool: int) -> int:
    """Tokens along a side of a square picture of which ``pool`` x ``pool`` patches are averaged to one.

    Args:
        side: patches along it.
        pool: likewise along it; 1: each is a token.

    Raises:
        ConfigError: it does not divide them: a rim of the picture would weigh more, or be left out.
    """
    if pool < 1 or side % pool:
        fit = ", ".join(str(one) for one in range(1, side + 1) if side % one == 0)
        raise ConfigError(
            f"connector.pool is {pool}, and a picture is {side} x {side} patches; expected a divisor of {side}: {fit}"
        )
    return side // pool


def side_of(value: Any) -> int:
    """Pixels of a square's side that a configuration writes as one number or as two."""
    return int(value[0] if isinstance(value, list | tuple) else value)


def _patches(vision: Mapping[str, Any]) -> int:
    return (side_of(vision["image_size"]) // side_of(vision["patch_size"])) ** 2


def _tiles(number: int, *, each: int, side: int, tokens: int, features: int, cut: int = 0) -> Picture:
    """``number`` squares that the encoder reads each by itself; ``each``: positions of one."""
    return Picture(
        tokens=tokens, encoded=number * each, pairs=number * each**2, values=number * 3 * side**2, features=features,
        cut=cut,
    )  # fmt: skip


def _llava(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    vision = config["vision_config"]
    patches = _patches(vision)
    own = 0 if config.get("vision_feature_select_strategy", "default") == "default" else 1
    side = side_of(vision["image_size"])
    pool = int((config.get("connector") or {}).get("pool", 1))
    tokens = pooled_side(side // side_of(vision["patch_size"]), pool) ** 2 + own
    # The connector computes every patch, before they are averaged.
    return _tiles(1, each=patches + 1, side=side, tokens=tokens, features=patches + own, cut=1)


def _qwen(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    vision, (least, own) = config["vision_config"], _QWEN[config["model_type"]]
    size, merge = side_of(vision.get("patch_size", 16)), int(vision.get("spatial_merge_size", 2))
    height, width = _bounded(height, width, side=size * merge, least=least, most=_least(own, most))
    rows, columns = height // size, width // size
    encoded = rows * columns
    return Picture(
        tokens=encoded // merge**2 + 2,
        encoded=encoded,
        pairs=_windowed(vision, rows, columns, size),
        values=encoded * 3 * int(vision.get("temporal_patch_size", 2)) * size**2,
        features=encoded // merge**2,
    )


_QWEN = {
    "qwen2_vl": (3136, 12_845_056),
    "qwen2_5_vl": (3136, 12_845_056),
    "qwen3_vl": (65_536, 16_777_216),
}
"""Least and most pixels of the published ``preprocessor_config.json``."""


def _least(own: int, given: int | None) -> int:
    return own if given is None else max(1, min(own, given))


def _bounded(height: int, width: int, *, side: int, least: int, most: int) -> tuple[int, int]:
    """The nearest size in whole squares of ``side`` that keeps the proportions between two bounds of pixels."""
    rows, columns = round(height / side), round(width / side)
    if rows * columns * side**2 > most:
        shrink = math.sqrt(height * width / most)
        rows = max(1, math.floor(height / shrink / side))
        columns = max(1, math.floor(width / shrink / side))
    elif rows * columns * side**2 < least:
        grow = math.sqrt(least / (height * width))
        rows, columns = math.ceil(height * grow / side), math.ceil(width * grow / side)
    return rows * side, columns * side


def _windowed(vision: Mapping[str, Any], rows: int, columns: int, size: int) -> float:
    """Pairs of patches, fewer in layers that see windows alone (Qwen2.5-VL)."""
    whole = float(rows * columns) ** 2
    if "window_size" not in vision:
        return whole
    window = int(vision["window_size"]) // size
    spans = [[min(window, length - at) for at in range(0, length, window)] for length in (rows, columns)]
    windowed = float(sum((high * wide) ** 2 for high, wide in product(*spans)))
    full, layers = len(vision.get("fullatt_block_indexes", ())), int(vision["depth"])
    return (full * whole + (layers - full) * windowed) / layers


def _onevision(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """The whole picture, and tiles of it in a grid: what pads the grid is cut off again, a mark ends each row."""
    vision = config["vision_config"]
    side, patches = side_of(vision["image_size"]), _patches(vision)
    high, wide = _best_grid(height, width, side=side, pixels=_least((6 * side) ** 2, most))
    across = math.isqrt(patches)
    rows, columns = across * high, across * wide
    if width / height > columns / rows:
        rows -= (rows - int(round(height * (columns / width), 7))) // 2 * 2
    else:
        columns -= (columns - int(round(width * (rows / height), 7))) // 2 * 2
    # anyres_max_9: a grid of more patches than nine tiles is made smaller.
    ratio = math.sqrt(rows * columns / (9 * patches))
    if ratio > 1.1:
        rows, columns = int(rows // ratio), int(columns // ratio)
    tiles = high * wide + 1
    return _tiles(tiles, each=patches, side=side, tokens=patches + rows * columns + rows, features=tiles * patches)


def _best_grid(height: int, width: int, *, side: int, pixels: int) -> tuple[int, int]:
    """Rows and columns of tiles, up to 6 x 6, that keep most pixels of the picture, and waste least."""
    sides = range(1, 7)
    grids = [(high, wide) for high in sides for wide in sides if high * wide * side**2 <= pixels] or [(1, 1)]

    def worth(grid: tuple[int, int]) -> tuple[int, int]:
        scale = min(grid[1] * side / width, grid[0] * side / height)
        kept = min(int(width * scale) * int(height * scale), width * height)
        return kept, kept - grid[0] * grid[1] * side**2

    return max(grids, key=worth)


def _internvl(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """Up to 12 tiles in the grid whose proportions are nearest, and the whole picture beside several."""
    vision = config["vision_config"]
    side, patches = side_of(vision["image_size"]), _patches(vision)
    tiles = _nearest_grid(height, width, side=side, most=_least(12, None if most is None else most // side**2))
    tiles += tiles > 1
    each = round(patches * float(config.get("downsample_ratio", 0.5)) ** 2)
    return _tiles(tiles, each=patches + 1, side=side, tokens=tiles * each + 2, features=tiles * each)


def _nearest_grid(height: int, width: int, *, side: int, most: int) -> int:
    """Tiles of the grid; of equally near ones the larger, while it has at most twice the picture's pixels."""
    sides = range(1, most + 1)
    grids = [(wide, high) for wide in sides for high in sides if wide * high <= most]
    best, nearest = (1, 1), math.inf
    for wide, high in sorted(grids, key=lambda grid: grid[0] * grid[1]):
        far = abs(width / height - wide / high)
        if far < nearest or (far == nearest and 2 * width * height > side**2 * wide * high):
            best, nearest = (wide, high), far
    return best[0] * best[1]


def _smolvlm(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """Four tiles along the longer side, as many as it takes along the other, and the whole picture."""
    vision = config["vision_config"]
    side, patches = side_of(vision["image_size"]), _patches(vision)
    longest = _least(4 * side, None if most is None else math.isqrt(most))
    if width >= height:
        other = int(longest / (width / height))
        sides = (other + other % 2, longest)
    else:
        other = int(longest * (width / height))
        sides = (longest, other + other % 2)
    rows, columns = (max(1, math.ceil(max(1, length) / side)) for length in sides)
    each = patches // int(config["scale_factor"]) ** 2
    tiles = rows * columns + 1
    # Two marks a tile, a line's end a row; before the whole picture one more, and three marks around it.
    tokens = rows * columns * (each + 2) + rows + each + 4
    return _tiles(tiles, each=patches, side=side, tokens=tokens, features=tiles * each)


def _gemma3(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """One square, pooled; two marks, with a line's end before and behind them."""
    vision, pooled = config["vision_config"], int(config.get("mm_tokens_per_image", 256))
    side = side_of(vision["image_size"])
    return _tiles(1, each=_patches(vision), side=side, tokens=pooled + 4, features=pooled)


def _mistral3(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """The picture's own size in whole squares, shrunk where it is too long; a mark ends each row."""
    vision, merge = config["vision_config"], int(config.get("spatial_merge_size", 2))
    patch = side_of(vision["patch_size"])
    longest = _least(side_of(vision["image_size"]), None if most is None else math.isqrt(most))
    ratio = max(height / longest, width / longest)
    if ratio > 1:
        height, width = math.floor(height / ratio), math.floor(width / ratio)
    rows, columns = ((length - 1) // (patch * merge) + 1 for length in (height, width))
    encoded = rows * columns * merge**2
    return Picture(
        tokens=rows * (columns + 1),
        encoded=encoded,
        pairs=float(encoded) ** 2,
        values=encoded * 3 * patch**2,
        features=rows * columns,
    )


def _molmo2(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """The whole picture, and up to 8 crops that overlap by 4 patches a side; pooled by 2 x 2, a mark ends each row."""
    vision = config["vision_config"]
    patch, side = side_of(vision["patch_size"]), side_of(vision["image_size"])
    across, overlap = side // patch, 8
    window = (across - overlap) * patch
    number = _least(8, None if most is None else most // side**2)
    high, wide = _covering_grid(height - overlap * patch, width - overlap * patch, side=window, most=number)
    rows, columns = (math.ceil((crops * (across - overlap) + overlap) / 2) for crops in (high, wide))
    low = math.ceil(across / 2)
    tokens = low * (low + 1) + rows * (columns + 1) + 4
    crops = high * wide + 1
    return _tiles(crops, each=across**2, side=side, tokens=tokens, features=low**2 + rows * columns)


def _covering_grid(height: int, width: int, *, side: int, most: int) -> tuple[int, int]:
    """The grid that holds the picture with the least enlargement, or else shrinks it least."""
    sides = range(1, most + 1)
    grids = [(high, wide) for high in sides for wide in sides if high * wide <= most]
    grids.sort(key=lambda grid: (grid[0] * grid[1], grid[0]))
    scales = [min(grid[0] * side / height, grid[1] * side / width) for grid in grids]
    if max(scales) < 1:
        return grids[scales.index(max(scales))]
    return grids[scales.index(min(scale for scale in scales if scale >= 1))]


def _janus(config: Mapping[str, Any], height: int, width: int, most: int | None) -> Picture:
    """One square, with a mark before and behind it."""
    vision = config["vision_config"]
    patches = _patches(vision)
    return _tiles(1, each=patches, side=side_of(vision["image_size"]), tokens=patches + 2, features=patches)


RULES: dict[str, Rule] = {
    "llava": _llava, "llavapose": _llava, "llava_onevision": _onevision, "internvl": _internvl, "smolvlm": _smolvlm,
    "gemma3": _gemma3, "mistral3": _mistral3, "molmo2": _molmo2, "janus": _janus,
    **dict.fromkeys(_QWEN, _qwen),
}  # fmt: skip
"""By ``model_type``."""
