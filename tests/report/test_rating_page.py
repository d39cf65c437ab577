"""The page on which people rate, in a real browser: blind, by keyboard and touch, kept, undone, exported."""

import json
import re
import time

import pytest

from llavapose.config.choices import RateMode
from llavapose.config.evaluating import RateConfig
from llavapose.errors import DataError
from llavapose.evaluation.judges.people.draw import draw
from llavapose.evaluation.judges.people.exports import read_exports
from llavapose.evaluation.judges.people.key import keep_key, read_key
from llavapose.report.explorer import blind
from llavapose.report.explorer.blind import write_rating_page
from llavapose.report.room import PAGE_BYTES
from tests.evaluation.judges.people.rated import ARMS, scenes_of, write_answers
from tests.pose.conftest import Figures
from tests.report.browser import browser, kept_by_browser, needs_browser
from tests.report.explored import NEVER_SHOWN

SAVED = (
    "(async () => { let made; const was = URL.createObjectURL;"
    " URL.createObjectURL = (blob) => { made = blob; return was.call(URL, blob); };"
    " document.getElementById('save').click(); URL.createObjectURL = was; return made.text(); })()"
)
"""What the button exports."""


_NAMED = "(() => {{ document.getElementById('name').value = {}; document.querySelector('#ask button').click(); }})()"


@pytest.fixture
def page(tmp_path):
    """Makes the page of two pictures; gives its path and the folder."""

    def made(folder=tmp_path, **more):
        write_answers(folder)
        found = draw(folder, RateConfig(**{"num_pictures": 2, **more}))
        keep_key(folder, found)
        scenes = scenes_of(folder, people=(Figures().person(),))
        return write_rating_page(found, scenes, folder / "rate" / "index.html", needed="33 are needed.")

    return made


def _content(path):
    return json.loads(path.read_text().partition('id="content">')[2].partition("</script>")[0])


