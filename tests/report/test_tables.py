"""Tables in every form say the same, holes included."""

import math
import random
import re
from dataclasses import replace

import pytest

from llavapose.config.choices import Control
from llavapose.errors import DataError
from llavapose.evaluation.probe.score import PROBE_COLUMNS
from llavapose.evaluation.tables.ablation import ABLATION_COLUMNS, ablation_table, arms_in_order
from llavapose.evaluation.tables.comparison import comparison_table
from llavapose.evaluation.tables.ratings import Rating
from llavapose.files import write_csv
from llavapose.report.plots import score_plot, skill_plot
from llavapose.report.tables import (
    BLIND_MARK,
    NEEDED,
    UNTESTED_MARK,
    Grid,
    ablation_grid,
    as_latex,
    as_markdown,
    as_text,
    probe_grid,
    probe_groups_grid,
    read_table,
)
from llavapose.report.tables.differences import SEEN_MARK, comparison_grids, difference_grids


def ratings(values, kind="conv"):
    return [Rating(question_id=f"{i}-{kind}", scene_id=i, kind=kind, rating=value) for i, value in enumerate(values)]


def test_unscored_is_counted_and_is_no_zero():
    rows = ablation_table({"full": ratings([8.0, None, 6.0])}, ["full"])
    total = next(row for row in rows if row["kind"] == "all")
    assert (total["score"], total["num_scored"], total["num_unscored"]) == (70, 2, 1)
    assert "2 (+1 unscored)" in as_text(ablation_grid(rows))


def test_the_difference_pairs_only_what_both_were_scored_on():
    rows = ablation_table({"full": ratings([8.0, 9.0, None]), "baseline": ratings([5.0, None, 1.0])}, ["full"])
    assert next(row for row in rows if row["kind"] == "all")["diff"] == 30


def test_a_difference_without_looking_is_marked():
    """An arm that gains on the baseline, and as much with other pictures, has learnt to guess."""
    full, baseline, prior = ratings([8.0, 9.0, 7.0, 8.0]), ratings([3.0, 4.0, 2.0, 5.0]), ratings([1.0] * 4)
    blind = {
        Control.shuffled: {"full": ratings([9.0, 8.0, 8.0, 7.0])},
        Control.no_picture: {"full": ratings([1.0] * 4)},
    }
    seeing = {Control.shuffled: {"full": ratings([1.0, 2.0, 1.0, 1.0])}}
    for controls, mark in ((blind, BLIND_MARK), (seeing, ""), ({}, UNTESTED_MARK)):
        told = {"full": full, "baseline": baseline, "prior": prior}
        rows = ablation_table(told, ["full", "baseline", "prior"], controls=controls)
        grid = ablation_grid(rows)
        first = dict(zip(grid.header, grid.rows[0], strict=True))
        assert first["difference to baseline"] == f"+45.0 [+29.1, +60.9] {mark}".strip()
        assert first["shuffled"] == ("80.0" if mark == BLIND_MARK else "12.5" if controls else "—")
        assert first["no picture"] == ("10.0" if mark == BLIND_MARK else "—")
        assert dict(zip(grid.header, grid.rows[-1], strict=True))["difference to baseline"].endswith("]"), "the prior"
        assert grid.rows[-1][0] == "prior" and grid.rows[-1][4] == "10.0 [10.0, 10.0] ="
    beaten = ablation_table({"full": baseline, "baseline": prior, "prior": full}, ["full", "baseline", "prior"])
    assert ablation_grid(beaten).rows[0][-3].endswith(f" {BLIND_MARK}"), "the prior does better"
    assert r"\dag{}" in as_latex(ablation_grid(beaten))


def test_the_share_of_claims_that_is_right_says_why():
    told = [replace(one, num_right=3.0, num_wrong=1.0) for one in ratings([8.0, None, 6.0])]
    grid = ablation_grid(ablation_table({"full": told, "baseline": ratings([1.0])}, ["full", "baseline"]))
    assert [dict(zip(grid.header, row, strict=True))["claims right"] for row in grid.rows] == ["75% of 4.0", "—"]


