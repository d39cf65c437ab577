"""A small Llama-like tokenizer: byte-pair encoding with byte fallback, and LLaVA's processor around it."""

import json
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import LlavaImageProcessorPil, LlavaProcessor, PreTrainedTokenizerFast

from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.reading.wording import IMAGE_TOKEN, SYSTEM

SPECIAL = ("<unk>", "<s>", "</s>", "<pad>", IMAGE_TOKEN)


def train_tokenizer(texts: Iterable[str], *, vocab_size: int) -> PreTrainedTokenizerFast:
    """Train a byte-pair tokenizer whose ids 0.. are ``<unk> <s> </s> <pad> <image>``, then the 256 bytes, then pieces.

    Args:
        texts: what it should be good at; the conversation's fixed words are added.
        vocab_size: entries in all.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    tokenizer.normalizer = normalizers.Replace(Regex("\r\n?"), "\n")
    # Newlines and punctuation stay apart from words, so that no token straddles a question and its answer.
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="never"),
            pre_tokenizers.Split(Regex(r"\n|[.,:;?!()\"]"), behavior="isolated"),
        ]
    )
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[*SPECIAL, *(f"<0x{byte:02X}>" for byte in range(256))],
        min_frequency=2,
        show_progress=False,
    )
    texts = list(texts)
    # The fixed words stand before every sample: spelt letter by letter they would be a quarter of all tokens.
    fixed = [f"{SYSTEM} USER: ASSISTANT:"] * max(2, len(texts) // 4)
    tokenizer.train_from_iterator([*texts, *fixed], trainer)
    tokenizer = _with_ordinary_bytes(tokenizer)
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<pad>",
        extra_special_tokens={"image_token": IMAGE_TOKEN},
        padding_side="left",
        model_max_length=4096,
        clean_up_tokenization_spaces=False,
    )


def _with_ordinary_bytes(tokenizer: Tokenizer) -> Tokenizer:
    """The same tokenizer, its byte tokens no longer special: a decoder that skips special tokens keeps their text."""
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = [token for token in state["added_tokens"] if token["content"] in SPECIAL]
    return Tokenizer.from_str(json.dumps(state))


def make_processor(tokenizer: PreTrainedTokenizerFast, *, image_size: int, patch_size: int) -> LlavaProcessor:
    """LLaVA's processor for square pictures of ``image_size`` pixels, padded before they are resized."""
    images = LlavaImageProcessorPil(
        do_pad=True,
        size={"shortest_edge": image_size},
        crop_size={"height": image_size, "width": image_size},
    )
    return LlavaProcessor(
        image_processor=images,
        tokenizer=tokenizer,
        patch_size=patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )
