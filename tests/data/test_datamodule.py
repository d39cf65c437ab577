"""Samples to batches: checked before training, held out by picture, mixed by weight, resumed in place."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import fields, replace

import pytest
import torch
from PIL import Image
from tokenizers import Tokenizer

from llavapose.config.choices import Packing, Sampler
from llavapose.config.schema import DataConfig
from llavapose.data.conversation import SYSTEM
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.index.records import ensure_records
from llavapose.errors import DataError
from llavapose.llava_json import to_record
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import IGNORE, PADDING
from llavapose.model.losses import token_losses
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from tests.packed import pack

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
        sample = data.train.sample(int(batch.sample_index[row].max()))
        picture = Image.open(tiny_pictures / sample.image).convert("RGB")
        expected = processor.image_processor(images=[picture], return_tensors="pt")["pixel_values"][0]
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


def test_a_mixture_of_nothing_is_told(tiny_jsonl, tiny_pictures, processor):
    with pytest.raises(DataError, match=r"no sample of kind conv; it has complex 10, conv 20, detail 10"):
        module(tiny_jsonl, tiny_pictures, processor, kinds={"conv": 0.0})
    with pytest.raises(DataError, match=r"40 samples, all held out by data\.num_val=100; lower it"):
        module(tiny_jsonl, tiny_pictures, processor, num_val=100)
    with pytest.raises(DataError, match=r"data\.counts\.conv=21, and there are 20; lower it"):
        module(tiny_jsonl, tiny_pictures, processor, counts={"conv": 21})
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
        ensure_records(path, tiny_pictures, kind=None, folder=tmp_path / "index")
    told = str(caught.value).splitlines()
    assert len(told) == 6
    for line, number in zip(told[1:], (2, 3, 4, 5, 6), strict=True):
        assert f"samples.jsonl:{number}" in line


def test_a_long_list_is_cut_and_counted(tmp_path, tiny_pictures):
    path = tmp_path / "samples.jsonl"
    path.write_text("nonsense\n" * 30)
    with pytest.raises(DataError, match="30 bad records") as caught:
        ensure_records(path, tiny_pictures, kind=None, folder=tmp_path / "index")
    assert str(caught.value).splitlines()[-1] == "... and 10 more"


def test_text_alone_trains_among_pictures(tmp_path, tiny_pictures, processor, samples):
    alone = [replace(sample, id=f"t{sample.id}", images=()) for sample in samples[:3]]
    write_samples(tmp_path / "samples.jsonl", [*samples, *alone])
    data = module(tmp_path / "samples.jsonl", tiny_pictures, processor, batch_size=1)
    assert (data.train.num_without_picture, data.train.num_pictures, len(data.train)) == (3, 10, 43)
    batches = list(data.train_dataloader())
    assert sorted(seen(batches)) == list(range(43))
    prefix = processor.tokenizer(f"{SYSTEM} USER:").input_ids
    for batch in batches:
        sample = data.train.sample(seen([batch])[0])
        row = batch.input_ids[0][batch.segments[0] >= 0].tolist()
        if not sample.images:
            # As the chat template has a conversation without pictures; the blank one that goes with it is nobody's.
            text = processor.apply_chat_template(messages(sample), tokenize=False)
            assert row == processor.tokenizer(text).input_ids and row[: len(prefix)] == prefix
            assert (batch.targets[1:] == IGNORE).all()
        else:
            assert row[: len(data.train.conversation.prefix)] == list(data.train.conversation.prefix)


def messages(sample: Sample) -> list[dict]:
    return [{"role": turn.role, "content": turn.text} for turn in sample.turns]


def test_a_fault_counts_only_where_its_sample_is_chosen(tmp_path, tiny_pictures, processor, samples):
    bad = replace(samples[3], turns=(Turn(role="user", text="Say </s> now"), Turn(role="assistant", text="No.")))
    write_samples(tmp_path / "samples.jsonl", [*samples[:3], bad, *samples[4:]])
    with pytest.raises(DataError, match=r"1 bad record.*\nsample 0-complex-0: the text holds the special token '</s>'"):
        module(tmp_path / "samples.jsonl", tiny_pictures, processor)
    assert len(module(tmp_path / "samples.jsonl", tiny_pictures, processor, kinds={"conv": 1.0}).train) == 20


@pytest.mark.parametrize("change", ["text", "pictures", "length"])
def test_changed_data_are_not_resumed(tmp_path, own_pictures, processor, samples, change):
    write_samples(tmp_path / "samples.jsonl", samples)
    whole = module(tmp_path / "samples.jsonl", own_pictures, processor)
    state = {"fingerprint": whole.order_fingerprint(), "epoch": 0, "batches": 1}
    other = replace(samples[0], turns=(samples[0].turns[0], Turn(role="assistant", text="It is blue.")))
    if change == "text":
        write_samples(tmp_path / "samples.jsonl", [other, *samples[1:]])
    if change == "pictures":
        write_samples(tmp_path / "samples.jsonl", [replace(samples[0], images=("001.png",)), *samples[1:]])
    same = {"max_length": 75} if change == "length" else {}
    with pytest.raises(DataError, match="resume: samples"):
        module(tmp_path / "samples.jsonl", own_pictures, processor, **same).load_state_dict(state)
    write_samples(tmp_path / "samples.jsonl", samples)
    module(tmp_path / "samples.jsonl", own_pictures, processor).load_state_dict(state)


def test_a_picture_under_another_s_name_or_other_token_ids_are_not_resumed(tmp_path, own_pictures, processor, samples):
    records = [to_record(sample) for sample in samples if sample.kind == "conv"]
    published = [{name: one[name] for name in ("id", "image", "conversations")} for one in records]
    (tmp_path / "conversation.json").write_text(json.dumps(published))

    def made(by=processor) -> PoseDataModule:
        return module(tmp_path / "conversation.json", own_pictures, by)

    state = {"fingerprint": made().order_fingerprint(), "epoch": 0, "batches": 1}
    with pytest.raises(DataError, match="resume: samples, pictures, tokenizer, seed"):
        made(with_two_words_exchanged(processor)).load_state_dict(state)
    (own_pictures / "deep").mkdir()
    for path in own_pictures.glob("*.png"):
        path.rename(own_pictures / "deep" / path.name)
    made().load_state_dict(state)  # another folder, the same pictures
    Image.effect_noise((48, 32), 50).save(own_pictures / "deep" / "000.png")
    with pytest.raises(DataError, match="resume: samples, pictures, tokenizer, seed"):
        made().load_state_dict(state)


def with_two_words_exchanged(processor):
    """A processor that cuts every text at the same places and gives two tokens each other's id."""
    told = json.loads(processor.tokenizer.backend_tokenizer.to_str())
    vocabulary = told["model"]["vocab"]
    one, other = processor.tokenizer.convert_ids_to_tokens(processor.tokenizer("What colour").input_ids[-2:])
    vocabulary[one], vocabulary[other] = vocabulary[other], vocabulary[one]
    changed = copy.deepcopy(processor)
    changed.tokenizer._tokenizer = Tokenizer.from_str(json.dumps(told))
    return changed


