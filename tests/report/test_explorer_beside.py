"""What stands in the explorer beside the arms' own: answers that a paper prints, and the median of the judges."""

import json
import re

import pytest

from llavapose.errors import DataError
from llavapose.files import write_jsonl
from llavapose.records import PEOPLE, POSE
from llavapose.report.explorer import QUOTED, answers_explorer
from llavapose.report.page import Source, write_page
from tests.report.browser import browser, needs_browser
from tests.report.explored import ARMS, HOSTILE, PAIR, RATED, write_explored

pytestmark = [pytest.mark.browser]
LISTED = "[...document.querySelectorAll('#list .row')].map((row) => row.dataset.id)"


@pytest.fixture
def tab(tmp_path_factory):
    """The browser, which must have had nothing to complain of and have asked nobody."""
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
        assert (opened.wrong, opened.asked) == ([], [])


@pytest.fixture
def of_a_paper(tmp_path):
    """With answers that a paper prints to one question, and a second and a third judge of full's answers."""
    folder = write_explored(tmp_path)
    printed = (("Enhanced (a paper, Table 2)", f"Printed words ... {HOSTILE[0]}"), ("Plain (a paper)", "Others ..."))
    write_jsonl(folder / "quoted.jsonl", [
        *({"question_id": "2-detail", "arm": model, "text": text, "finish": "length"} for model, text in printed),
        {"question_id": "asked elsewhere", "arm": "Plain", "text": "Nothing to do with it"},
    ])  # fmt: skip
    for judge, rating in (("claude-single", 4.0), ("gpt-single", 3.0)):
        write_jsonl(folder / "verdicts" / judge / "full.jsonl", [
            {"question_id": name, "arm": "full", "judge": judge, "rating": None if name == "1-detail" else rating,
             "reason": "", "kind": name[2:], "scene_id": int(name[0]), "claims": []}
            for name in RATED if name != "2-complex"
        ])  # fmt: skip
    return folder


@needs_browser
def test_what_a_paper_prints_stands_beside_ours_and_is_never_rated(of_a_paper, tab):
    page = write_page(Source(out=of_a_paper, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], of_a_paper)))
    tab.open(f"{page.as_uri()}#2-detail")
    assert tab.ask("document.querySelectorAll('#shown .answer').length") == 4 + 2
    heads = [re.sub(r"\s+", " ", head) for head in tab.texts("#shown .quoted h4")]
    assert heads == [f"Enhanced (a paper, Table 2) {QUOTED}", f"Plain (a paper) {QUOTED}"]
    assert tab.texts("#shown .quoted .said") == [f"Printed words ... {HOSTILE[0]}", "Others ..."]
    inside = "#shown .quoted :is(b, .verdicts, details, mark, img, .hole)"
    assert tab.ask(f"document.querySelectorAll({json.dumps(inside)}).length") == 0
    tab.open(f"{page.as_uri()}#2-conv")
    assert tab.ask("document.querySelectorAll('#shown .quoted').length") == 0
    tab.open(f"{page.as_uri()}#q=%22printed%20words%22")
    assert tab.ask(LISTED) == ["2-detail"]
    html = page.read_text(encoding="utf-8")
    plain = html.partition("<noscript>")[2]
    assert f"({QUOTED}): Others ..." in plain and "Nothing to do with it" not in html and HOSTILE[0] not in html


@needs_browser
def test_better_than_the_baseline_is_told_within_the_arms_own_pair(tmp_path, tab):
    """Beside conv the judge thinks more of the baseline, whose mean over both pairings lies between full's and its own.

    2-conv: full 5 and the baseline 5 in their pair are equal; conv's 8 is worse than the 9 beside it, though
    above the mean of 7.
    """
    folder = write_explored(tmp_path)
    rows = [
        {"question_id": "2-conv", "arm": arm, "judge": PAIR, "rating": rating, "reason": "", "protocol": "pair",
         "opponent": other, "order": order, "repeat": 0, "kind": "conv", "scene_id": 2, "claims": []}
        for order in ("ab", "ba")
        for arm, other, rating in (("conv", "baseline", 8.0), ("baseline", "conv", 9.0))
    ]  # fmt: skip
    write_jsonl(folder / "verdicts" / PAIR / "conv.jsonl", rows)
    page = write_page(Source(out=folder, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], folder)))
    for state, listed in (("arm=full&outcome=equal", ["2-conv"]), ("arm=conv&outcome=worse", ["2-conv"]),
                          ("arm=conv&outcome=better", []), ("arm=full&outcome=worse", ["2-detail"])):  # fmt: skip
        tab.open(f"{page.as_uri()}#judge={PAIR}&{state}")
        assert tab.ask(LISTED) == listed, state
    tab.open(f"{page.as_uri()}#judge={PAIR}&id=2-conv")
    heads = [re.sub(r"\s+", " ", head) for head in tab.texts("#shown h4")]
    assert heads[:3] == ["full 5.0 ±0.0", "conv 8.0 −1.0", "baseline 7.0"]


