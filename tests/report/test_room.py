"""A page holds what it may hold: judges as wordy as real ones are, many pictures; what finds no room is said."""

import json
import random
import re
from pathlib import Path

import numpy as np
import pytest
from markupsafe import Markup
from PIL import Image

from llavapose.files import write_jsonl
from llavapose.report.explorer import answers_explorer
from llavapose.report.markup import jpeg_within
from llavapose.report.page import Source, write_page
from llavapose.report.room import PAGE_BYTES, share_room
from tests.report.browser import browser, needs_browser
from tests.report.explored import ARMS, unpacked, write_explored

KINDS = ("conv", "detail", "complex")
REPLY_CHARS = 688
"""Mean of 80 replies of GPT-4 to pairs. Shuffled words deflate to 31% of their length, those replies to 24%."""
WORDS = re.findall(r"\S+", (Path(__file__).parents[2] / "docs" / "evaluation.md").read_text(encoding="utf-8"))


def reply(rng: random.Random, num_chars: int = REPLY_CHARS) -> str:
    return " ".join(rng.choices(WORDS, k=num_chars // 5))[:num_chars]


def noisy(path: Path) -> Path:
    """A photograph as large as any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(0).integers(0, 255, (320, 480, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, quality=88)
    return path


def pair_lines(question: dict, arm: str, judge: str, rng: random.Random) -> list[dict]:
    """Both orders beside the baseline, as a judge of pairs leaves them: one reply is the reason of two lines."""
    lines = []
    for own, other in (("ab", "ba"), ("ba", "ab")):
        reason = reply(rng)
        for of, beside, order in ((arm, "baseline", own), ("baseline", arm, other)):
            lines.append({"question_id": question["id"], "arm": of, "judge": judge, "rating": 7.0, "reason": reason,
                          "opponent": beside, "order": order, "repeat": 0, "kind": question["kind"],
                          "scene_id": question["scene_id"], "claims": []})  # fmt: skip
    return lines


@pytest.fixture(scope="module")
def wordy_page(tmp_path_factory):
    """The papers' protocol as it stands by default: both text contexts, both orders, controls judged too."""
    tmp_path = tmp_path_factory.mktemp("wordy")
    rng = random.Random(0)
    arms = [*(f"model {number}" for number in range(7)), "baseline", "text_only", "prior"]
    questions = [{"id": f"{image}-{kind}", "scene_id": image, "image": f"{image}.jpg", "kind": kind,
                  "text": reply(rng, 90), "asked": None} for image in range(90) for kind in KINDS]  # fmt: skip
    write_jsonl(tmp_path / "benchmark.jsonl", questions)
    content = noisy(tmp_path / "pictures" / "0.jpg").read_bytes()
    for image in range(90):
        (tmp_path / "pictures" / f"{image}.jpg").write_bytes(content)
    for arm in arms:
        texts = [(one["id"], reply(rng, 100 if one["kind"] == "conv" else 800)) for one in questions]
        write_jsonl(tmp_path / "answers" / f"{arm}.jsonl",
                    [{"question_id": name, "arm": arm, "text": text} for name, text in texts])  # fmt: skip
        for judge in ("gpt-4o-pair-captions_boxes", "gpt-4o-pair-keypoints") if arm != "baseline" else ():
            lines = [line for one in questions for line in pair_lines(one, arm, judge, rng)]
            write_jsonl(tmp_path / "verdicts" / judge / f"{arm}.jsonl", lines)
    for name, columns in (("ablation.csv", "arm,kind,score,low,high,diff,diff_low,diff_high,num_scored"),
                          ("probe.csv", "arm,pictures,group,skill,low,high,n")):  # fmt: skip
        (tmp_path / name).write_text(columns + "\n")
    return write_page(Source(out=tmp_path, arms=arms, folders=dict.fromkeys(arms, tmp_path)))


@pytest.mark.long
def test_ninety_pictures_eight_models_and_a_wordy_judge_stay_under_15_mb(wordy_page):
    html = wordy_page.read_text(encoding="utf-8")
    assert 5e6 < wordy_page.stat().st_size < PAGE_BYTES and "would be larger than" not in html
    assert html.count("data:image/jpeg") == 90 and html.partition("<noscript>")[2].count("<li>") == 270
    data = unpacked(html)
    told = [verdict for item in data["items"] for answer in item["answers"] for verdict in answer["verdicts"]]
    # What stood beside a control is no verdict on the baseline.
    assert len(told) == 270 * 2 * 2 * (9 + 7) and all(len(data["reasons"][one[2]]) > 600 for one in told)
    assert len(data["reasons"]) == 1 + 270 * 2 * 2 * 9, "each once"


@pytest.mark.browser
@needs_browser
def test_a_full_page_opens(wordy_page, tmp_path):
    with browser(tmp_path / "profile") as tab:
        tab.open(f"{wordy_page.as_uri()}#sort=arms")
        assert tab.texts("#count") == ["270 of 270 questions"]
        assert tab.ask("document.querySelectorAll('*').length") < 3000
        assert len(tab.texts("#shown .answer")) == 10 and (tab.wrong, tab.asked) == ([], [])


def made_up(num_images: int, num_arms: int, num_repeats: int, rng: random.Random) -> dict:
    """What the script shows of a judge with two contexts and orders, arms beside each other's baseline."""

    def verdicts() -> list[list]:
        return [[judge, 7.0, reply(rng), "baseline", order, repeat] for judge in (0, 1) for order in ("ab", "ba")
                for repeat in range(num_repeats)]  # fmt: skip

    def answers() -> list[dict]:
        return [{"text": [reply(rng, 500)], "verdicts": verdicts()} for _ in range(num_arms)]

    return {"items": [{"id": f"{image}-{kind}", "answers": answers()} for image in range(num_images) for kind in KINDS]}


def listing(full: bool) -> Markup:
    return Markup("all " * 1000 if full else "short")


@pytest.mark.parametrize(
    "num_bytes, told",
    [
        (2_000_000, ""),
        (500_000, "explanations of repeats are left out"),
        (330_000, "only the first 400 characters are here, of repeats none"),
        (250_000, "only the first 100 characters are here, of repeats none"),
        (190_000, "explanations are left out"),
    ],
)
def test_what_finds_no_room_is_said_and_answers_stay(tmp_path, num_bytes, told):
    data = made_up(6, 8, 3, random.Random(0))
    paths = {str(number): noisy(tmp_path / f"{number}.jpg") for number in range(6)}
    shared = share_room(data, paths, listing, num_bytes)
    assert sum(len(one) for one in (shared.data, shared.pictures, shared.plain)) < num_bytes
    assert shared.pictures.count("data:image/jpeg") == 6
    said = " ".join(shared.told)
    assert told in said and bool(said) == bool(told)
    found = unpacked(f'<script type="text/plain" id="data">{shared.data}</script>')
    assert [[one["text"] for one in item["answers"]] for item in found["items"]] == [
        [one["text"] for one in item["answers"]] for item in data["items"]
    ]
    kept = [len(found["reasons"][one[2]]) for item in found["items"] for one in item["answers"][0]["verdicts"]]
    longest = {"": 688, "explanations of repeats are left out": 688, "explanations are left out": 0}
    assert max(kept) == longest.get(told, int(re.sub(r"\D", "", told) or 0) + 2)
    assert (0 in kept) == bool(told)


def test_the_listing_goes_before_explanations_and_pictures_of_the_last_questions_last(tmp_path):
    data = made_up(6, 4, 1, random.Random(0))
    paths = {str(number): noisy(tmp_path / f"{number}.jpg") for number in range(6)}
    whole = share_room(data, paths, listing, 10_000_000)
    assert whole.plain == listing(True) and json.loads(whole.pictures).keys() == paths.keys()
    small = share_room(data, paths, lambda full: Markup("all " * 400_000 if full else "short"), 500_000)
    assert small.plain == "short" and small.told == () and small.pictures.count("data:image") == 6
    tight = share_room(data, paths, listing, 100_000 + len(share_room(data, {}, listing, 0).data) + 25_000)
    assert 0 < tight.pictures.count("data:image") < 6 and list(json.loads(tight.pictures)) == sorted(paths)[:-2]
    assert any("the pictures of the last 2 of 6 are left out" in one for one in tight.told)


@pytest.mark.long
def test_640_pictures_and_eight_models_stay_under_15_mb(tmp_path):
    content = noisy(tmp_path / "0.jpg").read_bytes()
    paths = {str(number): tmp_path / f"{number}.jpg" for number in range(640)}
    for path in paths.values():
        path.write_bytes(content)
    data = made_up(640, 10, 1, random.Random(0))
    shared = share_room(data, paths, lambda full: Markup("all " * 3_000_000 if full else "short"), PAGE_BYTES)
    size = sum(len(one) for one in (shared.data, shared.pictures, shared.plain))
    assert size < PAGE_BYTES and shared.pictures.count("data:image/jpeg") == 640
    assert "of the judges' explanations only the first" in " ".join(shared.told)


def test_a_picture_gets_the_room_that_there_is(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (480, 480, 3), dtype=np.uint8)
    path = tmp_path / "a.jpg"
    Image.fromarray(noise).save(path, quality=90)
    assert jpeg_within(path, path.stat().st_size) == path.read_bytes()
    assert len(jpeg_within(path, 60_000)) <= 60_000 < path.stat().st_size
    assert len(jpeg_within(Path(path), 1)) > 1, "as small as it is tried"


def test_a_page_says_what_it_lacks(tmp_path):
    folder = write_explored(tmp_path)
    found = answers_explorer(ARMS[:3], dict.fromkeys(ARMS[:3], folder), (), ["#000"] * 4, num_bytes=101_000)
    assert found is not None and "the judges' explanations are left out" in found.told[0]
    assert "need this page's script" in found.plain and "<li>" not in found.plain
