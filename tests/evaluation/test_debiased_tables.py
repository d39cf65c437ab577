"""From verdicts of people and judges to ``debiased.csv``, the printed tables and the page."""

import math

import numpy as np
import pytest

from llavapose.evaluation.statistics.debiased import debiased
from llavapose.evaluation.tables.agreement import panel_ratings
from llavapose.evaluation.tables.debiased import DEBIASED_COLUMNS
from llavapose.evaluation.tables.parties import panel_seats
from llavapose.evaluation.tables.ratings import Rating
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_jsonl, write_json, write_jsonl
from llavapose.report.page import Source, write_page
from llavapose.report.sweep import write_tables
from llavapose.report.tables import read_table
from llavapose.report.tables.judges import further_grids

KINDS = ("conv", "detail", "complex")
WORTH = {"full": 6.5, "conv": 5.0, "baseline": 4.5}
NUM_IMAGES, NUM_RATED = 60, 24
RATERS = ("one", "two")
LIKED = "full"
"""The arm that the judges take for 0.6 better than it is."""


def line(judge, arm, image, kind, rating, **further):
    return {"question_id": f"{image}-{kind}", "scene_id": image, "kind": kind, "text": "?", "arm": arm,
            "judge": judge, "rating": rating, "opponent": None, "order": None, "repeat": 0, "reason": "",
            **further}  # fmt: skip


def write_rated(folder, *, num_rated=NUM_RATED, judges=("gpt-4o", "claude", "qwen"), without=()):
    """Judges of single answers and two raters; ``without`` are (rater, arm, question id) that have no rating."""
    rng = np.random.default_rng(0)
    own = {(arm, image, kind): worth + rng.normal(0, 1.2)
           for arm, worth in WORTH.items() for image in range(NUM_IMAGES) for kind in KINDS}  # fmt: skip
    told = {"name": "e_hpaub", "hash": "0123456789ab", "num_questions": NUM_IMAGES * len(KINDS)}
    write_json(folder / "benchmark.json", told)
    for arm in WORTH:
        keys = [key for key in own if key[0] == arm]
        for judge in judges:
            write_jsonl(folder / "verdicts" / judge / f"{arm}.jsonl", [
                line(judge, *key, float(np.clip(own[key] + 0.6 * (arm == LIKED) + rng.normal(0, 0.8), 1, 10)),
                     model=judge, protocol="single")
                for key in keys
            ])  # fmt: skip
        rows = [
            line("people", *key, int(np.clip(round(own[key] + rng.normal(0, 0.5)), 1, 10)), rater=rater)
            for key in keys if key[1] < num_rated
            for rater in RATERS if (rater, arm, f"{key[1]}-{key[2]}") not in without
        ]  # fmt: skip
        write_jsonl(folder / "verdicts" / "people" / f"{arm}.jsonl", rows)
    return folder


def rows_of(folder):
    summarise(folder)
    return {(row["judge"], row["arm"], row["kind"], row["measure"]): row for row in read_table(folder, "debiased.csv")}


def picture_means(folder, judge, arm, kind="all"):
    """Picture -> mean rating x 10 over its questions, straight from the file: of raters a mean first."""
    found = {}
    for _, row in read_jsonl(folder / "verdicts" / judge / f"{arm}.jsonl", what="verdicts"):
        if kind in ("all", row["kind"]):
            found.setdefault(row["scene_id"], {}).setdefault(row["question_id"], []).append(10 * row["rating"])
    return {image: np.mean([np.mean(of) for of in questions.values()]) for image, questions in found.items()}


def expected(folder, judge, arm, kind, measure):
    people, of_judge = picture_means(folder, "people", arm, kind), picture_means(folder, judge, arm, kind)
    if measure == "difference":
        for one, name in ((people, "people"), (of_judge, judge)):
            other = picture_means(folder, name, "baseline", kind)
            one.update({image: value - other[image] for image, value in one.items()})
    return debiased([*people.values()], [of_judge[image] for image in people],
                    [of_judge[image] for image in of_judge if image not in people])  # fmt: skip


