"""People become questions with answers: the truth of each joint in what is shown, whatever the view."""

from collections import Counter

import pytest

from llavapose.config.scenes import ScenesConfig
from llavapose.locate.codings import CODINGS
from llavapose.locate.replies import Spot, read_people, read_spot, read_spots
from llavapose.locate.samples import Asking, about_person, about_picture, people_in, spots_of, view_of
from llavapose.locate.score import keypoint_scores
from llavapose.locate.shown import mean_pose, picture_query, queries_of, shown_people, shuffled, write_crops
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
    own = [one.image for one in people]
    assert sorted(shuffled(own)) == sorted(own)
    assert not [one for one, other in zip(own, shuffled(own), strict=True) if one == other]
    for one in people:
        queries = queries_of(one, asking)
        assert [query.joints for query in queries] == [(name,) for name in COCO17.joints]
        assert {query.question.image for query in queries} == {one.image}
        assert {query.question.image for query in queries_of(one, asking, image="x.jpg")} == {"x.jpg"}
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


@pytest.mark.parametrize("coding", CODINGS)
def test_one_answer_tells_everyone_in_a_picture(world, coding):
    scenes, asking = open_scenes(world, "val").scenes, Asking(view="picture", asking="json", coding=coding)
    assert asking.of_everyone
    scene = max(scenes, key=lambda one: len(people_in(one)))
    sample = about_picture(scene, asking)
    assert sample.images == (scene.image,) and picture_query(scene, asking).question.text == sample.turns[0].text
    told = read_people(sample.turns[1].text, COCO17.joints, asking.writes)
    people = sorted((scene.people[index] for index in people_in(scene)), key=lambda one: one.box_xyxy[0])
    assert told is not None and len(told) == len(people) > 1
    side = max(scene.width, scene.height)
    for one, person in zip(told, people, strict=True):
        x1, y1, x2, y2 = person.box_xyxy
        assert one.corners[0] == pytest.approx((x1 * scene.width / side, y1 * scene.height / side), abs=2e-3)
        assert one.corners[1] == pytest.approx((x2 * scene.width / side, y2 * scene.height / side), abs=2e-3)
        labelled = [visibility > 0 for _, _, visibility in person.keypoints]
        assert [spot is not None and spot.place is not None for spot in one.spots.values()] == labelled


@pytest.mark.parametrize(
    "text",
    [
        "", "[", "{}", "[3]", "[null]", '[{"box":["[0.1,0.2]"],"joints":{}}]', '[{"joints":{}}]',
        '[{"box":["[0.100,0.200]","[0.300,0.400]","[0.300,0.400]"],"joints":{}}]',
        '[{"box":["[0.100,0.200]","here"],"joints":{}}]', '[{"box":["[0.100,0.200]","[0.300,0.400]"]}]',
        '[{"box":["[0.100,0.200]","[0.300,0.400]"],"joints":{}}', '[{"box":"[0.100,0.200]","joints":{}}]',
    ],
)  # fmt: skip
def test_what_tells_no_people_is_unread(text):
    assert read_people(text, COCO17.joints, CODINGS["decimal"]) is None


def test_nobody_is_an_answer_and_a_joint_that_is_not_told_is_unread():
    assert read_people("[]", COCO17.joints, CODINGS["decimal"]) == []
    text = '[{"box":["[0.100,0.200]","[0.300,0.400]"],"joints":{"nose":"[0.2,0.2]","left eye":"[0.200,0.300] hidden"}}]'
    found = read_people(text, COCO17.joints, CODINGS["decimal"])
    assert found is not None and found[0].spots["nose"] is None and found[0].spots["right eye"] is None
    assert found[0].spots["left eye"] == Spot(x=0.2, y=0.3, hidden=True)
