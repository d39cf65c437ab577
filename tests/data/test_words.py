"""At the start of a run a sample is compared with what the base's own processor makes of it."""

from __future__ import annotations

import dataclasses

import pytest
from PIL import Image

from llavapose.config.schema import DataConfig
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.reading.template import conversation_of
from llavapose.data.template import check_words
from llavapose.errors import DataError
from llavapose.families.known import QWEN_VL
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from tests.data.reading import spoken
from tests.families.tiny import EVERY, made


def sample(texts, pictures: int) -> Sample:
    turns = tuple(Turn(role=("user", "assistant")[at % 2], text=text) for at, text in enumerate(texts))
    return Sample(id="first", images=tuple(f"{at}.png" for at in range(pictures)), kind="conv", turns=turns)


@pytest.mark.parametrize("pictures", [0, 1, 2])
@pytest.mark.parametrize("name", EVERY)
def test_every_base_s_own_words_pass(name, pictures):
    processor = made(name)[1]
    conversation = conversation_of(processor, own_words=False, source=name)
    for texts in spoken.TEXTS:
        check_words(processor, conversation, sample(texts, pictures), source=name)


CHANGED = {
    "lead": ({"lead": "\n"}, "What"),
    "asked": ({"asked": "<|im_end|>\n<|im_start|>user\n"}, "assistant"),
    "end": ({"end": "<|endoftext|>"}, r"<\|im_end\|>"),
    "between": ({"between": "<|im_start|>user\n"}, r"Ċ <\|im_start\|>"),
    "replied": ({"replied": " "}, "No"),
}


def test_a_run_s_data_begin_with_it(tmp_path):
    """Of the first sample that is trained on: no other is read before it."""
    processor = made("qwen3_vl")[1]
    Image.new("RGB", (64, 64), (90, 10, 10)).save(tmp_path / "0.png")
    write_samples(tmp_path / "samples.jsonl", [sample(("What is it?", "A thing."), 1)])

    def data():
        config = DataConfig(name="x", kinds={"conv": 1.0}, num_val=0, max_length=512)
        where = {"samples": tmp_path / "samples.jsonl", "images": tmp_path}
        return PoseDataModule(**where, processor=processor, config=config, batch_size=1, family=QWEN_VL, base="mine")

    assert len(data().train) == 1
    processor.chat_template = processor.chat_template.replace("{{ p['text'] }}", "{{ p['text'].strip('.') }}")
    with pytest.raises(DataError, match=r"^base mine: sample first: token number \d+ on is"):
        data()


@pytest.mark.parametrize("case", CHANGED)
def test_the_first_token_that_differs_is_named(case):
    changed, expected = CHANGED[case]
    processor = made("qwen3_vl")[1]
    conversation = conversation_of(processor, own_words=False, source="mine")
    wording = dataclasses.replace(conversation.wording, **changed)
    conversation.frame = dataclasses.replace(conversation.frame, wording=wording)
    conversation.wording = wording
    with pytest.raises(DataError, match=r"base mine: sample first: token number \d+ .*expected '" + expected) as told:
        check_words(processor, conversation, sample(("What?", "No.", "Why?", "So."), 1), source="mine")
    assert "\n" not in str(told.value)


def test_a_template_that_trims_more_than_blanks_is_said():
    processor = made("qwen3_vl")[1]
    conversation = conversation_of(processor, own_words=False, source="mine")
    processor.chat_template = processor.chat_template.replace("{{ p['text'] }}", "{{ p['text'].strip('.') }}")
    with pytest.raises(DataError, match=r"token number \d+ on is '\. <\|im_end\|>.*expected '<\|im_end\|>"):
        check_words(processor, conversation, sample(("What is it?", "A thing."), 1), source="mine")