@pytest.mark.parametrize("kind", ["all", "detail"])
@pytest.mark.parametrize("measure", ["mean", "difference"])
def test_a_row_is_the_estimate_on_picture_means(tmp_path, kind, measure):
    rows = rows_of(write_rated(tmp_path))
    row, found = rows["gpt-4o", "full", kind, measure], expected(tmp_path, "gpt-4o", "full", kind, measure)
    for name, one in (("people", found.people), ("judge_alone", found.judge), ("debiased", found.value)):
        assert (row[name], row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx((one.value, one.low, one.high),
                                                                                    abs=1e-3)  # fmt: skip
    assert (row["rated_n"], row["judged_n"]) == (NUM_RATED, NUM_IMAGES) and row["hole"] == ""
    assert (row["effective_n"], row["lambda"]) == pytest.approx((found.effective, found.weight), abs=1e-3)
    assert row["effective_n"] > NUM_RATED and 0.3 < row["lambda"] < 1


def test_every_judge_arm_and_kind_has_its_rows(tmp_path):
    rows = rows_of(write_rated(tmp_path))
    kinds = (*KINDS, "all")
    assert set(rows) == {
        (judge, arm, kind, measure)
        for judge in ("gpt-4o", "claude", "qwen", "panel")
        for arm in WORTH for kind in kinds for measure in ("mean", "difference")
        if (arm, measure) != ("baseline", "difference")
    }  # fmt: skip
    assert set(DEBIASED_COLUMNS) == set(next(iter(rows.values())))


def test_a_bias_of_the_judges_is_taken_out_and_their_panels_too(tmp_path):
    rows = rows_of(write_rated(tmp_path))
    for judge in ("gpt-4o", "panel"):
        row = rows[judge, "full", "all", "difference"]
        assert row["judge_alone_low"] > row["people"], "the judge alone is sure of what people do not say"
        assert row["debiased_low"] < 20 < row["debiased_high"]
        assert row["debiased_high"] - row["debiased_low"] < row["people_high"] - row["people_low"]
    panel, one = (rows[judge, "full", "all", "difference"] for judge in ("panel", "gpt-4o"))
    assert panel["lambda"] > one["lambda"] and panel["effective_n"] > one["effective_n"], "a median errs less"


def test_people_sit_on_no_panel(tmp_path):
    folder = write_rated(tmp_path)
    assert panel_seats([folder], ["claude", "gpt-4o", "people", "qwen"]) == ["claude", "gpt-4o", "qwen"]
    ratings = {judge: {"full": [Rating(question_id="a", scene_id=1, kind="conv", rating=value)]}
               for judge, value in (("a", 2.0), ("b", 4.0), ("people", 10.0))}  # fmt: skip
    assert panel_ratings(ratings)["full"][0].rating == 3
    assert panel_ratings({judge: ratings[judge] for judge in ("a", "people")}) == {}
    alone = write_rated(tmp_path / "alone", judges=("gpt-4o",))
    assert {key[0] for key in rows_of(alone)} == {"gpt-4o"}


def test_a_picture_that_is_rated_in_part_counts_as_not_rated(tmp_path):
    """Its mean would be over other questions than the judge's."""
    without = {(rater, "baseline", "3-detail") for rater in RATERS}
    rows = rows_of(write_rated(tmp_path, without=without))
    assert rows["gpt-4o", "full", "all", "mean"]["rated_n"] == NUM_RATED
    for kind, num in (("all", NUM_RATED - 1), ("detail", NUM_RATED - 1), ("conv", NUM_RATED)):
        row = rows["gpt-4o", "full", kind, "difference"]
        assert (row["rated_n"], row["judged_n"]) == (num, NUM_IMAGES), kind
    one_rater = rows_of(write_rated(tmp_path / "one", without={("two", "baseline", "3-detail")}))
    assert one_rater["gpt-4o", "full", "all", "difference"]["rated_n"] == NUM_RATED, "the other rater's stands"


def test_what_the_judge_left_unrated_is_left_out_of_both(tmp_path):
    folder = write_rated(tmp_path)
    path = folder / "verdicts" / "gpt-4o" / "full.jsonl"
    rows = [row for _, row in read_jsonl(path, what="verdicts")]
    for row in rows:
        if row["question_id"] == "3-detail" or row["scene_id"] == 5:
            row["rating"] = None
    write_jsonl(path, rows)
    found = rows_of(folder)["gpt-4o", "full", "all", "mean"]
    assert (found["rated_n"], found["judged_n"]) == (NUM_RATED - 1, NUM_IMAGES - 1), "picture 5 is not judged at all"
    people = []
    for image in set(range(NUM_RATED)) - {5}:
        of = [10 * row["rating"]
              for _, row in read_jsonl(folder / "verdicts" / "people" / "full.jsonl", what="verdicts")
              if row["scene_id"] == image and row["question_id"] != "3-detail"]  # fmt: skip
        people.append(np.mean(of))
    assert found["people"] == pytest.approx(np.mean(people), abs=1e-3)


def test_of_a_judge_of_pairs_the_baselines_ratings_are_those_beside_the_arm(tmp_path):
    folder = write_rated(tmp_path, judges=())
    rng = np.random.default_rng(5)
    for arm, of_base in (("full", 4.0), ("conv", 8.0)):  # beside conv the baseline looks far better
        lines = [
            line("pairs", of, image, kind, float(np.clip(rating, 1, 10)), opponent=other,
                 order=order if of == arm else order[::-1], protocol="pair", model="m")
            for image in range(NUM_IMAGES) for kind in KINDS
            for base in [of_base + rng.normal(0, 0.3)]
            for order in ("ab", "ba")
            for of, other, rating in ((arm, "baseline", base + 1), ("baseline", arm, base))
        ]  # fmt: skip
        write_jsonl(folder / "verdicts" / "pairs" / f"{arm}.jsonl", lines)
    row = rows_of(folder)["pairs", "full", "all", "difference"]
    assert row["judge_alone"] == pytest.approx(10, abs=1e-3)


def test_below_twenty_rated_pictures_is_a_hole_that_says_why(tmp_path):
    folder = write_rated(tmp_path, num_rated=12)
    row = rows_of(folder)["gpt-4o", "full", "all", "difference"]
    assert math.isnan(row["debiased"]) and math.isnan(row["effective_n"])
    assert row["hole"] == "12 rated pictures, 20 are needed" and row["rated_n"] == 12
    assert not math.isnan(row["people"]) and not math.isnan(row["judge_alone"])
    grid = further_grids(folder)["debiased_difference_gpt-4o"]
    assert "No debiased value: 12 rated pictures, 20 are needed (full, conv)." in grid.note
    cells = dict(zip(grid.header, grid.rows[0], strict=True))
    assert (
        cells["debiased"] == cells["effective n"] == "—" and cells["rated n"] == "12" and "[" in cells["people alone"]
    )


def test_without_people_there_is_no_table(tmp_path):
    folder = write_rated(tmp_path)
    summarise(folder)
    assert (folder / "debiased.csv").is_file()
    for path in (folder / "verdicts" / "people").iterdir():
        path.unlink()
    summarise(folder)
    assert not (folder / "debiased.csv").exists(), "what earlier results left is removed"
    assert not [name for name in further_grids(folder) if name.startswith("debiased")]


def test_debiased_stands_beside_raw_in_every_form(tmp_path, capsys):
    folder = write_rated(tmp_path)
    summarise(folder)
    write_tables(folder, list(WORTH))
    grids = {name: grid for name, grid in further_grids(folder).items() if name.startswith("debiased_")}
    assert list(grids)[:2] == ["debiased_difference_claude", "debiased_mean_claude"] and len(grids) == 8
    grid = grids["debiased_difference_panel"]
    assert grid.title == (
        "Differences to baseline, debiased by people's ratings, judge panel, benchmark e_hpaub (180 questions: "
        "0123456789ab)"
    )
    assert grid.header == (
        "arm", "kind", "judge alone", "people alone", "debiased", "rated n", "of", "effective n", "lambda",
    )  # fmt: skip
    assert [row[:2] for row in grid.rows] == [(arm, kind) for arm in ("full", "conv") for kind in (*KINDS, "all")]
    assert all(cell.startswith(("+", "-")) and "[" in cell for row in grid.rows for cell in row[2:5])
    assert "panel is the median of claude, gpt-4o and qwen." in grid.note and "drawn at random" in grid.note
    said = capsys.readouterr().out
    for name in ("tables.md", "tables.tex"):
        text = (folder / name).read_text()
        assert all(one.title.partition(",")[0] in text and "effective n" in text for one in grids.values())
    assert all(one.title in said for one in grids.values())
    page = write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder))).read_text()
    assert all(one.title.replace("'", "&#39;") in page for one in grids.values())
