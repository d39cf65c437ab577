"""A real server, `transformers serve`: the tiny LLaVA as answerer and as the judge that it cannot be; other bases."""

import csv
import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llavapose.config.endpoint import EndpointConfig
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.endpoint import EndpointAnswerer
from llavapose.files import TINY_BASE
from llavapose.records import Question
from tests import warm
from tests.families.tiny import HAS_TORCHVISION, write_family
from tests.llm.transformers_server import served
from tests.training.runs import run, weights

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


SIDES = {"gemma3": 28, "janus": 28, "qwen3_vl": 64}
"""Of pictures that the family shows as they are: torchvision and PIL round otherwise where they resize."""


def seen(text: str) -> str:
    """A text without control characters: untaught models write such, and none of a server's comes in."""
    return "".join(letter for letter in text if unicodedata.category(letter) != "Cc").strip()


@pytest.mark.long
@pytest.mark.parametrize("name", SIDES)
def test_a_trained_base_of_another_family_is_served(name, tmp_path, tiny_jsonl, tiny_pictures):
    """Trained two steps, exported, served: asked with pictures, it says what ``answerer=checkpoint`` says."""
    base = write_family(name, tmp_path / "base")
    if name == "qwen3_vl":
        if not HAS_TORCHVISION:
            pytest.skip("`transformers serve` needs torchvision for Qwen3-VL: its processor reads videos too")
        # As the published folders have it; an export keeps it.
        (base / "video_preprocessor_config.json").write_text('{"video_processor_type": "Qwen3VLVideoProcessor"}')
    folder = run(base=str(base), samples=str(tiny_jsonl), images=str(tiny_pictures), output_dir=str(tmp_path / "run"),
                 max_steps=2, epochs=-1, optim={"lr": 1e-2, "warmup_ratio": 0.0})  # fmt: skip
    before, after = weights(base), weights(folder)
    assert any((after[key] != value).any() for key, value in before.items())
    rng, side = np.random.default_rng(0), SIDES[name]
    for number in range(3):
        Image.fromarray(rng.integers(0, 255, (side, side, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
    questions = [
        Question(id=f"{number}-{at}", scene_id=number, image=f"{number}.png", kind="conv", text=text)
        for number in range(3)
        for at, text in enumerate(("Why?", "What colour is it, please?"))
    ]
    own = CheckpointAnswerer(folder, device="cpu", batch_size=4, max_new_tokens=12)
    expected = [one.text for one in own.answers(questions, tmp_path, "own")]
    assert len(set(expected[::2])) > 1, "one answer to every picture would prove nothing"
    with served(folder, tmp_path) as address:
        asked = EndpointConfig(base_url=address, model=str(folder), max_tokens=12, max_concurrency=1)
        told = list(EndpointAnswerer(asked, tmp_path / "l.sqlite").answers(questions, tmp_path, "served"))
    assert [seen(one.text) for one in told] == [seen(text) for text in expected]
