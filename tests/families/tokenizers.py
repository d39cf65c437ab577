"""Small tokenizers of the kinds that families have: Llama's with spaces as letters, byte-level ones, Gemma's."""

import json
from typing import Any

import transformers as hf
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

from tests.conftest import make_processor, tiny_samples

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Qwen's way to cut text before its pieces are joined: newlines cling to punctuation before them."""

WORDS = ("user\n", "assistant\n", "system\n", "User: ", "Assistant: ", "\n\n", "\n\n\n", "model\n", ".\n\n", "?\n")


def _texts() -> list[str]:
    return [*(turn.text for sample in tiny_samples(4) for turn in sample.turns), *WORDS] * 3


def byte_level() -> Tokenizer:
    """Like Qwen's, Llama 3's and SmolLM's: no text is unknown, nothing is put in front."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=420, initial_alphabet=letters, min_frequency=2, show_progress=False)
    tokenizer.train_from_iterator(_texts(), trainer)
    return tokenizer


def gemma_like() -> Tokenizer:
    """Like Gemma's: spaces are letters, runs of newlines are pieces, nothing is cut before pieces are joined."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(" ", "▁")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("▁+|\n+"), behavior="merged_with_next")
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()],
    )
    special = ["<pad>", "<unk>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=520, special_tokens=special, min_frequency=2, show_progress=False)
    tokenizer.train_from_iterator(_texts(), trainer)
    # The trainer makes bytes special, which they are not: a text may show them.
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [one for one in state["added_tokens"] if not one["content"].startswith("<0x")]
    return Tokenizer.from_str(json.dumps(state))


def tokenizer_with(
    named: dict[str, str],
    further: tuple[str, ...] = (),
    *,
    kind: str = "bytes",
    bos: str | None = None,
    eos: str = "<|im_end|>",
    pad: str = "<pad>",
) -> Any:
    """A tokenizer with a family's special tokens.

    Args:
        named: special tokens by the names that its processor looks for.
        further: special tokens beside them.
        kind: "bytes", "gemma" or "llama".
        bos: what it puts in front of a text, if anything.
        eos: its end of text.
        pad: its padding.
    """
    made = {"bytes": byte_level, "gemma": gemma_like}.get(kind, lambda: make_processor().tokenizer.backend_tokenizer)()
    special = dict.fromkeys((*([bos] if bos else []), eos, pad, *named.values(), *further))
    made.add_special_tokens([AddedToken(one, special=True, normalized=False) for one in special])
    if bos:
        made.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A $B", special_tokens=[(bos, made.token_to_id(bos))]
        )
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=made, bos_token=bos, eos_token=eos, pad_token=pad, extra_special_tokens=named,
        additional_special_tokens=list(further), padding_side="left", clean_up_tokenization_spaces=False,
    )  # fmt: skip
