"""The experiments of the papers' claim: arms that differ by one setting, and the papers' recipe at 7B."""

from pathlib import Path

import pytest

from llavapose.config.choices import Context
from llavapose.config.compose import composed, typed
from llavapose.config.schema import plain_settings

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize("name", ["claim", "claim_7b"])
def test_arms_of_the_claim_differ_by_what_the_teacher_sees(name):
    arms = [
        plain_settings(
            typed("train", composed("train", CONF, [f"experiment={name}", f"teacher.sees={sees}", "seed=2"]))
        )
        for sees in Context
    ]
    for sees, arm in zip(Context, arms, strict=True):
        assert arm["data"].pop("name") == f"sees_{sees}"
        assert arm["teacher"].pop("sees") == sees
        assert arm["teacher"].pop("run") == (f"claim_7b-sees_{sees}" if name == "claim_7b" else None)
        for key in ("output_dir", "results_dir", "callbacks", "logger"):  # these have the arm's name in them
            arm.pop(key)
    assert arms[0] == arms[1] == arms[2] == arms[3]
    assert (arms[0]["teacher"]["seed"], arms[0]["data"]["kinds"]) == (
        2 if name == "claim" else 0,
        {"conv": 1, "detail": 1, "complex": 1},
    )


def test_the_claim_on_photographs_is_the_papers_recipe_but_for_the_teacher():
    paper, claim = (
        plain_settings(typed("train", composed("train", CONF, [f"experiment={name}"])))
        for name in ("paper_7b", "claim_7b")
    )
    for group in ("model", "connector", "optim", "strategy", "trainer", "scenes", "batch_size", "global_batch"):
        assert paper[group] == claim[group], group
    assert {key for key in paper["data"] if paper["data"][key] != claim["data"][key]} == {"name"}
    assert claim["teacher"]["num_samples"] == 200_328


def test_arms_of_the_matched_ablation_have_one_budget():
    for name in ("conv", "detail", "complex", "full"):
        config = typed("train", composed("train", CONF, ["experiment=ablation_matched", f"data={name}"]))
        assert (config.data.name, config.data.num_targets, config.data.num_samples) == (name, "smallest", None)
