"""Samples on disk: what is written is read back, and every kind of bad record is named by file and line."""

import json
from collections import Counter
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.files import read_json_list
from llavapose.records import Sample, Turn
from llavapose.samples import bad_records, check_samples, read_samples, write_samples

GOOD = {
    "id": "1",
    "image": "a.jpg",
    "kind": "conv",
    "conversations": [{"from": "human", "value": "<image>\nWho is it?"}, {"from": "gpt", "value": "Nobody."}],
}


def changed(**fields: object) -> str:
    return json.dumps({**GOOD, **fields})


def messages(*pairs: tuple[object, object]) -> list[dict[str, object]]:
    return [{"from": role, "value": text} for role, text in pairs]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"x")
    (tmp_path / "outside.jpg").write_bytes(b"x")
    return folder


def written(folder: Path, *lines: str) -> Path:
    path = folder / "samples.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_what_is_written_is_read_back(tmp_path: Path, images: Path) -> None:
    turns = (
        Turn(role="user", text="Who is it?"),
        Turn(role="assistant", text="Nobody."),
        Turn(role="user", text="Sure?"),
        Turn(role="assistant", text="Yes – ja."),
    )
    sample = Sample(id="7", images=("a.jpg",), kind="complex", turns=turns, provenance={"seed": 3})
    assert write_samples(tmp_path / "s.jsonl", [sample]) == 1
    assert read_samples(tmp_path / "s.jsonl", images) == (sample,)
    record = json.loads((tmp_path / "s.jsonl").read_text(encoding="utf-8"))
    values = [message["value"] for message in record["conversations"]]
    assert values == ["<image>\nWho is it?", "Nobody.", "Sure?", "Yes – ja."]


def test_llavas_category_becomes_kind_and_a_number_is_an_id(tmp_path: Path, images: Path) -> None:
    record = {key: value for key, value in GOOD.items() if key != "kind"}
    (sample,) = read_samples(written(tmp_path, json.dumps({**record, "category": "detail", "id": 5})), images)
    assert (sample.kind, sample.id) == ("detail", "5")


BAD = {
    "{not json": "is not JSON",
    "[1, 2]": "is a list; expected a JSON object",
    changed(id=""): "id is ''",
    changed(kind="chat"): "kind of sample 1 is 'chat'; expected one of conv, detail, complex",
    changed(image=None): "image of sample 1 is None",
    changed(image="b.jpg"): "no image b.jpg of sample 1",
    changed(image="../outside.jpg"): "leaves the image folder",
    changed(image="/etc/hostname"): "is absolute",
    changed(image="C:\\a.jpg"): "is absolute",
    changed(image="https://example.org/a.jpg"): "is the URL",
    changed(image="  "): "image path is '  '",
    changed(conversations=[]): "has no conversations",
    changed(conversations="text"): "has no conversations",
    changed(conversations=["text"]): "role is None",
    changed(conversations=messages(("system", "x"), ("gpt", "y"))): "role is 'system'; expected human or gpt",
    changed(conversations=messages(("gpt", "x"), ("human", "y"))): "message 1 is from gpt",
    changed(conversations=messages(("human", "x"), ("human", "y"))): "message 2 is from human",
    changed(conversations=messages(("human", "x"))): "ends with a question",
    changed(conversations=messages(("human", "x"), ("gpt", " \n"))): "message 2 is empty",
    changed(conversations=messages(("human", "<image>\n"), ("gpt", "y"))): "message 1 is empty",
    changed(conversations=messages(("human", "x"), ("gpt", 3))): "value is 3; expected a text",
    changed(conversations=messages(("human", "<image> <image> x"), ("gpt", "y"))): "2 <image> marks",
    changed(conversations=messages(("human", "x"), ("gpt", "<image> y"))): "1 <image> marks",
    changed(provenance=[1]): "provenance of sample 1",
}


@pytest.mark.parametrize(("line", "message"), BAD.items(), ids=range(len(BAD)))
def test_a_bad_record_is_named_by_file_and_line(tmp_path: Path, images: Path, line: str, message: str) -> None:
    path = written(tmp_path, changed(id="first"), "", line, changed(id="last"))
    with pytest.raises(DataError) as caught:
        read_samples(path, images)
    text = str(caught.value)
    assert f"{path}:3" in text and message in text and "\n" not in text

    samples, problems = check_samples(path, images)
    assert [sample.id for sample in samples] == ["first", "last"]
    assert problems == [text]


def test_every_bad_record_is_listed_and_none_is_replaced(tmp_path: Path, images: Path) -> None:
    path = written(tmp_path, *BAD, changed(id="good"), changed(id="good"))
    samples, problems = check_samples(path, images)
    assert [sample.id for sample in samples] == ["good"]
    assert len(problems) == len(BAD) + 1
    assert f"id good is already on line {len(BAD) + 1}" in problems[-1]


