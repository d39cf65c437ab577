"""The index of records is what reading the files one after another gives: samples, ids, problems."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from llavapose.data.index import records as records_module
from llavapose.data.index.records import Records, ensure_records
from llavapose.errors import DataError
from llavapose.llava_json import to_record
from llavapose.samples import check_samples, write_samples
from tests import warm

TINY = 400
"""Bytes of a piece: several pieces even of a small file."""


@pytest.fixture
def pictures(tmp_path) -> Path:
    for name in ("a.png", "b.png", "deep/c.png"):
        (tmp_path / "pictures" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (4, 4)).save(tmp_path / "pictures" / name)
    return tmp_path / "pictures"


def indexed(path: Path, pictures: Path, **options) -> Records:
    folder = path.parent / "index"
    return ensure_records(path, pictures, **{"kind": None, "folder": folder, "processes": 1, **options})


def record(number: int | str, **changed) -> dict:
    talk = [{"from": "human", "value": "<image>\nWho is  it?"}, {"from": "gpt", "value": "Nobody we know."}]
    return {"id": number, "image": "a.png", "conversations": talk} | changed


def write(path: Path, records: Sequence[object], *, as_list: bool) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(records) if as_list else "".join(json.dumps(one) + "\n" for one in records))
    return path


def assert_same(records: Records, path: Path, pictures: Path, kind: str | None = None) -> None:
    good, problems = check_samples(path, pictures, kind=kind)
    assert not problems
    read = list(records.read(range(len(records))))
    # Of provenance a table knows nothing but what the record says.
    assert [replace(one, provenance={}) for one in read] == [replace(one, provenance={}) for one in good]
    assert records.ids[:] == [one.id for one in good]
    assert records.words.tolist() == [sum(len(turn.text.split()) for turn in one.turns) for one in good]
    assert [records.kinds[number] for number in records.kind] == [one.kind for one in good]
    assert [records.names[number] if number >= 0 else "" for number in records.image] == [one.image for one in good]
    assert records.names[:] == sorted({one.image for one in good if one.images})


@pytest.mark.parametrize("as_list", [False, True], ids=["lines", "list"])
@pytest.mark.parametrize("piece_bytes", [1, TINY, 1 << 20])
def test_every_form_of_file(tmp_path, pictures, as_list, piece_bytes):
    records = [
        record(7), record(7), record("x", category="detailed"), record(8, image="elsewhere/c.png"),
        {**record(9), "kind": "complex"}, {**record("own"), "kind": "conv", "provenance": {"seed": 3}},
        {key: value for key, value in record(10, conversations=[
            {"from": "human", "value": "Text alone?"}, {"from": "gpt", "value": "Yes — ça va 日本."}
        ]).items() if key != "image"},
    ]  # fmt: skip
    path = write(tmp_path / "conversation.json", records, as_list=as_list)
    found = indexed(path, pictures, piece_bytes=piece_bytes)
    assert_same(found, path, pictures)
    assert found.ids[:2] == ["7", "7#2"] and found.image[-1] == -1


def test_a_folder_of_lists_and_of_lines(tmp_path, pictures):
    folder = tmp_path / "published"
    write(folder / "conversation.json", [record(7), record(8)], as_list=True)
    write(folder / "detailed.json", [record(7)], as_list=True)
    write(folder / "part-1.jsonl", [{**record("own-1"), "kind": "complex"}], as_list=False)
    write(folder / "part-2.jsonl", [{**record("own-2"), "kind": "complex"}], as_list=False)
    (folder / "notes.json").write_text("{}")
    found = indexed(folder, pictures)
    assert_same(found, folder, pictures)
    assert found.ids[:] == ["7", "8", "7#2", "own-1", "own-2"]


def test_the_kind_that_a_setting_tells(tmp_path, pictures):
    path = write(tmp_path / "all.jsonl", [record(1), record(2, type="reasoning")], as_list=False)
    with pytest.raises(DataError, match=r"all\.jsonl:1: no kind of sample 1"):
        indexed(path, pictures)
    assert_same(indexed(path, pictures, kind="conv"), path, pictures, kind="conv")


@pytest.mark.parametrize("as_list", [False, True], ids=["lines", "list"])
@pytest.mark.parametrize("piece_bytes", [1, TINY, 1 << 20])
def test_problems_are_those_of_reading_in_order(tmp_path, pictures, as_list, piece_bytes):
    own = {**record("own"), "kind": "conv"}
    records = [
        own, 3, record(""), record(1, image="nowhere.png"), own, record(2, conversations=[]), record(3, image=None),
        record("own", image="../a.png"), own, record(4),
    ]  # fmt: skip
    path = write(tmp_path / "conv.json", records, as_list=as_list)
    problems = check_samples(path, pictures)[1]
    with pytest.raises(DataError) as caught:
        indexed(path, pictures, piece_bytes=piece_bytes)
    told = str(caught.value).splitlines()
    assert told == [f"{path}: 8 bad records; fix or remove them:", *problems] and len(problems) == 8
    assert [one.suffix for one in (tmp_path / "index").iterdir()] == [".lock"]  # nothing is left of it


@pytest.mark.parametrize("text", ["[", '[{"id": "1"', "[{}", "[] []", ""])
def test_files_that_are_not_whole(tmp_path, pictures, text):
    path = tmp_path / "conv.json"
    path.write_text(text)
    problems = check_samples(path, pictures)[1]
    with pytest.raises(DataError) as caught:
        indexed(path, pictures)
    assert str(caught.value).splitlines()[1:] == problems != []


def test_lines_that_are_no_text(tmp_path, pictures):
    path = tmp_path / "conv.jsonl"
    line = json.dumps(record(1)).encode()
    path.write_bytes(line + b"\n\xff\xfe\n\n  \n{broken\r\n" + line)
    with pytest.raises(DataError) as caught:
        indexed(path, pictures, piece_bytes=1)
    assert str(caught.value).splitlines()[1:] == check_samples(path, pictures)[1]
    assert "conv.jsonl:2" in str(caught.value) and "conv.jsonl:5" in str(caught.value)


@pytest.mark.parametrize("field", ["image", "images"])
@pytest.mark.parametrize("as_list", [False, True])
def test_several_pictures_are_a_group(tmp_path, pictures, field, as_list):
    shown = (["b.png", "a.png"], ["a.png"], ["a.png", "b.png"], ["b.png", "a.png"], "b.png", ["a.png", "a.png"], None)
    records = [record(at, image=None) for at in range(len(shown))]
    for one, images in zip(records, shown, strict=True):
        del one["image"]
        one["conversations"][0]["value"] = "Who?"
        one.update({} if images is None else {field: images})
    path = write(tmp_path / "conv.jsonl", records, as_list=as_list)
    found = indexed(path, pictures, piece_bytes=1)
    assert found.names[:] == ["a.png", "b.png"]
    # In the order of their names: a alone, a and a, a and b, b alone, b and a.
    assert found.groups[:] == [(0,), (0, 0), (0, 1), (1,), (1, 0)]
    assert found.image.tolist() == [4, 0, 2, 4, 3, 1, -1]
    wanted = [(images,) if isinstance(images, str) else tuple(images or ()) for images in shown]
    assert [found.sample(row).images for row in range(len(shown))] == wanted
    assert found.groups.of(np.array([4, -1, 0])).tolist() == [0, 1]
    assert found.groups.any_of(np.array([False, True])).tolist() == [False, False, True, True, True]


def test_marks_are_counted_against_pictures(tmp_path, pictures):
    def asked(marks: str, **changed) -> dict:
        turns = [{"from": "human", "value": f"{marks}Who?"}, {"from": "gpt", "value": "Both."}]
        return {**record(1, **changed), "conversations": turns}

    two = ["a.png", "b.png"]
    for marks in ("", "<image>\n<image>\n", "<image><image>"):
        path = write(tmp_path / "conv.jsonl", [asked(marks, image=two)], as_list=False)
        assert indexed(path, pictures).sample(0).turns[0].text == "Who?"
    for marks, said in (
        ("<image>\n", r"message 1 has 1 <image> mark and the sample 2 pictures; expected 2 marks, or none"),
        (
            "<image>\n" * 3,
            r"message 1 has 3 <image> marks; expected one a picture in the first message at most",
        ),
    ):
        path = write(tmp_path / "conv.jsonl", [asked(marks, image=two)], as_list=False)
        with pytest.raises(DataError, match=said):
            indexed(path, pictures)
    path = write(tmp_path / "conv.jsonl", [asked("", image="a.png", images=two)], as_list=False)
    with pytest.raises(DataError, match="sample 1 has image and images; expected one of them"):
        indexed(path, pictures)


def test_a_copy_of_a_list_that_is_damaged_is_made_again(tmp_path, pictures):
    path = write(tmp_path / "conv.json", [record(1), record(2)], as_list=True)
    found = indexed(path, pictures)
    swap(Path(found.table.facts["lines"][0]), b"Nobody", b"Anyone")
    with pytest.raises(DataError, match=r"sample 2: line 2 of .* is not what was indexed; start again"):
        indexed(path, pictures).sample(1)
    assert_same(indexed(path, pictures), path, pictures)


def test_an_id_of_a_megabyte_is_shortened(tmp_path, pictures):
    path = write(tmp_path / "conv.jsonl", [record("x" * 1_000_000, images=["a.png", "b.png"])], as_list=False)
    with pytest.raises(DataError, match=r"has image and images; expected one of them") as caught:
        indexed(path, pictures)
    assert "(1,000,002 characters)" in str(caught.value) and len(str(caught.value)) < 500


def test_a_table_is_found_again_until_something_changes(tmp_path, pictures, samples):
    path = tmp_path / "samples.jsonl"
    write_samples(path, [replace(sample, images=("a.png",)) for sample in samples])
    first = indexed(path, pictures)
    stamp = (first.table.folder / "index.json").stat().st_mtime_ns
    path.touch()
    again = indexed(path, pictures)
    assert (again.table.folder / "index.json").stat().st_mtime_ns == stamp and again.content == first.content
    write_samples(path, [replace(sample, images=("b.png",)) for sample in samples])
    other = indexed(path, pictures)
    assert other.key != first.key and other.content != first.content and other.names[:] == ["b.png"]
    assert indexed(path, pictures, kind="conv").key != other.key


def test_the_copy_of_a_list_that_is_gone_is_made_again(tmp_path, pictures):
    path = write(tmp_path / "conv.json", [record(1), record(2)], as_list=True)
    found = indexed(path, pictures)
    Path(found.table.facts["lines"][0]).unlink()
    assert_same(indexed(path, pictures), path, pictures)


def swap(path: Path, old: bytes, new: bytes) -> bytes:
    """Edit a file in place at equal size; what it held before."""
    held = path.read_bytes()
    assert old in held and len(old) == len(new)
    path.write_bytes(held.replace(old, new))
    return held


@pytest.mark.parametrize("as_list", [False, True], ids=["lines", "list"])
@pytest.mark.parametrize("moment", ["hashed", "cut"])
def test_a_file_that_is_edited_while_it_is_indexed_and_restored_leaves_nothing(
    tmp_path, pictures, monkeypatch, as_list, moment
):
    path = write(tmp_path / "conv.json", [record(number) for number in range(9)], as_list=as_list)
    step = "read_piece" if moment == "cut" else "as_lines" if as_list else "pieces_of"
    plain, held = getattr(records_module, step), path.read_bytes()

    def edited(*given, **options):
        swap(path, b"Nobody", b"Anyone")
        try:
            return plain(*given, **options)
        finally:
            path.write_bytes(held)

    monkeypatch.setattr(records_module, step, edited)
    if as_list and moment == "cut":  # its copy was made before
        assert_same(indexed(path, pictures), path, pictures)
        return
    with pytest.raises(DataError, match=r"conv\.json was changed while it was read; start again once nothing writes"):
        indexed(path, pictures, piece_bytes=TINY)
    monkeypatch.undo()
    assert path.read_bytes() == held and not list((tmp_path / "index").glob("records-*/index.json"))
    found = indexed(path, pictures, piece_bytes=TINY)
    assert_same(found, path, pictures)


def test_a_record_that_is_read_later_is_the_one_that_was_indexed(tmp_path, pictures):
    path = write(tmp_path / "conv.jsonl", [record(number) for number in range(3)], as_list=False)
    found = indexed(path, pictures)
    held = swap(path, b'"id": 1', b'"id": 7')
    assert found.sample(0).id == "0"
    with pytest.raises(DataError, match=r"sample 1: line 2 of .*conv\.jsonl is not what was indexed; start again"):
        found.sample(1)
    path.write_bytes(held)
    assert found.sample(1).id == "1"
    path.write_bytes(held[:20])
    with pytest.raises(DataError, match=r"sample 2: line 3 of .*conv\.jsonl is not what was indexed"):
        found.sample(2)


def test_pictures_that_lie_elsewhere_now_are_found_again(tmp_path, pictures):
    path = write(tmp_path / "conv.jsonl", [record(1, image="old/c.png"), record(2)], as_list=False)
    found = indexed(path, pictures)
    stamp = found.table.folder.stat().st_ino
    assert indexed(path, pictures, look=True).table.folder.stat().st_ino == stamp
    (pictures / "deep").rename(pictures / "deeper")
    again = indexed(path, pictures, look=True)
    assert again.names[:] == ["a.png", "deeper/c.png"] and again.key == found.key
    assert_same(again, path, pictures)
    (pictures / "deeper" / "c.png").unlink()
    with pytest.raises(DataError, match=r"no image old/c\.png of sample 1 in .*; check the image folder"):
        indexed(path, pictures, look=True)


def test_several_processes_give_the_same(tmp_path, tiny_jsonl, tiny_pictures):
    one = ensure_records(tiny_jsonl, tiny_pictures, kind=None, folder=tmp_path / "1", processes=1, piece_bytes=2000)
    two = ensure_records(tiny_jsonl, tiny_pictures, kind=None, folder=tmp_path / "2", processes=2, piece_bytes=2000)
    for name, array in one.table.arrays.items():
        assert array.tolist() == two.table.arrays[name].tolist()
    assert one.key == two.key and not list(tmp_path.glob("*/*.parts"))


TOGETHER = """
import errno, sys, time
from pathlib import Path
from llavapose.data.index import records, shards

