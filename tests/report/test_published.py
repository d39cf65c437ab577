"""The papers' numbers, and the papers' arithmetic done on them by our own tables."""

from pathlib import Path

import pytest
import yaml

from llavapose.evaluation.tables.ablation import ablation_table
from llavapose.evaluation.tables.comparison import comparison_table
from llavapose.evaluation.tables.ratings import Rating
from llavapose.records import ALL
from llavapose.report.tables import HOLE_MARK
from llavapose.report.tables.published import MISFITS, PUBLISHED, published_grids

KINDS = ("conv", "detail", "complex")
REFERENCE = Path(__file__).parents[3] / "shared" / "reference_results.yaml"


def table(title):
    """Name -> column -> number as printed, of the published table whose title holds the words."""
    (grid,) = [grid for grid in published_grids() if title in grid.title]
    return {row[0]: dict(zip(grid.header[1:], row[1:], strict=True)) for row in grid.rows}


HPAUB, HPAUB_MODELS = table("HPAUB, training mixtures (Table 4)"), table("HPAUB, models (Table 5)")
E_HPAUB, E_HPAUB_MODELS = table("E-HPAUB, training mixtures (Table 8)"), table("E-HPAUB, models (Table 9)")
CLAUDE = table("E-HPAUB, models, judge Claude Sonnet 4 (Table 10)")


def gain(score, base):
    """Through the table code: two arms with these means."""
    found = {"full": ratings(score), "baseline": ratings(base)}
    return next(row for row in ablation_table(found, ["full"], judge="GPT-4o") if row["kind"] == ALL)["gain"]


def gain_over(score, other):
    found = {"ours": ratings(score), "other": ratings(other)}
    rows = comparison_table(found, ["ours", "other"], "ours", judge="GPT-4o")
    return next(row for row in rows if (row["arm"], row["kind"]) == ("other", ALL))["gain"]


def ratings(mean):
    return [
        Rating(question_id=f"{image}-{kind}", scene_id=image, kind=kind, rating=mean / 10)
        for image in range(30)
        for kind in KINDS
    ]


ARITHMETIC = [
    (gain, HPAUB["full"]["all"], HPAUB["baseline"]["all"], 2, 21.18),
    (gain, E_HPAUB["full"]["all"], E_HPAUB["baseline"]["all"], 1, 33.2),
    (gain_over, HPAUB_MODELS["Enhanced LLaVA-1.5-7B"]["all"], HPAUB_MODELS["Qwen2-VL-72B"]["all"], 1, 3.8),
    (gain_over, E_HPAUB_MODELS["LLaVA-Pose"]["all"], E_HPAUB_MODELS["Janus-Pro-7B"]["all"], 1, 1.9),
]


@pytest.mark.parametrize(("of", "score", "base", "digits", "printed"), ARITHMETIC)
def test_the_papers_gains_come_out_of_the_papers_numbers(of, score, base, digits, printed):
    assert round(of(float(score), float(base)), digits) == printed


@pytest.mark.parametrize(("of", "score", "base", "digits", "printed"), ARITHMETIC)
@pytest.mark.parametrize("place", ["score", "base"])
def test_and_no_longer_when_a_number_is_changed(of, score, base, digits, printed, place):
    changed = {"score": float(score), "base": float(base)}
    changed[place] += 0.1  # the last digit that all the tables print
    assert round(of(changed["score"], changed["base"]), digits) != printed


def sums(scores, num):
    """The sums of ratings behind printed means of ``num`` ratings; None where no whole sum gives them."""
    found = [round(float(score) * num / 10) for score in scores]
    fits = all(f"{10 * total / num:.2f}" == score for total, score in zip(found, scores, strict=True))
    return found if fits else None


def test_the_numbers_of_ratings_are_those_that_give_the_decimals():
    """The baseline's decimals need 120 ratings a kind, four pairings; the compared arm's 90, three pairings."""
    for name, row in (HPAUB | HPAUB_MODELS).items():
        scores = [row[kind] for kind in KINDS]
        num = int(row["n a kind"].split()[0])
        assert sums(scores, num) is not None, name
        if num > 30:
            assert sums(scores, 30) is None, name
        assert f"{10 * sum(sums(scores, num)) / (3 * num):.2f}" == row["all"], name


