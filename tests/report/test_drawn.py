"""Real CSV files -> the page: every plot stands under its table, names its judge, and marks it where it must."""

import re
from html import unescape
from pathlib import Path

import pytest

from llavapose.evaluation.judges.card.card import FORM, MARK, headline, read_card, write_card
from llavapose.evaluation.tables.results import summarise
from llavapose.files import write_json, write_jsonl
from llavapose.report.page import Source, write_page
from llavapose.report.plots.judging import MOST_PAIRS, raters_plot
from llavapose.report.sweep import write_tables
from llavapose.report.tables.cards import cards_beside, write_card_page
from llavapose.report.tables.judges import further_grids
from tests.evaluation.test_debiased_tables import NUM_IMAGES, WORTH, write_rated
from tests.report.test_card_page import whole_card

WHY = "disagrees with itself: so it does"
UNSTEADY, STEADY = "gpt-4o", "qwen"
HOSTILE = 'a judge" onclick="x <b>&'


def page_of(folder: Path) -> str:
    """The page of these results as text."""
    return write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder))).read_text()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three judges, two raters, the answers' lengths and times; of one judge a card that marks it, of one without."""
    folder = write_rated(tmp_path_factory.mktemp("drawn"))
    for number, arm in enumerate(WORTH):
        write_jsonl(folder / "answers" / f"{arm}.jsonl", [
            {"question_id": f"{image}-{kind}", "arm": arm, "text": "word " * (10 + number + image % 7)}
            for image in range(NUM_IMAGES) for kind in ("conv", "detail", "complex")
        ])  # fmt: skip
        write_json(folder / "efficiency" / f"{arm}.json", {"made": "m", "answer_s": 1.0 + number, "num_timed": 9})
    for judge, why in ((UNSTEADY, WHY), (STEADY, "")):
        write_card_page(write_card(folder, whole_card(judge=judge, inconsistent=why)))
    summarise(folder)
    return folder


@pytest.fixture(scope="module")
def html(folder):
    return page_of(folder)


def figures(html):
    """Label -> what is drawn."""
    return dict(re.findall(r'<figure role="img" aria-label="([^"]*)">(.*?)</figure>', html, flags=re.S))


@pytest.mark.parametrize("label, words", [
    ("Scores with intervals, judge {judge}", ("mean rating",)),
    ("What length does to the ratings of {judge}", ("at equal length", "a doubling goes with")),
    ("Debiased differences beside those of the judge and of people alone, judge {judge}", ("people alone", "debiased")),
    ("Mean rating against seconds an answer, judge {judge}", ("<svg",)),
])  # fmt: skip
def test_every_plot_of_a_judge_names_it_and_marks_it(html, label, words):
    found = figures(html)
    for judge in (f"{UNSTEADY} {MARK}", STEADY, "claude", f"panel {MARK}"):
        drawn = found[label.format(judge=judge)]
        assert drawn.count("<svg") == 2 and all(word in drawn for word in words)
    assert label.format(judge=UNSTEADY) not in found and label.format(judge=f"{STEADY} {MARK}") not in found


def test_the_plot_of_agreement_marks_them_too(html):
    drawn = figures(html)["Agreement of each two judges"]
    assert f"{UNSTEADY} {MARK}" in drawn and "Spearman" in drawn and f"{STEADY} {MARK}" not in drawn


def test_the_plot_of_raters_stands_under_their_table(html):
    drawn = figures(html)["Agreement of raters: alpha of all, weighted kappa of each two"]
    assert all(word in drawn for word in ("all raters", "one and two", "alpha", "weighted kappa"))
    table, plot = html.index("<h3>Raters, "), html.index('aria-label="Agreement of raters')
    assert table < plot and "<h3>" not in html[table + 4 : plot]


def rater_row(first, second, measure, value, over="ratings"):
    return {"over": over, "first": first, "second": second, "measure": measure, "value": value, "low": value - 0.1,
            "high": value + 0.1, "num": 9}  # fmt: skip


def test_raters_of_ratings_and_of_pairs_are_drawn_apart():
    rows = [rater_row("all raters", "", "alpha", 0.5), rater_row("ann", "bo", "weighted_kappa", 0.4),
            rater_row("cy", "di", "weighted_kappa", 0.4, over="preferences")]  # fmt: skip
    plot = raters_plot(rows, "ratings")
    assert plot is not None and "ann and bo" in plot.narrow and "cy and di" not in plot.narrow
    assert raters_plot([rater_row("ann", "", "mean", 50.0)], "ratings") is None
    assert raters_plot([rater_row("all raters", "", "alpha", float("nan"))], "ratings") is None


