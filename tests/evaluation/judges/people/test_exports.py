"""What raters hand back: joined with the key, or refused in a line that says where and why."""

import json

import pytest

from llavapose.config.choices import RateMode
from llavapose.config.evaluating import RateConfig
from llavapose.errors import DataError
from llavapose.evaluation.judges.people.draw import draw
from llavapose.evaluation.judges.people.exports import exports_named, keep_ratings, read_exports
from llavapose.evaluation.judges.people.key import keep_key, read_key
from llavapose.evaluation.tables.entries import check_entries
from llavapose.evaluation.tables.results import summarise
from llavapose.evaluation.tables.verdicts import rated_answers, read_verdicts
from llavapose.files import read_jsonl, write_jsonl
from llavapose.records import PEOPLE
from llavapose.report.tables import read_table
from tests.evaluation.judges.people.rated import ARMS, export, spoiled, write_answers

SHIFT = {"baseline": 0, "full": 3, "rival": 1}


@pytest.fixture
def folder(tmp_path):
    """Results with a draw of four pictures."""
    keep_key(write_answers(tmp_path), draw(tmp_path, RateConfig(num_pictures=4)))
    return tmp_path


def _kept(folder, *paths):
    given = read_exports(paths, read_key(folder))
    return keep_ratings(folder, read_key(folder), given)


def test_ratings_are_joined_with_the_key_and_averaged_over_raters(folder):
    anna = export(folder, "anna", lambda item: 3 + SHIFT[item["arms"][0]])
    ben = export(folder, "ben", lambda item: 4 + SHIFT[item["arms"][0]])
    told = _kept(folder, anna, ben)
    assert any("anna" in line and "36 of 36" in line for line in told)
    for arm in ARMS:
        lines = read_verdicts(folder, PEOPLE)
        own = [line for line in lines if line["arm"] == arm]
        assert sorted({line["rater"] for line in own}) == ["anna", "ben"]
        assert len(own) == 24
        found = rated_answers(folder, arm, PEOPLE)
        assert {one.rating for one in found} == {3.5 + SHIFT[arm]}
        assert {one.num_ratings for one in found} == {2}
        assert len(found) == 12


def test_the_tables_show_people_as_a_judge_of_what_was_drawn(folder):
    for judge in ("mine", "yours"):
        for arm in ARMS:
            rows = [{"question_id": row["question_id"], "scene_id": int(row["question_id"].partition("-")[0]),
                     "kind": row["question_id"].partition("-")[2], "arm": arm, "rating": 5.0, "model": judge}
                    for _, row in read_jsonl(folder / "answers" / f"{arm}.jsonl", what="x")]  # fmt: skip
            write_jsonl(folder / "verdicts" / judge / f"{arm}.jsonl", rows)
    _kept(folder, export(folder, "anna", lambda item: 3 + SHIFT[item["arms"][0]] + item["scene_id"] % 2))
    summarise(folder)
    rows = read_table(folder, "ablation.csv")
    of = {(row["judge"], row["arm"], row["kind"]): row for row in rows}
    full = of[PEOPLE, "full", "all"]
    assert full["diff"] == pytest.approx(30)
    assert (full["num_scored"], full["num_unscored"], full["num_images"]) == (12, 0, 4)
    assert full["diff_if_missing_low"] == pytest.approx(30)  # what was not drawn is not missing
    assert {row["members"] for row in rows} - {""} == {"mine + yours"}
    assert of["panel", "full", "all"]["score"] == pytest.approx(50)


def test_a_board_takes_peoples_ratings_of_some_pictures(folder):
    _kept(folder, export(folder, "anna", lambda item: 5), export(folder, "ben", lambda item: 7))
    check_entries(folder)


def test_what_was_not_rated_is_no_rating(folder):
    told = _kept(folder, export(folder, "anna", lambda item: 5 if item["arms"] != ["rival"] else None))
    assert any("24 of 36" in line for line in told)
    assert rated_answers(folder, "rival", PEOPLE) == []


