"""The page of samples: whole, safe, and opened by a real browser."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.records import Person, Sample, Scene, Turn
from llavapose.report.samples_page import write_samples_page
from llavapose.samples import write_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.context import context_text

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
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


def test_the_page_holds_picture_context_and_all_kinds(page: Path, tmp_path: Path) -> None:
    assert page == tmp_path / "page" / "index.html"
    html = page.read_text(encoding="utf-8")
    assert html.count("<article") == html.count("data:image/jpeg;base64,") == 4
    for text in (
        "18 samples of 6 pictures",
        "Question conv?",
        "Answer detail",
        "Answer complex",
        "keypoints: [0.3, 0.2, 2",
    ):
        assert text in html
    assert "teacher offline, context keypoints" in html


def test_nothing_comes_from_elsewhere_and_text_stays_text(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in html
    assert "default-src 'none'" in html
    assert not re.search(r"<script|https?://|//cdn", html)
    assert "&lt;script&gt;alert(1)" in html


def test_samples_of_other_pictures_are_refused(scenes: SceneSet, page: Path, tmp_path: Path) -> None:
    others = SceneSet(scenes=(), images=scenes.images)
    with pytest.raises(DataError, match="no sample is about a picture of"):
        write_samples_page(tmp_path / "samples.jsonl", others, tmp_path / "new", context_of=context_text)
    assert not (tmp_path / "new").exists()


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium to open the page with")
def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1000,900", f"--screenshot={shot}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    with Image.open(shot) as picture:
        colours = picture.convert("RGB").getcolors(1_000_000)
    assert colours
    assert any(abs(r - 200) < 8 and abs(g - 180) < 8 and abs(b - 150) < 8 for n, (r, g, b) in colours if n > 500)
