"""Token ids are those of the checkpoint's own chat template; labels are the answers and their ``</s>``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.data import show
from llavapose.data.conversation import CHAT_TEMPLATE, SYSTEM, Conversation, num_image_tokens, render
from llavapose.data.show import coloured
from llavapose.errors import DataError
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples

GOLDEN = Path(__file__).parents[1] / "golden" / "conversation.txt"


@pytest.fixture(scope="module")
def conversation(processor) -> Conversation:
    return Conversation(processor.tokenizer, num_image_tokens(processor))


def made(*texts: str) -> Sample:
    turns = [Turn(role=("user", "assistant")[i % 2], text=text) for i, text in enumerate(texts)]
    return Sample(id="made-1", images=("000.png",), kind="conv", turns=tuple(turns))


def messages(sample: Sample) -> list[dict]:
    """As transformers wants them: content as parts, the picture in the first."""
    found = []
    for number, turn in enumerate(sample.turns):
        picture = [{"type": "image"}] if number == 0 else []
        found.append({"role": turn.role, "content": [*picture, {"type": "text", "text": turn.text}]})
    return found


def template_ids(processor, sample: Sample, *, prompt: bool = False) -> list[int]:
    """transformers' own way from messages to ids, the picture's tokens spread out."""
    import numpy as np

    text = processor.apply_chat_template(messages(sample), tokenize=False, add_generation_prompt=prompt)
    picture = np.zeros((32, 48, 3), dtype=np.uint8)
    return processor(images=[picture], text=text)["input_ids"][0]


TEXTS = [
    ("What colour is it?", "It is red."),
    ("Is it dark?", "No.", "Are you sure?", "Yes."),
    ("  spaces around \n", "\nand here  "),
    ("two\nlines?", "First.\n\nSecond: 3.5 (or so)!"),
    ("Ça va? 日本 🙂", "Naïve — “quoted” 🙂."),
    ("?", "!"),
    ("USER: quoted", "ASSISTANT: quoted too"),
]


@pytest.mark.parametrize("texts", TEXTS)
def test_ids_are_the_chat_templates(conversation, processor, texts):
    sample = made(*texts)
    branch = conversation.branch(sample, max_length=2048)
    assert list(conversation.prefix + branch.ids) == template_ids(processor, sample)


def test_generation_prompt_is_the_chat_templates(conversation, processor):
    sample = Sample(id="q", images=("",), kind="conv", turns=(Turn(role="user", text="What colour is it?"),))
    asked = conversation.question("What colour is it?", where="q")
    assert list(conversation.prefix + asked) == template_ids(processor, sample, prompt=True)


def test_question_ends_where_the_answer_begins(conversation):
    """What the model sees when asked is what stood before the answer in training."""
    branch = conversation.branch(made("What colour is it?", "It is red."), max_length=2048)
    asked = conversation.question("What colour is it?", where="q")
    assert branch.ids[: len(asked)] == asked
    assert branch.supervised.index(True) == len(asked)


def test_a_space_that_is_a_token_of_its_own_is_supervised(conversation):
    """An answer whose first word is unknown to the tokenizer starts with a lone space, which the model must write."""
    asked = conversation.question("Who?", where="q")
    branch = conversation.branch(made("Who?", "Żółw."), max_length=2048)
    assert conversation.tokenizer.convert_ids_to_tokens(branch.ids[len(asked)]) == "▁"
    assert branch.supervised[len(asked)] and not branch.supervised[len(asked) - 1]


@pytest.mark.parametrize("texts", TEXTS)
def test_supervised_is_the_answers_and_their_end(conversation, texts):
    branch = conversation.branch(made(*texts), max_length=2048)
    decode = conversation.tokenizer.decode
    spans, current = [], []
    for token, supervised in zip(branch.ids, branch.supervised, strict=True):
        if supervised:
            current.append(token)
        elif current:
            spans.append(current)
            current = []
    spans.append(current)
    assert [decode(span).strip() for span in spans] == [text.strip() + "</s>" for text in texts[1::2]]
    assert all(span[-1] == conversation.tokenizer.eos_token_id for span in spans)
    assert branch.num_targets == sum(len(span) for span in spans)


def test_prefix_is_system_sentence_and_picture(conversation, processor):
    head = [token for token in conversation.prefix if token != conversation.image_id]
    assert conversation.prefix.count(conversation.image_id) == 9 == num_image_tokens(processor)
    assert processor.tokenizer.decode(head) == f"<s>{SYSTEM} USER: "
    assert conversation.prefix[-1] == conversation.image_id


@pytest.mark.parametrize("token", ["</s>", "<s>", "<image>", "<pad>", "<unk>"])
@pytest.mark.parametrize("turn", [0, 1])
def test_special_tokens_in_a_text_are_refused(conversation, token, turn):
    texts = ["What is it?", "A thing."]
    texts[turn] += f" {token} and on"
    with pytest.raises(DataError, match=f"sample made-1: the text holds the special token '{token}'"):
        conversation.branch(made(*texts), max_length=2048)
    if turn == 0:
        with pytest.raises(DataError, match="question q: the text holds"):
            conversation.question(texts[0], where="question q")


@pytest.mark.parametrize("roles", [["assistant"], ["user"], ["user", "user"], ["user", "assistant", "user"], []])
def test_turns_must_alternate(roles):
    turns = tuple(Turn(role=role, text="x") for role in roles)
    with pytest.raises(DataError, match=r"sample s: turns go .*; expected user, assistant in turn"):
        render(turns, where="sample s", clean=lambda text, where: text)


def test_truncation_cuts_the_end_never_the_picture(conversation):
    sample = made("What colour is it?", "It is red as one sees at once and from edge to edge.")
    whole = conversation.branch(sample, max_length=2048)
    room = whole.supervised.index(True) + 3
    cut = conversation.branch(sample, max_length=len(conversation.prefix) + room)
    assert cut.truncated and not whole.truncated
    assert (cut.ids, cut.supervised) == (whole.ids[:room], whole.supervised[:room])
    assert cut.num_targets == 3


@pytest.mark.parametrize("short", [1, "picture", "question"])
def test_no_room_for_an_answer_is_an_error(conversation, short):
    sample = made("What colour is it?", "It is red.")
    asked = len(conversation.question("What colour is it?", where="q"))
    lengths = {1: 1, "picture": len(conversation.prefix), "question": len(conversation.prefix) + asked}
    with pytest.raises(DataError, match=r"sample made-1: no token of an answer fits in data\.max_length="):
        conversation.branch(sample, max_length=lengths[short])


class Straddling:
    """A tokenizer whose third token holds the end of the question and the start of the answer."""

    def __init__(self, tokenizer):
        self._tokenizer = tokenizer

    def __getattr__(self, name):
        return getattr(self._tokenizer, name)

    def __call__(self, text, **options):
        encoded = self._tokenizer(text, **options)
        if options.get("return_offsets_mapping"):
            offsets = encoded["offset_mapping"]
            first = next(i for i, (a, _) in enumerate(offsets) if text[a:].lstrip().startswith("It is"))
            offsets[first] = (offsets[first][0] - 4, offsets[first][1])
        return encoded


def test_a_token_of_question_and_answer_is_an_error(processor):
    conversation = Conversation(Straddling(processor.tokenizer), num_image_tokens(processor))
    with pytest.raises(DataError, match=r"sample made-1: token .* holds both question and answer"):
        conversation.branch(made("What colour is it?", "It is red."), max_length=2048)


def test_a_tokenizer_without_the_image_token_is_refused(processor):
    from llavapose.base.tokenizer import train_tokenizer

    tokenizer = train_tokenizer(["some text"], vocab_size=300)
    tokenizer.backend_tokenizer.normalizer = None
    broken = type("Broken", (), {"convert_tokens_to_ids": lambda *_: 99, "name_or_path": "broken"})()
    broken_call = lambda self, text: tokenizer(text)  # noqa: E731
    type(broken).__call__ = broken_call
    with pytest.raises(DataError, match="tokenizer broken: <image> is not one token"):
        Conversation(broken, 9)


def test_template_takes_strings_and_a_system_message(processor):
    plain = processor.tokenizer.apply_chat_template(
        [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes."}],
        chat_template=CHAT_TEMPLATE,
        tokenize=False,
    )
    assert plain == f"{SYSTEM} USER: Hi ASSISTANT: Yes.</s>"
    told = processor.tokenizer.apply_chat_template(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        chat_template=CHAT_TEMPLATE,
        tokenize=False,
        add_generation_prompt=True,
    )
    assert told == "Be brief. USER: Hi ASSISTANT:"


def test_coloured_view_is_the_golden_one(conversation, samples):
    shown = coloured(conversation, samples[1], plain=True)
    assert shown == GOLDEN.read_text(encoding="utf-8").rstrip("\n")
    colours = coloured(conversation, samples[1])
    assert colours.count("\x1b[30;42m") == shown.count("[") and "\x1b[94m" in colours


def test_show_prints_samples(tiny_base, tiny_jsonl, capsys):
    assert show.main([str(tiny_jsonl), "--base", str(tiny_base), "-n", "2", "--kind", "conv", "--plain"]) == 0
    out = capsys.readouterr().out
    assert out.count("<picture x 9>") == 2
    assert "0-conv-1 (conv, 000.png)" in out and "[</s>]" in out


def test_show_tells_what_is_wrong(tmp_path, tiny_jsonl, capsys, samples):
    assert show.main([str(tmp_path / "none.jsonl")]) == 1
    assert show.main([str(tiny_jsonl), "--kind", "locate"]) == 1
    write_samples(tmp_path / "bad.jsonl", [replace(samples[0], kind="other")])
    assert show.main([str(tmp_path / "bad.jsonl")]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 3 and all(line.startswith("error: ") for line in lines)
    assert "bad.jsonl:1" in lines[2]
