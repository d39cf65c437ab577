"""A checkpoint's answers and likelihoods: a batch says what single questions say, a statement what it says alone."""

from __future__ import annotations

import sys
from dataclasses import replace

import pytest
import torch
from PIL import Image

from llavapose import ask
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.errors import CheckpointError, DataError
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer, not_opening
from llavapose.evaluation.probe.items import ProbeItem
from llavapose.evaluation.probe.pictures import pictures_shown
from llavapose.model.pretrained import load_model, load_processor
from llavapose.records import Question, Sample, Turn


@pytest.fixture(scope="module")
def answerer(tiny_base) -> CheckpointAnswerer:
    return CheckpointAnswerer(tiny_base, device="cpu", batch_size=4, max_new_tokens=8)


def question(number: int, text: str = "What colour is it?") -> Question:
    return Question(id=f"q{number}", scene_id=number, image=f"{number:03}.png", kind="conv", text=text)


TEXTS = [
    "What colour is it?",
    "Why?",
    "Describe the picture in full, from edge to edge, please.",
    "Is it dark?",
    "Who?",
]


def test_a_batch_answers_as_one_by_one(answerer, tiny_pictures):
    """Shorter questions are padded on the left: the padding must not be seen."""
    questions = [question(number, text) for number, text in enumerate(TEXTS)]
    together = list(answerer.answers(questions, tiny_pictures, "baseline"))
    apart = [answer for q in questions for answer in answerer.answers([q], tiny_pictures, "baseline")]
    assert together == apart
    assert [answer.question_id for answer in together] == ["q0", "q1", "q2", "q3", "q4"]
    assert {answer.arm for answer in together} == {"baseline"}
    assert all(answer.num_tokens == 8 and answer.finish == "length" for answer in together if answer.finish != "stop")


def test_without_a_picture_it_answers_from_the_words_alone(answerer, tiny_pictures):
    questions = [replace(question(number, text), image="") for number, text in enumerate(TEXTS)]
    blind = list(answerer.answers(questions, tiny_pictures, "tiny"))
    assert len(blind) == len(TEXTS) and all(one.text for one in blind)
    same = [replace(one, text=TEXTS[0]) for one in questions]
    assert len({one.text for one in answerer.answers(same, tiny_pictures, "tiny")}) == 1, (
        "nothing else tells them apart"
    )


def test_the_stream_is_the_answer(answerer, tiny_pictures):
    whole = next(iter(answerer.answers([question(2)], tiny_pictures, "x"))).text
    assert "".join(answerer.stream([tiny_pictures / "002.png"], "What colour is it?", opened=False)).strip() == whole


def test_a_streamed_answer_opens_with_a_word_that_opens_a_sentence(tiny_pictures):
    """Whatever the model holds for most likely: here a full stop, as arms do that were trained on few questions."""
    answerer = CheckpointAnswerer("tiny", device="cpu", max_new_tokens=4)
    stop = answerer.tokenizer.convert_tokens_to_ids(".")

    def to_stop(module, inputs, logits):
        logits[..., stop] += 50
        return logits

    handle = answerer.model.lm_head.register_forward_hook(to_stop)
    told = {opened: "".join(answerer.stream([tiny_pictures / "002.png"], "What?", opened=opened)) for opened in (1, 0)}
    handle.remove()
    assert told[0].startswith(".") and told[1][0].isupper() and told[1].endswith("...")


@pytest.mark.parametrize(
    ("token", "opens"),
    [("▁The", True), ("▁4", True), ('▁"', True), ("▁-", True), ("▁É", True), ("人", True), ("<0xE4>", True),
     (".", False), ("▁.", False), ("▁on", False), ("ing", False), ("The", False), ("</s>", False), ("<0x0A>", False)],
)  # fmt: skip
def test_what_opens_a_sentence(token, opens):
    class Vocabulary:
        def __len__(self):
            return 2

        def convert_ids_to_tokens(self, ids):
            return [("▁A", token)[i] for i in ids]

    assert not_opening(Vocabulary()) == ([] if opens else [1])
    assert not_opening(Vocabulary(), opened=False) is None


