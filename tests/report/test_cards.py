"""Every table of a model's ratings quotes its card or says that there is none; who disagrees with himself is marked."""

import json

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.judges.card.card import FORM, MARK, card_file, find_card, headline, read_card, write_card
from llavapose.evaluation.tables.results import summarise
from llavapose.files import write_json
from llavapose.report.page import Source, write_page
from llavapose.report.sweep import write_tables
from tests.report.test_judges import WORTH, write_pairs
from tests.report.test_parties import blocks

STEADY, OTHER = "gpt-4o-pair-keypoints", "gpt-4o-pair-captions_boxes"
NONE = f"{OTHER} has no card: what its ratings are worth is not known (evaluate.py judge_card=NAME)."


def card(judge=STEADY, inconsistent="", **values):
    found = {"repeat_sd": 3.0, "a_false_claim": 8.0, "padding": 1.25, "order": -0.04, "first_place": 2.0} | values
    measures = [{"measure": name, "value": one, "low": one - 1, "high": one + 1, "num": 90} for name, one in
                found.items()]  # fmt: skip
    return {"judge": judge, "inconsistent": inconsistent, "num_pictures": 90, "measures": measures}


@pytest.fixture
def folder(tmp_path):
    return write_pairs(tmp_path)


def test_a_card_is_one_sentence():
    assert headline(card()) == (
        "Rating x 10 over 90 pictures: repeats' sd 3.0 [2.0, 4.0], a false claim costs 8.0 [7.0, 9.0], padding buys "
        "+1.2 [+0.2, +2.2], an order +0.0 [-1.0, +1.0], the first place +2.0 [+1.0, +3.0]"
    )


def test_what_is_written_is_read(tmp_path):
    path = write_card(tmp_path, card(padding=float("nan")))
    found = read_card(path)
    assert found["judge"] == STEADY and "padding buys nan" not in headline(found)
    assert path == card_file(tmp_path, STEADY)


@pytest.mark.parametrize("broken", [[], {}, {"judge": 1}, {**card(), "measures": [3]}, {**card(), "inconsistent": None},
                                    {**card(), "measures": [{"measure": "padding", "value": "9"}]}])  # fmt: skip
def test_what_is_no_card_is_refused_in_a_line(folder, broken):
    write_json(card_file(folder, STEADY), broken)
    with pytest.raises(DataError, match=r"judge's card: .*card\.json is none; expected judge, .*make it anew"):
        summarise(folder)


def test_a_card_of_another_form_counts_as_none(folder):
    path = write_card(folder, card())
    assert find_card([folder], STEADY) is not None
    write_json(path, {**json.loads(path.read_text()), "form": FORM + 1, "measures": "of another shape"})
    assert find_card([folder], STEADY) is None
    with pytest.raises(DataError, match=rf"card\.json is of form {FORM + 1}; expected {FORM}"):
        read_card(path)
    summarise(folder)
    write_tables(folder, list(WORTH))
    assert f"{STEADY} has no card" in (folder / "tables.md").read_text()


@pytest.mark.parametrize("name", ["tables.md", "tables.tex"])
def test_every_table_that_uses_a_judge_quotes_its_card(folder, name):
    write_card(folder, card())
    summarise(folder)
    write_tables(folder, list(WORTH))
    found = blocks(folder, name)
    told = f"Card of {STEADY}: {headline(card())}."
    of_judge = [block for title, block in found.items() if f"judge {STEADY}," in title]
    assert len(of_judge) == 3 and all(told in block for block in of_judge)
    for title in ("Judges,", "Length of the answers,", "Agreement,"):
        (block,) = [block for of, block in found.items() if of.startswith(title)]
        assert told in block and NONE in block
    without = [block for title, block in found.items() if f"judge {OTHER}," in title]
    assert len(without) == 3 and all(NONE in block and told not in block for block in without)
    of_pose = [block for title, block in found.items() if "judge pose," in title]
    assert of_pose and not any("card" in block for block in of_pose)
    assert MARK not in (folder / name).read_text()


def test_the_panel_quotes_its_members(folder):
    write_card(folder, card())
    summarise(folder)
    write_tables(folder, list(WORTH))
    of_panel = [block for title, block in blocks(folder, "tables.md").items() if "judge panel," in title]
    assert len(of_panel) == 3 and all(f"Card of {STEADY}:" in block and NONE in block for block in of_panel)


@pytest.mark.parametrize("name", ["tables.md", "tables.tex"])
def test_a_judge_that_disagrees_with_itself_is_marked_wherever_it_stands(folder, name):
    why = "disagrees with itself: ratings x 10 of the same lie 14.0 apart (sd; limit 10)"
    write_card(folder, card(inconsistent=why))
    summarise(folder)
    write_tables(folder, list(WORTH))
    found = blocks(folder, name)
    mark = MARK if name == "tables.md" else r"\S{}"
    for judge in (STEADY, "panel"):
        of_judge = [block for title, block in found.items() if f"judge {judge} {mark}," in title]
        assert len(of_judge) == 3 and all(why in block for block in of_judge), judge
    for title in ("Judges,", "Length of the answers,", "Agreement,"):
        (block,) = [block for of, block in found.items() if of.startswith(title)]
        assert f"{STEADY} {mark}" in block and f"{OTHER} {mark}" not in block
    assert not any(mark in title for title in found if f"judge {OTHER}," in title or "judge pose," in title)


def test_the_page_quotes_it_too(folder, plain_plots):
    write_card(folder, card(inconsistent="disagrees with itself: so it does"))
    summarise(folder)
    html = write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder))).read_text()
    assert html.count("disagrees with itself: so it does") >= 5 and f"judge {STEADY} {MARK}" in html


def test_a_sweep_quotes_the_card_beside_it_and_another_anchor_changes_nothing(tmp_path):
    write_card(tmp_path, card())
    write_json(tmp_path / "jobs.json", [])
    assert find_card([tmp_path / "seed=0"], STEADY) is not None
    assert find_card([tmp_path / "seed=0"], f"{STEADY}-vs-full") is not None
    assert find_card([tmp_path / "seed=0"], OTHER) is None
