"""One folder a family, with tiny random weights: its own classes for model, pictures and processor, no download.

Tokenizers are trained here, each of its family's kind, with the family's own special tokens; chat templates have the
published form. Processors that also read videos need torchvision for that: they are written without that part, as they
are loaded. Where torchvision is missing, Pixtral's processor reads with PIL, and the processors of Molmo 2 and LFM2-VL,
whose pictures nothing else reads, get a stand-in for pictures and cannot be read from a folder.
"""

import sys
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
import transformers as hf
from transformers.image_processing_utils import BaseImageProcessor
from transformers.models.gemma3.image_processing_pil_gemma3 import Gemma3ImageProcessorPil
from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil
from transformers.models.janus.image_processing_pil_janus import JanusImageProcessorPil
from transformers.models.llava_onevision.image_processing_pil_llava_onevision import LlavaOnevisionImageProcessorPil
from transformers.models.pixtral import image_processing_pil_pixtral
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil
from transformers.models.smolvlm import processing_smolvlm
from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil
from transformers.processing_utils import ImagesKwargs

from llavapose.model.processors import pictures_only
from tests.conftest import make_llava, make_processor
from tests.families import templates
from tests.families.tokenizers import tokenizer_with

HAS_TORCHVISION = find_spec("torchvision") is not None
if not HAS_TORCHVISION:
    # Pixtral's processor takes one function from there, which PIL's file has too.
    sys.modules.setdefault("transformers.models.pixtral.image_processing_pixtral", image_processing_pil_pixtral)

TEXT: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "max_position_embeddings": 1024, "initializer_range": 0.3,
}  # fmt: skip
SIGLIP: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28,
    "patch_size": 7,
}  # fmt: skip


