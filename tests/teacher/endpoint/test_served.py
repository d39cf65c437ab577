"""The command line against real servers: transformers' own, and one of OpenAI's form with a cap and a resume."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llavapose.data.index.clips import clip_key
from llavapose.data.index.groups import BETWEEN
from llavapose.kinds import taught_kinds
from llavapose.llava_json import from_record
from tests import warm
from tests.llm.chat_server import Answer, Asked, ChatServer, completion, error
from tests.llm.transformers_server import served
from tests.teacher.served_model import write_model

ROOT = Path(__file__).parents[3]
REPLY = (
    "Question: What might the people in the picture do after this, and why?\n"
    "Answer: They will probably go on with what they are doing, since nothing in the picture seems to disturb them."
)
CANARY = "sk-canary-0123456789abcdef0123456789"
WORLD = ("scenes.num_train=6", "scenes.num_val=2", "scenes.image_size=64")


def generate(folder: Path, *overrides: str, key: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run generate.py in a folder of its own."""
    environment = {name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"}
    if key is not None:
        environment["OPENAI_API_KEY"] = key
    command = [sys.executable, str(ROOT / "generate.py"), *WORLD, *overrides]
    return warm.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=240)


def samples_of(folder: Path) -> list[dict]:
    return [json.loads(line) for line in (folder / "out" / "samples.jsonl").read_text().splitlines()]


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """The address of `transformers serve` with a model made here."""
    with served(write_model(tmp_path / "model", REPLY), tmp_path) as url:
        yield url


@pytest.mark.slow
def test_all_kinds_from_a_real_server(address, tmp_path):
    settings = (
        "teacher=transformers_serve", f"teacher.endpoint.base_url={address}",
        f"teacher.endpoint.model={tmp_path / 'model'}", "teacher.num_samples=9", "output_dir=out",
    )  # fmt: skip
    first = generate(tmp_path, *settings)
    assert first.returncode == 0, first.stderr[-2000:]
    samples = samples_of(tmp_path)
    asked = {kind: sum(s["kind"] == kind for s in samples) for kind in taught_kinds()}
    assert asked == {
        "conv": 5,
        "detail": 2,
        "complex": 2,
    }
    assert all("go on with what they are doing" in s["conversations"][1]["value"] for s in samples)
    assert {s["provenance"]["model"] for s in samples} != {""}
    assert (tmp_path / "out" / "page" / "index.html").is_file()
    assert (tmp_path / "out" / "audit" / "page" / "index.html").is_file()
    (tmp_path / "out" / "made.json").unlink()
    again = generate(tmp_path, *settings)
    assert again.returncode == 0 and "0 answered" in again.stdout and samples_of(tmp_path) == samples


def behaves(asked: Asked) -> Answer:
    """Stumbles over the first sending of every request, then answers."""
    if asked.headers.get("authorization") != f"Bearer {CANARY}":
        return Answer(status=401, body=error(f"Incorrect API key provided: {asked.headers.get('authorization')}."))
    return Answer(status=500, body="<html>no</html>") if asked.nth == 1 else Answer(body=completion(REPLY))


def openai(server: ChatServer) -> tuple[str, ...]:
    return ("teacher=gpt4o", f"teacher.endpoint.base_url={server.url}", "output_dir=out", "teacher.num_samples=9")


UNCAPPED = "max_usd=none"


@pytest.mark.long
@pytest.mark.slow
def test_cap_stop_resume_and_no_trace_of_the_key(tmp_path):
    with ChatServer(behaves) as server:
        missing = generate(tmp_path, *openai(server), UNCAPPED)
        assert missing.returncode == 1 and "OPENAI_API_KEY" in missing.stderr and "Traceback" not in missing.stderr
        wrong = generate(tmp_path, *openai(server), UNCAPPED, key=f"{CANARY}-wrong")
        assert wrong.returncode == 1 and "Traceback" not in wrong.stderr
        capped = generate(tmp_path, *openai(server), "max_usd=0.03", key=CANARY)
        assert capped.returncode == 1 and "stopped: budget" in capped.stderr and "same command goes on" in capped.stderr
        paid = len(server.log)
        assert 0 < paid < 9
        done = generate(tmp_path, *openai(server), UNCAPPED, key=CANARY)
        assert done.returncode == 0, done.stderr[-2000:]
        assert len(samples_of(tmp_path)) == 9
        assert f"{paid} answered before" in done.stdout
        summary = json.loads((tmp_path / "out" / "summary.json").read_text())
        assert summary["num_replies"] == len(server.log)  # none was answered twice
    for run in (missing, wrong, capped, done):
        assert CANARY not in run.stdout + run.stderr
        assert "HTTP Request" not in run.stdout + run.stderr
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or CANARY.encode() not in path.read_bytes(), path


def test_the_plan_needs_no_key_and_no_network(tmp_path):
    shutil.rmtree(tmp_path / "outputs", ignore_errors=True)
    plan = generate(tmp_path, "teacher=gpt4o", "dry_run=true")
    assert plan.returncode == 0, plan.stderr[-2000:]
    assert "US $" in plan.stdout and "gpt-4o" in plan.stdout
    assert not list(tmp_path.rglob("*.sqlite"))
    absent = generate(tmp_path, "teacher=gpt4o", "scenes=coco2014", "dry_run=true")
    assert absent.returncode == 1 and "Traceback" not in absent.stderr
    assert "annotations_trainval2014.zip" in absent.stderr and "data/coco" in absent.stderr


def test_a_clip_told_by_an_endpoint_says_its_video_and_lies_on_one_side_of_a_split(tmp_path):
    """As an offline sample does: by its frames, its video and its scene, whatever was shown of it."""
    clips = ("scenes=motion", "scenes.num_frames=4", "teacher.frames=2")
    with ChatServer(lambda asked: Answer(body=completion(REPLY))) as server:
        done = generate(tmp_path, *openai(server), *clips, UNCAPPED, "exports=[llava]", key=CANARY)
    assert done.returncode == 0, done.stderr[-2000:]
    found = [from_record(record, None, where="here") for record in samples_of(tmp_path)]
    videos = {sample.provenance["scene"]: sample.provenance["video"] for sample in found}
    assert found and all(len(sample.times_s) == 4 for sample in found)
    assert set(videos.values()) <= {f"{clip:06}" for clip in range(1, 7)} and len(set(videos.values())) == len(videos)
    assert all(f"//video/{videos[one.provenance['scene']]}" in clip_key(one).split(BETWEEN) for one in found)
    assert "the times of the frames stand as text in front of their pictures" in done.stdout
    exported = (tmp_path / "out" / "llava.json").read_text()
    assert exported.count("0.0 s: <image>") == len(found)
