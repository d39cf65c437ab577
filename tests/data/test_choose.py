"""Mixtures by weight and by number, held-out pictures: rows of an index, drawn as a list of samples would be."""

from __future__ import annotations

from collections import Counter
from random import Random

import numpy as np
import pytest
from PIL import Image

from llavapose.data.choose import choose, coco_id, hold_out, kind_counts, mix, said_counts, without_pictures
from llavapose.data.index.records import Records, ensure_records
from llavapose.errors import DataError
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples

ALL = {"conv": 1.0, "detail": 1.0, "complex": 1.0}
TURNS = (Turn(role="user", text="Who?"), Turn(role="assistant", text="A man."))


@pytest.fixture(scope="module")
def records(tiny_jsonl, tiny_pictures) -> Records:
    return ensure_records(tiny_jsonl, tiny_pictures, kind=None, folder=tiny_jsonl.parent / "index")


@pytest.fixture
def indexed(tmp_path):
    """Records of samples with these pictures, of several with a blank between them; "" is text alone."""

    def index(names) -> Records:
        for name in {one for group in names for one in group.split()}:
            (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
            Image.new("RGB", (4, 4)).save(tmp_path / name)
        samples = [
            Sample(id=str(at), images=tuple(name.split()), kind="conv", turns=TURNS) for at, name in enumerate(names)
        ]
        write_samples(tmp_path / "samples.jsonl", samples)
        return ensure_records(tmp_path / "samples.jsonl", tmp_path, kind=None, folder=tmp_path / "index")

    return index


def test_groups_that_share_a_picture_are_held_out_together(indexed):
    names = ["a.png b.png", "b.png c.png", "c.png", "d.png e.png", "e.png", "f.png", "g.png f.png", ""]
    records = indexed([*names, *names])
    together = [{0, 1, 2, 8, 9, 10}, {3, 4, 11, 12}, {5, 6, 13, 14}, {7}, {15}]
    for seed in range(8):
        train, val = hold_out(records, everything(records), num_val=3, num_samples=None, seed=seed)
        assert sorted([*train, *val]) == list(range(16)) and len(val) and len(train)
        assert all(part <= set(train.tolist()) or part <= set(val.tolist()) for part in together)


def chain(number: int) -> list[str]:
    return [f"{at:02}.png {at + 1:02}.png" for at in range(number)]


def test_most_samples_are_held_out_last(indexed):
    """A chain of pictures is one set; what else there is suffices to validate with."""
    records = indexed([*chain(12), "x.png", "y.png", "z.png"])
    for seed in range(8):
        train, val = hold_out(records, everything(records), num_val=2, num_samples=None, seed=seed)
        assert set(train.tolist()) >= set(range(12)) and len(val) == 2


def test_samples_that_hang_together_are_told(indexed):
    def told(names, num_val) -> str:
        given = {"kinds": ALL, "counts": {}, "num_samples": None, "seed": 0, "held_out_ids": ()}
        with pytest.raises(DataError) as caught:
            choose(indexed(names), num_val=num_val, **given)
        return str(caught.value)

    line = told(chain(12), 1)
    assert "12 samples, all held out by data.num_val=1: they hang together by pictures that they share" in line
    assert "set data.num_val=0" in line and "lower it" not in line and len(line.splitlines()) == 1
    line = told([*chain(12), "x.png", "y.png", "z.png"], 4)
    assert "15 samples, all held out by data.num_val=4: 12 of them hang together by pictures" in line
    assert "lower it to 3" in line, "the other three can be held out"


def test_a_sample_with_one_held_out_picture_is_left_out(indexed):
    records = indexed(["x/000000000001.jpg x/000000000002.jpg", "x/000000000002.jpg", "x/000000000003.jpg", ""])
    assert without_pictures(records, {1}).tolist() == [1, 2, 3]
    assert without_pictures(records, {2}).tolist() == [2, 3]


def everything(records) -> np.ndarray:
    return without_pictures(records, ())


def pictures(records, rows) -> set[int]:
    return set(records.image[rows].tolist())


def test_held_out_pictures_are_not_trained_on(records):
    rows = everything(records)
    train, val = hold_out(records, rows, num_val=9, num_samples=None, seed=0)
    assert not pictures(records, train) & pictures(records, val)
    assert len(val) == 12 and len(train) == 28
    again = hold_out(records, rows, num_val=9, num_samples=None, seed=0)
    assert (again[0].tolist(), again[1].tolist()) == (train.tolist(), val.tolist())
    assert hold_out(records, rows, num_val=9, num_samples=None, seed=1)[1].tolist() != val.tolist()
    fewer, same = hold_out(records, rows, num_val=9, num_samples=10, seed=0)
    assert len(fewer) == 10 and same.tolist() == val.tolist() and set(fewer) < set(train)


@pytest.mark.parametrize(("num_val", "num_samples"), [(0, None), (9, None), (9, 10), (3, 1), (1000, None)])
@pytest.mark.parametrize("seed", range(3))
def test_arrays_choose_what_a_list_of_samples_would(records, samples, num_val, num_samples, seed):
    """The rule in words, sample by sample: pictures in a shuffled order, the first ones held out."""
    chosen = [s for kind in ("detail", "conv") for s in samples if s.kind == kind]
    names = sorted({s.image for s in chosen})
    Random(f"{seed}/hold-out").shuffle(names)
    sizes, place, held, used = Counter(s.image for s in chosen), {}, 0, 0
    for name in names:
        if held < num_val:
            place[name], held = "val", held + sizes[name]
        elif num_samples is None or used < num_samples:
            place[name], used = "train", used + sizes[name]
    rows = mix(records, everything(records), {"detail": 1.0, "conv": 1.0}, {}, seed=seed)
    train, val = hold_out(records, rows, num_val=num_val, num_samples=num_samples, seed=seed)
    assert [records.ids[row] for row in train] == [s.id for s in chosen if place.get(s.image) == "train"][:num_samples]
    assert [records.ids[row] for row in val] == [s.id for s in chosen if place.get(s.image) == "val"]


def counts(records, kinds, numbers=None, seed=0) -> dict[str, int]:
    return kind_counts(records, mix(records, everything(records), kinds, numbers or {}, seed=seed))


def test_mixture_weights(records):
    assert counts(records, {"conv": 1}) == {"conv": 20}
    assert counts(records, {"conv": 0.5, "detail": 2, "complex": 1.5}) == {"complex": 15, "conv": 10, "detail": 20}
    half = mix(records, everything(records), {"conv": 0.5}, {}, seed=0).tolist()
    assert len(set(half)) == 10
    assert half == mix(records, everything(records), {"conv": 0.5}, {}, seed=0).tolist()
    assert half != mix(records, everything(records), {"conv": 0.5}, {}, seed=1).tolist()


def test_mixture_numbers_stand_in_place_of_weights(records):
    assert counts(records, ALL, {"conv": 3, "detail": 0}) == {"complex": 10, "conv": 3}
    assert counts(records, {}, {"conv": 20}) == {"conv": 20}
    rows = mix(records, everything(records), {}, {"conv": 20}, seed=0)
    assert len(set(rows.tolist())) == 20
    with pytest.raises(DataError, match=r"data\.counts\.conv=21, and there are 20"):
        counts(records, {}, {"conv": 21})


def test_a_kind_that_there_is_none_of(records):
    with pytest.raises(DataError, match=r"no sample of kind locate; it has complex 10, conv 20, detail 10"):
        choose(records, kinds={"locate": 1.0}, counts={}, num_val=0, num_samples=None, seed=0, held_out_ids=())


def test_held_out_pictures_are_known_by_their_coco_id_in_either_year(indexed, capsys):
    names = (
        "train2014/COCO_train2014_000000000042.jpg",
        "000000000042.jpg",
        "data/000000000420.jpg",
        "me.jpg",
        "a42.jpg",
        "",
    )
    records = indexed(names)
    assert [coco_id(name) for name in names] == [42, 42, 420, None, None, None]
    assert without_pictures(records, {42, 7}).tolist() == [2, 3, 4, 5]
    assert "2 samples left out: their 2 pictures are held out by COCO id" in capsys.readouterr().out
    assert without_pictures(records, ()).tolist() == [0, 1, 2, 3, 4, 5]


def test_text_alone_is_held_out_sample_by_sample(indexed):
    records = indexed(("a.png", "", "a.png", "", ""))
    rows = everything(records)
    found = [hold_out(records, rows, num_val=1, num_samples=None, seed=seed) for seed in range(8)]
    assert {tuple(val.tolist()) for _, val in found} == {(0, 2), (1,), (3,), (4,)}
    assert all(sorted([*train, *val]) == rows.tolist() for train, val in found)
    twice = np.repeat(rows, 2)
    train, val = hold_out(records, twice, num_val=1, num_samples=None, seed=0)
    assert not set(train.tolist()) & set(val.tolist())


def test_counts_are_said():
    assert said_counts({"conv": 113, "detail": 45}) == "conv 113, detail 45" and said_counts({}) == "none"
