"""Pictures: padded as the processor pads, and every broken one told in a line."""

from __future__ import annotations

import struct
import threading
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import LlavaImageProcessorPil

from llavapose.data.images import check_image, pixels
from llavapose.errors import DataError
from llavapose.rgb import open_image

MEAN, STD = [0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]  # CLIP's


def png_header(path: Path, width: int, height: int) -> Path:
    """A PNG that promises a size and holds no pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b""))
    return path


@pytest.fixture
def photo(tmp_path) -> Path:
    noise = np.random.default_rng(0).integers(0, 255, (64, 96, 3), dtype=np.uint8)
    path = tmp_path / "photo.jpg"
    Image.fromarray(noise).save(path, quality=95)
    return path


def test_a_good_picture_is_rgb(photo):
    check_image(photo, where="sample 1")
    assert open_image(photo, where="sample 1").mode == "RGB"


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1", "CMYK", "I;16"])
def test_every_mode_becomes_rgb(tmp_path, mode):
    path = tmp_path / ("photo.tif" if mode in ("CMYK", "I;16") else "photo.png")
    Image.new("I;16", (9, 7)).save(path) if mode == "I;16" else Image.new("RGB", (9, 7), "red").convert(mode).save(path)
    assert open_image(path, where="x").mode == "RGB"


def test_truncated(photo):
    photo.write_bytes(photo.read_bytes()[:-700])
    with pytest.raises(DataError, match=r"sample 1: .*photo\.jpg is broken .*; replace it"):
        check_image(photo, where="sample 1")


def test_not_a_picture(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_text("<html>404</html>")
    with pytest.raises(DataError, match="is not an image"):
        open_image(path, where="sample 1")


def test_empty(tmp_path):
    (tmp_path / "photo.png").touch()
    with pytest.raises(DataError, match="is not an image"):
        open_image(tmp_path / "photo.png", where="sample 1")


def test_missing_and_folder(tmp_path):
    with pytest.raises(DataError, match=r"sample 1: no image .*; check the image folder"):
        open_image(tmp_path / "none.jpg", where="sample 1")
    with pytest.raises(DataError, match="is a folder"):
        open_image(tmp_path, where="sample 1")


@pytest.mark.parametrize(("width", "height"), [(10_000, 5_001), (10_000, 9_500), (40_000, 40_000)])
def test_over_fifty_megapixels_is_refused_from_the_header(tmp_path, width, height):
    """Below Pillow's warning, above it, and above its error."""
    path = png_header(tmp_path / "huge.png", width, height)
    with pytest.raises(DataError, match=r"sample 1: .*huge\.png .*50,000,000.*shrink it"):
        open_image(path, where="sample 1")


def test_huge_pictures_are_refused_in_threads_too(tmp_path):
    path = png_header(tmp_path / "huge.png", 10_000, 9_500)
    seen = []

    def look():
        try:
            check_image(path, where="x")
        except DataError as error:
            seen.append(str(error))

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8


@pytest.mark.parametrize("size", [(96, 64), (64, 96), (70, 70), (300, 20)])
def test_padded_to_a_square_never_cropped(size):
    """By hand: the longer side decides, the rest is CLIP's mean colour, which normalises to nearly zero."""
    processor = LlavaImageProcessorPil(do_pad=True, size={"shortest_edge": 42}, crop_size={"height": 42, "width": 42})
    picture = Image.new("RGB", size, (255, 0, 0))
    found = pixels(picture, processor)
    assert found.shape == (3, 42, 42) and found.dtype == torch.float32
    red = torch.tensor([(1.0 - MEAN[0]) / STD[0], -MEAN[1] / STD[1], -MEAN[2] / STD[2]])
    torch.testing.assert_close(found[:, 21, 21], red, atol=1e-3, rtol=0)
    share = (found - red[:, None, None]).abs().amax(0).lt(0.3).float().mean()
    assert float(share) == pytest.approx(min(size) / max(size), abs=0.06)
    if size[0] != size[1]:
        assert found[:, 0, 0].abs().max() < 0.02


def test_same_as_padding_first_with_pillow(photo):
    """The reference pads with Pillow as LLaVA-1.5 does, then resizes and normalises the square."""
    settings = {"size": {"shortest_edge": 42}, "crop_size": {"height": 42, "width": 42}}
    picture = open_image(photo, where="x")
    square = Image.new("RGB", (96, 96), tuple(int(255 * value) for value in MEAN))
    square.paste(picture, (0, 16))
    expected = pixels(square, LlavaImageProcessorPil(do_pad=False, **settings))
    torch.testing.assert_close(pixels(picture, LlavaImageProcessorPil(do_pad=True, **settings)), expected)
