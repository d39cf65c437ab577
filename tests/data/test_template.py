"""A tokenizer that reads LLaVA's template otherwise than LLaVA's own is refused before training."""

from __future__ import annotations

import json

import pytest
from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.template import PUBLISHED, check_template
from llavapose.errors import DataError
from llavapose.model.pretrained import load_processor

SPELT = (
    "<s> ▁A ▁chat ▁between ▁a ▁curious ▁user ▁and ▁an ▁artificial ▁intelligence ▁assistant . ▁The ▁assistant ▁gives "
    "▁helpful , ▁detailed , ▁and ▁pol ite ▁answers ▁to ▁the ▁user ' s ▁questions . ▁US ER : ▁ <image> ▁ <0x0A> What "
    "▁is ▁shown ▁in ▁this ▁image ? ▁A SS IST ANT :"
)
PIECES = SPELT.split()
"""What the published ids stand for."""


def vocabulary(shift: int = 0) -> list[tuple[str, float]]:
    """Of 32,001 entries, each published piece under its published id; ``shift`` swaps two of the others' ids."""
    entries = [(f"<filler {at}>", -100.0) for at in range(32_001)]
    for piece, token in zip(PIECES, PUBLISHED, strict=True):
        entries[token] = (piece, -float(len(PIECES)) if len(piece.strip("▁")) == 0 else -1.0)
    entries[0], entries[2] = ("<unk>", 0.0), ("</s>", 0.0)
    if shift:
        entries[4318], entries[4319] = entries[4319], entries[4318]
    return entries


def published(tmp_path, scheme: str | None, shift: int = 0) -> PreTrainedTokenizerFast:
    """A tokenizer with LLaVA's ids; ``scheme`` of its Metaspace, None: the normalizer of the published file."""
    tokenizer = Tokenizer(models.Unigram(vocabulary(shift), unk_id=0, byte_fallback=True))
    if scheme is None:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    else:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always", split=False)
    tokenizer.decoder = decoders.Metaspace()
    tokenizer.add_special_tokens(
        [AddedToken(one, special=True, normalized=False) for one in ("<s>", "</s>", "<image>")]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    if scheme is not None:
        file = json.loads(tokenizer.to_str())
        assert file["pre_tokenizer"]["prepend_scheme"] == "always"
        file["pre_tokenizer"]["prepend_scheme"] = scheme
        tokenizer = Tokenizer.from_str(json.dumps(file))
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    return PreTrainedTokenizerFast(tokenizer_file=str(tmp_path / "tokenizer.json"), bos_token="<s>", eos_token="</s>")


@pytest.mark.parametrize("scheme", [None, "always"])
def test_the_published_ids_are_taken(tmp_path, scheme):
    check_template(published(tmp_path, scheme))


def test_a_space_lost_behind_the_picture_is_said(tmp_path):
    tokenizer = published(tmp_path, "first")
    with pytest.raises(DataError, match="tokens from number 1 on behind a picture are '<0x0A> What") as caught:
        check_template(tokenizer)
    told = str(caught.value)
    assert "expected '▁ <0x0A> What ▁is'" in told and "prepend_scheme in tokenizer.json to 'always'" in told
    assert "\n" not in told


def test_other_ids_in_the_published_vocabulary_are_said(tmp_path):
    tokenizer = published(tmp_path, None, shift=1)
    with pytest.raises(DataError, match=r"in the template of the published LLaVA-1\.5 are"):
        check_template(tokenizer)


def test_tokenizers_with_ids_of_their_own_are_taken(processor):
    check_template(processor.tokenizer)
    tiny = load_processor("tiny", chat_template=CHAT_TEMPLATE).tokenizer
    check_template(tiny)


@pytest.mark.parametrize(("scheme", "taken"), [("never", True), ("always", True), ("first", False)])
def test_the_tiny_bases_file_with_another_scheme(tmp_path, scheme, taken):
    tiny = load_processor("tiny", chat_template=CHAT_TEMPLATE).tokenizer
    file = json.loads(tiny.backend_tokenizer.to_str())
    (metaspace,) = [one for one in file["pre_tokenizer"]["pretokenizers"] if one["type"] == "Metaspace"]
    metaspace["prepend_scheme"] = scheme
    changed = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(file)), bos_token="<s>", eos_token="</s>"
    )
    if taken:
        check_template(changed)
    else:
        with pytest.raises(DataError, match="behind a picture"):
            check_template(changed)
