"""A square of a picture: points go in and come back, and the pixels lie where the points say."""

from random import Random

import numpy as np
import pytest
from PIL import Image

from llavapose.locate.views import View, around, from_json, varied


def views() -> list[View]:
    rng = Random(1)
    plain = [around((0.2, 0.1, 0.5, 0.9), 320, 200), around((-0.5, 0.5, 0.4, 2.0), 200, 320, margin=1.25)]
    return [*plain, *(varied(view, rng) for view in plain for _ in range(20))]


@pytest.mark.parametrize("view", views())
def test_a_point_comes_back(view):
    rng = np.random.default_rng(0)
    for x, y in rng.uniform(-50, 400, (20, 2)):
        assert view.outwards(*view.inwards(x, y)) == pytest.approx((x, y), abs=1e-9)
    assert view.inwards(*view.centre) == pytest.approx((0.5, 0.5))
    assert from_json(view.to_json()) == view


@pytest.mark.parametrize("view", views())
@pytest.mark.parametrize("size", [224, 48])
def test_pixels_lie_where_points_do(view, size):
    """A white disc on black: its centre of mass in the cut view is the point's place."""
    wide, high = 320, 320
    x, y = view.outwards(0.4, 0.65)
    radius = max(6.0, 0.03 * view.side)
    rows, columns = np.mgrid[0:high, 0:wide] + 0.5
    disc = ((columns - x) ** 2 + (rows - y) ** 2 <= radius**2) * 255
    if not (radius < x < wide - radius and radius < y < high - radius):
        return  # beyond the picture
    cut = np.asarray(view.cut(Image.fromarray(disc.astype(np.uint8)).convert("RGB"), size), dtype=float)[:, :, 0]
    inside = Image.new("L", (wide, high), 255)
    covered = np.asarray(view.cut(inside.convert("RGB"), size), dtype=float)[:, :, 0] > 250
    weights = cut * covered
    grid = (np.mgrid[0:size, 0:size] + 0.5) / size
    found = (weights * grid[1]).sum() / weights.sum(), (weights * grid[0]).sum() / weights.sum()
    assert found == pytest.approx((0.4, 0.65), abs=0.6 / size)


def test_the_square_is_the_longer_side_of_the_box_in_the_picture():
    view = around((0.25, 0.5, 0.5, 1.5), 400, 200)
    assert (view.centre, view.side) == ((150.0, 150.0), 100.0)
    assert around((0.25, 0.5, 0.5, 1.5), 400, 200, margin=1.25).side == 125.0


def test_mirrored_and_turned():
    view = View(centre=(10.0, 10.0), side=20.0)
    assert view.inwards(15, 10) == (0.75, 0.5)
    assert View(centre=(10.0, 10.0), side=20.0, mirrored=True).inwards(15, 10) == (0.25, 0.5)
    # Clockwise, y downwards: what was right of the centre lies below it.
    assert View(centre=(10.0, 10.0), side=20.0, degrees=90).inwards(15, 10) == pytest.approx((0.5, 0.75))


def test_variations_keep_to_the_recipe():
    rng, view = Random(0), View(centre=(50.0, 50.0), side=100.0)
    found = [varied(view, rng) for _ in range(4000)]
    sides = np.array([one.side for one in found]) / 100
    assert sides.min() == pytest.approx(0.7) and sides.max() == pytest.approx(1.3)
    assert np.mean([one.mirrored for one in found]) == pytest.approx(0.5, abs=0.03)
    turned = np.array([one.degrees for one in found])
    assert np.mean(turned != 0) == pytest.approx(0.5, abs=0.03) and np.abs(turned).max() <= 40
