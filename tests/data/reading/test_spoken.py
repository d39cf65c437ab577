"""Samples of any base are the ids and labels that its own processor and chat template give the whole conversation."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from llavapose.data.conversation import Conversation
from llavapose.data.index.encoder import Encoder, saved_tokenizer
from llavapose.data.reading.native import NativePictures
from llavapose.data.reading.template import conversation_of, encode_head
from llavapose.errors import DataError
from llavapose.families.known import family_named
from llavapose.records import Sample, Turn
from tests.data.reading import spoken
from tests.data.reading.bases import NATIVE
from tests.families.tiny import EVERY, made

BASES = {name: made(name)[1] for name in EVERY}
CONVERSATIONS = {name: conversation_of(BASES[name], own_words=False, source=name) for name in EVERY}


def sample(texts: tuple[str, ...], pictures: int) -> Sample:
    turns = tuple(Turn(role=("user", "assistant")[at % 2], text=text) for at, text in enumerate(texts))
    return Sample(id="made", images=tuple(f"{at}.png" for at in range(pictures)), kind="conv", turns=turns)


def prefix_of(name: str, conversation: Conversation, pictures: int) -> list[int]:
    """Ids of a prefix by the processor, up to the marker."""
    if not pictures:
        return list(conversation.frame.prefix_of_text)
    head = conversation.wording.head(pictures)
    ids = encode_head(BASES[name], head, spoken.PICTURES[:pictures])
    return ids[: len(ids) - ids[::-1].index(conversation.image_id)]


def trained(name: str, texts: tuple[str, ...], pictures: int) -> tuple[list[int], list[bool]]:
    conversation = CONVERSATIONS[name]
    prefix = prefix_of(name, conversation, pictures)
    branch = conversation.branch(sample(texts, pictures), max_length=4096)
    return [*prefix, *branch.ids], [*[False] * len(prefix), *branch.supervised]


@pytest.mark.parametrize("pictures", [0, 1, 2])
@pytest.mark.parametrize("name", EVERY)
def test_ids_and_labels_are_the_template_s(name, pictures):
    for texts in spoken.TEXTS:
        ids, labels = trained(name, texts, pictures)
        assert (ids, labels) == spoken.whole(name, BASES[name], texts, pictures), texts


@pytest.mark.parametrize("name", EVERY)
def test_supervised_are_answers_and_their_end_marks(name):
    tokenizer, seen = BASES[name].tokenizer, 0
    for texts in spoken.TEXTS:
        branch = CONVERSATIONS[name].branch(sample(texts, 1), max_length=4096)
        said = tokenizer.decode([one for one, learnt in zip(branch.ids, branch.supervised, strict=True) if learnt])
        space = " " if name in spoken.SPACED else ""
        answers = [space + tokenizer.decode(plain(tokenizer, one)) + spoken.END[name] for one in texts[1::2]]
        assert said == "".join(answers)
        seen += len(answers)
    assert seen > len(spoken.TEXTS)


def plain(tokenizer, text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False).input_ids


@pytest.mark.parametrize("name", EVERY)
def test_what_a_model_is_asked_with_is_what_stood_before_the_answer(name):
    conversation, processor = CONVERSATIONS[name], BASES[name]
    for texts in spoken.TEXTS:
        for pictures in (0, 1, 2):
            branch = conversation.branch(sample(texts[:2], pictures), max_length=4096)
            asked = conversation.question(texts[0], where="q", pictured=pictures > 0)
            assert branch.ids[: len(asked)] == asked
            assert branch.supervised.index(True) == len(asked)
            template = processor.chat_template.replace("strftime_now('%Y-%m-%d')", "'2025-01-01'")
            text = processor.apply_chat_template(
                spoken.messages(texts[:1], pictures), chat_template=template, tokenize=False,
                add_generation_prompt=True,
            )  # fmt: skip
            ids, _ = spoken.encoded(name, processor, text, (), pictures)
            assert [*prefix_of(name, conversation, pictures), *asked] == ids


@pytest.mark.parametrize("name", EVERY)
def test_blanks_around_a_text_are_taken_off(name):
    stripped = tuple(text.strip() for text in spoken.BLANKS)
    assert trained(name, spoken.BLANKS, 1) == trained(name, stripped, 1)


@pytest.mark.parametrize("name", EVERY)
def test_special_tokens_in_a_text_are_refused(name):
    conversation = CONVERSATIONS[name]
    tokens = {conversation.wording.end.strip(), conversation.wording.marker, conversation.tokenizer.eos_token}
    for token in tokens:
        for turn in (0, 1):
            texts = ["What is it?", "A thing."]
            texts[turn] += f" {token} and on"
            with pytest.raises(DataError, match="sample made: the text holds the special token"):
                conversation.branch(sample(tuple(texts), 1), max_length=4096)


@pytest.mark.parametrize("name", EVERY)
def test_a_prefix_of_its_own_leaves_a_branch_its_room(name):
    from llavapose.data.conversation import branches

    conversation, one = CONVERSATIONS[name], sample(("What colour is it?", "It is red as one sees at once."), 1)
    whole = conversation.branch(one, max_length=4096)
    encode = Encoder(saved_tokenizer(conversation.tokenizer))
    room = whole.supervised.index(True) + 2
    told = {"max_length": 100 + room, "prefix_tokens": [100, 100 + room]}
    cut, none = branches([one, one], conversation.frame, encode, **told)
    assert (cut.ids, cut.supervised, cut.truncated) == (whole.ids[:room], whole.supervised[:room], True)
    assert isinstance(none, DataError) and f"({100 + room} stand before it)" in str(none)


SAID = st.text(
    st.one_of(st.characters(blacklist_categories=["Cs"]), st.sampled_from("\n \t\"'.,:;?!<>|[]{}()_▁Ġ0123456789")),
    min_size=1,
    max_size=24,
).map(str.strip).filter(bool)  # fmt: skip


@pytest.mark.parametrize("name", EVERY)
@given(texts=st.lists(SAID, min_size=1, max_size=3), pictures=st.integers(0, 2))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_any_text_is_encoded_as_in_the_whole(name, texts, pictures):
    """Answers are told apart from questions by a mark, for the labels that are expected are looked for as text."""
    # Special tokens in a text are refused, which is another test's.
    assume(not any(token in one for token in CONVERSATIONS[name].frame.reserved for one in texts))
    turns = tuple(text for at, one in enumerate(texts) for text in (one, f"A{at} {one}"))
    ids, labels = trained(name, turns, pictures)
    assert (ids, labels) == spoken.whole(name, BASES[name], turns, pictures)


@pytest.mark.parametrize("name", NATIVE)
@pytest.mark.parametrize("pictures", [1, 2])
def test_pictures_and_words_meet_at_the_marker(name, pictures):
    """The prefix that pictures make and the branch that words make are the whole, neither more nor less."""
    conversation, family = CONVERSATIONS[name], family_named(name)
    assert family is not None
    native = NativePictures(BASES[name], family, conversation.wording.head, marker=conversation.wording.marker)
    shown = native.shown(spoken.PICTURES[:pictures])
    assert list(shown.ids) == prefix_of(name, conversation, pictures)
    assert native.num_tokens([(one.height, one.width) for one in spoken.PICTURES[:pictures]]) == len(shown.ids)
