"""Facts of four real photographs, checked by eye against the pictures."""

from pathlib import Path

import pytest

from llavapose.pose.check import check_text
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.people import prominent, references
from llavapose.scenes.coco import read_scenes

SAMPLE = Path(__file__).parents[2] / "../shared/data/coco_val2017_sample"
pytestmark = pytest.mark.skipif(not SAMPLE.is_dir(), reason="no sample of COCO val2017 beside the checkout")


@pytest.fixture(scope="module")
def scenes():
    found = read_scenes(images=SAMPLE / "images", keypoints=SAMPLE / "person_keypoints.json", instances=None,
                        captions=None, split="val")  # fmt: skip
    return {scene.id: scene for scene in found.scenes}


SEEN = [
    (785, 442619, "the person", ["stance||standing"]),
    (40083, 198196, "the person on the left", ["facing||image right", "trunk||upright"]),
    (40083, 230195, "the person on the right", ["arm_height|left arm|lowered"]),
    (196141, 1717641, "", ["facing||away from the camera", "stance||crouching", "knee|left knee|bent",
                           "knee|right knee|bent"]),
    (196141, 460541, "the largest person", ["facing||image left", "knee|left knee|bent"]),
    (196141, 488308, "", ["elbow|left elbow|bent", "elbow|right elbow|bent", "arm_height|left arm|folded"]),
    (197388, 437295, "the second person from the left", ["facing||toward the camera", "stance||standing",
                                                         "elbow|right elbow|bent"]),
    (197388, 533949, "", ["facing||toward the camera", "trunk||leaning"]),
]  # fmt: skip
"""What someone who looks at the pictures says without doubt, and what the facts must therefore say, surely.

Who has no name stands before or behind somebody, or is cut off beside somebody by the picture's border.
"""

WRONG = {
    785: "The person is sitting. The person faces away from the camera. The person is bent over.",
    40083: "The person on the left stands. The person on the left faces left. There are two people in the picture.",
    196141: "The largest person faces right. The largest person is sitting. The largest person is bent over.",
    197388: "The second person from the left faces away from the camera. The second person from the left is lying.",
}


@pytest.mark.parametrize(("image", "person", "name", "expected"), SEEN)
def test_what_is_plain_to_see_is_stated(scenes, image, person, name, expected):
    scene = scenes[image]
    index = [one.id for one in scene.people].index(person)
    assert references(scene)[index] == name
    stated = {f"{f.kind}|{f.part or ''}|{f.value}" for f in scene_facts(scene) if f.person == index and f.sure}
    assert set(expected) <= stated


def test_the_number_of_people_counts_small_ones_too(scenes):
    numbers = {image: next(f.value for f in scene_facts(scene) if f.kind == "count") for image, scene in scenes.items()}
    assert numbers == {785: "1", 40083: "3", 196141: "5", 197388: "5"}
    assert [len(prominent(scenes[image])) for image in numbers] == [1, 2, 3, 5]


@pytest.mark.parametrize("image", WRONG)
def test_what_is_plainly_wrong_is_never_supported(scenes, image):
    scene = scenes[image]
    outcomes = [checked.outcome for checked in check_text(WRONG[image], scene, scene_facts(scene))]
    assert len(outcomes) >= 2
    assert "supported" not in outcomes
    assert "contradicted" in outcomes
