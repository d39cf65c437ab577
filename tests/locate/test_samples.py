"""People become questions with answers: the truth of each joint in what is shown, whatever the view."""

from collections import Counter

import pytest

from llavapose.config.scenes import ScenesConfig
from llavapose.locate.codings import CODINGS
from llavapose.locate.replies import Spot, read_spot, read_spots
from llavapose.locate.samples import Asking, about_person, people_in, spots_of, view_of
from llavapose.locate.score import keypoint_scores
from llavapose.locate.shown import mean_pose, questions_of, shown_people, shuffled, write_crops
from llavapose.pose.skeleton import COCO17
from llavapose.rgb import open_image
from llavapose.scenes.open import open_scenes, world_folder


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> ScenesConfig:
    root = tmp_path_factory.mktemp("world")
    return ScenesConfig(name="world", root=root, num_train=14, num_val=4, image_size=96)


@pytest.mark.parametrize("view", ["crop", "picture"])
@pytest.mark.parametrize("coding", CODINGS)
def test_an_answer_leads_back_to_the_annotation(world, view, coding):
    asking, seen = Asking(view=view, coding=coding), Counter()
    for scene in open_scenes(world, "train").scenes:
        for index in people_in(scene):
            for version in (0, 1, 2):
                shown = view_of(scene, index, asking, version=version, seed=3)
                names = list(COCO17.joints)
                if shown.mirrored:
                    for left, right in COCO17.pairs:
                        names[left], names[right] = names[right], names[left]
                truth = dict(zip(names, scene.people[index].keypoints, strict=True))
                for sample in about_person(scene, index, shown, asking, version=version):
                    name = sample.provenance["joint"].replace("_", " ")
                    spot = read_spot(sample.turns[1].text, CODINGS[coding])
                    x, y, visibility = truth[name]
                    assert spot is not None and name in sample.turns[0].text
                    seen["not visible" if spot.place is None else "hidden" if spot.hidden else "visible"] += 1
                    if spot.place is None:
                        inside = shown.inwards(x * scene.width, y * scene.height)
                        assert visibility == 0 or not (min(inside) >= 0 and max(inside) <= 1)
                        continue
                    assert spot.hidden == (visibility == 1)
                    back = shown.outwards(*spot.place)
                    assert back == pytest.approx((x * scene.width, y * scene.height), abs=0.0011 * shown.side)
    assert min(seen[one] for one in ("visible", "hidden", "not visible")) > 10, seen


def test_one_answer_holds_all_joints(world):
    asking = Asking(asking="json")
    scene = open_scenes(world, "train").scenes[0]
    view = view_of(scene, 0, asking)
    (sample,) = about_person(scene, 0, view, asking)
    found = read_spots(sample.turns[1].text, COCO17.joints, asking.writes)
    assert {name: spot is not None and spot.place is not None for name, spot in found.items()} == {
        name: spot.place is not None for name, spot in spots_of(scene, 0, view).items()
    }


def coded(spot: Spot, asking: Asking) -> tuple[float, float]:
    place = None if spot.place is None else asking.writes.read(asking.writes.write(*spot.place))
    return place or (0.0, 0.0)


def test_held_out_people_are_shown_and_told_back(world, tmp_path):
    """Places in what was shown, back in the picture; another's picture for the control, the mean for the floor."""
    scenes, asking = open_scenes(world, "val"), Asking(size=48)
    people = shown_people(scenes.scenes, asking)
    write_crops(people, scenes.images, tmp_path, asking.size)
    assert {open_image(tmp_path / one.image, where="crop").size for one in people} == {(48, 48)}
    assert sorted(shuffled(people)) == sorted(one.image for one in people)
    assert not [one for one, other in zip(people, shuffled(people), strict=True) if one.image == other]
    for one in people:
        assert len(questions_of(one, asking)) == 17 and {q.image for q in questions_of(one, asking)} == {one.image}
        places = [spot.place or (0.0, 0.0) for spot in one.spots.values()]
        told = one.located(places, [1.0] * 17)
        for (x, y, _), spot, (u, v, _) in zip(
            told.keypoints, one.spots.values(), one.scene.people[one.index].keypoints, strict=True
        ):
            if spot.place is not None:
                assert (x, y) == pytest.approx((u * one.scene.width, v * one.scene.height), abs=1e-6)
    # Written and read back, the truth is worth 1; the mean pose in the same boxes nothing.
    annotations = world_folder(world) / "annotations" / "person_keypoints_val.json"
    truth = [one.located([coded(spot, asking) for spot in one.spots.values()], [1.0] * 17) for one in people]
    assert keypoint_scores(annotations, truth)["AP"] == pytest.approx(1)
    floor = [one.located(mean_pose(people), [1.0] * 17) for one in people]
    assert keypoint_scores(annotations, floor)["AP"] < 0.2
    head, ankle = mean_pose(people)[0], mean_pose(people)[15]
    assert head[1] < ankle[1], "heads lie above feet on average"
