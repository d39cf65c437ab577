"""Many questions at once say what each says alone, a picture is read once, and rows that have ended cost nothing."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
import torch

from llavapose.errors import ConfigError, LlavaPoseError
from llavapose.evaluation.answerers.checkpoint import devices, generation
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.generation import Prefix, Prompt, greedy
from llavapose.evaluation.answerers.checkpoint.single import answer_alone, sharing_agrees
from llavapose.records import Question
from tests.evaluation.answerers.going_wrong import dying, grumbling

TEXTS = ("What colour is it?", "Why?", "Describe the picture in full, from edge to edge, please.")
LONGEST = 12


@pytest.fixture(scope="module")
def answerer(tiny_base) -> CheckpointAnswerer:
    return CheckpointAnswerer(tiny_base, device="cpu", batch_size=4, max_new_tokens=LONGEST)


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    """Three about each of five pictures, in the benchmark's order."""
    return [
        Question(id=f"{number}-{kind}", scene_id=number, image=f"{number:03}.png", kind=kind, text=f"{text} ({number})")
        for number in range(5)
        for kind, text in zip(("conv", "complex", "detail"), TEXTS, strict=True)
    ]


@pytest.fixture(scope="module")
def prompts(answerer, questions, tiny_pictures) -> list[Prompt]:
    return list(answerer.loaded.reader.prompts(questions, tiny_pictures))


@pytest.fixture(scope="module")
def ends(answerer, prompts) -> set[int]:
    """Besides the end, tokens that some answers hold early and others late or never: they end at different times."""
    told = [answer_alone(answerer.model, one, ends=answerer.loaded.ends, max_new_tokens=LONGEST) for one in prompts]
    often = Counter(token for answer in told for token in set(answer))
    found = {token for token, number in often.items() if 2 <= number <= 6}
    return {*answerer.loaded.ends, *sorted(found)[:2]}


@pytest.mark.parametrize("batch_size", [1, 4, 15])
def test_together_is_alone(answerer, prompts, ends, batch_size):
    alone = [answer_alone(answerer.model, one, ends=ends, max_new_tokens=LONGEST) for one in prompts]
    together = greedy(answerer.model, prompts, ends=ends, max_new_tokens=LONGEST, batch_size=batch_size)
    assert together == alone
    assert len({len(answer) for answer in alone}) > 2, "answers of one length prove little"


@pytest.mark.parametrize("num_ready", [1, 4, 5, 12, 14])
def test_what_is_ready_is_told_at_once_and_never_made_again(answerer, questions, tiny_pictures, monkeypatch, num_ready):
    """Twelve are answered together, four at a time, those alike in length side by side."""
    whole = {answer.question_id: answer for answer in answerer.answers(questions, tiny_pictures, "x")}
    assert list(whole) == [question.id for question in questions]
    written, plain = [], generation._answer

    def counted(model, rows, *rest):
        written.append(len(rows))
        return plain(model, rows, *rest)

    monkeypatch.setattr(generation, "_answer", counted)
    first, coming = [], answerer.answers_as_ready(questions, tiny_pictures, "x", frozenset())
    for answer in coming:
        first.append(answer)
        if len(first) == num_ready:
            break
    assert sum(written) < num_ready + 4, "no batch is waited for behind the one that is under way"
    done = {answer.question_id for answer in first}
    written.clear()
    begun = 12 if num_ready >= 12 else 0
    rest = list(answerer.answers_as_ready(questions[begun:], tiny_pictures, "x", frozenset(done)))
    assert done.isdisjoint(answer.question_id for answer in rest)
    assert {answer.question_id: answer for answer in (*first, *rest)} == whole
    # What is made again is no more than the other rows of the batch that was under way.
    assert sum(written) < len(questions) - num_ready + 4


def test_without_a_picture_too(answerer, questions, tiny_pictures, ends):
    blind = list(answerer.loaded.reader.prompts([replace(one, image="") for one in questions], tiny_pictures))
    assert len({prompt.prefix for prompt in blind}) == 1
    alone = [answer_alone(answerer.model, one, ends=ends, max_new_tokens=LONGEST) for one in blind]
    assert greedy(answerer.model, blind, ends=ends, max_new_tokens=LONGEST, batch_size=4) == alone


def test_prefixes_of_different_lengths_and_none(answerer, prompts):
    """What pictures of different sizes make; a question without any prefix beside them."""
    model, (first, *_) = answerer.model, prompts
    text = tuple(one for one in first.prefix.ids if one != answerer.loaded.reader.conversation.image_id)
    mixed = [
        first,
        Prompt(prefix=Prefix(ids=text[:5]), ids=(*text[5:], *first.ids)),
        Prompt(prefix=Prefix(ids=()), ids=(*text, *first.ids)),
    ]
    told = {"ends": answerer.loaded.ends, "max_new_tokens": LONGEST}
    alone = [answer_alone(model, one, **told) for one in mixed]
    assert alone[1] == alone[2] != alone[0]
    for rows in (mixed[:2], mixed[2:]):
        assert greedy(model, rows, batch_size=4, **told) == [alone[mixed.index(one)] for one in rows]
    assert greedy(model, mixed, batch_size=3, **told) == alone


