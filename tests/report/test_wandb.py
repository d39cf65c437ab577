"""Offline W&B keeps the tables and the page; they are read back with W&B's own reader."""

import json
import os
import subprocess
import sys

import pytest

from llavapose.report import sweep as sweep_module
from llavapose.report.sweep import finish_sweep
from llavapose.report.tables import read_table
from llavapose.report.wandb import log_report


def test_tables_and_page_are_read_back(sweep, monkeypatch):
    monkeypatch.setattr(sweep_module, "log_report", lambda out, name: out)
    for name in ("WANDB_MODE", "WANDB_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("WANDB_SILENT", "true")
    page = finish_sweep(sweep)
    run = log_report(sweep, name="test")
    assert run.is_relative_to(sweep / "wandb"), "the run must lie below the sweep's folder"
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run)]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=180, env={**os.environ, "HOME": str(sweep)})
    assert shown.returncode == 0, shown.stderr
    found = [json.loads(line) for line in shown.stdout.splitlines()]
    rows = {(row["arm"], row["kind"]): row for row in read_table(sweep, "ablation.csv")}
    text = json.dumps(found)
    assert f"{rows['full', 'all']['score']}" in text
    tables = list(run.rglob("*.table.json"))
    stored = {path.name.split("_")[0]: json.loads(path.read_text()) for path in tables}
    assert set(stored) == {"ablation", "probe"}
    score = stored["ablation"]["columns"].index("score")
    kept = {(row[1], row[2]): row[score] for row in stored["ablation"]["data"]}
    assert kept["full", "all"] == pytest.approx(rows["full", "all"]["score"])
    assert kept["complex", "all"] is None, "a hole must stay a hole"
    pages = list(run.rglob("*.html"))
    assert [path.read_text(encoding="utf-8") for path in pages] == [page.read_text(encoding="utf-8")]
