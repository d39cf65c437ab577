"""A leaderboard's folder: what does not belong to its questions and answers is refused in one line."""

import json
from pathlib import Path

import pytest

from llavapose.cli.evaluations import rebuild_board
from llavapose.config.start import conf_folder
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.benchmarks.file import write_questions
from llavapose.evaluation.tables.entries import check_entries
from llavapose.evaluation.tables.results import summarise
from llavapose.files import sha256, write_json, write_jsonl
from llavapose.report.board import write_board
from llavapose.report.tables import read_table
from tests.evaluation.boards import JUDGE, QUESTIONS, lines_of, write_entries


@pytest.fixture
def board(tmp_path) -> Path:
    return write_entries(tmp_path)


def rows(board, judge):
    path = board / "verdicts" / judge / "cheat.jsonl"
    return path, [json.loads(line) for line in path.read_text().splitlines()]


def changed(**what):
    return lambda lines: [{**lines[0], **what}, *lines[1:]]


LINES = {
    "a rating beyond the scale": (changed(rating=1000), r"jsonl:1 has rating 1000; expected a number from .* to 10"),
    "a truth for a rating": (changed(rating=True), r"cheat.jsonl:1 has rating True; expected a number"),
    "a text for a rating": (changed(rating="9"), r"cheat.jsonl:1 has rating '9'; expected a number"),
    "no number": (changed(rating=float("nan")), r"cheat.jsonl:1 is no JSON that can be used .NaN"),
    "a question that nobody asked": (changed(question_id="mine"), r"verdict on 'mine': no such question in benchmark"),
    "another picture": (changed(scene_id=99), r"scene_id is 99; expected 1, as in benchmark.jsonl"),
    "another kind": (changed(kind="detail"), r"kind is 'detail'; expected 'conv'"),
    "another question": (changed(text="Is it day?"), r"text is 'Is it day\?'; expected 'What of 1\?'"),
    "a line twice": (lambda lines: [*lines, lines[0]], r"verdict on '1-conv': stands there twice"),
    "another answer": (changed(answer="0" * 12), r"about another answer than the one in answers/cheat.jsonl"),
    "a list for an id": (changed(question_id=["1-conv"]), r"jsonl:1 has question_id \['1-conv'\]; expected a text"),
    "a text for claims": (changed(claims="all right"), r"cheat.jsonl:1 has claims 'all right'; expected a list"),
    "texts for claims": (changed(claims=["right"]), r"cheat.jsonl:1 has claims that are none; expected objects"),
    "no mark of its answer": (changed(answer=None), r"verdict on '1-conv': says not which answer of cheat it rated"),
    "a claim beyond the answer": (
        changed(claims=[{"outcome": "supported", "start": -5, "end": 10**9}]),
        r"verdict on '1-conv': has a claim from -5 to 1000000000; expected a part of cheat's answer, which",
    ),
    "a claim of nowhere": (
        changed(claims=[{"outcome": "supported"}]),
        r"verdict on '1-conv': has a claim from None to None; expected a part of cheat's answer",
    ),
    "a claim thrice": (
        changed(claims=3 * [{"outcome": "supported", "start": 0, "end": 5, "kind": "leg", "part": "left leg"}]),
        r"verdict on '1-conv': has the claim from 0 to 5 twice",
    ),
    "an outcome of its own": (
        changed(claims=[{"outcome": "very supported", "start": 0, "end": 5}]),
        r"jsonl:1 has claims that are none; expected objects with an outcome",
    ),
    "a place that is a truth": (
        changed(claims=[{"outcome": "supported", "start": False, "end": True}]),
        r"verdict on '1-conv': has a claim from False to True; expected a part",
    ),
    "a repeat before the first": (changed(repeat=-1), r"cheat.jsonl:1 has repeat -1; expected a whole number from 0"),
    "a number for a reason": (changed(reason=7), r"cheat.jsonl:1 has reason 7; expected a text"),
}  # fmt: skip


@pytest.mark.parametrize("judge", ["pose", JUDGE])
@pytest.mark.parametrize(("change", "error"), LINES.values(), ids=LINES)
def test_a_line_that_is_not_so_is_refused(board, judge, change, error):
    path, lines = rows(board, judge)
    path.write_text("".join(json.dumps(line) + "\n" for line in change(lines)))
    with pytest.raises(DataError, match=error) as told:
        check_entries(board)
    assert len(str(told.value).splitlines()) == 1


