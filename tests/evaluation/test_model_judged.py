"""evaluate.py with a model as judge, end to end over HTTP: kill -9, what is paid, the plan, a board without it."""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llavapose.cli.evaluations import evaluate_grid, evaluate_one, evaluate_sweep, rebuild_board
from llavapose.config.compose import settings
from llavapose.config.scenes import ScenesConfig
from llavapose.config.schema import plain_settings
from llavapose.config.start import conf_folder
from llavapose.errors import DataError, LlavaPoseError
from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.benchmarks.world import WorldBenchmark
from llavapose.files import TINY_BASE
from llavapose.sweep.overrides import hydra_value
from tests import warm
from tests.evaluation.judges.marked_replies import PLANTED
from tests.evaluation.judges.scripted_judge import ScriptedJudge
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import ChatServer, completion, error

pytestmark = pytest.mark.usefixtures("plain_plots")

ROOT = Path(__file__).parents[2]
NUM_IMAGES = 6
JUDGES = ("judge-pair-captions_boxes", "judge-pair-keypoints")
NUM_ASKED = 2 * 2 * 3 * NUM_IMAGES
"""Requests an arm: two orders and two contexts of every question."""
WORTH = {"baseline": 4.0, "full": 7.0}
OTHERS = {"other": 6.0}


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A small world, drawn once, and the questions about it."""
    root = tmp_path_factory.mktemp("world")
    scenes = ScenesConfig(name="world", root=root, num_train=40, num_val=40, image_size=64)
    write_questions(root / "questions.jsonl", WorldBenchmark(scenes, NUM_IMAGES).questions)
    return root


@pytest.fixture
def server():
    with ChatServer(ScriptedJudge(first=0.5)) as running:
        yield running


@pytest.fixture
def words(world, server, tmp_path):
    """The settings of one arm's evaluation, as they stand on a command line."""
    questions = [json.loads(line) for line in (world / "questions.jsonl").read_text().splitlines()]

    def made(arm: str, *more: str) -> list[str]:
        file = tmp_path / f"{arm}.answers.jsonl"
        told = ({"question_id": one["id"], "text": f"worth {(WORTH | OTHERS)[arm]} {one['id']}"} for one in questions)
        file.write_text("".join(json.dumps(row) + "\n" for row in told))
        return [
            "answerer=file", f"answerer.path={file}", f"arm={arm}", f"output_dir={tmp_path / 'out'}",
            f"scenes.root={world}", "scenes.num_train=40", "scenes.num_val=40", "scenes.image_size=64",
            "benchmark=file", f"benchmark.path={world / 'questions.jsonl'}", "probe.enabled=false",
            "judge.endpoint=vllm", f"judge.endpoint.base_url={server.url}", "judge.endpoint.model=judge", *more,
        ]  # fmt: skip

    return made


def evaluated(words: list[str]) -> None:
    evaluate_one(settings("evaluate", conf_folder(), words))


def table(folder: Path) -> dict[tuple[str, str, str], dict[str, str]]:
    with (folder / "ablation.csv").open(newline="") as stream:
        return {(row["judge"], row["arm"], row["kind"]): row for row in csv.DictReader(stream)}


def test_two_contexts_are_two_tables_beside_the_pose_judge_s(words, server, tmp_path, capsys):
    for arm in WORTH:
        evaluated(words(arm))
    rows = table(tmp_path / "out")
    assert {judge for judge, _, _ in rows} >= {"pose", *JUDGES}
    for judge in JUDGES:
        # Half of the time it stands first, which this judge likes by half a point.
        assert float(rows[judge, "full", "all"]["score"]) == pytest.approx(72.5)
        assert float(rows[judge, "baseline", "all"]["score"]) == pytest.approx(42.5)
        assert float(rows[judge, "full", "all"]["diff"]) == pytest.approx(30)
    # Of the baseline's answers nothing is asked but beside the others: the arm's, the prior's, the ground truth's.
    assert server.asked.total() == len(server.asked) == 3 * NUM_ASKED
    verdicts = [json.loads(line) for line in
                (tmp_path / "out" / "verdicts" / JUDGES[1] / "full.jsonl").read_text().splitlines()]  # fmt: skip
    assert {(row["arm"], row["opponent"], row["order"]) for row in verdicts} == {
        ("full", "baseline", "ab"), ("full", "baseline", "ba"), ("baseline", "full", "ab"), ("baseline", "full", "ba"),
    }  # fmt: skip


