"""A whole evaluation with questions about one picture and about several: files, units, controls, judges, tables."""

import json
from dataclasses import replace

import pytest

from llavapose.config.choices import Control, JudgeContext, JudgeProtocol
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.evaluating import ProbeConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.evaluation.answerers.text_only import OfflineTruth
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.file import FileBenchmark, write_questions
from llavapose.evaluation.benchmarks.world import WorldBenchmark
from llavapose.evaluation.evaluate import evaluate_arm
from llavapose.evaluation.judges.llm import LlmJudge
from llavapose.evaluation.judges.pose.judge import PoseJudge, scale_of
from llavapose.evaluation.judges.protocol import SEVERAL_PICTURES
from llavapose.evaluation.tables.entries import check_entries
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_jsonl
from llavapose.records import TEXT_ONLY, Answer, FurtherPicture, Question
from llavapose.report.tables import read_table
from tests.evaluation.judges.scripted_judge import ScriptedJudge
from tests.llm.chat_server import ChatServer

pytestmark = pytest.mark.usefixtures("plain_plots")
JUDGE = "some-judge-single-keypoints"


class Counting:
    """Says how many pictures it was shown, and notes which."""

    batch_size = 1
    controls = tuple(Control)

    def __init__(self):
        self.shown = []

    def identity(self):
        return "counting"

    def answers(self, questions, images, arm):
        for one in questions:
            self.shown.append((one.id, one.images))
            yield Answer(question_id=one.id, arm=arm, text=f"worth {len(one.images) + 3}.0 The person is standing.")


@pytest.fixture(scope="module")
def evaluated(tmp_path_factory):
    """The folder of results, the questions, and the answerer."""
    place = tmp_path_factory.mktemp("several")
    drawn = ScenesConfig(name="world", root=place / "world", num_train=60, num_val=24, image_size=64)
    world = WorldBenchmark(drawn, num_images=4)
    scenes = [one for one in world.scenes.scenes if one.id not in {asked.scene_id for asked in world.questions}]

    def group(name, *members):
        first, *rest = members
        further = tuple(FurtherPicture(scene_id=one.id, image=one.image) for one in rest)
        return Question(id=name, scene_id=first.id, image=first.image, kind="detail", text="What changed?",
                        further=further)  # fmt: skip

    groups = (group("ab", scenes[0], scenes[1]), group("ba", scenes[1], scenes[0]), group("bc", scenes[1], scenes[2]),
              group("cde", *scenes[2:5]), group("fg", *scenes[5:7]), group("hh", scenes[7], scenes[7]))  # fmt: skip
    write_questions(place / "mine.jsonl", [*world.questions, *groups])
    benchmark = FileBenchmark(place / "mine.jsonl", drawn)
    assert benchmark.questions[-6:] == groups
    answerer, scale = Counting(), scale_of(drawn)
    with ChatServer(ScriptedJudge()) as server:
        endpoint = EndpointConfig(base_url=server.url, model="some/judge", max_tokens=200)
        judges = (PoseJudge(scale), LlmJudge(endpoint, place / "l.sqlite", protocol=JudgeProtocol.single,
                                             context=JudgeContext.keypoints, max_missing=1.0))  # fmt: skip
        evaluate_arm(Arm(
            name="full", out=place / "out", benchmark=benchmark, answerer=answerer, judges=judges,
            probe=ProbeConfig(enabled=False), controls=tuple(Control),
            control_arms={TEXT_ONLY: OfflineTruth(lambda: benchmark.scenes)}, scenes=drawn,
        ))  # fmt: skip
    return place / "out", benchmark.questions, answerer


def verdicts(out, judge, arm="full", control=""):
    return {
        row["question_id"]: row for _, row in read_jsonl(out / "verdicts" / judge / control / f"{arm}.jsonl", what="v")
    }


def test_a_judge_that_is_a_model_rates_all_and_the_pose_judge_those_about_one_picture(evaluated):
    out, questions, _ = evaluated
    model, pose = verdicts(out, JUDGE), verdicts(out, "pose")
    assert {name: row["rating"] for name, row in model.items()} == {one.id: len(one.images) + 3 for one in questions}
    several = {one.id for one in questions if one.further}
    assert {name for name, row in pose.items() if row["reason"] == SEVERAL_PICTURES} == several
    assert all(pose[name]["rating"] is None for name in several)


def test_pictures_that_stand_together_are_one_unit(evaluated):
    out, questions, _ = evaluated
    known = {one.id: one for one in questions}
    smallest = min(n for name in ("ab", "bc", "cde") for n in known[name].scene_ids)
    for judge in (JUDGE, "pose"):
        units = {name: row["scene_id"] for name, row in verdicts(out, judge).items()}
        assert {units[name] for name in ("ab", "ba", "bc", "cde")} == {smallest}
        assert units["fg"] == min(known["fg"].scene_ids) and units["hh"] == known["hh"].scene_id
        assert all(units[one.id] == one.scene_id for one in questions if not one.further)
    for line in (out / "benchmark.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert isinstance(row["image"], list) == bool(known[row["id"]].further)


def test_controls_show_others_pictures_and_none(evaluated):
    _, questions, answerer = evaluated
    own, shuffled, blind = (dict(answerer.shown[at * len(questions) :][: len(questions)]) for at in range(3))
    for one in questions:
        assert own[one.id] == one.images and blind[one.id] == ()
        assert len(shuffled[one.id]) == len(one.images)
        if len(one.images) < 3:  # three pictures are asked about but once
            assert not set(shuffled[one.id]) & set(one.images)


def test_every_picture_is_drawn_and_every_table_is_made(evaluated):
    out, questions, _ = evaluated
    there = {int(path.stem) for path in (out / "pictures").glob("*.jpg")}
    assert there == {number for one in questions for number in one.scene_ids}
    summarise(out)
    rows = {(row["arm"], row["kind"]): row for row in read_table(out, "ablation.csv") if row["judge"] == JUDGE}
    assert rows["full", "all"]["num_scored"] == len(questions)
    alone = {(row["arm"], row["kind"]): row for row in read_table(out, "ablation.csv") if row["judge"] == "pose"}
    assert alone["full", "all"]["num_scored"] <= len(questions) - 6


def test_a_board_takes_such_entries(evaluated):
    out, _, _ = evaluated
    check_entries(out)


def test_the_truth_is_told_by_picture(evaluated):
    out, questions, _ = evaluated
    told = {row["question_id"]: row["text"] for _, row in read_jsonl(out / "answers" / f"{TEXT_ONLY}.jsonl", what="a")}
    assert all(told[one.id].count("Picture ") == (len(one.images) if one.further else 0) for one in questions)
    assert told["ab"] != told["ba"] and replace(questions[-1], further=()).images == questions[-1].images[:1]