home, me, where = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
plain_close, plain_read, pieces = records.TableWriter.close, records.read_piece, []

def no_locks(*_):
    raise OSError(errno.ENOLCK, "No locks available")

def meet(mine, other):
    (home / mine).touch()
    while not (home / other).exists():
        time.sleep(0.01)

def close(writer, facts):
    meet(f"ends-{me}", f"ends-{1 - me}")
    return plain_close(writer, facts)

def read(piece, **how):
    pieces.append(piece)
    if me == 0 and len(pieces) == 2:
        meet("begun", "met")
    if me == 1 and len(pieces) == 1:
        meet("met", "ended")
    return plain_read(piece, **how)

shards.fcntl.lockf = no_locks
if where == "closing":
    records.TableWriter.close = close
else:
    records.read_piece = read
    if me:
        meet("waits", "begun")  # what the first has read by now, this one does not read again
found = records.ensure_records(
    home / "conv.json", home / "pictures", kind=None, folder=home / "index", processes=1, piece_bytes=TINY
)
(home / "ended").touch()
print(found.ids[:], found.names[:])
"""


@pytest.mark.parametrize("where", ["closing", "reading"])
def test_without_locks_the_first_to_end_makes_it_for_both(tmp_path, pictures, where):
    path = write(tmp_path / "conv.json", [record(number) for number in range(9)], as_list=True)
    script = TOGETHER.replace("TINY", str(TINY))
    command = [sys.executable, "-c", script, str(tmp_path)]
    runs = [warm.Popen([*command, str(me), where], stdout=subprocess.PIPE, text=True) for me in range(2)]
    told = [run.communicate(timeout=60)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert told == [f"{[str(number) for number in range(9)]} ['a.png']\n"] * 2
    assert sorted(one.suffix for one in (tmp_path / "index").iterdir()) == ["", ".lines", ".lock"]
    assert_same(indexed(path, pictures, piece_bytes=TINY), path, pictures)


TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.lists(TEXT, min_size=2, max_size=4), min_size=1, max_size=6),
    as_list=st.booleans(),
    piece_bytes=st.sampled_from([1, 300, 1 << 20]),
)
def test_whatever_the_texts_are(tmp_path_factory, pictures, texts, as_list, piece_bytes):
    folder = tmp_path_factory.mktemp("any")
    talks = [[{"from": ("human", "gpt")[at % 2], "value": text} for at, text in enumerate(turns)] for turns in texts]
    path = write(folder / "conv.json", [record("x", conversations=talk) for talk in talks], as_list=as_list)
    problems = check_samples(path, pictures)[1]
    if problems:
        with pytest.raises(DataError) as caught:
            indexed(path, pictures, piece_bytes=piece_bytes)
        shown = str(DataError("\n".join(problems))).splitlines()
        assert str(caught.value).splitlines()[1:] == shown
    else:
        assert_same(indexed(path, pictures, piece_bytes=piece_bytes), path, pictures)


def test_text_alone_is_written_and_read(tmp_path, samples, pictures):
    alone = replace(samples[0], images=())
    assert "image" not in to_record(alone)
    write_samples(tmp_path / "samples.jsonl", [alone])
    assert check_samples(tmp_path / "samples.jsonl", pictures)[0] == [alone]
    marked = {**to_record(alone), "conversations": record(1)["conversations"]}
    (tmp_path / "samples.jsonl").write_text(json.dumps(marked))
    (problem,) = check_samples(tmp_path / "samples.jsonl", pictures)[1]
    assert "1 <image> marks; expected one a picture in the first message at most, here 0" in problem
