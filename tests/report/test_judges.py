"""From verdict files of several judges of pairs to every table beside the ablation."""

import math
import random
from pathlib import Path

import pytest

from llavapose.evaluation.tables.results import summarise
from llavapose.files import write_json, write_jsonl
from llavapose.report.page import Source, write_page
from llavapose.report.sweep import write_tables
from llavapose.report.tables import read_table
from llavapose.report.tables.judges import further_grids

WORTH = {"full": 6.5, "conv": 5.0, "Qwen2-VL-7B": 5.8, "baseline": 4.5, "prior": 2.0}
KINDS = ("conv", "detail", "complex")
NUM_IMAGES = 24


@pytest.fixture
def folder(tmp_path):
    return write_pairs(tmp_path)


def write_pairs(folder: Path) -> Path:
    """Two judges of pairs with the baseline as anchor, both orders twice; and the pose judge's claims."""
    rng = random.Random(0)
    questions = [(f"{image}-{kind}", image, kind) for image in range(NUM_IMAGES) for kind in KINDS]
    own = {(arm, name): worth + rng.gauss(0, 1) for arm, worth in WORTH.items() for name, *_ in questions}
    told = {"name": "e_hpaub", "hash": "0123456789ab", "num_questions": len(questions)}
    write_json(folder / "benchmark.json", told)
    for arm in WORTH:
        answers = [{"question_id": name, "arm": arm, "text": "word " * rng.randint(10, 40)} for name, *_ in questions]
        write_jsonl(folder / "answers" / f"{arm}.jsonl", answers)
        claims = [{"outcome": one} for one in ("supported", "contradicted", "unverifiable")]
        write_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", [
            {"question_id": name, "scene_id": image, "kind": kind, "arm": arm, "judge": "pose", "text": "?",
             "rating": own[arm, name], "claims": claims[: rng.randint(0, 3)]}
            for name, image, kind in questions
        ])  # fmt: skip
    for judge, place in (("gpt-4o-pair-captions_boxes", 0.9), ("gpt-4o-pair-keypoints", 0.0)):
        for arm in WORTH.keys() - {"baseline"}:
            rows = []
            for name, image, kind in questions:
                for order, repeat in (("ab", 0), ("ba", 0), ("ab", 1), ("ba", 1)):
                    for of, other, where in ((arm, "baseline", order), ("baseline", arm, order[::-1])):
                        rating = min(10, max(1, round(own[of, name] + place * (where == "ab") + rng.gauss(0, 0.5))))
                        rows.append({"question_id": name, "scene_id": image, "kind": kind, "text": "?", "arm": of,
                                     "judge": judge, "rating": float(rating), "opponent": other, "order": where,
                                     "repeat": repeat, "protocol": "pair", "reason": "", "claims": []})  # fmt: skip
            write_jsonl(folder / "verdicts" / judge / f"{arm}.jsonl", rows)
    return folder


def test_every_table_is_there(folder, capsys):
    summarise(folder)
    write_tables(folder, list(WORTH))
    grids = further_grids(folder)
    judges = ("pose", "gpt-4o-pair-captions_boxes", "gpt-4o-pair-keypoints", "panel")
    assert list(grids) == [
        *(f"differences_{judge}" for judge in judges), *(f"comparison_{judge}" for judge in judges),
        "judging", "lengths", "agreement", "claims", "claims_by_kind", "published_1", "published_2", "published_3",
    ]  # fmt: skip
    said = capsys.readouterr().out
    for name in ("tables.md", "tables.tex"):
        text = (folder / name).read_text()
        assert all(grid.title.partition(":")[0].partition(",")[0] in text for grid in grids.values())
    assert all(grid.title in said for grid in grids.values())
    assert said.index("Ablation, judge") < said.index("Differences to baseline") and "Pose probe" not in said
    for grid in grids.values():
        assert {len(row) for row in grid.rows} == {len(grid.header)}, grid.title


def test_every_table_says_what_was_asked_and_of_how_many(folder):
    write_json(folder / "efficiency" / "full.json", {"made": "m", "answer_s": 2.0, "num_timed": 3})
    summarise(folder)
    grids = further_grids(folder)
    for name in ("judging", "lengths", "agreement", "claims", "claims_by_kind", "efficiency"):
        assert grids[name].title.endswith(", benchmark e_hpaub (72 questions: 0123456789ab)"), name
    lengths = dict(zip(grids["lengths"].header, grids["lengths"].rows[0], strict=True))
    assert lengths["n"] == str(3 * NUM_IMAGES)
    by_kind = dict(zip(grids["claims_by_kind"].header, grids["claims_by_kind"].rows[0], strict=True))
    assert by_kind["answers a kind"] == " / ".join([str(NUM_IMAGES)] * 3) and by_kind["conv"].count("[") == 2
    assert "no interval" in grids["efficiency"].note