def test_the_plan_counts_what_is_then_asked(words, server, tmp_path, capsys):
    evaluated(words("baseline", "dry_run=true"))
    (first,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all")]
    evaluated(words("baseline"))
    assert int(first[1]) == server.asked.total() == 2 * NUM_ASKED, "the prior's answers and the ground truth's"
    capsys.readouterr()
    evaluated(words("full", "dry_run=true", "judge.endpoint.price_in=2.5", "judge.endpoint.api_key_env=NOT_SET"))
    told = capsys.readouterr().out
    assert server.asked.total() == 2 * NUM_ASKED and not (tmp_path / "out" / "answers" / "full.jsonl").exists()
    (planned,) = [line.split() for line in told.splitlines() if line.startswith("all")]
    evaluated(words("full"))
    assert int(planned[1]) == server.asked.total() - 2 * NUM_ASKED and float(planned[-1]) > 0
    capsys.readouterr()
    evaluated(words("full", "dry_run=true"))
    (after,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all")]
    assert after[1] == after[2] == planned[1] and after[3:] == ["0", "0", "0.00"], "all of it lies in the ledger"


@pytest.mark.parametrize(
    "refusal",
    [
        Served(status=400, body=error("filtered", code="content_filter")),
        Served(body=completion("I'm sorry, but I can't rate people.")),
    ],
    ids=["filter", "regret"],
)
def test_a_judge_that_refuses_first_leaves_ratings_missing(words, server, tmp_path, refusal):
    """Subject to ``max_missing``, and not the end of the run: of 18 questions the first two are refused."""
    evaluated(words("baseline"))
    judge, refused = ScriptedJudge(first=0.5), set()

    def behave(asked):
        question = re.search(r"worth [0-9.]+ (\S+)", asked.question)[1]
        if len(refused) < 2 and "worth 7" in asked.question:
            refused.add(question)
        return refusal if question in refused and "worth 7" in asked.question else judge(asked)

    server.behave = behave
    alone = ["judge.context=keypoints", "judge.endpoint.max_concurrency=1"]
    with pytest.raises(LlavaPoseError, match="2 of 18 questions"):
        evaluated(words("full", *alone, "judge.max_missing=0.1"))
    num_asked = server.asked.total()
    evaluated(words("full", *alone, "judge.max_missing=0.2"))
    assert server.asked.total() == num_asked, "what was refused is known to be"
    row = table(tmp_path / "out")[JUDGES[1], "full", "all"]
    assert (row["num_scored"], row["num_unscored"]) == ("16", "2")


def test_killed_while_judging_nothing_is_lost_or_asked_twice(words, server, tmp_path):
    def slow(asked):
        return Served(body=ScriptedJudge(first=0.5)(asked).body, delay_s=0.15)

    evaluated(words("baseline"))
    server.behave = slow
    command = [sys.executable, str(ROOT / "evaluate.py"), *words("full", "judge.endpoint.max_concurrency=2")]
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    killed = warm.Popen(command, cwd=tmp_path, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while server.asked.total() < 2 * NUM_ASKED + 12 and time.monotonic() < deadline:
        time.sleep(0.02)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    before = len(server.log)
    assert 2 * NUM_ASKED + 8 <= before < 3 * NUM_ASKED
    done = warm.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    # Lost at a kill is at most what was under way and as much again that was answered and not yet on the disk.
    assert server.asked.total() <= 3 * NUM_ASKED + 4 and len(server.asked) == 3 * NUM_ASKED
    rows = table(tmp_path / "out")
    assert float(rows[JUDGES[0], "full", "all"]["score"]) == pytest.approx(72.5)


@pytest.mark.parametrize(
    ("garbled", "error", "goes_on"),
    [
        (1.0, r"of the last \d+ replies of the judge 0 are of use, fewer than 20%", "judge.min_accepted=0"),
        (0.7, r"\d+ of 18 questions lack a rating, more than judge.max_missing=0.1", "judge.max_missing=1"),
    ],
)
def test_a_model_that_cannot_judge_fails_loudly(words, server, tmp_path, garbled, error, goes_on):
    evaluated(words("baseline"))
    server.behave = ScriptedJudge(garbled=garbled)
    command = [sys.executable, str(ROOT / "evaluate.py"), *words("full")]
    done = warm.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True,
                          text=True, timeout=120)  # fmt: skip
    assert done.returncode == 1
    assert re.search(f"error: judge {JUDGES[0]}: {error}", done.stderr), done.stderr
    assert goes_on in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "out" / "verdicts" / JUDGES[0] / "full.jsonl").exists()


def test_a_board_is_rebuilt_from_its_files_alone(words, tmp_path, capsys):
    for arm in WORTH:
        evaluated(words(arm))
    out = tmp_path / "out"
    before = (out / "ablation.csv").read_text()
    for name in ("ablation.csv", "tables.md", "tables.tex", "probe.csv"):
        (out / name).unlink()
    rebuild_board(conf_folder(), str(out), [])
    assert (out / "ablation.csv").read_text() == before and (out / "report" / "index.html").is_file()
    assert "Report page: " in capsys.readouterr().out
    entry = out / "answers" / "full.jsonl"
    entry.write_text("".join(entry.read_text().splitlines(keepends=True)[1:]))
    with pytest.raises(DataError, match=r"full.jsonl answers 17 of 18 questions; missing"):
        rebuild_board(conf_folder(), str(out), [])


def test_a_grid_of_judges_is_one_command(words, server, tmp_path, capsys):
    evaluated(words("baseline"))
    told = [*words("full"), "judge.protocol=single,pair", "judge.context=keypoints"]
    capsys.readouterr()
    evaluate_grid(conf_folder(), told)
    rows = table(tmp_path / "out")
    assert float(rows["judge-single-keypoints", "full", "all"]["score"]) == pytest.approx(75)
    assert float(rows["judge-pair-keypoints", "full", "all"]["score"]) == pytest.approx(72.5)
    assert capsys.readouterr().out.count("tables: ") == 1, "made once, at the end"


def test_planted_verdicts_reach_no_table(words, server, tmp_path):
    evaluated(words("baseline"))
    told = words("full", "judge.context=keypoints")
    path = tmp_path / "full.answers.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    path.write_text("".join(json.dumps({**row, "text": f"{row['text']}\n{PLANTED}"}) + "\n" for row in rows))

    def repeating(asked):
        told = ScriptedJudge(first=0.5)(asked)
        text = told.body["choices"][0]["message"]["content"]
        told.body["choices"][0]["message"]["content"] = f"{PLANTED}\n{text}\n{PLANTED}"
        return told

    server.behave = repeating
    evaluated(told)
    assert float(table(tmp_path / "out")[JUDGES[1], "full", "all"]["score"]) == pytest.approx(72.5)


@pytest.mark.long
def test_a_sweep_s_arms_are_judged_by_one_command_that_fills_in_what_is_missing(world, server, tmp_path, capsys):
    """Two seeds share one baseline, which lies in the first's folder: the second's answers stand beside it as well."""
    told = [
        f"scenes.root={world}", "scenes.num_train=40", "scenes.num_val=40", "scenes.image_size=64", "data=full",
        "benchmark.num_images=3", "probe.enabled=false", "controls=[]", "answerer.max_new_tokens=12",
    ]  # fmt: skip
    jobs = []
    for arm, seed in (("baseline", 0), ("full", 0), ("full", 1)):
        run, results = tmp_path / f"seed={seed}" / "runs" / arm, tmp_path / f"seed={seed}"
        config = settings(
            "train",
            conf_folder(),
            [*told, f"seed={seed}", f"output_dir={hydra_value(run)}", f"results_dir={hydra_value(results)}"],
        )
        run.mkdir(parents=True)
        (run / "hf").symlink_to(TINY_BASE)
        jobs.append({"arm": arm, "variant": f"seed={seed}", "dir": str(run), "results_dir": str(results),
                     "exit_code": 0, "settings": plain_settings(config)})  # fmt: skip
    (tmp_path / "jobs.json").write_text(json.dumps(jobs))
    judge = ["judge.endpoint=vllm", f"judge.endpoint.base_url={server.url}", "judge.endpoint.model=judge",
             "judge.context=keypoints"]  # fmt: skip
    capsys.readouterr()
    evaluate_sweep(conf_folder(), str(tmp_path), [*judge, "dry_run=true"])
    plan = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("judge-pair")][-1]
    evaluate_sweep(conf_folder(), str(tmp_path), judge)
    # Beside one baseline both seeds' answers, 9 in two orders each, and the controls' rows once for all three jobs.
    assert int(plan[1]) - int(plan[2]) == 2 * 18 + 2 * 18
    # As all three are one model here, its answer beside itself is the same request four times.
    assert len(server.asked) == server.asked.total() == 9 + 2 * 18
    rows = table(tmp_path)
    whole = rows["judge-pair-keypoints", "baseline", "all"]
    # 9 questions, two orders, beside two trainings of full, and the prior's beside it is a control's.
    assert (rows["judge-pair-keypoints", "full", "all"]["num_ratings"], whole["num_ratings"]) == ("36", "36")
    asked = server.asked.total()
    evaluate_sweep(conf_folder(), str(tmp_path), judge)
    assert server.asked.total() == asked
    (tmp_path / "seed=1" / "verdicts" / "judge-pair-keypoints" / "full.jsonl").unlink()
    evaluate_sweep(conf_folder(), str(tmp_path), judge)
    assert server.asked.total() == asked and table(tmp_path) == rows


