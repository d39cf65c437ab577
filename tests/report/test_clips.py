"""Clips on the pages: their frames as a strip, played in place at their times, marked where claims took place."""

import json
import re
import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from llavapose.config.evaluating import RateConfig
from llavapose.evaluation.evaluate import draw_pictures
from llavapose.evaluation.judges.people.draw import draw
from llavapose.evaluation.tables.results import summarise
from llavapose.frames import MOST_FRAMES
from llavapose.records import Sample, Scene, Turn
from llavapose.report.audit_page import AuditPage, write_audit_page
from llavapose.report.explorer import clips
from llavapose.report.explorer.blind import write_rating_page
from llavapose.report.page import Source, write_page
from llavapose.report.samples_page import write_samples_page
from llavapose.samples import write_samples
from tests.report.browser import browser, needs_browser
from tests.report.clips import ANSWERS, RIGHT, SPAN, TIMES, WRONG, asked, claim, clip, write_clips, write_frames
from tests.report.explored import unpacked

TOLD = ["0.0 s", "0.2 s", "0.4 s", "0.6 s", "1.0 s"]
NOW = "[...document.querySelectorAll('.frame')].findIndex((one) => one.hasAttribute('data-now'))"
SHOWN = "document.querySelector('.screen img').src === document.querySelector('.frame[data-now] img').src"
SLIDE = (
    "(() => { const one = document.querySelector('.place');one.value = 3; one.dispatchEvent(new Event('input')); })()"
)
WRONG_AT = (
    "[...document.querySelector('.clip').querySelectorAll('.frame')]"
    ".map((one) => one.querySelectorAll('.lane.wrong').length)"
)
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


@dataclass(frozen=True, kw_only=True)
class Item:
    """As an audit hands them over."""

    sample: Sample
    finding: dict[str, Any]
    scene: Scene | None = None


@dataclass(frozen=True, kw_only=True)
class Pages:
    """The page of every kind, of the same clips."""

    report: Any
    samples: Any
    audit: Any
    folder: Any = field(repr=False)


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = write_clips(tmp_path_factory.mktemp("clips"))
    summarise(folder, list(ANSWERS))
    scenes = write_frames(folder / "images", (clip(1), clip(2)))
    turns = (Turn(role="user", text="What happens?"), Turn(role="assistant", text=ANSWERS["baseline"]))
    samples = [Sample(id=f"{one.id}-conv", images=tuple(frame.image for frame in one.frames), kind="conv", turns=turns,
                      times_s=TIMES, provenance={"context": "keypoints"}) for one in scenes.scenes]  # fmt: skip
    write_samples(folder / "samples.jsonl", samples)
    places = [{**claim(ANSWERS["baseline"]), "turn": 1, "words": ANSWERS["baseline"], "truth": "it is raised",
               "fact": {"span_s": list(SPAN)}}]  # fmt: skip
    finding = {"supported": 0, "contradicted": 1, "unverifiable": 0, "leaks": [], "claims": places}
    worst = tuple(Item(sample=sample, finding=finding, scene=scene)
                  for sample, scene in zip(samples, scenes.scenes, strict=True))  # fmt: skip
    page = AuditPage(title="clips", lines=(), rows=(), worst=worst, drawn=(), images=scenes.images)
    return Pages(
        report=write_page(Source(out=folder, arms=list(ANSWERS), folders=dict.fromkeys(ANSWERS, folder))),
        samples=write_samples_page(folder / "samples.jsonl", scenes, folder / "made", context_of=lambda *_: "text"),
        audit=write_audit_page(page, folder / "audit"),
        folder=folder,
    )


def pictures_of(html: str) -> dict[str, str]:
    return json.loads(html.partition('id="pictures">')[2].partition("</script>")[0])


def test_an_evaluation_draws_the_frames_and_takes_away_those_of_others(tmp_path):
    scenes = write_frames(tmp_path / "images", (clip(1), clip(2)))
    out = tmp_path / "pictures"
    draw_pictures(out, [asked(one) for one in scenes.scenes], scenes)
    names = [f"{number}/{at:03}.jpg" for number in (1, 2) for at in range(5)]
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*.jpg")) == sorted([*names, "1.jpg", "2.jpg"])
    draw_pictures(out, [asked(scenes.scenes[1])], scenes)
    assert sorted(path.name for path in out.iterdir()) == ["2", "2.jpg"]


def test_a_long_clip_is_drawn_in_part(tmp_path):
    scenes = write_frames(tmp_path / "images", (clip(1, tuple(at / 10 for at in range(40))),))
    draw_pictures(tmp_path / "pictures", [asked(scenes.scenes[0])], scenes)
    drawn = sorted(int(path.stem) for path in (tmp_path / "pictures" / "1").iterdir())
    assert len(drawn) == MOST_FRAMES and (drawn[0], drawn[-1]) == (0, 39)


