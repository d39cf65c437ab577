"""From COCO's files to the papers' two tables: the benchmark built, answers of three models, a judge of known habits.

What is true stands in the answers: the judge likes the first place and long answers, and rates with noise. The tables
must find the difference in worth that was planted, and tell the habits for what they are.
"""

import base64
import csv
import hashlib
import json
from pathlib import Path
from random import Random

import pytest

from llavapose.cli import generate
from llavapose.cli.evaluations import evaluate_one
from llavapose.config.compose import settings
from llavapose.config.start import conf_folder
from llavapose.evaluation.benchmarks.frozen import read_frozen
from tests.evaluation.benchmarks.coco_files import lay_out
from tests.evaluation.judges.scripted_judge import ScriptedJudge
from tests.llm.chat_server import Answer as Served
from tests.llm.chat_server import Asked, ChatServer, completion

pytestmark = pytest.mark.usefixtures("plain_plots")

NUM_IMAGES = 6
NUM_QUESTIONS = 3 * NUM_IMAGES
JUDGES = ("judge-pair-captions_boxes", "judge-pair-keypoints")
BASE, OURS, OTHER = 4.0, 6.0, 5.0
"""What the judge truly thinks of the three models' answers."""
FIRST, LONGER, NOISE = 0.8, 0.4, 0.3
BASE_WORDS = 8


def words_of_base(question_id: str) -> int:
    """The baseline's answers are of one length."""
    return BASE_WORDS


def words_of_ours(question_id: str) -> int:
    """Ours are longer nearly always, by another factor each time: twice as long, in the middle."""
    return round(BASE_WORDS * 2 ** Random(question_id).uniform(-0.2, 2.2))


def told(worth: float, num_words: int, question_id: str) -> str:
    """An answer of so many words that says what it is worth; no two are alike."""
    filler = ["word"] * max(0, num_words - 3)
    return " ".join([*filler, question_id, "worth", f"{worth:.1f}"])