def test_of_very_many_raters_the_pairs_that_agree_least_are_drawn():
    rows = [rater_row("all raters", "", "alpha", 0.5)]
    rows += [rater_row("r", f"{n:03}", "weighted_kappa", (n * 37 % 101) / 101) for n in range(100)]
    plot = raters_plot(rows, "ratings")
    assert plot is not None and plot.narrow.count(">r and ") == 2 * MOST_PAIRS, "in each panel"
    assert f"weighted kappa, lowest {MOST_PAIRS} of 100" in plot.narrow and "all raters" in plot.narrow
    assert ">r and 000<" in plot.narrow and ">r and 030<" not in plot.narrow, "kappa 0, and 100 of 101"


def test_every_card_is_drawn_under_a_heading_with_a_link_and_its_headline(html, folder):
    part = html.partition('<h2 id="judge-cards">')[2].partition("<h2")[0]
    for judge, named in ((UNSTEADY, f"{UNSTEADY} {MARK}"), (STEADY, STEADY)):
        link = f"../judge_cards/{judge}/index.html"
        assert f'<h3><a href="{link}">Card of {named}</a></h3>' in part and (folder / "report" / link).is_file()
        assert headline(read_card(folder / "judge_cards" / judge / "card.json")) in unescape(part)
        found = figures(part)
        fall = found[f"How far a rating by {named} falls with the number of claims that are false or left out"]
        assert "claims of six" in fall and fall.count("<svg") == 2
        assert "gain of the rating" in found[f"What each style adds to a rating by {named}"]
    assert len(figures(part)) == 4 and '<a href="#judge-cards">' in html


def test_a_hostile_card_is_text_and_one_without_page_has_no_link(tmp_path):
    folder = write_rated(tmp_path, judges=("qwen",))
    path = write_card(folder, whole_card(judge="ab c"))
    write_card_page(path)
    write_json(folder / "judge_cards" / "z" / "card.json", whole_card(judge=HOSTILE, measures=[]))
    summarise(folder)
    html = page_of(folder)
    assert 'href="../judge_cards/ab%20c/index.html"' in html
    assert HOSTILE not in html and "<h3>Card of a judge&#34; onclick=&#34;x &lt;b&gt;&amp;</h3>" in html


def test_without_cards_there_is_no_heading_of_them(tmp_path):
    folder = write_rated(tmp_path, judges=("qwen",))
    summarise(folder)
    html = page_of(folder)
    assert "judge-cards" not in html


def test_a_card_of_another_form_is_not_drawn(tmp_path):
    page = tmp_path / "report" / "index.html"
    path = write_card(tmp_path, whole_card(judge=STEADY, inconsistent=""))
    assert [one.judge for one in cards_beside(tmp_path, page)] == [STEADY]
    write_json(path, {**whole_card(judge=STEADY, inconsistent=""), "form": FORM + 1, "measures": {}})
    assert cards_beside(tmp_path, page) == []


def test_a_page_of_one_seed_shows_the_cards_of_its_sweep(tmp_path):
    folder = write_rated(tmp_path / "seed=0", judges=("qwen",))
    write_json(tmp_path / "jobs.json", [])
    write_card_page(write_card(tmp_path, whole_card(judge="qwen")))
    summarise(folder)
    html = page_of(folder)
    assert '<a href="../../judge_cards/qwen/index.html">Card of qwen</a>' in html


@pytest.mark.parametrize("name", ["tables.md", "tables.tex"])
def test_debiased_tables_mark_the_judge_and_quote_its_card(folder, name):
    write_tables(folder, list(WORTH))
    text = (folder / name).read_text()
    mark = MARK if name == "tables.md" else r"\S{}"
    for title in ("Differences to baseline", "Means"):
        for judge in (f"{UNSTEADY} {mark}", f"panel {mark}", STEADY):
            assert f"{title}, debiased by people's ratings, judge {judge}, benchmark" in text
        assert f"debiased by people's ratings, judge {UNSTEADY}, " not in text
    grids = further_grids(folder)
    told = f"Card of {UNSTEADY}: {headline(read_card(folder / 'judge_cards' / UNSTEADY / 'card.json'))}."
    for measure in ("difference", "mean"):
        assert told in grids[f"debiased_{measure}_{UNSTEADY}"].note and MARK in grids[f"debiased_{measure}_panel"].note
        assert "panel is the median of" in grids[f"debiased_{measure}_panel"].note
        assert told not in grids[f"debiased_{measure}_{STEADY}"].note
        assert "claude has no card" in grids[f"debiased_{measure}_claude"].note