def test_complex_says_what_is_not_judged():
    assert "not the reasoning" in ablation_grid(ablation_table({"full": ratings([8.0])}, ["full"])).note
    other = ablation_table({"full": ratings([8.0])}, ["full"], judge="gpt4o")
    assert "not the reasoning" not in ablation_grid(other).note


def test_a_note_says_why_questions_are_unscored_and_what_is_missing_apart():
    asked = ratings([8.0, None, 6.0, 7.0])
    guessed = [replace(one, unscored="" if one.rating else "needs no picture") for one in asked]
    failed = [*guessed[:3], replace(asked[3], rating=None, missing=True, unscored="no answer")]
    of_judge = ablation_table({"full": failed, "conv": guessed, "baseline": guessed}, ["full", "conv", "baseline"])
    note = ablation_grid(of_judge).note
    reason = "needs no picture, as the commonest answer is right too often"
    assert f"Unscored: 1 of every arm ({reason}). Missing: full 1 (no answer)." in note
    rated = ablation_grid(ablation_table({"full": ratings([8.0])}, ["full"])).note
    assert "nscored" not in rated and "Missing" not in rated
    none = [replace(one, rating=None, unscored="the pictures have no keypoints") for one in asked]
    note = ablation_grid(ablation_table({"full": none}, ["full"])).note
    assert "Unscored: full 4 (the pictures have no keypoints)." in note and "commonest" not in note
    compared = {"full": guessed, "Qwen2-VL-7B": failed}
    (grid,) = comparison_grids(comparison_table(compared, list(compared), "full")).values()
    assert "Missing: Qwen2-VL-7B 1 (no answer)." in grid.note


def test_questions_that_only_share_their_id_are_no_pair():
    one = [Rating(question_id="1", scene_id=1, kind="conv", rating=8.0, text="Is she sitting or standing?")]
    other = [Rating(question_id="1", scene_id=1, kind="conv", rating=3.0, text="Is the left knee bent or straight?")]
    rows = ablation_table({"full": one, "baseline": other}, ["full"])
    assert all(math.isnan(row["diff"]) for row in rows)


def test_a_round_trip_keeps_numbers_and_holes(tmp_path):
    rows = ablation_table({"full": ratings([8.0, 6.5, 3.0])}, ["full", "conv"])
    write_csv(tmp_path / "ablation.csv", rows, ABLATION_COLUMNS)
    back = read_table(tmp_path, "ablation.csv")
    for row, read in zip(rows, back, strict=True):
        for column in ABLATION_COLUMNS:
            same = row[column] == read[column] or row[column] == pytest.approx(read[column], abs=1e-4, nan_ok=True)
            assert same, column
    assert math.isnan(back[-1]["score"])


def test_readers_need_only_what_the_writers_write(tmp_path):
    assert set(NEEDED["ablation.csv"]) <= set(ABLATION_COLUMNS) and set(NEEDED["probe.csv"]) <= set(PROBE_COLUMNS)
    (tmp_path / "probe.csv").write_text("arm,pictures\n")
    with pytest.raises(DataError, match=r"probe\.csv lacks the columns group"):
        read_table(tmp_path, "probe.csv")


def test_the_three_forms():
    grid = Grid(title="T", header=("arm", "a & b"), rows=(("x_1", "50%"), ("y|z", "—")), note="N")
    assert as_text(grid) == "T\narm  a & b\n---  -----\nx_1    50%\ny|z      —\nN\n"
    assert r"| y\|z | — |" in as_markdown(grid) and "| --- | ---: |" in as_markdown(grid)
    latex = as_latex(grid)
    assert r"x\_1 & 50\% \\" in latex and r"a \& b" in latex and "---" in latex and "—" not in latex
    assert latex.count("{") == latex.count("}")


def test_rows_stand_in_the_papers_order():
    assert arms_in_order(["baseline", "mine", "complex", "full", "conv"]) == (
        "full", "conv", "complex", "mine", "baseline",
    )  # fmt: skip


def told(values, arms=("full", "conv"), judge="gpt-4o", **more):
    """Rows of an ablation over 20 images whose ratings are these, each question's a little off."""
    found = {
        arm: [replace(one, rating=one.rating + 0.2 * (one.scene_id % 3), **more) for one in ratings([value] * 20)]
        for arm, value in values.items()
    }
    return ablation_table(found, [*arms, "baseline"], judge=judge, benchmark="world (20 questions: 0123456789ab)")


