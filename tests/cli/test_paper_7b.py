"""The papers' recipe on two ranks in one command: from COCO's files to a folder that a server answers from."""

import base64
import json
import re
import sys
import urllib.request
from pathlib import Path

import pytest
import torch

from llavapose.files import TINY_BASE
from tests import warm
from tests.evaluation.benchmarks.coco_files import lay_out
from tests.llm.transformers_server import served
from tests.training.runs import weights

ROOT = Path(__file__).parents[2]
COMMAND = (
    "experiment=paper_7b", "model.base=tiny", "scenes.root=coco", "output_dir=run", "data_dir=samples",
    # What two processes without a GPU, an account and many cores need.
    "strategy=deepspeed_stage3_cpu", "trainer.accelerator=cpu", "logger=none", "data.num_workers=0",
)  # fmt: skip
NUM_SCENES = 16
PLANNED = r"full: (\d+) samples \(complex \d+, conv \d+, detail 16\) of 16 pictures, 0 held out, .*; (\d+) steps"


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> tuple[Path, str]:
    """The folder in which the command ran, and what it printed."""
    folder = tmp_path_factory.mktemp("paper")
    lay_out(folder / "coco", folder / "world", num_train=NUM_SCENES)
    done = warm.run(
        [sys.executable, str(ROOT / "train.py"), *COMMAND], cwd=folder, capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-4000:]
    return folder, done.stdout + done.stderr


def test_one_command_from_coco_s_files_to_a_checkpoint(trained):
    folder, said = trained
    planned = re.search(PLANNED, said)
    assert planned, said[-3000:]
    assert "built successfully" not in said and "gcc" not in said, "DeepSpeed compiled an op, or tried to"
    samples, steps = map(int, planned.groups())
    assert steps == -(-samples // 32), "8 samples x 2 accumulation x 2 ranks, and a short last step"
    facts = json.loads((folder / "run" / "hf" / "training.json").read_text())
    assert facts["training"] | {"ranks": 2, "samples a step": 32, "optimizer steps": steps} == facts["training"]
    assert facts["settings"]["optim"]["loss_mean"] == "micro_batch" and facts["settings"]["data"]["sampler"] == "llava"
    learnt, base = weights(folder / "run" / "hf"), weights(TINY_BASE)
    changed = {name for name, value in learnt.items() if not torch.equal(value.float(), base[name].bfloat16().float())}
    assert learnt.keys() == base.keys()
    assert not [name for name in changed if "vision_tower" in name], "the vision encoder stays as it was"
    assert any("multi_modal_projector" in name for name in changed) and any(
        "language_model" in name for name in changed
    )


def test_a_run_says_what_its_user_needs_alone(trained):
    said = trained[1]
    assert (
        "packing check: " in said and "warning: " not in said and "deprecated" not in said and "Traceback" not in said
    )


@pytest.mark.slow
def test_its_checkpoint_is_served(trained, tmp_path):
    folder, _ = trained
    picture = next((folder / "coco" / "val2014").iterdir())
    pixels = base64.b64encode(picture.read_bytes()).decode()
    content = [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{pixels}"}},
        {"type": "text", "text": "What is the person doing?"},
    ]
    model = folder / "run" / "hf"
    asked = {
        "model": str(model),
        "max_tokens": 12,
        "temperature": 0,
        "messages": [{"role": "user", "content": content}],
    }
    with served(model, tmp_path) as address:
        request = urllib.request.Request(
            f"{address}/chat/completions", json.dumps(asked).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=120) as reply:
            told = json.load(reply)
    assert told["choices"][0]["message"]["content"].strip()
