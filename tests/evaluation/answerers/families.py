"""One folder a family, with tiny random weights: its own classes for model, pictures and processor, no download.

Tokenizers are trained here, with the family's own special tokens; chat templates are short ones in the family's form.
Four of the processors also read videos, which needs torchvision: they are written without that part, as they are
loaded.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

from llavapose.model.processors import pictures_only
from tests.conftest import make_llava, make_processor

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{% if m['content'] is string %}{{ m['content'] }}{% else %}"
    "{% for p in m['content'] %}{% if p['type'] == 'image' %}PICTURE{% else %}{{ p['text'] }}{% endif %}{% endfor %}"
    "{% endif %}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
TEXT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024, "initializer_range": 0.3,
}  # fmt: skip


def tokenizer_with(named: dict[str, str], further: tuple[str, ...] = ()) -> Any:
    """The tiny tokenizer with a family's special tokens, by the names that its processor looks for."""
    found = make_processor().tokenizer
    found.add_special_tokens({"additional_special_tokens": sorted({*named.values(), *further, "<|im_end|>"})})
    return hf.PreTrainedTokenizerFast(
        tokenizer_object=found.backend_tokenizer, bos_token="<s>", eos_token="<|im_end|>", unk_token="<unk>",
        pad_token="<pad>", extra_special_tokens=named, padding_side="left",
    )  # fmt: skip


def ids_of(tokenizer: Any) -> dict[str, Any]:
    return {"vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}  # fmt: skip


def llava(folder: Path) -> None:
    """LLaVA-1.5's class with another tongue than ours."""
    processor = make_processor()
    processor.chat_template = CHATML.replace("PICTURE", "<image>\n")
    make_llava(processor).save_pretrained(folder)
    processor.save_pretrained(folder)


def _qwen(folder: Path, model: Callable[[Any, Any], Any], processor: Any, patch: int) -> None:
    names = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
             "vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>"}  # fmt: skip
    tokenizer = tokenizer_with(names)
    token = tokenizer.convert_tokens_to_ids
    named = {"image": "image_pad", "video": "video_pad", "vision_start": "vision_start", "vision_end": "vision_end"}
    ids = {f"{name}_token_id": token(f"<|{word}|>") for name, word in named.items()}
    model(ids, ids_of(tokenizer)).save_pretrained(folder)
    pictures = Qwen2VLImageProcessorPil(patch_size=patch, size={"shortest_edge": 28 * 28, "longest_edge": 112 * 112})
    template = CHATML.replace("PICTURE", "<|vision_start|><|image_pad|><|vision_end|>")
    pictures_only(processor)(pictures, tokenizer, None, chat_template=template).save_pretrained(folder)


def qwen2_vl(folder: Path) -> None:
    rope = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}

    def model(ids: Any, text: Any) -> Any:
        vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14}
        return hf.Qwen2VLForConditionalGeneration(hf.Qwen2VLConfig(
            text_config={**TEXT, **text, "rope_parameters": rope}, vision_config=vision, **ids))  # fmt: skip

    _qwen(folder, model, hf.Qwen2VLProcessor, 14)


def qwen3_vl(folder: Path) -> None:
    rope = {"rope_type": "default", "mrope_section": [2, 1, 1], "mrope_interleaved": True, "rope_theta": 10000.0}

    def model(ids: Any, text: Any) -> Any:
        vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16,
                  "out_hidden_size": 32, "num_position_embeddings": 64, "deepstack_visual_indexes": [0, 1]}  # fmt: skip
        return hf.Qwen3VLForConditionalGeneration(hf.Qwen3VLConfig(
            text_config={**TEXT, **text, "head_dim": 8, "rope_parameters": rope}, vision_config=vision, **ids,
        ))  # fmt: skip

    _qwen(folder, model, hf.Qwen3VLProcessor, 16)


