"""Conversations and templates for the tests of wordings, and the ids and labels that they must give.

What is expected is computed from the whole conversation as the base's own processor and chat template encode it; what
is supervised, by looking for each answer and its end mark in that text.
"""

from __future__ import annotations

from typing import Any
from unittest import mock

import transformers as hf
from PIL import Image

TEXTS = [
    ("What colour is it?", "It is red."),
    ("Is it dark?", "No.", "Are you sure?", "Yes."),
    ("Is it dark?", "No.", "Is it dark?", "No.", "Is it dark?", "No."),
    ("two\nlines?", "First.\n\nSecond: 3.5 (or so)!"),
    ("Ça va? 日本 🙂", "Naïve — “quoted” 🙂."),
    ("?", "!"),
    ("User: quoted", "Assistant: quoted too"),
    ("user\nmodel\nINST", "the user asked, the model said: INST"),
    ("A 'quote', a \"quote\" and {{ braces }} {% if %}", "<not a tag> & [0.512, 0.204] \\n \\ $x$"),
    ("1234567890", "12 of 34"),
    ("e\u0301 is two letters, \ufb01 is one", "\u00e9"),
]
"""Turns: questions and answers in turn, as they are trained on: without blanks around them."""

BLANKS = ("  spaces around \n", "\n\nand here\t ", " \u00a0?", "\r\nends\r\n")
"""Questions and answers whose blanks around are taken off."""

PICTURES = (Image.new("RGB", (48, 32), (200, 30, 30)), Image.new("RGB", (30, 60), (20, 60, 120)))

END = {
    "llava": "<|im_end|>", "llava_onevision": "<|im_end|>", "qwen2_vl": "<|im_end|>", "qwen2_5_vl": "<|im_end|>",
    "qwen3_vl": "<|im_end|>", "qwen3_5": "<|im_end|>", "internvl": "<|im_end|>", "lfm2_vl": "<|im_end|>",
    "molmo2": "<|im_end|>", "janus": "<｜end▁of▁sentence｜>", "smolvlm": "<end_of_utterance>",
    "gemma3": "<end_of_turn>", "mistral3": "</s>",
}  # fmt: skip
"""What ends an answer, by family."""

SPACED = ("janus", "smolvlm")
"""Families whose answers begin with the space behind a colon, which a model that is asked has to write."""


def messages(texts: tuple[str, ...], pictures: int) -> list[dict[str, Any]]:
    """As transformers wants them: content as parts, the pictures in front of the first question."""
    found: list[dict[str, Any]] = []
    for number, text in enumerate(texts):
        parts = [{"type": "image"}] * pictures if number == 0 else []
        found.append({"role": ("user", "assistant")[number % 2], "content": [*parts, {"type": "text", "text": text}]})
    return found


def whole(name: str, processor: Any, texts: tuple[str, ...], pictures: int) -> tuple[list[int], list[bool]]:
    """Ids and labels of a conversation, pictures included, by the processor's own template.

    Two published templates do not write what they ask for: LLaVA-OneVision's puts a space behind an earlier role that
    its generation prompt has not, and Janus' leaves the end of the last answer away.
    """
    template = processor.chat_template.replace("strftime_now('%Y-%m-%d')", "'2025-01-01'")
    text = processor.apply_chat_template(messages(texts, pictures), chat_template=template, tokenize=False)
    if name == "llava_onevision":
        text = text.replace("assistant \n", "assistant\n")
    if name == "janus":
        text += END[name]
    return encoded(name, processor, text, texts, pictures)


def encoded(name: str, processor: Any, text: str, texts: tuple[str, ...], pictures: int) -> Any:
    """Ids of a rendered text and which of them are answers."""
    seen: list[str] = []
    real = hf.PreTrainedTokenizerFast.__call__

    def look(self: Any, text: Any = None, *given: Any, **named: Any) -> Any:
        seen.append(text[0] if isinstance(text, list) else text)
        return real(self, text, *given, **named)

    begun = processor.tokenizer.bos_token
    adds = not (begun and text.startswith(begun))
    shown = {"images": [list(PICTURES[:pictures])]} if pictures else {}
    with mock.patch.object(hf.PreTrainedTokenizerFast, "__call__", look):
        ids = processor(text=[text], add_special_tokens=adds, **shown)["input_ids"][0]
    spread = seen[-1]
    again = processor.tokenizer.backend_tokenizer.encode(spread, add_special_tokens=adds)
    assert again.ids == [int(one) for one in ids]
    spans, at = [], 0
    for question, answer in zip(texts[::2], texts[1::2], strict=True):
        at = spread.index(question, at) + len(question)
        said = (" " if name in SPACED else "") + answer + END[name]
        begin = spread.index(said, at)
        at = begin + len(said)
        spans.append((begin, at))
    labels = [any(a < end and b > begin for begin, end in spans) for a, b in again.offsets]
    return again.ids, labels


CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for p in m['content'] %}{% if p['type'] == 'image' %}"
    "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ p['text'] }}{% endif %}{% endfor %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
"""A good one, which the refused ones below are made from."""

THOUGHTS = CHATML.replace(
    "{{ m['role'] }}\n",
    "{{ m['role'] }}\n{% if m['role'] == 'assistant' and loop.last %}<think>\n\n</think>\n\n{% endif %}",
).replace("assistant\n{% endif %}", "assistant\n<think>\n\n</think>\n\n{% endif %}")
"""Only the last answer has a thought before it, as in Qwen3.5's: https://huggingface.co/Qwen/Qwen3.5-4B."""

REFUSED = {
    "no generation prompt": (CHATML.split("{% if add")[0], "has no generation prompt"),
    "drops answers": (
        CHATML.replace("{{ p['text'] }}", "{% if m['role'] == 'user' %}{{ p['text'] }}{% endif %}"),
        "leaves out an answer",
    ),
    "drops early questions": (CHATML.replace("in messages %}", "in messages[-2:] %}", 1), "leaves out a question"),
    "thoughts before the last answer only": (THOUGHTS, "writes what stands before an answer in different ways"),
    "no end mark": (CHATML.replace("<|im_end|>\n", "\n"), "no special token behind an answer"),
    "another turn's mark for an end": (
        "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% for p in m['content'] %}{% if p['type'] == 'image' %}"
        "<|vision_start|><|image_pad|><|vision_end|>{% else %}{{ p['text'] }}{% endif %}{% endfor %}\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}",
        "no special token behind an answer",
    ),
    "pictures left out": (CHATML.replace("<|image_pad|>", ""), "leaves its pictures out"),
    "pictures behind the text": (
        CHATML.replace("<|vision_start|><|image_pad|><|vision_end|>", "").replace(
            "{% endfor %}<|im_end|>",
            "{% endfor %}{% for p in m['content'] if p['type'] == 'image' %}<|image_pad|>{% endfor %}<|im_end|>",
        ),
        "pictures behind",
    ),
    "counts its turns": (CHATML.replace("{{ m['role'] }}\n", "{{ m['role'] }} {{ loop.index }}\n"), "different ways"),
    "texts changed": (CHATML.replace("{{ p['text'] }}", "{{ p['text'] | upper }}"), "leaves out a question"),
    "not Jinja": ("{% for m in messages %}", "cannot be rendered"),
    "raises": ("{{ raise_exception('only tools') }}", "cannot be rendered.*only tools"),
}
"""Templates that cannot be trained with, and what is said of them."""