def ids_of(tokenizer: Any) -> dict[str, Any]:
    return {"vocab_size": len(tokenizer), "bos_token_id": tokenizer.bos_token_id,
            "eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}  # fmt: skip


class StandInSettings(ImagesKwargs, total=False):
    """What LFM2-VL's processor passes on."""

    return_row_col_info: bool


class StandIn(BaseImageProcessor):
    """Gives every picture the same pixels and sizes, for processors whose own needs torchvision."""

    model_input_names = ("pixel_values",)
    valid_kwargs = StandInSettings
    use_thumbnail, tile_size, downsample_factor, encoder_patch_size = True, 28, 2, 7

    def __init__(self, given: Any = None, **named: Any) -> None:
        super().__init__(**named)
        self._given = given or {}

    def __call__(self, images: Any, **_: Any) -> Any:
        """One row of everything a picture."""
        num = sum(
            len(one) if isinstance(one, list) else 1 for one in (images if isinstance(images, list) else [images])
        )
        return hf.BatchFeature({name: torch.cat([value] * num) for name, value in self._given.items()})

    def fetch_images(self, images: Any) -> Any:
        return images

    def to_dict(self) -> dict[str, Any]:
        return {"image_processor_type": type(self).__name__}


def llava() -> Any:
    """LLaVA-1.5's class with another tongue than ours."""
    processor = make_processor()
    processor.chat_template = templates.CHATML_LLAVA
    processor.tokenizer.add_special_tokens({"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    processor.tokenizer.eos_token = "<|im_end|>"
    return make_llava(processor), processor


def llava_onevision() -> Any:
    tokenizer = tokenizer_with({"image_token": "<image>", "video_token": "<video>"}, ("<|im_start|>",))
    token, grid = tokenizer.convert_tokens_to_ids, [[28, 28], [28, 56], [56, 28]]
    model = hf.LlavaOnevisionForConditionalGeneration(hf.LlavaOnevisionConfig(
        vision_config=hf.SiglipVisionConfig(**SIGLIP), text_config=hf.Qwen2Config(**TEXT, **ids_of(tokenizer)),
        image_token_index=token("<image>"), video_token_index=token("<video>"), vision_feature_layer=-1,
        vision_feature_select_strategy="full", vision_aspect_ratio="anyres_max_9", image_grid_pinpoints=grid,
        tie_word_embeddings=False,
    ))  # fmt: skip
    pictures = LlavaOnevisionImageProcessorPil(size={"height": 28, "width": 28}, image_grid_pinpoints=grid)
    return model, pictures_only(hf.LlavaOnevisionProcessor)(
        pictures, tokenizer, None, num_image_tokens=16, vision_feature_select_strategy="full",
        chat_template=templates.ONEVISION,
    )  # fmt: skip


def _qwen(model: Callable[[Any, Any], Any], processor: Any, patch: int, template: str) -> Any:
    names = {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
             "vision_start_token": "<|vision_start|>", "vision_end_token": "<|vision_end|>"}  # fmt: skip
    tokenizer = tokenizer_with(names, ("<|im_start|>",), pad="<|endoftext|>")
    token = tokenizer.convert_tokens_to_ids
    named = {"image": "image_pad", "video": "video_pad", "vision_start": "vision_start", "vision_end": "vision_end"}
    ids = {f"{name}_token_id": token(f"<|{word}|>") for name, word in named.items()}
    pictures = Qwen2VLImageProcessorPil(patch_size=patch, size={"shortest_edge": 28 * 28, "longest_edge": 112 * 112})
    read = pictures_only(processor)(pictures, tokenizer, None, chat_template=template)
    return model(ids, ids_of(tokenizer)), read


ROPE: dict[str, Any] = {"rope_type": "default", "mrope_section": [1, 1, 2], "rope_theta": 10000.0}


def qwen2_vl() -> Any:
    def model(ids: Any, text: Any) -> Any:
        vision = {"depth": 2, "embed_dim": 32, "hidden_size": 32, "num_heads": 2, "patch_size": 14}
        return hf.Qwen2VLForConditionalGeneration(hf.Qwen2VLConfig(
            text_config={**TEXT, **text, "rope_parameters": ROPE}, vision_config=vision, **ids))  # fmt: skip

    return _qwen(model, hf.Qwen2VLProcessor, 14, templates.QWEN2_VL)


def qwen2_5_vl() -> Any:
    def model(ids: Any, text: Any) -> Any:
        vision = {"depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 14,
                  "out_hidden_size": 32, "window_size": 56, "fullatt_block_indexes": [1]}  # fmt: skip
        return hf.Qwen2_5_VLForConditionalGeneration(hf.Qwen2_5_VLConfig(
            text_config={**TEXT, **text, "rope_parameters": ROPE}, vision_config=vision, **ids))  # fmt: skip

    return _qwen(model, hf.Qwen2_5_VLProcessor, 14, templates.QWEN2_VL)


QWEN3_VISION: dict[str, Any] = {
    "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "patch_size": 16, "out_hidden_size": 32,
    "num_position_embeddings": 64,
}  # fmt: skip
QWEN3_ROPE: dict[str, Any] = {**ROPE, "mrope_section": [2, 1, 1], "mrope_interleaved": True}


def qwen3_vl() -> Any:
    def model(ids: Any, text: Any) -> Any:
        return hf.Qwen3VLForConditionalGeneration(hf.Qwen3VLConfig(
            text_config={**TEXT, **text, "head_dim": 8, "rope_parameters": QWEN3_ROPE},
            vision_config={**QWEN3_VISION, "deepstack_visual_indexes": [0, 1]}, **ids))  # fmt: skip

    return _qwen(model, hf.Qwen3VLProcessor, 16, templates.QWEN3_VL)


def qwen3_5() -> Any:
    """Three layers of linear attention to one that looks back; its template without the thoughts that it cuts off."""

    def model(ids: Any, text: Any) -> Any:
        linear = {"linear_key_head_dim": 8, "linear_value_head_dim": 8, "linear_num_key_heads": 2,
                  "linear_num_value_heads": 4}  # fmt: skip
        rope = {**QWEN3_ROPE, "partial_rotary_factor": 0.25}
        words = {**TEXT, **text, **linear, "num_hidden_layers": 4, "head_dim": 32, "rope_parameters": rope}
        return hf.Qwen3_5ForConditionalGeneration(
            hf.Qwen3_5Config(text_config=words, vision_config=QWEN3_VISION, **ids)
        )

    return _qwen(model, hf.Qwen3VLProcessor, 16, templates.QWEN3_VL)


def internvl() -> Any:
    names = {"start_image_token": "<img>", "end_image_token": "</img>", "context_image_token": "<IMG_CONTEXT>",
             "video_token": "<video>"}  # fmt: skip
    tokenizer = tokenizer_with(names, ("<|im_start|>",), pad="<|endoftext|>")
    model = hf.InternVLForConditionalGeneration(hf.InternVLConfig(
        vision_config=SIGLIP, text_config={"model_type": "qwen2", **TEXT, **ids_of(tokenizer)}, image_seq_length=4,
        image_token_id=tokenizer.convert_tokens_to_ids("<IMG_CONTEXT>"), tie_word_embeddings=False,
    ))  # fmt: skip
    pictures = GotOcr2ImageProcessorPil(size={"height": 28, "width": 28}, crop_to_patches=True, max_patches=3)
    return model, pictures_only(hf.InternVLProcessor)(
        pictures, tokenizer, None, image_seq_length=4, chat_template=templates.INTERNVL
    )


def janus() -> Any:
    names = {"image_token": "<image_placeholder>", "boi_token": "<begin_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = tokenizer_with(
        names, ("<|User|>", "<|Assistant|>"), bos="<｜begin▁of▁sentence｜>", eos="<｜end▁of▁sentence｜>"
    )
    vision = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 28, "patch_size": 14,
              "projection_dim": 32, "num_image_tokens": 4}  # fmt: skip
    coded = {"embed_dim": 8, "num_embeddings": 16, "latent_channels": 8, "base_channels": 32,
             "channel_multiplier": [1, 1], "num_res_blocks": 1, "projection_dim": 32,
             "image_token_embed_dim": 32}  # fmt: skip
    model = hf.JanusForConditionalGeneration(hf.JanusConfig(
        text_config={"model_type": "llama", **TEXT, **ids_of(tokenizer)}, vision_config=vision, vq_config=coded,
        image_token_id=tokenizer.convert_tokens_to_ids("<image_placeholder>"),
    ))  # fmt: skip
    return model, hf.JanusProcessor(
        JanusImageProcessorPil(size={"height": 28, "width": 28}, min_size=14), tokenizer, num_image_tokens=4,
        chat_template=templates.JANUS, use_default_system_prompt=False,
    )  # fmt: skip


def smolvlm() -> Any:
    # Only videos are told in number words; the package is none of ours.
    processing_smolvlm.num2words = processing_smolvlm.num2words or str
    names = {"image_token": "<image>", "fake_image_token": "<fake_token_around_image>",
             "global_image_token": "<global-img>", "end_of_utterance_token": "<end_of_utterance>"}  # fmt: skip
    tiles = tuple(f"<row_{r}_col_{c}>" for r in (1, 2, 3) for c in (1, 2, 3))
    tokenizer = tokenizer_with(names, ("<|im_start|>", *tiles), eos="<end_of_utterance>", pad="<|im_end|>")
    tokenizer.bos_token = "<|im_start|>"
    model = hf.SmolVLMForConditionalGeneration(hf.SmolVLMConfig(
        vision_config=SIGLIP, text_config={"model_type": "llama", **TEXT, **ids_of(tokenizer)}, scale_factor=2,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    ))  # fmt: skip
    pictures = SmolVLMImageProcessorPil(size={"longest_edge": 56}, max_image_size={"longest_edge": 28})
    return model, pictures_only(hf.SmolVLMProcessor)(
        pictures, tokenizer, None, image_seq_len=4, chat_template=templates.SMOLVLM
    )


def gemma3() -> Any:
    names = {"image_token": "<image_soft_token>", "boi_token": "<start_of_image>", "eoi_token": "<end_of_image>"}
    tokenizer = tokenizer_with(names, ("<start_of_turn>", "<end_of_turn>"), kind="gemma", bos="<bos>", eos="<eos>")
    token = tokenizer.convert_tokens_to_ids
    text = {**TEXT, **ids_of(tokenizer), "head_dim": 8, "sliding_window": 512,
            "layer_types": ["sliding_attention", "full_attention"]}  # fmt: skip
    model = hf.Gemma3ForConditionalGeneration(hf.Gemma3Config(
        text_config=text, vision_config={"model_type": "siglip_vision_model", **SIGLIP}, initializer_range=0.3,
        tie_word_embeddings=False, mm_tokens_per_image=4, boi_token_index=token("<start_of_image>"),
        eoi_token_index=token("<end_of_image>"), image_token_index=token("<image_soft_token>"),
        eos_token_id=[tokenizer.eos_token_id, token("<end_of_turn>")],
    ))  # fmt: skip
    # A new connector is zeros, behind which all pictures are alike.
    torch.nn.init.normal_(model.model.multi_modal_projector.mm_input_projection_weight, std=0.3)
    return model, hf.Gemma3Processor(
        Gemma3ImageProcessorPil(size={"height": 28, "width": 28}), tokenizer, image_seq_length=4,
        chat_template=templates.GEMMA3,
    )  # fmt: skip


def mistral3() -> Any:
    from transformers.models.pixtral.processing_pixtral import PixtralProcessor

    names = {"image_token": "[IMG]", "image_break_token": "[IMG_BREAK]", "image_end_token": "[IMG_END]"}
    further = ("[INST]", "[/INST]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]")
    tokenizer = tokenizer_with(names, further, bos="<s>", eos="</s>")
    vision = {key: value for key, value in SIGLIP.items() if key != "image_size"}
    model = hf.Mistral3ForConditionalGeneration(hf.Mistral3Config(
        text_config=hf.MistralConfig(**TEXT, **ids_of(tokenizer), head_dim=8, sliding_window=None),
        vision_config=hf.PixtralVisionConfig(**vision, image_size=56), spatial_merge_size=2,
        image_token_index=tokenizer.convert_tokens_to_ids("[IMG]"),
    ))  # fmt: skip
    pictures = image_processing_pil_pixtral.PixtralImageProcessorPil(size={"longest_edge": 56}, patch_size=7)
    return model, PixtralProcessor(
        pictures, tokenizer, patch_size=7, spatial_merge_size=2, chat_template=templates.MISTRAL3
    )


def molmo2() -> Any:
    marks = ("<im_patch>", "<im_col>", "<im_start>", "<low_res_im_start>", "<frame_start>", "<im_end>", "<frame_end>",
             "<im_low>")  # fmt: skip
    names = {"image_token": "<|image|>", "video_token": "<|video|>"}
    tokenizer = tokenizer_with(names, ("<|im_start|>", *marks))
    token, num = tokenizer.convert_tokens_to_ids, len(tokenizer)
    text = {**TEXT, **ids_of(tokenizer), "vocab_size": num - len(marks), "additional_vocab_size": len(marks),
            "head_dim": 8}  # fmt: skip
    vision = {**SIGLIP, "num_hidden_layers": 3, "num_key_value_heads": 2, "head_dim": 16, "image_size": [28, 28],
              "num_position_embeddings": 16}  # fmt: skip
    adapter = {"hidden_size": 32, "num_attention_heads": 2, "num_key_value_heads": 2, "head_dim": 16,
               "intermediate_size": 64, "text_hidden_size": 32, "vision_feature_layer": [-1, -2]}  # fmt: skip
    model = hf.Molmo2ForConditionalGeneration(hf.Molmo2Config(
        text_config=text, vision_config=vision, adapter_config=adapter, image_patch_id=token("<im_patch>"),
        image_token_id=token("<im_patch>"), image_start_token_id=token("<im_start>"),
        image_end_token_id=token("<im_end>"),
    ))  # fmt: skip
    given = {"pixel_values": torch.ones(1, 16, 147), "image_grids": torch.tensor([[2, 2, 0, 0]]),
             "image_token_pooling": torch.tensor([[0, 1, 4, 5], [2, 3, 6, 7], [8, 9, 12, 13], [10, 11, 14, 15]]),
             "image_num_crops": torch.tensor([1])}  # fmt: skip
    return model, pictures_only(hf.Molmo2Processor)(StandIn(given), None, tokenizer, chat_template=templates.MOLMO2)


def lfm2_vl() -> Any:
    names = {"image_token": "<image>", "image_start_token": "<|image_start|>", "image_end_token": "<|image_end|>",
             "image_thumbnail_token": "<|img_thumbnail|>"}  # fmt: skip
    tokenizer = tokenizer_with(names, ("<|im_start|>",), bos="<|startoftext|>", pad="<|pad|>")
    text = {key: value for key, value in TEXT.items() if key != "num_hidden_layers"}
    model = hf.Lfm2VlForConditionalGeneration(hf.Lfm2VlConfig(
        text_config=hf.Lfm2Config(**text, **ids_of(tokenizer), layer_types=["conv", "full_attention", "conv"],
                                  num_hidden_layers=3),
        vision_config=hf.Siglip2VisionConfig(
            **{**SIGLIP, "num_patches": 16}), projector_hidden_size=32,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
    ))  # fmt: skip
    one = torch.tensor([1])
    given = {"pixel_values": torch.ones(1, 16, 147), "spatial_shapes": torch.tensor([[4, 4]]), "image_rows": one,
             "image_cols": one, "image_sizes": torch.tensor([[28, 28]]),
             "pixel_attention_mask": torch.ones(1, 16, dtype=torch.long)}  # fmt: skip
    return model, hf.Lfm2VlProcessor(StandIn(given), tokenizer, chat_template=templates.LFM2_VL)


FAMILIES = {one.__name__: one for one in (llava, llava_onevision, qwen2_vl, qwen2_5_vl, qwen3_vl, internvl, janus,
                                          smolvlm, gemma3)}  # fmt: skip
"""Whose folders can be read without torchvision."""
UNPACKABLE = {one.__name__: one for one in (qwen3_5, lfm2_vl)}
"""Whose layers do not ask the mask: no sample may stand beside another."""
EVERY = {**FAMILIES, **{one.__name__: one for one in (mistral3, molmo2)}, **UNPACKABLE}


def made(name: str) -> tuple[Any, Any]:
    """A family's model and processor; the same weights every time."""
    torch.manual_seed(0)
    model, processor = EVERY[name]()
    return model.eval(), processor


def write_family(name: str, folder: Path) -> Path:
    """The folder of a family; the same weights every time."""
    model, processor = made(name)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
