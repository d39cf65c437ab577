"""One run's own results, apart from other seeds and arms: its rows of both tables beside its base's."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from llavapose.evaluation.tables.results import arms_found, summarise
from llavapose.records import BASELINE
from llavapose.report.tables import read_table

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class OwnResults:
    """Rows of ``ablation.csv`` and ``probe.csv``: the arm's, then the baseline's where it was evaluated."""

    arm: str
    ablation: list[Row]
    probe: list[Row]

    def own(self, rows: list[Row]) -> list[Row]:
        """Those of the arm itself."""
        return [row for row in rows if row["arm"] == self.arm]


def own_results(folder: Path, arm: str, *, baseline: Path | None = None) -> OwnResults:
    """The results of one arm in one folder.

    Args:
        folder: with ``answers/``, ``verdicts/`` and ``probe/``.
        arm: what its files are called.
        baseline: the folder of the baseline's results; by default the same.
    """
    beside = folder if baseline is None or BASELINE in arms_found([folder]) else baseline
    folders = {arm: [folder]}
    if BASELINE in arms_found([beside]):
        folders.setdefault(BASELINE, [beside])
    with TemporaryDirectory() as place, _quiet():
        summarise(Path(place), list(folders), folders=folders, further=False)
        ablation, probe = (read_table(Path(place), name) for name in ("ablation.csv", "probe.csv"))
    return OwnResults(arm=arm, ablation=list(ablation), probe=list(probe))


@contextmanager
def _quiet() -> Iterator[None]:
    """What is wrong with these files was said when the sweep's own table was made."""
    logger = logging.getLogger(summarise.__module__)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
