"""One arm, start to finish, on drawn pictures with an answerer that needs no model."""

import json
import math

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.run import Plan, evaluate_arm
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_csv, read_jsonl
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import state
from llavapose.records import Answer
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

PLAN = Plan(num_images=12, num_items=200)


class Answerer:
    """Says ``share`` of the true facts about a picture and believes true statements about it; counts its calls."""

    def __init__(self, scenes, sees=True):
        self.scenes, self.sees, self.calls = {scene.id: scene for scene in scenes.scenes}, sees, 0

    def answer(self, questions, arm):
        self.calls += 1
        for question in questions:
            scene = self.scenes[question.scene_id]
            texts = [state(fact, scene, 0) for fact in scene_facts(scene) if fact.sure]
            yield Answer(question_id=question.id, arm=arm, text=" ".join(texts) if self.sees else "A fine day.")

    def score(self, items, *, shuffled, seed):
        self.calls += 1
        for number, item in enumerate(items):
            right = self.sees if not shuffled else number % 2 == 0
            true, flipped = ([-1.0, -1.0], [-2.0, -2.0]) if right else ([-2.0, -2.0], [-1.0, -1.0])
            yield {"id": item.id, "loglik_true": true, "loglik_flipped": flipped, "picture": item.image}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    settings = WorldSettings(num_train=1, num_val=90, image_size=64)
    return read_world(ensure_world(root, settings, progress=False), "val")


@pytest.fixture(scope="module")
def out(drawn, tmp_path_factory):
    """Two arms, one that sees and one that does not."""
    folder = tmp_path_factory.mktemp("results")
    for arm, sees in (("full", True), ("baseline", False)):
        evaluate_arm(checkpoint="none", arm=arm, scenes=drawn, out=folder, plan=PLAN, answerer=Answerer(drawn, sees))
    summarise(folder)
    return folder


def table(folder, name):
    return read_csv(folder / name, (), what="table", text=("arm", "kind", "pictures", "group"))


def test_every_file_is_there_and_complete(out):
    for room, num in (("answers", 36), ("verdicts", 36)):
        for arm in ("full", "baseline"):
            assert len(list(read_jsonl(out / room / f"{arm}.jsonl", what=room))) == num
    rows = [row for _, row in read_jsonl(out / "probe" / "full.jsonl", what="probe")]
    assert {row["pictures"] for row in rows} == {"true", "shuffled"} and len(rows) % 4 == 0
    assert {"arm", "group", "value", "true", "flipped", "questions", "picture"} <= set(rows[0])
    assert len(list((out / "pictures").glob("*.jpg"))) == 8


def test_an_answerer_that_tells_the_facts_is_rated_high_and_a_silent_one_lowest(out):
    rows = {(row["arm"], row["kind"]): row for row in table(out, "ablation.csv")}
    assert rows["full", "all"]["score"] > 95
    assert rows["baseline", "all"]["score"] == 10
    assert rows["full", "all"]["diff_low"] > 80 and math.isnan(rows["baseline", "all"]["diff"])
    silent = [row["silent"] for _, row in read_jsonl(out / "verdicts" / "baseline.jsonl", what="verdicts")]
    assert all(silent) and len(silent) == 36


def test_the_probe_tells_them_apart_and_the_control_does_not(out):
    rows = {(row["arm"], row["pictures"], row["group"]): row for row in table(out, "probe.csv")}
    assert rows["full", "true", "all"]["skill"] == 1 and rows["baseline", "true", "all"]["skill"] == -1
    assert abs(rows["full", "shuffled", "all"]["skill"]) < 0.2
    assert {row["majority"] for row in rows.values()} == {0.5}


def test_what_is_there_is_kept_and_what_changed_is_made_again(drawn, out):
    again = Answerer(drawn)
    evaluate_arm(checkpoint="none", arm="full", scenes=drawn, out=out, plan=PLAN, answerer=again)
    assert again.calls == 0
    path = out / "answers" / "full.jsonl"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    evaluate_arm(checkpoint="none", arm="full", scenes=drawn, out=out, plan=PLAN, answerer=again)
    assert again.calls == 1 and path.read_text() == whole
    evaluate_arm(checkpoint="other", arm="full", scenes=drawn, out=out, plan=PLAN, answerer=again)
    assert again.calls == 4


def test_answers_from_a_file_are_judged_without_a_model(drawn, out, tmp_path):
    answers = [row for _, row in read_jsonl(out / "answers" / "full.jsonl", what="answers")]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"question_id": a["question_id"], "text": a["text"]}) + "\n" for a in answers))
    evaluate_arm(checkpoint="none", arm="mine", scenes=drawn, out=tmp_path, plan=PLAN, answers_from=path)
    ratings = [row["rating"] for _, row in read_jsonl(tmp_path / "verdicts" / "mine.jsonl", what="verdicts")]
    assert sum(ratings) / len(ratings) > 9.5 and not (tmp_path / "probe").exists()
    path.write_text('{"question_id": "nothing", "text": "."}\n')
    with pytest.raises(DataError, match="answers 0 of 36 questions"):
        evaluate_arm(checkpoint="none", arm="mine", scenes=drawn, out=tmp_path, plan=PLAN, answers_from=path)
    path.write_text('{"question": "nothing"}\n')
    with pytest.raises(DataError, match=r"mine.jsonl:1 lacks question_id or text"):
        evaluate_arm(checkpoint="none", arm="mine", scenes=drawn, out=tmp_path, plan=PLAN, answers_from=path)
