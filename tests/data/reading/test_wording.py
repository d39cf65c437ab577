"""Any base's wording, taken from its chat template, gives the template's ids and labels; a bad template is refused."""

from __future__ import annotations

import pickle

import pytest
from PIL import Image

from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.reading.template import encode_head, rendered, special_tokens, wording_of
from llavapose.data.reading.wording import LLAVA15
from llavapose.errors import DataError
from tests.data.reading import spoken
from tests.families.tiny import EVERY, made


@pytest.fixture(scope="module", params=EVERY)
def base(request):
    return request.param, made(request.param)[1]


@pytest.fixture(scope="module")
def qwen():
    return made("qwen3_vl")[1]


def test_llava_s_own_template_gives_llava_s_wording(processor):
    assert processor.chat_template == CHAT_TEMPLATE
    found = wording_of(processor, source="tiny")
    for name in ("marker", "lead", "asked", "replied", "end", "between", "tail", "note", "text_lead", "text_gap"):
        assert getattr(found, name) == getattr(LLAVA15, name), name
    assert [found.head(number) for number in (1, 2, 7)] == [LLAVA15.head(number) for number in (1, 2, 7)]


def test_it_is_plain_values(base):
    name, processor = base
    wording = wording_of(processor, source=name)
    assert pickle.loads(pickle.dumps(wording)) == wording
    assert wording.end.strip() == spoken.END[name]
    assert wording.replied == (" " if name in spoken.SPACED else "")
    assert wording.marker in special_tokens(processor.tokenizer)


@pytest.mark.parametrize("pictures", [1, 2, 5])
def test_heads_are_the_template_s(base, pictures):
    name, processor = base
    wording = wording_of(processor, source=name)
    whole = rendered(processor, ("Why?",), pictures, prompt=True, source=name)
    assert whole.startswith(wording.head(pictures)) and whole.endswith("Why?" + wording.asked)


def test_pictures_that_are_numbered_end_at_some_number():
    wording = wording_of(made("molmo2")[1], source="molmo2")
    assert wording.head(32).count("<|image|>") == 32 and "Image 32" in wording.head(32)
    with pytest.raises(DataError, match="a sample has 33 pictures; expected at most 32"):
        wording.head(33)


def test_a_day_does_not_change_the_words():
    processor = made("mistral3")[1]
    assert "strftime_now" in processor.chat_template
    assert "2025-01-01" in wording_of(processor, source="mistral3").head(1)


def test_what_a_template_writes_otherwise_than_it_asks_is_said():
    notes = {name: wording_of(made(name)[1], source=name).note for name in ("llava_onevision", "janus", "qwen2_vl")}
    assert "before an answer of the past: trained as asked" in notes["llava_onevision"]
    assert "away behind the last answer: trained with it" in notes["janus"]
    assert not notes["qwen2_vl"]


@pytest.mark.parametrize("case", spoken.REFUSED)
def test_a_template_that_cannot_be_trained_with_is_refused(qwen, case):
    template, told = spoken.REFUSED[case]
    qwen.chat_template = template
    with pytest.raises(DataError, match=told) as caught:
        wording_of(qwen, source="mine")
    line = str(caught.value)
    assert "\n" not in line and line.startswith("base mine: its chat template")
    assert line.endswith("take another chat_template.jinja")


@pytest.mark.parametrize(("name", "bound"), [("qwen2_vl", 28 * 28), ("qwen2_5_vl", 28 * 28), ("qwen3_vl", 32 * 32)])
def test_a_picture_of_one_token_is_a_picture(name, bound):
    processor = made(name)[1]
    usual = wording_of(processor, source=name)
    processor.image_processor.size = {"shortest_edge": bound, "longest_edge": bound}
    text = rendered(processor, ("Why?",), 1, prompt=True, source=name)
    ids = encode_head(processor, text, [Image.new("RGB", (64, 64))])
    assert ids.count(processor.image_token_id) == 1
    assert wording_of(processor, source=name) == usual
    processor.chat_template = spoken.REFUSED["pictures left out"][0]
    with pytest.raises(DataError, match=spoken.REFUSED["pictures left out"][1]):
        wording_of(processor, source=name)


TEXT = "{{ p['text'] }}"

CHANGES = {
    "a long text": TEXT.replace("text'] }}", "text'][:2000] }}"),
    "escaped marks": TEXT.replace(" }}", "|e }}"),
    "spaces": TEXT.replace(" }}", "|replace('  ', ' ') }}"),
    "underlines": TEXT.replace(" }}", "|replace('_', ' ') }}"),
    "thoughts": TEXT.replace(" }}", ".split('</think>')[-1] }}"),
    "other scripts": TEXT.replace(" }}", "|replace('ï', 'i') }}"),
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_template_that_changes_texts_is_refused(qwen, case):
    assert TEXT in spoken.CHATML
    qwen.chat_template = spoken.CHATML.replace(TEXT, CHANGES[case])
    with pytest.raises(DataError, match=r"changes what is said: .*; take another chat_template\.jinja$") as caught:
        wording_of(qwen, source="mine")
    assert "\n" not in str(caught.value)


def test_a_template_that_writes_late_turns_otherwise_is_refused(qwen):
    qwen.chat_template = spoken.CHATML.replace(TEXT, "{% if loop.index > 1 %}{% endif %}" + TEXT).replace(
        "{% for m in messages %}", "{% for m in messages %}{% if loop.index > 9 %}!{% endif %}"
    )
    with pytest.raises(DataError, match="changes what is said"):
        wording_of(qwen, source="mine")


def test_a_day_in_a_format_that_is_no_text_is_refused(qwen):
    qwen.chat_template = "{% set f='%H:%M' %}{{ strftime_now(f) }}" + spoken.CHATML
    with pytest.raises(DataError, match=r"writes the time in a format that is not given as text; take another"):
        wording_of(qwen, source="mine")


def test_an_alarm_while_a_template_runs_is_not_taken_for_its_fault(qwen, monkeypatch):
    def late(*given, **named):
        raise TimeoutError

    qwen.chat_template = spoken.CHATML
    monkeypatch.setattr(qwen, "apply_chat_template", late)
    with pytest.raises(TimeoutError):
        wording_of(qwen, source="mine")


def test_the_good_one_that_the_bad_ones_are_made_of_is_taken(qwen):
    qwen.chat_template = spoken.CHATML
    assert wording_of(qwen, source="mine").end == "<|im_end|>"


def test_no_template_is_said(qwen):
    qwen.chat_template = qwen.tokenizer.chat_template = None
    with pytest.raises(DataError, match=r"base mine: its processor has no chat template; copy chat_template\.jinja"):
        wording_of(qwen, source="mine")


def test_a_head_is_encoded_as_transformers_does(base):
    name, processor = base
    asked = rendered(processor, ("Why?",), 2, prompt=True, source=name)
    ids, _ = spoken.encoded(name, processor, asked, (), 2)
    assert encode_head(processor, asked, spoken.PICTURES) == ids
