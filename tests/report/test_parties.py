"""Every table says who is behind it: the anchor that answers were rated beside, the panel, who was text_only."""

import csv
import math

import pytest

from llavapose.evaluation.rating.answering import note_who_answered
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_jsonl, write_jsonl
from llavapose.report.page import Source, write_page
from llavapose.report.sweep import write_tables
from llavapose.report.tables.parties import parties_told
from tests.report.test_judges import WORTH, write_pairs

BY_TEACHER = "text_only was answered by the offline teacher."
ANCHORED = "Rated in pairs, each beside the answer of baseline, the anchor."
PANEL = "panel is the median of gpt-4o-pair-captions_boxes and gpt-4o-pair-keypoints."


@pytest.fixture
def folder(tmp_path):
    """Two judges of pairs, and the upper bound's row."""
    write_pairs(tmp_path)
    for path in sorted(tmp_path.glob("*/**/full.jsonl")):
        rows = [row for _, row in read_jsonl(path, what="rows")]
        told = [{k: "text_only" if v == "full" else v for k, v in row.items()} for row in rows]
        write_jsonl(path.with_name("text_only.jsonl"), told)
    return tmp_path


def blocks(folder, name):
    """Title -> the table below it in a file for readers, up to the next one."""
    text = (folder / name).read_text().replace(r"\_", "_")
    if name == "tables.md":
        return {part.partition("**")[0]: part for part in f"\n{text}".split("\n**")[1:]}
    return {part.partition(r"\caption{")[2].partition(". ")[0]: part for part in text.split(r"\begin{table}")[1:]}


@pytest.mark.parametrize("name", ["tables.md", "tables.tex"])
def test_every_table_with_its_row_says_who_answered_as_text_only(folder, name):
    note_who_answered(folder / "answers" / "text_only.jsonl", "the offline teacher")
    summarise(folder)
    write_tables(folder, list(WORTH))
    mark = "| text_only |" if name == "tables.md" else "text_only &"
    with_row = [block for block in blocks(folder, name).values() if mark in block]
    assert len(with_row) >= 4 + 4 + 4 + 3, "ablation, differences, comparison; lengths and both of claims"
    assert all(BY_TEACHER in block for block in with_row)
    without = [block for block in blocks(folder, name).values() if mark not in block and "Controls: " not in block]
    assert without and not any(BY_TEACHER in block for block in without)


@pytest.mark.parametrize("name", ["tables.md", "tables.tex"])
def test_every_table_of_a_judge_of_pairs_names_the_anchor_and_the_panels_its_members(folder, name):
    summarise(folder)
    write_tables(folder, list(WORTH))
    found = blocks(folder, name)
    for judge in ("gpt-4o-pair-captions_boxes", "gpt-4o-pair-keypoints", "panel"):
        of_judge = [block for title, block in found.items() if f"judge {judge}," in title]
        assert len(of_judge) == 3 and all(ANCHORED in block for block in of_judge), judge
        assert all((PANEL in block) == (judge == "panel") for block in of_judge)
    assert not any(ANCHORED in block for title, block in found.items() if "judge pose," in title)
    (lengths,) = (block for title, block in found.items() if title.startswith("Length of"))
    assert PANEL in lengths, "a row of the panel stands there too"
    assert "anchor baseline: gpt-4o-pair-captions_boxes, gpt-4o-pair-keypoints, panel" in lengths


def test_the_csv_says_the_same(folder):
    note_who_answered(folder / "answers" / "text_only.jsonl", "m/model-7B")
    summarise(folder)
    for name in ("ablation", "comparison"):
        with (folder / f"{name}.csv").open() as stream:
            rows = list(csv.DictReader(stream))
        assert {row["answered_by"] for row in rows if row["arm"] == "text_only"} == {"m/model-7B"}
        assert {row["answered_by"] for row in rows if row["arm"] != "text_only"} == {""}
        assert {row["judge"]: row["anchor"] for row in rows} == {
            "pose": "", "gpt-4o-pair-captions_boxes": "baseline", "gpt-4o-pair-keypoints": "baseline",
            "panel": "baseline",
        }  # fmt: skip
        members = {row["judge"]: row["members"] for row in rows}
        assert members["panel"] == "gpt-4o-pair-captions_boxes + gpt-4o-pair-keypoints"
        assert set(members.values()) == {"", members["panel"]}


def test_who_answered_is_not_made_up(folder):
    """Where nothing tells it, and where the answers are others than those that it was told of."""
    summarise(folder)
    tables = write_tables(folder, list(WORTH))
    said = "Who answered as text_only is not known."
    assert said in tables.ratings["pose"].note
    answers = folder / "answers" / "text_only.jsonl"
    note_who_answered(answers, "the offline teacher")
    answers.write_text(answers.read_text() + "\n")
    summarise(folder)
    assert said in write_tables(folder, list(WORTH)).ratings["pose"].note


def test_the_page_says_it_too(folder):
    note_who_answered(folder / "answers" / "text_only.jsonl", "the offline teacher")
    summarise(folder)
    html = write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder))).read_text()
    assert html.count(BY_TEACHER) >= 12 and html.count(ANCHORED) == 9


def test_a_note_says_why_the_anchor_has_no_controls():
    row = {"judge": "gpt-4o-pair", "kind": "all", "anchor": "baseline", "num_scored": 9, "no_picture": math.nan}
    full, baseline = ({**row, "arm": arm, "shuffled": value} for arm, value in (("full", 20.0), ("baseline", math.nan)))
    told = "baseline has no ratings under the controls"
    assert told in " ".join(parties_told([full, baseline]))
    assert told not in " ".join(parties_told([{**full, "shuffled": math.nan}, baseline])), "nobody has any"
    assert told not in " ".join(parties_told([full])), "no row of its own"
    assert told not in " ".join(parties_told([{**one, "anchor": ""} for one in (full, baseline)]))
