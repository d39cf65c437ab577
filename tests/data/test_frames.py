"""Frames from sample file to packed batch: one prefix a clip, behind times, and packing changes no loss."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from llavapose.config.choices import Packing
from llavapose.errors import DataError
from llavapose.frames import chosen, time_told
from llavapose.model.attention.alone import stand_alone
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from tests.data.grouped import losses_of, module
from tests.data.reading.bases import NATIVE, base, noise

CLIPS, FRAMES, QUESTIONS = 3, 5, 3
ALL = CLIPS * QUESTIONS + 4
HOW = {"max_length": 1024, "batch_size": ALL}
TIMES = tuple(0.4 * at for at in range(FRAMES))
SAYS = ("the arm", "a red shirt, and one more thing", "both of them are bent at the knee")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Three samples of each of three clips; one of a frame alone, one of two pictures at no time, one of text."""
    folder = tmp_path_factory.mktemp("frames")
    samples = []
    for clip in range(CLIPS):
        names = tuple(f"{clip}/{at}.png" for at in range(FRAMES))
        (folder / str(clip)).mkdir()
        for at, name in enumerate(names):
            noise(40 + 8 * clip, 60, seed=10 * clip + at).save(folder / name)
        samples += [said(f"{clip}-{at}", names, SAYS[at], times_s=TIMES) for at in range(QUESTIONS)]
    samples += [said("alone", ("0/2.png",), SAYS[0]), said("two", ("0/0.png", "0/4.png"), SAYS[0])]
    samples += [said("turned", ("1/4.png", "1/3.png", "1/2.png", "1/1.png", "1/0.png"), SAYS[0], times_s=TIMES)]
    samples += [said("text", (), SAYS[0])]
    write_samples(folder / "samples.jsonl", samples)
    return folder / "samples.jsonl", folder


def said(name, images, answer, times_s=()) -> Sample:
    turns = (Turn(role="user", text="What moves?"), Turn(role="assistant", text=answer))
    return Sample(id=name, images=images, kind="conv", turns=turns, times_s=times_s)


def places_of(data) -> dict[str, int]:
    return {data.train.sample(at).id: at for at in range(len(data.train))}


@pytest.mark.parametrize("name", ["llava", *NATIVE])
def test_packed_equals_separate_with_frames(place, name, processor, llava):
    model = llava if name == "llava" else base(name).model
    packed = losses_of(model, module(place, name, processor=processor, frames=3, **HOW))
    alone = losses_of(model, module(place, name, processor=processor, frames=3, **HOW, packing=Packing.none))
    assert len(packed) == len(alone) == ALL
    for one, wanted in alone.items():
        torch.testing.assert_close(packed[one], wanted, atol=1e-5, rtol=0)
    # Other frames, their other order and no times are something else.
    first = packed["1-0"]
    assert min((packed[other] - first).abs().max() for other in ("0-0", "2-0", "turned")) > 1e-4


@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "internvl", "gemma3"])
def test_a_row_alone_is_what_the_processor_and_the_model_make_of_it(place, name, processor, llava):
    """Its loss is that of the model's own forward over the message that the chat template writes."""
    data = module(place, name, processor=processor, frames=3, packing=Packing.none, **HOW)
    reads, model = (processor, llava) if name == "llava" else (base(name).processor, base(name).model)
    losses, at = losses_of(model, data), places_of(data)["1-1"]
    sample = data.train.sample(at)
    assert sample.times_s == tuple(TIMES[one] for one in chosen(FRAMES, 3))
    shown = [{"type": "text", "text": time_told(time)} for time in sample.times_s]
    content = [part for told in shown for part in (told, {"type": "image"})]
    question = {"role": "user", "content": [*content, {"type": "text", "text": sample.turns[0].text}]}
    turns = [question, {"role": "assistant", "content": [{"type": "text", "text": sample.turns[1].text}]}]
    text = reads.apply_chat_template(turns, tokenize=False)
    images = [Image.open(place[1] / one) for one in sample.images]
    begun = reads.tokenizer.bos_token
    adds = not (begun and text.startswith(begun))
    whole = reads(text=[text], images=[images], add_special_tokens=adds, return_tensors="pt")
    ids, prefix, branch = whole["input_ids"][0], data.train.shown(at).ids, data.train.branches[at]
    assert ids[: len(prefix) + len(branch.ids)].tolist() == [*prefix, *branch.ids]
    with torch.no_grad():
        logits = model(**whole).logits[0]
    learnt = [len(prefix) + place for place, learnt in enumerate(branch.supervised) if learnt]
    wanted = [torch.nn.functional.cross_entropy(logits[one - 1], ids[one]) for one in learnt]
    torch.testing.assert_close(losses["1-1"], torch.stack(wanted), atol=1e-5, rtol=0)


