"""What an answer costs: measured beside the answers, which it leaves as they are, and told in a table and a plot."""

import math

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.timing import Timed, alone_told
from llavapose.evaluation.answerers.efficiency import EFFICIENCY_COLUMNS, efficiency_rows, write_efficiency
from llavapose.evaluation.answerers.protocol import TimedAnswerer
from llavapose.files import read_json, write_json
from llavapose.records import Question
from llavapose.report.plots import latency_plot

QUESTIONS = [
    Question(id=f"q{number}", scene_id=number, image=f"{number:03}.png", kind="conv", text=f"What colour, {number}?")
    for number in range(5)
]


@pytest.fixture
def answerer(tiny_base) -> CheckpointAnswerer:
    return CheckpointAnswerer(tiny_base, device="cpu", batch_size=2, max_new_tokens=6, num_timed=2)


def test_it_is_measured_once_beside_the_answers(answerer, tiny_pictures, tmp_path):
    assert isinstance(answerer, TimedAnswerer)
    before = list(answerer.answers(QUESTIONS, tiny_pictures, "x"))
    write_efficiency(tmp_path, "x", answerer, QUESTIONS, tiny_pictures)
    told = read_json(tmp_path / "efficiency" / "x.json", what="efficiency")
    assert (told["num_batched"], told["num_timed"], told["batch_size"], told["num_devices"]) == (5, 2, 2, 1)
    assert (told["device"], told["dtype"]) == ("cpu", "float32")
    assert told["num_parameters"] == sum(one.numel() for one in answerer.model.parameters())
    assert told["first_token_s"] > 0 and told["answer_s"] > 0 and told["tokens_per_s"] > 0
    assert 0.05 < told["peak_memory_gb"] < 100 and told["batch_answer_s"] > 0
    assert list(answerer.answers(QUESTIONS, tiny_pictures, "x")) == before
    answerer.efficiency = None  # the same checkpoint is not measured again
    write_efficiency(tmp_path, "x", answerer, QUESTIONS, tiny_pictures)


def test_another_checkpoint_is_measured_anew_and_nothing_where_it_is_off(tiny_base, answerer, tiny_pictures, tmp_path):
    write_json(tmp_path / "efficiency" / "x.json", {"made": "another"})
    write_efficiency(tmp_path, "x", answerer, QUESTIONS, tiny_pictures)
    told = read_json(tmp_path / "efficiency" / "x.json", what="efficiency")
    assert told["made"] != "another" and told["num_batched"] == 0 and told["batch_answer_s"] is None
    off = CheckpointAnswerer(tiny_base, device="cpu", num_timed=0)
    write_efficiency(tmp_path, "y", off, QUESTIONS, tiny_pictures)
    assert not (tmp_path / "efficiency" / "y.json").exists()


def test_times_are_medians_and_what_stands_behind_the_first_token():
    told = ((0.5, 1.5, 11), (0.1, 0.6, 21), (0.3, 0.3, 1))
    timed = [Timed(first_token_s=first, answer_s=whole, num_tokens=num) for first, whole, num in told]
    told = alone_told(timed)
    assert (told["first_token_s"], told["answer_s"], told["num_timed"]) == (0.3, 0.6, 3)
    assert told["tokens_per_s"] == pytest.approx((10 + 40) / 2)
    assert alone_told(timed[2:])["tokens_per_s"] is None


def test_the_table_and_its_plot(tmp_path):
    files = {"a": ("a", [tmp_path]), "b": ("b", [tmp_path]), "never timed": ("c", [tmp_path])}
    assert efficiency_rows(files) == []
    write_json(tmp_path / "efficiency" / "a.json", {"made": "m", "answer_s": 2.0, "dtype": "bfloat16"})
    write_json(tmp_path / "efficiency" / "b.json", {"made": "m", "answer_s": 0.5, "batch_answer_s": None})
    rows = efficiency_rows(files)
    assert [list(row) for row in rows] == [list(EFFICIENCY_COLUMNS)] * 2
    assert (rows[0]["arm"], rows[0]["answer_s"], rows[0]["dtype"], rows[1]["dtype"]) == ("a", 2.0, "bfloat16", "")
    assert math.isnan(rows[1]["batch_answer_s"])
    score = {"kind": "all", "score": 60.0, "low": 50.0, "high": 70.0}
    scores = [{**score, "arm": "a"}, {**score, "arm": "unmeasured"}, {**score, "arm": "b", "score": math.nan}]
    plot = latency_plot(rows, scores)
    assert plot is not None
    for drawn in (plot.wide, plot.narrow):
        assert ">a<" in drawn and "unmeasured" not in drawn and ">b<" not in drawn and "seconds an answer" in drawn
    assert latency_plot(rows, scores[1:]) is None


def test_of_several_seeds_the_table_has_the_mean(tmp_path):
    for seed, seconds, batched in (("0", 2.0, 0.5), ("1", 4.0, None)):
        told = {"answer_s": seconds, "batch_answer_s": batched, "num_timed": 3, "dtype": "float32", "device": "cpu"}
        write_json(tmp_path / seed / "efficiency" / "full.json", told)
    (row,) = efficiency_rows({"full (lr=1)": ("full", [tmp_path / seed for seed in ("0", "1", "gone")])})
    assert (row["arm"], row["answer_s"], row["batch_answer_s"], row["num_runs"]) == ("full (lr=1)", 3.0, 0.5, 2)
    assert (row["num_timed"], row["dtype"], row["device"]) == (6, "float32", "cpu")


@pytest.mark.parametrize("told", [{"answer_s": "2"}, {"device": 3}, {"num_timed": True}, [1]])
def test_what_is_no_measurement_is_said(tmp_path, told):
    write_json(tmp_path / "efficiency" / "full.json", told)
    with pytest.raises(DataError, match=r"full\.json has .* expected (text|a number)"):
        efficiency_rows({"full": ("full", [tmp_path])})
