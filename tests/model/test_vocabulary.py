"""New words: rows that begin as neighbours, the base's own left alone, the same however the base is read."""

import pytest
import torch

from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.errors import CheckpointError
from llavapose.locate.codings import CODINGS
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from llavapose.model.vocabulary import Vocabulary
from llavapose.model.weights import empty_model, find_weights

WORDS = CODINGS["tokens"].new_tokens
EMBEDDING = "model.language_model.embed_tokens.weight"


@pytest.fixture(scope="module")
def grown():
    return load_model("tiny", words=WORDS)


def test_the_tokenizer_reads_each_word_as_one_token():
    plain, taught = (load_processor("tiny", chat_template=CHAT_TEMPLATE, words=words) for words in ((), WORDS))
    first = len(plain.tokenizer)
    assert taught.tokenizer("<loc512><loc040>", add_special_tokens=False).input_ids == [first + 512, first + 40]
    assert taught.tokenizer.decode([first + 512], skip_special_tokens=True) == "<loc512>"
    text = "A person stands, the left arm raised."
    assert taught.tokenizer(text).input_ids == plain.tokenizer(text).input_ids


def test_rows_of_near_values_are_near_and_as_long_as_the_words_rows(grown):
    base = load_model("tiny").state_dict()[EMBEDDING]
    rows = grown.state_dict()[EMBEDDING]
    assert torch.equal(rows[: len(base)], base)
    new = rows[len(base) :]
    assert len(new) == 1000 and grown.lm_head.weight.shape == rows.shape
    assert torch.allclose(new.norm(dim=1), base.norm(dim=1).median().expand(1000), rtol=1e-4)
    unit = new / new.norm(dim=1, keepdim=True)
    assert (unit[:-1] * unit[1:]).sum(1).min() > 0.95
    assert (unit[:500] * unit[500:]).sum(1).mean() < 0.3


def test_tensor_by_tensor_is_the_same(grown):
    empty = empty_model("tiny", dtype=torch.float32, attention="sdpa", words=WORDS)
    weights = find_weights("tiny", empty, words=WORDS)
    for name, value in grown.named_parameters():
        assert torch.equal(weights.read(name).float(), value), name
    assert empty.config.text_config.vocab_size == grown.config.text_config.vocab_size == 1800 + 1000


def test_a_checkpoint_with_them_lacks_nothing_and_one_with_a_part_is_refused(grown, tmp_path):
    processor = load_processor("tiny", chat_template=CHAT_TEMPLATE, words=WORDS)
    config = grown.config
    folder = write_checkpoint(
        tmp_path / "hf", state=grown.state_dict(), config=config, processor=processor, dtype=torch.float32
    )
    again = load_model(str(folder), words=WORDS)
    assert torch.equal(again.state_dict()[EMBEDDING], grown.state_dict()[EMBEDDING])
    part = load_processor("tiny", chat_template=CHAT_TEMPLATE, words=WORDS[:7])
    folder = write_checkpoint(
        tmp_path / "part", state=grown.state_dict(), config=config, processor=part, dtype=torch.float32
    )
    with pytest.raises(CheckpointError, match="has 7 of 1000 words such as <loc000>; expected all or none"):
        load_model(str(folder), words=WORDS)


def test_published_vocabularies_keep_their_multiple():
    """LLaVA-1.5-7B: 32,064 rows for 32,002 words; the new ones begin in the spare rows."""
    found = Vocabulary(num_words=1000, first=32_002, num_rows=33_024).grown(EMBEDDING, torch.randn(32_064, 48))
    assert found.shape == (33_024, 48) and found[32_002:33_002].norm(dim=1).min() > 1 and not found[33_002:].any()