PAIRS = {
    "no order beside another": (changed(order=None), r"'1-conv': order is None; expected ab or ba beside baseline"),
    "an order of its own": (changed(order="first"), r"'1-conv': order is 'first'; expected ab or ba beside baseline"),
    "an order beside nobody": (changed(opponent=None), r"'1-conv': order is 'ab'; expected null beside nobody"),
    "a rating more": (
        lambda lines: [*lines, {**lines[0], "repeat": 7, "rating": 10.0}],
        r"cheat.jsonl, verdict on '1-conv': cheat is rated in repeats 0, 7 of ab; expected 0",
    ),
    "a rating more of each of its own": (
        lambda lines: [*lines, *({**line, "repeat": 7, "rating": 10.0} for line in lines if line["arm"] == "cheat")],
        r"cheat.jsonl, verdict on '1-conv': \w+ is rated in repeats 0(, 7)? of ab; expected 0",
    ),
    "another repeat": (changed(repeat=3), r"'1-conv': cheat is rated in repeats 3 of ab; expected 0"),
    "some beside nobody": (
        lambda lines: [{**line, "opponent": None, "order": None} if line["arm"] == "cheat" and line["order"] == "ab"
                       and line["kind"] == "conv" else line for line in lines],
        r"beside different arms \(cheat beside baseline, cheat beside nobody",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "error"), PAIRS.values(), ids=PAIRS)
def test_both_orders_are_nobodys_choice(board, change, error):
    path, lines = rows(board, JUDGE)
    write_jsonl(path, change(lines))
    with pytest.raises(DataError, match=error) as told:
        check_entries(board)
    assert len(str(told.value).splitlines()) == 1


def test_repeats_are_the_same_for_every_entry(board):
    def again(path):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        write_jsonl(path, [{**line, "repeat": repeat} for repeat in (0, 1) for line in lines])

    again(board / "verdicts" / JUDGE / "cheat.jsonl")
    with pytest.raises(
        DataError, match=r"rival.jsonl, verdict on '1-conv': rival is rated in repeats 0 of ab; expected 0, 1"
    ):
        check_entries(board)
    again(board / "verdicts" / JUDGE / "rival.jsonl")
    check_entries(board, max_missing=0)


@pytest.mark.parametrize("judge", ["pose", JUDGE])
def test_nobody_rates_another_model_in_passing(board, judge):
    path, lines = rows(board, judge)
    theirs = [{**line, "arm": "rival", "rating": 1.0} for line in lines if line["arm"] == "cheat"]
    write_jsonl(path, [*lines, *theirs])
    with pytest.raises(DataError, match=r"cheat.jsonl:\d+ is about 'rival', beside whom cheat was not rated"):
        check_entries(board)
    with pytest.raises(DataError, match=r"is about 'rival'"):
        summarise(board)


def test_an_entry_cannot_choose_its_anchor(board):
    write_jsonl(board / "verdicts" / JUDGE / "cheat.jsonl", lines_of("cheat", "rival"))
    with pytest.raises(DataError, match=r"beside different arms \(cheat beside rival, rival beside baseline\)"):
        check_entries(board)


UNRATED = r"verdicts/pose/cheat.jsonl: '\d-\w+' has no rating of the pose judge, which rated others' answers to it"
LEFT_OUT = ("1-conv", "2-conv", "1-detail")
LACKS = r"verdicts/{}/cheat.jsonl: {} of 12 questions lack a rating.* more than max_missing=0.1"


@pytest.mark.parametrize("judge", ["pose", JUDGE])
def test_what_an_entry_leaves_out_is_missing(board, judge):
    path, lines = rows(board, judge)
    write_jsonl(path, [line for line in lines if line["question_id"] not in LEFT_OUT])
    with pytest.raises(DataError, match=UNRATED if judge == "pose" else LACKS.format(judge, 3)):
        check_entries(board)
    check_entries(board, max_missing=1 if judge == "pose" else 0.25)
    summarise(board)
    table = {(row["judge"], row["arm"]): row for row in read_table(board, "ablation.csv") if row["kind"] == "all"}
    row = table[judge, "cheat"]
    assert (row["num_scored"], row["num_unscored"]) == (9, 3)
    assert row["score_if_missing_low"] == pytest.approx((9 * 60 + 3 * 10) / 12)
    assert row["score_if_missing_high"] == pytest.approx((9 * 60 + 3 * 100) / 12)
    assert table[judge, "rival"]["num_unscored"] == 0


