"""Pictures: proven to decode, padding to a square, resizing and normalising as the checkpoint's processor says."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from llavapose.rgb import open_image

if TYPE_CHECKING:
    from torch import Tensor


def check_image(path: Path, *, where: str) -> tuple[int, int]:
    """Prove that a picture decodes, header to last row; its height and width. Raises as ``open_image``."""
    with open_image(path, where=where) as image:
        return image.height, image.width


def pixels(image: Image.Image, image_processor: Any) -> "Tensor":
    """A picture as the vision encoder wants it: float32[3, H, W], padded to a square, resized, normalised."""
    import torch  # pictures are checked before anything heavy is imported

    return torch.as_tensor(image_processor(images=[image], return_tensors="pt")["pixel_values"][0])