@needs_browser
def test_the_median_of_judges_is_the_tables_panel(of_a_paper, tab):
    """Two of one protocol sit on it, with 4 and 3 for 2-detail; pose gave 7, the pair 5. Where one is missing, none."""
    page = write_page(Source(out=of_a_paper, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], of_a_paper)))
    for name, told in (("2-detail", "full 3.5"), ("1-detail", "full —")):
        tab.open(f"{page.as_uri()}#judge=panel&id={name}")
        assert re.sub(r"\s+", " ", tab.texts("#shown h4")[0]) == told
    assert "panel, the median of 2 judges" in tab.ask("document.querySelector('[name=judge]').innerText")


@needs_browser
def test_disagreement_is_that_of_judges_who_share_a_scale(of_a_paper, tab):
    """The pair's 8, 6, 5, 5 beside 4 and 3; pose, whose 9 for 1-conv is told on another scale, has no say."""
    page = write_page(Source(out=of_a_paper, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], of_a_paper)))
    tab.open(f"{page.as_uri()}#arm=full&sort=judges")
    assert tab.ask(LISTED) == ["1-conv", "1-complex", "2-conv", "2-detail", "1-detail", "2-complex"]
    assert tab.texts("#list .value")[:4] == ["5.0", "3.0", "2.0", "2.0"]
    assert "disagreement of 3 judges" in tab.ask("document.querySelector('[name=sort]').innerText")


@pytest.fixture
def with_people(tmp_path):
    """Two raters of full's answers beside a model's: 2-conv 2 and 4 against its 8; its 9 for 1-complex, which errs."""
    folder = write_explored(tmp_path)
    claims = [{"start": 0, "end": 4, "outcome": outcome, "kind": "elbow", "part": None, "value": "bent",
               "negated": False, "person": 0} for outcome in ("contradicted", "contradicted", "supported")]  # fmt: skip

    def rows(judge, ratings, **more):
        return [
            {"question_id": name, "arm": "full", "judge": judge, "rating": rating, "reason": "", "kind": name[2:],
             "scene_id": int(name[0]), "claims": [], **more} for name, rating in ratings.items()
        ]  # fmt: skip

    write_jsonl(folder / "verdicts" / "gpt-single" / "full.jsonl",
                rows("gpt-single", {"1-complex": 9.0, "2-conv": 8.0, "2-detail": 6.0}))  # fmt: skip
    write_jsonl(folder / "verdicts" / PEOPLE / "full.jsonl", [
        *rows(PEOPLE, {"1-complex": 8.0, "2-conv": 2.0, "2-detail": 6.0}, rater="a"),
        *rows(PEOPLE, {"2-conv": 4.0}, rater="b"),
    ])  # fmt: skip
    (folder / "verdicts" / PAIR / "full.jsonl").unlink()
    path = folder / "verdicts" / POSE / "full.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    write_jsonl(path, [{**one, "claims": claims if one["question_id"] == "1-complex" else []} for one in lines])
    return folder


@needs_browser
def test_where_a_judge_is_wrong_is_a_sort_order(with_people, tab):
    page = write_page(Source(out=with_people, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], with_people)))
    tab.open(f"{page.as_uri()}#arm=full&sort=people")
    assert tab.ask(LISTED)[:3] == ["2-conv", "1-complex", "2-detail"]
    assert tab.texts("#list .value")[:3] == ["5.0", "1.0", "0.0"]
    tab.open(f"{page.as_uri()}#arm=full&sort=facts")
    assert tab.ask(LISTED)[0] == "1-complex"
    assert tab.texts("#list .value")[:2] == ["5.0", ""], "9 less 1 + 9 / 3; no claim, no disagreement"
    tab.open(f"{page.as_uri()}#arm=full&sort=people&judge=gpt-single&id=2-conv")
    assert tab.texts("#list .value")[0] == "5.0"
    assert "people 3.0" in tab.texts("#shown .beside")[0]
    tab.open(page.as_uri())
    tab.choose("sort", "people")
    assert "2-conv" in tab.texts("#shown .id")[0], "the first of the new order is shown"
    assert "3 of them with a value" in tab.texts("#count")[0]
    tab.open(f"{page.as_uri()}#id=1-complex")
    assert "1 of 3 claims hold: 4.0" in tab.texts("#shown .beside")[0]
    tab.open(f"{page.as_uri()}#arm=full&sort=people&judge={PEOPLE}")
    assert tab.ask(LISTED)[0] == "2-conv", "people disagree with every model, not with themselves"


