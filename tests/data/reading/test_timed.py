"""Frames behind their times: the ids are those that each base's own processor and chat template give the message."""

from dataclasses import replace

import pytest
import torch
from PIL import Image

from llavapose.data.reading.native import NativePictures
from llavapose.data.reading.read import square_pictures
from llavapose.data.reading.template import conversation_of, encode_head
from llavapose.data.reading.timed import timed_heads
from llavapose.data.reading.wording import LLAVA15, SYSTEM
from llavapose.data.template import check_words
from llavapose.errors import DataError
from llavapose.records import Sample, Turn
from tests.data.reading import spoken
from tests.data.reading.bases import NATIVE, base, noise
from tests.families.tiny import EVERY, made

TIMES = (0.0, 0.4, 12.04)
TOLD = ("0.0 s: ", "0.4 s: ", "12.0 s: ")
SIZES = ((48, 32), (30, 60), (64, 64))
FIRST = ("llava_onevision", "molmo2")
"""Families whose templates write all pictures before all words: times are put in front of the pictures there."""
PLACED = {
    "llava_onevision": "<|im_start|>user 0.0 s: <image>0.4 s: <image>12.0 s: <image>",
    "molmo2": "Image 1 0.0 s: <|image|>Image 2 0.4 s: <|image|>Image 3 12.0 s: <|image|><|im_start|>",
}


def by_the_template(name, processor, num: int, text: str) -> str:
    """A question about frames as the template writes a message of times, pictures and text in turn."""
    shown = [part for told in TOLD[:num] for part in ({"type": "text", "text": told}, {"type": "image"})]
    content = [*shown, {"type": "text", "text": text}]
    template = processor.chat_template.replace("strftime_now('%Y-%m-%d')", "'2025-01-01'")
    return processor.apply_chat_template(
        [{"role": "user", "content": content}], chat_template=template, tokenize=False, add_generation_prompt=True
    )


@pytest.mark.parametrize("num", [1, 2, 3])
@pytest.mark.parametrize("name", EVERY)
def test_ids_of_frames_and_a_question_are_the_template_s(name, num):
    processor = made(name)[1]
    conversation = conversation_of(processor, own_words=False, source=name)
    pictures = [Image.new("RGB", (48, 32), (200, 30, 30))] * num
    for question in (texts[0] for texts in spoken.TEXTS):
        head = conversation.wording.head(num, TIMES[:num])
        prefix = encode_head(processor, head, pictures)
        prefix = prefix[: len(prefix) - prefix[::-1].index(conversation.image_id)]
        asked = conversation.question(question, where="q")
        whole = by_the_template(name, processor, num, question)
        if name in FIRST:
            whole = head + {"llava_onevision": "\n", "molmo2": "user\n"}[name] + question + conversation.wording.asked
        assert [*prefix, *asked] == encode_head(processor, whole, pictures)


@pytest.mark.parametrize("name", FIRST)
def test_where_pictures_come_first_times_are_put_before_them(name):
    wording = conversation_of(made(name)[1], own_words=False, source=name).wording
    assert wording.places_times and wording.head(3, TIMES).endswith(PLACED[name])
    assert not any(conversation_of(made(one)[1], own_words=False, source=one).wording.places_times
                   for one in EVERY if one not in FIRST)  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
def test_a_head_grows_as_it_began(name):
    """Eight and sixteen frames were not looked at: the template's own text is compared."""
    processor = made(name)[1]
    wording = conversation_of(processor, own_words=False, source=name).wording
    times = tuple(at / 5 for at in range(16))
    if name in FIRST:
        assert wording.head(16, times).count(" s: ") == 16
        return
    shown = [part for time in times for part in ({"type": "text", "text": f"{time:.1f} s: "}, {"type": "image"})]
    template = processor.chat_template.replace("strftime_now('%Y-%m-%d')", "'2025-01-01'")
    text = processor.apply_chat_template(
        [{"role": "user", "content": [*shown, {"type": "text", "text": "Who?"}]}], chat_template=template,
        tokenize=False, add_generation_prompt=True,
    )  # fmt: skip
    assert text.startswith(wording.head(16, times))


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("num", [1, 2, 3])
def test_pictures_show_frames_as_the_processor_does_and_are_counted(name, num):
    one = base(name)
    images = [noise(*size, seed=at) for at, size in enumerate(SIZES[:num])]
    found, untimed = one.pictures.shown(images, TIMES[:num]), one.pictures.shown(images)
    head = one.wording.head(num, TIMES[:num])
    assert list(found.ids) == encode_head(one.processor, head, images)[: len(found.ids)]
    assert found.inputs["pixel_values"].equal(untimed.inputs["pixel_values"])
    marks = [token for token in found.ids if token in one.pictures.picture_ids]
    assert marks == [token for token in untimed.ids if token in one.pictures.picture_ids]
    for times in (TIMES[:num], tuple(100.0 + 7 * at for at in range(num)), tuple(9.5 + at for at in range(num))):
        counted = one.pictures.num_tokens(SIZES[:num], times)
        assert counted == len(one.pictures.shown(images, times).ids) > one.pictures.num_tokens(SIZES[:num])


