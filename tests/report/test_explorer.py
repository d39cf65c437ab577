"""The explorer in a real browser: searched, filtered, sorted, moved through by keys, on a telephone, attacked."""

import json
import re
import time

import pytest

from llavapose.files import read_jsonl, write_json, write_jsonl
from llavapose.report.explorer import answers_explorer
from llavapose.report.markup import script, script_data
from llavapose.report.page import Source, write_page
from tests.report.browser import browser, needs_browser
from tests.report.explored import (
    ARMS,
    HOSTILE,
    NEVER_SHOWN,
    PAIR,
    RATED,
    VIEWS,
    answer_text,
    unpacked,
    write_explored,
)

pytestmark = [pytest.mark.browser]
LISTED = "[...document.querySelectorAll('#list .row')].map((row) => row.dataset.id)"
OPEN = "document.querySelector('#shown .id')?.innerText.replace('# ', '')"
FOCUSED = "document.activeElement.dataset.id || document.activeElement.name || document.activeElement.tagName"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = write_explored(tmp_path_factory.mktemp("explored"))
    return write_page(Source(out=folder, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], folder)))


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as tab:
        yield tab


@pytest.fixture
def tab(opened):
    """The browser, which must have had nothing to complain of and have asked nobody."""
    opened.wrong.clear()
    opened.asked.clear()
    yield opened
    assert (opened.wrong, opened.asked) == ([], [])


@needs_browser
@pytest.mark.parametrize("state, listed", VIEWS)
def test_an_address_shows_what_it_says(page, tab, state, listed):
    tab.open(f"{page.as_uri()}#{state}")
    assert tab.ask(LISTED) == listed
    assert tab.texts("#count")[0].startswith(f"{len(listed)} of {len(RATED)} questions")


@needs_browser
def test_the_fields_do_the_same_and_the_address_keeps_it(page, tab):
    tab.open(page.as_uri())
    for name, value in (("arm", "full"), ("outcome", "better"), ("sort", "gain"), ("q", "elbow")):
        tab.choose(name, value)
    assert tab.ask(LISTED) == ["1-conv", "2-detail"]
    assert tab.ask("location.hash") == "#q=elbow&arm=full&outcome=better&sort=gain"
    assert tab.texts("#list .value") == ["+4.0", "+3.0"]
    tab.ask("document.querySelector('#filters [type=reset]').click()")
    time.sleep(0.2)
    assert tab.ask(LISTED) == list(RATED) and tab.ask("location.hash") == ""


@needs_browser
def test_a_question_has_an_address(page, tab):
    tab.open(f"{page.as_uri()}#2-detail")
    assert tab.ask(OPEN) == "2-detail" and tab.ask(LISTED) == list(RATED)
    tab.ask("location.hash = '#kind=conv&id=2-conv'")
    time.sleep(0.2)
    assert tab.ask(OPEN) == "2-conv" and tab.ask(LISTED) == ["1-conv", "2-conv"]
    tab.ask("document.querySelector('nav a[href=\"#ablation\"]').click()")
    time.sleep(0.2)
    assert tab.ask(OPEN) == "2-conv", "a place on the page is no question"
    assert tab.ask("[...document.querySelectorAll('#list .row')].map((row) => row.hash)")[1] == "#kind=conv&id=2-conv"