def test_an_arm_whose_ratings_were_taken_back_leaves_no_verdicts(folder):
    _kept(folder, export(folder, "anna", lambda item: 5))
    room = folder / "verdicts" / PEOPLE
    assert {path.name for path in room.iterdir()} == {f"{arm}{end}" for arm in ARMS for end in (".jsonl", ".made.json")}
    fewer = export(folder, "anna", lambda item: 5 if item["arms"] != ["rival"] else None)
    with pytest.raises(DataError, match="not in these files"):
        _kept(folder, fewer)
    write_jsonl(room / "rival.jsonl", [])
    _kept(folder, fewer)
    assert not [path.name for path in room.iterdir() if path.name.startswith("rival")]
    assert {line["arm"] for line in read_verdicts(folder, PEOPLE)} == {"baseline", "full"}


def _spoiled():
    return spoiled({"draw": "D", "mode": "scale", "rater": "anna", "id": "I", "rating": 5})


@pytest.mark.parametrize("number", range(len(_spoiled())))
def test_what_is_not_of_this_draw_is_refused_in_a_line(folder, number):
    path = export(folder, "anna", lambda item: 5)
    lines = path.read_text().splitlines()
    line, told = spoiled(json.loads(lines[4]))[number]
    place = 5
    if "twice" in told:
        lines.insert(7, line)
        place = 8
    else:
        lines[4] = line
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError, match=told) as caught:
        read_exports([path], read_key(folder))
    assert "\n" not in str(caught.value)
    assert f"{path}:{place}" in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_same_file_twice_says_no_more(folder):
    path = export(folder, "anna", lambda item: 5)
    key = read_key(folder)
    assert read_exports([path, path], key) == read_exports([path], key)


def test_a_file_without_ratings_is_refused(folder):
    path = folder / "empty.jsonl"
    path.write_text("\n")
    with pytest.raises(DataError, match=r"empty\.jsonl.*no rating"):
        read_exports([path], read_key(folder))


def test_an_answer_that_was_replaced_is_not_what_was_rated(folder):
    path = folder / "answers" / "full.jsonl"
    rated = export(folder, "anna", lambda item: 5)
    write_jsonl(path, [{**row, "text": row["text"] + "!"} for _, row in read_jsonl(path, what="x")])
    with pytest.raises(DataError, match=r"full.*replaced") as caught:
        _kept(folder, rated)
    assert "\n" not in str(caught.value)


def test_patterns_name_files_and_nothing_is_refused(folder, monkeypatch):
    monkeypatch.chdir(folder)
    for name in ("ben", "anna"):
        export(folder, f"ratings-{name}", lambda item: 5)
    assert [path.name for path in exports_named(["ratings-*.jsonl"])] == ["ratings-anna.jsonl", "ratings-ben.jsonl"]
    with pytest.raises(DataError, match=r"no-such"):
        exports_named(["no-such-*.jsonl"])
    with pytest.raises(DataError, match=r"absent\.jsonl"):
        exports_named(["absent.jsonl"])


def test_preferences_are_told_by_the_arms_whichever_side_they_stood_on(tmp_path):
    config = RateConfig(mode=RateMode.pairs, num_pictures=4)
    keep_key(write_answers(tmp_path), draw(tmp_path, config))
    better = lambda item: "left" if item["arms"][0] == "full" else "right" if item["arms"][1] == "full" else "equal"  # noqa: E731
    _kept(tmp_path, export(tmp_path, "anna", better))
    rows = [row for _, row in read_jsonl(tmp_path / "rate" / "preferences.jsonl", what="x")]
    assert len(rows) == 24
    assert {(row["first"], row["second"], row["choice"]) for row in rows} == {
        ("full", "baseline", "first"), ("rival", "baseline", "equal"),
    }  # fmt: skip
    assert {row["left"] for row in rows} == set(ARMS)
    assert not (tmp_path / "verdicts" / PEOPLE).exists()


