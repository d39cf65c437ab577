"""The end of a sweep, from files alone."""

import html
import math
import re
import shutil

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.tables.verdicts import rated_answers
from llavapose.files import read_json, read_jsonl, write_json, write_jsonl
from llavapose.report import sweep as sweep_module
from llavapose.report.sweep import finish_sweep
from llavapose.report.tables import read_table
from tests.report.explored import unpacked


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch):
    """W&B has its own test and takes seconds."""
    monkeypatch.setattr(sweep_module, "log_report", lambda sweep: sweep.out)


def rows_of(folder, name):
    return {tuple(row[key] for key in row if key in ("arm", "kind", "pictures", "group")): row
            for row in read_table(folder, name)}  # fmt: skip


def test_tables_follow_from_the_files(sweep, capsys):
    finish_sweep(sweep)
    rows = rows_of(sweep, "ablation.csv")
    ratings = [10 * one.rating for one in rated_answers(sweep, "full")]
    assert rows["full", "all"]["score"] == pytest.approx(sum(ratings) / len(ratings), abs=1e-3)
    base = [10 * one.rating for one in rated_answers(sweep, "baseline")]
    gap = sum(ratings) / len(ratings) - sum(base) / len(base)
    assert rows["full", "all"]["diff"] == pytest.approx(gap, abs=1e-3)
    assert rows["full", "all"]["diff_low"] < gap < rows["full", "all"]["diff_high"]
    assert rows["full", "conv"]["num_scored"] == 24 and rows["full", "all"]["num_scored"] == 72
    assert math.isnan(rows["baseline", "all"]["diff"])
    assert [arm for arm, kind in rows if kind == "all"] == ["full", "conv", "detail", "complex", "baseline", "prior"]
    assert rows["prior", "all"]["score"] == 10 and rows["full", "all"]["shuffled"] == 20
    printed = capsys.readouterr().out
    assert "Ablation" in printed and "Pose probe" in printed and str(sweep / "report" / "index.html") in printed


def test_a_failed_arm_is_a_marked_hole_in_every_form(sweep, capsys):
    finish_sweep(sweep)
    row = rows_of(sweep, "ablation.csv")["complex", "all"]
    assert math.isnan(row["score"]) and row["num_scored"] == 0, "the stale file of an earlier run was used"
    markdown, latex = (sweep / "tables.md").read_text(), (sweep / "tables.tex").read_text()
    page = (sweep / "report" / "index.html").read_text()
    for text in (capsys.readouterr().out, markdown, latex, page):
        assert re.search(r"complex\W.{0,60}failed", text, re.S), text[:2000]
    assert markdown.count("failed") >= 6


def test_the_controls_stand_in_every_form(sweep, capsys):
    finish_sweep(sweep)
    for name, form in forms(sweep, capsys).items():
        text = shown(form)
        assert re.search(r"prior\W.{0,40}10\.0 \[10\.0, 10\.0\]", text, re.S), text[:3000]
        assert re.search(r"full\W.{0,200}\b20\.0\b.{0,20}\b15\.0\b", text, re.S), f"{name}: shuffled and no picture"
        assert "is the best answer that needs no picture" in text
    assert "Somebody is there." in (sweep / "report" / "index.html").read_text(), "its answers beside the others'"


def test_what_a_blind_arm_gains_is_marked_where_it_is_read_first(sweep):
    for control in ("shuffled", "no_picture"):
        path = sweep / "verdicts" / "pose" / control / "full.jsonl"
        write_jsonl(path, [{**row, "rating": 10.0} for _, row in read_jsonl(path, what="verdicts")])
    finish_sweep(sweep)
    page = shown((sweep / "report" / "index.html").read_text())
    marked = re.findall(r"[+-]\d+\.\d+(?: \[[^\]]*\])? †", page)
    assert len(marked) == 2, "the table and the headline"


