"""Lightning's CSV log, which a run that goes on continues."""

import csv
from pathlib import Path
from typing import Any

from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from llavapose.files import atomic_write


class CSVLog(CSVLogger):
    """Lightning's, with one file for a run and for what goes on with it; Lightning's own deletes what is there.

    Rows of steps that are trained again are replaced by theirs. The file as it was then lies beside the new one, as
    ``metrics-earlier-1.csv``: nothing is deleted.
    """

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:  # type: ignore[override]
        """Lightning's writer, with the rows that are there."""
        if self._experiment is None:
            Path(self.log_dir).mkdir(parents=True, exist_ok=True)
            self._experiment = _Writer(self.log_dir)
        return self._experiment  # type: ignore[return-value]


class _Writer(ExperimentWriter):
    def __init__(self, log_dir: str) -> None:
        super().__init__(log_dir)
        self._began = False

    def _check_log_dir_exists(self) -> None:
        """Lightning's own warns here, and deletes the file."""

    def save(self) -> None:
        """Write what was logged behind the rows of earlier steps."""
        if self.metrics and not self._began:
            self._began = True
            self._go_on(int(min(row["step"] for row in self.metrics)))
        super().save()

    def _go_on(self, first_step: int) -> None:
        path = Path(self.metrics_file_path)
        if not path.is_file():
            return
        with path.open(newline="", encoding="utf-8") as stream:
            reader = csv.DictReader(stream)
            self.metrics_keys = list(reader.fieldnames or [])
            rows = list(reader)
        # A line that a killed run had half written has no step.
        kept = [row for row in rows if (step := row.get("step") or "").isdigit() and int(step) < first_step]
        if len(kept) == len(rows):
            return
        number = 1
        while (aside := path.with_name(f"{path.stem}-earlier-{number}{path.suffix}")).exists():
            number += 1
        path.rename(aside)
        if not kept:
            self.metrics_keys = []  # a new run
            return
        with atomic_write(path) as stream:
            writer: Any = csv.DictWriter(stream, fieldnames=self.metrics_keys, lineterminator="\r\n")
            writer.writeheader()
            writer.writerows(kept)
