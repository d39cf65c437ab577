"""One table of arms with different bases: each beside its own base's baseline, with the base as a column."""

import csv
import math
import re
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from llavapose.cli import card
from llavapose.files import read_json, results_beside, write_json
from llavapose.records import base_of, named_bases, peer, with_base, without_base
from llavapose.report import sweep as sweep_module
from llavapose.report.sweep import finish_sweep
from llavapose.report.tables import read_table
from llavapose.report.wandb.logged import LoggedSweep
from tests.report.explored import unpacked
from tests.report.two_bases import APART, BASES, NUM_IMAGES, PAIRS, SEES, WORTH, job, rating, write_arm, write_sweep

BOTH = [(base, arm) for base in BASES for arm in ("conv", "full")]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """A sweep with its tables: its folder, what was printed, what W&B would be given."""

    out: Path
    printed: str
    logged: LoggedSweep


@pytest.fixture(autouse=True)
def no_wandb(monkeypatch):
    """W&B has its own test and takes seconds."""
    monkeypatch.setattr(sweep_module, "log_report", lambda sweep: sweep.out)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Finished:
    """Two bases with a baseline and two arms each, rated by the pose judge and by one of pairs."""
    out, kept, printed = write_sweep(tmp_path_factory.mktemp("bases") / "sweep", pairs=True), [], StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(printed):
        patch.setattr(sweep_module, "log_report", lambda sweep: kept.append(sweep) or sweep.out)
        finish_sweep(out)
    return Finished(out=out, printed=printed.getvalue(), logged=kept[0])


def cells(folder, name="ablation.csv", judge="pose"):
    """(arm, base, kind or pictures) -> row, of the file itself: over all kinds or facts."""
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row.get("judge", judge) == judge]
    wanted = "kind" if name == "ablation.csv" else "group"
    return {(row["arm"], row["base"], row.get("pictures", "")): row for row in rows if row[wanted] == "all"}


def gap(base, arm, other):
    """The difference x 10 to the baseline of a base, counted by hand."""
    images = range(1, NUM_IMAGES + 1)
    return 10 * float(np.mean([rating(base, arm, one) - rating(other, "baseline", one) for one in images]))


def test_every_arm_is_less_its_own_base(finished):
    found = cells(finished.out)
    for base, arm in BOTH:
        (other,) = set(BASES) - {base}
        told = float(found[arm, base, ""]["diff"])
        assert told == pytest.approx(gap(base, arm, base), abs=1e-3)
        assert abs(told - gap(base, arm, other)) > APART - 1, "nobody could tell the two baselines apart here"
        assert float(found[arm, base, ""]["diff_low"]) <= told <= float(found[arm, base, ""]["diff_high"])
        assert found[arm, base, ""]["num_common"] == str(3 * NUM_IMAGES)
    for base in BASES:
        assert math.isnan(float(found["baseline", base, ""]["diff"] or "nan"))
        assert float(found["baseline", base, ""]["score"]) == pytest.approx(
            10 * np.mean([rating(base, "baseline", one) for one in range(1, NUM_IMAGES + 1)]), abs=1e-3
        )


def test_who_takes_the_other_bases_baseline_is_found(tmp_path, monkeypatch):
    """The mutation: every row's peers are those of the first base."""
    monkeypatch.setattr("llavapose.evaluation.tables.ablation.peer", lambda row, name: with_base(name, "weak"))
    found = cells(finish_sweep(write_sweep(tmp_path)).parents[1])
    assert float(found["full", "strong", ""]["diff"]) != pytest.approx(gap("strong", "full", "strong"), abs=1)


def test_controls_are_each_arms_own(finished):
    found = cells(finished.out)
    for base, arm in [*BOTH, *((base, "baseline") for base in BASES)]:
        assert float(found[arm, base, ""]["shuffled"]) == 15 + 2.5 * (base == "strong")
        assert float(found[arm, base, ""]["no_picture"]) == 12.5 + 2.5 * (base == "strong")
    for base in BASES:
        told = float(found["prior", base, ""]["diff"])
        assert told == pytest.approx(10 - 10 * np.mean([rating(base, "baseline", i) for i in range(1, 25)]), abs=1e-3)


