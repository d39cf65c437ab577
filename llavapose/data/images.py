"""Pictures: safe decoding, padding to a square, resizing and normalising as the checkpoint's processor says."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, UnidentifiedImageError

from llavapose.errors import DataError

if TYPE_CHECKING:
    from torch import Tensor

MAX_PIXELS = 50_000_000
"""Larger pictures are refused before they are decoded."""

# Pillow warns from 89 megapixels on; as an error it is told like ours. Not per call: threads share the filters.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def open_image(path: Path, *, where: str) -> Image.Image:
    """Decode a picture to RGB.

    Raises:
        DataError: missing, over 50 megapixels, truncated, or no picture; says which, after ``where``.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            if width * height > MAX_PIXELS:
                raise DataError(
                    f"{where}: {path} has {width} x {height} pixels; expected at most {MAX_PIXELS:,}; shrink it"
                )
            return image.convert("RGB")
    except FileNotFoundError:
        raise DataError(f"{where}: no image {path}; check the image folder") from None
    except IsADirectoryError:
        raise DataError(f"{where}: {path} is a folder; expected an image") from None
    except UnidentifiedImageError:
        raise DataError(f"{where}: {path} is not an image (or one of an unknown format); replace it") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise DataError(f"{where}: {path} is far over {MAX_PIXELS:,} pixels; shrink it") from None
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError) as error:
        raise DataError(f"{where}: {path} is broken ({error}); replace it") from None


def check_image(path: Path, *, where: str) -> None:
    """Prove that a picture decodes, header to last row; raises as ``open_image``."""
    open_image(path, where=where).close()


def pixels(image: Image.Image, image_processor: Any) -> "Tensor":
    """A picture as the vision encoder wants it: float32[3, H, W], padded to a square, resized, normalised."""
    import torch  # pictures are checked before anything heavy is imported

    return torch.as_tensor(image_processor(images=[image], return_tensors="pt")["pixel_values"][0])