@pytest.mark.long
def test_what_two_arms_ask_is_paid_once_also_side_by_side(words, server, tmp_path):
    """Both would have the prior and the ground truth judged, and wait for each other at the judge's ledger."""
    evaluated(words("baseline", "judge.endpoint.base_url=http://127.0.0.1:9/v1", "judge=pose", "judge.endpoint=null"))
    (told,) = (tmp_path / "out" / "answers").glob("baseline.jsonl")
    assert told.is_file() and not server.asked

    def slow(asked):
        return Served(body=ScriptedJudge(first=0.5)(asked).body, delay_s=0.02)

    server.behave = slow
    env = os.environ | {"PYTHONPATH": str(ROOT)}
    more = ["tables=false", "controls=[]", "judge.context=keypoints"]
    commands = [[sys.executable, str(ROOT / "evaluate.py"), *words(arm, *more)] for arm in ("full", "other")]
    runs = [warm.Popen(one, cwd=tmp_path, env=env, stderr=subprocess.PIPE, text=True) for one in commands]
    said = [run.communicate(timeout=240)[1] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], said
    # Each arm beside the baseline, and the two controls' rows once.
    assert server.asked.total() == len(server.asked) == 4 * NUM_ASKED // 2
    (ledger,) = (tmp_path / "out" / "ledgers").glob("judge-*.sqlite")
    assert ledger.name == "judge-vllm.sqlite"


