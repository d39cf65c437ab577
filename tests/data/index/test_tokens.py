"""The index of tokens holds the branches that a conversation makes, token for token."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from time import process_time

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast

from llavapose.config.scenes import ScenesConfig
from llavapose.data.conversation import CHAT_TEMPLATE, Branch, Conversation, num_image_tokens, render
from llavapose.data.index.encoder import Encoder, saved_tokenizer
from llavapose.data.index.records import Records, ensure_records
from llavapose.data.index.tokens import Tokens, ensure_tokens
from llavapose.errors import DataError
from llavapose.model.pretrained import load_processor
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from llavapose.teacher.make import ensure_samples
from tests.conftest import IMAGE_SIZE, PATCH_SIZE
from tests.drawn_by_hand import offline


@pytest.fixture(scope="module")
def conversation(processor) -> Conversation:
    return Conversation(processor.tokenizer, num_image_tokens(processor))


@pytest.fixture(scope="module")
def tiny() -> Conversation:
    """Of the base that ships with the package."""
    processor = load_processor("tiny", chat_template=CHAT_TEMPLATE)
    return Conversation(processor.tokenizer, num_image_tokens(processor))


def plain_branch(conversation: Conversation, sample: Sample, max_length: int) -> Branch:
    """Labels token by token: supervised is what touches an answer's characters."""
    text, spans = render(sample.turns, where="x", clean=lambda one, where: one.strip())
    encoded = conversation.tokenizer("<image>" + text, add_special_tokens=False, return_offsets_mapping=True)
    ids, supervised = [], []
    for token, (start, end) in list(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))[1:]:
        start, end = start - len("<image>"), end - len("<image>")
        ids.append(token)
        supervised.append(any(start < stop and end > begin for begin, stop in spans))
    room = max_length - len(conversation.prefix)
    return Branch(ids=tuple(ids[:room]), supervised=tuple(supervised[:room]), truncated=len(ids) > room)


def test_the_worlds_samples(tmp_path, tiny):
    scenes = ScenesConfig(name="world", root=tmp_path / "world", num_train=12, num_val=2, image_size=64)
    made = ensure_samples(scenes, replace(offline(), num_samples=60), tmp_path / "made")
    records = ensure_records(made.samples, made.images, kind=None, folder=tmp_path / "index")
    tokens = ensure_tokens(records, tiny, max_length=150, folder=tmp_path / "index")
    assert len(tokens) == len(records) == 60
    for row, sample in enumerate(records.read(range(60))):
        assert tokens[row] == tiny.branch(sample, max_length=150) == plain_branch(tiny, sample, 150)
        assert tokens.num_tokens[row] == len(tokens[row].ids) and tokens.num_targets[row] == tokens[row].num_targets
    assert 0 < tokens.truncated.sum() < 60


