"""A board's controls and probes: what an entry brings of them is checked as its ratings are."""

import json
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.evaluation.tables.entries import check_entries
from llavapose.evaluation.tables.results import summarise
from llavapose.files import write_jsonl
from llavapose.report.tables import read_table
from tests.evaluation.boards import JUDGE, QUESTIONS, lines_of, write_entries

SHUFFLED = "verdicts/pose/shuffled/cheat.jsonl"


@pytest.fixture
def board(tmp_path) -> Path:
    """Entries with their controls: other answers of the cheat under shuffled pictures, and the prior's."""
    write_entries(tmp_path)
    under = [{"question_id": one.id, "arm": "cheat", "text": f"cheat says {one.id}"} for one in QUESTIONS]
    write_jsonl(tmp_path / "answers" / "shuffled" / "cheat.jsonl", under)
    write_jsonl(tmp_path / SHUFFLED, lines_of("cheat"))
    prior = [{"question_id": one.id, "arm": "prior", "text": f"prior says {one.id}"} for one in QUESTIONS]
    write_jsonl(tmp_path / "answers" / "prior.jsonl", prior)
    write_jsonl(tmp_path / "verdicts" / JUDGE / "prior.jsonl", lines_of("prior", "baseline", rating=2.0))
    write_jsonl(tmp_path / "verdicts" / "pose" / "prior.jsonl", lines_of("prior", rating=2.0))
    check_entries(tmp_path, max_missing=0)
    return tmp_path


