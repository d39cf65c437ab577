"""A folder with the real conf/ and scripts that only leave marks: a sweep in a second."""

import shutil
from pathlib import Path

import pytest

from llavapose.sweep.identity import Data

JOB = """
import os, signal, sys
from pathlib import Path
values = {key: value.strip("'") for key, _, value in (word.partition("=") for word in sys.argv[1:])}
arm = values.get("arm") or values["data"]
told = [arm]
if "seed" in values:
    told.append("seed=" + values["seed"])
if values.get("resume") == "true":
    told.append("resume")
with open("started.txt", "a") as started:
    started.write(" ".join(told) + "\\n")
run = Path(values["output_dir"])
if arm != "baseline":
    (run / "checkpoints").mkdir(parents=True, exist_ok=True)
    (run / "checkpoints" / "last.ckpt").write_text("step 500")
for how in ("fails", "dies"):
    if Path(f"{arm}.{how}").exists():
        os.kill(os.getpid(), signal.SIGKILL) if how == "dies" else sys.exit("out of memory")
for room in ("answers", "verdicts/pose", "probe"):
    folder = Path(values.get("results_dir", run)) / room
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{arm}.jsonl").write_text(" ".join(sys.argv[1:]))
if arm != "baseline":
    (run / "hf").mkdir(parents=True, exist_ok=True)
    (run / "hf" / "config.json").write_text("{}")
"""


@pytest.fixture
def house(conf, tmp_path, monkeypatch) -> Path:
    shutil.copytree(conf, tmp_path / "conf")
    for script in ("train", "evaluate"):
        (tmp_path / f"{script}.py").write_text(JOB)
    (tmp_path / "samples.jsonl").write_text("{}\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def data(house):
    """What ``launch`` calls for the data of each job: a file that a test may change."""
    from llavapose.sweep import identity

    def prepare(config) -> Data:
        identity._content.cache_clear()  # a process of its own would read the file anew
        return Data(samples=house / "samples.jsonl")

    return prepare
