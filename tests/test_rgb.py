"""Pictures look as in a viewer, whatever way their file stores them, and damaged ones are one line."""

import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageOps

from llavapose.errors import DataError
from llavapose.rgb import open_image

RAMP = np.linspace(0, 255, 64, dtype=np.uint8).reshape(8, 8)


def opened(path: Path) -> np.ndarray:
    found = open_image(path, where="sample 1")
    assert found.mode == "RGB"
    return np.asarray(found).astype(int)


@pytest.mark.parametrize("name", ["deep.png", "deep.tif"])
def test_sixteen_bits_keep_their_greys(tmp_path: Path, name: str) -> None:
    Image.fromarray(RAMP.astype(np.uint16) * 257).save(tmp_path / name)
    found = opened(tmp_path / name)
    assert np.abs(found - RAMP[..., None]).max() <= 1
    assert (found[..., 0] < 255).mean() > 0.9, "white where it is not"


@pytest.mark.parametrize(("dtype", "factor"), [(np.int32, 257), (np.float32, 1.0), (np.float32, 1 / 255)])
def test_other_numbers_of_grey(tmp_path: Path, dtype: type, factor: float) -> None:
    Image.fromarray((RAMP.astype(float) * factor).astype(dtype)).save(tmp_path / "deep.tif")
    assert np.abs(opened(tmp_path / "deep.tif") - RAMP[..., None]).max() <= 1


def test_inks_are_mixed_to_what_they_show(tmp_path: Path) -> None:
    inks = np.zeros((8, 8, 4), dtype=np.uint8)
    inks[:4, :, 1:3] = 255  # magenta and yellow: red
    inks[4:, :, 3] = 255  # black
    for name, more in (("a.jpg", {"quality": 100}), ("b.tif", {}), ("c.tif", {"icc_profile": b"no profile"})):
        Image.fromarray(inks, "CMYK").save(tmp_path / name, **more)
        found = opened(tmp_path / name)
        assert np.abs(found[1] - (255, 0, 0)).max() < 8 and found[6].max() < 8, name


def test_a_profile_that_does_not_fit_is_passed_over(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.tif", icc_profile=profile)
    assert tuple(opened(tmp_path / "a.tif")[0, 0]) == (255, 0, 0)


def test_what_is_transparent_lies_on_white(tmp_path: Path) -> None:
    half = Image.new("RGBA", (8, 8), (0, 0, 0, 0))
    half.paste((10, 20, 30, 255), (0, 0, 4, 8))
    half.save(tmp_path / "rgba.png")
    half.convert("LA").save(tmp_path / "la.png")
    drawn = Image.new("P", (8, 8), 1)
    drawn.putpalette([0, 0, 0, 10, 20, 30])
    drawn.paste(0, (4, 0, 8, 8))
    drawn.save(tmp_path / "p.png", transparency=0)
    Image.new("RGB", (8, 8), (7, 8, 9)).save(tmp_path / "key.png", transparency=(7, 8, 9))
    for name in ("rgba.png", "la.png", "p.png"):
        found = opened(tmp_path / name)
        assert found[:, 4:].min() == 255 and found[:, :4].max() < 40, name
    assert opened(tmp_path / "key.png").min() == 255


def test_rotation_is_left_to_who_asks(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for mode, name in (("RGB", "a.jpg"), ("RGBA", "a.png"), ("I;16", "b.png")):
        Image.new(mode, (12, 8)).save(tmp_path / name, exif=exif)
        found = open_image(tmp_path / name, where="photo")
        assert found.size == (12, 8) and ImageOps.exif_transpose(found).size == (8, 12), name


@pytest.mark.parametrize("size", [(1, 65_000), (20_000, 1)])
def test_a_line_of_pixels_is_no_picture(tmp_path: Path, size: tuple[int, int]) -> None:
    """A file of 300 bytes, whose square would take gigabytes."""
    Image.new("RGB", size).save(tmp_path / "line.png")
    with pytest.raises(DataError, match=rf"{size[0]} x {size[1]} pixels; expected at most 16,384 a side; crop it"):
        open_image(tmp_path / "line.png", where="sample 1")


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow says more about a damaged TIFF
@pytest.mark.parametrize("kind", ["a.jpg", "a.png", "a.tif", "a.gif", "a.webp", "a.bmp"])
def test_damage_anywhere_is_one_line(tmp_path: Path, kind: str) -> None:
    """Cut off, or bytes changed: a picture or one line, never anything else."""
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (40, 60, 3), dtype=np.uint8)).save(tmp_path / kind)
    whole, rng, refused = (tmp_path / kind).read_bytes(), random.Random(kind), 0
    for _ in range(60):
        content = bytearray(whole[: rng.choice((len(whole), rng.randrange(len(whole))))])
        for _ in range(rng.randrange(4)):
            if content:
                content[rng.randrange(min(len(content), rng.choice((64, 1 << 20))))] = rng.randrange(256)
        (tmp_path / kind).write_bytes(content)
        try:
            opened(tmp_path / kind)
        except DataError as error:
            refused += 1
            assert "\n" not in str(error) and kind in str(error)
    assert refused > 10
