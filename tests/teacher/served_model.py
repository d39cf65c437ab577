"""A language model made by hand that says one thing: a real checkpoint for a real server, without training."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

WORDS = ("<unk>", "</s>", "<|assistant|>")
TEMPLATE = "{% for message in messages %}{{ message['content'] }} {% endfor %}<|assistant|>"


def write_model(folder: Path, reply: str) -> Path:
    """Write a Llama whose every layer passes its input on, so that the last token alone decides the next one.

    "<|assistant|>" is followed by ``reply``, one token of the vocabulary, and that by "</s>".
    """
    words = (*WORDS, reply)
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="</s>", pad_token="</s>",
        additional_special_tokens=["<|assistant|>"],
    )  # fmt: skip
    fast.chat_template = TEMPLATE
    config = LlamaConfig(
        vocab_size=len(words), hidden_size=8, intermediate_size=8, num_hidden_layers=1, num_attention_heads=1,
        num_key_value_heads=1, max_position_embeddings=8192, tie_word_embeddings=False, bos_token_id=None,
        eos_token_id=1, pad_token_id=1,
    )  # fmt: skip
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.o_proj.weight.zero_()
            layer.mlp.down_proj.weight.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(words), 8))
        model.lm_head.weight.zero_()
        for here, following in ((2, 3), (3, 1), (0, 1), (1, 1)):
            model.lm_head.weight[following, here] = 50.0
    model.save_pretrained(folder)
    fast.save_pretrained(folder)
    return folder