def test_the_probe_is_each_arms_own(finished):
    found = cells(finished.out, "probe.csv")
    for base in BASES:
        for arm in WORTH[base]:
            row = found[arm, base, "true"]
            assert float(row["balanced_accuracy"]) == pytest.approx(SEES[base][arm] / 4, abs=1e-3), (base, arm)
            assert float(found[arm, base, "shuffled"]["balanced_accuracy"]) == pytest.approx(0.5, abs=1e-3)


def test_a_judge_of_pairs_keeps_to_the_own_base(tmp_path):
    """Each base's anchor is the mean of what it was rated beside the arms of that base alone."""
    folder = finish_sweep(write_sweep(tmp_path, pairs=True, seeds=(0, 1))).parents[1]
    found = cells(folder, judge=PAIRS)
    for base, arm in BOTH:
        assert float(found[arm, base, ""]["diff"]) == pytest.approx(gap(base, arm, base), abs=1e-3)
    for base in BASES:
        own = 10 * np.mean([rating(base, "baseline", one) for one in range(1, NUM_IMAGES + 1)])
        assert float(found["baseline", base, ""]["score"]) == pytest.approx(own, abs=1e-3)
        # Two arms, two seeds, two orders.
        assert int(found["baseline", base, ""]["num_ratings"]) == 2 * 2 * 2 * 3 * NUM_IMAGES


def test_seeds_of_one_base_are_averaged_and_bases_are_not(tmp_path):
    folder = finish_sweep(write_sweep(tmp_path, seeds=(0, 1))).parents[1]
    found = cells(folder)
    assert {found[arm, base, ""]["num_seeds"] for base, arm in BOTH} == {"2"}
    assert {found["baseline", base, ""]["num_seeds"] for base in BASES} == {"1"}
    assert float(found["full", "strong", ""]["diff"]) == pytest.approx(gap("strong", "full", "strong"), abs=1e-3)
    seeds = [(row["arm"], row["seed"]) for row in read_table_rows(folder, "seeds.csv")]
    assert ("full", "seed=1") in seeds and not any("model=" in seed for _, seed in seeds)


