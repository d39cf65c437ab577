"""Questions about several pictures on the page, on the raters' page and among samples, in a real browser."""

import json

import pytest
from PIL import Image

from llavapose.config.evaluating import RateConfig
from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash, tied_pictures
from llavapose.evaluation.judges.people.draw import draw
from llavapose.evaluation.judges.people.key import keep_key, read_key
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_jsonl, write_json, write_jsonl
from llavapose.llava_json import to_record
from llavapose.records import FurtherPicture, Question, Sample, Scene, Turn
from llavapose.report.explorer.blind import write_rating_page
from llavapose.report.page import Source, write_page
from llavapose.report.samples_page import write_samples_page
from llavapose.scenes.coco import SceneSet
from tests.pose.conftest import Figures
from tests.report.browser import browser, needs_browser

GROUPS = {"alone": (1,), "two": (2, 3), "turned": (3, 2), "same": (4, 4), "many": tuple(range(5, 14))}
STRIP = "[...document.querySelectorAll('.look figure')].map((one) => [one.innerText, one.querySelector('img').alt])"
TOO_WIDE = "document.documentElement.scrollWidth > innerWidth"


def question(name):
    first, *rest = GROUPS[name]
    further = tuple(FurtherPicture(scene_id=number, image=f"{number}.jpg") for number in rest)
    return Question(id=name, scene_id=first, image=f"{first}.jpg", kind="detail", text=f"What changed, {name}?",
                    further=further)  # fmt: skip