def internvl(folder: Path) -> None:
    names = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
             "video_token": "<video>"}  # fmt: skip
    tokenizer = tokenizer_with(names)
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
              "image_size": 28, "patch_size": 7}  # fmt: skip
    hf.InternVLForConditionalGeneration(hf.InternVLConfig(
        vision_config=vision, text_config={"model_type": "qwen2", **TEXT, **ids_of(tokenizer)}, image_seq_length=4,
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"), tie_word_embeddings=False,
    )).save_pretrained(folder)  # fmt: skip
    pictures = GotOcr2ImageProcessorPil(size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=3)
    pictures_only(hf.InternVLProcessor)(
        pictures, tokenizer, None, image_seq_length=4, chat_template=CHATML.replace("PICTURE", "<IMG_CONTEXT>\n")
    ).save_pretrained(folder)


def janus(folder: Path) -> None:
    names = {"image_token": "<image_placeholder>", "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = tokenizer_with(names)
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
              "projection_dim": 32, "num_image_tokens": 4}  # fmt: skip
    coded = {"embed_dim": 8, "num_embeddings": 16, "latent_channels": 8, "base_channels": 32,
             "channel_multiplier": [1, 1], "num_res_blocks": 1, "projection_dim": 32,
             "image_token_embed_dim": 32}  # fmt: skip
    model = hf.JanusForConditionalGeneration(hf.JanusConfig(
        text_config={"model_type": "llama", **TEXT, **ids_of(tokenizer)}, vision_config=vision, vq_config=coded,
        image_token_id=tokenizer.convert_tokens_to_ids("<image_placeholder>"),
    ))  # fmt: skip
    model.save_pretrained(folder)
    hf.JanusProcessor(
        JanusImageProcessorPil(size={"height": 28, "width": 28}, min_size=14), tokenizer, num_image_tokens=4,
        chat_template=CHATML.replace("PICTURE", "<image_placeholder>\n"),
    ).save_pretrained(folder)  # fmt: skip


def smolvlm(folder: Path) -> None:
    names = {"image_token": "<image>", "fake_image_token": "<fake_token_around_image>",
             "global_image_token": "<global-img>", "end_of_utterance_token": "<end_of_utterance>"}  # fmt: skip
    tokenizer = tokenizer_with(names, tuple(f"<row_{r}_col_{c}>" for r in (1, 2, 3) for c in (1, 2, 3)))
    vision = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2,
              "image_size": 28, "patch_size": 7}  # fmt: skip
    hf.SmolVLMForConditionalGeneration(hf.SmolVLMConfig(
        vision_config=vision, text_config={"model_type": "llama", **TEXT, **ids_of(tokenizer)}, scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    )).save_pretrained(folder)  # fmt: skip
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 56}, max_image_size={"longest_edge": 28})
    pictures_only(hf.SmolVLMProcessor)(
        pictures, tokenizer, None, image_seq_len=4, chat_template=CHATML.replace("PICTURE", "<image>")
    ).save_pretrained(folder)


def gemma3(folder: Path) -> None:
    names = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = tokenizer_with(names)
    token = tokenizer.convert_tokens_to_ids
    vision = {"model_type": "siglip_vision_model", "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
              "num_attention_heads": 2, "image_size": 28, "patch_size": 7}  # fmt: skip
    text = {**TEXT, **ids_of(tokenizer), "head_dim": 8, "sliding_window": 512,
            "layer_types": ["sliding_attention", "full_attention"]}  # fmt: skip
    hf.Gemma3ForConditionalGeneration(hf.Gemma3Config(
        text_config=text, vision_config=vision, initializer_range=0.3, tie_word_embeddings=False,
        mm_tokens_per_image=4, boi_token_index=token("<start_of_image>"),
        eoi_token_index=token("<end_of_image>"), image_token_index=token("<image_soft_token>"),
    )).save_pretrained(folder)  # fmt: skip
    hf.Gemma3Processor(
        Gemma3ImageProcessorPil(size={"height": 28, "width": 28}), tokenizer, image_seq_length=4,
        chat_template=CHATML.replace("PICTURE", "<start_of_image>"),
    ).save_pretrained(folder)  # fmt: skip


FAMILIES = {"llava": llava, "qwen2_vl": qwen2_vl, "qwen3_vl": qwen3_vl, "internvl": internvl, "janus": janus,
            "smolvlm": smolvlm, "gemma3": gemma3}  # fmt: skip


def write_family(name: str, folder: Path) -> Path:
    """The folder of a family; the same weights every time."""
    torch.manual_seed(0)
    FAMILIES[name](folder)
    return folder
