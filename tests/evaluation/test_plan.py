"""What a plan needs: questions and annotations. And what is asked of a benchmark whose pictures have no keypoints."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from llavapose.cli import generate
from llavapose.cli.evaluations import evaluate_one
from llavapose.config.compose import settings
from llavapose.config.start import conf_folder
from llavapose.files import read_jsonl
from tests.evaluation.benchmarks.coco_files import lay_out
from tests.evaluation.judges.scripted_judge import ScriptedJudge
from tests.llm.chat_server import ChatServer

KINDS = ("conv", "detail", "complex")
NUM_PICTURES = 3
NUM_QUESTIONS = len(KINDS) * NUM_PICTURES


@pytest.fixture
def server():
    with ChatServer(ScriptedJudge(first=0.5)) as running:
        yield running


@pytest.fixture(scope="module")
def coco(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("coco")
    return lay_out(folder / "coco", folder / "world")


@pytest.fixture(scope="module")
def hpaub(coco) -> list[str]:
    """COCO as it lies here, with a benchmark that is built from it."""
    words = [
        "benchmark=e_hpaub", f"benchmark.num_images={NUM_PICTURES}", f"benchmark.path={coco / 'e_hpaub.jsonl'}",
        "scenes=coco2014", f"scenes.root={coco}",
    ]  # fmt: skip
    generate.main(settings("generate", conf_folder(), [*words, f"data_dir={coco / 'data'}"]))
    return words


@pytest.fixture
def llava(tmp_path) -> list[str]:
    """LLaVA's two files: captions and boxes, no keypoints."""
    asked, told = [], []
    (tmp_path / "val2014").mkdir()
    for number in range(1, NUM_PICTURES + 1):
        name = f"{number:012}.jpg"
        Image.new("RGB", (64, 48), (40 * number, 0, 0)).save(tmp_path / "val2014" / f"COCO_val2014_{name}")
        box = {"category": "person", "bbox": [0.1, 0.1, 0.5, 0.9]}
        told.append({"id": name[:12], "image": name, "captions": [f"Man {number} runs."], "instances": [box]})
        asked += [{"question_id": f"{number}-{kind}", "image": name, "text": f"What does man {number} do?",
                   "category": kind} for kind in KINDS]  # fmt: skip
    for name, rows in (("asked", asked), ("told", told)):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return [
        "benchmark=llava_coco", f"benchmark.path={tmp_path / 'asked.jsonl'}", "probe.enabled=false",
        f"benchmark.annotations={tmp_path / 'told.jsonl'}", f"benchmark.images={tmp_path / 'val2014'}",
        f"scenes.root={tmp_path / 'world'}", "scenes.num_train=40", "scenes.num_val=1", "scenes.image_size=64",
    ]  # fmt: skip


def judged_by(server) -> list[str]:
    return ["judge=vllm", f"judge.endpoint.base_url={server.url}", "judge.endpoint.model=judge"]


