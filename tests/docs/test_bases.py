"""docs/bases.md: its table is what the plan says, and the family that it adds packs as the others do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers

from benchmarks.bases import names, planned
from llavapose.errors import ConfigError
from llavapose.families import known
from llavapose.families.family import CONNECTOR, LANGUAGE, VISION, Family
from llavapose.model.attention.mask import DENSE
from llavapose.model.attention.rules import rows_of, rules_of
from llavapose.model.losses import token_losses
from llavapose.model.parts import family_of, language_of
from llavapose.training.forecast.shapes import shapes_of
from tests.docs.pages import parts
from tests.model.bases.models import IMAGE, Base, Prefix
from tests.model.bases.rows import packed, plain_losses
from tests.model.bases.rows import rows_of as rows_by_hand
from tests.model.counted import COUNTED

PAGE = "docs/bases.md"


def test_the_table_is_what_the_plan_says():
    (table,) = [part for part in parts(PAGE) if part.tag == ("printed by", "python -m benchmarks.bases")]
    told = table.text.splitlines()[2:]
    assert [base.line() for base in planned(names())] == told


def test_every_recipe_is_in_the_table():
    assert names() == sorted({*COUNTED, "llava15_7b", "llava15_13b"})


def idefics3():
    """Two layers of random weights, and prefixes with one, three and two pictures."""
    sizes: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
    }
    settings: dict[str, Any] = {"image_token_id": IMAGE, "scale_factor": 2, "pad_token_id": 0}
    config = transformers.Idefics3Config(
        vision_config={**sizes, "image_size": 28, "patch_size": 7},
        text_config=transformers.LlamaConfig(**sizes, vocab_size=64),
        **settings,
    )
    model = transformers.Idefics3ForConditionalGeneration(config)
    ids = [[1, 5, *[IMAGE] * 4 * count, 7] for count in (1, 3, 2)]
    shown = [torch.randn(count, 1, 3, 28, 28) for count in (1, 3, 2)]
    return model, [Prefix(ids=one, inputs={"pixel_values": two}) for one, two in zip(ids, shown, strict=True)]


def test_the_family_that_the_page_adds_is_packed_exactly(monkeypatch):
    (block,) = [part for part in parts(PAGE) if part.language == "python"]
    told: dict[str, Family] = {}
    exec(block.text, told)  # the page's own code
    added = told["IDEFICS3"]
    base = Base(name="idefics3", make=idefics3)
    model, prefixes = base.model()
    assert known.family_named("idefics3") is None
    monkeypatch.setattr(known, "FAMILIES", (*known.FAMILIES, added))
    assert family_of(model) is added
    found = {added.part_of(name) for name, _ in model.named_parameters()}
    assert found == {CONNECTOR, VISION, LANGUAGE}
    rows = rows_by_hand(prefixes)
    batch = packed(rows)
    seen = DENSE.see(rows_of(batch, rules_of(language_of(model).config, added)))
    losses, expected = token_losses(model, batch, seen), plain_losses(base, model, rows)
    torch.testing.assert_close(losses, expected, atol=1e-5, rtol=0)
    gradients = [torch.autograd.grad(one.sum(), list(language_of(model).parameters())) for one in (losses, expected)]
    for ours, theirs in zip(*gradients, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)


@pytest.mark.parametrize("name", ["Family", "Resolution"])
def test_what_the_page_says_of_a_family_is_there(name):
    text = "".join(part.text for part in parts(PAGE))
    assert name in text
    assert all(f"`{field}`" in text or field in text for field in ("model_types", "vision", "connector", "language"))


def test_the_packages_that_bases_need_are_those_that_are_asked_for():
    text = (Path(__file__).parents[2] / PAGE).read_text()
    told = dict(re.findall(r"^\| (torchvision|num2words) \| (.*) \|$", text, flags=re.M))
    needed: dict[str, set[str]] = {}
    for family in known.FAMILIES:
        for package in family.needs:
            needed.setdefault(package, set()).update(family.model_types)
    assert {package: set(re.findall(r"`(\w+)`", types)) for package, types in told.items()} == needed


def test_a_family_without_rules_of_a_plan_is_refused_by_the_plan_alone(monkeypatch):
    """As the page says: it trains, and nothing that is foretold stands in its way."""
    (block,) = [part for part in parts(PAGE) if part.language == "python"]
    told: dict[str, Family] = {}
    exec(block.text, told)
    monkeypatch.setattr(known, "FAMILIES", (*known.FAMILIES, told["IDEFICS3"]))
    with pytest.raises(ConfigError, match=r"model_type 'idefics3', of which no plan can be made"):
        shapes_of({"model_type": "idefics3"}, where="mine")