CONTROLS = {
    "some questions alone": (
        lambda lines: lines[:3],
        r"\w+/shuffled/cheat.jsonl: 9 of 12 questions lack a rating, such as 2-complex, more than max_missing=0.1",
    ),
    "a question that nobody asked": (
        lambda lines: [*lines, {**lines[0], "question_id": "mine"}],
        r"pose/shuffled/cheat.jsonl, verdict on 'mine': no such question in benchmark.jsonl",
    ),
    "a question twice": (
        lambda lines: [*lines, {**lines[0], "rating": 1.0}], r"verdict on '1-conv': stands there twice"
    ),
    "another answer": (
        lambda lines: [{**lines[0], "answer": "0" * 12}, *lines[1:]],
        r"about another answer than the one in answers/shuffled/cheat.jsonl; judge it again",
    ),
    "no mark of its answer": (
        lambda lines: [{**line, "answer": None} for line in lines], r"says not which answer of cheat it rated"
    ),
    "a repeat more": (
        lambda lines: [*lines, {**lines[0], "repeat": 1, "rating": 1.0}],
        r"verdict on '1-conv': cheat is rated in repeats 0, 1; expected 0",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("change", "error"), CONTROLS.values(), ids=CONTROLS)
def test_nobody_chooses_what_a_control_is_worth(board, change, error):
    lines = [json.loads(line) for line in (board / SHUFFLED).read_text().splitlines()]
    write_jsonl(board / SHUFFLED, change(lines))
    with pytest.raises(DataError, match=error) as told:
        check_entries(board)
    assert len(str(told.value).splitlines()) == 1


@pytest.mark.parametrize("other", ["rival", None])
def test_a_control_is_rated_beside_the_anchor(board, other):
    """Another would be an easier or a harder one."""
    under = [{"question_id": one.id, "arm": "cheat", "text": f"cheat says {one.id}"} for one in QUESTIONS]
    write_jsonl(board / "answers" / "shuffled" / "cheat.jsonl", under)
    path = board / "verdicts" / JUDGE / "shuffled" / "cheat.jsonl"
    write_jsonl(path, lines_of("cheat", "baseline"))
    check_entries(board)
    write_jsonl(path, lines_of("cheat", other))
    with pytest.raises(
        DataError, match=r"beside different arms \(cheat beside baseline, cheat beside (nobody|rival), "
    ):
        check_entries(board)


def test_answers_under_a_control_are_there(board):
    (board / "answers" / "shuffled" / "cheat.jsonl").unlink()
    with pytest.raises(
        DataError, match=r"about 'cheat', of whom there are no answers; expected answers/shuffled/<model>"
    ):
        check_entries(board)


def test_the_prior_is_rated_as_everybody(board):
    path = board / "verdicts" / JUDGE / "prior.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    more = [{**line, "repeat": 1, "rating": 1.0} for line in lines if line["arm"] == "prior"]
    write_jsonl(path, [*lines, *more])
    with pytest.raises(
        DataError, match=r"prior.jsonl, verdict on '1-conv': \w+ is rated in repeats 0(, 1)? of (ab|ba)"
    ):
        check_entries(board)
    write_jsonl(path, lines_of("prior", "cheat", rating=1.0))
    with pytest.raises(DataError, match=r"beside different arms \(cheat beside baseline, prior beside cheat, "):
        check_entries(board)


def test_controls_of_fewer_repeats_are_kept(board):
    """Entries that are judged again more often need no other prior."""
    for path in (board / "verdicts" / JUDGE).glob("*.jsonl"):
        if path.stem != "prior":
            lines = [json.loads(line) for line in path.read_text().splitlines()]
            write_jsonl(path, [{**line, "repeat": repeat} for repeat in (0, 1) for line in lines])
    check_entries(board, max_missing=0)


@pytest.mark.parametrize(
    ("key", "value"), [("model", "my-own"), ("protocol", "single"), ("context", "picture")], ids=str
)
def test_one_judge_judges_in_one_way(board, key, value):
    """Nor is it one way where an entry leaves out by whom it was judged, or alone says so."""
    ways = {"model": "gpt-4o", "protocol": "pair", "context": "keypoints"}
    for path in (board / "verdicts" / JUDGE).glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        changed = {key: value} if path.stem == "cheat" else {}
        write_jsonl(path, [{**line, **ways, **changed} for line in lines])
    with pytest.raises(DataError, match=rf"has {key} .*'{value}' of cheat.*; expected one {key} a judge"):
        check_entries(board)
    for path in (board / "verdicts" / JUDGE).glob("*.jsonl"):
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        write_jsonl(path, [{k: v for k, v in line.items() if k not in ways or path.stem == "cheat"} for line in lines])
    with pytest.raises(DataError, match=r"has model '.+' of cheat and None of \w+; expected one model"):
        check_entries(board)


ITEM = {
    "id": "1-elbow-0-left-elbow", "scene_id": 1, "image": "000001.jpg", "group": "elbows and knees", "kind": "elbow",
    "part": "left elbow", "value": "bent", "flipped_value": "straight", "num_people": 1, "person": 0,
    "arm": "cheat", "pictures": "true", "loglik_true": [-1.0, -1.2], "loglik_flipped": [-2.0, -2.2],
}  # fmt: skip
PROBES = {
    "no group": ({**ITEM, "group": None}, r"cheat.jsonl:1 has group None; expected one of"),
    "a likelihood for two": ({**ITEM, "loglik_true": 1}, r"cheat.jsonl:1 has loglik_true 1; expected two numbers"),
    "no likelihood": (
        {key: value for key, value in ITEM.items() if key != "loglik_true"},
        r"cheat.jsonl:1 has loglik_true None; expected two numbers",
    ),
    "a likelihood without end": (
        {**ITEM, "loglik_true": ["1", "2"]}, r"cheat.jsonl:1 has loglik_true \['1', '2'\]; expected two numbers"
    ),
    "a right beyond one": ({**ITEM, "right": 7}, r"cheat.jsonl:1 has right 7; expected a number from 0 to 1, or null"),
    "other pictures": ({**ITEM, "pictures": "mine"}, r"cheat.jsonl:1 has pictures 'mine'; expected one of true"),
    "no picture": ({**ITEM, "scene_id": "x"}, r"cheat.jsonl:1 has scene_id 'x'; expected a whole number"),
    "a list of people": ({**ITEM, "num_people": [1]}, r"cheat.jsonl:1 has num_people \[1\]; expected a whole number"),
    "no value": ({**ITEM, "value": None}, r"cheat.jsonl:1 has value None; expected a text"),
}  # fmt: skip


@pytest.mark.parametrize(("row", "error"), PROBES.values(), ids=PROBES)
def test_a_row_that_is_no_probe_is_refused(board, row, error):
    write_jsonl(board / "probe" / "cheat.jsonl", [row])
    with pytest.raises(DataError, match=error) as told:
        check_entries(board)
    assert len(str(told.value).splitlines()) == 1
    with pytest.raises(DataError, match=error):
        summarise(board)


def test_every_entry_is_probed_about_the_same(board):
    """Two facts of one name, or a fact that is chosen twice, would be facts of choice."""
    two_sided = [ITEM, {**ITEM, "id": "2", "value": "straight", "flipped_value": "bent"}]
    write_jsonl(board / "probe" / "cheat.jsonl", two_sided)
    write_jsonl(board / "probe" / "rival.jsonl", [{**row, "arm": "rival"} for row in two_sided])
    check_entries(board)
    summarise(board)
    assert {row["arm"] for row in read_table(board, "probe.csv")} == {"cheat", "rival"}
    write_jsonl(board / "probe" / "cheat.jsonl", [{**row, "arm": "rival"} for row in two_sided])
    with pytest.raises(DataError, match=r"probe/cheat.jsonl has a row of arm 'rival'; expected 'cheat'"):
        check_entries(board)
    write_jsonl(board / "probe" / "cheat.jsonl", [*two_sided, ITEM])
    with pytest.raises(DataError, match=r"probe/cheat.jsonl: '1-elbow-0-left-elbow' \(true\) stands there twice"):
        check_entries(board)
    write_jsonl(board / "probe" / "cheat.jsonl", [{**ITEM, "value": "straight", "flipped_value": "bent"}, two_sided[1]])
    with pytest.raises(
        DataError, match=r"'1-elbow-0-left-elbow' has value 'bent' in probe/rival.jsonl and 'straight' in probe/cheat"
    ):
        check_entries(board)
    write_jsonl(board / "probe" / "cheat.jsonl", two_sided[:1])
    with pytest.raises(DataError, match=r"probe/cheat.jsonl lacks '2' \(true\), which rival was probed about"):
        check_entries(board)