def test_a_processor_that_joins_times_with_its_own_words_is_asked_itself(monkeypatch):
    one, pictures = base("qwen3_vl"), base("qwen3_vl").pictures
    monkeypatch.setattr(NativePictures, "_told_tokens", lambda self, times_s: 1)
    for times in (TIMES, (3.0, 4.0, 5.0)):
        images = [noise(*size) for size in SIZES]
        assert pictures.num_tokens(SIZES, times) == len(one.pictures.shown(images, times).ids)


def test_llava_s_frames_stand_behind_their_times(processor):
    conversation = conversation_of(processor, own_words=True, source="llava")
    assert LLAVA15.head(3, TIMES) == f"{SYSTEM} USER: 0.0 s: <image>\n0.4 s: <image>\n12.0 s: <image>"
    pictures = square_pictures(processor, conversation)
    shown = pictures.shown([noise(*size) for size in SIZES], TIMES)
    text = f"{SYSTEM} USER: 0.0 s: <image>\n0.4 s: <image>\n12.0 s: <image>\nWho sits? ASSISTANT:"
    images = [noise(*size) for size in SIZES]
    whole = processor(text=[text], images=[images], return_tensors="pt")
    ids = [*shown.ids, *conversation.question("Who sits?", where="q")]
    assert ids == whole["input_ids"][0].tolist()
    assert shown.inputs["pixel_values"].equal(whole["pixel_values"])
    assert pictures.num_tokens([(1, 1)] * 3, TIMES) == len(shown.ids) == shown.next_position
    assert pictures.constant == len(pictures.shown(images[:1]).ids) < pictures.num_tokens([(1, 1)], (0.0,))


def test_the_template_that_is_saved_writes_frames_as_they_are_trained(processor):
    shown = [part for told in TOLD for part in ({"type": "text", "text": told}, {"type": "image"})]
    said = [{"role": "user", "content": [*shown, {"type": "text", "text": " Who sits? "}]}]
    text = processor.apply_chat_template(said, tokenize=False, add_generation_prompt=True)
    assert text == LLAVA15.head(3, TIMES) + "\nWho sits? ASSISTANT:"
    # One text goes behind all pictures, wherever it stands among them.
    alone = [{"type": "text", "text": "Who?"}, {"type": "image"}]
    for content in (alone, alone[::-1]):
        text = processor.apply_chat_template([{"role": "user", "content": content}], tokenize=False)
        assert text == f"{SYSTEM} USER: <image>\nWho? "


@pytest.mark.parametrize("num", [1, 2])
@pytest.mark.parametrize("name", EVERY)
def test_a_run_s_first_sample_is_compared_with_its_times(name, num):
    processor = made(name)[1]
    conversation = conversation_of(processor, own_words=False, source=name)
    for texts in spoken.TEXTS:
        turns = tuple(Turn(role=("user", "assistant")[at % 2], text=text) for at, text in enumerate(texts))
        images = tuple(f"{at}.png" for at in range(num))
        one = Sample(id="first", images=images, kind="conv", turns=turns, times_s=TIMES[:num])
        check_words(processor, conversation, one, source=name)


def test_a_template_that_writes_times_otherwise_than_it_began_is_found_at_the_start():
    processor = made("qwen3_vl")[1]
    conversation = conversation_of(processor, own_words=False, source="mine")
    changed = "{{ p['text'].replace(' s:', ' sec:') }}"
    processor.chat_template = processor.chat_template.replace("{{ p['text'] }}", changed)
    turns = (Turn(role="user", text="Who?"), Turn(role="assistant", text="Nobody."))
    one = Sample(id="first", images=("0.png",), kind="conv", turns=turns, times_s=(0.4,))
    with pytest.raises(DataError, match=r"^base mine: sample first: token number \d+ on is"):
        check_words(processor, conversation, one, source="mine")


def test_a_template_without_a_place_for_times_says_so():
    heads, placed = timed_heads(lambda num: "", ("a picture", "pictures"), "", tokens=["<image>"], numbered=4)
    assert (heads, placed) == ((), True)
    with pytest.raises(DataError, match="has frames, and this base's chat template has no place for their times"):
        replace(LLAVA15, timed=()).head(2, TIMES[:2])


def test_blocks_and_positions_are_of_pictures_alone():
    gemma, qwen = base("gemma3"), base("qwen3_vl")
    found = gemma.pictures.shown([noise(*size) for size in SIZES], TIMES)
    assert found.blocks is not None
    image = [token == gemma.model.config.image_token_index for token in found.ids]
    assert (found.blocks >= 0).tolist() == image
    assert found.blocks[found.blocks >= 0].tolist() == [0] * 4 + [1] * 4 + [2] * 4
    shown = qwen.pictures.shown([noise(*size) for size in SIZES], TIMES)
    ids = torch.tensor([shown.ids])
    types = (ids == qwen.model.config.image_token_id).int()
    wanted, _ = qwen.model.model.get_rope_index(
        ids, image_grid_thw=shown.inputs["image_grid_thw"], attention_mask=torch.ones_like(ids), mm_token_type_ids=types
    )
    assert shown.rope is not None and shown.rope.equal(wanted[:, 0])