@pytest.mark.long
def test_replies_in_a_ledger_of_an_earlier_version_are_not_paid_again(words, server, tmp_path):
    for arm in WORTH:
        evaluated(words(arm))
    paid, ledgers = server.asked.total(), tmp_path / "out" / "ledgers"
    (ledgers / "judge-vllm.sqlite").rename(ledgers / "judge-full-vllm.sqlite")
    (tmp_path / "out" / "verdicts" / JUDGES[0] / "full.jsonl").unlink()
    evaluated(words("full"))
    assert server.asked.total() == paid and (ledgers / "judge-vllm.sqlite").is_file()


def test_an_arm_that_cannot_be_evaluated_keeps_no_other_from_it(words, server, tmp_path, capsys):
    evaluated(words("baseline"))
    bad = tmp_path / "bad.jsonl"
    bad.write_text('{"question_id": "nothing", "text": "."}\n')
    good = [text for text in words("full", "judge.context=keypoints") if not text.startswith("answerer.path=")]
    with pytest.raises(LlavaPoseError, match=r"answerer.path=.*bad.jsonl.*: answers: .* answers 0 of 18 questions"):
        evaluate_grid(conf_folder(), [*good, f"answerer.path={bad},{tmp_path / 'full.answers.jsonl'}"])
    assert float(table(tmp_path / "out")["judge-pair-keypoints", "full", "all"]["score"]) == pytest.approx(72.5)
    said = capsys.readouterr().out
    assert "not evaluated, the others go on" in said and said.count("tables: ") == 2


def test_relative_ratings_are_told_in_percent_of_the_reference_s(words, server, tmp_path, capsys):
    """The judge gives what it is told by nobody 1, and half a point for standing first: the reference gets 1.25."""
    evaluated(words("full", "judge.protocol=relative", "judge.context=keypoints"))
    row = table(tmp_path / "out")["judge-relative-keypoints", "full", "all"]
    assert float(row["score"]) == pytest.approx(72.5) and float(row["of_text_only"]) == pytest.approx(100 * 7.25 / 1.25)
    assert "of text_only" in capsys.readouterr().out
    assert table(tmp_path / "out")["pose", "full", "all"]["of_text_only"] in ("", "nan")


def test_a_plan_beside_other_seeds_and_other_answers_needs_neither_its_own_folder_nor_these_questions(
    words, server, tmp_path, capsys
):
    evaluated(words("baseline"))
    (tmp_path / "jobs.json").write_text("[]")
    there = tmp_path / "new" / "answers"
    there.mkdir(parents=True)
    (there / "full.jsonl").write_text('{"question_id": "another", "arm": "full", "text": "It stands."}\n')
    capsys.readouterr()
    evaluated([*words("full", "dry_run=true"), f"output_dir={tmp_path / 'new'}"])
    (told,) = [line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("all")]
    assert int(told[1]) == 3 * NUM_ASKED and not (tmp_path / "new" / "benchmark.json").exists()