def test_the_page_holds_all_frames_with_their_times_and_when_claims_took_place(pages):
    html = pages.report.read_text()
    items = unpacked(html)["items"]
    assert [one["times"] for one in items] == [list(TIMES)] * 2
    names = [[one["picture"], *one["further"]] for one in items]
    assert len(set(names[0]) | set(names[1])) == 10 and len(set(pictures_of(html).values())) == 10
    spans = [answer["spans"] for answer in items[0]["answers"][:2]]
    assert spans == [[[*SPAN, "right", RIGHT]], [[*SPAN, "wrong", WRONG]]]
    assert "What this does not show" in html, "the world in motion is the built-in world too"


def test_where_frames_have_no_room_every_clip_has_fewer(pages, monkeypatch):
    folder = pages.folder
    rows = [{"scene_id": number, "times": list(TIMES)} for number in (1, 2)]
    sizes = sum(path.stat().st_size for path in (folder / "pictures").glob("*/*.jpg")) * 4 / 3
    monkeypatch.setattr(clips, "PICTURES_BYTES", sizes * 0.7)
    found = clips.clips_shown(rows, [folder])
    assert [list(of) for of in found.frames.values()] == [[0, 2, 4]] * 2 or [
        len(of) for of in found.frames.values()
    ] == [3, 3]
    assert found.told[0].startswith("Of each clip at most 3 of")
    assert found.pictured(rows[0])["times"] == [TIMES[number] for number in found.frames[1]]
    monkeypatch.setattr(clips, "PICTURES_BYTES", 10)
    assert [len(of) for of in clips.clips_shown(rows, [folder]).frames.values()] == [1, 1]
    assert clips.clips_shown(rows, [folder / "nowhere"]).pictured(rows[0]) is None, "frames that nobody has drawn"


def test_pages_of_samples_and_audits_hold_the_frames(pages):
    html = pages.samples.read_text()
    (first, _) = unpacked(html)["items"]
    assert first["times"] == list(TIMES) and len(pictures_of(html)) == 10
    html = pages.audit.read_text()
    assert html.count("data:image/jpeg;base64,") == 2 * (len(TIMES) + 1), "a screen each, and the frames"
    assert [float(one) for one in re.findall(r'class="frame" data-time="([^"]*)"', html)] == [*TIMES, *TIMES]
    assert 'data-start="0.2" data-end="0.55" data-mark="wrong"' in html and f"“{WRONG}”" in html
    assert html.count("<script>") == 1 and "script-src 'sha256-" in html


def test_raters_are_handed_the_frames_in_order(pages):
    folder = pages.folder
    scenes = write_frames(folder / "images", (clip(1), clip(2)))
    found = draw(folder, RateConfig())
    html = write_rating_page(found, scenes, folder / "rate" / "index.html", needed="").read_text()
    content = json.loads(html.partition('id="content">')[2].partition("</script>")[0])
    assert len(content["pictures"]) == 10 and all(one["drawn"] for one in content["pictures"])
    for item in content["items"]:
        places = [item["picture"], *item["further"]]
        assert item["times"] == list(TIMES) and len(set(places)) == 5 and places == sorted(places)


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("which", ["report", "samples", "audit"])
def test_a_clip_is_played_at_its_times_and_stops(pages, tmp_path, which, width):
    with browser(tmp_path / "profile") as tab:
        tab.open(getattr(pages, which).as_uri() + ("" if which == "audit" else "#1-conv"), width=width, height=844)
        assert tab.texts(".frame time")[: len(TIMES)] == TOLD and tab.ask(NOW) == 0 and not tab.ask(TOO_WIDE)
        tab.ask("document.querySelector('.play').focus()")
        tab.press("Enter")
        assert tab.texts(".play")[0] == "Stop"
        time.sleep(0.45)
        assert tab.ask(NOW) in (1, 2, 3) and tab.ask(SHOWN)
        time.sleep(1.5)
        assert tab.ask(NOW) == 4 and tab.texts(".play")[0] == "Play", "it ends by itself"
        tab.press("Enter", "Escape")
        at = tab.ask(NOW)
        time.sleep(0.7)
        assert tab.ask(NOW) == at and tab.texts(".play")[0] == "Play"
        tab.ask(SLIDE)
        assert tab.ask(NOW) == 3
        if which != "samples":
            assert tab.ask(WRONG_AT) == [0, 1, 1, 0, 0]
        assert (tab.wrong, tab.asked) == ([], [])


@needs_browser
@pytest.mark.browser
def test_who_wants_less_motion_gets_one_frame_a_press(pages, tmp_path):
    with browser(tmp_path / "profile") as tab:
        tab._call("Emulation.setEmulatedMedia", features=[{"name": "prefers-reduced-motion", "value": "reduce"}])
        tab.open(pages.report.as_uri() + "#1-conv")
        assert tab.texts(".play")[0] == "Next frame"
        tab.ask("document.querySelector('.play').click()")
        time.sleep(0.8)
        assert tab.ask(NOW) == 1