def test_a_file_that_is_not_there_or_empty(tmp_path: Path, images: Path) -> None:
    for read in (read_samples, check_samples):
        with pytest.raises(DataError, match=r"no file .*nothing\.jsonl"):
            read(tmp_path / "nothing.jsonl", images)
        with pytest.raises(DataError, match="is a folder"):
            read(images, images)
    empty = written(tmp_path, "")
    with pytest.raises(DataError, match="holds no record"):
        read_samples(empty, images)
    assert "holds no record" in check_samples(empty, images)[1][0]


def test_bytes_that_are_no_text(tmp_path: Path, images: Path) -> None:
    path = tmp_path / "samples.jsonl"
    path.write_bytes(json.dumps(GOOD).encode() + b"\n\xff\xfe\n")
    samples, problems = check_samples(path, images)
    assert len(samples) == 1 and "samples.jsonl:2 is not UTF-8 text" in problems[0]


def test_linked_pictures_and_folders_are_read(tmp_path: Path, images: Path) -> None:
    (images / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    (tmp_path / "linked").symlink_to(images, target_is_directory=True)
    (images / "more").symlink_to(tmp_path, target_is_directory=True)
    names = ("link.jpg", "more/outside.jpg")
    path = written(tmp_path, *(changed(id=name, image=name) for name in names))
    for folder in (images, tmp_path / "linked"):
        assert [sample.image for sample in read_samples(path, folder)] == list(names)


@pytest.mark.parametrize("name", ["../outside.jpg", "more/../../outside.jpg", "a/../a.jpg", "/etc/passwd"])
def test_what_a_record_says_stays_inside_the_image_folder(tmp_path: Path, images: Path, name: str) -> None:
    (images / "more").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(DataError, match=r"leaves the image folder|is absolute"):
        read_samples(written(tmp_path, changed(image=name)), images)


UPSTREAM = Path(__file__).parents[1] / "../shared/data/upstream_outputs"


def foreign(**fields: object) -> dict[str, object]:
    """A record as others publish them: no kind."""
    return {**{key: value for key, value in GOOD.items() if key != "kind"}, **fields}


def listed(path: Path, *records: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(records), indent=2), encoding="utf-8")
    return path


def test_a_folder_of_lists_is_read_as_published(tmp_path: Path, images: Path) -> None:
    folder = tmp_path / "published"
    listed(folder / "conversation.json", foreign(id="7"), foreign(id="7"), foreign(id="8"))
    listed(folder / "detailed.json", foreign(id="7"))
    listed(folder / "reasoning.json", foreign(id="7", image="data/coco/train2014/a.jpg"))
    (folder / "notes.json").write_text("{}")
    samples, problems = check_samples(folder, images)
    assert problems == []
    assert [(sample.id, sample.kind, sample.image) for sample in samples] == [
        ("7", "conv", "a.jpg"), ("7#2", "conv", "a.jpg"), ("8", "conv", "a.jpg"),
        ("7#3", "detail", "a.jpg"), ("7#4", "complex", "a.jpg"),
    ]  # fmt: skip
    assert read_samples(folder, images) == tuple(samples)


@pytest.mark.skipif(not UPSTREAM.is_dir(), reason="the original's published samples are not here")
def test_the_originals_published_samples(tmp_path: Path) -> None:
    for name in ("COCO_train2014_000000134754.jpg", "000000302443.jpg"):
        (tmp_path / "train2014").mkdir(exist_ok=True)
        (tmp_path / "train2014" / name).write_bytes(b"x")
    samples, problems = check_samples(UPSTREAM, tmp_path)
    assert problems == []
    assert Counter(sample.kind for sample in samples) == {"conv": 10, "detail": 2, "complex": 2}
    assert {sample.image for sample in samples} == {
        "train2014/COCO_train2014_000000134754.jpg", "train2014/000000302443.jpg",
    }  # fmt: skip
    assert len({sample.id for sample in samples}) == 14
    assert not any("<image>" in turn.text for sample in samples for turn in sample.turns)


def test_the_kind_comes_from_the_record_then_the_file_then_the_setting(tmp_path: Path, images: Path) -> None:
    records = (foreign(id="1"), foreign(id="2", category="complex_reasoning"), foreign(id="3", type="x"))
    named = listed(tmp_path / "detail_23k.json", *records)
    assert [sample.kind for sample in read_samples(named, images)] == ["detail", "complex", "detail"]
    nameless = listed(tmp_path / "all.json", *records)
    samples, problems = check_samples(nameless, images)
    assert [sample.id for sample in samples] == ["2"]
    assert f"{nameless}, record 1: no kind of sample 1: neither category nor the file's name tells it" in problems[0]
    assert "record 3: no kind of sample 3: category 'x' tells none" in problems[1]
    assert all("set data.kind to one of conv, detail, complex" in problem for problem in problems)
    samples, problems = check_samples(nameless, images, kind="conv")
    assert ([sample.kind for sample in samples], problems) == (["conv", "complex", "conv"], [])