def test_what_made_the_tables_stands_under_them(folder):
    card = {"command": "evaluate.py arm=full `x`\n%", "settings": "84e907956b06", "commit": "2992e0d", "host": "node7",
            "pid": 1, "started": "2026-11-26T21:15:51+00:00", "ended": None, "ok": True}  # fmt: skip
    summarise(folder)
    write_tables(folder, list(WORTH))
    assert "What made this" not in (folder / "tables.md").read_text()
    write_json(folder / "owner.json", card)
    write_json(folder / "owners" / "full.json", card | {"command": "evaluate.py arm=conv"})
    write_tables(folder, list(WORTH))
    for name, start in (("tables.md", "- `"), ("tables.tex", "% ")):
        lines = [line for line in (folder / name).read_text().partition("What made this")[2].split("\n")[1:] if line]
        assert len(lines) == 2 and all(line.startswith(start) for line in lines), lines
        assert "evaluate.py arm=full" in lines[0] and "full in" in lines[1] and "evaluate.py arm=conv" in lines[1]
        assert "(commit 2992e0d, 2026-11-26 21:15 UTC, settings 84e907956b06)" in lines[1]


def test_the_judge_with_a_liking_for_the_first_place_is_told(folder):
    summarise(folder)
    found = {(row["judge"], row["measure"]): row for row in read_table(folder, "judging.csv") if row["arm"] == "all"}
    biased, fair = (found[f"gpt-4o-pair-{context}", "first_place"] for context in ("captions_boxes", "keypoints"))
    # One draw of a fair judge's noise: its interval leaves out 0 once in twenty, its value stays near.
    assert biased["low"] > 6 and abs(fair["value"]) < 2
    # Three models beside the baseline, both orders, two repeats; what stood beside the prior is no pair of answers.
    assert biased["num"] == 3 * NUM_IMAGES * 3 * 2
    assert ("pose", "first_place") not in found and ("panel", "first_place") not in found


def test_a_panel_is_a_judge_of_the_table(folder):
    summarise(folder)
    rows = {(row["judge"], row["arm"]): row for row in read_table(folder, "ablation.csv") if row["kind"] == "all"}
    one, other = (rows[f"gpt-4o-pair-{context}", "full"]["score"] for context in ("captions_boxes", "keypoints"))
    assert rows["panel", "full"]["score"] == pytest.approx((one + other) / 2, abs=1e-3)
    assert rows["panel", "full"]["num_ratings"] == 2 * 4 * 3 * NUM_IMAGES
    assert rows["gpt-4o-pair-keypoints", "baseline"]["num_ratings"] == 4 * 3 * 3 * NUM_IMAGES


def test_tables_that_nothing_is_told_of_any_more_go(folder):
    summarise(folder)
    assert (folder / "agreement.csv").is_file() and (folder / "answer_claims.csv").is_file()
    for path in folder.glob("verdicts/gpt-4o*/*"):
        path.unlink()
    summarise(folder)
    assert not (folder / "agreement.csv").exists() and (folder / "claims.csv").is_file()
    assert not (folder / "judging.csv").exists() or "first_place" not in (folder / "judging.csv").read_text()


def test_claims_of_every_answer_are_kept(folder):
    summarise(folder)
    lines = (folder / "answer_claims.csv").read_text().splitlines()
    assert len(lines) == 1 + len(WORTH) * NUM_IMAGES * 3
    rows = {(row["arm"], row["kind"], row["measure"]): row for row in read_table(folder, "claims.csv")}
    assert rows["full", "all", "supported"]["value"] > rows["full", "all", "unchecked"]["value"]


