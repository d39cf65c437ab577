"""Any family of image-text models answers through its own classes: with a picture, without, and of several sizes.

Weights are random and tiny; model, image processor and processor are the family's own classes of transformers.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from llavapose.config.choices import AnswerDtype
from llavapose.errors import CheckpointError, ConfigError, DataError
from llavapose.evaluation.answerers.checkpoint import generation
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.readers import ChatReader, LlavaReader
from llavapose.evaluation.answerers.checkpoint.single import answer_alone, log_likelihood_alone, sharing_agrees
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.records import Question
from tests.families.tiny import FAMILIES, write_family

NUM2WORDS = "transformers.models.smolvlm.processing_smolvlm.num2words"
SIZES = ((48, 32), (30, 60), (64, 64))


@pytest.fixture(scope="module")
def images(tmp_path_factory):
    folder, rng = tmp_path_factory.mktemp("sizes"), np.random.default_rng(0)
    for number, (width, height) in enumerate(SIZES):
        Image.fromarray(rng.integers(0, 255, (height, width, 3), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module", params=FAMILIES)
def answerer(request, tmp_path_factory) -> CheckpointAnswerer:
    patch = pytest.MonkeyPatch()
    # Only videos are told in number words; the package is none of ours.
    patch.setattr(NUM2WORDS, str)
    folder = write_family(request.param, tmp_path_factory.mktemp(request.param))
    found = CheckpointAnswerer(folder, device="cpu", batch_size=4, max_new_tokens=6)
    assert found.loaded
    patch.undo()
    return found


def load_it(answerer: CheckpointAnswerer) -> None:
    assert answerer.loaded


QUESTIONS = [
    Question(id=f"{number}-{at}", scene_id=number, image=f"{number}.png", kind="conv", text=text)
    for number in range(len(SIZES))
    for at, text in enumerate(("Why?", "What colour is it, please?", "Is it dark?"))
]


def alone(answerer, questions, images) -> list[list[int]]:
    told = {"ends": answerer.loaded.ends, "max_new_tokens": 6}
    return [answer_alone(answerer.model, one, **told) for one in answerer.loaded.reader.prompts(questions, images)]


def test_one_question(answerer, images):
    (answer,) = answerer.answers(QUESTIONS[:1], images, "x")
    (ids,) = alone(answerer, QUESTIONS[:1], images)
    assert (answer.question_id, answer.num_tokens) == ("0-0", len(ids)) and ids


def test_a_batch_of_different_sizes(answerer, images):
    assert isinstance(answerer.loaded.reader, ChatReader)
    answers = list(answerer.answers(QUESTIONS, images, "x"))
    expected = alone(answerer, QUESTIONS, images)
    texts = [answerer.tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in expected]
    assert [answer.text for answer in answers] == texts
    assert [answer.num_tokens for answer in answers] == [len(ids) for ids in expected]
    assert len({tuple(ids) for ids in expected}) > 1, "one answer to all would prove nothing"
    assert answerer._agrees is True, "it shares prefixes"


def test_it_looks_at_the_picture_and_can_do_without(answerer, images):
    prompts = list(answerer.loaded.reader.prompts([replace(QUESTIONS[0], image=f"{n}.png") for n in range(3)], images))
    whole = [prompt.prefix.inputs["pixel_values"].float().mean().item() for prompt in prompts]
    assert len(set(whole)) == 3
    blind = [replace(one, image="") for one in QUESTIONS[:2]]
    answers = list(answerer.answers(blind, images, "x"))
    assert [answer.num_tokens for answer in answers] == [len(ids) for ids in alone(answerer, blind, images)]


def test_pictures_of_questions_in_one_group_are_read_once(answerer, images, monkeypatch):
    read = []
    real = generation._read
    monkeypatch.setattr(generation, "_read", lambda model, prefixes: (read.extend(prefixes), real(model, prefixes))[1])
    list(answerer.answers(QUESTIONS, images, "x"))
    assert len(read) == len(SIZES)


def test_statements_are_weighed_as_each_alone(answerer, images):
    item = ProbeItem(
        id="1-0", scene_id=1, image="1.png", group="facing", kind="facing", part=None, value="front",
        flipped_value="back", num_people=1, person=0, questions=("Is it red or blue?", "Is it blue or red?"),
        true="It is red.", flipped="It is as blue as the sea.",
    )  # fmt: skip
    for shown in (("1.png",), ()):
        (found,) = answerer.likelihoods([item], images, {1: shown})
        for order, text in enumerate(item.questions):
            asked = replace(QUESTIONS[0], image="".join(shown), text=text)
            (prompt,) = answerer.loaded.reader.prompts([asked], images)
            for value, said in ((found.true, item.true), (found.flipped, item.flipped)):
                ids = answerer.loaded.reader.statement(asked, said)
                assert value[order] == pytest.approx(log_likelihood_alone(answerer.model, prompt, ids), abs=2e-4)
                told = answerer.tokenizer.decode(ids, skip_special_tokens=True)
                assert told.strip() == said and ids[-1] in answerer.loaded.ends
    assert answerer._grows is True, "it reads statements as a trie"


def test_a_special_token_in_a_question_is_refused(answerer, images):
    token = answerer.tokenizer.eos_token
    with pytest.raises(DataError, match="question q: the text holds the special token"):
        list(answerer.answers([replace(QUESTIONS[0], id="q", text=f"Why {token}?")], images, "x"))


def test_qwen_positions_are_those_of_the_grid(tmp_path, images, monkeypatch):
    """Without what a grid takes off, the comparison fails, and questions are asked one by one."""
    answerer = CheckpointAnswerer(write_family("qwen2_vl", tmp_path), device="cpu", batch_size=4, max_new_tokens=6)
    prompts = list(answerer.loaded.reader.prompts(QUESTIONS, images))
    assert sharing_agrees(answerer.model, prompts[::4])
    monkeypatch.setattr(generation, "_shifts", lambda model, num: [0] * num)
    assert not sharing_agrees(answerer.model, prompts[::4])


def test_beyond_a_sliding_window_questions_are_asked_one_by_one(tmp_path, images, monkeypatch):
    answerer = CheckpointAnswerer(write_family("gemma3", tmp_path), device="cpu", batch_size=4, max_new_tokens=6)
    assert answerer.loaded.longest == 512
    object.__setattr__(answerer.loaded, "longest", 24)
    monkeypatch.setattr("llavapose.evaluation.answerers.checkpoint.answerer.greedy_in_turn", None)
    assert len(list(answerer.answers(QUESTIONS, images, "x"))) == len(QUESTIONS)


def test_our_own_folders_keep_our_conversation(tiny_base):
    assert isinstance(CheckpointAnswerer(tiny_base, device="cpu").loaded.reader, LlavaReader)


def test_what_cannot_be_loaded_is_one_line(tmp_path, monkeypatch):
    folder = write_family("smolvlm", tmp_path / "smolvlm")
    monkeypatch.setattr(NUM2WORDS, None)
    with pytest.raises(CheckpointError, match=r"need a package.*num2words"):
        load_it(CheckpointAnswerer(folder, device="cpu"))
    folder = write_family("janus", tmp_path / "janus")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(CheckpointError, match=r"no chat template; copy chat_template\.jinja"):
        load_it(CheckpointAnswerer(folder, device="cpu"))


@pytest.mark.parametrize("dtype", [AnswerDtype.int8, AnswerDtype.int4])
def test_few_bits_need_a_package_and_a_gpu(tiny_base, dtype):
    with pytest.raises(ConfigError, match=rf"answerer\.dtype={dtype}: needs a GPU; expected a GPU and `pip install"):
        load_it(CheckpointAnswerer(tiny_base, device="cpu", dtype=dtype))


def test_bfloat16_on_a_cpu(tiny_base, images):
    answerer = CheckpointAnswerer(tiny_base, device="cpu", dtype=AnswerDtype.bfloat16, max_new_tokens=4)
    assert len(list(answerer.answers(QUESTIONS[:3], images, "x"))) == 3
    assert str(answerer.model.dtype) == "torch.bfloat16"
    assert answerer.identity() != CheckpointAnswerer(tiny_base, device="cpu", max_new_tokens=4).identity()
