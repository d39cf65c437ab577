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
    (785, "the person", ["stance||standing", "arm_height|left arm|lowered"]),
    (40083, "the person on the left", ["facing||image right", "trunk||upright", "knee|left knee|bent"]),
    (40083, "the person on the right", ["arm_height|left arm|lowered", "arm_height|right arm|lowered"]),
    (196141, "the person in the middle", ["facing||away from the camera", "stance||crouching", "knee|left knee|bent",
                                          "knee|right knee|bent"]),
    (196141, "the person on the left", ["facing||image left", "knee|left knee|bent"]),
    (196141, "the person on the right", ["elbow|left elbow|bent", "elbow|right elbow|bent"]),
    (197388, "the second person from the left", ["facing||toward the camera", "stance||standing",
                                                 "elbow|right elbow|bent"]),
    (197388, "the fourth person from the left", ["facing||toward the camera", "trunk||leaning"]),
]  # fmt: skip
"""What someone who looks at the pictures says without doubt, and what the facts must therefore say, surely."""

WRONG = {
    785: "The person is sitting. The person faces away from the camera. The person is bent over.",
    40083: "The person on the left stands. The person on the left faces left. There are two people in the picture.",
    196141: "The person on the left faces right. The person in the middle stands and faces the camera.",
    197388: "The second person from the left faces away from the camera. The person on the far left is bent over.",
}


@pytest.mark.parametrize(("image", "who", "expected"), SEEN)
def test_what_is_plain_to_see_is_stated(scenes, image, who, expected):
    scene = scenes[image]
    person = references(scene).index(who)
    stated = {f"{f.kind}|{f.part or ''}|{f.value}" for f in scene_facts(scene) if f.person == person and f.sure}
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
