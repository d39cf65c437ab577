"""A whole evaluation of clips: the controls of frames are answered, rated and told, and who has learnt order."""

import json
from dataclasses import replace

import pytest

from llavapose.config.choices import Control
from llavapose.config.compose import composed
from llavapose.config.evaluating import ProbeConfig
from llavapose.errors import ConfigError
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.evaluation.controls import asked_under, moved, with_chosen_frames
from llavapose.evaluation.evaluate import evaluate_arm
from llavapose.evaluation.judges.protocol import Judgement
from llavapose.evaluation.rating.answering import controls_of, questions_of
from llavapose.evaluation.tables.results import summarise
from llavapose.files import read_jsonl
from llavapose.records import Answer, Verdict
from llavapose.report.explorer.arm_results import answer_shown, arm_results
from llavapose.report.tables import ablation_grids, read_table
from tests.evaluation.clips import Clips, clips

pytestmark = pytest.mark.usefixtures("plain_plots")
NUM_SHOWN = 6


class Sorter:
    """Answers "in order" where its frames ascend, else "out of order"; a bag of frames says the same always."""

    batch_size, controls = 4, tuple(Control)

    def __init__(self, sees, frames=NUM_SHOWN):
        self.sees, self.frames = sees, frames

    def identity(self):
        return self.sees

    def answers(self, questions, images, arm):
        for one in questions:
            ordered = one.images and list(one.images) == sorted(one.images) and len(set(one.images)) > 1
            said = "in order" if ordered or self.sees == "bag" else "out of order"
            yield Answer(
                question_id=one.id, arm=arm, text=f"{said}, {len(one.images)} frames, {len(one.times_s)} times"
            )


class OrderJudge:
    """Rates "in order" 9 and all else 3."""

    name, anchor = "order", None

    def judge(self, cases):
        for case in cases:
            rating = 9.0 if case.answer.text.startswith("in order") else 3.0
            verdict = Verdict(
                question_id=case.question.id, arm=case.answer.arm, judge=self.name, rating=rating, reason=""
            )
            yield (Judgement(verdict=verdict),)


@pytest.fixture(scope="module")
def benchmark():
    found = Clips(clips(60))
    found.questions = build_benchmark(found.scenes.scenes, num_images=10)
    return found


def arm_of(benchmark, out, name, answerer, **more):
    return Arm(name=name, out=out, benchmark=benchmark, answerer=answerer, judges=(OrderJudge(),),
               probe=ProbeConfig(enabled=False), controls=tuple(Control), **more)  # fmt: skip


@pytest.fixture(scope="module")
def out(benchmark, tmp_path_factory):
    out = tmp_path_factory.mktemp("clips")
    for name, answerer in (("full", Sorter("order")), ("conv", Sorter("bag")), ("still", Sorter("order", frames=1))):
        evaluate_arm(arm_of(benchmark, out, name, answerer))
    summarise(out, ["full", "conv", "still"])
    return out


def test_the_chosen_frames_are_moved_and_the_times_stay(benchmark):
    one = with_chosen_frames(benchmark.questions[0], NUM_SHOWN)
    assert len(one.images) == len(one.times_s) == NUM_SHOWN and one.images[0] == benchmark.questions[0].images[0]
    for control in Control:
        (asked,) = asked_under([one], control)
        assert asked.times_s == (() if control == Control.no_picture else one.times_s)
    assert asked_under([one], Control.reversed)[0].images == one.images[::-1]
    still = with_chosen_frames(benchmark.questions[0], 1)
    scene = next(scene for scene in benchmark.scenes.scenes if scene.id == still.scene_id)
    assert still.images == (scene.image,) and not asked_under([still], Control.reversed)


@pytest.mark.parametrize("num", range(2, 9))
def test_an_order_is_never_the_frames_own_and_always_the_same(num):
    images = tuple(f"{place}.jpg" for place in range(num))
    for scene in range(40):
        found = moved(images, Control.frames_shuffled, scene)
        assert sorted(found) == sorted(images) and found != images
        assert found == moved(images, Control.frames_shuffled, scene)
        assert (found == images[::-1]) == (num == 2), "of two frames there is no other order"