def test_equal_runs_give_equal_tables_and_pages(sweep):
    finish_sweep(sweep)
    names = ("ablation.csv", "probe.csv", "tables.md", "tables.tex", "report/index.html")
    before = [(sweep / name).read_bytes() for name in names]
    finish_sweep(sweep)
    assert [(sweep / name).read_bytes() for name in names] == before


def test_seeds_are_averaged_and_listed(seeds_sweep, caplog):
    finish_sweep(seeds_sweep)
    rows = rows_of(seeds_sweep, "ablation.csv")
    means = [
        sum(10 * one.rating for one in rated_answers(seeds_sweep / f"seed={seed}", "full")) / 72 for seed in (0, 1)
    ]
    assert rows["full", "all"]["score"] == pytest.approx(sum(means) / 2, abs=1e-3)
    assert rows["full", "all"]["num_scored"] == 72
    only = [10 * one.rating for one in rated_answers(seeds_sweep / "seed=0", "conv")]
    assert rows["conv", "all"]["score"] == pytest.approx(sum(only) / 72, abs=1e-3)
    assert "conv lacks seed=1 (failed, exit 1)" in caplog.text
    listed = (seeds_sweep / "seeds.csv").read_text().splitlines()
    assert [line.split(",")[1:3] for line in listed[1:]] == [
        ["full", "seed=0"], ["full", "seed=1"], ["conv", "seed=0"], ["conv", "seed=1"], ["baseline", "seed=0"],
    ]  # fmt: skip
    assert listed[4] == 'pose,conv,seed=1,,,,,"failed, exit 1"'
    assert listed[1].split(",")[4] == "20.0000", "its own shuffled answers"
    assert "Every seed alone" in (seeds_sweep / "tables.md").read_text()
    single = rows_of(seeds_sweep, "probe.csv")["full", "true", "all"]
    assert single["n"] == 48


