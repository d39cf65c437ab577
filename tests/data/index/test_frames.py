"""Frames in the index: chosen as they are read, one group where pictures and times are the same, clips together."""

from dataclasses import replace

import numpy as np
import pytest

from llavapose.config.schema import DataConfig
from llavapose.data.choose import choose, hold_out, without_pictures
from llavapose.data.index.records import Records, ensure_records, find_records
from llavapose.errors import DataError
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples

TIMES = tuple(at * 0.45 for at in range(6))


def clip(number: int) -> tuple[str, ...]:
    return tuple(f"clip{number}/{at:02}.jpg" for at in range(6))


def sample(name: str, images, times_s=TIMES, **provenance) -> Sample:
    turns = (Turn(role="user", text="Who?"), Turn(role="assistant", text="Nobody."))
    return Sample(id=name, images=images, kind="conv", turns=turns, provenance=provenance, times_s=times_s)


SAMPLES = [
    sample("a", clip(0), scene=5), sample("b", clip(0), scene=5), sample("c", clip(1), scene=6, video="v"),
    sample("d", clip(2), scene=8, video="v"), sample("e", (clip(0)[3],), ()), sample("f", clip(3)[:2], ()),
    sample("g", clip(3)[:2], TIMES[:2]), sample("h", (), ()), sample("i", ("left.jpg",), ()),
]  # fmt: skip
"""``e`` is a frame of clip 0 that stands alone, ``f`` two pictures that are no frames, ``c`` and ``d`` of one video."""


@pytest.fixture
def made(tmp_path):
    def make(samples=SAMPLES, frames=None) -> Records:
        for one in {image for sample in samples for image in sample.images}:
            (tmp_path / one).parent.mkdir(exist_ok=True)
            (tmp_path / one).write_bytes(b"x")
        write_samples(tmp_path / "s.jsonl", samples)
        where = {"kind": None, "folder": tmp_path / "index"}
        return ensure_records(tmp_path / "s.jsonl", tmp_path, frames=frames, processes=1, **where)

    return make


def test_samples_are_read_with_the_frames_that_were_chosen(made):
    whole, three, still = made(), made(frames=3), made(frames=1)
    assert list(whole.read(range(9))) == SAMPLES
    assert three.sample(0).images == tuple(clip(0)[at] for at in (0, 2, 5))
    assert three.sample(0).times_s == tuple(TIMES[at] for at in (0, 2, 5)), "to the last bit: they are told as text"
    assert (still.sample(0).images, still.sample(0).times_s) == ((clip(0)[3],), (TIMES[3],))
    for records in (whole, three, still):
        assert [records.sample(row) for row in (4, 5, 7)] == [SAMPLES[row] for row in (4, 5, 7)]
    for records, number in ((whole, 6), (three, 3)):
        assert records.num_shown is not None and records.num_shown.tolist() == [*[number] * 4, 1, 2, 2, 0, 1]


def test_the_index_goes_by_the_number_of_frames(made, tmp_path):
    folders = {made(frames=number).table.folder for number in (None, 1, 3)}
    assert len(folders) == 3
    where = {"kind": None, "folder": tmp_path / "index"}
    found = find_records(tmp_path / "s.jsonl", tmp_path, frames=3, **where)
    assert found is not None and found.sample(0) == made(frames=3).sample(0)
    assert find_records(tmp_path / "s.jsonl", tmp_path, frames=2, **where) is None


def test_the_same_pictures_at_the_same_times_are_one_group(made):
    still = made(frames=1)
    groups = still.groups
    assert still.image[0] == still.image[1] != still.image[4], "a frame with its time is not the picture alone"
    assert groups[int(still.image[0])] == groups[int(still.image[4])]
    assert groups.times_s(int(still.image[0])) == (TIMES[3],) and groups.times_s(int(still.image[4])) == ()
    whole = made()
    assert whole.image[5] != whole.image[6]
    assert whole.groups.is_timed[whole.image[[0, 4, 5, 6]]].tolist() == [True, False, False, True]


def test_numbers_do_not_depend_on_the_order_in_the_file(made):
    one = made(frames=3)
    told = {one.ids[row]: int(one.image[row]) for row in range(9)}
    other = made(SAMPLES[::-1], frames=3)
    assert told == {other.ids[row]: int(other.image[row]) for row in range(9)}
    for name in ("group_times", "group_clips", "group_scenes", "group_pictures"):
        np.testing.assert_array_equal(one.table.arrays[name], other.table.arrays[name])


def test_sets_without_frames_have_no_such_arrays_and_are_told(made):
    stills = [one for one in SAMPLES if not one.times_s]
    assert not {"group_times", "group_clips", "group_scenes"} & set(made(stills).table.arrays)
    with pytest.raises(DataError, match=r"no sample has frames \(field times\), and data\.frames is 8; leave it out"):
        made(stills, frames=8)


@pytest.mark.parametrize("frames", [None, 1, 2, 3])
def test_no_clip_and_no_video_is_on_both_sides(made, frames):
    """``e`` shows frame 3 of clip 0, which two and three frames of six leave out; ``c`` and ``d`` share a video."""
    records = made(frames=frames)
    together = [{"a", "b", "e"}, {"c", "d"}, {"f", "g"}]
    seen = set()
    for seed in range(12):
        rows = np.arange(len(records), dtype=np.int32)
        train, val = hold_out(records, rows, num_val=1, num_samples=None, seed=seed)
        sides = [{records.ids[row] for row in side} for side in (train, val)]
        for clips in together:
            assert clips <= sides[0] or clips <= sides[1]
        assert len(sides[0]) + len(sides[1]) == 9
        seen |= {frozenset(sides[1])}
    assert len(seen) > 3, "what is held out is drawn"


def test_every_number_of_frames_holds_out_the_same_samples(made):
    """Arms of a sweep over data.frames are compared."""
    told = []
    for frames in (1, 2, 3, None):
        records = made(frames=frames)
        told.append(choose(records, kinds={"conv": 1.0}, counts={}, num_val=2, num_samples=None, seed=3,
                           held_out_ids=()))  # fmt: skip
    for other in told[1:]:
        assert other.val.tolist() == told[0].val.tolist() and other.train.tolist() == told[0].train.tolist()


def test_frames_are_held_out_by_their_scene_not_by_their_own_number(made):
    """clip1/05.jpg ends as picture 5 of COCO does."""
    records = made()
    kept = [records.ids[row] for row in without_pictures(records, {5})]
    assert kept == ["c", "d", "f", "g", "h", "i"], "scene 5 is clip 0, and e shows a frame of it"
    alone = made([sample("p", ("000000000005.jpg",), ()), sample("q", clip(1), scene=6)])
    assert [alone.ids[row] for row in without_pictures(alone, {5})] == ["q"]


def test_a_number_of_frames_below_one_is_refused():
    config = DataConfig(name="x", kinds={"conv": 1.0}, max_length=512, frames=0)
    assert config.problems() == ["data.frames is 0; expected at least 1"]
    assert replace(config, frames=None).problems() == replace(config, frames=1).problems() == []