def test_a_worker_that_is_not_forked_maps_the_index_itself(tiny_jsonl, tiny_pictures, processor):
    data = module(tiny_jsonl, tiny_pictures, processor).train
    sent = pickle.dumps((data.records, data.tokens))
    assert len(sent) < 1_000
    records, tokens = pickle.loads(sent)
    assert tokens[7] == data.tokens[7] and records.sample(7) == data.records.sample(7)


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
    "change",
    [
        {"seed": 1},
        {"batch_size": 4},
        {"accumulate": 2},
        {"max_branches_per_image": 1},
        {"num_val": 4},
        {"packing": Packing.none},
        {"packing": Packing.samples},
    ],
)
def test_another_order_is_not_resumed(tiny_jsonl, tiny_pictures, processor, change):
    state = {"fingerprint": module(tiny_jsonl, tiny_pictures, processor).order_fingerprint(), "epoch": 0, "batches": 1}
    with pytest.raises(DataError, match="resume: samples, pictures, tokenizer, seed, batch size"):
        module(tiny_jsonl, tiny_pictures, processor, **change).load_state_dict(state)


@pytest.mark.parametrize("sampler", list(Sampler))
def test_every_packing_gives_every_token_the_same_loss(tiny_jsonl, tiny_pictures, processor, llava, sampler):
    """Who lies beside a sample in a row, and behind which copy of the picture, is nothing to it."""
    found = {}
    for packing in Packing:
        settings = {"packing": packing, "sampler": sampler, "accumulate": 2, "seed": 3}
        data = module(tiny_jsonl, tiny_pictures, processor, **settings)
        losses: dict[int, torch.Tensor] = {}
        for batch in data.train_dataloader():
            with torch.no_grad():
                told = token_losses(llava, batch, packed_mask(batch.segments))
            owner = batch.sample_index[batch.targets != IGNORE]
            losses |= {int(index): told[owner == index] for index in owner.unique()}
        assert len(losses) == 40
        found[packing] = torch.cat([losses[index] for index in sorted(losses)])
    for packing in (Packing.samples, Packing.none):
        torch.testing.assert_close(found[packing], found[Packing.pictures], atol=2e-5, rtol=0)


@pytest.mark.parametrize(("packing", "groups"), [(Packing.pictures, 4), (Packing.samples, 8), (Packing.none, 8)])
def test_a_packing_decides_copies_of_pictures(tiny_jsonl, tiny_pictures, processor, packing, groups):
    batches = list(module(tiny_jsonl, tiny_pictures, processor, packing=packing).train_dataloader())
    copies = [len(batch.pixel_values) for batch in batches]
    assert set(copies) == {8} if groups == 8 else max(copies) <= groups
    rows = [len(batch.input_ids) for batch in batches]
    assert set(rows) == {8} if packing is Packing.none else min(rows) < 8


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
    assert len(data.train) == 40
    assert sorted(seen(data.train_dataloader())) == list(range(40))
    nameless = tmp_path / "all.json"
    (tmp_path / "conversation.json").rename(nameless)
    with pytest.raises(DataError, match=r"all\.json, record 1: no kind of sample 0"):
        module(nameless, tiny_pictures, processor)
    assert set(module(nameless, tiny_pictures, processor, kind="detail").train.kind_counts) == {"detail"}
