"""``model.max_pixels``: the most pixels that a picture is shown with, by what the base's processor has for it."""

import math
from typing import Any

from llavapose.errors import ConfigError
from llavapose.families.family import Family, Resolution


def bound_pixels(processor: Any, family: Family, max_pixels: int | None) -> None:
    """Have a processor show no picture with more pixels, in place.

    A bound above the processor's own changes nothing.

    Args:
        processor: the base's.
        family: what decides how large a picture is shown.
        max_pixels: None: as the processor says.

    Raises:
        ConfigError: nothing of this base reads a bound, or it is smaller than the smallest picture.
    """
    if max_pixels is None:
        return
    images = processor.image_processor
    if family.own_pictures or family.resolution is Resolution.fixed:
        raise ConfigError(
            f"model.max_pixels is {max_pixels}, and {family.name} shows every picture at one size, so that nothing "
            "reads it; leave it out"
        )
    {
        Resolution.area: _bound_area,
        Resolution.side: _bound_side,
        Resolution.tiles: _bound_tiles,
        Resolution.grids: _bound_grids,
        Resolution.crops: _bound_crops,
    }[family.resolution](images, max_pixels)


def _bound_area(images: Any, max_pixels: int) -> None:
    size = dict(images.size)
    least = size["shortest_edge"]
    if max_pixels < least:
        raise _too_small(max_pixels, least)
    images.size = type(images.size)(**{**size, "longest_edge": min(size["longest_edge"], max_pixels)})


def _bound_side(images: Any, max_pixels: int) -> None:
    size = dict(images.size)
    side, unit = math.isqrt(max_pixels), _unit(images)
    if side < unit:
        raise _too_small(max_pixels, unit**2)
    images.size = type(images.size)(**{**size, "longest_edge": min(size["longest_edge"], side)})


def _unit(images: Any) -> int:
    """Pixels to a side that a picture cannot be smaller than."""
    patch = getattr(images, "patch_size", None)
    if patch is None:
        return 1
    return int(patch) if isinstance(patch, int) else int(dict(patch)["height"])


def _bound_tiles(images: Any, max_pixels: int) -> None:
    tile = images.size["height"] * images.size["width"]
    if max_pixels < tile:
        raise _too_small(max_pixels, tile)
    images.max_patches = min(images.max_patches, max_pixels // tile)
    images.min_patches = min(images.min_patches, images.max_patches)


def _bound_grids(images: Any, max_pixels: int) -> None:
    kept = [grid for grid in images.image_grid_pinpoints if grid[0] * grid[1] <= max_pixels]
    if not kept:
        raise _too_small(max_pixels, min(grid[0] * grid[1] for grid in images.image_grid_pinpoints))
    images.image_grid_pinpoints = kept


def _bound_crops(images: Any, max_pixels: int) -> None:
    crop = images.size["height"] * images.size["width"]
    if max_pixels < crop:
        raise _too_small(max_pixels, crop)
    images.max_crops = min(images.max_crops, max_pixels // crop)


def _too_small(max_pixels: int, least: int) -> ConfigError:
    return ConfigError(
        f"model.max_pixels is {max_pixels}, and the smallest picture of this base's processor has {least} pixels; "
        f"expected at least {least}"
    )