@pytest.fixture(scope="module")
def coco(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("coco")
    return lay_out(folder / "coco", folder / "world")


@pytest.fixture(scope="module")
def scenes(coco) -> list[str]:
    """COCO as it lies here, and the benchmark that is built from it: for generate.py and evaluate.py alike."""
    return [
        "benchmark=e_hpaub", f"benchmark.num_images={NUM_IMAGES}", f"benchmark.path={coco / 'e_hpaub.jsonl'}",
        "scenes=coco2014", f"scenes.root={coco}",
    ]  # fmt: skip


@pytest.fixture(scope="module")
def frozen(coco, scenes):
    """``generate.py benchmark=e_hpaub`` with the offline teacher."""
    generate.main(settings("generate", conf_folder(), [*scenes, f"data_dir={coco / 'data'}"]))
    return read_frozen(coco / "e_hpaub.jsonl")


class Sees:
    """A model behind HTTP: what it says, it says of the picture that it was shown."""

    def __init__(self) -> None:
        self.shown: dict[str, set[str]] = {}

    def __call__(self, asked: Asked) -> Served:
        parts = [part for part in asked.body["messages"][-1]["content"] if part["type"] == "image_url"]
        assert len(parts) == 1
        pixels = base64.b64decode(parts[0]["image_url"]["url"].partition(",")[2])
        seen = hashlib.sha256(pixels).hexdigest()
        self.shown.setdefault(asked.question, set()).add(seen)
        return Served(body=completion(told(OTHER, BASE_WORDS, seen[:8])))


@pytest.fixture(scope="module")
def evaluated(coco, scenes, frozen, tmp_path_factory):
    """The folder of results, the judge's server and the model's, after every arm by its own command."""
    folder = tmp_path_factory.mktemp("evaluated")
    out, model = folder / "out", Sees()
    judge = ScriptedJudge(first=FIRST, longer=LONGER, noise=NOISE, bias=-0.5)
    with ChatServer(judge) as judging, ChatServer(model) as answering:
        common = [
            *scenes, f"output_dir={out}", "judge.endpoint=vllm", f"judge.endpoint.base_url={judging.url}",
            "judge.endpoint.model=judge", "probe.enabled=false", "tables=false",
        ]  # fmt: skip
        for arm, worth, num_words in (("baseline", BASE, words_of_base), ("full", OURS, words_of_ours)):
            file = folder / f"{arm}.jsonl"
            ids = [one.question.id for one in frozen.written]
            rows = ({"question_id": name, "text": told(worth, num_words(name), name)} for name in ids)
            file.write_text("".join(json.dumps(row) + "\n" for row in rows))
            run([*common, f"arm={arm}", "answerer=file", f"answerer.path={file}"])
        other = [
            *common, "arm=Other-7B", "answerer=endpoint", "answerer.endpoint=vllm", "controls=[shuffled]",
            f"answerer.endpoint.base_url={answering.url}", "answerer.endpoint.model=other",
        ]  # fmt: skip
        run(other)
        # The comparison's anchor is ours: beside it the judge reads the other model once more, and the untouched base.
        beside = ["judge.anchor=full"]
        run([*other, *beside])
        baseline = [*common, "arm=baseline", "answerer=file", f"answerer.path={folder / 'baseline.jsonl'}"]
        run([*baseline, *beside])
        num_judged, num_answered = judging.asked.total(), answering.asked.total()
        run([*other, *beside, "tables=true"])
        assert (judging.asked.total(), answering.asked.total()) == (num_judged, num_answered), "nothing paid twice"
    return out, judging, model


def run(words: list[str]) -> None:
    evaluate_one(settings("evaluate", conf_folder(), words))


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def rated(folder: Path, name: str, judge: str) -> dict[str, dict[str, str]]:
    """A judge's rows of all kinds, by arm."""
    return {row["arm"]: row for row in table(folder, name) if (row["judge"], row["kind"]) == (judge, "all")}


def test_every_row_stands_in_both_tables_with_its_counts_and_the_benchmarks_hash(evaluated, frozen):
    out, _, _ = evaluated
    told = f"e_hpaub ({NUM_QUESTIONS} questions: {frozen.card['hash'][:12]})"
    for judge in JUDGES:
        ablation = rated(out, "ablation.csv", judge)
        assert list(ablation) == ["full", "Other-7B", "baseline", "text_only", "prior"]
        comparison = rated(out, "comparison.csv", f"{judge}-vs-full")
        assert list(comparison) == ["Other-7B", "full", "baseline", "text_only", "prior"]
        assert {row["ours"] for row in comparison.values()} == {"full"}
        for row in (*ablation.values(), *comparison.values()):
            assert (row["num_scored"], row["num_unscored"]) == (str(NUM_QUESTIONS), "0"), row
            assert row["num_images"] == str(NUM_IMAGES) and row["benchmark"] == told
        # The anchor's row is its mean over all its pairings: beside the other model and the other anchor.
        assert ablation["baseline"]["num_ratings"] == comparison["full"]["num_ratings"] == str(4 * NUM_QUESTIONS)
        assert ablation["full"]["num_ratings"] == comparison["Other-7B"]["num_ratings"] == str(2 * NUM_QUESTIONS)
    page = (out / "tables.md").read_text()
    for title in (f"Ablation, judge {JUDGES[1]}", f"Comparison, judge {JUDGES[1]}-vs-full"):
        assert f"**{title}, benchmark {told}**" in page
    assert "Published, different questions and judge: E-HPAUB" in page


def test_the_planted_differences_are_found_in_both_tables(evaluated):
    out, _, _ = evaluated
    for judge in JUDGES:
        row = rated(out, "ablation.csv", judge)["Other-7B"]
        # Equally long answers, a worth of 1 apart; the noise of 48 ratings an arm is half a point.
        assert float(row["diff"]) == pytest.approx(10 * (OTHER - BASE), abs=2.5)
        assert 0 < float(row["diff_low"]) < float(row["diff"]) < float(row["diff_high"])
        assert float(row["shuffled"]) == pytest.approx(float(row["score"]), abs=2.5), "worth the same, any picture"
        ours = rated(out, "comparison.csv", f"{judge}-vs-full")["Other-7B"]
        assert float(ours["diff"]) > float(ours["diff_low"]) > 0
        ranking = [rated(out, "ablation.csv", judge)[arm] for arm in ("prior", "baseline", "Other-7B", "full")]
        assert [float(one["score"]) for one in ranking] == sorted(float(one["score"]) for one in ranking)


def test_the_judges_habits_are_told(evaluated):
    out, _, _ = evaluated
    habits = {(row["judge"], row["arm"], row["measure"]): row for row in table(out, "judging.csv")}
    for judge in (*JUDGES, *(f"{name}-vs-full" for name in JUDGES)):
        place = habits[judge, "all", "first_place"]
        assert float(place["value"]) == pytest.approx(10 * FIRST, abs=2)
        assert float(place["low"]) > 0
    for judge in JUDGES:
        slope, free = (float(habits[judge, "full", name]["value"]) for name in ("length_slope", "length_free_diff"))
        raw, true = float(rated(out, "ablation.csv", judge)["full"]["diff"]), 10 * (OURS - BASE)
        assert slope > 0 and raw > true + 2
        assert abs(free - true) < abs(raw - true), (raw, free)
        # One for whom length is no matter: nothing is taken off.
        assert float(habits[judge, "Other-7B", "length_ratio"]["value"]) == pytest.approx(1)


def test_the_other_model_was_shown_each_questions_own_picture(evaluated, frozen, coco):
    _, judging, model = evaluated
    for one in frozen.written:
        own = hashlib.sha256((coco / "val2014" / one.question.image).read_bytes()).hexdigest()
        assert own in model.shown[one.question.text]
    assert sum("[What is true of the photograph]" in text for text in judging.asked) == len(judging.asked)


OFFLINE = "rated by the pose judge (offline); the papers' protocol is a model that rates pairs: judge=gpt4o"


def test_without_a_model_as_judge_the_run_says_that_this_is_not_the_papers_protocol(
    coco, scenes, frozen, evaluated, tmp_path, capsys
):
    rows = ({"question_id": one.question.id, "text": "The man stands."} for one in frozen.written)
    (tmp_path / "answers.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run([*scenes, f"output_dir={tmp_path / 'out'}", "probe.enabled=false", "arm=baseline", "answerer=file",
         f"answerer.path={tmp_path / 'answers.jsonl'}"])  # fmt: skip
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("e_hpaub") and last.endswith(OFFLINE)
    noted = "Rated by the pose judge (offline); the papers' protocol is a model that rates pairs: judge=gpt4o"
    (grid,) = [part for part in (tmp_path / "out" / "tables.md").read_text().split("\n**") if "judge pose" in part]
    assert noted in grid
    # Where a model has judged as well, only the pose judge's own table says so.
    out, _, _ = evaluated
    run([*scenes, f"output_dir={out}", "probe.enabled=false", "arm=baseline", "answerer=file",
         f"answerer.path={out.parent / 'baseline.jsonl'}"])  # fmt: skip
    assert OFFLINE not in capsys.readouterr().out.splitlines()[-1]
    grids = f"\n{(out / 'tables.md').read_text()}".split("\n**")
    assert [noted in part for part in grids if part.startswith("Ablation, judge pose")] == [True]
    assert not [part for part in grids if part.startswith(f"Ablation, judge {JUDGES[0]}") and noted in part]