def test_a_caption_says_how_intervals_were_made_and_what_they_do_not_know():
    note = ablation_grid(told({"full": 8.0, "conv": 5.0, "baseline": 5.0})).note
    assert "[95% interval by Student's t over image means]" in note
    assert "One training seed of each arm: the interval does not know training's own spread." in note
    seeds = told({"full": 8.0, "baseline": 5.0}, ("full",), runs=(7.0, 8.0, 9.0))
    note = ablation_grid([row for row in seeds if row["arm"] == "full"]).note
    assert "by a t over images and training seeds (crossed, Satterthwaite)" in note and "One training" not in note
    assert "Two training seeds" not in note
    two = told({"full": 8.0, "baseline": 5.0}, ("full",), runs=(7.0, 9.0))
    assert "Two training seeds say little of training's spread" in ablation_grid(two).note
    kept = [{**row, "interval": "", "num_runs": math.nan} for row in seeds]
    assert "[95% interval by bootstrap over images]" in ablation_grid(kept).note, "tables of earlier versions"


def test_an_interval_of_no_width_is_marked_and_so_are_few_pictures():
    rows = ablation_table({"full": ratings([10.0] * 25), "baseline": ratings([8.0, 9.0] * 12)}, ["full", "baseline"])
    grid = ablation_grid(rows)
    full, baseline = (dict(zip(grid.header, row, strict=True)) for row in grid.rows)
    assert full["all"] == "100.0 [100.0, 100.0] =" and "=" not in baseline["all"]
    for form in (as_text, as_markdown, as_latex):
        assert "=: no spread was seen, all pictures gave the same" in form(grid)
    assert "no spread" not in as_text(ablation_grid([row for row in rows if row["arm"] == "baseline"]))
    assert "Fewer than 20 pictures" not in grid.note
    assert "Fewer than 20 pictures" in ablation_grid(ablation_table({"full": ratings([8.0, 9.0])}, ["full"])).note


def test_the_smallest_gap_stands_under_every_table():
    values = {"full": 8.0, "conv": 5.0, "baseline": 5.0}
    rows = told(values)
    rows = [{**row, "smallest_gap": {"full": 3.21, "conv": 4.56}.get(row["arm"], math.nan)} for row in rows]
    said = "Smallest difference in all that these questions can show"
    for grid in (ablation_grid(rows), *difference_grids(rows).values()):
        assert said in grid.note and grid.note.endswith(" among these arms: 4.6.")
    assert said not in ablation_grid(told({"full": 8.0}, ("full",))).note, "nothing to compare with"


def test_an_arm_that_hardly_differs_promises_nothing_of_the_others():
    rng = random.Random(0)
    baseline = ratings([rng.uniform(2, 9) for _ in range(30)])
    found = {
        "full": [replace(one, rating=rng.uniform(2, 9)) for one in baseline],
        "conv": [replace(one, rating=one.rating + 0.01 * (one.scene_id % 2)) for one in baseline],
        "baseline": baseline,
    }
    rows = ablation_table(found, list(found), judge="gpt-4o")
    gaps = {row["arm"]: row["smallest_gap"] for row in rows if row["kind"] == "all"}
    assert gaps["conv"] < 0.1 < 5 < gaps["full"]
    assert ablation_grid(rows).note.endswith(f" among these arms: {gaps['full']:.1f}.")


def test_n_is_questions_and_ratings():
    rows = told({"full": 8.0, "baseline": 5.0}, ("full",))
    rows += told({"baseline": 5.0}, (), num_ratings=4)
    grid = ablation_grid(rows)
    assert [row[-1] for row in grid.rows] == ["20", "20 (80 ratings)"]


