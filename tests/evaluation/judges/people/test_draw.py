"""Which answers people are shown: whole pictures of all arms, by lot, and nobody can tell whose they are."""

import json

import pytest

from llavapose.config.choices import RateMode
from llavapose.config.evaluating import RateConfig
from llavapose.errors import ConfigError, DataError
from llavapose.evaluation.judges.people.draw import draw
from llavapose.evaluation.judges.people.key import keep_key, salt_of
from llavapose.files import read_json, read_jsonl, write_jsonl
from tests.evaluation.judges.people.rated import ARMS, KINDS, NUM_PICTURES, write_answers


def test_every_picture_has_every_kind_and_all_arms(tmp_path):
    found = draw(write_answers(tmp_path), RateConfig(num_pictures=4))
    assert len(found.items) == 4 * len(KINDS) * len(ARMS)
    told = {(one.question.scene_id, one.question.kind, one.arms[0]) for one in found.items}
    pictures = {scene for scene, _, _ in told}
    assert told == {(scene, kind, arm) for scene in pictures for kind in KINDS for arm in ARMS}
    assert len(pictures) == 4
    texts = {row["question_id"]: row["text"] for _, row in read_jsonl(tmp_path / "answers" / "full.jsonl", what="x")}
    assert all(one.texts == (texts[one.question.id],) for one in found.items if one.arms == ("full",))


def test_a_larger_draw_begins_with_the_smaller_and_another_seed_draws_others(tmp_path):
    write_answers(tmp_path, 30)

    def pictures(**more):
        return list(dict.fromkeys(one.question.scene_id for one in draw(tmp_path, RateConfig(**more)).items))

    assert pictures(num_pictures=12)[:5] == pictures(num_pictures=5)
    assert pictures(num_pictures=5, seed=1) != pictures(num_pictures=5)
    assert len(pictures()) == 25


def test_answers_of_a_question_stand_together_and_arms_change_places(tmp_path):
    items = draw(write_answers(tmp_path, 30), RateConfig(num_pictures=30)).items
    questions = [one.question.id for one in items]
    assert [q for n, q in enumerate(questions) if n == 0 or questions[n - 1] != q] == list(dict.fromkeys(questions))
    firsts = [items[n].arms[0] for n in range(0, len(items), len(ARMS))]
    assert all(15 <= firsts.count(arm) <= 45 for arm in ARMS)  # of 90, a fair lot is 30 +- 4.5


def test_ids_tell_nothing_without_the_key_and_a_second_command_keeps_them(tmp_path):
    found = draw(write_answers(tmp_path), RateConfig())
    keep_key(tmp_path, found)
    again = draw(tmp_path, RateConfig(), salt=salt_of(tmp_path))
    assert again == found
    keep_key(tmp_path, again)
    key = read_json(tmp_path / "rate" / "key.json", what="key")
    assert key["items"][found.items[0].id]["arms"] == list(found.items[0].arms)
    (tmp_path / "rate" / "key.json").unlink()
    assert {one.id for one in draw(tmp_path, RateConfig()).items}.isdisjoint(key["items"])


def test_another_draw_does_not_take_the_place_of_one_that_may_be_rated(tmp_path):
    keep_key(write_answers(tmp_path), draw(tmp_path, RateConfig(num_pictures=2)))
    with pytest.raises(DataError, match="another draw") as caught:
        keep_key(tmp_path, draw(tmp_path, RateConfig(num_pictures=3)))
    assert "\n" not in str(caught.value)


def test_a_picture_that_an_arm_left_out_is_not_drawn(tmp_path):
    path = write_answers(tmp_path) / "answers" / "rival.jsonl"
    rows = [row for _, row in read_jsonl(path, what="x")]
    rows[0]["finish"] = "failed"
    write_jsonl(path, [row for row in rows if row["question_id"] != "2-detail"])
    found = draw(tmp_path, RateConfig())
    assert {one.question.scene_id for one in found.items} == {3, 4, 5, 6}
    assert found.left_out == 2
    with pytest.raises(ConfigError, match=r"rate.num_pictures is 5.*4"):
        draw(tmp_path, RateConfig(num_pictures=5))


def test_a_picture_that_lacks_a_kind_is_not_drawn(tmp_path):
    path = write_answers(tmp_path) / "benchmark.jsonl"
    rows = [row for _, row in read_jsonl(path, what="x")]
    lacking = [row for row in rows if (row["scene_id"], row["kind"]) not in {(2, "detail"), (5, "conv")}]
    assert len(lacking) == len(rows) - 2
    write_jsonl(path, lacking)
    found = draw(tmp_path, RateConfig())
    assert {one.question.scene_id for one in found.items} == {1, 3, 4, 6}
    assert (found.num_there, found.left_out) == (4, 2)


def test_pairs_are_with_the_baseline_on_either_side(tmp_path):
    write_answers(tmp_path, 30)
    found = draw(tmp_path, RateConfig(mode=RateMode.pairs, num_pictures=30))
    assert len(found.items) == 30 * len(KINDS) * 2
    assert {frozenset(one.arms) for one in found.items} == {frozenset(("baseline", arm)) for arm in ("full", "rival")}
    left = sum(one.arms[0] == "baseline" for one in found.items)
    assert 60 <= left <= 120  # of 180, a fair coin is 90 +- 6.7
    others = draw(tmp_path, RateConfig(mode=RateMode.pairs, arms=["full", "rival"]))
    assert {frozenset(one.arms) for one in others.items} == {frozenset(("full", "rival"))}


def test_controls_are_rated_where_they_are_asked_for(tmp_path):
    write_answers(tmp_path)
    (tmp_path / "answers" / "baseline.jsonl").rename(tmp_path / "answers" / "prior.jsonl")
    assert draw(tmp_path, RateConfig()).arms == ("full", "rival")
    assert draw(tmp_path, RateConfig(arms=["prior", "full"])).arms == ("prior", "full")


@pytest.mark.parametrize(
    ("config", "told"),
    [({"arms": ["nobody"]}, "rate.arms.*nobody.*full"), ({"arms": ["full"], "mode": RateMode.pairs}, "two"),
     ({"num_pictures": NUM_PICTURES + 1}, "rate.num_pictures")],
)  # fmt: skip
def test_what_cannot_be_drawn_is_a_line(tmp_path, config, told):
    with pytest.raises(ConfigError, match=told) as caught:
        draw(write_answers(tmp_path), RateConfig(**config))
    assert "\n" not in str(caught.value)


def test_a_folder_without_questions_or_a_broken_key_is_a_line(tmp_path):
    with pytest.raises(DataError, match=r"benchmark\.jsonl"):
        draw(tmp_path, RateConfig())
    write_answers(tmp_path)
    (tmp_path / "rate").mkdir()
    for content in ("{", "[]", json.dumps({"salt": 5})):
        (tmp_path / "rate" / "key.json").write_text(content)
        with pytest.raises(DataError, match=r"key\.json") as caught:
            salt_of(tmp_path)
        assert "\n" not in str(caught.value)
