"""A leaderboard: a folder of answers and verdicts, whoever made them -> tables and page, without a model or a key.

benchmark.jsonl, benchmark.json     what was asked
answers/<model>.jsonl               one entry: {"question_id": ..., "text": ...} a line, for every question
verdicts/<judge>/<model>.jsonl      its ratings, as ``evaluate.py`` writes them
"""

import logging
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.tables.results import arms_found, summarise
from llavapose.records import BASELINE
from llavapose.report.page import Source, write_page
from llavapose.report.sweep import write_tables

log = logging.getLogger(__name__)


def write_board(folder: Path, baseline: str) -> Path:
    """Print and write the tables of entries that were checked, write the page; returns the page's path.

    Raises:
        DataError: no entry with a verdict.
        ConfigError: a baseline that is no entry.
    """
    arms = arms_found([folder])
    if not arms:
        raise DataError(f"board: no verdicts in {folder}; expected verdicts/<judge>/<model>.jsonl beside answers/")
    if baseline != BASELINE and baseline not in arms:
        raise ConfigError(f"baseline={baseline}: no entry of that name; there are {', '.join(arms)}")
    for path in sorted((folder / "answers").glob("*.jsonl")):
        if path.stem not in arms:
            log.warning("%s: not judged by anybody, so not in the tables", path)
    return write_results(
        folder, baseline, title="Leaderboard", intro="Models answering the same questions about the same pictures"
    )


def write_results(
    folder: Path, baseline: str, *, title: str, intro: str, runs: Mapping[str, Path] = MappingProxyType({})
) -> Path:
    """Print and write the tables of every arm whose results lie in ``folder``, and the page; returns its path.

    Args:
        folder: holds ``answers/``, ``verdicts/`` and ``probe/``.
        baseline: the arm that the others are compared with.
        title: the page's heading.
        intro: what is compared, under the heading.
        runs: arm -> folder of its training run, for the page's curves.
    """
    arms = arms_found([folder])
    summarise(folder, baseline=baseline)
    write_tables(folder, arms)
    folders = dict.fromkeys(arms, folder)
    page = write_page(
        Source(out=folder, arms=arms, folders=folders, runs=runs, title=title, intro=intro, baseline=baseline)
    )
    print(f"Report page: {page}", flush=True)
    return page