def test_what_an_answer_costs_is_a_table_and_a_plot_on_the_page(folder: Path, capsys):
    for arm, seconds in (("full", 2.0), ("Qwen2-VL-7B", 0.5)):
        told = {"made": "m", "answer_s": seconds, "first_token_s": 0.125, "num_parameters": 7_063_427_072,
                "dtype": "int8", "device": "Accelerator X", "num_devices": 2, "num_timed": 3}  # fmt: skip
        write_json(folder / "efficiency" / f"{arm}.json", told)
    summarise(folder)
    rows = {row["arm"]: row for row in read_table(folder, "efficiency.csv")}
    assert list(rows) == ["full", "Qwen2-VL-7B"] and rows["full"]["answer_s"] == 2
    grid = further_grids(folder)["efficiency"]
    assert dict(zip(grid.header, grid.rows[0], strict=True)) == {
        "arm": "full", "first token, s, alone": "0.125", "tokens/s, alone": "—", "answer, s, alone": "2.000",
        "answer, s, batched": "—", "peak memory, GB": "—", "parameters, M": "7063.4", "precision": "int8",
        "device": "2 x Accelerator X", "timed answers": "3",
    }  # fmt: skip
    write_tables(folder, list(WORTH))
    assert grid.title in capsys.readouterr().out and grid.title in (folder / "tables.md").read_text()
    html = write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder))).read_text()
    costs = html.partition('id="costs"')[2].partition("<h2")[0]
    assert costs.count("<table") == 1 and html.count(f">{grid.title}<") == 1
    # A plot a judge, each for two widths; nothing of arms that were not timed.
    assert costs.count("Quality against latency") == 4 and costs.count("<svg") == 8
    assert costs.count(">Qwen2-VL-7B<") >= 8 and ">conv<" not in costs
    for path in folder.glob("efficiency/*"):
        path.unlink()
    summarise(folder)
    assert not (folder / "efficiency.csv").exists() and "efficiency" not in further_grids(folder)
    html = write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder))).read_text()
    assert 'id="costs"' not in html


def test_the_comparison_has_each_judges_controls_and_is_never_about_the_reference(folder):
    for judge in ("pose", "gpt-4o-pair-keypoints", "gpt-4o-pair-captions_boxes"):
        rows = [{"question_id": f"{image}-{kind}", "scene_id": image, "kind": kind, "text": "?", "arm": "Qwen2-VL-7B",
                 "judge": judge, "rating": 1.0 + image % 2}
                for image in range(NUM_IMAGES) for kind in KINDS]  # fmt: skip
        write_jsonl(folder / "verdicts" / judge / "shuffled" / "Qwen2-VL-7B.jsonl", rows)
    relative = [
        {"question_id": f"{image}-{kind}", "scene_id": image, "kind": kind, "text": "?", "arm": of, "judge": "gpt-4o",
         "rating": 5.0 + image % 3, "opponent": other, "order": order, "protocol": "relative"}
        for image in range(NUM_IMAGES) for kind in KINDS for order in ("ab", "ba")
        for of, other in (("Qwen2-VL-7B", "text_only"), ("text_only", "Qwen2-VL-7B"))
    ]  # fmt: skip
    for arm in ("Qwen2-VL-7B", "full"):
        rows = [{**row, **{key: arm for key in ("arm", "opponent") if row[key] != "text_only"}} for row in relative]
        write_jsonl(folder / "verdicts" / "gpt-4o" / f"{arm}.jsonl", rows)
    summarise(folder)
    rows = read_table(folder, "comparison.csv")
    assert {row["ours"] for row in rows} == {"full"} and "gpt-4o" in {row["judge"] for row in rows}
    found = {row["judge"]: row["shuffled"] for row in rows if (row["arm"], row["kind"]) == ("Qwen2-VL-7B", "all")}
    assert found["pose"] == found["gpt-4o-pair-keypoints"] == 15
    assert found["panel"] == 15 and math.isnan(found["gpt-4o"]), "gpt-4o rates in another way: not on the panel"


def test_that_no_arm_is_ours_is_said(folder, caplog):
    for path in [*folder.glob("verdicts/*/full.jsonl"), *folder.glob("verdicts/*/conv.jsonl")]:
        path.unlink()
    with caplog.at_level("INFO"):
        summarise(folder)
    assert not (folder / "comparison.csv").exists()
    said = [record.getMessage() for record in caplog.records if "comparison" in record.getMessage()]
    assert len(said) == 4 and "none of Qwen2-VL-7B is known to be ours" in said[0] and "judge.anchor" in said[0]
    caplog.clear()
    for path in folder.glob("verdicts/*/Qwen2-VL-7B.jsonl"):
        path.unlink()
    with caplog.at_level("INFO"):
        summarise(folder)
    assert "comparison" not in caplog.text, "nothing to compare with: nothing to say"
