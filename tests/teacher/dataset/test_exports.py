"""Samples as LLaVA JSON, messages and parquet: what other trainers read is what was written."""

import json
import sys
from pathlib import Path

import pytest

from llavapose.errors import ConfigError, DataError
from llavapose.records import Sample, Turn
from llavapose.samples import read_samples, write_samples
from llavapose.teacher.dataset.exports import export_samples

SAMPLES = tuple(
    Sample(
        id=f"{number}-{kind}-0",
        images=(f"train/{number}.jpg",),
        kind=kind,
        turns=(
            Turn(role="user", text="Who is it?"),
            Turn(role="assistant", text="Nobody – \u00e4h."),
            Turn(role="user", text="Sure?"),
            Turn(role="assistant", text="Yes.\nQuite."),
        ),
        provenance={"teacher": "offline", "seed": number},
    )
    for number, kind in enumerate(("conv", "detail", "complex"))
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    write_samples(tmp_path / "samples.jsonl", SAMPLES)
    return tmp_path / "samples.jsonl"


def test_llava_json_is_one_list_that_reads_back(path: Path, tmp_path: Path) -> None:
    (written,) = export_samples(path, tmp_path / "out", ["llava"]).values()
    records = json.loads(written.read_text(encoding="utf-8"))
    assert [set(record) for record in records] == [{"id", "image", "kind", "conversations"}] * 3
    assert records[0]["conversations"][0] == {"from": "human", "value": "<image>\nWho is it?"}
    assert [message["from"] for message in records[2]["conversations"]] == ["human", "gpt"] * 2
    (tmp_path / "train").mkdir()
    for number in range(3):
        (tmp_path / "train" / f"{number}.jpg").write_bytes(b"x")
    again = read_samples(written, tmp_path)
    assert [(one.id, one.kind, one.image, one.turns) for one in again] == [
        (one.id, one.kind, one.image, one.turns) for one in SAMPLES
    ]


def test_messages_have_one_mark_and_one_picture_each(path: Path, tmp_path: Path) -> None:
    export_samples(path, tmp_path / "out", ["messages"])
    lines = (tmp_path / "out" / "messages.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    assert rows[0] == {
        "messages": [
            {"role": "user", "content": "<image>Who is it?"},
            {"role": "assistant", "content": "Nobody – \u00e4h."},
            {"role": "user", "content": "Sure?"},
            {"role": "assistant", "content": "Yes.\nQuite."},
        ],
        "images": ["train/0.jpg"],
    }
    for row in rows:
        assert sum(message["content"].count("<image>") for message in row["messages"]) == len(row["images"]) == 1
    info = json.loads((tmp_path / "out" / "dataset_info.json").read_text())["llavapose"]
    assert (tmp_path / "out" / info["file_name"]).is_file()
    assert set(info["columns"]) == set(rows[0]) and set(info["columns"].values()) == set(rows[0])
    export_samples(path, tmp_path / "out", ["messages"], images=Path("/data/coco"))
    first = (tmp_path / "out" / "messages.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert json.loads(first)["images"] == ["/data/coco/train/0.jpg"]


def test_parquet_holds_the_samples(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr("llavapose.teacher.dataset.exports.ROWS_A_GROUP", 2)
    (written,) = export_samples(path, tmp_path / "out", ["parquet"]).values()
    assert parquet.ParquetFile(written).metadata.num_row_groups == 2
    rows = parquet.read_table(written).to_pylist()
    assert [(row["id"], row["kind"], row["image"]) for row in rows] == [(s.id, s.kind, s.image) for s in SAMPLES]
    assert rows[1]["messages"][1] == {"role": "assistant", "content": "Nobody – \u00e4h."}
    assert json.loads(rows[1]["provenance"]) == {"teacher": "offline", "seed": 1}


def test_datasets_opens_the_parquet(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    datasets = pytest.importorskip("datasets")
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (written,) = export_samples(path, tmp_path / "out", ["parquet"]).values()
    found = datasets.load_dataset("parquet", data_files=str(written), cache_dir=str(tmp_path / "cache"))["train"]
    assert found[2]["id"] == "2-complex-0" and found[2]["messages"][0]["content"] == "Who is it?"


def test_without_pyarrow_one_line_says_so(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(ConfigError, match=r"pip install 'llavapose\[parquet\]'") as caught:
        export_samples(path, tmp_path / "out", ["llava", "parquet"])
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_exported(path: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="export csv: no such format"):
        export_samples(path, tmp_path / "out", ["csv"])
    path.write_text(path.read_text(encoding="utf-8") + "{broken\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"samples\.jsonl:4 is not JSON"):
        export_samples(path, tmp_path / "out", ["llava"])
    assert not list((tmp_path / "out").iterdir())


TIMES = (0.0, 0.44, 2.0)
CLIP = Sample(
    id="9-conv-0", images=("9/0.jpg", "9/1.jpg", "9/2.jpg"), kind="conv", times_s=TIMES,
    turns=(Turn(role="user", text="Who sits down?"), Turn(role="assistant", text="The man.")),
)  # fmt: skip
MARKED = "0.0 s: <image>\n0.4 s: <image>\n2.0 s: <image>\nWho sits down?"


def test_other_trainers_are_told_the_times_of_frames_as_text(tmp_path: Path) -> None:
    write_samples(tmp_path / "samples.jsonl", [CLIP])
    files = export_samples(tmp_path / "samples.jsonl", tmp_path / "out", ["llava", "messages"])
    (record,) = json.loads(files["llava"].read_text(encoding="utf-8"))
    assert record["conversations"][0]["value"] == MARKED and record["image"] == list(CLIP.images)
    assert record["times"] == list(TIMES)
    row = json.loads(files["messages"].read_text(encoding="utf-8"))
    assert row["messages"][0]["content"] == MARKED and row["images"] == list(CLIP.images)


def test_an_exported_clip_is_read_here_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "9").mkdir()
    for image in CLIP.images:
        (tmp_path / image).write_bytes(b"x")
    write_samples(tmp_path / "samples.jsonl", [CLIP])
    files = export_samples(tmp_path / "samples.jsonl", tmp_path / "out", ["llava"])
    assert read_samples(files["llava"], tmp_path) == (CLIP,)


def test_parquet_has_the_times_beside_the_pictures(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    write_samples(tmp_path / "samples.jsonl", [CLIP])
    (written,) = export_samples(tmp_path / "samples.jsonl", tmp_path / "out", ["parquet"]).values()
    (row,) = parquet.read_table(written).to_pylist()
    assert (row["times"], row["images"]) == (list(TIMES), list(CLIP.images))
