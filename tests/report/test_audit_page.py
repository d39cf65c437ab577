"""The page of an audit: marked texts, safe, and opened by a real browser."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from llavapose.records import Person, Sample, Scene, Turn
from llavapose.report.audit_page import AuditPage, write_audit_page
from tests.report.browser import BROWSER, needs_browser

HOSTILE = "<script>alert(1)</script>"
ANSWER = f"The keypoints show it: she sits. She stands. {HOSTILE}"


@dataclass(frozen=True, kw_only=True)
class Item:
    sample: Sample
    finding: Mapping[str, Any]
    scene: Scene | None = None


def place(words: str, **fields: object) -> dict[str, object]:
    return {"turn": 1, "start": ANSWER.index(words), "end": ANSWER.index(words) + len(words), "words": words, **fields}


FINDING = {
    "supported": 1, "contradicted": 1, "unverifiable": 0,
    "leaks": [place("keypoints", kind="keypoints")],
    "claims": [place("sits", outcome="contradicted", truth="the person is standing, not sitting"),
               place("stands", outcome="supported", truth="")],
}  # fmt: skip
CLEAN = {"supported": 0, "contradicted": 0, "unverifiable": 0, "leaks": [], "claims": []}


def sample(name: str, image: str) -> Sample:
    turns = (Turn(role="user", text=f"What? {HOSTILE}"), Turn(role="assistant", text=ANSWER))
    return Sample(id=name, images=(image,), kind="conv", turns=turns)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    joints = tuple((0.3 + index / 40, 0.2 + index / 30, 2) for index in range(17))
    person = Person(id=1, box_xyxy=(0.2, 0.1, 0.8, 0.9), keypoints=joints)
    (tmp_path / "deep").mkdir()
    Image.new("RGB", (120, 90), (200, 180, 150)).save(tmp_path / "deep" / "1.png")
    scene = Scene(id=1, image="other/1.png", width=120, height=90, captions=(f"Caption {HOSTILE}",), people=(person,))
    return write_audit_page(
        AuditPage(
            title=f"set {HOSTILE}",
            lines=("2 samples", HOSTILE),
            rows=({"kind": "conv", "samples": "2"},),
            worst=(Item(sample=sample("first", "data/1.png"), finding=FINDING, scene=scene),),
            drawn=(Item(sample=sample("second", "gone.png"), finding=CLEAN),
                   Item(sample=sample("third", "../out.png"), finding=CLEAN)),
            images=tmp_path,
            context_of=lambda scene: f"context of {scene.id}: {scene.captions[0]}",
        ),
        tmp_path / "out",
    )  # fmt: skip


def test_every_claim_and_leak_is_marked(page: Path, tmp_path: Path) -> None:
    assert page == tmp_path / "out" / "page" / "index.html"
    html = page.read_text(encoding="utf-8")
    for text in (
        '<mark class="leak">keypoints</mark>', '<mark class="wrong">sits</mark>', '<mark class="right">stands</mark>',
        "the person is standing, not sitting", "leak: keypoints", "1 supported, 1 contradicted, 0 unverifiable",
        "context of 1: Caption", "gone.png: not in", "keypoints of this picture are not known", "The worst first",
        "leaves the image folder",
    ):  # fmt: skip
        assert text in html, text
    assert html.count("<article") == 3 and html.count("data:image/jpeg;base64,") == 1


def test_nothing_comes_from_elsewhere_and_text_stays_text(page: Path) -> None:
    html = page.read_text(encoding="utf-8")
    assert "Content-Security-Policy" in html and "default-src 'none'" in html
    assert not re.search(r"<script|https?://|//cdn", html)
    assert html.count("&lt;script&gt;alert(1)") >= 9


def test_a_page_of_nothing(tmp_path: Path) -> None:
    empty = AuditPage(title="none", lines=(), rows=(), worst=(), drawn=())
    html = write_audit_page(empty, tmp_path).read_text(encoding="utf-8")
    assert "No sample leaks or contradicts the keypoints." in html and "There are no samples." in html


@pytest.mark.browser
@needs_browser
def test_a_browser_shows_it(page: Path, tmp_path: Path) -> None:
    shot = tmp_path / "shot.png"
    command = [
        str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'profile'}",
        "--window-size=1000,900", f"--screenshot={shot}", page.as_uri(),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True, timeout=90)
    with Image.open(shot) as picture:
        colours = picture.convert("RGB").getcolors(1_000_000)
    assert colours
    for wanted, least in (((200, 180, 150), 500), ((251, 217, 214), 50), ((255, 226, 168), 50)):
        assert any(all(abs(a - b) < 8 for a, b in zip(rgb, wanted, strict=True)) for n, rgb in colours if n > least)