def test_a_picture_is_encoded_once_and_ended_rows_are_dropped(answerer, prompts, ends):
    pictures, rows = [], []
    seen = answerer.model.model.vision_tower.register_forward_pre_hook(
        lambda module, args, kwargs: pictures.append((kwargs.get("pixel_values", args[0] if args else None)).shape[0]),
        with_kwargs=True,
    )
    read = answerer.model.model.language_model.register_forward_pre_hook(
        lambda module, args, kwargs: rows.append(kwargs["inputs_embeds"].shape[:2]), with_kwargs=True
    )
    try:
        told = greedy(answerer.model, prompts, ends=ends, max_new_tokens=LONGEST, batch_size=4)
    finally:
        seen.remove()
        read.remove()
    assert sum(pictures) == 5, "fifteen questions, five pictures"
    steps = sum(num for num, width in rows if width == 1)
    # Every token that was written was read once; the last word of an answer that was cut off was not.
    assert steps == sum(len(answer) - (len(answer) == LONGEST) for answer in told)


def test_rows_alike_in_length_stand_side_by_side(answerer, prompts, ends, monkeypatch):
    batches = []
    real = generation._answer

    def answer(model, rows, *rest):
        batches.append([row.length for row in rows])
        return real(model, rows, *rest)

    monkeypatch.setattr(generation, "_answer", answer)
    greedy(answerer.model, prompts, ends=ends, max_new_tokens=2, batch_size=5)
    assert [length for batch in batches for length in batch] == sorted(prompt.length for prompt in prompts)


def test_a_run_that_goes_on_makes_the_same_groups(answerer, questions, tiny_pictures):
    """Behind a whole group (``batch_size`` questions) all is made as if never interrupted."""
    assert answerer.batch_size == 12
    whole = list(answerer.answers(questions, tiny_pictures, "x"))
    assert whole[12:] == list(answerer.answers(questions[12:], tiny_pictures, "x"))
    assert [answer.question_id for answer in whole] == [question.id for question in questions]


def test_a_wrong_position_is_seen(answerer, prompts, monkeypatch):
    """The comparison that other families go through before they answer."""
    few = [prompts[0], prompts[2], prompts[4]]
    assert sharing_agrees(answerer.model, few)
    monkeypatch.setattr(generation, "_shifts", lambda model, num: [3] * num)
    assert not sharing_agrees(answerer.model, few)


def test_a_model_that_does_not_agree_is_asked_one_by_one(tiny_base, questions, tiny_pictures, monkeypatch, caplog):
    answerer = CheckpointAnswerer(tiny_base, device="cpu", batch_size=2, max_new_tokens=4)
    right = list(answerer.answers(questions, tiny_pictures, "x"))
    object.__setattr__(answerer.loaded, "proven", False)
    answerer._agrees = None
    monkeypatch.setattr(generation, "_shifts", lambda model, num: [3] * num)
    with caplog.at_level("WARNING"):
        assert list(answerer.answers(questions, tiny_pictures, "x")) == right
    assert caplog.text.count("its questions are asked one by one") == 1


@pytest.mark.long
def test_two_devices_answer_each_question_once(tiny_base, answerer, questions, tiny_pictures):
    one = CheckpointAnswerer(tiny_base, device="cpu", batch_size=1, max_new_tokens=4)
    two = CheckpointAnswerer(tiny_base, device="cpu", devices=2, batch_size=1, max_new_tokens=4)
    assert one.identity() == two.identity(), "how many there are decides no answer"
    assert list(two.answers(questions, tiny_pictures, "x")) == list(one.answers(questions, tiny_pictures, "x"))


@pytest.mark.parametrize(
    ("make", "message"),
    [(grumbling, "question 0-conv: no such file"), (dying, "died")],
)
def test_what_goes_wrong_on_a_device_is_told(questions, tiny_pictures, make, message):
    with pytest.raises(LlavaPoseError, match=message):
        list(devices.side_by_side(make, ("cpu", "cpu"), [questions[:3], questions[3:6]], tiny_pictures, "x"))


def test_devices_that_are_not_there(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert devices.devices_of(None, 2) == ("cuda:0", "cuda:1")
    assert devices.devices_of("cuda:1", 1) == ("cuda:1",)
    with pytest.raises(ConfigError, match=r"answerer\.devices is 3; 2 GPUs are here"):
        devices.devices_of(None, 3)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    assert devices.devices_of(None, 2) == ("cpu", "cpu")