@pytest.mark.parametrize("choice", ["middle", None, 1, "LEFT"])
def test_a_choice_is_one_of_three(tmp_path, choice):
    keep_key(write_answers(tmp_path), draw(tmp_path, RateConfig(mode=RateMode.pairs, num_pictures=4)))
    path = export(tmp_path, "anna", lambda item: "left")
    lines = path.read_text().splitlines()
    lines[2] = json.dumps({**json.loads(lines[2]), "choice": choice})
    path.write_text("\n".join(lines))
    with pytest.raises(DataError, match="left, equal or right"):
        read_exports([path], read_key(tmp_path))


def _told_of_loss(folder, *paths):
    """What is said of a command that would lose ratings, of which nothing is written."""
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match="name all exports together") as caught:
        _kept(folder, *paths)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    return str(caught.value)


def test_a_rater_that_was_read_before_is_not_lost(folder):
    anna, ben = export(folder, "anna", lambda item: 3), export(folder, "ben", lambda item: 4)
    _kept(folder, anna, ben)
    told = _told_of_loss(folder, anna)
    assert "ben" in told
    assert "36" in told
    assert "verdicts/people" in told
    few = export(folder, "few", lambda item: 3 if item["arms"] != ["rival"] else None, rater="anna")
    assert "12" in _told_of_loss(folder, few, ben)
    _kept(folder, export(folder, "anna", lambda item: 9), ben, export(folder, "cleo", lambda item: 5))
    assert {line["rater"] for line in read_verdicts(folder, PEOPLE)} == {"anna", "ben", "cleo"}


def test_a_rater_of_pairs_that_was_read_before_is_not_lost(tmp_path):
    keep_key(write_answers(tmp_path), draw(tmp_path, RateConfig(mode=RateMode.pairs, num_pictures=4)))
    anna, ben = export(tmp_path, "anna", lambda item: "left"), export(tmp_path, "ben", lambda item: "equal")
    _kept(tmp_path, anna, ben)
    told = _told_of_loss(tmp_path, ben)
    assert "anna" in told
    assert "preferences.jsonl" in told
    _kept(tmp_path, ben, anna)


def test_no_file_is_no_reading():
    with pytest.raises(DataError, match=r"rate\.ratings=\[\].*no file") as caught:
        exports_named([])
    assert "\n" not in str(caught.value)


def test_arms_that_were_not_drawn_are_no_holes_of_people(folder, caplog):
    _kept(folder, export(folder, "anna", lambda item: 5))
    rows = [{"question_id": row["question_id"], "scene_id": 1, "kind": "conv", "arm": "prior", "rating": 1.0}
            for _, row in read_jsonl(folder / "answers" / "full.jsonl", what="x")]  # fmt: skip
    write_jsonl(folder / "verdicts" / "mine" / "prior.jsonl", rows)
    summarise(folder)
    assert [one for one in caplog.messages if "judge people" in one] == []


def _edited(key, change):
    first, second = list(key["items"].values())[:2]
    change(key, first, second)
    return key


@pytest.mark.parametrize(
    "change",
    [lambda key, one, _: (one["arms"].__setitem__(0, "../../evil/full"), key["arms"].append("../../evil/full")),
     lambda key, one, _: (one["arms"].__setitem__(0, "/tmp/victim"), key["arms"].append("/tmp/victim")),
     lambda key, one, two: (one.update(arms=two["arms"], answers=two["answers"]),),
     lambda key, one, _: one["arms"].append("full"), lambda key, one, _: one["arms"].clear(),
     lambda key, one, _: one.update(arms=[{}]), lambda key, one, _: key.update(mode="x"),
     lambda key, one, _: key.update(mode="pairs"), lambda key, one, _: key.update(arms=[{}]),
     lambda key, one, _: one.update(question_id="another"), lambda key, one, _: one.update(scene_id=True)],
)  # fmt: skip
def test_a_key_that_was_edited_is_refused_and_nothing_is_written(folder, change):
    given = export(folder, "anna", lambda item: 5)
    path = folder / "rate" / "key.json"
    path.write_text(json.dumps(_edited(json.loads(path.read_text()), change)))
    with pytest.raises(DataError, match=r"key\.json is no key that report=rate wrote") as caught:
        _kept(folder, given)
    assert "\n" not in str(caught.value)
    assert not (folder / "verdicts" / PEOPLE).exists()
