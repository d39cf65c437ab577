"""Samples on disk: what is written is read back, and every kind of bad record is named by file and line."""

import json
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.records import Sample, Turn
from llavapose.samples import check_samples, read_samples, write_samples

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
    sample = Sample(id="7", image="a.jpg", kind="complex", turns=turns, provenance={"seed": 3})
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


def test_a_link_out_of_the_image_folder(tmp_path: Path, images: Path) -> None:
    (images / "link.jpg").symlink_to(tmp_path / "outside.jpg")
    with pytest.raises(DataError, match="leaves the image folder"):
        read_samples(written(tmp_path, changed(image="link.jpg")), images)
