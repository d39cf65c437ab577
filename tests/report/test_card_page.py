"""A judge's card as a page, in a real browser: what it says on a desk and on a telephone; nothing runs in it."""

import re

import pytest

from llavapose.evaluation.judges.card.card import write_card
from llavapose.report.tables.cards import write_card_page
from tests.report.browser import browser, needs_browser

HOSTILE = "<script>document.title='owned'</script>\u202eReverse <b>bold</b> & \x1b[31mred"
NUMBERS = {
    "repeat_sd": 4.2, "repeat_winner": 91.0, "same_winner": 88.0, "first_place": 2.5, "itself_ties": 70.0,
    "itself_first_place": 2.4, "false_1": 9.0, "false_2": 17.5, "false_3": 26.0, "removed_1": 4.0, "removed_2": 7.5,
    "removed_3": 11.0, "found_1": 81.0, "found_2": 93.0, "found_3": 99.0, "a_false_claim": 8.8, "a_removed_claim": 3.7,
    "padding": 1.5, "nonsense": -3.0, "order": 12.0, "keypoints": 0.4,
}  # fmt: skip


def whole_card(**changes):
    measures = [{"measure": name, "value": one, "low": one - 2, "high": one + 2, "num": 90} for name, one in
                NUMBERS.items()]  # fmt: skip
    agreement = [{"with": peer, "kind": kind, "measure": "spearman", "value": 0.61, "low": 0.5, "high": 0.7, "num": 90}
                 for peer in ("people", "pose") for kind in ("conv", "detail", "complex", "all")]  # fmt: skip
    texts = {"clean": "The left elbow is bent.", "order": HOSTILE}
    return {
        "judge": "gpt-4o-2024-08-06-pair-captions_boxes", "model": "gpt-4o", "protocol": "pair", "context": "keypoints",
        "benchmark": {"name": "world", "hash": "0123456789ab"}, "num_pictures": 90, "num_asked": 3000,
        "num_unrated": 12, "inconsistent": "", "measures": measures, "agreement": agreement,
        "example": {"question": HOSTILE, "texts": texts},
    } | changes  # fmt: skip


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(tab, tmp_path, width):
    page = write_card_page(write_card(tmp_path, whole_card(inconsistent="disagrees with itself: so it does")))
    tab.open(page.as_uri(), width=width, height=900)
    assert tab.ask("document.title").startswith("Judge's card of gpt-4o") and not tab.wrong and not tab.asked
    assert tab.ask("document.documentElement.scrollWidth") <= width, "the page itself does not go on sideways"
    assert "This judge disagrees with itself: so it does." in tab.texts(".marked")[0]
    assert tab.texts("section > h2")[:5] == [
        "Does it agree with itself?", "Does it see pose errors?", "What does a style buy?", "Does the order matter?",
        "Does it agree with people, and with the pose judge?",
    ]  # fmt: skip
    shown = tab.ask(
        "[...document.querySelectorAll('figure svg')].filter((s) => s.getBoundingClientRect().width).length"
    )
    assert shown == 2, "of each plot the one for this width"
    assert tab.ask("document.querySelectorAll('script').length") == 0
    assert "<b>bold</b>" in tab.texts("#planted dd")[-1]
    rows = tab.texts("#errors tbody tr")
    assert len(rows) == 4 and re.search(r"17\.5\s+\[15\.5, 19\.5\]", rows[1])


def test_a_judge_of_single_answers_has_no_position(tmp_path, plain_plots):
    lone = [one for one in whole_card()["measures"] if one["measure"][:5] not in ("first", "same_", "itsel")]
    html = write_card_page(write_card(tmp_path, whole_card(measures=lone, agreement=[]))).read_text()
    assert 'id="position"' not in html and "No verdicts of this judge lie beside this card" in html
    assert 'class="marked"' not in html


def test_a_card_without_numbers_is_a_page_of_holes(tmp_path):
    bare = {"judge": "j", "inconsistent": "", "num_pictures": 1, "measures": []}
    html = write_card_page(write_card(tmp_path, bare)).read_text()
    assert "<svg" not in html and html.count("—") > 10
