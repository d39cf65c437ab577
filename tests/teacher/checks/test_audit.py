"""Anybody's samples, looked through: rates by kind, the worst first, a draw that does not change."""

import json
from pathlib import Path

import pytest

from llavapose.errors import DataError
from llavapose.records import Scene
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.checks.audit import AuditReport, audit

UPSTREAM = Path(__file__).parents[3] / "../shared/data/upstream_outputs"

TRUE = "There are three people in the picture."
WRONG = "There are nine people in the picture."
LEAKING = "The keypoints and the bounding box show it: there are nine people in the picture."


def record(number: int, answer: str, image: str = "data/coco/train2014/three.png") -> dict[str, object]:
    messages = [{"from": "human", "value": "<image>\nHow many?"}, {"from": "gpt", "value": answer}]
    return {"id": str(number), "image": image, "conversations": messages}


@pytest.fixture
def scenes(three: Scene, tmp_path: Path) -> SceneSet:
    return SceneSet(scenes=(three,), images=tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    answers = [TRUE, WRONG, LEAKING, TRUE, "It is a street."]
    records: list[object] = [record(number, answer) for number, answer in enumerate(answers)]
    records += [record(5, TRUE, "elsewhere/unknown.jpg"), {"id": "6"}]
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "conversation.json").write_text(json.dumps(records))
    (tmp_path / "set" / "detailed.json").write_text(json.dumps([record(7, TRUE)]))
    return tmp_path / "set"


def test_rates_by_kind_and_in_all(folder: Path, scenes: SceneSet) -> None:
    report = audit(folder, None, scenes)
    assert (report.num_samples, report.with_scene, report.num_problems) == (7, 6, 1)
    assert "conversation.json, record 7" in report.problems[0]
    conv, detail, total = report.rows()
    assert (conv["kind"], detail["kind"], total["kind"]) == ("conv", "detail", "all")
    assert (conv["samples"], conv["with a leak"], conv["with a contradiction"]) == ("6", "1 (16.7%)", "2 (33.3%)")
    assert (conv["claims"], conv["supported"], conv["contradicted"]) == ("4", "2 (50.0%)", "2 (50.0%)")
    assert conv["answers same, one picture"] == "1 (16.7%)"
    assert conv["answers same, other picture"] == "1 (16.7%)"
    assert detail["answers same, one picture"] == "1 (100.0%)"
    assert (total["samples"], total["claims"], total["contradicted"]) == ("7", "5", "2 (40.0%)")
    assert report.leaks == {"boxes": 1, "keypoints": 1}
    text = "\n".join(report.lines())
    for words in ("7 samples", "1 records cannot be read", "1 samples show pictures whose keypoints are not known",
                  "leaks: boxes 1, keypoints 1", "1 (16.7%)"):  # fmt: skip
        assert words in text
    table = report.lines()[-len(total) :]
    assert table[0].split() == ["kind", "conv", "detail", "all"]
    assert [line.split("  ")[0] for line in table] == list(total)
    assert max(map(len, table)) <= 80 and len({len(line) for line in table[1:]}) == 1


def test_the_worst_come_first_and_the_draw_is_seeded(folder: Path, scenes: SceneSet) -> None:
    report = audit(folder, None, scenes, num_drawn=3)
    assert [item.sample.id for item in report.worst] == ["2", "1"]
    assert report.worst[0].finding["contradicted"] == 1 and len(report.worst[0].finding["leaks"]) == 2
    assert report.worst[0].scene is not None

    def drawn(report: AuditReport) -> list[str]:
        return [item.sample.id for item in report.drawn]

    assert len(drawn(report)) == 3 and drawn(report) == drawn(audit(folder, None, scenes, num_drawn=3))
    assert len({tuple(drawn(audit(folder, None, scenes, num_drawn=3, seed=seed))) for seed in range(9)}) > 3
    assert [item.sample.id for item in audit(folder, None, scenes, num_worst=1).worst] == ["2"]


def test_sentences_too_long_to_be_read_are_told(tmp_path: Path, scenes: SceneSet) -> None:
    endless = "There are nine people in the picture, " + "and so on " * 100 + "."
    path = tmp_path / "set.json"
    path.write_text(json.dumps([record(0, TRUE), record(1, f"{TRUE} {endless}"), record(2, endless, "unknown.jpg")]))
    report = audit(path, None, scenes)
    assert report.num_unread == 1
    assert "1 samples hold sentences of more than 1,000 characters: no claim in those is checked" in report.notes()
    path.write_text(json.dumps([record(0, TRUE)]))
    assert "characters" not in "\n".join(audit(path, None, scenes).notes())


def test_without_scenes_leaks_and_duplicates_are_found(folder: Path) -> None:
    report = audit(folder, None, None)
    assert (report.with_scene, report.images) == (0, None)
    (row,) = [row for row in report.rows() if row["kind"] == "all"]
    assert (row["with a leak"], row["claims"], row["supported"]) == ("1 (14.3%)", "0", "-")
    assert {row["with a contradiction"] for row in report.rows()} == {"-"}  # nothing was looked at: not 0.0%
    assert not any("0.0%" in line and "contradict" in line for line in report.lines())


def test_a_file_that_tells_no_kind_is_audited_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "all.json").write_text(json.dumps([record(0, TRUE), record(1, LEAKING)]))
    report = audit(tmp_path / "all.json", None, None)
    assert [row["kind"] for row in report.rows()] == ["untold"]
    assert "2 samples tell no kind and count as untold" in report.lines()


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no file .*none\.json"):
        audit(tmp_path / "none.json", None, None)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("empty.jsonl", "", "can be read, for it is empty"),
        ("empty.json", "[]", "can be read, for it is empty"),
        ("other.jsonl", '{"a": 1}\n{"b": 2}\n', r"can be read; 2 cannot: samples: .*other\.jsonl:1"),
        ("text.txt", "these are no samples\n", r"text\.txt"),
    ],
)
def test_a_file_without_a_readable_record(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said) as caught:
        audit(tmp_path / name, None, None)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(not UPSTREAM.is_dir(), reason="the original's published samples are not here")
def test_the_originals_published_samples() -> None:
    report = audit(UPSTREAM, None, None)
    leaks = {row["kind"]: row["with a leak"] for row in report.rows()}
    assert leaks == {"conv": "0 (0.0%)", "detail": "2 (100.0%)", "complex": "2 (100.0%)", "all": "4 (28.6%)"}
    assert {item.sample.kind for item in report.worst} == {"detail", "complex"}
    assert sum(report.leaks.values()) == 11
