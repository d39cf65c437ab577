"""What a picture becomes under a family's own rule is what the family's own image processor makes of it."""

from __future__ import annotations

import math
import random
import sys
from typing import Any

import pytest

from llavapose.errors import ConfigError
from llavapose.families.published import PUBLISHED
from llavapose.families.resolution import USUAL, picture_of
from tests.model.counted import COUNTED, JANUS, MOLMO2

SIZES = [(480, 640), (640, 480), (640, 640), (427, 640), (333, 500), (56, 56), (30, 900), (1200, 1800), (3000, 4000)]
SIZES += [(random.Random(seed).randrange(40, 1600), random.Random(-seed - 1).randrange(40, 1600)) for seed in range(40)]
SIZES = [size for size in SIZES if max(size) < 100 * min(size)]

USUALLY = {  # tokens of a picture of 640 x 480, its marks included
    "llava-hf/llava-1.5-7b-hf": 576,
    "llava-hf/llava-onevision-qwen2-7b-ov-hf": 729 + 40 * 54 + 40,
    "Qwen/Qwen2-VL-7B-Instruct": 17 * 23 + 2,
    "Qwen/Qwen2.5-VL-7B-Instruct": 17 * 23 + 2,
    "Qwen/Qwen3-VL-4B-Instruct": 15 * 20 + 2,
    "Qwen/Qwen3-VL-8B-Instruct": 15 * 20 + 2,
    "OpenGVLab/InternVL3-8B-hf": 13 * 256 + 2,
    "OpenGVLab/InternVL3_5-8B-HF": 13 * 256 + 2,
    "HuggingFaceTB/SmolVLM2-2.2B-Instruct": 12 * 83 + 3 + 85,
    "google/gemma-3-4b-it": 256 + 4,
    "mistralai/Mistral-Small-3.1-24B-Instruct-2503": 18 * 24,
    JANUS: 576 + 2,
}


def of(base: str, height: int, width: int, max_pixels: int | None = None):
    return picture_of(PUBLISHED[base], height, width, max_pixels=max_pixels)


@pytest.mark.parametrize("base", USUALLY)
def test_a_usual_picture(base):
    assert of(base, *USUAL).tokens == USUALLY[base]


@pytest.mark.parametrize(
    ("base", "settings"),
    [
        ("Qwen/Qwen2-VL-7B-Instruct", {"size": {"shortest_edge": 3136, "longest_edge": 12845056}}),
        ("Qwen/Qwen2.5-VL-7B-Instruct", {"size": {"shortest_edge": 3136, "longest_edge": 12845056}}),
        (
            "Qwen/Qwen3-VL-8B-Instruct",
            {"size": {"shortest_edge": 65536, "longest_edge": 16777216}, "patch_size": 16},
        ),
        (
            "Qwen/Qwen3-VL-8B-Instruct",
            {"size": {"shortest_edge": 65536, "longest_edge": 500_000}, "patch_size": 16},
        ),
    ],
)
def test_qwen(base, settings):
    from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

    processor: Any = Qwen2VLImageProcessorPil(**settings)
    bound = settings["size"]["longest_edge"]
    for size in SIZES:
        found = of(base, *size, max_pixels=bound if bound == 500_000 else None)
        assert found.encoded == processor.get_number_of_image_patches(*size), size
        assert found.tokens == found.encoded // 4 + 2


BOUNDS = (None, 300_000, 1_500_000)


@pytest.mark.parametrize("bound", BOUNDS)
def test_llava_onevision(bound):
    from transformers.models.llava_onevision.processing_llava_onevision import LlavaOnevisionProcessor

    asked: Any = object.__new__(LlavaOnevisionProcessor)
    asked.num_image_tokens, asked.vision_aspect_ratio = 729, "anyres_max_9"
    grids = [[384 * rows, 384 * columns] for rows in range(1, 7) for columns in range(1, 7)]
    kept = [grid for grid in grids if bound is None or grid[0] * grid[1] <= bound]
    asked.image_processor = type("Settings", (), {"image_grid_pinpoints": kept})()
    for size in SIZES:
        found = of("llava-hf/llava-onevision-qwen2-7b-ov-hf", *size, bound)
        assert found.tokens == asked._get_number_of_features(*size, 384, 384), size


