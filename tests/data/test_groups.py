"""Samples of several pictures: a group is one prefix, and packing changes no loss."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from PIL import Image

from llavapose.config.choices import Packing, Sampler
from llavapose.data.datamodule import PoseDataModule
from llavapose.errors import DataError
from llavapose.families.family import CONNECTOR, LANGUAGE, VISION
from llavapose.families.known import LLAVA
from llavapose.model.attention.mask import DENSE
from llavapose.model.attention.rules import rows_of, rules_of
from llavapose.model.batch import GROUP, IGNORE
from llavapose.model.losses import token_losses
from llavapose.model.parts import language_of
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from tests.data.grouped import losses_of, module
from tests.data.reading.bases import NATIVE, base, noise

SHOWN = (("a.png", "b.png"), ("b.png", "a.png"), ("a.png",), ("c.png", "b.png", "a.png"), ("b.png",), ())
SIZES = {"a.png": (40, 60), "b.png": (90, 50), "c.png": (64, 64)}
SAYS = ("the arm", "a red shirt, and one more thing", "left", "both of them are bent at the knee")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """(file of samples, folder of pictures): four samples of each group, two of text alone."""
    folder = tmp_path_factory.mktemp("groups")
    for at, (name, size) in enumerate(SIZES.items()):
        noise(*size, seed=at).save(folder / name)
    samples = []
    for number, images in enumerate(SHOWN):
        for at, says in enumerate(SAYS if images else SAYS[:2]):
            turns = (Turn(role="user", text=f"What is it{number}?" + " Tell." * at), Turn(role="assistant", text=says))
            samples.append(Sample(id=f"{number}-{at}", images=images, kind="conv", turns=turns))
    write_samples(folder / "samples.jsonl", samples)
    return folder / "samples.jsonl", folder


@pytest.mark.parametrize("name", ["llava", *NATIVE])
def test_packed_equals_separate_with_several_pictures(place, name, processor, llava):
    model = llava if name == "llava" else base(name).model
    packed = losses_of(model, module(place, name, processor=processor))
    alone = losses_of(model, module(place, name, processor=processor, packing=Packing.none))
    assert len(packed) == len(alone) == 22
    for one, wanted in alone.items():
        torch.testing.assert_close(packed[one], wanted, atol=1e-5, rtol=0)
    # Their order is something else, and so is one picture of the two.
    assert (packed["0-0"] - packed["1-0"]).abs().max() > 1e-4 and (packed["0-0"] - packed["2-0"]).abs().max() > 1e-4


@pytest.mark.parametrize("name", ["llava", "qwen3_vl"])
def test_a_row_alone_is_what_the_processor_and_the_model_make_of_it(place, name, processor, llava):
    """Ids of a sample of two pictures are the chat template's; its loss is that of the model's own forward."""
    data = module(place, name, processor=processor, packing=Packing.none)
    reads, model = (processor, llava) if name == "llava" else (base(name).processor, base(name).model)
    losses = losses_of(model, data)
    sample = data.train.sample(next(at for at in range(22) if data.train.sample(at).id == "1-1"))
    images = [Image.open(place[1] / one) for one in sample.images]
    content = [*[{"type": "image"}] * 2, {"type": "text", "text": sample.turns[0].text}]
    answer = [{"type": "text", "text": sample.turns[1].text}]
    turns = [{"role": "user", "content": content}, {"role": "assistant", "content": answer}]
    text = reads.apply_chat_template(turns, tokenize=False)
    whole = reads(text=[text], images=[images], return_tensors="pt")
    wanted = []
    with torch.no_grad():
        logits = model(**whole).logits[0]
    ids = whole["input_ids"][0]
    shown = data.train.shown(next(at for at in range(22) if data.train.sample(at).id == "1-1"))
    assert ids[: len(shown.ids)].tolist() == list(shown.ids)
    (branch,) = [data.train.branches[at] for at in range(22) if data.train.sample(at).id == "1-1"]
    assert ids[len(shown.ids) :][: len(branch.ids)].tolist() == list(branch.ids)
    for at, learnt in enumerate(branch.supervised):
        place_of = len(shown.ids) + at
        if learnt:
            wanted.append(torch.nn.functional.cross_entropy(logits[place_of - 1], ids[place_of]))
    torch.testing.assert_close(losses["1-1"], torch.stack(wanted), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "smolvlm"])
def test_workers_give_the_same_batches(place, name, processor):
    here, there = (
        list(module(place, name, processor=processor, num_workers=number).train_dataloader()) for number in (0, 2)
    )
    assert len(here) == len(there) == 2
    for one, other in zip(here, there, strict=True):
        assert torch.equal(one.input_ids, other.input_ids) and torch.equal(one.pixel_values, other.pixel_values)
        assert one.picture_rows.keys() == other.picture_rows.keys()
        assert all(torch.equal(value, other.beside[key]) for key, value in one.beside.items())
        assert one.rope is None or torch.equal(one.rope, other.rope)


def test_a_group_is_one_prefix(place, processor):
    data = module(place, "llava", processor=processor)
    tokens = {count: data.train.pictures.num_tokens([(1, 1)] * count) for count in (1, 2, 3)}
    lengths = data.train.lengths
    assert lengths.prefix is not None and lengths.num_shown is not None
    for at in range(22):
        count = len(data.train.sample(at).images)
        assert lengths.num_shown[at] == count
        assert lengths.prefix[at] == (tokens[count] if count else len(data.train.conversation.frame.prefix_of_text))
    assert (lengths.num_pictures, data.train.num_pictures, data.train.num_without_picture) == (5, 3, 2)
    for batch in data.train_dataloader():
        assert int(batch.picture_rows["pixel_values"].sum()) == len(batch.pixel_values)
        for (row, number), taken in zip(batch.picture_groups.tolist(), batch.picture_rows["pixel_values"], strict=True):
            prefix = batch.input_ids[row][batch.segments[row] == number * GROUP]
            assert len(prefix) == tokens[int(taken)]
            marks = (prefix == data.train.conversation.image_id).sum()
            assert marks == int(taken) * (tokens[1] - len(data.train.conversation.prefix_without_picture))


def test_one_picture_a_sample_changes_no_plan_and_looks_up_no_size(tiny_jsonl, tiny_pictures, processor, monkeypatch):
    monkeypatch.setattr("llavapose.data.reading.groups.picture_sizes", None)
    data = module((tiny_jsonl, tiny_pictures), "llava", processor=processor)
    assert data.train.lengths.prefix is None and data.train.lengths.num_shown is None
    assert "group_tokens" not in data.train.tokens.table.arrays
    batch = next(iter(data.train_dataloader()))
    assert batch.beside == {} and batch.picture_rows == {} and batch.rope is None and batch.blocks is None


@pytest.mark.parametrize("name", ["qwen3_vl", "internvl"])
def test_plans_reckon_with_each_picture_s_own_tokens(place, name):
    data = module(place, name)
    lengths = data.train.lengths
    assert lengths.prefix is not None and len(set(lengths.prefix.tolist())) > 3
    for at in range(20):
        assert lengths.prefix[at] == len(data.train.shown(at).ids)
    for batch, micro in zip(data.train_dataloader(), data.plan(0).micro_batches(0), strict=True):
        sizes = [
            sum(int(lengths.prefix[group[0]]) + sum(int(lengths.num_tokens[i]) for i in group) for group in row)
            for row in micro.rows
        ]
        assert (batch.segments >= 0).sum(1).tolist()[: len(sizes)] == sizes


def test_the_branch_is_cut_behind_its_own_pictures(place, processor):
    whole = module(place, "qwen3_vl").train
    prefix = whole.lengths.prefix
    assert prefix is not None
    longest = int((prefix + whole.lengths.num_tokens).max())
    cut = module(place, "qwen3_vl", max_length=longest - 1).train
    assert cut.num_truncated >= 1
    assert cut.lengths.prefix is not None and (cut.lengths.prefix == prefix).all(), "never a picture"
    assert int((prefix + cut.lengths.num_tokens).max()) == longest - 1
    limit = int(prefix.max())
    with pytest.raises(DataError, match=rf"3 pictures take {limit} tokens .* data\.max_length is {limit}; lower model"):
        module(place, "qwen3_vl", max_length=limit)


def test_another_bound_is_another_index_and_is_not_resumed(place):
    one = base("qwen3_vl")
    data = module(place, "qwen3_vl")
    processor = copy.deepcopy(one.processor)
    samples, images = place
    bounded = PoseDataModule(
        samples=samples, images=images, processor=processor, config=data.config, batch_size=11, seed=1,
        family=one.family, max_pixels=4_096,
    )  # fmt: skip
    before, after = data.train.lengths.prefix, bounded.train.lengths.prefix
    assert before is not None and after is not None and (after <= before).all() and (after < before).any()
    assert bounded.train.tokens.table.folder != data.train.tokens.table.folder
    with pytest.raises(DataError, match="resume: samples, pictures"):
        bounded.load_state_dict({"fingerprint": data.order_fingerprint(), "epoch": 0, "batches": 0})


@pytest.mark.parametrize("name", NATIVE)
def test_a_batch_without_pictures_gets_a_blank_one_that_the_encoder_sees(place, name):
    """A rank whose batch left the vision encoder out would let those that gather its weights wait for ever."""
    data, one = module(place, name, batch_size=1, sampler=Sampler.shared), base(name)
    blanks = [batch for batch in data.train_dataloader() if not (batch.sample_index[-1] >= 0).any()]
    assert len(blanks) == 2
    for batch in blanks:
        assert batch.num_pictured == 1 and (batch.targets[-1] == IGNORE).all()
        assert (batch.rope is not None) == one.family.grid_positions
        rows = batch.picture_rows.get("pixel_values", torch.ones(1, dtype=torch.long))
        assert rows.tolist() == [len(batch.pixel_values)]
        seen = DENSE.see(rows_of(batch, rules_of(language_of(one.model).config, one.family)))
        one.model.zero_grad(set_to_none=True)
        token_losses(one.model, batch, seen).sum().backward()
        reached = {one.family.part_of(key) for key, value in one.model.named_parameters() if value.grad is not None}
        assert {VISION, CONNECTOR, LANGUAGE} <= reached
    one.model.zero_grad(set_to_none=True)


def test_the_family_decides_and_llava_is_the_default(place, processor):
    data = module(place, "llava", processor=processor)
    other = module(place, "llava", processor=processor, family=replace(LLAVA, source="x"))
    assert data.order_fingerprint() == other.order_fingerprint()


REFUSED = ("1.png (500 x 2 pixels)", "2.png (2 x 600 pixels)")


def long_set(folder, *sizes):
    """A sample a picture, of these (height, width)s."""
    folder.mkdir(exist_ok=True)
    turns = (Turn(role="user", text="What is it?"), Turn(role="assistant", text="the arm"))
    samples = []
    for at, (height, width) in enumerate(sizes):
        Image.new("RGB", (width, height), (90, 50, 7)).save(folder / f"{at}.png")
        samples.append(Sample(id=f"s{at}", images=(f"{at}.png",), kind="conv", turns=turns))
    write_samples(folder / "samples.jsonl", samples)
    return folder / "samples.jsonl", folder


def test_pictures_that_the_processor_refuses_are_all_listed_before_training(tmp_path):
    with pytest.raises(DataError) as caught:
        module(long_set(tmp_path / "set", (64, 64), (2, 500), (600, 2)), "qwen3_vl", batch_size=2)
    first, *lines = str(caught.value).splitlines()
    assert first.endswith("2 bad records; fix or remove them:")
    for line, sample, shown in zip(
        lines, ("s1", "s2"), ("1.png (500 x 2 pixels)", "2.png (2 x 600 pixels)"), strict=True
    ):
        assert line.startswith(f"sample {sample}: the base's processor refuses {shown}: ")
        assert line.endswith("; crop it, or leave the sample out")


def test_a_processor_s_error_while_training_names_sample_and_file(tmp_path, monkeypatch):
    data = module(long_set(tmp_path / "set", (64, 64), (80, 64)), "qwen3_vl", batch_size=2)

    def refuse(images, times_s):
        raise ValueError("no\nsuch shape")

    monkeypatch.setattr(data.train.pictures, "shown", refuse)
    with pytest.raises(DataError, match=r"^sample s0: 0\.png: the base's processor refuses it: no such shape; mend it"):
        data.train.shown(0)


def test_a_picture_that_another_size_replaced_ends_the_run_in_one_line(tmp_path):
    data = module(long_set(tmp_path / "set", (64, 64), (80, 64)), "qwen3_vl", batch_size=2)
    Image.new("RGB", (100, 300)).save(tmp_path / "set" / "0.png")
    with pytest.raises(DataError, match=r"^sample s0: 0\.png: a picture has changed .* planned; run again"):
        data.train.shown(0)
    assert data.train.shown(1)
    # Run again, it counts anew.
    again = module((tmp_path / "set" / "samples.jsonl", tmp_path / "set"), "qwen3_vl", batch_size=2)
    assert again.train.lengths.prefix is not None
    assert len(again.train.shown(0).ids) == again.train.lengths.prefix[0]