def test_a_note_says_whose_questions_a_mean_and_a_difference_are_of():
    """A mean is over an arm's own scored questions; an arm that lacks some is compared on those that both have."""
    found = {arm: ratings([value] * 20) for arm, value in (("full", 8.0), ("conv", 5.0), ("baseline", 4.0))}
    same = "Means are over the questions that each arm was scored on, 20 of every arm."
    others = "Qwen2-VL-7B"
    compared = {"full": found["full"], others: found["conv"], "baseline": found["baseline"]}

    def notes():
        ablation = ablation_table(found, list(found), judge="gpt-4o")
        rows = comparison_table(compared, list(compared), "full", judge="gpt-4o")
        return [grid.note for grid in (ablation_grid(ablation), *difference_grids(ablation).values(),
                                       *comparison_grids(rows).values())]  # fmt: skip

    assert all(same in note and "common" not in note for note in notes())
    found["conv"][:2] = [replace(one, rating=None, missing=True) for one in found["conv"][:2]]
    found["baseline"][2] = compared["baseline"][2] = replace(found["baseline"][2], rating=None, missing=True)
    own = "Means are over the questions that each arm was scored on (n: full 20, conv 18, baseline 19)"
    both = "a difference is over the common ones alone, so that it need not be that of two means (full 19, conv 17)."
    of_ablation, of_differences, of_comparison = notes()
    assert f"{own}; {both}" in of_ablation and f"{own}; {both}" in of_differences
    assert "(n: Qwen2-VL-7B 18, full 20, baseline 19); a difference" in of_comparison
    assert "two means (Qwen2-VL-7B 18, baseline 19)." in of_comparison


def test_as_many_questions_are_not_the_same_questions():
    found = {arm: ratings([value] * 20) for arm, value in (("full", 8.0), ("baseline", 4.0))}
    found["full"][0] = replace(found["full"][0], rating=None, missing=True)
    found["baseline"][1] = replace(found["baseline"][1], rating=None, missing=True)
    note = ablation_grid(ablation_table(found, list(found), judge="gpt-4o")).note
    assert "19 of every arm; a difference is over the common ones alone" in note and "(full 18)." in note


def test_differences_say_what_is_no_chance():
    rng = random.Random(0)
    values = {"full": 8.0, "conv": 5.0, "baseline": 5.0}
    found = {
        arm: [replace(one, rating=one.rating + rng.gauss(0, 0.5)) for one in ratings([value] * 20)]
        for arm, value in values.items()
    }
    found["full"][0] = replace(found["full"][0], rating=None, missing=True)
    (grid,) = difference_grids(ablation_table(found, list(values), judge="gpt-4o")).values()
    full, conv = (dict(zip(grid.header, row, strict=True)) for row in grid.rows)
    assert full["all"].endswith("] *") and conv["all"].endswith("]") and full["detail"] == "—"
    assert full["p (Holm)"] == "<0.001" and float(conv["p (Holm)"]) > 0.05
    assert full["gain"].startswith("+") and full["gain"].endswith("%") and full["n both"] == "19"
    low, high = (float(end) for end in full["if missing"].split(" to "))
    assert low < float(full["all"].partition(" ")[0]) < high and conv["if missing"] == "—"
    assert "Holm" in grid.note and "if missing" in grid.note
    assert difference_grids(ablation_table(found, ["baseline"])) == {}


def test_a_star_counts_all_tests_of_the_table():
    """A p below 5% that is one of many tests is none behind Holm."""
    rows = told({"full": 8.0, "conv": 5.0, "baseline": 5.0})
    rows = [{**row, "p": 0.02, "p_holm": 0.16 if row["arm"] == "full" else 0.04} for row in rows]
    (grid,) = difference_grids(rows).values()
    full, conv = (dict(zip(grid.header, row, strict=True)) for row in grid.rows[:2])
    assert not full["all"].endswith(SEEN_MARK) and conv["all"].endswith(f" {SEEN_MARK}")
    assert (full["p (Holm)"], conv["p (Holm)"]) == ("0.160", "0.040")


