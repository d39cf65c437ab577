"""Marking facts by looking: what the page says and draws, where it goes on, and options that cannot be meant."""

import json
import re
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import facts as command
from benchmarks.people.marks import read_marks, table, unmatched
from benchmarks.people.page import made_page
from benchmarks.people.readers import read_people
from llavapose.errors import DataError
from llavapose.pose.people import references
from tests.report.browser import browser, kept_by_browser, needs_browser

MARKED = {"image": 7, "person": 1, "kind": "stance", "value": "standing", "mark": "right"}

NUMBERS = "[...document.querySelectorAll('#{} text')].map((one) => one.textContent)"
"""Of the boxes that a view shows; SVG has no innerText."""


@pytest.fixture
def scene(figures):
    """Three people, of whom two overlap so much that they have no name."""
    people = figures.person(0, dx=-120), figures.person(1, dx=60), figures.person(2, dx=75)
    found = figures.scene(*people)
    assert [bool(name) for name in references(found)] == [True, False, False]
    return found


def _content(page: str) -> dict:
    return json.loads(page.partition('type="application/json">')[2].partition("</script>")[0])


def _page(scene, folder: Path, **more) -> str:
    (folder / "images").mkdir(exist_ok=True)
    Image.new("RGB", (400, 400), "grey").save(folder / "images" / scene.image)
    return made_page([scene], folder / "images", name="people.json", **more)


def test_texts_say_who_is_meant_by_the_number_of_a_box(scene, tmp_path):
    entries = _content(_page(scene, tmp_path))["people"]
    assert [one["number"] for one in entries] == [1, 2, 3, None]
    texts = [(one["number"], fact["kind"], fact["text"]) for one in entries for fact in one["facts"]]
    assert [text for _, _, text in texts if "this person" in text.lower() or "side of:" in text] == []
    sides = [(number, text) for number, kind, text in texts if kind == "side_of"]
    first = references(scene)[0]
    assert (1, f"T{first[1:]} (box 1) is to the left of the person in box 2.") in sides
    assert (2, f"The person in box 2 is to the right of {first} (box 1).") in sides
    stances = [text for number, kind, text in texts if kind == "stance" and number == 3]
    assert stances == ["The person in box 3 is standing."]


def test_lots_are_drawn_of_people_and_whole_pictures_come_along(scene, tmp_path):
    content = _content(_page(scene, tmp_path, most=2))
    assert [one["box"] is None for one in content["people"]] == [False, False, True]
    assert len(_content(_page(scene, tmp_path, most=3))["people"]) == 4


def _write(folder: Path, figures) -> Path:
    (folder / "images").mkdir()
    Image.new("RGB", (400, 400), "white").save(folder / "images" / "1.jpg")
    keypoints = [value for x, y, seen in figures.person().keypoints for value in (x * 400, y * 400, seen)]
    person = {"id": 5, "image_id": 1, "category_id": 1, "iscrowd": 0, "area": 9000.0, "bbox": [140, 20, 120, 370]}
    path = folder / "people.json"
    content = {
        "images": [{"id": 1, "file_name": "1.jpg", "width": 400, "height": 400}],
        "annotations": [person | {"keypoints": keypoints, "num_keypoints": 17}],
        "categories": [{"id": 1, "name": "person"}],
    }
    path.write_text(json.dumps(content))
    return path


