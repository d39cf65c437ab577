"""One arm, start to finish, on drawn pictures with an answerer that needs no model."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace

import pytest

from llavapose.config.choices import Control
from llavapose.config.evaluating import ProbeConfig
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.evaluation.answerers.file import FileAnswerer
from llavapose.evaluation.answerers.prior import PriorAnswerer
from llavapose.evaluation.answerers.protocol import Likelihoods, ProbedAnswerer
from llavapose.evaluation.answerers.text_only import OfflineTruth
from llavapose.evaluation.arm import Arm
from llavapose.evaluation.benchmarks.protocol import questions_hash
from llavapose.evaluation.benchmarks.world import WorldBenchmark
from llavapose.evaluation.controls import asked_under
from llavapose.evaluation.evaluate import draw_pictures, evaluate_arm
from llavapose.evaluation.judges.missing import TooManyMissing
from llavapose.evaluation.judges.pose.judge import PoseJudge, scale_of
from llavapose.evaluation.judges.protocol import NO_KEYPOINTS, Judgement
from llavapose.evaluation.tables.results import summarise
from llavapose.evaluation.tables.verdicts import judges_found, rated_answers
from llavapose.files import read_json, read_jsonl
from llavapose.pose.facts.scene import scene_facts
from llavapose.pose.language import state
from llavapose.records import PRIOR, TEXT_ONLY, Answer, Verdict
from llavapose.report.tables import read_table

pytestmark = pytest.mark.usefixtures("plain_plots")


class Talker:
    """Says all true facts about the picture it is shown and believes true statements about it; counts its calls."""

    batch_size = 4
    controls = tuple(Control)

    def __init__(self, benchmark, sees=True, name="none"):
        self.scenes = {scene.image: scene for scene in benchmark.scenes.scenes}
        self.sees, self.name, self.calls = sees, name, 0

    def identity(self):
        return self.name

    def answers(self, questions, images, arm):
        self.calls += 1
        for question in questions:
            scene = self.scenes.get(question.image)  # what it is shown, which a control changes
            texts = [state(fact, scene, 0) for fact in scene_facts(scene) if fact.sure] if scene else []
            yield Answer(question_id=question.id, arm=arm, text=" ".join(texts) if self.sees else "A fine day.")

    def likelihoods(self, items, images, shown):
        self.calls += 1
        for number, item in enumerate(items):
            own = shown[item.scene_id] == item.images
            likely, not_likely = (-1.0, -1.0), (-2.0, -2.0)
            right = self.sees if own else number % 2 == 0
            yield Likelihoods(true=likely if right else not_likely, flipped=not_likely if right else likely)


class Beside:
    """Rates both answers by their lengths; sees two at once."""

    name, anchor = "beside", "baseline"

    def judge(self, cases):
        for case in cases:
            arms = ((case.answer, case.opponent), (case.opponent, case.answer))
            yield tuple(
                Judgement(
                    verdict=Verdict(
                        question_id=case.question.id, arm=one.arm, judge=self.name, reason="by length",
                        rating=8.0 if len(one.text) > len(other.text) else 2.0, protocol="pair",
                        opponent=other.arm,
                    )
                )
                for one, other in arms
            )  # fmt: skip


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    root = tmp_path_factory.mktemp("world")
    return ScenesConfig(name="world", root=root, num_train=300, num_val=90, image_size=64)


@pytest.fixture(scope="module")
def benchmark(drawn):
    return WorldBenchmark(drawn, num_images=12)


@pytest.fixture(scope="module")
def arm_of(benchmark, drawn):
    scale = scale_of(drawn)

    def made(folder, name, answerer, judge=None):
        return Arm(name=name, out=folder, benchmark=benchmark, answerer=answerer, judges=(judge or PoseJudge(scale),),
                   probe=ProbeConfig(num_items=200), control_arms={PRIOR: PriorAnswerer(scale)},
                   controls=tuple(Control))  # fmt: skip

    return made


@pytest.fixture(scope="module")
def out(benchmark, arm_of, tmp_path_factory):
    """Two arms, one that sees and one that does not."""
    folder = tmp_path_factory.mktemp("results")
    for name, sees in (("full", True), ("baseline", False)):
        evaluate_arm(arm_of(folder, name, Talker(benchmark, sees)))
    summarise(folder)
    return folder


def table(folder, name):
    return read_table(folder, name)


def rows_of(path):
    return [row for _, row in read_jsonl(path, what="rows")]


def test_every_file_is_there_and_complete(out):
    for room, num in (("answers", 36), ("verdicts/pose", 36)):
        for arm in ("full", "baseline"):
            assert len(rows_of(out / room / f"{arm}.jsonl")) == num
    rows = rows_of(out / "probe" / "full.jsonl")
    assert {row["pictures"] for row in rows} == {"true", "shuffled", "no_picture"} and len(rows) % 6 == 0
    assert {row["picture"] for row in rows if row["pictures"] == "no_picture"} == {""}
    assert {"arm", "group", "value", "true", "flipped", "questions", "picture"} <= set(rows[0])
    assert len(list((out / "pictures").glob("*.jpg"))) == 12, "every question's"
    told = read_json(out / "benchmark.json", what="benchmark")
    assert (told["name"], told["num_questions"]) == ("world", 36)
    assert not list(out.rglob("*.part*"))


def test_a_picture_that_is_missing_is_named_and_one_without_annotations_is_drawn_as_it_is(benchmark, tmp_path, caplog):
    asked = [replace(benchmark.questions[0], image="gone.jpg", scene_id=1), benchmark.questions[-1]]
    (tmp_path / "7.jpg").write_bytes(b"of another benchmark")
    draw_pictures(tmp_path, asked, replace(benchmark.scenes, scenes=()))
    assert [path.stem for path in tmp_path.iterdir()] == [str(asked[1].scene_id)]
    assert "1 of 2 pictures are not drawn, such as: scene 1" in caplog.text and "gone.jpg" in caplog.text


def test_an_answerer_that_tells_the_facts_is_rated_high_and_a_silent_one_lowest(out):
    rows = {(row["arm"], row["kind"]): row for row in table(out, "ablation.csv")}
    assert rows["full", "all"]["score"] > 95
    assert rows["baseline", "all"]["score"] == 10
    assert rows["full", "all"]["diff_low"] > 80 and math.isnan(rows["baseline", "all"]["diff"])
    verdicts = rows_of(out / "verdicts" / "pose" / "baseline.jsonl")
    assert all(row["silent"] for row in verdicts if row["rating"] is not None) and len(verdicts) == 36


def test_every_arm_stands_beside_its_controls(out):
    """One that looks is told from one that does not, whatever the text: by the prior, and by its shuffled pictures."""
    rows = {(row["arm"], row["kind"]): row for row in table(out, "ablation.csv")}
    full, blind, prior = (rows[arm, "all"] for arm in ("full", "baseline", "prior"))
    assert full["shuffled"] < 20 and full["no_picture"] == 10 and blind["shuffled"] == 10
    assert full["over_prior_low"] > 50 and full["over_shuffled_low"] > 50
    assert blind["over_shuffled_low"] == 0 and prior["score"] < 25
    assert math.isnan(prior["shuffled"]) and math.isnan(prior["over_prior_low"])
    for room, num in (("answers", 36), ("verdicts/pose", 36)):
        for control in ("shuffled", "no_picture"):
            assert len(rows_of(out / room / control / "full.jsonl")) == num
    true, shuffled = (rows_of(out / "answers" / where / "full.jsonl") for where in ("", "shuffled"))
    assert [row["question_id"] for row in true] == [row["question_id"] for row in shuffled]
    assert all(a["text"] != b["text"] for a, b in zip(true, shuffled, strict=True))


def test_a_shuffled_picture_is_never_ones_own(benchmark):
    for control, image in ((Control.shuffled, None), (Control.no_picture, "")):
        shown = asked_under(benchmark.questions, control)
        assert [replace(one, image="") for one in shown] == [replace(one, image="") for one in benchmark.questions]
        assert all(a.image != b.image for a, b in zip(shown, benchmark.questions, strict=True))
        assert image is None or {one.image for one in shown} == {image}
    shuffled = {one.scene_id: one.image for one in asked_under(benchmark.questions, Control.shuffled)}
    assert len(set(shuffled.values())) == len(shuffled) == 12, "each picture is shown once"


def test_the_table_names_its_judge_and_its_questions(out):
    row = table(out, "ablation.csv")[0]
    told = read_json(out / "benchmark.json", what="benchmark")
    assert row["judge"] == "pose" and row["benchmark"] == f"world (36 questions: {told['hash']})"


def test_the_probe_tells_them_apart_and_the_control_does_not(out):
    rows = {(row["arm"], row["pictures"], row["group"]): row for row in table(out, "probe.csv")}
    assert rows["full", "true", "all"]["skill"] == 1 and rows["baseline", "true", "all"]["skill"] == -1
    assert abs(rows["full", "shuffled", "all"]["skill"]) < 0.2
    assert {row["majority"] for row in rows.values()} == {0.5}


def test_what_is_there_is_kept_and_what_changed_is_made_again(arm_of, benchmark, out):
    again = Talker(benchmark)
    evaluate_arm(arm_of(out, "full", again))
    assert again.calls == 0
    path = out / "answers" / "full.jsonl"
    whole = path.read_text()
    path.write_text(whole[: len(whole) // 2])
    evaluate_arm(arm_of(out, "full", again))
    assert again.calls == 1 and path.read_text() == whole
    other = Talker(benchmark, name="other")
    evaluate_arm(arm_of(out, "full", other))
    assert other.calls == 6  # its answers and the probe, each with both controls


def test_a_second_judge_overwrites_nothing_and_has_a_table_of_its_own(arm_of, benchmark, out):
    before = (out / "verdicts" / "pose" / "full.jsonl").read_bytes()
    for name, sees in (("baseline", False), ("full", True)):
        evaluate_arm(arm_of(out, name, Talker(benchmark, sees), Beside()))
    summarise(out)
    assert judges_found([out]) == ("pose", "beside")
    assert (out / "verdicts" / "pose" / "full.jsonl").read_bytes() == before
    rows = {(row["judge"], row["arm"], row["kind"]): row for row in table(out, "ablation.csv")}
    assert rows["beside", "full", "all"]["score"] == 80 and rows["beside", "baseline", "all"]["score"] == 20
    assert rows["beside", "full", "all"]["diff"] == 60 and rows["pose", "full", "all"]["score"] > 95
    pair = rows_of(out / "verdicts" / "beside" / "full.jsonl")
    assert [(row["arm"], row["opponent"]) for row in pair[:2]] == [("full", "baseline"), ("baseline", "full")]


def test_a_judge_of_pairs_needs_the_other_s_answers(arm_of, benchmark, tmp_path):
    with pytest.raises(DataError, match=r"judge beside: no answers of baseline in .*; evaluate that arm first"):
        evaluate_arm(arm_of(tmp_path, "full", Talker(benchmark), Beside()))


def test_verdicts_about_replaced_answers_are_left_out(arm_of, benchmark, tmp_path, caplog):
    for arm in ("baseline", "full"):
        evaluate_arm(arm_of(tmp_path, arm, Talker(benchmark), Beside()))
    assert rated_answers(tmp_path, "full", "beside")
    answers = tmp_path / "answers" / "baseline.jsonl"
    answers.write_text(answers.read_text().replace('"text": "', '"text": "Now: '))
    assert rated_answers(tmp_path, "full", "beside") == []
    assert rated_answers(tmp_path, "full", "beside") == []
    assert caplog.text.count("the answers of baseline have been made anew since; evaluate full again") == 1


def test_an_anchor_answers_no_controls_that_no_judge_would_see(arm_of, benchmark, drawn, tmp_path):
    there = {}
    for name, judges in (("alone", (Beside(),)), ("posed", (Beside(), PoseJudge(scale_of(drawn))))):
        evaluate_arm(replace(arm_of(tmp_path / name, "baseline", Talker(benchmark)), judges=judges))
        evaluate_arm(replace(arm_of(tmp_path / name, "full", Talker(benchmark)), judges=judges))
        there[name] = {path.stem for path in (tmp_path / name / "answers" / "shuffled").glob("*.jsonl")}
    assert there == {"alone": {"full"}, "posed": {"full", "baseline"}}


def test_a_missing_answer_is_unscored_by_any_judge(arm_of, benchmark, tmp_path):
    class Failing(Talker):
        def answers(self, questions, images, arm):
            for number, answer in enumerate(super().answers(questions, images, arm)):
                yield answer if number else replace(answer, text="refused", finish="failed")

    evaluate_arm(arm_of(tmp_path, "full", Failing(benchmark)))
    summarise(tmp_path)
    (row,) = [row for row in table(tmp_path, "ablation.csv") if (row["arm"], row["kind"]) == ("full", "all")]
    assert row["score_if_missing_low"] < row["score_if_missing_high"], "a refusal helps nobody"
    first, second = rows_of(tmp_path / "verdicts" / "pose" / "full.jsonl")[:2]
    assert first["rating"] is None and first["reason"] == "no answer of full: refused"
    assert second["rating"] is not None


@pytest.mark.parametrize("judge", [None, Beside()])
def test_too_many_missing_answers_fail_any_judge(arm_of, benchmark, tmp_path, judge):
    class Refusing(Talker):
        def answers(self, questions, images, arm):
            for number, answer in enumerate(super().answers(questions, images, arm)):
                yield answer if number > 4 else replace(answer, text="refused", finish="failed")

    evaluate_arm(arm_of(tmp_path, "baseline", Talker(benchmark)))
    with pytest.raises(TooManyMissing, match=r"5 of 36 questions lack a rating, more than .*: 5 x no answer of full"):
        evaluate_arm(arm_of(tmp_path, "full", Refusing(benchmark), judge))
    assert not list(tmp_path.glob("verdicts/*/full.jsonl"))


def test_an_answer_that_the_opponent_lacks_is_not_judged_as_text(arm_of, benchmark, tmp_path):
    class Failing(Talker):
        def answers(self, questions, images, arm):
            for number, answer in enumerate(super().answers(questions, images, arm)):
                yield answer if number else replace(answer, text="refused " * 99, finish="failed")

    evaluate_arm(arm_of(tmp_path, "baseline", Failing(benchmark, sees=False)))
    evaluate_arm(arm_of(tmp_path, "full", Talker(benchmark), Beside()))
    first, *rest = rated_answers(tmp_path, "full", "beside")
    assert first.rating is None and all(one.rating == 8.0 for one in rest)
    (line,) = [row for row in rows_of(tmp_path / "verdicts" / "beside" / "full.jsonl") if row["rating"] is None]
    assert line["reason"].startswith("no answer of baseline: refused refused")


def test_answers_to_other_questions_share_no_folder(arm_of, benchmark, drawn, tmp_path):
    evaluate_arm(arm_of(tmp_path, "full", Talker(benchmark)))
    before = (tmp_path / "benchmark.json").read_bytes()
    asked = WorldBenchmark(drawn, num_images=3)
    other = replace(arm_of(tmp_path, "other", Talker(asked)), benchmark=asked)
    hashes = [questions_hash(one.questions) for one in (benchmark, asked)]
    said = rf"holds answers of full to the questions {hashes[0]} \(world\), and world asks {hashes[1]}; give another"
    with pytest.raises(DataError, match=said):
        evaluate_arm(other)
    assert (tmp_path / "benchmark.json").read_bytes() == before and not (tmp_path / "answers" / "other.jsonl").exists()
    evaluate_arm(replace(other, name="full"))  # nobody else's answers lie there
    assert (tmp_path / "benchmark.json").read_bytes() != before


def test_results_of_other_questions_are_a_hole_under_this_hash(arm_of, benchmark, tmp_path, caplog):
    for arm in ("full", "baseline"):
        evaluate_arm(arm_of(tmp_path, arm, Talker(benchmark)))
    path = tmp_path / "verdicts" / "pose" / "full.jsonl"
    path.write_text(path.read_text().replace('"text": "', '"text": "Earlier: '))
    summarise(tmp_path)
    rows = {row["arm"]: row for row in table(tmp_path, "ablation.csv") if row["kind"] == "all"}
    assert math.isnan(rows["full"]["score"]) and rows["baseline"]["num_scored"] > 0


def test_without_keypoints_poses_are_not_judged_and_the_upper_bound_is_left_out(arm_of, benchmark, tmp_path, caplog):
    """As LLaVA's own questions, whose pictures have captions and boxes."""
    bare = tuple(replace(scene, people=tuple(replace(one, keypoints=()) for one in scene.people))
                 for scene in benchmark.scenes.scenes)  # fmt: skip
    asked = SimpleNamespace(name="boxes", questions=benchmark.questions, scenes=replace(benchmark.scenes, scenes=bare))
    arm = replace(arm_of(tmp_path, "full", Talker(benchmark)), benchmark=asked, probe=ProbeConfig(enabled=False))
    arm = replace(arm, control_arms={**arm.control_arms, TEXT_ONLY: OfflineTruth(lambda: asked.scenes)})
    with caplog.at_level("INFO"):
        evaluate_arm(arm)
    rows = rows_of(tmp_path / "verdicts" / "pose" / "full.jsonl")
    assert {row["reason"] for row in rows} == {NO_KEYPOINTS} and {row["rating"] for row in rows} == {None}
    assert "no text_only: the benchmark's pictures have no keypoints" in caplog.text
    assert not (tmp_path / "answers" / "text_only.jsonl").exists() and not any(row["claims"] for row in rows)