def shown(text: str) -> str:
    """A page's words without its marks."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", text)))


def forms(folder, capsys) -> dict[str, str]:
    """What a reader sees, by form."""
    files = {name: (folder / name).read_text() for name in ("tables.md", "tables.tex", "report/index.html")}
    return {"console": capsys.readouterr().out, **files}


NOTE = "Fewer seeds than planned: conv lacks seed=1 (failed, exit 1)."


def test_a_mean_of_fewer_seeds_says_so_in_every_form(seeds_sweep, capsys):
    finish_sweep(seeds_sweep)
    for name, text in forms(seeds_sweep, capsys).items():
        mark = r"\ddag{}" if name == "tables.tex" else "‡"
        assert text.count(f"1 of 2 {mark}") == 3, name
        assert text.count(NOTE) >= 3, name
    assert "Holes: conv lacks seed=1" in (seeds_sweep / "report" / "index.html").read_text()
    for table in ("ablation.csv", "probe.csv"):
        told = {row["arm"]: (row["num_seeds"], row["missing_seeds"]) for row in read_table(seeds_sweep, table)}
        assert told.pop("prior", ("", ""))[1] == ""
        assert told == {"full": (2, ""), "conv": (1, "seed=1"), "baseline": (1, "")}


def test_a_seed_whose_results_were_lost_is_missing_though_its_job_ended_well(seeds_sweep, capsys):
    (seeds_sweep / "seed=1" / "verdicts" / "pose" / "full.jsonl").unlink()
    finish_sweep(seeds_sweep)
    for name, text in forms(seeds_sweep, capsys).items():
        assert "full lacks seed=1 (no results)" in text, name
    told = {row["arm"]: row["num_seeds"] for row in read_table(seeds_sweep, "ablation.csv")}
    assert told["full"] == 1
    assert {row["arm"]: row["num_seeds"] for row in read_table(seeds_sweep, "probe.csv")}["full"] == 2


def test_an_arm_that_lost_every_seed_or_never_ran_is_a_row_of_holes(seeds_sweep, capsys):
    jobs = read_json(seeds_sweep / "jobs.json", what="jobs")
    for job in jobs:
        job["exit_code"] = None if job["arm"] == "conv" else job["exit_code"]
    write_json(seeds_sweep / "jobs.json", jobs)
    finish_sweep(seeds_sweep)
    for name, text in forms(seeds_sweep, capsys).items():
        mark = r"\ddag{}" if name == "tables.tex" else "‡"
        assert "conv lacks seed=0 (not run), seed=1 (not run)" in text and f"0 of 2 {mark}" in text, name
    assert math.isnan(rows_of(seeds_sweep, "ablation.csv")["conv", "all"]["score"])


def test_one_run_an_arm_that_failed_is_named_without_a_seed(sweep, capsys):
    finish_sweep(sweep)
    for name, text in forms(sweep, capsys).items():
        assert "complex lacks its only run (failed, exit 1)" in text, name


def test_seeds_that_answered_other_questions_are_refused(seeds_sweep):
    path = seeds_sweep / "seed=1" / "verdicts" / "pose" / "full.jsonl"
    path.write_text("\n".join(path.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(DataError, match="differ between seeds"):
        finish_sweep(seeds_sweep)


def test_no_jobs_is_one_clear_line(tmp_path):
    with pytest.raises(DataError, match=r"no file .*jobs\.json"):
        finish_sweep(tmp_path)


def test_what_varies_besides_the_seed_gets_rows_of_its_own(seeds_sweep):
    jobs = read_json(seeds_sweep / "jobs.json", what="jobs")
    for job in jobs:
        job["variant"] = job["variant"].replace("seed=0", "optim.lr=0.1").replace("seed=1", "optim.lr=0.2")
        job["exit_code"] = 0
    write_json(seeds_sweep / "jobs.json", jobs)
    finish_sweep(seeds_sweep)
    arms = [arm for arm, kind in rows_of(seeds_sweep, "ablation.csv") if kind == "all"]
    varied = {f"{a} (optim.lr={lr})" for a in ("full", "conv") for lr in (0.1, 0.2)}
    assert set(arms) == varied | {"baseline", "prior"}
    assert not (seeds_sweep / "seeds.csv").exists()
    assert rows_of(seeds_sweep, "ablation.csv")["full (optim.lr=0.2)", "all"]["num_scored"] == 72


def test_each_of_our_arms_that_settings_set_apart_is_compared_with_other_models(seeds_sweep, capsys):
    """A sweep of a setting beside another model, and a judge of pairs whose anchor is ours, in each folder its own."""
    jobs = read_json(seeds_sweep / "jobs.json", what="jobs")
    for job in jobs:
        job["variant"] = job["variant"].replace("seed=0", "optim.lr=0.1").replace("seed=1", "optim.lr=0.2")
        job["exit_code"] = 0
    home = seeds_sweep / "seed=0"
    for room in ("answers", "verdicts/pose"):
        shutil.copy(home / room / "conv.jsonl", home / room / "Qwen2-VL-7B.jsonl")
        text = (home / room / "Qwen2-VL-7B.jsonl").read_text()
        (home / room / "Qwen2-VL-7B.jsonl").write_text(text.replace('"arm": "conv"', '"arm": "Qwen2-VL-7B"'))
    jobs.append({**jobs[0], "arm": "Qwen2-VL-7B", "variant": ""})
    write_json(seeds_sweep / "jobs.json", jobs)
    ratings = {"seed=0": 6.0, "seed=1": 8.0}
    for folder, rating in ratings.items():
        add_pairs(seeds_sweep / folder, "conv", anchor="full", ratings=(3.0, rating))
    add_pairs(home, "Qwen2-VL-7B", anchor="full", ratings=(3.0, 7.0))
    finish_sweep(seeds_sweep)
    ours = {f"full (optim.lr={lr})" for lr in (0.1, 0.2)}
    found = read_table(seeds_sweep, "comparison.csv")
    of_pose = [row for row in found if row["judge"] == "pose" and row["kind"] == "all"]
    assert {row["ours"] for row in of_pose} == ours
    assert {(row["ours"], row["arm"]) for row in of_pose if row["arm"] not in ("baseline", "prior")} == {
        (one, arm) for one in ours for arm in ("Qwen2-VL-7B", one)
    }
    said = capsys.readouterr().out
    assert all(f"Comparison of {one}, judge pose" in said and f"{one} less model" in said for one in ours)
    gaps = {row["ours"]: row["diff"] for row in found
            if (row["judge"], row["arm"], row["kind"]) == ("paired", "Qwen2-VL-7B", "all")}  # fmt: skip
    assert gaps == {"full (optim.lr=0.1)": 40, "full (optim.lr=0.2)": 50}, (
        "of what stood beside it, where something did"
    )
    rows = rows_of(seeds_sweep, "ablation.csv")
    scores = {row["arm"]: row["score"] for row in read_table(seeds_sweep, "ablation.csv")
              if (row["judge"], row["kind"]) == ("paired", "all") and row["score"] > 0}  # fmt: skip
    assert rows and scores == {
        "full (optim.lr=0.1)": 65, "full (optim.lr=0.2)": 80, "Qwen2-VL-7B": 30, "conv (optim.lr=0.1)": 30,
        "conv (optim.lr=0.2)": 30,
    }, "an anchor's ratings are those of its own training"  # fmt: skip


def add_pairs(folder, arm, *, anchor, ratings):
    """A judge of pairs, who gives an arm and the anchor beside it the same each time."""
    rows = [row for _, row in read_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", what="verdicts")]
    pair = [(arm, anchor, ratings[0]), (anchor, arm, ratings[1])]
    told = [
        {**row, "judge": "paired", "arm": of, "opponent": other, "order": order, "rating": rating, "claims": []}
        for row in rows for order in ("ab", "ba") for of, other, rating in pair
    ]  # fmt: skip
    write_jsonl(folder / "verdicts" / "paired" / f"{arm}.jsonl", told)


def add_judge(folder, name, arms):
    """A second judge, who gives every answer of the arms a 4."""
    for arm in arms:
        rows = [row for _, row in read_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", what="verdicts")]
        told = [row | {"judge": name, "rating": 4.0, "reason": f"{name} says so", "claims": []} for row in rows]
        write_jsonl(folder / "verdicts" / name / f"{arm}.jsonl", told)


def test_every_judge_has_a_table_and_a_plot_and_the_first_ones_do_not_change(sweep, capsys):
    finish_sweep(sweep)
    before = (sweep / "tables.md").read_text()
    add_judge(sweep, "gpt-4o-single-keypoints", ["full", "baseline"])
    finish_sweep(sweep)
    after, page = (sweep / "tables.md").read_text(), (sweep / "report" / "index.html").read_text()
    title = "**Ablation, judge gpt-4o-single-keypoints**"
    assert before.partition("**Pose probe**")[0] in after and title in after and title not in before
    for text in (capsys.readouterr().out, (sweep / "tables.tex").read_text(), page):
        assert "Ablation, judge pose" in text and "Ablation, judge gpt-4o-single-keypoints" in text
    assert page.count("<svg") == 12 and "gpt-4o-single-keypoints says so" in unpacked(page)["reasons"]
    rows = [row for row in read_table(sweep, "ablation.csv") if row["kind"] == "all"]
    scored = {(row["judge"], row["arm"]): row["num_scored"] for row in rows}
    assert scored["gpt-4o-single-keypoints", "full"] == 72 and scored["gpt-4o-single-keypoints", "conv"] == 0


def test_tables_of_the_first_version_are_read(sweep):
    finish_sweep(sweep)
    path = sweep / "ablation.csv"
    lines = [line.split(",") for line in path.read_text().splitlines()]
    path.write_text("".join(",".join(cells[1:-1]) + "\n" for cells in lines))
    assert {(row["judge"], row["benchmark"]) for row in read_table(sweep, "ablation.csv")} == {("pose", "")}
