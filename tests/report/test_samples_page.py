"""The page of samples: whole, safe, and opened by a real browser."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.files import write_json
from llavapose.records import Person, Sample, Scene, Turn
from llavapose.report import samples_page
from llavapose.report.markup import script
from llavapose.report.samples_page import write_samples_page
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.context import context_text
from tests.report.browser import browser, needs_browser
from tests.report.explored import unpacked

HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def scenes(tmp_path: Path) -> SceneSet:
    joints = tuple((0.3 + index / 40, 0.2 + index / 30, 2) for index in range(17))
    person = Person(id=1, box_xyxy=(0.2, 0.1, 0.8, 0.9), keypoints=joints)
    made = []
    for number in range(6):
        Image.new("RGB", (120, 90), (200, 180, 150)).save(tmp_path / f"{number}.png")
        made.append(
            Scene(
                id=number,
                image=f"{number}.png",
                width=120,
                height=90,
                captions=(f"Caption {number} {HOSTILE}",),
                people=(person,),
            )
        )
    return SceneSet(scenes=tuple(made), images=tmp_path)


@pytest.fixture
def page(scenes: SceneSet, tmp_path: Path) -> Path:
    samples = [
        Sample(
            id=f"{scene.id}-{kind}",
            images=(scene.image,),
            kind=kind,
            turns=(
                Turn(role="user", text=f"Question {kind}?"),
                Turn(role="assistant", text=f"Answer {kind} {HOSTILE}."),
            ),
            provenance={"teacher": "offline", "context": "keypoints"},
        )
        for scene in scenes.scenes
        for kind in ("conv", "detail", "complex")
    ]
    write_samples(tmp_path / "samples.jsonl", samples)
    return write_samples_page(tmp_path / "samples.jsonl", scenes, tmp_path, context_of=context_text, num_scenes=4)


def test_the_page_holds_all_samples_and_the_pictures_that_were_asked_for(page: Path, tmp_path: Path) -> None:
    assert page == tmp_path / "page" / "index.html"
    html = page.read_text(encoding="utf-8")
    assert html.count("data:image/jpeg;base64,") == 4
    for text in ("18 samples of 6 pictures", "4 pictures are drawn", "teacher offline, context keypoints"):
        assert text in " ".join(html.split())
    data = unpacked(html)
    assert len(data["items"]) == 18 and data["items"][0]["turns"][1][1] == f"Answer conv {HOSTILE}."
    assert len(data["contexts"]) == 6 and "keypoints: [0.3, 0.2, 2" in data["contexts"]["0.png"]
    plain = html.partition("<noscript>")[2].partition("</noscript>")[0]
    assert plain.count("<li") == 18 and "Answer complex" in plain


def test_the_footer_says_what_made_it(page: Path, scenes: SceneSet, tmp_path: Path) -> None:
    assert "No card" in page.read_text(encoding="utf-8").partition("<footer")[2]
    card = {"command": "generate.py teacher=offline <b>", "settings": "84e907956b06", "values": {"seed": 7}, "pid": 1,
            "commit": "2992e0d49d17", "host": "node7", "started": "2026-11-26T21:15:51+00:00"}  # fmt: skip
    write_json(tmp_path / "owner.json", card)
    write_samples_page(tmp_path / "samples.jsonl", scenes, tmp_path, context_of=context_text, num_scenes=4)
    footer = page.read_text(encoding="utf-8").partition("<footer")[2]
    for text in ("generate.py teacher=offline &lt;b&gt;", "2992e0d49d17", "2026-11-26 21:15 UTC", "84e907956b06",
                 "<dt>seed</dt><dd>7</dd>"):  # fmt: skip
        assert text in footer


def test_nothing_comes_from_elsewhere_and_text_stays_text(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in html and script("frames.js", "answers.js", "explorer.js").source in html
    assert html.count("<script") == html.count("</script") == 3
    assert not re.search(r"https?://|//cdn", html)
    assert "&lt;script&gt;alert(1)" in html


def test_more_than_a_page_holds_goes_into_several(scenes: SceneSet, page: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(samples_page, "PART_CHARS", 1000)
    (page.parent / "part-99.html").write_text("of an earlier run")
    first = write_samples_page(tmp_path / "samples.jsonl", scenes, tmp_path, context_of=context_text, num_scenes=4)
    parts = sorted(page.parent.iterdir())
    assert [path.name for path in parts] == ["index.html", *(f"part-{n}.html" for n in range(2, len(parts) + 1))]
    assert len(parts) > 1
    found = []
    for number, path in enumerate(parts, 1):
        html = path.read_text(encoding="utf-8")
        assert f"Part {number} of {len(parts)}" in " ".join(html.split())
        links = set(re.findall(r'href="([a-z][^":]*)"', html))
        assert links == {one.name for one in parts} - {path.name}
        found += [item["id"] for item in unpacked(html)["items"]]
    assert len(found) == len(set(found)) == 18 and first == page


@pytest.mark.browser
@needs_browser
def test_a_reader_searches_filters_and_reads(page: Path, tmp_path: Path) -> None:
    listed = "[...document.querySelectorAll('#list .row')].map((row) => row.dataset.id)"
    with browser(tmp_path / "profile") as tab:
        tab.open(f"{page.as_uri()}#kind=detail")
        assert tab.ask(listed) == [f"{number}-detail" for number in drawn_first(page)]
        tab.open(f"{page.as_uri()}#drawn=1")
        assert len(tab.ask(listed)) == 12
        tab.open(f"{page.as_uri()}#q=%22caption%203%22%20complex")
        assert tab.ask(listed) == ["3-complex"], "what the teacher saw is searched too"
        tab.open(f"{page.as_uri()}#{drawn_first(page)[0]}-conv")
        assert tab.ask("document.querySelector('#shown img').naturalWidth") == 480
        assert "Question conv?" in tab.texts("#shown h3")[0] and tab.texts("#shown dd") == [f"Answer conv {HOSTILE}."]
        assert "keypoints: [0.3" in tab.texts("#shown pre")[0] and len(tab.texts("#shown .more a")) == 2
        tab.ask("document.querySelector('#shown .more a').click()")
        tab.ask("new Promise((done) => setTimeout(done, 200))")
        assert "Question detail?" in tab.texts("#shown h3")[0]
        tab.open(page.as_uri(), width=390, height=844)
        assert tab.ask("document.documentElement.scrollWidth") == 390 and len(tab.ask(listed)) == 18
        assert (tab.wrong, tab.asked) == ([], [])
        tab.open(page.as_uri(), scripts=False)
        assert len(tab.texts("noscript li")) == 18


def drawn_first(page: Path) -> list[str]:
    """Numbers of the pictures as the page has them: the drawn ones first."""
    html = page.read_text(encoding="utf-8")
    (block,) = re.findall(r'<script type="application/json" id="pictures">(.*?)</script>', html, re.S)
    drawn = sorted(name.partition(".")[0] for name in json.loads(block))
    return drawn + [number for number in "012345" if number not in drawn]


def test_samples_of_other_pictures_are_refused(scenes: SceneSet, page: Path, tmp_path: Path) -> None:
    others = SceneSet(scenes=(), images=scenes.images)
    with pytest.raises(DataError, match="no sample is about a picture of"):
        write_samples_page(tmp_path / "samples.jsonl", others, tmp_path / "new", context_of=context_text)
    assert not (tmp_path / "new").exists()
