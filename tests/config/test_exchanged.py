"""What goes with LLaVA alone is refused beside a base that is known to be of another family, before it is loaded."""

from __future__ import annotations

import json

import pytest

from llavapose.config.compose import composed
from tests.config.test_check import mistakes

QWEN, GEMMA = "Qwen/Qwen3-VL-8B-Instruct", "google/gemma-3-4b-it"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["model=qwen3_vl_8b", "connector=linear"], f"connector=linear is for LLaVA, and {QWEN} is 'qwen3_vl'"),
        (["model=qwen3_vl_8b", "connector.reset=true"], f"connector.reset=true is for LLaVA, and {QWEN} is 'qwen3_vl'"),
        (["model=gemma3_4b", "model.vision=dinov2"], f"model.vision=dinov2 is for LLaVA, and {GEMMA} is 'gemma3'"),
        (
            ["model=gemma3_4b", "strategy=single", "model.keep_features_gib=2"],
            f"model.keep_features_gib=2 is for LLaVA, and {GEMMA} is 'gemma3'",
        ),
    ],
)
@pytest.mark.parametrize("further", [(), ("dry_run=true",)])
def test_one_line_for_a_base_that_is_known_by_name(conf, overrides, line, further):
    assert mistakes(conf, *overrides, *further) == [f"{line}; leave it out"]


@pytest.mark.parametrize(
    ("content", "refused"),
    [
        ({"model_type": "internvl"}, "internvl"),
        ({"model_type": "of_tomorrow"}, "of_tomorrow"),
        ({"model_type": "llava"}, None),
        ({"model_type": "llavapose"}, None),
        ({"model_type": 7}, None),
        ({}, None),
        ([], None),
        ("{", None),
    ],
)
def test_a_folder_says_its_family_and_one_that_cannot_be_read_is_left_to_those_who_load_it(
    conf, tmp_path, content, refused
):
    (tmp_path / "config.json").write_text(content if isinstance(content, str) else json.dumps(content))
    words = (f"model.base={tmp_path}", "connector=linear")
    if refused:
        assert mistakes(conf, *words) == [f"connector=linear is for LLaVA, and {tmp_path} is '{refused}'; leave it out"]
    else:
        composed("train", conf, words)


@pytest.mark.parametrize("base", ["tiny", "llava-hf/llava-1.5-7b-hf", "somebody/something"])
def test_llava_and_what_nobody_knows_pass(conf, base):
    composed("train", conf, [f"model.base={base}", "connector=linear", "model.vision=dinov2", "model.vision_base=x/y"])