@pytest.mark.parametrize("judge", ["pose", JUDGE])
def test_what_an_entry_leaves_unrated_is_missing(board, judge):
    path, lines = rows(board, judge)
    write_jsonl(path, [{**line, "rating": None} if line["question_id"] in LEFT_OUT else line for line in lines])
    with pytest.raises(DataError, match=UNRATED if judge == "pose" else LACKS.format(judge, 3)):
        check_entries(board)
    check_entries(board, max_missing=1 if judge == "pose" else 0.25)


def test_the_pose_judge_rates_every_answer_of_a_question(board):
    """So one rating less than the others' is no judge's: but an answer that is not there has none."""
    path, lines = rows(board, "pose")
    write_jsonl(path, [{**line, "rating": None} if line["question_id"] == "1-conv" else line for line in lines])
    with pytest.raises(DataError, match=UNRATED):
        check_entries(board)
    answers = board / "answers" / "cheat.jsonl"
    said = [json.loads(line) for line in answers.read_text().splitlines()]
    write_jsonl(answers, [{**one, "finish": "failed"} if one["question_id"] == "1-conv" else one for one in said])
    check_entries(board)
    with pytest.raises(DataError, match=LACKS.format("pose", 1).replace("0.1", "0")):
        check_entries(board, max_missing=0)


def test_what_the_pose_judge_rates_of_nobody_is_missing_of_nobody(board):
    for path in (board / "verdicts" / "pose").glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        write_jsonl(path, [{**line, "rating": None} if line["kind"] == "conv" else line for line in lines])
    check_entries(board, max_missing=0)


@pytest.mark.parametrize(("of", "num"), [(("detail", "complex"), 8), (("conv", "detail", "complex"), 12)])
def test_what_an_entry_has_in_one_order_alone_is_missing(board, of, num):
    path, lines = rows(board, JUDGE)
    own = {"cheat": "ab", "baseline": "ba"}
    write_jsonl(path, [line for line in lines if line["kind"] not in of or line["order"] == own[line["arm"]]])
    with pytest.raises(DataError, match=LACKS.format(JUDGE, num)):
        check_entries(board)
    check_entries(board, max_missing=1)


def test_a_control_that_says_nothing_is_a_hole(board):
    answers = [{"question_id": one.id, "arm": "prior", "text": f"prior says {one.id}"} for one in QUESTIONS]
    write_jsonl(board / "answers" / "prior.jsonl", answers)
    lines = [
        line for line in lines_of("prior", "baseline") if line["order"] == ("ab" if line["arm"] == "prior" else "ba")
    ]
    write_jsonl(board / "verdicts" / JUDGE / "prior.jsonl", [{**line, "rating": None} for line in lines])
    check_entries(board, max_missing=0)


def test_the_anchor_lacks_nothing_either(board):
    path, lines = rows(board, JUDGE)
    write_jsonl(path, [line for line in lines if line["arm"] == "cheat" or line["question_id"] not in LEFT_OUT])
    with pytest.raises(DataError, match=LACKS.format(JUDGE, 3).replace("lack a rating", "lack a rating of baseline")):
        check_entries(board)


def test_the_anchor_is_rated_beside_everybody(board):
    """Without a line about it an entry would have no difference, nor a mark behind one."""
    path, lines = rows(board, JUDGE)
    write_jsonl(path, [line for line in lines if line["arm"] == "cheat"])
    with pytest.raises(DataError, match=LACKS.format(JUDGE, 12).replace("lack a rating", "lack a rating of baseline")):
        check_entries(board)


