"""What the 7B and 13B recipes say of hardware and hours in their headers is what the plan of each says."""

import re
from pathlib import Path

import pytest

from llavapose.cli.plan import forecast
from llavapose.config.compose import composed, typed
from llavapose.training.forecast.cards import GIB

RECIPES = Path(__file__).parents[3] / "conf" / "experiment"
CARDS = {"paper_7b": "a100_80gb", "paper_7b_fast": "a100_80gb", "paper_13b": "a100_80gb", "lora_7b": "rtx4090"}


def header(name: str) -> str:
    """The comment of a recipe that tells the hardware."""
    text = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8")
    return " ".join(re.sub(r"\n#", " ", text.partition("# Hardware:")[2].partition("# Answers:")[0]).split())


def plan(conf, name, *overrides):
    config = typed("train", composed("train", conf, [f"experiment={name}", "dry_run=true", *overrides]))
    return forecast(config)


def hours(text: str) -> float:
    return float(re.search(r"about ([\d.]+) hours", text)[1])


@pytest.mark.parametrize("name", CARDS)
def test_headers_are_the_plans(conf, name):
    told, planned = header(name), plan(conf, name, f"forecast.card={CARDS[name]}")
    assert hours(told) == pytest.approx(planned.hours, rel=0.05)
    assert planned.memory.peak < 0.95 * planned.card.memory
    gb = float(re.search(r"(\d+) GB of host memory", told)[1])
    # Python and CUDA take some of it beside what the plan counts.
    assert planned.memory.host.peak / 1e9 + 4 < gb < 2.5 * planned.memory.host.peak / 1e9
    assert planned.card.memory < 25 * GIB or name != "lora_7b"


def test_the_ablations_hours_are_of_its_four_arms(conf):
    each = [plan(conf, "ablation_7b", f"data={name}", "forecast.card=a100_80gb").hours for name in
            ("conv", "detail", "complex", "full")]  # fmt: skip
    assert hours(header("ablation_7b")) == pytest.approx(sum(each), rel=0.05)