def test_a_comparison_tests_no_control_and_says_what_it_can_see():
    """The bounds are no models: they would cost the models' own tests their strength."""
    rng = random.Random(0)
    values = {"full": 6.0, "Qwen2-VL-7B": 5.6, "baseline": 4.0, "text_only": 9.0, "prior": 2.0}
    found = {
        arm: [replace(one, rating=value + rng.gauss(0, 0.5)) for one in ratings([value] * 20)]
        for arm, value in values.items()
    }
    rows = comparison_table(found, list(values), "full", judge="gpt-4o")
    tested = {row["arm"] for row in rows if not math.isnan(row["p"])}
    assert tested == {"Qwen2-VL-7B", "baseline"} == {row["arm"] for row in rows if not math.isnan(row["p_holm"])}
    alone = comparison_table({arm: found[arm] for arm in (*tested, "full")}, [*tested, "full"], "full", judge="gpt-4o")
    adjusted = [
        [row["p_holm"] for row in table if (row["arm"], row["kind"]) == ("Qwen2-VL-7B", "all")]
        for table in (rows, alone)
    ]
    assert adjusted[0] == adjusted[1], "a control beside a model costs it nothing"
    (grid,) = comparison_grids(rows).values()
    gaps = [row["smallest_gap"] for row in rows if row["kind"] == "all" and row["arm"] in tested]
    assert f"{max(gaps):.1f}" in grid.note.partition("Smallest difference in all that these questions can show")[2]
    lines = {row[0]: dict(zip(grid.header, row, strict=True)) for row in grid.rows}
    assert lines["text_only"]["p (Holm)"] == lines["prior"]["gain"] == "—"


def test_a_comparison_shows_every_model_and_how_far_ours_is_above_it():
    values = {"full": 8.0, "Qwen2-VL-7B": 5.0, "baseline": 4.0}
    found = {
        arm: [replace(one, rating=one.rating + 0.2 * (one.scene_id % 3)) for one in ratings([value] * 20)]
        for arm, value in values.items()
    }
    (grid,) = comparison_grids(comparison_table(found, list(values), "full", judge="gpt-4o")).values()
    assert [row[0] for row in grid.rows] == ["Qwen2-VL-7B", "full", "baseline"] and "full less model" in grid.header
    first = dict(zip(grid.header, grid.rows[0], strict=True))
    assert first["full less model"].startswith("+30.0") and first["gain"] == "+57.8%"
    assert dict(zip(grid.header, grid.rows[1], strict=True))["full less model"] == "—"
    assert first["all"].endswith("] (†)") and first["shuffled"] == "—", "controls that are not there are said"


def test_a_comparison_marks_models_that_do_not_look():
    rng = random.Random(0)

    def told(value):
        return [replace(one, rating=one.rating + rng.gauss(0, 0.3)) for one in ratings([value] * 20)]

    values = {"full": 8.0, "Qwen2-VL-7B": 5.0, "baseline": 4.0, "text_only": 9.0, "prior": 2.0}
    found = {arm: told(value) for arm, value in values.items()}
    controls = {Control.shuffled: {"full": told(3.0), "Qwen2-VL-7B": told(5.5)}, Control.no_picture: {"full": told(1)}}
    table = comparison_table(found, list(values), "full", controls=controls, judge="gpt-4o")
    (grid,) = comparison_grids(table).values()
    lines = {row[0]: dict(zip(grid.header, row, strict=True)) for row in grid.rows}
    assert {arm: line["all"].partition("]")[2].strip() for arm, line in lines.items()} == {
        "Qwen2-VL-7B": "†", "full": "", "baseline": "(†)", "text_only": "", "prior": "",
    }  # fmt: skip
    assert float(lines["Qwen2-VL-7B"]["shuffled"]) == pytest.approx(55, abs=3)
    assert float(lines["full"]["no picture"]) == pytest.approx(10, abs=3)
    assert "†: not above both prior" in grid.note


def test_latex_prints_signs_that_its_old_fonts_have_elsewhere():
    """In a text, ``<`` alone prints an inverted exclamation mark."""
    latex = as_latex(Grid(title="a > b", header=("arm", "p"), rows=(("x|y", "<0.001"),)))
    assert r"x\textbar{}y & \textless{}0.001 \\" in latex and r"\caption{a \textgreater{} b." in latex


def test_latex_is_booktabs():
    latex = as_latex(Grid(title="T", header=("arm", "a"), rows=(("x", "1"),)))
    order = [r"\begin{tabular}{lr}", r"\toprule", r"\midrule", r"\bottomrule", r"\end{tabular}"]
    assert sorted(order, key=latex.index) == order and r"\hline" not in latex