@pytest.mark.parametrize("bound", BOUNDS)
def test_internvl(bound):
    from transformers.models.got_ocr2.image_processing_pil_got_ocr2 import GotOcr2ImageProcessorPil

    most = 12 if bound is None else min(12, bound // 448**2)
    processor: Any = GotOcr2ImageProcessorPil(
        size={"height": 448, "width": 448}, crop_to_patches=True, max_patches=most
    )
    for size in SIZES:
        tiles = processor.get_number_of_image_patches(*size)
        found = of("OpenGVLab/InternVL3-8B-hf", *size, bound)
        assert (found.tokens, found.encoded) == (256 * tiles + 2, 1025 * tiles), size


@pytest.mark.parametrize("bound", BOUNDS)
def test_smolvlm(bound):
    from transformers.models.smolvlm.image_processing_pil_smolvlm import SmolVLMImageProcessorPil

    longest = 1536 if bound is None else min(1536, math.isqrt(bound))
    processor: Any = SmolVLMImageProcessorPil(size={"longest_edge": longest}, max_image_size={"longest_edge": 384})
    for size in SIZES:
        tiles, rows, _ = processor.get_number_of_image_patches(*size)
        if tiles == 0:  # one tile alone is not cut up; the plan takes it for a tile and the whole
            continue
        found = of("HuggingFaceTB/SmolVLM2-2.2B-Instruct", *size, bound)
        assert found.tokens == 83 * (tiles - 1) + rows + 85, size
        assert found.encoded == 729 * tiles


@pytest.mark.parametrize("bound", BOUNDS)
def test_mistral(bound):
    import numpy as np
    from transformers.models.pixtral.image_processing_pil_pixtral import get_resize_output_image_size

    longest = 1540 if bound is None else min(1540, math.isqrt(bound))
    for size in SIZES:
        resized: Any = get_resize_output_image_size(np.zeros((*size, 3)), (longest, longest), (28, 28))
        rows, columns = resized[0] // 28, resized[1] // 28
        found = of("mistralai/Mistral-Small-3.1-24B-Instruct-2503", *size, bound)
        assert (found.tokens, found.encoded) == (rows * (columns + 1), 4 * rows * columns), size


@pytest.mark.parametrize("bound", BOUNDS)
def test_molmo2(bound):
    from transformers.models.molmo2.image_processing_molmo2 import Molmo2ImageProcessor

    processor: Any = Molmo2ImageProcessor(max_crops=8 if bound is None else min(8, bound // 378**2))
    for size in SIZES:
        (low_rows, low_columns, rows, columns), crops = processor.get_image_grid_and_crops(*size)
        found = of(MOLMO2, *size, bound)
        assert found.tokens == low_rows * (low_columns + 1) + rows * (columns + 1) + 4, size
        assert found.encoded == 729 * crops


@pytest.mark.parametrize("one", COUNTED.values(), ids=COUNTED)
def test_the_pixels_and_pairs_of_a_picture_belong_together(one):
    found = of(one.base, *USUAL)
    assert 0 < found.tokens <= found.encoded + 2 and found.values >= 3 * found.encoded
    assert found.encoded <= found.pairs <= found.encoded**2
    taller = of(one.base, *reversed(USUAL))
    assert abs(taller.tokens - found.tokens) <= 20


def test_a_bound_that_nothing_reads_is_refused():
    for base in ("google/gemma-3-4b-it", JANUS, "llava-hf/llava-1.5-7b-hf"):
        with pytest.raises(ConfigError, match=r"model\.max_pixels is 100000, and .* at one size, .*; leave it out"):
            of(base, *USUAL, max_pixels=100_000)


def test_an_unknown_family_is_told_with_those_that_are_known():
    with pytest.raises(ConfigError, match=r"model_type 'idefics9'.*expected one of .*qwen3_vl"):
        picture_of({"model_type": "idefics9"}, *USUAL)


def test_rules_need_no_torch():
    """A plan is made where torch is not imported."""
    import subprocess

    code = (
        "import sys, llavapose.families.resolution, llavapose.families.encoders as e; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
