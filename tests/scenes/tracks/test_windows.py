"""Videos cut into scenes: how far apart, how many, what is left over."""

import pytest

from llavapose.errors import DataError
from llavapose.records import Person, Scene
from llavapose.scenes.tracks.videos import Moment, Video, ordered, summed
from llavapose.scenes.tracks.windows import Windows, scenes_over_time, thinned


def still(number: int, people: int = 1) -> Scene:
    found = tuple(Person(id=track, box_xyxy=(0.1, 0.1, 0.3, 0.9)) for track in range(people))
    return Scene(id=number, image=f"{number}.jpg", width=100, height=100, people=found)


def video(*times: float, name: str = "v") -> Video:
    return Video(name=name, moments=tuple(Moment(still=still(at), time_s=time) for at, time in enumerate(times)))


def begins(num: int, **windows: int) -> list[list[int]]:
    """The numbers of the frames of every scene of a video of ``num`` frames, a tenth of a second apart."""
    scenes, _ = scenes_over_time([video(*(at / 10 for at in range(num)))], Windows(**windows))
    return [[int(frame.image[:-4]) for frame in scene.frames] for scene in scenes]


@pytest.mark.parametrize(
    ("num", "expected"),
    [
        (1, []),
        (2, [[0, 1]]),
        (3, [[0, 1, 2]]),
        (4, [[0, 1, 2, 3]]),
        (5, [[0, 1, 2, 3]]),
        (6, [[0, 1, 2, 3], [2, 3, 4, 5]]),
        (8, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (9, [[0, 1, 2, 3], [4, 5, 6, 7]]),
        (10, [[0, 1, 2, 3], [4, 5, 6, 7], [6, 7, 8, 9]]),
    ],
)
def test_scenes_of_four_frames(num, expected):
    assert begins(num, num_frames=4) == expected


def test_a_stride_of_its_own():
    assert begins(7, num_frames=4, stride=2) == [[0, 1, 2, 3], [2, 3, 4, 5], [3, 4, 5, 6]]
    assert begins(12, num_frames=3, stride=6) == [[0, 1, 2], [6, 7, 8], [9, 10, 11]]


def test_every_frame_is_in_a_scene_or_counted():
    for num in range(1, 40):
        for stride in (None, 1, 3, 9):
            told = [video(*(at / 10 for at in range(num)))]
            scenes, notes = scenes_over_time(told, Windows(num_frames=5, stride=stride))
            used = {frame.image for scene in scenes for frame in scene.frames}
            left = sum(int(note.split()[0]) for note in notes if "in no scene" in note or "no scene over time" in note)
            assert len(used) + left == num, (num, stride, notes)
            assert len({scene.id for scene in scenes}) == len(scenes)
            assert all(scene.image == scene.frames[len(scene.frames) // 2].image for scene in scenes)


def test_frames_keep_their_distance():
    assert thinned([0, 0.04, 0.08, 0.12, 0.16, 0.2, 0.5], 0.08) == [0, 2, 4, 6]
    assert thinned([number / 30 for number in range(31)], 0.1) == list(range(0, 31, 3)), "thirtieths are rounded"
    assert thinned([0, 1, 2], 0) == [0, 1, 2] and thinned([], 1) == []


def test_a_gap_parts_scenes():
    scenes, notes = scenes_over_time([video(0, 0.5, 1.0, 2.5, 3.0, 9.0)], Windows(longest_gap_s=1.0))
    assert [[frame.time_s for frame in scene.frames] for scene in scenes] == [[0, 0.5, 1.0], [0, 0.5]]
    assert "1 frames with no other within 1 s, which are no scene over time" in notes
    assert "2 scenes with fewer than 16 frames, their video has no more" in notes


def test_nobody_in_the_middle_is_a_scene_of_nobody():
    told = [Moment(still=still(at, people=at != 1), time_s=at) for at in range(3)]
    (scene,), notes = scenes_over_time([Video(name="v", moments=tuple(told))], Windows())
    assert scene.people == () and [frame.people for frame in scene.frames] == [(), (), ()]
    assert "1 people who are not in the middle frame of their scene, left out" in notes


def test_a_video_in_any_order_is_put_in_order_and_times_are_proven():
    moments = video(0.4, 0.2, 0.0).moments
    assert [one.still.id for one in ordered("v", moments, where="x").moments] == [2, 1, 0]
    with pytest.raises(DataError, match=r"x: 0.jpg and 1.jpg of video v are both at 1 s"):
        ordered("v", video(1, 1).moments, where="x")
    with pytest.raises(DataError, match=r"is at nan s; expected seconds of the video"):
        ordered("v", video(float("nan")).moments, where="x")


def test_notes_that_count_the_same_are_added_up():
    assert summed(["2 apples", "no pears", "3 apples", "no pears", "1 plum"]) == ("no pears", "5 apples", "1 plum")