def test_orders_by_people_and_facts_are_there_where_those_are(with_people):
    def orders(folder):
        found = answers_explorer(ARMS[:3], dict.fromkeys(ARMS[:3], folder), (), ["#000"] * 4)
        assert found is not None
        (choices,) = [choices for name, _, choices in found.filters if name == "sort"]
        return dict(choices)

    assert {"people", "facts"} <= set(orders(with_people))
    (with_people / "verdicts" / PEOPLE / "full.jsonl").unlink()
    assert "people" not in orders(with_people)
    (with_people / "verdicts" / "gpt-single" / "full.jsonl").unlink()
    assert "facts" not in orders(with_people), "the pose judge is the facts"


def test_the_order_says_whose_disagreement_it_is(of_a_paper):
    def orders(folder):
        found = answers_explorer(ARMS[:3], dict.fromkeys(ARMS[:3], folder), (), ["#000"] * 4)
        assert found is not None
        (choices,) = [choices for name, _, choices in found.filters if name == "sort"]
        return dict(choices)

    assert orders(of_a_paper)["judges"] == "disagreement of 3 judges"
    (of_a_paper / "verdicts" / "gpt-single" / "full.jsonl").unlink()
    (of_a_paper / "verdicts" / PAIR / "full.jsonl").unlink()
    assert orders(of_a_paper)["judges"] == "disagreement of pose and claude-single", "no two models: of all there are"
    (of_a_paper / "verdicts" / "claude-single" / "full.jsonl").unlink()
    assert "judges" not in orders(of_a_paper), "one alone disagrees with nobody"


def test_one_judge_beside_pose_makes_no_median(tmp_path):
    folder = write_explored(tmp_path)
    found = answers_explorer(ARMS[:3], dict.fromkeys(ARMS[:3], folder), (), ["#000"] * 4)
    assert found is not None
    (choices,) = [choices for name, _, choices in found.filters if name == "judge"]
    assert [value for value, _ in choices] == ["", PAIR]
    assert not any("quoted" in item for item in found.items)


@pytest.mark.parametrize("row", [{"question_id": "2-detail", "arm": "x"}, {"question_id": 1, "arm": "x", "text": "y"}])
def test_a_quote_that_is_none_is_said(of_a_paper, row):
    write_jsonl(of_a_paper / "quoted.jsonl", [row])
    with pytest.raises(DataError, match=r"quoted\.jsonl:1 has .*expected question_id, arm and text"):
        answers_explorer(ARMS[:3], dict.fromkeys(ARMS[:3], of_a_paper), (), ["#000"] * 4)


@needs_browser
def test_a_judge_that_disagrees_with_itself_is_marked_and_chosen_by_its_own_name(tmp_path, tab):
    folder = write_explored(tmp_path)
    table = folder / "ablation.csv"
    head, *rows = table.read_text().splitlines()
    rows += [row.replace("pose,", f"{PAIR},", 1) for row in rows]
    table.write_text(
        "\n".join([f"{head},inconsistent", *(f"{row},{'so it is' * (PAIR in row)}" for row in rows)]) + "\n"
    )
    page = write_page(Source(out=folder, arms=ARMS[:3], folders=dict.fromkeys(ARMS[:3], folder)))
    tab.open(f"{page.as_uri()}#2-detail")
    options = "[...document.querySelectorAll('select[name=judge] option')]"
    assert tab.ask(f"{options}.map((one) => one.textContent.trim())") == [POSE, f"{PAIR} §"]
    assert tab.ask(f"{options}.map((one) => one.value)") == ["", PAIR], "addresses stay as they were"
    named = tab.ask("[...document.querySelectorAll('#shown .verdicts .judge')].map((one) => one.textContent)")
    assert any(one.startswith(f"{PAIR} §, beside") for one in named) and not any(f"{POSE} §" in one for one in named)
    assert any(f"{PAIR} § " in one for one in tab.texts("#shown summary"))
