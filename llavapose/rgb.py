"""A picture's file as RGB, the one way in: what a viewer shows, whatever way the file stores it.

16 bits are brought down to 8, inks are mixed by the file's own colour profile, what is transparent lies on white. The
rotation that EXIF asks for is left to the caller: annotations count pixels as the file stores them.
"""

import io
import struct
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, UnidentifiedImageError

from llavapose.errors import DataError

MAX_PIXELS = 50_000_000
"""Larger pictures are refused before they are decoded."""
MAX_SIDE = 16_384
"""So are longer ones: padded to a square, as LLaVA's are, one of this side takes 0.8 GB."""

# Pillow warns from 89 megapixels on; as an error it is told like ours. Not per call: threads share the filters.
warnings.simplefilter("error", Image.DecompressionBombWarning)

_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    IndexError,
    OverflowError,
    struct.error,
    zlib.error,
)
"""What Pillow's readers raise for files that are cut off or damaged."""


def open_image(path: Path, *, where: str) -> Image.Image:
    """Decode a picture to RGB.

    Raises:
        DataError: missing, over 50 megapixels or 16,384 pixels a side, truncated, or no picture; says which.
    """
    with opened_header(path, where=where) as image:
        return to_rgb(image)


@contextmanager
def opened_header(path: Path, *, where: str) -> Iterator[Image.Image]:
    """A picture that is not decoded yet: its size as the file stores it, and what else its head says.

    Raises:
        DataError: as ``open_image``.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise DataError(
                    f"{where}: {path} has {width} x {height} pixels; expected at most {MAX_PIXELS:,}; shrink it"
                )
            if max(width, height) > MAX_SIDE:
                raise DataError(
                    f"{where}: {path} has {width} x {height} pixels; expected at most {MAX_SIDE:,} a side; crop it"
                )
            yield image
    except FileNotFoundError:
        raise DataError(f"{where}: no image {path}; check the image folder") from None
    except IsADirectoryError:
        raise DataError(f"{where}: {path} is a folder; expected an image") from None
    except UnidentifiedImageError:
        raise DataError(f"{where}: {path} is not an image (or one of an unknown format); replace it") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{where}: {path} is far over {MAX_PIXELS:,} pixels; shrink it") from None
    except _DAMAGED as error:
        raise DataError(f"{where}: {path} is broken ({error}); replace it") from None


def to_rgb(image: Image.Image) -> Image.Image:
    """An opened picture in RGB, 8 bits a channel."""
    if image.mode.startswith("I") or image.mode == "F":
        return _of_eight_bits(image).convert("RGB")
    if image.mode == "CMYK" and image.info.get("icc_profile"):
        # Without a profile that fits there is no better way than Pillow's plain formula, which viewers use as well.
        with suppress(ImageCms.PyCMSError, OSError):
            return _by_profile(image)
    if image.has_transparency_data:
        above = image.convert("RGBA")
        ground = Image.new("RGBA", above.size, "white")
        ground.alpha_composite(above)
        found = ground.convert("RGB")
        found.info = {key: value for key, value in image.info.items() if key != "transparency"}
        return found
    return image.convert("RGB")


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """Grey levels of 16 or 32 bits, or numbers from 0 to 1, on the scale from 0 to 255; Pillow would cut them off."""
    levels = np.asarray(image, dtype=np.float64)
    if image.mode == "F":
        top = 1.0 if not levels.size or levels.max() <= 1 else 255.0
    else:
        top = 65_535.0 if not levels.size or levels.max() <= 65_535 else float(2**32 - 1)
    found = Image.fromarray(np.clip(np.nan_to_num(levels) * (255 / top), 0, 255).astype(np.uint8))
    found.info = dict(image.info)
    return found


def _by_profile(image: Image.Image) -> Image.Image:
    """Inks mixed by the profile in the file.

    Raises:
        ImageCms.PyCMSError, OSError: it is no profile, or one of something else.
    """
    source = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
    found = ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert found is not None, "only a conversion in place gives none"
    found.info = {key: value for key, value in image.info.items() if key != "icc_profile"}
    return found
