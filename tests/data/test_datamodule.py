"""Samples to batches: checked before training, held out by picture, mixed by weight, resumed in place."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

import pytest
import torch
from PIL import Image

from llavapose.config.schema import DataConfig
from llavapose.data.check import bad_images, read_checked
from llavapose.data.choose import coco_id, hold_out, mix, without_pictures
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.pack import pack
from llavapose.errors import DataError
from llavapose.llava_json import to_record
from llavapose.model.batch import IGNORE, PADDING
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples

ALL = {"conv": 1.0, "detail": 1.0, "complex": 1.0}


def module(tiny_jsonl, tiny_pictures, processor, **settings) -> PoseDataModule:
    names = {field.name for field in fields(DataConfig)}
    mixture = {"name": "test", "kinds": ALL, "max_length": 512, "num_val": 0}
    mixture |= {name: value for name, value in settings.items() if name in names}
    others = {name: value for name, value in settings.items() if name not in names}
    return PoseDataModule(
        samples=tiny_jsonl,
        images=tiny_pictures,
        processor=processor,
        config=DataConfig(**mixture),
        **{"batch_size": 8, **others},
    )


def seen(batches) -> list[int]:
    return [int(i) for batch in batches for i in batch.sample_index.unique() if i >= 0]


def test_an_epoch_holds_every_sample_once(tiny_jsonl, tiny_pictures, processor):
    data = module(tiny_jsonl, tiny_pictures, processor, num_val=8)
    batches = list(data.train_dataloader())
    assert len(batches) == data.steps_per_epoch(1) == 4
    assert sorted(seen(batches)) == list(range(32))
    assert all(batch.num_samples == 8 for batch in batches)
    assert sorted(seen(data.val_dataloader())) == list(range(8))


def test_targets_are_the_next_supervised_tokens(tiny_jsonl, tiny_pictures, processor):
    data = module(tiny_jsonl, tiny_pictures, processor)
    for batch in data.train_dataloader():
        assert int((batch.targets != IGNORE).sum()) == batch.step_weight
        for row in range(batch.input_ids.shape[0]):
            for at in (batch.targets[row] != IGNORE).nonzero().flatten().tolist():
                assert batch.targets[row, at] == batch.input_ids[row, at + 1]
                assert batch.segments[row, at] == batch.segments[row, at + 1] > 0
        for index in seen([batch]):
            mine = (batch.sample_index == index) & (batch.targets != IGNORE)
            assert int(mine.sum()) == data.train.branches[index].num_targets


def test_pixels_are_the_samples_pictures(tiny_jsonl, tiny_pictures, processor):
    data = module(tiny_jsonl, tiny_pictures, processor)
    batch = next(iter(data.train_dataloader()))
    for row in range(batch.pixel_values.shape[0]):
        sample = data.train.samples[int(batch.sample_index[row].max())]
        picture = Image.open(tiny_pictures / sample.image).convert("RGB")
        expected = data.train.image_processor(images=[picture], return_tensors="pt")["pixel_values"][0]
        torch.testing.assert_close(batch.pixel_values[row], expected)


def test_pack_pads_rows_to_the_longest(tiny_jsonl, tiny_pictures, processor):
    data = module(tiny_jsonl, tiny_pictures, processor).train
    pictures = [torch.zeros(3, 42, 42)] * 2
    prefixes = (data.conversation.prefix, data.conversation.prefix_without_picture)
    blank = torch.zeros(3, 42, 42)
    batch = pack(*prefixes, [[(0, 1)], [(2,)]], data.branches, pictures, step_weight=5, blank=blank, pad_id=3)
    lengths = [
        len(data.conversation.prefix) + sum(len(data.branches[i].ids) for i in group) for group in ((0, 1), (2,))
    ]
    assert batch.input_ids.shape == (2, max(lengths))
    shorter = lengths.index(min(lengths))
    padding = batch.segments[shorter] == PADDING
    assert int(padding.sum()) == max(lengths) - min(lengths)
    assert set(batch.input_ids[shorter][padding].tolist()) == {3}
    assert batch.num_tokens == sum(lengths) and batch.num_samples == 3 and batch.step_weight == 5


def test_held_out_pictures_are_not_trained_on(samples):
    train, val = hold_out(samples, num_val=9, num_samples=None, seed=0)
    assert not {s.image for s in train} & {s.image for s in val}
    assert len(val) == 12 and len(train) == 28
    assert hold_out(samples, num_val=9, num_samples=None, seed=0) == (train, val)
    assert hold_out(samples, num_val=9, num_samples=None, seed=1)[1] != val
    fewer, same = hold_out(samples, num_val=9, num_samples=10, seed=0)
    assert len(fewer) == 10 and same == val and {s.id for s in fewer} < {s.id for s in train}


def test_mixture_weights(samples):
    count = lambda kinds, **k: [sum(s.kind == kind for s in mix(samples, kinds, seed=0)) for kind in ALL]  # noqa: E731
    assert count({"conv": 1}) == [20, 0, 0]
    assert count({"conv": 0.5, "detail": 2, "complex": 1.5}) == [10, 20, 15]
    half = mix(samples, {"conv": 0.5}, seed=0)
    assert len({s.id for s in half}) == 10 and half == mix(samples, {"conv": 0.5}, seed=0) != mix(
        samples, {"conv": 0.5}, seed=1
    )


def test_a_mixture_of_nothing_is_told(tiny_jsonl, tiny_pictures, processor):
    with pytest.raises(DataError, match=r"no sample of kind conv; it has complex 10, conv 20, detail 10"):
        module(tiny_jsonl, tiny_pictures, processor, kinds={"conv": 0.0})
    with pytest.raises(DataError, match=r"40 samples, all held out by data\.num_val=100; lower it"):
        module(tiny_jsonl, tiny_pictures, processor, num_val=100)
    data = module(tiny_jsonl, tiny_pictures, processor, accumulate=64)
    with pytest.raises(DataError, match="40 samples do not fill one step of 1 ranks x 64 micro-steps"):
        data.train_dataloader()


def test_every_bad_record_is_listed(tmp_path, tiny_pictures, samples):
    good, other = to_record(samples[0]), to_record(samples[1])
    lines = [
        json.dumps(good),
        "{broken",
        json.dumps({**other, "image": "../secret.png"}),
        json.dumps({**other, "image": "nowhere.png"}),
        json.dumps({**other, "conversations": [{"from": "robot", "value": "x"}]}),
        json.dumps(good),
    ]
    path = tmp_path / "samples.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="5 bad records; fix or remove them") as caught:
        read_checked(path, tiny_pictures)
    told = str(caught.value).splitlines()
    assert len(told) == 6
    for line, number in zip(told[1:], (2, 3, 4, 5, 6), strict=True):
        assert f"samples.jsonl:{number}" in line


def test_a_long_list_is_cut_and_counted(tmp_path, tiny_pictures):
    path = tmp_path / "samples.jsonl"
    path.write_text("nonsense\n" * 30)
    with pytest.raises(DataError, match="30 bad records") as caught:
        read_checked(path, tiny_pictures)
    assert str(caught.value).splitlines()[-1] == "... and 10 more"


@pytest.fixture
def own_pictures(tmp_path, tiny_pictures) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for picture in tiny_pictures.iterdir():
        (folder / picture.name).write_bytes(picture.read_bytes())
    return folder


def test_broken_pictures_are_listed_before_training(tmp_path, own_pictures, samples):
    (own_pictures / "003.png").write_bytes((own_pictures / "003.png").read_bytes()[:60])
    (own_pictures / "005.png").write_text("text")
    write_samples(tmp_path / "samples.jsonl", samples)
    with pytest.raises(DataError, match="2 bad records") as caught:
        read_checked(tmp_path / "samples.jsonl", own_pictures)
    assert "003.png is broken" in str(caught.value) and "005.png is not an image" in str(caught.value)
    assert not (tmp_path / ".checked_images").exists()


def test_pictures_proven_good_are_read_once(tmp_path, own_pictures, samples, monkeypatch):
    stamp = tmp_path / "stamp"
    assert bad_images(samples, own_pictures, stamp=stamp) == []
    monkeypatch.setattr("llavapose.data.check.check_image", lambda *_, **__: pytest.fail("read again"))
    assert bad_images(samples, own_pictures, stamp=stamp) == []
    monkeypatch.undo()
    (own_pictures / "003.png").write_text("now broken")
    assert len(bad_images(samples, own_pictures, stamp=stamp)) == 1


def epoch_of(loader, epoch) -> list[list[int]]:
    loader.sampler.set_epoch(epoch)
    return [seen([batch]) for batch in loader]


def test_the_place_in_the_data_is_kept(tiny_jsonl, tiny_pictures, processor):
    whole = module(tiny_jsonl, tiny_pictures, processor)
    loader = whole.train_dataloader()
    epochs = [epoch_of(loader, epoch) for epoch in range(3)]
    assert epochs[0] != epochs[1]
    resumed = module(tiny_jsonl, tiny_pictures, processor)
    resumed.load_state_dict({"fingerprint": whole.order_fingerprint(), "epoch": 1, "batches": 2})
    loader = resumed.train_dataloader()
    assert [seen([batch]) for batch in loader] == epochs[1][2:]
    assert epoch_of(loader, 2) == epochs[2] and len(loader) == 5


@pytest.mark.parametrize("num_workers", [0, 2])
def test_to_read_the_order_does_not_change_it(tiny_jsonl, tiny_pictures, processor, num_workers):
    data = module(tiny_jsonl, tiny_pictures, processor, num_workers=num_workers)
    data.load_state_dict({"fingerprint": data.order_fingerprint(), "epoch": 1, "batches": 2})
    loader = data.train_dataloader()
    order = list(loader.sampler)
    assert len(order) == 3 and list(loader.sampler) == order
    wanted = [sorted(micro.samples) for micro in order]
    for _ in range(2):
        assert [seen([batch]) for batch in loader] == wanted


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"batch_size": 4}, {"accumulate": 2}, {"max_branches_per_image": 1}, {"num_val": 4}]
)
def test_another_order_is_not_resumed(tiny_jsonl, tiny_pictures, processor, change):
    state = {"fingerprint": module(tiny_jsonl, tiny_pictures, processor).order_fingerprint(), "epoch": 0, "batches": 1}
    with pytest.raises(DataError, match="resume: samples, seed, batch size"):
        module(tiny_jsonl, tiny_pictures, processor, **change).load_state_dict(state)


def test_held_out_pictures_are_known_by_their_coco_id_in_either_year(capsys):
    turns = (Turn(role="user", text="Who?"), Turn(role="assistant", text="A man."))
    names = (
        "train2014/COCO_train2014_000000000042.jpg",
        "000000000042.jpg",
        "data/000000000420.jpg",
        "me.jpg",
        "a42.jpg",
    )
    samples = [Sample(id=name, images=(name,), kind="conv", turns=turns) for name in names]
    assert [coco_id(name) for name in names] == [42, 42, 420, None, None]
    assert [sample.image for sample in without_pictures(samples, {42, 7})] == list(names[2:])
    assert "2 samples left out: their 2 pictures are held out by COCO id" in capsys.readouterr().out
    assert without_pictures(samples, ()) == samples


def test_a_published_set_trains(tiny_pictures, processor, samples, tmp_path):
    names = {"conv": "conversation", "detail": "detailed", "complex": "reasoning"}
    for kind, name in names.items():
        records = [to_record(sample) for sample in samples if sample.kind == kind]
        published = [
            {"id": sample["id"].split("-")[0], "image": f"data/coco/train2014/{sample['image']}",
             "conversations": sample["conversations"]}
            for sample in records
        ]  # fmt: skip
        (tmp_path / f"{name}.json").write_text(json.dumps(published))
    data = module(tmp_path, tiny_pictures, processor)
    assert len(data.train.samples) == 40
    assert sorted(seen(data.train_dataloader())) == list(range(40))
    nameless = tmp_path / "all.json"
    (tmp_path / "conversation.json").rename(nameless)
    with pytest.raises(DataError, match=r"all\.json, record 1: no kind of sample 0"):
        module(nameless, tiny_pictures, processor)
    assert {sample.kind for sample in module(nameless, tiny_pictures, processor, kind="detail").train.samples} == {
        "detail"
    }