@needs_browser
def test_a_question_shows_all_that_there_is_about_it(page, tab):
    tab.open(f"{page.as_uri()}#why=1&id=2-detail")
    assert tab.ask("document.querySelector('#shown img').naturalWidth") == 96
    heads = [re.sub(r"\s+", " ", head) for head in tab.texts("#shown h4")]
    assert heads == ["full 7.0 +3.0", "conv 2.0 −2.0 †", "baseline 4.0", "prior 1.0 −3.0"]
    assert tab.texts("#shown .answer:first-of-type mark.right") == ["The left elbow is bent"]
    assert tab.texts("#shown .answer:first-of-type mark.wrong") == ["the left elbow is straight"]
    verdicts = tab.texts("#shown .answer:first-of-type .verdicts li")
    assert [re.sub(r"\s+", " ", one)[:44] for one in verdicts] == [
        "pose 7.0because of 2-detail <img src=x onerr",
        f"{PAIR}, beside baseline, first 8.0full ab"[:44],
        f"{PAIR}, beside baseline, second 2.0full ba"[:44],
    ]
    assert "second 2.0" in verdicts[2] and "full ba" in verdicts[2]
    assert len(tab.texts("#shown .answer:nth-of-type(3) .verdicts li")) == 3, "the baseline's own of both orders"
    assert tab.texts("#shown .answer:first-of-type summary") == [f"3 verdicts: pose 7.0, {PAIR} 5.0"]
    assert "Controls: shuffled 2.0" in tab.texts("#shown .answer:first-of-type .soft")
    tab.open(f"{page.as_uri()}#2-complex")
    assert re.sub(r"\s+", " ", tab.texts("#shown h4")[0]) == "full no answer"


@needs_browser
@pytest.mark.parametrize("state", ["2-detail", "why=1&q=onerror&id=2-detail", "q=%3Cscript%3E"])
def test_no_text_becomes_anything_but_text(page, tab, state):
    tab.open(f"{page.as_uri()}#{state}")
    title = tab.ask("document.title")
    assert title.startswith("Ablation") and tab.ask("document.querySelectorAll('#shown img').length") == 1
    assert tab.ask("document.querySelectorAll('script').length") == 3
    assert tab.ask("document.querySelectorAll('#explorer [onerror], #explorer b b, #explorer script').length") == 0
    found = tab.ask("document.querySelector('#shown').textContent")
    assert not {char for char in NEVER_SHOWN if char in found}
    if "2-detail" in state:
        shown = tab.ask("document.querySelector('#shown .said').textContent")
        assert shown == re.sub(f"[{NEVER_SHOWN}]", "\ufffd", answer_text("full", "2-detail"))
        for text in HOSTILE[:5]:
            assert text in shown


def test_the_file_ends_no_script_early_and_no_control_character_is_in_it(page):
    html = page.read_text(encoding="utf-8")
    assert not {char for char in NEVER_SHOWN if char in html}
    (block,) = re.findall(r'<script type="application/json" id="pictures">(.*?)</script>', html, re.S)
    assert not set("<>&\u2028\u2029") & set(block) and json.loads(block)
    assert unpacked(html)["items"], "packed in letters and digits"
    assert html.count("</script") == 3 and html.count("<!--") == 0


def test_only_the_one_script_is_allowed(page):
    html = page.read_text(encoding="utf-8")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html).group(1)
    assert "default-src 'none'" in policy and script("frames.js", "answers.js", "explorer.js").source in policy
    assert "unsafe" not in policy.partition("script-src")[2] and html.count("<script>") == 1


@needs_browser
def test_a_script_that_is_not_ours_is_not_run(page, opened, tmp_path):
    """The mutation: what would happen to a text that came through."""
    html = page.read_text(encoding="utf-8")
    planted = tmp_path / "planted.html"
    bad = "<script>document.title = 'owned'</script><img src=x onerror=\"document.title='owned'\">"
    planted.write_text(html.replace("<main>", f"<main>{bad}"), encoding="utf-8")
    opened.open(planted.as_uri())
    assert opened.ask("document.title").startswith("Ablation")
    assert any("Content Security Policy" in one for one in opened.wrong)
    changed = html.replace('"use strict";', '"use strict"; document.title = "owned";')
    planted.write_text(changed, encoding="utf-8")
    opened.open(planted.as_uri())
    assert opened.ask("document.title").startswith("Ablation") and opened.ask(LISTED) == []