def test_the_gain_also_comes_out_of_every_kinds_ratings():
    """As many ratings a kind as the papers had, summing to what their means say."""

    def arm(name, table=HPAUB):
        num = int(table[name]["n a kind"].split()[0])
        totals = sums([table[name][kind] for kind in KINDS], num)
        return [
            Rating(question_id=f"{i}-{kind}", scene_id=i, kind=kind, rating=total / num, num_ratings=num // 30)
            for kind, total in zip(KINDS, totals, strict=True)
            for i in range(30)
        ]  # fmt: skip

    rows = ablation_table({name: arm(name) for name in HPAUB}, list(HPAUB), judge="GPT-4o")
    found = {(row["arm"], row["kind"]): row for row in rows}
    for name, row in HPAUB.items():
        for column in (*KINDS, ALL):
            assert f"{found[name, column]['score']:.2f}" == row[column]
    assert round(found["full", ALL]["gain"], 2) == 21.18
    assert found["baseline", "conv"]["num_ratings"] == 120


@pytest.mark.skipif(
    not REFERENCE.is_file(),
    reason="no ../shared/reference_results.yaml beside the checkout: the papers' numbers are not held against it",
)
def test_they_are_the_reference_numbers():
    found = yaml.safe_load(REFERENCE.read_text(encoding="utf-8"))
    for name, row in found["hpaub"]["ablation"].items():
        assert [float(HPAUB[name][column]) for column in (*KINDS, ALL)] == row["scores"], name
        assert int(HPAUB[name]["n a kind"].split()[0]) == row["n"]
    for name, row in found["hpaub"]["comparison"].items():
        assert [float(HPAUB_MODELS[name][column]) for column in (*KINDS, ALL)] == row["scores"], name
    extended = found["e_hpaub"]
    assert {k: float(E_HPAUB["baseline"][k]) for k in (*KINDS, ALL)} == extended["ablation_gpt4o"]["baseline"]
    assert float(E_HPAUB["full"][ALL]) == extended["ablation_gpt4o"]["full"]["all"]
    assert {name: float(row[ALL]) for name, row in E_HPAUB_MODELS.items()} == extended["comparison_gpt4o_all"]
    assert {name: float(row[ALL]) for name, row in CLAUDE.items()} == extended["comparison_claude_sonnet_4_all"]


def test_they_stand_apart_and_what_does_not_fit_is_said():
    assert all(grid.title.startswith(f"{PUBLISHED}: ") for grid in published_grids())
    assert PUBLISHED == "Published, different questions and judge"
    told = " ".join(MISFITS)
    for number in ("59.11", "62.74", "69.4", "69.6", "38.67", "48.78", "LLaVA-7B", "LLaVA-1.5-7B"):
        assert number in told
    assert MISFITS[0] in published_grids()[0].note and "69.6" in published_grids()[-2].note
    notes = {grid.title: grid.note for grid in published_grids()}
    (mixtures,) = [note for title, note in notes.items() if "HPAUB" in title and "(Table 4)" in title]
    (e_mixtures,) = [note for title, note in notes.items() if "E-HPAUB" in title and "(Table 8)" in title]
    assert all(misfit in mixtures for misfit in MISFITS[:4]) and all(misfit in e_mixtures for misfit in MISFITS[4:])
    cells = [cell for grid in published_grids() for row in grid.rows for cell in row]
    assert not [cell for cell in cells if "**" in cell or cell.startswith(("+", "-"))], "neither bold nor subtracted"
    assert HOLE_MARK in cells


def test_a_benchmarks_own_are_shown_and_none_with_the_world():
    assert len(published_grids("e_hpaub (270 questions: abc)")) == 3
    assert len(published_grids("hpaub (90 questions: abc)")) == 2
    assert published_grids("world (270 questions: abc)") == ()
