"""The bases that ``conf/model`` names beside LLaVA-1.5, and the parameters that they are known to have.

Totals are those that the Hugging Face hub shows on a model's page ("safetensors"), of all its tensors. For Molmo2-8B
and Janus-Pro-7B no such number was found: there the language model is known, which is another's: that of Qwen3-8B with
8,190,735,360 and that of DeepSeek-LLM-7B with 6,910,365,696.
"""

from dataclasses import dataclass

MOLMO2, JANUS = "allenai/Molmo2-8B", "deepseek-community/Janus-Pro-7B"


@dataclass(frozen=True, kw_only=True)
class Counted:
    """One base.

    Attributes:
        base: on the hub.
        family: the name of its family.
        total: parameters that the hub shows; None: not known.
        language: parameters of the language model with its output layer, where another's are known; None: not known.
        vocabulary: rows of the output layer.
    """

    base: str
    family: str
    total: int | None
    language: int | None = None
    vocabulary: int


COUNTED = {
    "llava_onevision": Counted(
        base="llava-hf/llava-onevision-qwen2-7b-ov-hf", family="llava_onevision", total=8_030_348_832,
        vocabulary=152_064,
    ),
    "qwen2_vl_7b": Counted(
        base="Qwen/Qwen2-VL-7B-Instruct", family="qwen2_vl", total=8_291_375_616, vocabulary=152_064
    ),
    "qwen2_5_vl_7b": Counted(
        base="Qwen/Qwen2.5-VL-7B-Instruct", family="qwen2_vl", total=8_292_166_656, vocabulary=152_064
    ),
    "qwen3_vl_4b": Counted(
        base="Qwen/Qwen3-VL-4B-Instruct", family="qwen2_vl", total=4_437_815_808, vocabulary=151_936
    ),
    "qwen3_vl_8b": Counted(
        base="Qwen/Qwen3-VL-8B-Instruct", family="qwen2_vl", total=8_767_123_696, language=8_190_735_360,
        vocabulary=151_936,
    ),
    "internvl3_8b": Counted(
        base="OpenGVLab/InternVL3-8B-hf", family="internvl", total=7_944_373_760, vocabulary=151_674
    ),
    "internvl3_5_8b": Counted(
        base="OpenGVLab/InternVL3_5-8B-HF", family="internvl", total=8_528_318_464, language=8_190_735_360,
        vocabulary=151_936,
    ),
    "smolvlm2": Counted(
        base="HuggingFaceTB/SmolVLM2-2.2B-Instruct", family="smolvlm", total=2_246_784_880, vocabulary=49_280
    ),
    "gemma3_4b": Counted(base="google/gemma-3-4b-it", family="gemma3", total=4_300_079_472, vocabulary=262_208),
    "mistral3": Counted(
        base="mistralai/Mistral-Small-3.1-24B-Instruct-2503", family="mistral3", total=24_011_361_280,
        vocabulary=131_072,
    ),
    "molmo2_8b": Counted(base=MOLMO2, family="molmo2", total=None, language=8_190_735_360, vocabulary=151_936),
    "janus_pro_7b": Counted(base=JANUS, family="janus", total=None, language=6_910_365_696, vocabulary=102_400),
}  # fmt: skip
"""By the name of the file in ``conf/model``."""

MOLMO2_BESIDE = 128 * 4096
"""Rows of Molmo2's input embedding that Qwen3-8B has not: marks of pictures."""
