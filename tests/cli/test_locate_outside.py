"""``python -m llavapose locate`` without a checkpoint: others' replies and results, scored without torch."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from llavapose.scenes.world.world import WorldSettings, ensure_world
from tests.locate.datasets.files import crowdpose, gt_valid, mpii

ROOT = Path(__file__).parents[2]
PROGRAM = """
import sys
from llavapose.cli.locate import main
code = main()
heavy = {"torch", "transformers", "lightning"} & {name.partition(".")[0] for name in sys.modules}
assert not heavy, heavy
sys.exit(code)
"""


def locate(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM, *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, env=None)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    return ensure_world(
        tmp_path_factory.mktemp("world"), WorldSettings(num_train=1, num_val=6, image_size=128), progress=False
    )


def settings(world: Path) -> list[str]:
    return [f"scenes.root={world.parent}", "scenes.num_train=1", "scenes.num_val=6", "scenes.image_size=128"]


def annotated(world: Path) -> dict:
    return json.loads((world / "annotations" / "person_keypoints_val.json").read_text())


def replies(world: Path, path: Path) -> None:
    """Rex-Omni's replies: two models, the second of which is cut off once."""
    truth, rows = annotated(world), []
    for image in truth["images"]:
        people = {}
        for one in truth["annotations"]:
            if one["image_id"] == image["id"]:
                points = {}
                for at, name in enumerate(truth["categories"][0]["keypoints"]):
                    x, y, labelled = one["keypoints"][3 * at : 3 * at + 3]
                    bins = round(x / image["width"] * 999), round(y / image["height"] * 999)
                    points[name.replace("_", " ")] = f" <{bins[0]}> <{bins[1]}> " if labelled else "unvisible"
                people[f"person{len(people) + 1}"] = {"bbox": " <0> <0> <999> <999> ", "keypoints": points}
        reply = f"```json\n{json.dumps(people)}\n```"
        rows.append({"image_id": image["id"], "reply": reply, "model": "Rex-Omni 3B"})
        cut = reply[:-20] if image is truth["images"][0] else reply
        rows.append({"image_id": image["id"], "reply": cut, "model": "cut"})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_replies_are_scored_in_the_row_of_a_checkpoint(world, tmp_path):
    replies(world, tmp_path / "replies.jsonl")
    said = locate(tmp_path, "--answers", "replies.jsonl", "--format", "rex_omni", "--out", "out", *settings(world))
    assert said.returncode == 0, said.stderr
    head, whole, cut, *notes = said.stdout.splitlines()
    assert head.split() == ["AP", "AP50", "AP75", "AR", "parsed"]
    assert whole.startswith("Rex-Omni 3B ") and whole.endswith(" 1.00") and cut.startswith("cut ")
    assert any("cut: 6 replies, 1 of them unread (1 not one whole code fence); " in note for note in notes)
    results = json.loads((tmp_path / "out" / "Rex-Omni_3B.json").read_text())
    assert {"image_id", "category_id", "keypoints", "score", "bbox"} <= results[0].keys()
    rows = json.loads((tmp_path / "out" / "scores.json").read_text())["rows"]
    assert rows["Rex-Omni 3B"]["AP"]["value"] > 0.95 > rows["cut"]["AP"]["value"]
    # What was written is what any tool reads.
    again = locate(tmp_path, "--results", "out/Rex-Omni_3B.json", "--out", "again", *settings(world))
    assert again.returncode == 0 and again.stdout.splitlines()[1].split()[1] == whole.split()[2]


def test_what_is_read_is_not_written_over(world, tmp_path):
    (tmp_path / "in").mkdir()
    replies(world, tmp_path / "in" / "answers.json")
    before = (tmp_path / "in" / "answers.json").read_bytes()
    for words in (("--answers", "in/answers.json", "--format", "rex_omni"), ("--results", "in/answers.json")):
        said = locate(tmp_path, *words, "--out", "in", *settings(world))
        assert said.returncode == 1 and "give another --out" in said.stderr and "Traceback" not in said.stderr
    assert (tmp_path / "in" / "answers.json").read_bytes() == before and len(list((tmp_path / "in").iterdir())) == 1


def test_results_of_crowdpose_and_mpii(tmp_path):
    content = crowdpose(tmp_path / "crowd")
    rows = [
        {key: one[key] for key in ("image_id", "category_id", "keypoints")} | {"score": 0.5}
        for one in content["annotations"]
        if one["num_keypoints"]
    ]
    (tmp_path / "crowd.json").write_text(json.dumps(rows))
    said = locate(tmp_path, "--results", "crowd.json", "scenes=crowdpose", "scenes.root=crowd")
    assert said.returncode == 0, said.stderr
    assert "results: AP easy 1.000, medium 1.000, hard 1.000" in said.stdout
    people = mpii(tmp_path / "mpii")
    gt_valid(tmp_path / "mpii" / "annot" / "gt_valid.mat", people)
    rows = [
        {
            "image_id": int(one["image"][:9]), "category_id": 1, "annotation_id": number, "score": 1.0,
            "keypoints": [v for x, y in one["joints"] for v in (x - 1, y - 1, 1)],
        }
        for number, one in enumerate(people, 1)
    ]  # fmt: skip
    (tmp_path / "mpii.json").write_text(json.dumps(rows))
    said = locate(tmp_path, "--results", "mpii.json", "scenes=mpii", "scenes.root=mpii")
    assert said.returncode == 0, said.stderr
    head, line, *_ = said.stdout.splitlines()
    assert head.startswith("PCKh@0.5") and set(line.split()[1:]) == {"1.000"}


WRONG = [
    (["--answers", "r.jsonl"], "--format is None; expected one of rex_omni"),
    (["--answers", "r.jsonl", "--format", "yolo"], "--format is yolo"),
    (["--answers", "none.jsonl", "--format", "qwen"], "no file none.jsonl"),
    (["--answers", "r.jsonl", "--format", "qwen", "--results", "r.json"], "go without each other"),
    (["--results", "r.json", "--boxes", "b.json"], "go without each other"),
    (["--results", "r.json", "--format", "qwen"], "--format is of --answers"),
    (["--answers", "r.jsonl", "--format", "qwen"], "located by answers: 1 replies, 1 of them unread (1 not JSON"),
    ([], "no checkpoint; give"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "line"), WRONG)
def test_a_mistake_is_one_line(world, tmp_path, words, line):
    number = annotated(world)["images"][0]["id"]
    (tmp_path / "r.jsonl").write_text(json.dumps({"image_id": number, "reply": "nowhere"}))
    (tmp_path / "r.json").write_text("[]")
    said = subprocess.run(
        [sys.executable, "-m", "llavapose", "locate", *words, *settings(world)],
        cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert said.returncode == 1 and line in said.stderr and len(said.stderr.splitlines()) == 1