def test_a_replaced_answer_is_refused_whatever_else_is_left_out(board):
    paths = [board / "verdicts" / judge / "cheat.jsonl" for judge in ("pose", JUDGE)]
    answers = board / "answers" / "cheat.jsonl"
    for path in paths:
        write_json(path.with_suffix(".made.json"), {"answers": {"cheat": sha256(answers)}})
    check_entries(board)
    texts = [{"question_id": one.id, "arm": "cheat", "text": "Something else entirely."} for one in QUESTIONS]
    write_jsonl(answers, [{"question_id": one.id, "text": f"cheat says {one.id}"} for one in QUESTIONS])
    check_entries(board)
    summarise(board)
    assert {row["num_scored"] for row in read_table(board, "ablation.csv")
            if (row["arm"], row["kind"]) == ("cheat", "all")} == {12}, "the same texts in other bytes"  # fmt: skip
    write_jsonl(answers, texts)
    for left_out, error in (
        ("nothing", r"cheat.jsonl: the answers of cheat have been replaced since; judge cheat again"),
        ("made", r"verdict on '1-conv': about another answer than the one in answers/cheat.jsonl"),
        ("answer", r"verdict on '1-conv': says not which answer of \w+ it rated; judge it again"),
    ):
        for path in paths:
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            write_jsonl(path, [{key: value for key, value in line.items() if key != left_out} for line in lines])
            if left_out == "made":
                path.with_suffix(".made.json").unlink()
        with pytest.raises(DataError, match=error):
            check_entries(board)


def test_a_judge_of_one_entry_sits_on_no_panel(board):
    """Whoever brings an entry could bring a judge that loves it."""
    write_jsonl(board / "verdicts" / "another" / "cheat.jsonl", lines_of("cheat", "baseline", rating=10.0))
    check_entries(board)
    summarise(board)
    assert "panel" not in {row["judge"] for row in read_table(board, "ablation.csv")}
    write_jsonl(board / "verdicts" / "another" / "rival.jsonl", lines_of("rival", "baseline"))
    summarise(board)
    assert "panel" in {row["judge"] for row in read_table(board, "ablation.csv")}


def test_a_rating_below_all_scales_is_none(board):
    path, lines = rows(board, "pose")
    write_jsonl(path, [{**lines[0], "rating": -12.5}, *lines[1:]])
    check_entries(board)
    write_jsonl(path, [{**lines[0], "rating": -1e308}, *lines[1:]])
    with pytest.raises(DataError, match=r"cheat.jsonl:1 has rating -1e\+308; expected a number from -1e\+06 to 10"):
        check_entries(board)


def test_questions_are_those_that_their_hash_says(board):
    write_questions(board / "benchmark.jsonl", QUESTIONS[:-1])
    with pytest.raises(DataError, match=r"benchmark.jsonl has the hash \w+, and benchmark.json says '\w+'"):
        check_entries(board)
    (board / "benchmark.json").unlink()
    with pytest.raises(DataError, match=r"board: no benchmark.json in "):
        check_entries(board)


@pytest.mark.parametrize("name", ["\x1b[2Jmine", "a\nb", "<b>"])
def test_names_are_plain(board, name):
    told = json.loads((board / "benchmark.json").read_text())
    write_json(board / "benchmark.json", {**told, "name": name})
    with pytest.raises(DataError, match=r"benchmark.json has name .*; expected letters, digits") as error:
        check_entries(board)
    write_json(board / "benchmark.json", told)
    (board / "answers" / "cheat.jsonl").rename(board / "answers" / f"{name}.jsonl")
    with pytest.raises(DataError, match=r"is called .*; expected letters, digits"):
        check_entries(board)
    assert str(error.value).isprintable()


def test_a_baseline_is_an_entry(board):
    with pytest.raises(ConfigError, match=r"baseline=nobody: no entry of that name; there are cheat, rival, baseline"):
        write_board(board, "nobody")


def test_a_folder_that_is_no_board_stays_as_it_was(tmp_path):
    with pytest.raises(DataError, match=r"board: no benchmark.jsonl in "):
        rebuild_board(conf_folder(), str(tmp_path), [])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConfigError, match=r"max_missing is much; expected a share from 0 to 1"):
        rebuild_board(conf_folder(), str(tmp_path), ["max_missing=much"])


def test_lines_may_name_questions_by_their_ids_alone(board):
    """The texts stand in benchmark.jsonl; what an entry leaves out is missing all the same."""
    path, lines = rows(board, "pose")
    bare = [{key: value for key, value in line.items() if key != "text"} for line in lines]
    write_jsonl(path, [line for line in bare if line["question_id"] != "1-conv"])
    check_entries(board, max_missing=1)
    summarise(board)
    (row,) = [row for row in read_table(board, "ablation.csv")
              if (row["judge"], row["arm"], row["kind"]) == ("pose", "cheat", "all")]  # fmt: skip
    assert (row["num_scored"], row["num_unscored"], row["score"]) == (11, 1, 60.0)
