"""Questions about several pictures: read, refused in one line, written as they were, shuffled, held out."""

import json

import pytest
from PIL import Image

from llavapose.config.choices import Control
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.file import FileBenchmark, read_questions, write_questions
from llavapose.evaluation.benchmarks.protocol import questions_hash, tied_pictures
from llavapose.evaluation.controls import asked_under
from llavapose.records import FurtherPicture, Question, to_dict
from tests.evaluation.benchmarks.odd_pictures import LINES, PICTURES, READ, READ_OF_LLAVA, REFUSED


@pytest.fixture
def folder(tmp_path):
    for name in PICTURES:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    return tmp_path


def asked_in(folder, *rows):
    path = folder / "mine.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return FileBenchmark(path, ScenesConfig(name="x"), folder).questions


@pytest.mark.parametrize("name", READ)
def test_read(folder, name):
    record, (numbers, images) = READ[name]
    (found,) = asked_in(folder, record)
    assert (found.scene_ids, found.images) == (numbers, images)
    assert (found.scene_id, found.image, found.text) == (numbers[0], images[0], "What changed?")


@pytest.mark.parametrize("name", REFUSED)
def test_refused_in_one_line(folder, name):
    record, said = REFUSED[name]
    with pytest.raises(DataError, match=said) as told:
        asked_in(folder, record)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", READ_OF_LLAVA)
def test_llavas_form(folder, name):
    record, images, text = READ_OF_LLAVA[name]
    (found,) = asked_in(folder, record)
    assert (found.images, found.text, found.kind) == (images, text, "detail")
    assert len(set(found.scene_ids)) == len(set(images))


@pytest.mark.parametrize("name", LINES)
def test_several_lines(folder, name):
    records, said = LINES[name]
    if said is None:
        assert len(asked_in(folder, *records)) == len(records)
    else:
        with pytest.raises(DataError, match=said):
            asked_in(folder, *records)


def test_what_is_written_is_read_back_and_one_picture_is_written_as_ever(folder):
    records = [record | {"id": name} for name, (record, _) in READ.items() if record["scene_id"] != [4, 1]]
    questions = asked_in(folder, *records)
    write_questions(folder / "again.jsonl", questions)
    assert read_questions(folder / "again.jsonl") == questions
    rows = [json.loads(line) for line in (folder / "again.jsonl").read_text().splitlines()]
    assert all(list(row) == ["id", "scene_id", "image", "kind", "text", "asked"] for row in rows)
    assert rows[0] == records[0] | {"asked": None} and rows[3]["image"] == ["a.png", "b.png"]


def test_the_order_of_pictures_makes_another_question(folder):
    (one,), (turned,) = asked_in(folder, READ["two pictures"][0]), asked_in(folder, READ["the other way round"][0])
    assert questions_hash([one]) != questions_hash([turned])
    renamed = one.showing(["COCO_val2014_000000000001.png", "b.png"])
    plain = one.showing(["000000000001.png", "b.png"])
    assert questions_hash([renamed]) == questions_hash([plain]) != questions_hash([one])


def question(name, *numbers):
    further = tuple(FurtherPicture(scene_id=n, image=f"{n}.png") for n in numbers[1:])
    return Question(id=name, scene_id=numbers[0], image=f"{numbers[0]}.png", kind="conv", text="?", further=further)


def test_shuffled_questions_see_as_many_pictures_of_others():
    asked = [question(str(numbers), *numbers) for numbers in ((1,), (2,), (3,), (1, 2), (3, 4), (5, 6), (2, 1))]
    found = asked_under(asked, Control.shuffled)
    for own, other in zip(asked, found, strict=True):
        assert len(other.images) == len(own.images) and not set(other.images) & set(own.images)
        assert (other.scene_ids, other.id, other.text) == (own.scene_ids, own.id, own.text)
    alone = asked_under(asked[:3], Control.shuffled)
    assert [one.image for one in alone] == [one.image for one in found[:3]], "groups change nothing for single pictures"


def test_where_all_groups_share_a_picture_the_one_that_shares_fewest_is_shown():
    asked = [question(str(numbers), *numbers) for numbers in ((1, 2), (2, 1), (2, 3))]
    found = {one.id: one.images for one in asked_under(asked, Control.shuffled)}
    assert found["(1, 2)"] == found["(2, 1)"] == ("2.png", "3.png")
    (only,) = asked_under([question("q", 1, 2)], Control.shuffled)
    assert only.images == ("1.png", "2.png"), "there is no other"


def test_without_pictures_none_of_them_is_shown():
    (found,) = asked_under([question("q", 1, 2)], Control.no_picture)
    assert (found.images, found.image, found.further) == ((), "", ()) and to_dict(found)["image"] == ""


def test_pictures_shown_together_are_one_unit():
    asked = [question(str(numbers), *numbers) for numbers in ((5, 3), (3, 9), (8,), (9,), (7, 7), (1,), (2, 4))]
    assert list(tied_pictures(asked).values()) == [3, 3, 8, 3, 7, 1, 2]
    alone = [question(str(number), number) for number in (5, 3, 5)]
    assert list(tied_pictures(alone).values()) == [5, 3], "of one picture each it is the picture's number"


def test_other_pictures_must_be_as_many():
    with pytest.raises(ValueError, match="shorter"):
        question("q", 1, 2).showing(["3.png"])