def soon(holds, seconds=10):
    """Whether something holds before long."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def _begin(tab, path, name="anna", **size):
    tab.open(path.as_uri(), **size)
    assert soon(lambda: tab.ask("document.getElementById('ask') !== null"))
    if not tab.ask("document.getElementById('ask').hidden"):
        tab.ask(f"(() => {{ const one = document.getElementById('name'); one.value = {json.dumps(name)};"
                " document.querySelector('#ask button').click(); })()")  # fmt: skip


@pytest.mark.parametrize("mode", list(RateMode))
def test_the_page_tells_nobodys_arm_and_holds_no_character_that_obeys(page, mode):
    path = page(mode=mode)
    text = path.read_text()
    assert not re.search("|".join((*ARMS, "_conv", "-conv")), text)
    assert not set(text) & set(NEVER_SHOWN)
    assert text.lower().count("<script") == 2 + text.count("application/json") - 1
    assert "http://" not in text
    assert "https://" not in text
    assert "default-src 'none'" in text
    content = _content(path)
    assert set(content) == {"draw", "mode", "pictures", "items"}
    assert {frozenset(one) for one in content["items"]} == {frozenset(("id", "picture", "question", "answers"))}
    assert len(path.read_bytes()) < PAGE_BYTES


def test_a_skeleton_is_there_where_joints_are_annotated(page):
    content = _content(page(num_pictures=6))
    assert sorted(one["drawn"] is not None for one in content["pictures"]) == [False] * 3 + [True] * 3
    assert all(one["plain"].startswith("data:image/jpeg") for one in content["pictures"])


def test_a_page_that_would_be_too_large_is_refused_in_a_line(page, monkeypatch):
    monkeypatch.setattr(blind, "PAGE_BYTES", 20_000)
    with pytest.raises(DataError, match=r"rate\.num_pictures") as caught:
        page()
    assert "\n" not in str(caught.value)


@pytest.mark.browser
@needs_browser
@kept_by_browser
def test_rated_by_keyboard_kept_undone_and_gone_on_with(page, tmp_path):
    path = page(tmp_path)
    items = _content(path)["items"]
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path)
        count = lambda: tab.texts("#count")[0]  # noqa: E731
        assert soon(lambda: count() == f"0 of {len(items)} rated")
        assert tab.texts("#answer0")[0].strip() == items[0]["answers"][0].strip()
        tab.press("7", "0", "3")
        assert soon(lambda: count() == f"3 of {len(items)} rated")
        tab.press("z")
        assert soon(lambda: count() == f"2 of {len(items)} rated")
        assert tab.texts("#where")[0].endswith(f"answer 3 of {len(items)}")
        time.sleep(2)  # a browser writes what a page keeps in its own time
        _begin(tab, path)
        assert soon(lambda: count() == f"2 of {len(items)} rated")
        assert tab.texts("#where")[0].endswith(f"answer 3 of {len(items)}")
        tab.press("p")
        assert tab.ask("document.querySelector('#buttons [aria-pressed=true]').id") == "value-10"
        tab.press("4", "z")
        rows = [json.loads(line) for line in tab.ask(SAVED).splitlines()]
        assert [(row["id"], row["rating"], row["rater"]) for row in rows] == [
            (items[0]["id"], 7, "anna"), (items[1]["id"], 10, "anna"),
        ]  # fmt: skip
        tab.press("n", *["5"] * (len(items) - 2))
        assert soon(lambda: "All" in tab.texts("#endword")[0])
        tab.press("5")
        (tmp_path / "a.jsonl").write_text(tab.ask(SAVED))
        assert tab.asked == []
        assert tab.wrong == []
    given = read_exports([tmp_path / "a.jsonl"], read_key(tmp_path))
    assert sorted(one.value for one in given) == [5] * (len(items) - 2) + [7, 10]


@pytest.mark.browser
@needs_browser
@kept_by_browser
def test_two_raters_at_one_browser_are_kept_apart(page, tmp_path):
    path = page(tmp_path)
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path, "__proto__")
        tab.press("7", "7")
        tab.ask("document.getElementById('rename').click()")
        assert tab.ask("document.getElementById('rate').hidden")
        tab.press("5")  # nobody rates without a name
        tab.ask(_NAMED.format(json.dumps(" José  <b> ")))
        assert tab.texts("#count")[0].startswith("0 of")
        assert tab.texts("#who")[0] == "José <b>"
        tab.press("2")
        assert [json.loads(line)["rating"] for line in tab.ask(SAVED).splitlines()] == [2]
        tab.ask("document.getElementById('rename').click()")
        tab.ask(_NAMED.format(json.dumps("__proto__")))
        assert [json.loads(line)["rating"] for line in tab.ask(SAVED).splitlines()] == [7, 7]
        assert tab.wrong == []


@pytest.mark.browser
@needs_browser
def test_a_browser_that_keeps_nothing_is_told_of(page, tmp_path):
    path = page()
    text = path.read_text()
    broken = tmp_path / "broken.html"
    # Another script by another hash: as a browser whose store throws.
    head, rest = text.split("<script>", 1)
    stub = "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } });"
    head = re.sub(r"script-src '[^']+'", "script-src 'unsafe-inline'", head)
    broken.write_text(f"{head}<script>{stub}</script><script>{rest}")
    with browser(tmp_path / "profile") as tab:
        _begin(tab, broken)
        assert soon(lambda: "keeps nothing" in tab.texts("#lost")[0])
        tab.press("7")
        assert tab.texts("#count")[0].startswith("1 of")
        assert '"rating":7' in tab.ask(SAVED)
        _begin(tab, path)
        assert tab.ask("document.getElementById('lost').hidden")


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("mode", list(RateMode))
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_it_fits_and_fingers_find_the_buttons(page, tmp_path, mode, width, height):
    path = page(mode=mode, num_pictures=6)
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path, width=width, height=height)
        assert tab.ask("document.documentElement.scrollWidth") <= width
        shown = "[...document.querySelectorAll('#bar button')].filter((one) => one.offsetParent)"
        size = f"{shown}.map((one) => one.getBoundingClientRect()).map((r) => [r.width, r.height, r.bottom])"
        assert all(w >= 48 and h >= 48 and bottom <= height for w, h, bottom in tab.ask(size))
        assert float(tab.ask("parseFloat(getComputedStyle(document.querySelector('#answer0')).fontSize)")) >= 18
        bar = tab.ask("document.getElementById('bar').getBoundingClientRect().height")
        assert bar < height / 3
        tab.shot(tmp_path / f"rate-{mode}-{width}.png")
        assert tab.ask("document.title") == "Rate answers · llavapose"
        assert tab.ask("document.querySelectorAll('#rate script, #rate b, #rate img').length") == 1
        if tab.ask("document.getElementById('bones').hidden"):
            tab.press("n", "n", "n", "n", "n", "n", "n", "n", "n")
        before = tab.ask("document.getElementById('picture').src")
        if not tab.ask("document.getElementById('bones').hidden"):
            tab.press("s")
            assert tab.ask("document.getElementById('picture').src") != before
            assert not tab.ask("document.getElementById('legend').hidden")
        tab.ask("document.querySelector('#buttons button').click()")
        assert tab.texts("#count")[0].startswith("1 of")
        assert tab.asked == []
        assert tab.wrong == []


@pytest.mark.browser
@needs_browser
def test_pairs_are_rated_by_arrows_and_numbers(page, tmp_path):
    path = page(mode=RateMode.pairs)
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path)
        tab.press("ArrowRight", "2", "1")
        rows = [json.loads(line) for line in tab.ask(SAVED).splitlines()]
        assert [row["choice"] for row in rows] == ["right", "equal", "left"]
        assert {row["mode"] for row in rows} == {"pairs"}


_BESIDE = """(() => {{ const place = Object.keys(localStorage).find((one) => one.startsWith('llavapose-rate-'));
const kept = JSON.parse(localStorage.getItem(place)), log = kept.raters.find((one) => one[0] === 'anna')[1];
log.push([{id}, {value}, {time}]); localStorage.setItem(place, JSON.stringify(kept));
if ({heard}) dispatchEvent(new StorageEvent('storage', {{ key: place, newValue: JSON.stringify(kept) }})); }})()"""
"""What the same page in another tab does: it rates, and this one hears of it, or not yet."""


def _rated(tab):
    return {row["id"]: row["rating"] for row in map(json.loads, tab.ask(SAVED).splitlines())}


def _beside(tab, item, value, *, time="Date.now() + 5", heard=False):
    told = _BESIDE.format(id=json.dumps(item["id"]), value=json.dumps(value), time=time, heard=json.dumps(heard))
    tab.ask(told)


@pytest.mark.browser
@needs_browser
@kept_by_browser
def test_two_tabs_lose_nothing_of_one_another(page, tmp_path):
    path = page(tmp_path)
    items = _content(path)["items"]
    one, two, three, four = (item["id"] for item in items[:4])
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path)
        tab.press("7")
        _beside(tab, items[3], 2)
        tab.press("8")  # writes, and has not heard of the other's
        assert _rated(tab) == {one: 7, two: 8, four: 2}
        _beside(tab, items[2], 9, heard=True)
        assert soon(lambda: tab.texts("#count")[0].startswith("4 of"))
        _beside(tab, items[0], 3)  # of one answer the newest counts
        _beside(tab, items[1], 1, time="1")
        tab.press("5")
        assert _rated(tab) == {one: 3, two: 8, three: 5, four: 2}
        tab.press("z")
        assert _rated(tab) == {one: 3, two: 8, three: 9, four: 2}
        _begin(tab, path)
        assert _rated(tab) == {one: 3, two: 8, three: 9, four: 2}
        assert tab.wrong == []


@pytest.mark.browser
@needs_browser
@kept_by_browser
def test_what_is_taken_back_stays_so_beside_another_tab(page, tmp_path):
    path = page(tmp_path)
    items = _content(path)["items"]
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path)
        tab.press("7", "8", "z", "z", "6")
        assert _rated(tab) == {items[0]["id"]: 6}
        before = tab.ask("JSON.stringify(Object.entries(localStorage))")
        tab.press("z")
        assert _rated(tab) == {}
        # Another tab writes what it knew before: nothing comes back.
        tab.ask(f"for (const [name, text] of {before}) localStorage.setItem(name, text)")
        tab.press("n", "4")
        assert _rated(tab) == {items[1]["id"]: 4}
        tab.ask("document.getElementById('back').click()")
        assert tab.wrong == []


@pytest.mark.browser
@needs_browser
@kept_by_browser
def test_what_an_older_page_kept_is_gone_on_with(page, tmp_path):
    path = page(tmp_path)
    content = _content(path)
    one, two = (item["id"] for item in content["items"][:2])
    kept = json.dumps({"now": "anna", "raters": [["anna", [[one, 3], [two, 4], [one, 5]]]]})
    with browser(tmp_path / "profile") as tab:
        tab.open(path.as_uri())
        tab.ask(f"localStorage.setItem('llavapose-rate-{content['draw']}', {json.dumps(kept)})")
        _begin(tab, path)
        assert _rated(tab) == {one: 5, two: 4}
        tab.press("z")
        assert _rated(tab) == {one: 3, two: 4}


FILE = (
    "(() => { let name; const was = HTMLAnchorElement.prototype.click;"
    " HTMLAnchorElement.prototype.click = function () { name = this.download; };"
    " document.getElementById('save').click(); HTMLAnchorElement.prototype.click = was; return name; })()"
)
"""What the exported file is called."""


@pytest.mark.browser
@needs_browser
def test_raters_files_have_names_of_their_own(page, tmp_path):
    path = page()
    names = ["anna", "李明", "王芳", "Ольга", "José", "हिन्दी", "!!!", "???", "...", "a/b", "a_b", "a b", "😀", "😁"]
    with browser(tmp_path / "profile") as tab:
        _begin(tab, path)
        files = []
        for name in names:
            tab.ask("document.getElementById('rename').click()")
            tab.ask(_NAMED.format(json.dumps(name)))
            files.append(tab.ask(FILE))
    assert len(set(files)) == len(names), files
    assert files[:6] == [f"ratings-{name}.jsonl" for name in names[:6]]
    assert all(re.fullmatch(r"ratings-[0-9a-f]{8}\.jsonl", one) for one in (*files[6:9], *files[12:])), files
    assert all(re.fullmatch(r"ratings-a_b(-[0-9a-f]{8})?\.jsonl", one) for one in files[9:12]), files


@pytest.mark.browser
@needs_browser
def test_nobody_is_called_people(page, tmp_path):
    path = page()
    with browser(tmp_path / "profile") as tab:
        for name in ("people", " People "):
            _begin(tab, path, name)
            assert not tab.ask("document.getElementById('ask').hidden")
            assert "people" in tab.ask("document.getElementById('name').validationMessage")
        _begin(tab, path, "people of Ulm")
        assert tab.ask("document.getElementById('ask').hidden")