def _run(monkeypatch, capsys, folder: Path, *options: object) -> tuple[object, str, str]:
    """What the command ends with, prints and complains of."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "argv", ["facts.py", *map(str, options)])
    code: object = 0
    try:
        command.main()
    except SystemExit as stopped:
        code = stopped.code
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--jitter", "-2"], "--jitter.*-2.*1 or more"), (["--jitter", "0"], "--jitter.*0.*1 or more"),
     (["--jitter", "--pictures", "0"], "--pictures.*0.*1 or more"), (["--pictures", "few"], "--pictures.*few"),
     (["--coco", "FILE", "--page", "--most", "-3"], "--most.*-3.*1 or more"),
     (["--coco", "FILE", "--page", "--most", "0"], "--most.*0.*1 or more"),
     (["--coco", "FILE", "--jitter", "--most", "3"], "--most.*--page"),
     (["--images", "images"], "--images.*--coco"), (["--skeleton", "coco17"], "--skeleton.*--coco"),
     (["--most", "3"], "--most.*--page"), (["--page"], "--page.*--coco"),
     (["--coco", "FILE", "--page", "."], r"--page.*folder")],
)  # fmt: skip
def test_options_that_cannot_be_meant_are_refused(figures, tmp_path, monkeypatch, capsys, options, told):
    path = _write(tmp_path, figures)
    options = [path if one == "FILE" else one for one in options]
    code, out, complaint = _run(monkeypatch, capsys, tmp_path, *options)
    assert (code, out) == (2, "")
    last = complaint.rstrip("\n").rpartition("\n")[2]
    assert re.search(told, last), last


def test_a_page_that_cannot_be_written_is_a_line(figures, tmp_path, monkeypatch, capsys):
    path = _write(tmp_path, figures)
    (tmp_path / "file").write_text("")
    code, _, _ = _run(monkeypatch, capsys, tmp_path, "--coco", path, "--page", tmp_path / "file" / "page.html")
    assert isinstance(code, str)
    assert "\n" not in code
    assert "file" in code


@pytest.mark.parametrize(
    ("content", "told"),
    [([{"image_id": 1, "bbox": [1, 2, 3, 4], "category_id": 1, "score": 0.9}], "boxes of a detector"),
     ([{"image_id": 1, "keypoints": [1, 2, 2] * 17, "category_id": 1, "score": 0.9}], "results"),
     ([], "empty list"), ([1, 2], "list of other things"), ([{"a": 1}], "list of other things")],
)  # fmt: skip
@pytest.mark.parametrize("images", [True, False])
def test_lists_that_are_not_mpii_are_told_apart(tmp_path, content, told, images):
    path = tmp_path / "detections.json"
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=told) as caught:
        read_people(path, images=tmp_path if images else None)
    assert "\n" not in str(caught.value)
    assert "detections.json" in str(caught.value)
    assert "person_keypoints" in str(caught.value)


def test_marks_of_nothing_are_counted_and_the_first_is_named(figures, tmp_path):
    scene = figures.scene(figures.person())
    rows = [
        MARKED,
        MARKED | {"value": "sitting"},  # a verdict on what is no longer said
        {"image": 7, "person": 1, "kind": "nearest", "values": []},  # there is nobody who could be
        {"image": 7, "person": 1, "kind": "trunk", "values": ["upright"]},
        {"image": 7, "person": 1, "kind": "contact", "part": "left hand", "values": []},
    ]
    path = tmp_path / "marks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    marks = read_marks(path, [scene])
    (line,) = unmatched([scene], marks)
    assert line.startswith("3 of 5 marks match no fact")
    assert "the first: line 2, image 7, person 1: stance sitting" in line
    assert {row.kind: row.num_right for row in table([scene], marks)}["all"] == 2
    path.write_text(json.dumps(MARKED) + "\n")
    assert list(unmatched([scene], read_marks(path, [scene]))) == []


def test_the_command_says_which_marks_match_nothing(figures, tmp_path, monkeypatch, capsys):
    path = _write(tmp_path, figures)
    (tmp_path / "marks.jsonl").write_text(json.dumps(MARKED | {"image": 1, "person": 5, "value": "lying"}) + "\n")
    code, out, _ = _run(monkeypatch, capsys, tmp_path, "--coco", path, "--marks", "marks.jsonl")
    assert code == 0
    assert "1 of 1 marks match no fact" in out


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize(("width", "height"), [(1280, 900), (390, 844)])
def test_sides_and_numbers_are_seen_without_scrolling(scene, tmp_path, width, height):
    page = tmp_path / "page.html"
    page.write_text(_page(scene, tmp_path))
    inside = "r.width > 0 && r.top >= 0 && r.bottom <= innerHeight"
    seen = f"(one) => {{ const r = one.getBoundingClientRect(); return {inside} }}"
    with browser(tmp_path / "profile") as tab:
        tab.open(page.as_uri(), width=width, height=height)
        for what in (".legend", ".keys", "#close", "#whole", "li.now"):
            assert tab.ask(f"({seen})(document.querySelector('{what}'))"), what
        assert tab.ask("document.querySelector('.legend').getBoundingClientRect().top") < 100
        assert sorted(tab.ask(NUMBERS.format("whole"))) == ["1", "2", "3"]
        assert "person 1 of 3" in tab.texts("#where")[0]
        tab.press("n", "n", "n")
        assert "of 3" not in tab.texts("#where")[0]
        assert sorted(tab.ask(NUMBERS.format("close"))) == ["1", "2", "3"]
        height = "(one) => one.getBoundingClientRect().height"
        assert tab.ask(f"({height})(document.querySelector('#close text'))") >= 10
        assert tab.wrong == []


def soon(holds, seconds=10):
    """Whether something holds before long: a page that was just opened has yet to run its script."""
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.05)
    return holds()


def reopened(tab, page):
    """Open the page anew, after what was marked has left the tab, and wait until its script has run."""
    time.sleep(2)  # a browser writes what a page keeps in its own time
    tab.open(page.as_uri())
    assert soon(lambda: tab.ask("document.querySelectorAll('#facts li').length") > 0)


@pytest.mark.browser
@needs_browser
@kept_by_browser
def test_the_page_goes_on_where_marks_end_and_the_last_mark_stays(figures, tmp_path):
    scene = replace(figures.scene(figures.person()), image="7.jpg")
    page = tmp_path / "page.html"
    page.write_text(_page(scene, tmp_path))
    total = sum(len(one["facts"]) for one in _content(page.read_text())["people"])
    with browser(tmp_path / "profile") as tab:
        reopened(tab, page)
        tab.press("1", "1")
        reopened(tab, page)
        now = "[...document.querySelectorAll('#facts li')].findIndex((one) => one.className === 'now')"
        assert soon(lambda: tab.ask(now) == 2)
        tab.press("ArrowDown", *["1"] * (total - 3))
        assert soon(lambda: "1 fact is not marked" in tab.texts("#done")[0])
        tab.press("n")
        assert soon(lambda: tab.ask(now) == 2)
        tab.press("1")
        assert soon(lambda: f"All {total} facts are marked" in tab.texts("#done")[0])
        assert "download" in tab.texts("#done")[0]
        before = tab.ask("text()")
        tab.press("2", "2", "ArrowDown", "n", "3")
        assert tab.ask("text()") == before
        reopened(tab, page)
        assert soon(lambda: f"All {total} facts are marked" in tab.texts("#done")[0])
        tab.press("p", "2")
        assert soon(lambda: tab.ask("text()").count('"wrong"') == 1)
        assert tab.wrong == []
