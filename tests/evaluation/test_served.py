"""A real server, `transformers serve` with the tiny LLaVA, as answerer; and as the judge that it cannot be."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from llavapose.files import TINY_BASE
from tests import warm
from tests.llm.transformers_server import served

ROOT = Path(__file__).parents[2]
WORLD = ("scenes.num_train=40", "scenes.num_val=40", "scenes.image_size=64", "benchmark.num_images=2",
         "probe.enabled=false", "controls=[]", "output_dir=out")  # fmt: skip


def evaluate(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run evaluate.py in a folder of its own."""
    command = [sys.executable, str(ROOT / "evaluate.py"), *WORLD, *words]
    return warm.run(command, cwd=folder, env=os.environ.copy(), capture_output=True, text=True, timeout=300)


def texts(folder: Path, arm: str) -> list[str]:
    lines = (folder / "out" / "answers" / f"{arm}.jsonl").read_text().splitlines()
    return [json.loads(line)["text"] for line in lines]


@pytest.mark.long
def test_a_served_llava_answers_and_cannot_judge(tmp_path):
    short = ("answerer.max_new_tokens=24",)
    own = evaluate(tmp_path, "checkpoint=tiny", "arm=baseline", *short)
    assert own.returncode == 0, own.stderr[-2000:]
    with served(TINY_BASE, tmp_path) as address:
        asked = (f"answerer.endpoint.base_url={address}", f"answerer.endpoint.model={TINY_BASE}",
                 "answerer.endpoint.max_tokens=24")  # fmt: skip
        done = evaluate(tmp_path, "answerer.endpoint=transformers_serve", *asked, "arm=served")
        assert done.returncode == 0, done.stderr[-2000:]
        judging = (f"judge.endpoint.base_url={address}", f"judge.endpoint.model={TINY_BASE}",
                   "judge.endpoint.max_tokens=8", "judge.protocol=single", "judge.context=captions_boxes",
                   "judge.max_asks=1")  # fmt: skip
        judged = evaluate(tmp_path, "checkpoint=tiny", "arm=baseline", *short, "judge.endpoint=transformers_serve",
                          *judging)  # fmt: skip
    # The same weights behind HTTP, given the same picture as a file, say what they say here.
    assert texts(tmp_path, "served") == texts(tmp_path, "baseline")
    with (tmp_path / "out" / "ablation.csv").open(newline="") as stream:
        assert {"served", "baseline", "prior", "text_only"} <= {row["arm"] for row in csv.DictReader(stream)}
    assert judged.returncode == 1 and "Traceback" not in judged.stderr
    assert "questions lack a rating, more than judge.max_missing=0.1" in judged.stderr
    assert "no rating: " in judged.stderr