def from_file(tmp_path, arm: str) -> list[str]:
    """An arm whose answers lie in a file."""
    rows = [{"question_id": row["question_id"], "text": f"worth 5 {row['question_id']} {arm}"}
            for _, row in read_jsonl(tmp_path / "asked.jsonl", what="questions")]  # fmt: skip
    (tmp_path / f"{arm}.answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    path = tmp_path / f"{arm}.answers.jsonl"
    return ["answerer=file", f"answerer.path={path}", f"arm={arm}", f"output_dir={tmp_path / 'out'}"]


def evaluated(words: list[str]) -> None:
    evaluate_one(settings("evaluate", conf_folder(), words))


def planned(capsys, words: list[str]) -> dict[str, list[float]]:
    """Who -> requests, answered, tokens in, tokens out, dollars."""
    capsys.readouterr()
    evaluated([*words, "dry_run=true"])
    rows = (re.split(r"\s{2,}", line) for line in capsys.readouterr().out.splitlines())
    return {
        row[0]: [float(one.replace(",", "")) for one in row[1:]] for row in rows if len(row) == 6 and row[0] != "who"
    }


def without(folder: Path) -> None:
    folder.rename(folder.with_name(f"{folder.name}.away"))


@pytest.mark.parametrize("checkpoint", ["/nowhere/llava-1.5-7b-hf", "nobody/llava-14b"])
def test_a_plan_needs_no_pictures_and_no_model(hpaub, coco, server, tmp_path, capsys, checkpoint):
    words = [*hpaub, f"checkpoint={checkpoint}", "arm=full", f"output_dir={tmp_path / 'out'}", *judged_by(server),
             "judge.endpoint.price_in=2.5", "judge.endpoint.api_key_env=NOT_SET"]  # fmt: skip
    there = planned(capsys, words)
    pictures = [path for path in coco.iterdir() if path.is_dir() and any(path.glob("*.jpg"))]
    assert pictures
    for folder in pictures:
        without(folder)
    try:
        assert planned(capsys, words) == there
    finally:
        for folder in pictures:
            folder.with_name(f"{folder.name}.away").rename(folder)
    assert len(there) == 3, "two contexts and their sum"
    # The arm, its two controls, the prior and the ground truth; two orders, two contexts.
    assert there["all"][0] == 2 * 2 * 5 * NUM_QUESTIONS and there["all"][-1] > 0
    assert not (tmp_path / "out").exists() and not server.asked


@pytest.mark.parametrize("context", ["captions_boxes", "picture"])
def test_of_pictures_that_are_not_here_a_plan_counts_as_many(llava, server, tmp_path, capsys, context):
    words = [*llava, f"answerer.endpoint.base_url={server.url}", "answerer.endpoint=vllm", "arm=gpt",
             "answerer.endpoint.model=sees", "answerer.endpoint.takes_images=true", f"output_dir={tmp_path / 'out'}",
             *judged_by(server), "judge.endpoint.takes_images=true", f"judge.context={context}"]  # fmt: skip
    there = planned(capsys, words)
    without(tmp_path / "val2014")
    gone = planned(capsys, words)
    assert {who: row[0] for who, row in gone.items()} == {who: row[0] for who, row in there.items()}
    assert there["answers, sees"][0] == 3 * NUM_QUESTIONS, "with its own picture, with another, without any"
    # Of the usual size, whose shape these have: by shape alone are small pictures counted.
    assert gone == there
    evaluated([*words, "dry_run=true"])
    assert re.search(r"3 pictures are not here .* 640 x 480", capsys.readouterr().out)


def test_no_judge_is_asked_by_keypoints_where_there_are_none(llava, server, tmp_path, capsys, caplog):
    base, ours = ([*llava, *from_file(tmp_path, arm), *judged_by(server)] for arm in ("baseline", "full"))
    plan = planned(capsys, base)
    assert not [who for who in plan if "keypoints" in who]
    evaluated(base)
    # The baseline is rated beside others alone; the prior has nothing to say, and no truth of poses can be told.
    assert plan.get("judge-pair-captions_boxes", [0])[0] == server.asked.total() == 0
    plan = planned(capsys, ours)
    evaluated(ours)
    assert plan["judge-pair-captions_boxes"][0] == server.asked.total() == 2 * NUM_QUESTIONS
    (line,) = {one.getMessage() for one in caplog.records if "no keypoints" in one.getMessage() and "judge-" in
               one.getMessage()}  # fmt: skip
    assert "judge-pair-keypoints" in line and "not asked" in line and "\n" not in line
    folders = sorted(path.name for path in (tmp_path / "out" / "verdicts").iterdir())
    assert folders == ["judge-pair-captions_boxes", "pose"]
    rows = [row for _, row in read_jsonl(tmp_path / "out/verdicts/judge-pair-captions_boxes/prior.jsonl", what="rows")]
    assert {row["question_id"] for row in rows if row["arm"] == "prior"} == {
        f"{n}-{k}" for n in (1, 2, 3) for k in KINDS
    }
    assert all(row["rating"] is None and "says nothing" in row["reason"] for row in rows)
    tables = (tmp_path / "out" / "tables.md").read_text()
    assert "prior" in tables


def test_a_judge_by_keypoints_alone_is_refused_or_left_out_where_there_are_none(llava, server, tmp_path, capsys):
    words = [*llava, *from_file(tmp_path, "baseline"), *judged_by(server), "judge.context=picture_keypoints",
             "judge.endpoint.takes_images=true"]  # fmt: skip
    assert planned(capsys, words) == {}
    evaluated(words)
    assert not server.asked
