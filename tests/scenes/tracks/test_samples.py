"""Real files of PoseTrack18 and JHMDB, read by hand; skipped where the samples are not there."""

import json
from pathlib import Path

import pytest

from llavapose.pose.skeleton import COCO17
from llavapose.records import Person
from llavapose.scenes.draw import draw_strip
from llavapose.scenes.tracks.forms import JHMDB, POSETRACK, Form
from llavapose.scenes.tracks.tracked import read_tracked, videos_of
from llavapose.scenes.tracks.windows import Windows

TRACKS = Path(__file__).parents[3] / "../shared/data/tracks"
POSETRACK18, SUB_JHMDB = TRACKS / "posetrack18", TRACKS / "jhmdb"

pytestmark = pytest.mark.skipif(not TRACKS.is_dir(), reason="no samples of PoseTrack18 and JHMDB here")


def told(person: Person, size: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Labelled joints in pixels, to the nearest that three decimals allow."""
    assert {visibility for _, _, visibility in person.keypoints} <= {0, 2}, "nobody says which joints are hidden"
    return {
        name: (round(x * size[0]), round(y * size[1]))
        for name, (x, y, visibility) in zip(COCO17.joints, person.keypoints, strict=True)
        if visibility
    }


def near(found: dict[str, tuple[int, int]], expected: dict[str, tuple[int, int]]) -> bool:
    """Whether the same joints are told, within a pixel of 1,920 x 1,080."""
    return found.keys() == expected.keys() and all(
        abs(found[name][0] - x) <= 1 and abs(found[name][1] - y) <= 1 for name, (x, y) in expected.items()
    )


DANCERS = {
    0: {
        "nose": (750, 298), "left shoulder": (697, 352), "right shoulder": (766, 369), "right elbow": (857, 419),
        "left wrist": (766, 281), "right wrist": (942, 422), "left hip": (722, 525), "right hip": (792, 544),
        "left knee": (783, 697), "right knee": (755, 699), "left ankle": (808, 832), "right ankle": (672, 782),
    },
    1: {
        "nose": (900, 272), "left shoulder": (950, 366), "right shoulder": (852, 311), "left elbow": (1021, 428),
        "right elbow": (759, 303), "left wrist": (986, 422), "right wrist": (704, 374), "left hip": (912, 516),
        "right hip": (856, 524), "left knee": (876, 663), "right knee": (908, 680), "left ankle": (849, 828),
        "right ankle": (959, 804),
    },
}  # fmt: skip
"""009473_mpii_test.json, its one labelled frame: two dancers."""


def test_a_frame_of_posetrack18(tmp_path):
    (video,), notes = videos_of(POSETRACK18 / "annotations/val/009473_mpii_test.json", POSETRACK18, form=POSETRACK)
    (moment,) = video.moments
    still = moment.still
    assert (video.name, still.id, still.image) == ("009473", 10094730000, "images/val/009473_mpii_test/000000.jpg")
    assert (still.width, still.height, still.num_crowds) == (1920, 1080, 2), "two regions to ignore: nobody counts them"
    assert [person.id for person in still.people] == [0, 1]
    for person in still.people:
        assert near(told(person, (1920, 1080)), DANCERS[person.id])
    x, y, width, height = 631.5, 167.77, 351.0, 751.43
    corners = (x / 1920, y / 1080, (x + width) / 1920, (y + height) / 1080)
    assert still.people[0].box_xyxy == tuple(round(one, 3) for one in corners)
    assert not [note for note in notes if "left out" in note]


@pytest.mark.parametrize(
    ("keypoints", "images", "form", "people"),
    [
        ("posetrack18/annotations/val/012834_mpii_test.json", "posetrack18", POSETRACK, {"012834": 11}),
        (
            "posetrack18/annotations/test_posetrack18_val.json", "posetrack18", POSETRACK,
            {"012834": 11, "009473": 2, "003418": 1},
        ),
        ("jhmdb/test_jhmdb_sub1.json", "jhmdb", JHMDB, {"00228": 1, "00229": 1, "00230": 1}),
    ],
)  # fmt: skip
def test_videos_of_every_file(keypoints, images, form, people):
    videos, _ = videos_of(TRACKS / keypoints, TRACKS / images, form=form)
    assert {video.name: len(video.moments[0].still.people) for video in videos} == people
    assert all((TRACKS / images / video.moments[0].still.image).is_file() for video in videos)


def test_a_frame_of_jhmdb():
    videos, _ = videos_of(SUB_JHMDB / "test_jhmdb_sub1.json", SUB_JHMDB, form=JHMDB)
    still = next(video for video in videos if video.name == "00228").moments[0].still
    assert (still.width, still.height, still.num_crowds) == (320, 240, 1), "others may stand around, unlabelled"
    assert near(
        told(still.people[0], (320, 240)),
        {
            "right shoulder": (87, 102), "left shoulder": (107, 103), "right hip": (97, 145), "left hip": (107, 142),
            "right elbow": (92, 90), "left elbow": (112, 119), "right knee": (101, 177), "left knee": (113, 169),
            "right wrist": (90, 72), "left wrist": (125, 117), "right ankle": (97, 206), "left ankle": (88, 192),
        },
    )  # fmt: skip


def test_one_labelled_frame_is_no_scene_over_time():
    found = read_tracked(images=POSETRACK18, keypoints=POSETRACK18 / "annotations/val", form=POSETRACK)
    assert not found.scenes
    assert "3 frames with no other within 1 s, which are no scene over time" in found.notes


@pytest.mark.parametrize(
    ("file", "images", "form", "video"),
    [
        (POSETRACK18 / "annotations/test_posetrack18_val.json", POSETRACK18, POSETRACK, "009473"),
        (SUB_JHMDB / "test_jhmdb_sub1.json", SUB_JHMDB, JHMDB, "00228"),
    ],
)
def test_more_frames_of_the_same_form_are_a_scene(tmp_path, file: Path, images: Path, form: Form, video: str):
    """The one frame three times, four frames apart, everybody ten pixels further right each time; no size told."""
    data = json.loads(file.read_text())
    (first,) = (image for image in data["images"] if image["vid_id"] == video)
    people = [one for one in data["annotations"] if one["image_id"] == first["id"]]
    data |= {"images": [], "annotations": []}
    for at in range(3):
        image = {**first, "id": first["id"] + 4 * at, "frame_id": first["frame_id"] + 4 * at}
        data["images"].append({key: value for key, value in image.items() if key not in ("width", "height")})
        for one in people:
            (x, *box), joints = one["bbox"], list(one["keypoints"])
            joints[0::3] = [value + 10 * at if joints[3 * n + 2] else 0 for n, value in enumerate(joints[0::3])]
            moved = {"bbox": [x + 10 * at, *box], "keypoints": joints, "image_id": image["id"]}
            data["annotations"].append({**one, **moved, "id": one["id"] + at * 10**14})
    path = tmp_path / "video.json"
    path.write_text(json.dumps(data))
    (scene,) = read_tracked(images=images, keypoints=path, form=form, windows=Windows(num_frames=3)).scenes
    assert (scene.id, scene.width, scene.video) == (first["id"] + 4, first["width"], video)
    assert [frame.time_s for frame in scene.frames] == pytest.approx([0, 4 / form.fps, 8 / form.fps], abs=1e-6)
    middle = scene.frames[1].people[0]
    begin = scene.frames[0].people[0]
    assert begin and middle == scene.people[0]
    assert round((middle.keypoints[5][0] - begin.keypoints[5][0]) * scene.width) in (9, 10, 11)
    strip = draw_strip(scene, images, height=120)
    assert strip.height > 120 and strip.width == 3 * round(120 * scene.width / scene.height) + 2 * 4