@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "smolvlm"])
def test_workers_give_the_same_batches(place, name, processor):
    given = {"processor": processor, "frames": 3, **HOW}
    here, there = (list(module(place, name, num_workers=number, **given).train_dataloader()) for number in (0, 2))
    assert len(here) == len(there) == 1
    for one, other in zip(here, there, strict=True):
        assert torch.equal(one.input_ids, other.input_ids) and torch.equal(one.pixel_values, other.pixel_values)
        assert all(torch.equal(value, other.beside[key]) for key, value in one.beside.items())
        assert torch.equal(one.segments, other.segments) and torch.equal(one.targets, other.targets)


@pytest.mark.parametrize("name", ["llava", "gemma3", "internvl"])
@pytest.mark.parametrize("frames", [None, 1, 3])
def test_samples_of_a_clip_share_one_prefix_and_plans_know_its_tokens(place, name, frames, processor):
    data = module(place, name, processor=processor, frames=frames, **HOW)
    at, lengths = places_of(data), data.train.lengths
    assert lengths.prefix is not None
    for one in at.values():
        sample = data.train.sample(one)
        wanted = len(data.train.shown(one).ids) if sample.images else len(data.train.conversation.frame.prefix_of_text)
        assert lengths.prefix[one] == wanted
    shared = {int(lengths.image[at[f"0-{one}"]]) for one in range(QUESTIONS)}
    assert len(shared) == 1 and int(lengths.image[at["alone"]]) not in shared
    # A turned clip is a group of its own, and its middle one is that of the others.
    groups = CLIPS + 2 + (frames != 1)
    assert lengths.num_pictures == groups
    assert data.train.shown(at["0-0"]).ids != data.train.shown(at["alone"]).ids, "its time stands before it"
    (batch,) = data.train_dataloader()
    assert batch.num_pictured == groups
    assert batch.num_samples == ALL


def test_arms_of_other_frames_see_other_clips_and_are_no_resume(place, processor):
    whole, three = (module(place, "llava", processor=processor, frames=one, **HOW) for one in (None, 3))
    assert whole.train.tokens.table.folder != three.train.tokens.table.folder
    with pytest.raises(DataError, match="resume: samples, pictures"):
        three.load_state_dict({"fingerprint": whole.order_fingerprint(), "epoch": 0, "batches": 0})


def test_a_clip_that_does_not_fit_is_told_with_what_to_do(place, processor):
    prefix = module(place, "llava", processor=processor, **HOW).train.lengths.prefix
    assert prefix is not None
    with pytest.raises(DataError) as caught:
        module(place, "llava", processor=processor, max_length=int(prefix.max()))
    told = str(caught.value)
    assert "its 5 frames take" in told and "lower data.frames, or raise data.max_length" in told


def test_the_proof_before_the_first_step_stands_frames_alone(place, processor):
    """Every branch behind its own copy of times and frames."""
    data = module(place, "llava", processor=processor, frames=3, **HOW)
    (batch,) = data.train_dataloader()
    alone, at = stand_alone(batch), places_of(data)
    for row, owner in enumerate(alone.batch.sample_index.max(1).values.tolist()):
        if owner < 0 or not data.train.sample(owner).images:
            continue
        ids = alone.batch.input_ids[row][alone.batch.segments[row] >= 0].tolist()
        assert ids == [*data.train.shown(owner).ids, *data.train.branches[owner].ids]
    assert set(at.values()) == set(alone.batch.sample_index.max(1).values.tolist())
    assert int(alone.batch.picture_rows["pixel_values"].sum()) == len(alone.batch.pixel_values)