def read_table_rows(folder, name):
    with (folder / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def test_every_form_has_the_base_as_a_column(finished):
    text, markdown = finished.printed, (finished.out / "tables.md").read_text()
    latex, html = (finished.out / "tables.tex").read_text(), (finished.out / "report" / "index.html").read_text()
    lines = [line for line in text.splitlines() if line.startswith("arm ")]
    assert lines and all(line.split()[1] == "base" for line in lines)
    for base in BASES:
        for arm in ("full", "conv", "baseline"):
            assert re.search(rf"^{arm} +{base} ", text, re.M)
            assert f"| {arm} | {base} |" in markdown and f"\n{arm} & {base} &" in latex
            assert re.search(rf"</i>{arm}</th>\s*<td[^>]*>\s*{base}", html), (arm, base)
    tables = [part for part in (markdown, latex, text) for part in part.splitlines() if "base=" in part]
    assert not [line for line in tables if line.lstrip("| ").startswith(("full (", "conv (", "baseline ("))]
    assert "own base" in markdown and "own base" in html


def test_rows_come_base_by_base(finished):
    rows = [(row["base"], row["arm"]) for row in read_table_rows(finished.out, "ablation.csv")
            if (row["judge"], row["kind"]) == ("pose", "all")]  # fmt: skip
    own = ("full", "conv", "baseline")
    assert rows == [(base, arm) for base in BASES for arm in own] + [(base, "prior") for base in BASES]


def test_what_is_read_back_has_one_name_a_row(finished):
    rows = read_table(finished.out, "ablation.csv")
    names = {row["arm"] for row in rows}
    assert {"full (base=weak)", "full (base=strong)", "baseline (base=weak)"} <= names
    assert len(names) == 8, names
    for judge in ("pose", PAIRS):
        told = [(row["arm"], row["kind"]) for row in rows if row["judge"] == judge]
        assert len(set(told)) == len(told)
    for name in ("claims.csv", "judging.csv"):
        assert {without_base(row["arm"]) for row in read_table(finished.out, name)} <= {*WORTH["weak"], "all", "prior"}


def test_one_base_has_no_column(tmp_path, capsys):
    folder = finish_sweep(write_sweep(tmp_path, bases={"weak": BASES["weak"]}, pairs=True)).parents[1]
    for path in (*folder.glob("*.csv"), folder / "tables.md", folder / "tables.tex"):
        assert not re.search(r"\bbase\b(?! ?\()", path.read_text().splitlines()[0]), path
    assert "base=" not in (folder / "tables.md").read_text() and "| base |" not in (folder / "tables.md").read_text()
    assert "base" not in read_table_rows(folder, "ablation.csv")[0]


def test_a_setting_of_one_base_sets_rows_apart_as_before(tmp_path):
    jobs = []
    for lr in ("0.1", "0.2"):
        jobs.append(job(tmp_path, f"optim.lr={lr}", "full", "weak", BASES["weak"]))
        write_arm(tmp_path / f"optim.lr={lr}", "weak", "full")
    jobs.append(job(tmp_path, "optim.lr=0.1", "baseline", "weak", BASES["weak"]))
    write_arm(tmp_path / "optim.lr=0.1", "weak", "baseline")
    write_json(tmp_path / "jobs.json", jobs)
    finish_sweep(tmp_path)
    names = {row["arm"] for row in read_table(tmp_path, "ablation.csv")}
    assert names == {"full (optim.lr=0.1)", "full (optim.lr=0.2)", "baseline", "prior"}


def test_a_setting_beside_the_base_stays_in_the_name(tmp_path):
    jobs = []
    for name, base in BASES.items():
        for lr in ("0.1", "0.2"):
            variant = f"model={name},optim.lr={lr}"
            for arm in ("full", *["baseline"] * (lr == "0.1")):
                jobs.append(job(tmp_path, variant, arm, name, base))
                write_arm(tmp_path / variant, name, arm)
    write_json(tmp_path / "jobs.json", jobs)
    finish_sweep(tmp_path)
    found = cells(tmp_path)
    assert ("full (optim.lr=0.2)", "strong", "") in found and ("baseline", "weak", "") in found
    assert float(found["full (optim.lr=0.2)", "strong", ""]["diff"]) == pytest.approx(
        gap("strong", "full", "strong"), abs=1e-3
    )


def test_a_sweep_of_before_that_does_not_say_its_base_has_no_column(tmp_path):
    write_sweep(tmp_path, bases={"weak": BASES["weak"]})
    jobs = [{key: value for key, value in job.items() if key != "settings"} for job in read_json(
        tmp_path / "jobs.json", what="sweep")]  # fmt: skip
    write_json(tmp_path / "jobs.json", jobs)
    finish_sweep(tmp_path)
    assert "base" not in read_table_rows(tmp_path, "ablation.csv")[0]


@pytest.mark.parametrize("gone", [("strong", "full"), ("strong", "baseline"), ("weak", "conv")])
def test_what_one_base_lacks_is_a_hole_of_that_base_alone(tmp_path, gone):
    folder = finish_sweep(write_sweep(tmp_path, missing=(gone,), pairs=False)).parents[1]
    found = cells(folder)
    base, arm = gone
    (other,) = set(BASES) - {base}
    assert found[arm, base, ""]["num_scored"] == "0"
    for one in ("conv", "full"):
        assert float(found[one, other, ""]["diff"]) == pytest.approx(gap(other, one, other), abs=1e-3)
    if arm == "baseline":
        assert not found["full", base, ""]["diff"], "another base's baseline stood in for the missing one"
    markdown = (folder / "tables.md").read_text()
    assert re.search(rf"\| {arm} \| {base} \| failed", markdown)


def test_each_explored_answer_is_held_against_its_own_base(finished):
    data = unpacked((finished.out / "report" / "index.html").read_text())
    arms = data["arms"]
    for number, arm in enumerate(arms):
        own = arms[data["baselines"][number]]
        assert base_of(own) == base_of(arm) and without_base(own) == "baseline"
        assert base_of(arms[data["priors"][number]]) == base_of(arm)
    texts = {arm: data["items"][0]["answers"][number]["text"] for number, arm in enumerate(arms)}
    assert texts["full (base=strong)"] == ["strong full"] and texts["full (base=weak)"] == ["weak full"]


def test_wandb_is_told_the_base(finished):
    sweep = finished.logged
    told = {(run.config["arm"], run.config.get("base")) for run in sweep.runs}
    assert told == {(with_base(arm, base), base) for base in BASES for arm in ("baseline", "conv", "full")}
    for run in sweep.runs:
        numbers, base = run.numbers(), base_of(run.arm)
        if without_base(run.arm) != "baseline":
            wanted = gap(base, without_base(run.arm), base)
            assert numbers["bench/pose/all/diff"] == pytest.approx(wanted, abs=1e-3)
        assert run.config["trained"] == (without_base(run.arm) != "baseline")


def test_each_models_card_stands_beside_its_own_base(tmp_path, monkeypatch):
    told = {}
    monkeypatch.setattr(
        card, "complete_card", lambda hf, results, arm, baseline: told.update({(results.name, arm): baseline.name})
    )
    card.complete_cards(write_sweep(tmp_path, seeds=(0, 1)))
    assert len(told) == 8
    assert {(results.partition(",")[0], home) for (results, _), home in told.items()} == {
        (f"model={base}", f"model={base},seed=0") for base in BASES
    }


def test_an_anchor_is_looked_for_among_the_own_base(tmp_path):
    write_sweep(tmp_path, seeds=(0, 1))
    beside = results_beside(tmp_path / "model=strong,seed=1")
    assert [path.name for path in beside] == ["model=strong,seed=1", "model=strong,seed=0"]
    assert len(results_beside(write_sweep(tmp_path / "one", bases={"weak": "b"}, seeds=(0, 1)) / "seed=1")) == 2


@pytest.mark.parametrize(
    ("models", "names"),
    [
        ([("weak", "org/weak-7b"), ("strong", "org/strong-8b")], ["weak", "strong"]),
        ([("tiny", "tiny"), ("tiny", "/data/other")], ["tiny", "other"]),
        ([("tiny", "/a/hf"), ("tiny", "/b/hf")], ["_a_hf", "_b_hf"]),
        ([("tiny", "/a/x (1), y"), ("tiny", "/b/z")], ["x__1___y", "z"]),
        ([("one", "org/a"), ("two", "org/a"), ("three", "org/b")], ["a", "a", "b"]),
    ],
)
def test_bases_have_names_that_tell_them_apart(models, names):
    found = named_bases(models)
    assert [found[base] for _, base in models] == names


@pytest.mark.parametrize("row", ["conv", "full (optim.lr=0.1)", "x (a=1,b=2)"])
def test_a_rows_name_is_put_together_and_taken_apart(row):
    told = with_base(row, "strong")
    assert (base_of(told), without_base(told)) == ("strong", row)
    assert told.partition(" (")[0] == row.partition(" (")[0], "by which its files are found"
    assert peer(told, "baseline") == "baseline (base=strong)"
    assert (base_of(row), without_base(row), peer(row, "baseline"), with_base(row, "")) == ("", row, "baseline", row)