WORDS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
PIECES = st.lists(st.one_of(WORDS, st.sampled_from(["What colour ", "It is ", "\n", " ", "USER:", "▁", "é", "🙂"])))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(turns=st.lists(PIECES.map("".join).filter(str.strip), min_size=2, max_size=6))
def test_whatever_is_said(conversation, tiny, turns):
    spoken = [
        Turn(role=("user", "assistant")[at % 2], text=text) for at, text in enumerate(turns[: len(turns) // 2 * 2])
    ]
    sample = Sample(id="1", images=("a.png",), kind="conv", turns=tuple(spoken))
    for one in (conversation, tiny):
        encode = Encoder(saved_tokenizer(one.tokenizer))
        text, _ = render(sample.turns, where="x", clean=lambda said, where: said.strip())
        fast = one.tokenizer("<image>" + text, add_special_tokens=False, return_offsets_mapping=True)
        assert [(list(ids), list(at)) for ids, at in encode(["<image>" + text])] == [
            (fast["input_ids"], fast["offset_mapping"])
        ]
        try:
            branch = one.branch(sample, max_length=2048)
        except DataError as error:
            assert "special token" in str(error) or "holds both" in str(error)
        else:
            assert branch == plain_branch(one, sample, 2048)


@pytest.fixture
def few(tmp_path, tiny_pictures, samples) -> Records:
    bad = replace(samples[1], turns=(Turn(role="user", text="<s> now"), Turn(role="assistant", text="No.")))
    write_samples(tmp_path / "samples.jsonl", [samples[0], bad, *samples[2:10]])
    return ensure_records(tmp_path / "samples.jsonl", tiny_pictures, kind=None, folder=tmp_path / "index")


def test_what_cannot_be_trained_on_is_kept_with_its_reason(few, conversation, tmp_path):
    tokens = ensure_tokens(few, conversation, max_length=512, folder=tmp_path / "index", piece_rows=3, processes=1)
    assert tokens[1] == Branch(ids=(), supervised=())
    assert tokens.faults(np.arange(10)) == ["sample 0-conv-1: the text holds the special token '<s>'; remove it"]
    assert tokens.faults(np.array([0, 2, 3])) == []


@pytest.mark.parametrize("processes", [1, 2])
def test_a_file_that_is_edited_while_it_is_encoded_and_restored_leaves_no_table(
    few, conversation, tiny_pictures, tmp_path, processes
):
    """The edited text must never be kept under the name of the text that is there again."""

    def made() -> Tokens:
        return ensure_tokens(
            few, conversation, max_length=512, folder=tmp_path / "index", piece_rows=3, processes=processes
        )

    path = Path(few.samples)
    held = path.read_bytes()
    row, (old, new) = 7, (b"chosen", b"choosy")
    lines = held.splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:row], lines[row].replace(old, new), *lines[row + 1 :]]))
    assert path.read_bytes() != held and path.stat().st_size == len(held)
    with pytest.raises(DataError, match=r"line 8 of .*samples\.jsonl is not what was indexed; start again") as caught:
        made()
    assert "\n" not in str(caught.value)
    assert not list((tmp_path / "index").glob("tokens-*/index.json"))
    path.write_bytes(held)
    again = ensure_records(path, tiny_pictures, kind=None, folder=tmp_path / "index")
    assert again.key == few.key
    tokens = made()
    assert tokens[row] == conversation.branch(again.sample(row), max_length=512)
    assert not list((tmp_path / "index").glob("*.parts"))


def test_a_record_of_very_many_turns_takes_time_by_its_length(conversation):
    def seconds(number: int) -> float:
        turns = [Turn(role=("user", "assistant")[at % 2], text="bent or straight?") for at in range(number)]
        sample = Sample(id="1", images=("a.png",), kind="conv", turns=tuple(turns))
        start = process_time()
        assert conversation.branch(sample, max_length=200).truncated
        return process_time() - start

    seconds(100)
    # Ten times as many take ten times as long; a hundred times, where every answer looked at every token.
    assert seconds(20_000) < 40 * max(seconds(2_000), 0.02)


def test_several_processes_give_the_same(few, conversation, tmp_path):
    one = ensure_tokens(few, conversation, max_length=70, folder=tmp_path / "1", piece_rows=3, processes=1)
    two = ensure_tokens(few, conversation, max_length=70, folder=tmp_path / "2", piece_rows=3, processes=2)
    for name, array in one.table.arrays.items():
        assert array.tolist() == two.table.arrays[name].tolist() and array.dtype == two.table.arrays[name].dtype
    assert one.table.arrays["ids"].dtype == np.int32 and one.table.arrays["supervised"].dtype == np.uint8


def test_another_tokenizer_length_or_record_is_another_table(few, conversation, tiny, tmp_path, tiny_pictures):
    def name(records: Records = few, by: Conversation = conversation, length: int = 512) -> str:
        return ensure_tokens(records, by, max_length=length, folder=tmp_path / "index").table.folder.name

    more = Conversation(conversation.tokenizer, 16)
    fewer = Conversation(without_a_merge(conversation), (IMAGE_SIZE // PATCH_SIZE) ** 2)
    assert fewer.frame == conversation.frame != more.frame
    names = [name(), name(length=511), name(by=tiny), name(by=more), name(by=fewer)]
    conversation.tokenizer(["a", "b c"], padding=True, truncation=True, max_length=8)  # leaves its marks
    assert name() == names[0]
    path = Path(few.samples)
    path.write_text(path.read_text().replace("What colour", "Which colour"))
    changed = ensure_records(path, tiny_pictures, kind=None, folder=tmp_path / "index")
    assert len({*names, name(records=changed)}) == 6


def without_a_merge(conversation: Conversation) -> PreTrainedTokenizerFast:
    """Its tokenizer without the last merge that its fixed texts have no need of."""
    changed = copy.deepcopy(conversation.tokenizer)
    told = json.loads(changed.backend_tokenizer.to_str())
    needed, merges = set(changed.convert_ids_to_tokens(conversation.prefix)), told["model"]["merges"]
    merges.remove([merge for merge in merges if "".join(merge) not in needed][-1])
    changed._tokenizer = Tokenizer.from_str(json.dumps(told))
    return changed
