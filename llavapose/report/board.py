"""A leaderboard: a folder of answers and verdicts, whoever made them -> tables and page, without a model or a key.

benchmark.jsonl, benchmark.json     what was asked
answers/<model>.jsonl               one entry: {"question_id": ..., "text": ...} a line, for every question
verdicts/<judge>/<model>.jsonl      its ratings, as ``evaluate.py`` writes them
"""

import logging
from pathlib import Path

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
    summarise(folder, baseline=baseline)
    write_tables(folder, arms)
    page = write_page(
        Source(
            out=folder,
            arms=arms,
            folders=dict.fromkeys(arms, folder),
            title="Leaderboard",
            intro="Models answering the same questions about the same pictures",
            baseline=baseline,
        )
    )
    print(f"Report page: {page}", flush=True)
    return page
