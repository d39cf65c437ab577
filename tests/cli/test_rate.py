"""``report=rate`` as a user meets it: the page, the raters' exports read back, tables and page of results anew."""

import json

import pytest

from llavapose.files import read_json, read_jsonl, write_jsonl
from llavapose.report.tables import read_table
from tests.config.conftest import run_script  # noqa: F401 (a fixture)
from tests.evaluation.judges.people.rated import ARMS, export, write_answers


@pytest.fixture
def command(run_script, tmp_path):  # noqa: F811
    """Results of three arms in ``results``, and the command with further settings."""
    folder = write_answers(tmp_path / "results")
    asked = ["benchmark=file", f"benchmark.path={folder}/benchmark.jsonl", f"benchmark.images={folder}/images"]

    def run(*settings, pictures=True):
        return run_script("evaluate", "report=rate", f"output_dir={folder}", *(asked if pictures else ()), *settings)

    return run, folder


def test_the_page_is_written_and_ratings_go_into_the_tables(command):
    run, folder = command
    said = run("rate.num_pictures=4")
    assert said.exit_code == 0, said.err
    assert "36 answers" in said.out
    assert "pictures are needed" in said.out
    page = (folder / "rate" / "index.html").read_text()
    assert not any(f'"{arm}"' in page for arm in ARMS)
    again = run("rate.num_pictures=4")
    assert again.exit_code == 0, again.err
    assert (folder / "rate" / "index.html").read_text() == page
    for name, more in (("anna", 0), ("ben", 1)):
        export(folder, f"ratings-{name}", lambda item, more=more: 4 + more + 3 * (item["arms"] == ["full"]), rater=name)
    said = run(f"rate.ratings={folder}/ratings-*.jsonl", pictures=False)
    assert said.exit_code == 0, said.err
    assert "anna: 36 of 36 answers rated" in said.out
    assert "Raters" in said.out
    rows = {(row["judge"], row["arm"], row["kind"]): row for row in read_table(folder, "ablation.csv")}
    assert rows["people", "full", "all"]["diff"] == pytest.approx(30)
    assert {row["measure"] for row in read_table(folder, "raters.csv")} >= {"alpha", "weighted_kappa", "same_by_chance"}
    assert "same by chance" in (folder / "tables.md").read_text()
    assert "same by chance" in (folder / "tables.tex").read_text()
    assert "same by chance" in (folder / "report" / "index.html").read_text()
    for few, told in (("[]", "names no file"), (f"{folder}/ratings-ben.jsonl", "anna")):
        said = run(f"rate.ratings={few}", pictures=False)
        assert said.exit_code == 1
        assert len(said.errors) == 1, said.err
        assert told in said.errors[0]


def test_reading_back_without_a_key_is_one_line(command):
    run, _ = command
    said = run("rate.ratings=[none.jsonl]", pictures=False)
    assert said.exit_code == 1
    assert len(said.errors) == 1, said.err
    assert "key.json" in said.errors[0]


def test_pairs_go_into_preferences_beside_a_judge(command):
    run, folder = command
    assert run("rate.mode=pairs", "rate.num_pictures=4").exit_code == 0
    path = export(folder, "anna", lambda item: "left" if item["arms"][0] == "full" else "right")
    said = run(f"rate.ratings={path}", pictures=False)
    assert said.exit_code == 0, said.err
    assert "no tables yet" in said.out
    for arm in ARMS:
        rows = [{"question_id": one, "scene_id": int(one.partition("-")[0]), "kind": one.partition("-")[2], "arm": arm,
                 "text": f"How is it, {one.partition('-')[2]}?", "rating": {"full": 7.0, "rival": 3.0}.get(arm, 5.0)}
                for one in (row["question_id"] for _, row in read_jsonl(folder / "answers" / f"{arm}.jsonl", what="x"))
                ]  # fmt: skip
        write_jsonl(folder / "verdicts" / "mine" / f"{arm}.jsonl", rows)
    said = run(f"rate.ratings={path}", pictures=False)
    assert said.exit_code == 0, said.err
    rows = {(row["judge"], row["first"], row["kind"], row["measure"]): row["value"]
            for row in read_table(folder, "preferences.csv")}  # fmt: skip
    assert rows["people", "full", "all", "preferred"] == 100
    # Whoever is not beside full was preferred by its place alone: right.
    assert rows["people", "rival", "all", "preferred"] + rows["people", "rival", "all", "other"] == pytest.approx(100)
    assert 50 <= rows["mine", "all", "all", "same_side"] < 100
    assert "Judges beside people's preferences" in said.out
    assert "Whom people prefer" in (folder / "report" / "index.html").read_text()


@pytest.mark.parametrize(
    ("settings", "told"),
    [(["judge=gpt4o"], "judge=gpt4o"), (["rate.num_pictures=1"], "at least 2"), (["rate.num_pictures=50"], "only 6"),
     (["rate.arms=[full,nobody]"], "nobody"), (["rate.seed=-1"], "rate.seed"), (["rate.half_width=0"], "half_width"),
     (["rate.ratings=[none.jsonl]"], "nothing reads this"),
     (["rate.half_width=9.01"], "to 9 "), (["rate.half_width=0.51", "rate.mode=pairs"], "to 0.5 "),
     (["rate.mode=triples"], "triples"), (["rate.nums=3"], "rate.nums")],
)  # fmt: skip
def test_what_cannot_be_meant_is_one_line(command, settings, told):
    run, folder = command
    said = run(*settings)
    assert said.exit_code == 1
    assert len(said.errors) == 1, said.err
    assert told in said.errors[0]
    assert not (folder / "rate").exists()


@pytest.mark.parametrize("setting", [
    "rate.mode=scale", "rate.num_pictures=4", "rate.seed=0", "rate.arms=[full]", "rate.half_width=0.5", "++rate.seed=1",
    "scenes=world", "benchmark.num_images=4",
])  # fmt: skip
def test_what_reading_back_does_not_read_is_refused_in_a_line(command, setting):
    run, _folder = command
    said = run("rate.ratings=[none.jsonl]", setting, pictures=False)
    assert said.exit_code == 1
    assert len(said.errors) == 1, said.err
    assert f"`{setting}`" in said.errors[0] and "rate.ratings" in said.errors[0]
    assert run("rate.ratings=null", "rate.num_pictures=4").exit_code == 0, "the page is written"


def test_reading_back_without_a_draw_is_one_line(command):
    run, _folder = command
    said = run("rate.ratings=[none.jsonl]", pictures=False)
    assert said.exit_code == 1
    assert len(said.errors) == 1 and "key.json" in said.errors[0]


def test_too_few_pictures_for_debiased_estimates_are_warned_of(command):
    run, _folder = command
    (line,) = [line for line in run("rate.num_pictures=4").out.splitlines() if line.startswith("warning:")]
    assert "4 pictures" in line and "debiased" in line


def test_pictures_of_other_questions_are_not_shown(command):
    run, folder = command
    told = read_json(folder / "benchmark.json", what="x")
    (folder / "benchmark.json").write_text(json.dumps({**told, "hash": "0" * 12}))
    said = run()
    assert said.exit_code == 1
    assert "000000000000" in said.errors[0]
    assert not (folder / "rate").exists()


def test_report_none_evaluates_as_ever(run_script):  # noqa: F811
    said = run_script("evaluate", "report=none", "arm=x")
    assert said.exit_code == 1
    assert "checkpoint" in said.errors[0]
