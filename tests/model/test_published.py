"""Bases of other families on the meta device: parameters, parts, frozen set, and the files of ``conf/model``."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch
import yaml
from transformers import AutoConfig, AutoModelForImageTextToText

from llavapose.families.family import CONNECTOR, LANGUAGE, UNUSED, VISION, Family, Resolution
from llavapose.families.known import family_named
from llavapose.families.published import PUBLISHED
from tests.model.counted import COUNTED, MOLMO2, MOLMO2_BESIDE

CONF = Path(__file__).parents[2] / "conf" / "model"


@cache
def without_weights(base: str):
    """A published model on the meta device."""
    config = AutoConfig.for_model(**PUBLISHED[base])
    with torch.device("meta"):
        return AutoModelForImageTextToText.from_config(config)


def family_of(base: str) -> Family:
    family = family_named(PUBLISHED[base]["model_type"])
    assert family is not None
    return family


def counted(model, family: Family) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, weight in model.named_parameters():
        part = family.part_of(name)
        found[part] = found.get(part, 0) + weight.numel()
    return found


@pytest.mark.parametrize("name", COUNTED)
def test_parameters_are_those_that_are_known(name):
    one = COUNTED[name]
    model, family = without_weights(one.base), family_of(one.base)
    parts = counted(model, family)
    assert one.total is not None or one.language is not None
    if one.total is not None:
        assert sum(parts.values()) == one.total
    if one.language is not None:
        assert parts[LANGUAGE] - (MOLMO2_BESIDE if one.base == MOLMO2 else 0) == one.language
    assert model.get_output_embeddings().weight.shape[0] == one.vocabulary
    assert all(weight.device.type == "meta" for weight in model.parameters())


@pytest.mark.parametrize("name", COUNTED)
def test_every_part_of_its_family_is_there(name):
    """Each prefix that a family names has parameters, and what is in no part is the language model or its output."""
    base = COUNTED[name].base
    model, family = without_weights(base), family_of(base)
    names = [name for name, _ in model.named_parameters()]
    assert family.name == COUNTED[name].family
    is_first = "deepstack_visual_indexes" not in PUBLISHED[base]["vision_config"]
    for prefix in (*family.vision, *family.connector, *family.unused, family.language):
        absent = prefix.endswith("deepstack_merger_list") and is_first
        assert any(f".{prefix}." in f".{one}." for one in names) is not absent, prefix
    rest = [one for one in names if family.part_of(one) == LANGUAGE]
    assert all(one.startswith((f"{family.language}.", "lm_head.")) for one in rest)
    layers = model.get_submodule(family.language).layers
    assert len(layers) == PUBLISHED[base]["text_config"]["num_hidden_layers"]


@pytest.mark.parametrize("name", COUNTED)
def test_frozen_are_vision_encoder_and_what_no_answer_passes_through(name):
    base = COUNTED[name].base
    model, family = without_weights(base), family_of(base)
    parts = counted(model, family)
    assert parts[LANGUAGE] > 10 * parts[CONNECTOR] > 0 and parts[VISION] > 10**8
    assert (UNUSED in parts) is bool(family.unused)
    for one, _ in model.named_parameters():
        # A tower holds its own merger, which learns with the language model.
        if any(mark in one for mark in ("merger", "projector", "aligner.", "image_newline", "connector.")):
            expected = UNUSED if "generation" in one else CONNECTOR
            assert family.part_of(one) == expected, one


def test_files_of_conf_name_the_published_bases():
    others = {path.stem for path in CONF.glob("*.yaml")} - {"tiny", "llava15_7b", "llava15_13b"}
    assert others == COUNTED.keys()
    for name, one in COUNTED.items():
        text = (CONF / f"{name}.yaml").read_text(encoding="utf-8")
        model = yaml.safe_load(text)["model"]
        assert (model["name"], model["base"], model["dtype"]) == (name, one.base, "bfloat16")
        assert "arXiv:" in text or "https://" in text, f"{name}: name the source"
        family = family_of(one.base)
        assert model.get("max_pixels") is None or family.resolution is not Resolution.fixed
