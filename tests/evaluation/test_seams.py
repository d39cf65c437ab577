"""A judge, a benchmark and an answerer of one's own: a few lines each, named in the settings, llavapose untouched."""

import inspect
from pathlib import Path

import pytest

from llavapose.config.compose import settings
from llavapose.errors import ConfigError
from llavapose.evaluation.evaluate import evaluate
from llavapose.evaluation.judges.protocol import Judgement
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_json, write_jsonl
from llavapose.records import Answer, Question, Verdict
from llavapose.report.tables import read_table
from llavapose.scenes.open import open_scenes

pytestmark = pytest.mark.usefixtures("plain_plots")

HERE = "tests.evaluation.test_seams"


class LengthJudge:
    """Rates an answer by its words: ten are a full answer."""

    name, anchor = "length", None

    def __init__(self, full: int = 10) -> None:
        self.full = full

    def judge(self, cases):
        for case in cases:
            words = len(case.answer.text.split())
            rating = 1 + 9 * min(1, words / self.full)
            verdict = Verdict(question_id=case.question.id, arm=case.answer.arm, judge=self.name,
                              rating=rating, reason=f"{words} words")  # fmt: skip
            yield (Judgement(verdict=verdict),)


class CountBenchmark:
    """Asks how many people each of the first held-out pictures shows."""

    name = "count"

    def __init__(self, scenes, num_images: int = 3) -> None:
        self.scenes = open_scenes(scenes, "val")
        self.questions = tuple(
            Question(id=f"{scene.id}-count", scene_id=scene.id, image=scene.image, kind="conv", text="How many people?")
            for scene in self.scenes.scenes[:num_images]
        )


class Parrot:
    """Answers every question with itself."""

    batch_size = 2

    def identity(self):
        return "parrot"

    def answers(self, questions, images, arm):
        for question in questions:
            assert (images / question.image).is_file()
            yield Answer(question_id=question.id, arm=arm, text=question.text)


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> list[str]:
    root = tmp_path_factory.mktemp("world")
    return [f"scenes.root={root}", "scenes.num_train=200", "scenes.num_val=40", "scenes.image_size=64"]


def run(conf: Path, out: Path, world: list[str], *told: str) -> list[dict]:
    """The table's rows of a whole evaluation, from the command line on."""
    evaluate(settings("evaluate", conf, ["arm=mine", f"output_dir={out}", "benchmark.num_images=4", *world, *told]))
    summarise(out)
    return [row for row in read_table(out, "ablation.csv") if (row["arm"], row["kind"]) == ("mine", "all")]


PARROT = [f"answerer._target_={HERE}.Parrot", "answerer.batch_size=null", "answerer.max_new_tokens=null"]


@pytest.mark.parametrize("fake", [LengthJudge, CountBenchmark, Parrot])
def test_a_part_of_ones_own_is_under_30_lines(fake):
    assert len(inspect.getsource(fake).splitlines()) < 30


def test_an_answerer(conf, world, tmp_path):
    (row,) = run(conf, tmp_path, world, *PARROT)
    assert (row["judge"], row["arm"]) == ("pose", "mine")
    assert row["num_scored"] >= 10 and row["num_scored"] + row["num_unscored"] == 12
    assert not (tmp_path / "probe").exists()


def test_a_judge_beside_the_pose_judge(conf, world, tmp_path):
    run(conf, tmp_path, world, *PARROT)
    own = [f"judge._target_={HERE}.LengthJudge", "judge.options.full=1000"]
    pose, length = run(conf, tmp_path, world, *PARROT, *own)
    assert (pose["judge"], length["judge"], length["num_scored"]) == ("pose", "length", 12)
    assert 10 < length["score"] < 12
    assert sorted(path.parent.name for path in (tmp_path / "verdicts").rglob("mine.jsonl")) == ["length", "pose"]


def test_a_benchmark(conf, world, tmp_path):
    own = [f"benchmark._target_={HERE}.CountBenchmark", "benchmark.seed=null"]
    (row,) = run(conf, tmp_path, world, *PARROT, *own, f"judge._target_={HERE}.LengthJudge")
    assert row["num_scored"] == 4 and row["score"] == 10 * (1 + 9 * 0.3)
    told = read_json(tmp_path / "benchmark.json", what="benchmark")
    assert row["benchmark"] == f"count (4 questions: {told['hash']})"


def test_what_they_do_not_take_is_refused(conf, world, tmp_path):
    with pytest.raises(
        ConfigError, match=rf"judge\.options\.fill: {HERE}\.LengthJudge takes no such argument; did you mean full"
    ):
        run(conf, tmp_path, world, *PARROT, f"judge._target_={HERE}.LengthJudge", "judge.options.fill=3")
    with pytest.raises(ConfigError, match=rf"benchmark\.seed: {HERE}\.CountBenchmark takes no such argument"):
        run(conf, tmp_path, world, *PARROT, f"benchmark._target_={HERE}.CountBenchmark")
    with pytest.raises(ConfigError, match="checkpoint: this answerer reads none"):
        run(conf, tmp_path, world, *PARROT, "checkpoint=tiny")


def test_questions_and_answers_of_ones_own_need_no_annotations(conf, world, tmp_path):
    """All from files: the pose judge has nothing to go by and says so."""
    scenes = open_scenes(settings("evaluate", conf, ["arm=x", "checkpoint=tiny", *world]).scenes, "val")
    image = scenes.scenes[0].image
    question = {"id": "a", "scene_id": scenes.scenes[0].id, "image": image, "kind": "detail", "text": "What is it?"}
    write_jsonl(tmp_path / "mine.jsonl", [question])
    write_jsonl(tmp_path / "answers.jsonl", [{"question_id": "a", "text": "The left elbow is bent."}])
    told = ["benchmark=file", f"benchmark.path={tmp_path}/mine.jsonl", f"benchmark.images={scenes.images}",
            "benchmark.num_images=null", "answerer=file", f"answerer.path={tmp_path}/answers.jsonl"]  # fmt: skip
    (row,) = run(conf, tmp_path / "out", world, *told)
    assert (row["num_scored"], row["num_unscored"]) == (0, 1) and row["benchmark"].startswith("mine (1 questions: ")