QUESTIONS = [question(name) for name in GROUPS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two arms' answers to questions about one picture to nine, with the pictures plain and drawn."""
    found = tmp_path_factory.mktemp("several")
    write_questions(found / "benchmark.jsonl", QUESTIONS)
    told = {"name": "mine", "hash": questions_hash(QUESTIONS), "num_questions": len(QUESTIONS)}
    write_json(found / "benchmark.json", told)
    units = tied_pictures(QUESTIONS)
    for arm in ("baseline", "full"):
        rows = [{"question_id": one.id, "arm": arm, "text": f"{arm} saw {len(one.images)}.", "finish": "stop",
                 "num_tokens": 9} for one in QUESTIONS]  # fmt: skip
        write_jsonl(found / "answers" / f"{arm}.jsonl", rows)
        write_jsonl(found / "verdicts" / "pose" / f"{arm}.jsonl", [
            {"question_id": one.id, "arm": arm, "judge": "pose", "rating": 5.0, "reason": "so", "silent": False,
             "kind": "detail", "scene_id": units[one.id], "text": one.text, "claims": []} for one in QUESTIONS
        ])  # fmt: skip
    for number in range(1, 14):
        for place in ("pictures", "images"):
            (found / place).mkdir(exist_ok=True)
            size = (320, 240) if number % 2 else (200, 300)
            Image.new("RGB", size, (20 * number % 256, 120, 160)).save(found / place / f"{number}.jpg")
    return found


@pytest.fixture(scope="module")
def scenes(folder):
    people = (Figures().person(),)
    return SceneSet(
        scenes=tuple(Scene(id=n, image=f"{n}.jpg", width=320, height=240, people=people) for n in (2, 3, 4)),
        images=folder / "images",
    )


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened
        assert (opened.wrong, opened.asked) == ([], [])


@pytest.fixture(scope="module")
def page(folder):
    arms = ["full", "baseline"]
    summarise(folder, arms)
    return write_page(Source(out=folder, arms=arms, folders=dict.fromkeys(arms, folder)))


@pytest.fixture(scope="module")
def rating(folder, scenes):
    found = draw(folder, RateConfig())
    keep_key(folder, found)
    return write_rating_page(found, scenes, folder / "rate" / "index.html", needed="33 are needed.")


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_explorer_shows_a_strip_in_order(page, tab, width, tmp_path):
    for name, numbers in GROUPS.items():
        tab.open(f"{page.as_uri()}#{name}", width=width, height=900 if width > 600 else 844)
        strip = tab.ask(STRIP)
        if len(numbers) == 1:
            assert (
                strip == []
                and tab.ask("document.querySelector('.look img').alt") == "The picture of alone with its skeletons"
            )
            continue
        assert strip == [[f"Picture {at}", f"Picture {at} of {name}"] for at in range(1, len(numbers) + 1)]
        sources = tab.ask("[...document.querySelectorAll('.look img')].map((one) => one.src)")
        assert len(set(sources)) == len(set(numbers)) and len(sources) == len(numbers)
        assert not tab.ask(TOO_WIDE)
    tab.open(f"{page.as_uri()}#two", width=width)
    two = tab.ask("[...document.querySelectorAll('.look img')].map((one) => one.src)")
    tab.open(f"{page.as_uri()}#turned", width=width)
    assert tab.ask("[...document.querySelectorAll('.look img')].map((one) => one.src)") == two[::-1]


@needs_browser
@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_raters_see_all_pictures(rating, tab, width):
    tab.open(rating.as_uri(), width=width, height=844)
    name = "document.getElementById('name')"
    tab.ask(f"(() => {{ {name}.value = 'anna{width}'; document.querySelector('#ask button').click(); }})()")
    seen = set()
    for _ in range(2 * len(GROUPS)):
        (asked,) = tab.texts("#question")
        group = GROUPS[asked.removeprefix("What changed, ").removesuffix("?")]
        seen.add(len(group))
        sources = tab.ask("[...document.querySelectorAll('.look img')].map((one) => one.src)")
        assert (len(sources), len(set(sources))) == (len(group), len(set(group)))
        numbered = [f"Picture {at}" for at in range(1, len(group) + 1)] if len(group) > 1 else []
        assert tab.texts(".look figcaption") == numbered
        where = tab.texts("#where")[0]
        assert where.startswith("Pictures " if numbered else "Picture ") and " of 13, answer" in where
        joined = set(group) & {2, 3, 4}
        assert tab.ask("document.getElementById('bones').hidden") == (not joined)
        if joined:
            tab.press("s")
            drawn = tab.ask("[...document.querySelectorAll('.look img')].map((one) => [one.src, one.alt])")
            assert all("skeletons" in alt for _, alt in drawn) and not {src for src, _ in drawn} & set(sources)
            tab.press("s")
        assert not tab.ask(TOO_WIDE)
        tab.press("n")
    assert seen == {1, 2, 9}


def test_the_key_names_what_stands_together(rating, folder):
    items = read_key(folder)["items"].values()
    assert {(one["question_id"], one["scene_id"]) for one in items} == set(tied_pictures(QUESTIONS).items())
    told = json.loads(rating.read_text().partition('id="content">')[2].partition("</script>")[0])
    assert len(told["pictures"]) == 13, "each picture once"


def test_pages_of_samples_show_all_their_pictures(folder, scenes, tmp_path):
    turns = (Turn(role="user", text="What changed?"), Turn(role="assistant", text="He sat down."))
    samples = [Sample(id="a", images=("2.jpg", "3.jpg"), kind="detail", turns=turns),
               Sample(id="b", images=("4.jpg",), kind="detail", turns=turns)]  # fmt: skip
    write_jsonl(tmp_path / "samples.jsonl", map(to_record, samples))
    path = write_samples_page(tmp_path / "samples.jsonl", scenes, tmp_path, context_of=lambda scene, parts: "text")
    text = path.read_text()
    pictures = json.loads(text.partition('id="pictures">')[2].partition("</script>")[0])
    assert list(pictures) == ["2.jpg", "3.jpg", "4.jpg"] and "2 samples of 3 pictures" in text


def test_one_picture_is_told_as_ever(folder, page):
    rows = {row["id"]: row for _, row in read_jsonl(folder / "benchmark.jsonl", what="benchmark")}
    assert (rows["alone"]["scene_id"], rows["alone"]["image"]) == (1, "1.jpg")
