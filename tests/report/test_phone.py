"""Tables that are wider than the screen say so, and keys alone scroll them."""

import io

import pytest
from PIL import Image

from llavapose.evaluation.tables.results import summarise
from llavapose.report.page import Source, write_page
from tests.report.browser import browser, needs_browser
from tests.report.test_judges import WORTH, write_pairs

pytestmark = [pytest.mark.browser, needs_browser]
WIDE = "[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth)"


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    folder = write_pairs(tmp_path_factory.mktemp("pairs"))
    summarise(folder)
    return write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder)))


@pytest.fixture(scope="module")
def tab(tmp_path_factory):
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def edge(tab, tmp_path) -> tuple[int, int]:
    """How dark the first wide table is at its right edge, and 40 pixels from it: a line below its header, no letter."""
    tab.ask(f"{WIDE}[0].scrollIntoView({{block: 'center', behavior: 'instant'}})")
    box = tab.ask(f"(() => {{ const b = {WIDE}[0].getBoundingClientRect(); const h = {WIDE}[0].querySelector('thead')"
                  ".getBoundingClientRect(); return [b.right, h.bottom]; })()")  # fmt: skip
    shot = Image.open(io.BytesIO(tab.shot(tmp_path / "edge.png").read_bytes())).convert("L")
    right, top = round(box[0]) - 3, round(box[1]) + 4
    return shot.getpixel((right, top)), shot.getpixel((right - 40, top))


def test_a_table_that_goes_on_sideways_has_a_shadow_where_it_does(page, tab, tmp_path):
    tab.open(page.as_uri(), width=390, height=844)
    assert tab.ask(f"{WIDE}.length") > 5
    at_edge, inside = edge(tab, tmp_path)
    assert at_edge < inside - 25, "darker where more is hidden"
    tab.ask(f"{WIDE}[0].scrollLeft = 1e6")
    at_edge, inside = edge(tab, tmp_path)
    assert abs(at_edge - inside) < 5, "at its end nothing is hidden"


def test_keys_alone_scroll_it_and_it_has_a_name(page, tab):
    tab.open(page.as_uri(), width=390, height=844)
    names = tab.ask(f"{WIDE}.map((one) => [one.tabIndex, one.getAttribute('role'), one.getAttribute('aria-label')])")
    assert all(index == 0 and role == "region" and name for index, role, name in names)
    assert len({name for *_, name in names}) == len(names)
    tab.ask(f"{WIDE}[0].focus()")
    assert tab.ask(f"document.activeElement === {WIDE}[0]")
    tab.press("ArrowRight", "ArrowRight", "ArrowRight")
    assert tab.ask(f"new Promise((done) => setTimeout(() => done({WIDE}[0].scrollLeft), 500))") > 20
    assert tab.ask(f"getComputedStyle({WIDE}[0]).outlineStyle") != "none"
