"""A photo of one's own: whatever the view and the asking, places are in the pixels that a viewer shows."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.answerers.protocol import JointAnswer, PersonTold, Place
from llavapose.evaluation.locating.photo import locate_in_photo
from llavapose.locate.replies import Pointed, Spot
from llavapose.locate.results import read_results
from llavapose.rgb import open_image

SIZE, DOT = (90, 60), (70, 20)
"""Of the photo as it is seen, and where its one bright spot is."""


class Finder:
    """Points at the brightest spot of what it is shown, whichever joint it is; wrists are hidden, ears nowhere."""

    def __init__(self, **taught):
        self.told = {"view": "crop", "asking": "each", "coding": "bins", "margin": 1.25, "size": 96, "described": False,
                     "joints": "coco17"} | taught  # fmt: skip

    def taught(self):
        return self.told

    def places(self, queries, images, coding):
        for query in queries:
            shown = np.asarray(open_image(images / query.question.image, where="test")).sum(-1).astype(float)
            side = max(shown.shape)
            top, left = ((side - n) / 2 for n in shown.shape)  # a picture is seen as the square that it is padded to
            y, x = (float(np.mean(axis)) + 0.5 for axis in np.nonzero(shown > 0.6 * shown.max()))
            at = ((x + left) / side, (y + top) / side)
            spots = {
                name: Spot() if "ear" in name else Spot(x=at[0], y=at[1], hidden="wrist" in name)
                for name in query.joints
            }
            if query.everyone:
                placed = {name: Place(*at, 0.3) for name in query.joints if "ear" in name}
                one = Pointed(corners=((0.1, 0.3), (0.9, 0.7)), spots=spots)
                person = PersonTold(pointed=one, sure=0.9, sure_of={}, places=placed)
                yield JointAnswer(text="", spots={}, places={}, num_tokens=1, people=(person,))
                continue
            yield JointAnswer(
                text="", spots=spots, places={name: Place(*at, 0.8) for name in query.joints}, num_tokens=1
            )  # fmt: skip


def photo(folder: Path) -> Path:
    """Bright at one spot, stored lying on its side."""
    picture = Image.new("RGB", SIZE, (20, 40, 20))
    picture.paste((255, 255, 255), (DOT[0] - 3, DOT[1] - 3, DOT[0] + 3, DOT[1] + 3))
    turned = Image.Exif()
    turned[0x0112] = 6
    picture.transpose(Image.Transpose.ROTATE_90).save(folder / "beach.png", exif=turned)
    return folder / "beach.png"


@pytest.mark.parametrize(
    "taught",
    [{}, {"asking": "json"}, {"view": "picture"}, {"view": "picture", "asking": "json"}],
    ids=["crop each", "crop json", "picture each", "picture everyone"],
)
def test_the_spot_is_found_where_it_is(tmp_path, taught):
    boxes = [] if len(taught) == 2 else [(50.0, 5.0, 40.0, 30.0), (0.0, 0.0, 90.0, 60.0)]
    lines = locate_in_photo(Finder(**taught), photo(tmp_path), boxes, tmp_path / "out")
    people = read_results(tmp_path / "out" / "beach.results.json")
    assert len(people) == max(1, len(boxes))
    for one in people:
        assert np.allclose([point[:2] for point in one.keypoints], DOT, atol=1.5)
    text = "\n".join(lines)
    assert text.count("left ear") == len(people) and text.count("not visible") == 2 * len(people)
    assert text.count("hidden") == 2 * len(people)
    with Image.open(tmp_path / "out" / "beach.joints.jpg") as drawn:
        assert drawn.size == SIZE


def test_what_cannot_be_asked_is_said(tmp_path):
    path = photo(tmp_path)
    for taught, boxes, said in (
        ({}, [(95.0, 0.0, 5.0, 5.0)], "within this photo's 90 x 60"),
        ({}, [(1.0, 1.0, -5.0, 5.0)], "expected x, y, width and height"),
        ({"view": "picture", "asking": "json"}, [(1.0, 1.0, 5.0, 5.0)], "leave --box out"),
    ):
        with pytest.raises(ConfigError, match=said):
            locate_in_photo(Finder(**taught), path, boxes, tmp_path)
    nobody = Finder()
    nobody.told = {}
    with pytest.raises(ConfigError, match="tells no kind locate"):
        locate_in_photo(nobody, path, [], tmp_path)
    (tmp_path / "text.jpg").write_text("no picture")
    with pytest.raises(DataError, match="photo"):
        locate_in_photo(Finder(), tmp_path / "text.jpg", [], tmp_path)


def test_the_picture_has_the_number_that_its_name_ends_in(tmp_path):
    for name, number in (("000000000785", 785), ("IMG_20260401", 20260401), ("beach", 1)):
        path = photo(tmp_path).rename(tmp_path / f"{name}.png")
        locate_in_photo(Finder(), path, [], tmp_path)
        assert [one.image_id for one in read_results(tmp_path / f"{name}.results.json")] == [number]


def test_a_set_with_other_joints_is_asked_for_its_own(tmp_path):
    locate_in_photo(Finder(joints="crowdpose14"), photo(tmp_path), [], tmp_path)
    (one,) = read_results(tmp_path / "beach.results.json", num_joints=14)
    assert np.allclose([point[:2] for point in one.keypoints], DOT, atol=1.5)
