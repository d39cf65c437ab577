"""A real sweep over two bases, the shipped one and a copy of it with other weights: one table, two baselines."""

import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from llavapose.files import TINY_BASE, model_of_job, read_json
from llavapose.report.tables import read_table
from tests import warm

ROOT = Path(__file__).parents[2]
FEW = [
    "data=detail", "scenes.num_train=3", "scenes.num_val=3", "batch_size=4", "data.num_samples=4", "data.num_val=2",
    "trainer.max_steps=1", "trainer.max_epochs=-1", "benchmark.num_images=2", "answerer.max_new_tokens=12",
    "callbacks=none", "logger=none", "probe.enabled=false", "sweep_dir=out", "data_dir=data",
]  # fmt: skip


def perturbed(folder: Path) -> Path:
    """A copy of the tiny base whose language model is another."""
    shutil.copytree(TINY_BASE, folder)
    tensors = load_file(folder / "model.safetensors")
    rng = np.random.default_rng(0)
    changed = {
        name: value + 0.05 * rng.standard_normal(value.shape).astype(value.dtype) if "language_model" in name else value
        for name, value in tensors.items()
    }
    save_file(changed, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


@pytest.mark.slow
@pytest.mark.long
def test_two_real_bases_end_in_one_table(tmp_path):
    words = [sys.executable, str(ROOT / "train.py"), "-m", f"model.base=tiny,{perturbed(tmp_path / 'shaken')}", *FEW]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    done = warm.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    jobs = read_json(tmp_path / "out" / "jobs.json", what="sweep")
    assert [(job["arm"], model_of_job(job)[1].rpartition("/")[2]) for job in jobs] == [
        ("baseline", "tiny"), ("baseline", "shaken"), ("detail", "tiny"), ("detail", "shaken"),
    ]  # fmt: skip
    rows = {row["arm"]: row for row in read_table(tmp_path / "out", "ablation.csv") if row["kind"] == "all"}
    scores = {base: rows[f"baseline (base={base})"]["score"] for base in ("tiny", "shaken")}
    assert scores["tiny"] > scores["shaken"] + 20, "nobody could tell the two baselines apart here"
    for base, score in scores.items():
        arm = rows[f"detail (base={base})"]
        # One step leaves the arm where its own base is.
        assert abs(arm["diff"]) < 10 and arm["diff"] == pytest.approx(arm["score"] - score, abs=1e-3)
    assert "arm          base" in done.stdout and (tmp_path / "out" / "report" / "index.html").is_file()
