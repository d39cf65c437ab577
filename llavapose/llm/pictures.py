"""A picture on its way to a model: known by its content, read again when it is sent, as a data URL.

    picture_of(Path("train2014/COCO_train2014_000000134754.jpg"), max_px=1024)
    Picture(path=..., sha256="5d0f...", width=640, height=480, max_px=None)      # within the bound: sent as it is

A file goes out byte for byte. One that is longer than the bound is shrunk and written as a JPEG; its EXIF orientation
is neither applied nor kept, because annotations are about the pixels as they lie in the file.
"""

import hashlib
import io
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from llavapose.errors import DataError
from llavapose.llm.failures import RequestFailed
from llavapose.rgb import to_rgb

JPEG_QUALITY = 90
"""Of shrunk pictures: no block can be seen, a fifth of the bytes of a lossless file."""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One picture of a message.

    Attributes:
        path: where it lies; not part of what it is known by.
        sha256: of the file.
        width, height: of the file's picture, in pixels.
        max_px: the longest side that is sent; None: the file as it is.
    """

    path: Path
    sha256: str
    width: int
    height: int
    max_px: int | None = None

    @property
    def identity(self) -> str:
        """What is sent, in a word: the same file with the same bound, wherever it lies."""
        return f"{self.sha256} {self.max_px}"

    @property
    def sent_size(self) -> tuple[int, int]:
        """Width and height of what is sent, in pixels."""
        if self.max_px is None:
            return self.width, self.height
        share = self.max_px / max(self.width, self.height)
        return max(1, round(self.width * share)), max(1, round(self.height * share))


def picture_of(path: Path, *, max_px: int | None = None) -> Picture:
    """The picture in a file; ``max_px`` bounds the longest side of what is sent (``EndpointConfig.max_image_px``).

    Raises:
        DataError: no such file, or it is no JPEG, PNG, WebP or GIF.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"picture {path}: cannot be read ({error.strerror}); check the path") from None
    if media_type(content) is None:
        raise DataError(f"picture {path} is no JPEG, PNG, WebP or GIF; endpoints take only these, convert it")
    try:
        with Image.open(io.BytesIO(content)) as image:
            width, height = image.size
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise DataError(f"picture {path}: damaged ({error}); get it again") from None
    bound = max_px if max_px is not None and max(width, height) > max_px else None
    digest = hashlib.sha256(content).hexdigest()
    return Picture(path=path, sha256=digest, width=width, height=height, max_px=bound)


def media_type(content: bytes) -> str | None:
    """What kind of picture the bytes are, by their first ones; None where chat endpoints take no such kind."""
    if content.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return "image/gif" if content.startswith((b"GIF87a", b"GIF89a")) else None


def data_url(picture: Picture) -> str:
    """The picture as it is sent: ``data:image/jpeg;base64,...``.

    Raises:
        RequestFailed: the file is gone, is damaged, or is not the one any more that the request was made with.
    """
    try:
        content = picture.path.read_bytes()
    except OSError as error:
        told = f"the picture {picture.path} cannot be read any more ({error.strerror}); put it back"
        raise RequestFailed(told, reason="picture is gone", lasting=False) from None
    if hashlib.sha256(content).hexdigest() != picture.sha256:
        told = f"the picture {picture.path} is not the one that the request was made with; put that one back"
        raise RequestFailed(told, reason="picture has changed", lasting=False)
    if picture.max_px is not None:
        try:
            content = _shrunk(content, picture.sent_size)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            told = f"the picture {picture.path} is damaged ({error}); get it again"
            raise RequestFailed(told, reason="picture is damaged", lasting=False) from None
    return f"data:{media_type(content)};base64,{b64encode(content).decode()}"


def _shrunk(content: bytes, size: tuple[int, int]) -> bytes:
    with Image.open(io.BytesIO(content)) as image:
        small = to_rgb(image).resize(size, Image.Resampling.LANCZOS)
    found = io.BytesIO()
    small.save(found, "JPEG", quality=JPEG_QUALITY)
    return found.getvalue()
