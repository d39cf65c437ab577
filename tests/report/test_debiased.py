"""Debiased tables where readers see them: the page in a real browser, and what is logged to W&B."""

import pytest

from llavapose.evaluation.tables.results import summarise
from llavapose.report.page import Source, write_page
from llavapose.report.sweep import write_tables
from llavapose.report.tables import read_table
from llavapose.report.wandb.log import LoggedSweep, _log_tables
from tests.evaluation.test_debiased_tables import NUM_RATED, WORTH, write_rated
from tests.report.browser import browser, needs_browser
from tests.report.test_wandb import Noted

TITLE = "Differences to baseline, debiased by people's ratings, judge panel"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = write_rated(tmp_path_factory.mktemp("rated"))
    summarise(folder)
    return folder


@pytest.mark.browser
@needs_browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_debiased_beside_raw(folder, width, tmp_path):
    page = write_page(Source(out=folder, arms=list(WORTH), folders=dict.fromkeys(WORTH, folder)))
    with browser(tmp_path) as tab:
        tab.open(page.as_uri(), width=width)
        region = f'[...document.querySelectorAll(".scroll")].find((one) => one.ariaLabel.startsWith("{TITLE}"))'
        header = tab.ask(f"[...{region}.querySelectorAll('thead th')].map((one) => one.textContent)")
        cells = tab.ask(f"[...{region}.querySelectorAll('tbody tr')].map((row) => row.innerText.split(/\\s+/))")
        assert header == ["arm", "kind", "judge alone", "people alone", "debiased", "rated n", "of", "effective n",
                          "lambda"]  # fmt: skip
        assert len(cells) == 8 and cells[0][:2] == ["full", "conv"] and str(NUM_RATED) in cells[0]
        assert tab.ask("document.documentElement.scrollWidth") <= width, "the page itself never goes on sideways"
        assert not tab.wrong and all(url.startswith(("file:", "data:", "about:")) for url in tab.asked)


def test_they_are_logged_as_printed_and_in_long_form(tmp_path):
    folder = write_rated(tmp_path)
    summarise(folder)
    tables = write_tables(folder, list(WORTH))
    noted = Noted()
    _log_tables(noted, noted, LoggedSweep(out=folder, name="s", ratings=tables.ratings, others=tables.others))
    printed = noted.logged["report/debiased_difference_panel"]
    assert [row["arm"] for row in printed] == ["full"] * 4 + ["conv"] * 4 and "[" in printed[0]["debiased"]
    for measure in ("difference", "mean"):
        assert {f"report/debiased_{measure}_{judge}" for judge in ("qwen", "panel")} <= set(noted.logged)
    long, read = noted.logged["report/debiased_long"], read_table(folder, "debiased.csv")
    assert len(long) == len(read) > 50 and long[0].keys() == read[0].keys()