def test_results_of_the_first_version_are_the_pose_judge_s(out, tmp_path):
    rows = rows_of(out / "verdicts" / "pose" / "full.jsonl")
    new = ("protocol", "opponent", "order", "key")
    (tmp_path / "verdicts").mkdir()
    old = "".join(json.dumps({key: row[key] for key in row if key not in new}) + "\n" for row in rows)
    (tmp_path / "verdicts" / "full.jsonl").write_text(old)
    assert rated_answers(tmp_path, "full") == rated_answers(out, "full") and judges_found([tmp_path]) == ("pose",)
    summarise(tmp_path)
    assert table(tmp_path, "ablation.csv")[0]["judge"] == "pose"


def test_answers_from_a_file_are_judged_without_a_model(arm_of, benchmark, out, tmp_path):
    answers = rows_of(out / "answers" / "full.jsonl")
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps({"question_id": a["question_id"], "text": a["text"]}) + "\n" for a in answers))
    mine = arm_of(tmp_path, "mine", FileAnswerer(path))
    evaluate_arm(mine)
    ratings = [row["rating"] for row in rows_of(tmp_path / "verdicts" / "pose" / "mine.jsonl")]
    ratings = [rating for rating in ratings if rating is not None]
    assert sum(ratings) / len(ratings) > 9.5
    assert not (tmp_path / "probe").exists() and not isinstance(mine.answerer, ProbedAnswerer)
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    evaluate_arm(mine)
    first, *rest = rows_of(tmp_path / "verdicts" / "pose" / "mine.jsonl")
    assert first["rating"] is None and first["reason"] == "no answer of mine: not in mine.jsonl" and len(rest) == 35
    path.write_text('{"question_id": "nothing", "text": "."}\n')
    with pytest.raises(DataError, match="answers 0 of 36 questions"):
        evaluate_arm(mine)
    path.write_text('{"question": "nothing"}\n')
    with pytest.raises(DataError, match=r"mine.jsonl:1 lacks question_id or text"):
        evaluate_arm(mine)