def probed(pictures, group, skill, **more):
    named = {"arm": "full", "pictures": pictures, "group": group, "skill": skill, "low": skill - 0.1}
    return {**named, "high": skill + 0.1, "n": 90.0, "unanswered": 4.0, **more}


def test_the_probe_has_both_controls_and_what_was_not_answered():
    rows = [probed("true", "all", 0.6), probed("true", "all (one person)", 0.7, n=40.0), probed("true", "arms", 0.5),
            probed("shuffled", "all", 0.02), probed("no_picture", "all", 0.01)]  # fmt: skip
    grid = probe_grid(rows, ["full", "prior"], benchmark=", benchmark world (20 questions: 0123456789ab)")
    (line,) = grid.rows
    found = dict(zip(grid.header, line, strict=True))
    assert found["no picture"] == "0.01 [-0.09, 0.11]" and found["shuffled pictures"] == "0.02 [-0.08, 0.12]"
    assert (found["n"], found["unanswered"], found["several people"]) == ("90", "4", "—")
    assert grid.title == "Pose probe, pictures of benchmark world (20 questions: 0123456789ab)"
    assert grid.note.endswith(" n: all 90, one person 40, shuffled pictures 90, no picture 90.")
    (groups,) = [probe_groups_grid(rows, ["full"], benchmark=", benchmark world (20 questions: 0123456789ab)")]
    assert groups.rows == (("full", "0.50 [0.40, 0.60]"),) and groups.note.endswith(" n: arms 90.")
    assert groups.title.endswith(", pictures of benchmark world (20 questions: 0123456789ab)")
    del rows[0]["unanswered"]
    assert probe_grid(rows, ["full"]).rows[0][-1] == "—", "tables of earlier versions"


def test_the_probes_plot_has_the_controls_that_were_probed():
    rows = [probed("true", "all", 0.6), probed("shuffled", "all", 0.02), probed("no_picture", "all", 0.01)]
    plot = skill_plot(rows, ["full"])
    for form in (plot.wide, plot.narrow):
        assert "all, no picture" in form and "all, shuffled pictures" in form and "several people" not in form
    assert "no picture" not in skill_plot(rows[:2], ["full"]).wide


def test_the_name_of_a_line_lies_behind_all_points():
    rows = ablation_table({"full": ratings([1.0, 1.1]), "baseline": ratings([1.0, 1.2])}, ["full", "baseline"])
    wide = score_plot(rows).wide
    (label,) = re.findall(r'<text[^>]*text-anchor: start[^>]* x="([\d.]+)"[^>]*>adds nothing</text>', wide)
    points = [float(x) for x in re.findall(r'<use [^>]*\bx="([\d.]+)"', wide)]
    assert len(points) > 4 and float(label) > max(points) + 10


def test_long_names_leave_the_plot_its_room_and_stay_apart_on_a_telephone():
    """As a warning is an error here, a legend that takes all the room fails."""
    arms = [f"full (optim.learning_rate=0.{digit})" for digit in range(1, 8)]
    found = {arm: ratings([5.0, 6.0, 7.0]) for arm in arms}
    plot = score_plot(ablation_table(found, arms))
    assert all(f">{arm}<" in plot.wide for arm in arms)
    assert all(f">full (o…_rate=0.{digit})<" in plot.narrow for digit in range(1, 8))


def test_percents_are_of_a_scale_with_a_zero():
    """The pose judge's mean may be a tenth above nothing, or below: 9,900% more of it says nothing."""
    found = {arm: ratings([value] * 20) for arm, value in {"full": 8.0, "baseline": 0.08}.items()}
    gains = {judge: ablation_table(found, list(found), judge=judge)[3]["gain"] for judge in ("gpt-4o", "pose")}
    assert gains["gpt-4o"] == pytest.approx(9900) and math.isnan(gains["pose"])
    compared = comparison_table({**found, "Qwen2-VL-7B": ratings([5.0] * 20)}, ["Qwen2-VL-7B", "full"], "full")
    assert all(math.isnan(row["gain"]) for row in compared)


def test_arms_that_are_alike_promise_no_gap():
    rows = told({"full": 5.0, "baseline": 5.0})
    assert all("Smallest difference" not in grid.note for grid in difference_grids(rows).values())