def test_questions_about_clips_see_another_clips_frames(benchmark):
    shown = [with_chosen_frames(one, NUM_SHOWN) for one in benchmark.questions]
    for own, other in zip(shown, asked_under(shown, Control.shuffled), strict=True):
        assert len(other.images) == NUM_SHOWN and not set(own.images) & set(other.images)


def test_every_control_is_answered_and_one_frame_has_no_order(out, benchmark):
    for control in Control:
        rows = {row["question_id"]: row["text"] for _, row in
                read_jsonl(out / "answers" / control / "full.jsonl", what="answers")}  # fmt: skip
        assert set(rows) == {one.id for one in benchmark.questions}
        told = f"{'in' if control == Control.shuffled else 'out of'} order, 6 frames, 6 times"
        told = "out of order, 0 frames, 0 times" if control == Control.no_picture else told
        assert set(rows.values()) == {told}, control
        assert (out / "answers" / control / "still.jsonl").is_file() == (not control.of_frames)


def test_the_table_has_the_controls_of_frames_and_says_who_has_learnt_order(out):
    rows = {row["arm"]: row for row in read_table(out, "ablation.csv") if row["kind"] == "all"}
    assert (rows["full"]["score"], rows["full"]["reversed"], rows["full"]["over_reversed_low"]) == (90.0, 30.0, 60.0)
    assert (rows["conv"]["score"], rows["conv"]["reversed"], rows["conv"]["over_reversed"]) == (90.0, 90.0, 0.0)
    (grid,) = ablation_grids(read_table(out, "ablation.csv"))
    assert {"frames shuffled", "frames reversed", "one frame repeated"} <= set(grid.header)
    assert "Fall when frames are reversed (own less reversed): full (+60.0 [+60.0, +60.0])." in grid.note
    assert "conv (+0.0 [+0.0, +0.0]) has not learnt order" in grid.note and "still (" not in grid.note
    assert all(len(row) == len(grid.header) for row in grid.rows)


def test_pictures_that_stand_alone_have_no_such_columns(tmp_path, benchmark):
    still = Clips(())
    still.questions = tuple(
        replace(one, image=f"{one.scene_id}.jpg", further=(), times_s=()) for one in benchmark.questions
    )
    arm = arm_of(still, tmp_path, "full", Sorter("order"))
    assert controls_of(arm) == [Control.shuffled, Control.no_picture] and questions_of(arm) == still.questions
    evaluate_arm(arm)
    summarise(tmp_path, ["full"])
    columns = (tmp_path / "ablation.csv").read_text().splitlines()[0].split(",")
    assert not {"reversed", "over_reversed"} & set(columns)
    (grid,) = ablation_grids(read_table(tmp_path, "ablation.csv"))
    assert "frames reversed" not in grid.header and "order" not in grid.note.replace("not in it", "")


def test_the_page_tells_the_controls_of_an_answer(out):
    text = (out / "benchmark.jsonl").read_text().splitlines()[0]
    assert json.loads(text)["times"][0] == 0.0
    found = arm_results(out, "full", ["order"])
    shown = answer_shown(json.loads(text), found, ["order"], False, {})
    assert shown["controls"] == [[9.0, 3.0, 3.0, 3.0, 3.0]]
    still = answer_shown(json.loads(text), arm_results(out, "still", ["order"]), ["order"], False, {})
    assert len(still["controls"][0]) == 2, "no places for what was not asked"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["controls=[reversed]"], "controls names reversed: scenes=world has no frames; leave it out, or choose"),
        (["probe.frame_controls=true"], "probe.frame_controls=True is read by nothing: scenes=world has no frames"),
        (["answerer.frames=4"], "answerer.frames=4 is read by nothing: scenes=world has no frames"),
        (["controls=[shuffled,shuffled]"], "controls names shuffled twice"),
        (["scenes=motion", "answerer.frames=0"], "answerer.frames is 0; expected at least 1"),
    ],
)
def test_what_no_picture_allows_is_refused_in_a_line(words, told, tmp_path, conf):
    with pytest.raises(ConfigError) as error:
        composed("evaluate", conf, ["checkpoint=tiny", "arm=a", f"output_dir={tmp_path}", *words])
    assert told in str(error.value)