def test_a_bad_record_of_a_list_is_named_by_file_and_record(tmp_path: Path, images: Path) -> None:
    path = listed(
        tmp_path / "conv.json",
        foreign(id="a"), 3, foreign(id=""), foreign(image="../outside.jpg"), foreign(image="/etc/hostname"),
        foreign(image="x/b.jpg"), foreign(conversations=[]), foreign(image=None), {**GOOD, "id": "a"}, foreign(id="z"),
    )  # fmt: skip
    samples, problems = check_samples(path, images)
    assert [sample.id for sample in samples] == ["a", "z"]
    wanted = (
        "is a int; expected a JSON object", "id is ''", "leaves the image folder", "is absolute", "no image x/b.jpg",
        "has no conversations", "image of sample 1 is None", "id a is already record 1",
    )  # fmt: skip
    for number, (problem, words) in enumerate(zip(problems, wanted, strict=True), 2):
        assert f"{path}, record {number}" in problem and words in problem


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "record 1 is not JSON"),
        ('[{"id": "1"', "record 1 is not JSON"),
        ("[{}", "no whole JSON list after record 1; expected ','"),
        ("[{} {}]", "no whole JSON list after record 1"),
        ("[{},]", "record 2 is not JSON"),
        ("[{}] [{}]", "goes on after its list of 1 records"),
    ],
)
def test_a_broken_list_is_said_to_be_broken(tmp_path: Path, images: Path, text: str, message: str) -> None:
    path = tmp_path / "conv.json"
    path.write_text(text)
    problems = check_samples(path, images)[1]
    assert message in problems[-1] and str(path) in problems[-1]


def test_what_one_setting_answers_is_said_once_and_last(tmp_path: Path, images: Path) -> None:
    records = [foreign(id="1"), foreign(id="2"), foreign(id="3", image="x/b.jpg"), foreign(id="4", conversations=[])]
    path = listed(tmp_path / "samples.json", *records)
    _, problems = check_samples(path, images)
    said = str(bad_records(path, problems)).splitlines()
    assert len(said) == 4 and "4 bad records" in said[0]
    assert "record 3: no image x/b.jpg" in said[1] and "record 4: " in said[2], "without a kind too"
    assert "record 1: no kind of sample 1" in said[3] and said[3].endswith("; 1 more records have none")


def test_records_without_a_kind_are_counted(tmp_path: Path, images: Path) -> None:
    path = listed(tmp_path / "samples.json", *(foreign(id=f"{number}") for number in range(46)))
    said = str(bad_records(path, check_samples(path, images)[1])).splitlines()
    assert len(said) == 2 and "46 bad records" in said[0] and said[1].endswith("; 45 more records have none")


def test_lists_of_any_name_in_a_folder(tmp_path: Path, images: Path) -> None:
    folder = tmp_path / "lists"
    folder.mkdir()
    for name in ("a", "b"):
        listed(folder / f"{name}.json", foreign(id=name))
    samples, problems = check_samples(folder, images, kind="conv")
    assert ([sample.id for sample in samples], problems) == (["a", "b"], [])


def test_an_empty_list_and_an_empty_folder(tmp_path: Path, images: Path) -> None:
    assert "holds no record" in check_samples(listed(tmp_path / "conv.json"), images)[1][0]
    (tmp_path / "bare").mkdir()
    with pytest.raises(DataError, match=r"is a folder without a \.jsonl or \.json file"):
        check_samples(tmp_path / "bare", images)


def test_a_picture_whose_name_comes_twice_is_not_guessed(tmp_path: Path, images: Path) -> None:
    for folder in ("train2014", "val2014"):
        (images / folder).mkdir()
        (images / folder / "c.jpg").write_bytes(b"x")
    path = listed(tmp_path / "conv.json", foreign(image="elsewhere/c.jpg"), foreign(id="2", image="val2014/c.jpg"))
    samples, problems = check_samples(path, images)
    assert [sample.image for sample in samples] == ["val2014/c.jpg"]
    assert "2 pictures below" in problems[0] and "train2014/c.jpg, val2014/c.jpg" in problems[0]


def test_a_linked_folder_is_searched_by_name_once(tmp_path: Path, images: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "b.jpg").write_bytes(b"x")
    (images / "deep").symlink_to(tmp_path / "store", target_is_directory=True)
    (tmp_path / "store" / "round").symlink_to(images, target_is_directory=True)
    path = listed(tmp_path / "conv.json", foreign(image="elsewhere/b.jpg"))
    assert [sample.image for sample in check_samples(path, images)[0]] == ["deep/b.jpg"]


@pytest.mark.parametrize("chunk", [1, 2, 7, 64])
def test_a_list_is_read_in_pieces(tmp_path: Path, chunk: int) -> None:
    values = [{"a": [1, {"b": "]},\u00e4"}]}, 12345, "x,]", None, [], -1.5e3, {}]
    path = tmp_path / "list.json"
    for indent in (None, 3):
        path.write_text(json.dumps(values, indent=indent, ensure_ascii=False) + " \n", encoding="utf-8")
        assert [value for _, value in read_json_list(path, what="list", chunk=chunk)] == values