def test_a_failing_stream_fails_instead_of_hanging(answerer, tiny_pictures, monkeypatch):
    def broken(**_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(answerer, "_run", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        list(answerer.stream([tiny_pictures / "002.png"], "What?"))


def test_a_photo_is_turned_as_the_phone_was_held(answerer, tmp_path):
    """EXIF orientation 6: the pixels lie on their side."""
    upright = Image.new("RGB", (30, 60), "red")
    upright.paste("blue", (0, 0, 30, 20))
    exif = Image.Exif()
    exif[0x0112] = 6
    upright.rotate(90, expand=True).save(tmp_path / "held.png", exif=exif)
    upright.save(tmp_path / "plain.png")
    seen = []
    run = answerer._run
    try:
        answerer._run = lambda **inputs: (seen.append(inputs["pixel_values"]), run(**inputs))[1]
        for name in ("held.png", "plain.png"):
            list(answerer.stream([tmp_path / name], "What?"))
    finally:
        del answerer._run
    torch.testing.assert_close(seen[0], seen[1])


def item(number: int, scene: int, true: str = "It is red.", flipped: str = "It is as blue as the sea.") -> ProbeItem:
    return ProbeItem(
        id=f"{scene}-{number}",
        scene_id=scene,
        image=f"{scene:03}.png",
        group="facing",
        kind="facing",
        part=None,
        value="front",
        flipped_value="back",
        num_people=1,
        person=0,
        questions=(f"Is it red or blue, {number}?", f"Is it blue or red, {number}?"),
        true=true,
        flipped=flipped,
    )


def likelihood(tiny_base, picture, asked: str, answer: str) -> float:
    """By transformers alone: mean log-probability of the answer's tokens and ``</s>``, through the chat template."""
    model, processor = load_model(str(tiny_base)), load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE)
    user = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": asked}]}
    told = {"role": "assistant", "content": [{"type": "text", "text": answer}]}
    texts = [
        processor.apply_chat_template([user], tokenize=False, add_generation_prompt=True),
        processor.apply_chat_template([user, told], tokenize=False),
    ]
    inputs = [processor(images=[picture], text=text, return_tensors="pt") for text in texts]
    start = inputs[0]["input_ids"].shape[1]
    ids = inputs[1]["input_ids"]
    with torch.no_grad():
        logits = model(**inputs[1]).logits[0, start - 1 : -1]
    return float(logits.log_softmax(-1).gather(1, ids[0, start:, None]).mean())


def test_scores_are_those_of_statements_alone(answerer, tiny_base, tiny_pictures):
    items = [item(number, scene) for scene in (0, 1) for number in range(2)]
    rows = list(answerer.likelihoods(items, tiny_pictures, pictures_shown(items, shuffled=False, seed=0)))
    for row, probe in zip(rows, items, strict=True):
        picture = Image.open(tiny_pictures / probe.image).convert("RGB")
        for order, asked in enumerate(probe.questions):
            for found, text in ((row.true, probe.true), (row.flipped, probe.flipped)):
                assert found[order] == pytest.approx(likelihood(tiny_base, picture, asked, text), abs=2e-5)


def test_without_a_picture_a_statement_stands_behind_the_system_sentence_alone(answerer, tiny_base, tiny_pictures):
    items = [item(number, 0) for number in range(2)]
    (first, second) = answerer.likelihoods(items, tiny_pictures, {0: ()})
    processor = load_processor(str(tiny_base), chat_template=CHAT_TEMPLATE)
    model, conversation = load_model(str(tiny_base), dtype=torch.float32).eval(), answerer.loaded.reader.conversation
    for row, probe in ((first, items[0]), (second, items[1])):
        for order, asked in enumerate(probe.questions):
            for found, text in ((row.true, probe.true), (row.flipped, probe.flipped)):
                turns = (Turn(role="user", text=asked), Turn(role="assistant", text=text))
                sample = Sample(id="x", images=("x.png",), kind="conv", turns=turns)
                branch = conversation.branch(sample, max_length=4096)
                ids = torch.tensor([[*conversation.prefix_without_picture, *branch.ids]])
                assert processor.tokenizer.convert_tokens_to_ids("<image>") not in ids
                with torch.no_grad():
                    told = model(input_ids=ids).logits[0, :-1].log_softmax(-1).gather(1, ids[0, 1:, None])[:, 0]
                alone = told[-len(branch.ids) :][torch.tensor(branch.supervised, dtype=torch.bool)].mean()
                assert found[order] == pytest.approx(float(alone), abs=2e-5)
    shown = next(answerer.likelihoods(items[:1], tiny_pictures, {0: ("000.png",)}))
    assert shown.true != pytest.approx(first.true, abs=1e-4), "the picture matters"


def test_many_statements_split_over_rows(answerer, tiny_pictures, monkeypatch):
    items = [item(number, 0) for number in range(5)]
    shown = {0: ("000.png",)}
    whole = list(answerer.likelihoods(items, tiny_pictures, shown))
    monkeypatch.setattr("llavapose.evaluation.answerers.checkpoint.answerer.STATEMENTS", 3)
    for left, right in zip(whole, answerer.likelihoods(items, tiny_pictures, shown), strict=True):
        assert left.true == pytest.approx(right.true, abs=1e-5)


def test_shuffled_pictures_are_never_ones_own(answerer, tiny_pictures):
    items = [item(0, scene) for scene in range(6)]
    for seed in range(5):
        shown = pictures_shown(items, shuffled=True, seed=seed)
        assert sorted(shown.values()) == sorted((i.image,) for i in items)
        assert all(shown[i.scene_id] != (i.image,) for i in items)
    shown = pictures_shown(items, shuffled=True, seed=1)
    there = [replace(i, image=shown[i.scene_id][0]) for i in items]
    own = pictures_shown(there, shuffled=False, seed=1)
    scored = [list(answerer.likelihoods(few, tiny_pictures, seen)) for few, seen in ((items, shown), (there, own))]
    assert scored[0] == scored[1]
    assert pictures_shown(items, shuffled=True, seed=1) != pictures_shown(items, shuffled=True, seed=2)


def test_bad_input_is_named(answerer, tiny_pictures, tmp_path):
    with pytest.raises(CheckpointError, match="no such folder"):
        list(CheckpointAnswerer(tmp_path / "none").answers([question(1)], tiny_pictures, "x"))
    with pytest.raises(DataError, match="leaves the image folder"):
        outside = Question(id="q", scene_id=0, image="../x.png", kind="conv", text="What?")
        list(answerer.answers([outside], tiny_pictures, "x"))
    with pytest.raises(DataError, match="question q1: the text holds the special token"):
        list(answerer.answers([question(1, "What is </s>?")], tiny_pictures, "x"))


@pytest.mark.parametrize(
    ("checkpoint", "photo", "asked", "message"),
    [
        ("tiny", "none.jpg", "What?", "none.jpg: no such file"),
        ("no/such/folder", "002.png", "What?", "no such folder"),
        ("tiny", "002.png", "  ", "question is empty"),
        ("tiny --device=gpu", "002.png", "What?", "--device gpu: no such device; expected cpu, cuda"),
        ("tiny --device=cuda:99", "002.png", "What?", "--device cuda:99: no such GPU here: "),
    ],
)
def test_ask_tells_what_is_wrong(tiny_pictures, capsys, monkeypatch, checkpoint, photo, asked, message):
    monkeypatch.setattr(sys, "argv", ["ask", *checkpoint.split(), str(tiny_pictures / photo), asked])
    assert ask.main() == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1 and err.startswith("error: ") and message in err


def test_ask_prints_the_answer(tiny_base, tiny_pictures, capsys, monkeypatch, answerer):
    arguments = ["ask", str(tiny_base), str(tiny_pictures / "002.png"), "What colour is it?", "--max-new-tokens", "8"]
    monkeypatch.setattr(sys, "argv", [*arguments, "--device", "cpu", "--raw"])
    assert ask.main() == 0
    assert capsys.readouterr().out.strip() == next(iter(answerer.answers([question(2)], tiny_pictures, "x"))).text