def test_the_script_puts_text_in_as_text_alone():
    code = script("frames.js", "answers.js", "explorer.js").code
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function|https?:|fetch\(", code
    )
    for name in ("frames.js", "answers.js", "explorer.js"):
        assert len(script(name).code.splitlines()) < 400


@needs_browser
def test_keys_alone_are_enough(page, tab):
    tab.open(page.as_uri())
    tab.ask("document.querySelector('#filters [type=reset]').focus()")
    tab.press("Tab")
    assert tab.ask(FOCUSED) == "1-conv", "the list is one stop"
    tab.press("j")
    assert (tab.ask(FOCUSED), tab.ask(OPEN), tab.ask("location.hash")) == ("1-detail", "1-detail", "#1-detail")
    tab.press("ArrowDown", "j", "k")
    assert (tab.ask(FOCUSED), tab.ask(OPEN)) == ("1-complex", "1-complex")
    tab.press("End")
    assert tab.ask(OPEN) == "2-complex"
    tab.press("ArrowDown")
    assert tab.ask(OPEN) == "2-complex", "the end is the end"
    tab.press("Home", "ArrowUp", "Enter")
    assert (tab.ask(OPEN), tab.ask(FOCUSED)) == ("1-conv", "H3")
    tab.press("j", "Escape", "/")
    assert (tab.ask(OPEN), tab.ask(FOCUSED)) == ("1-detail", "q")
    tab.press(*"zebra j")
    time.sleep(0.3)
    assert tab.ask("document.forms.filters.elements.q.value") == "zebra j", "a letter typed is a letter"
    tab.press("Escape")
    assert tab.ask(LISTED) == list(RATED)
    tab.press("Tab")
    assert tab.ask(FOCUSED) == "arm"
    outline = tab.ask("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid", "where the focus is can be seen"


@needs_browser
def test_keys_mean_nothing_outside_the_explorer(page, tab):
    tab.open(page.as_uri())
    tab.ask("document.querySelector('nav a').focus()")
    tab.press("j", "/")
    assert tab.ask("document.activeElement.hash") == "#ablation" and tab.ask("location.hash") == ""


@needs_browser
@pytest.mark.parametrize("state", ["", "#2-detail", "#why=1&id=1-conv"])
def test_a_telephone_has_all_of_it_in_its_width(page, tab, state):
    tab.open(f"{page.as_uri()}{state}", width=390, height=844)
    assert tab.ask("document.documentElement.scrollWidth") == 390
    wider = "[...document.querySelectorAll('#explorer *')].filter((one) => one.getBoundingClientRect().right > 390)"
    assert tab.ask(f"{wider}.map((one) => one.className || one.tagName)") == []
    if state:
        assert tab.ask("document.querySelector('#list #shown') !== null"), "below its row"
        assert tab.ask("Math.abs(document.querySelector('.row[aria-current]').getBoundingClientRect().top)") < 5
        tab.ask("document.querySelector('.row[aria-current]').click()")
        assert tab.ask("document.querySelector('#shown').hidden"), "a second touch closes it"
    small = "[...document.querySelectorAll('#filters select, #filters button, #list .row')]"
    assert tab.ask(f"Math.min(...{small}.map((one) => one.getBoundingClientRect().height))") >= 44


@needs_browser
@pytest.mark.parametrize("width", [390, 1280])
def test_the_letters_of_plots_can_be_read(page, tab, width):
    tab.open(page.as_uri(), width=width)
    letters = (
        "[...document.querySelectorAll('figure svg text')].filter((one) => one.checkVisibility())"
        ".map((one) => [parseFloat(getComputedStyle(one).fontSize), one.getScreenCTM()])"
        ".map(([size, scale]) => size * Math.hypot(scale.a, scale.b))"
    )
    assert len(tab.ask(letters)) > 10 and min(tab.ask(letters)) >= 9.9
    assert (
        tab.ask("[...document.querySelectorAll('figure svg')].filter((one) => one.clientWidth > innerWidth).length")
        == 0
    )


@needs_browser
def test_without_scripts_tables_and_all_answers_read(page, tab):
    tab.open(page.as_uri(), scripts=False)
    assert not tab.ask("document.querySelector('#explorer').checkVisibility()")
    words = tab.ask("document.body.innerText")
    assert len(tab.texts("noscript li")) == len(RATED) and "A zebra. <img src=x" in words and "no answer" in words


def test_the_footer_says_what_made_it(page):
    footer = page.read_text(encoding="utf-8").split("<footer")[1]
    for text in ("train.py -m data=full,conv", "2992e0d49d17798138a8029997759a89201b10ac", "2026-11-26 21:15 UTC",
                 "84e907956b06", "optim.lr"):  # fmt: skip
        assert text in footer


def test_data_is_as_the_files_are(page):
    folder = page.parents[1]
    found = answers_explorer(ARMS[:3], dict.fromkeys(ARMS[:3], folder), (), ["#000"] * 4)
    assert found is not None and found.arms == list(ARMS) and [one["id"] for one in found.items] == list(RATED)
    answer = found.items[4]["answers"][0]
    assert answer["ratings"] == [7.0, 5.0] and answer["wrong"] == 1 and answer["controls"][0] == [2.0, None]
    assert answer["verdicts"][1][3:] == ["baseline", "ab", 0]
    assert found.items[5]["answers"][0] == {"note": "no answer"}
    assert set(json.loads(found.pictures)) == {"1", "2"}


def test_json_in_a_page_is_the_same_json():
    value = {"a": ["</script><!--", "\u2028", "\U0001f3be", 1.5, None, True], "</script>": "&"}
    assert json.loads(script_data(value)) == value
    with pytest.raises(ValueError):
        script_data(float("nan"))


def test_no_questions_no_explorer(tmp_path):
    assert answers_explorer(["full"], {"full": tmp_path}, (), ["#000"] * 2) is None


def test_answers_to_other_questions_are_not_shown_as_answers(tmp_path):
    folder = write_explored(tmp_path)
    path = folder / "verdicts" / "pose" / "conv.jsonl"
    rows = [json.loads(line) | {"text": "Another question?"} for line in path.read_text().splitlines()]
    write_jsonl(path, rows)
    write_json(folder / "benchmark.json", {"name": "x", "hash": "y", "num_questions": 6})
    found = answers_explorer(["conv"], {"conv": folder}, (), ["#000"] * 2)
    assert found is not None and found.items[0]["answers"][0] == {"note": "asked another question"}


@needs_browser
@pytest.mark.parametrize(
    "state, place", [("#sort=gain", "explorer"), ("#made", "made"), ("", ""), ("#2-conv", "shown")]
)
def test_what_an_address_asks_for_is_on_the_screen(page, tab, state, place):
    tab.open(f"{page.as_uri()}{state}")
    top = tab.ask(f"document.getElementById('{place}').getBoundingClientRect().top") if place else tab.ask("scrollY")
    assert -5 <= top < 800


def test_the_upper_bound_is_no_arm_and_another_baseline_can_be_named(tmp_path):
    folder = write_explored(tmp_path)
    for room in ("answers", "verdicts/pose"):
        rows = [row | {"arm": "text_only"} for _, row in read_jsonl(folder / room / "full.jsonl", what="rows")]
        write_jsonl(folder / room / "text_only.jsonl", rows)
    arms = ["full", "conv", "text_only"]
    found = answers_explorer(arms, dict.fromkeys(arms, folder), (), ["#000"] * 4, "conv")
    assert found is not None
    data = unpacked(f'<script type="text/plain" id="data">{found.data}</script>')
    assert data["baselines"] == [1] * 4 and data["priors"] == [3] * 4
    assert (data["compared"], data["controls"]) == ([0], [2, 3])
