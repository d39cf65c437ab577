"""The page in a real browser: one file, nothing asked of any network, every part there."""

import http.server
import re
import subprocess
import threading

import pytest

from llavapose.files import read_jsonl, write_jsonl
from llavapose.report import sweep as sweep_module
from llavapose.report.markup import marked
from llavapose.report.page import read_curves
from llavapose.report.sweep import finish_sweep
from llavapose.report.tables.published import published_grids
from tests.report.browser import BROWSER, needs_browser


@pytest.fixture
def page(sweep, monkeypatch):
    monkeypatch.setattr(sweep_module, "log_report", lambda sweep: sweep.out)
    return finish_sweep(sweep)


@pytest.fixture
def proxy():
    """A proxy that notes every host it is asked for and refuses."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(502)

        do_CONNECT = do_POST = do_GET

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()


def browse(page, profile, *arguments):
    """What Chromium says of the page; its own housekeeping stays off the network."""
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
               "--disable-background-networking", "--disable-component-update", "--no-first-run",
               "--enable-logging=stderr", "--v=0", f"--user-data-dir={profile}", *arguments, page.as_uri()]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@needs_browser
def test_a_browser_shows_the_whole_page_and_asks_for_nothing(page, proxy, tmp_path):
    port, asked = proxy
    through = [f"--proxy-server=http://127.0.0.1:{port}", "--proxy-bypass-list=<-loopback>"]
    # Behind loading the page unpacks its answers.
    found = browse(page, tmp_path / "profile", *through, "--virtual-time-budget=10000", "--dump-dom")
    dom = found.stdout
    assert [host for host in asked if "google" not in host and "gvt1" not in host] == []
    assert "Content Security Policy" not in found.stderr, found.stderr
    assert dom.count("<svg") == 8, "each plot for two widths"
    further = dom.partition('id="further"')[2].partition("<h2")[0]
    assert dom.count("<table") == 3 + further.count("<table") + len(published_grids())
    assert "Difference" in further and "published" not in further.lower()
    assert dom.count('class="row"') == 60 and "72 of 72 questions" in dom, "not all rows at once"
    assert dom.count("data:image/jpeg;base64,") == 3, "each once"
    assert dom.count("&lt;b&gt;the ball&lt;/b&gt; &amp; smiles") > 3 and "<b>the ball" not in dom


@needs_browser
def test_a_page_that_did_ask_would_be_caught(page, proxy, tmp_path):
    port, asked = proxy
    through = [f"--proxy-server=http://127.0.0.1:{port}", "--proxy-bypass-list=<-loopback>"]
    html = page.read_text(encoding="utf-8").replace("<main>", '<main><img src="http://pictures.test/one.png">')
    page.write_text(html, encoding="utf-8")
    assert "Content Security Policy" in browse(page, tmp_path / "blocked", *through, "--dump-dom").stderr
    page.write_text(html.replace("Content-Security-Policy", "x-nothing"), encoding="utf-8")
    browse(page, tmp_path / "open", *through, "--dump-dom")
    assert any("pictures.test" in host for host in asked)


@needs_browser
def test_the_screenshot_is_a_picture_of_something(page, tmp_path):
    from PIL import Image

    shot = tmp_path / "shot.png"
    browse(page, tmp_path / "profile", "--hide-scrollbars", "--window-size=1200,1600", f"--screenshot={shot}")
    with Image.open(shot) as image:
        assert image.size == (1200, 1600)
        assert len(image.convert("RGB").getcolors(2**24)) > 100


def test_the_page_is_one_file_without_link(page):
    html = page.read_text(encoding="utf-8")
    assert "default-src 'none'" in html
    html = re.sub(r"<script.*?</script>", "", html, flags=re.S)  # what it does is seen in the browser
    links = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"'\s)>]+)""", html)
    assert {link for link in links if not link.startswith(("#", "data:"))} == set()


def test_published_numbers_stand_apart_and_limits_are_said(page):
    html = page.read_text(encoding="utf-8")
    ours, published = html.split('id="published"')
    assert "59.11" in published and "59.11" not in ours
    assert "can be compared" in published
    assert "say nothing about LLaVA-Pose on COCO" in " ".join(html.split())


def test_claims_are_marked_where_they_stand_and_wrong_shows_through():
    claims = [
        {"start": 0, "end": 4, "outcome": "supported"},
        {"start": 2, "end": 6, "outcome": "contradicted"},
        {"start": 7, "end": 99, "outcome": "unverifiable"},
    ]
    pieces = marked("abcdefghij", claims)
    assert pieces == [("ab", "right"), ("cd", "wrong"), ("ef", "wrong"), ("g", ""), ("hij", "open")]
    assert "".join(piece for piece, _ in pieces) == "abcdefghij"
    assert marked("", claims) == []


def test_curves_are_read_from_the_run(sweep):
    curves = read_curves(sweep / "runs" / "full")
    assert curves["train/loss"][0] == (0.0, 4.0) and curves["val/loss"] == [(199.0, 0.9)]
    assert read_curves(sweep / "nowhere") == {}


def test_the_headline_names_its_judge_and_marks_an_interval_of_no_width(sweep, monkeypatch):
    """The pose judge, then a model that rates pairs, whose difference is the same for every picture."""
    monkeypatch.setattr(sweep_module, "log_report", lambda sweep: sweep.out)

    def card():
        return finish_sweep(sweep).read_text(encoding="utf-8").partition('class="card">')[2].partition("</div>")[0]

    assert "full − baseline, all kinds, judge pose<" in card() and "=</span>" not in card()
    for judge, worth in (("a-model-single-keypoints", 9.0), ("gpt-4o-pair-keypoints", 7.0)):
        for arm, rating in (("full", worth), ("baseline", 5.0)):
            rows = [row for _, row in read_jsonl(sweep / "verdicts" / "pose" / f"{arm}.jsonl", what="verdicts")]
            way = {"judge": judge, "protocol": judge.split("-")[2]}
            rated = [{**row, **way, "rating": rating, "claims": []} for row in rows]
            write_jsonl(sweep / "verdicts" / judge / f"{arm}.jsonl", rated)
        found = card()
        assert f"all kinds, judge {judge}<" in found and f"{10 * worth - 50:.1f} to {10 * worth - 50:.1f} =<" in found
