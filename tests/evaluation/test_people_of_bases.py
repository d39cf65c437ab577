"""People's preferences where a sweep has several bases: told between the rows of its tables."""

from pathlib import Path

from llavapose.evaluation.judges.protocol import answer_hash
from llavapose.evaluation.tables.people import preference_rows, read_preferences
from llavapose.files import write_jsonl


def _folder(root: Path, base: str) -> Path:
    folder = root / base
    for arm in ("full", "baseline"):
        write_jsonl(folder / "answers" / f"{arm}.jsonl", [{"question_id": "1-conv", "text": f"{arm} of {base}"}])
    preference = {
        "question_id": "1-conv", "scene_id": 1, "kind": "conv", "text": "Who?", "rater": "r1", "first": "full",
        "second": "baseline", "choice": "first", "left": "full",
        "answers": {arm: answer_hash(f"{arm} of {base}") for arm in ("full", "baseline")},
    }  # fmt: skip
    write_jsonl(folder / "rate" / "preferences.jsonl", [preference])
    return folder


def test_preferences_are_between_rows(tmp_path):
    one, other = _folder(tmp_path, "one"), _folder(tmp_path, "other")
    files = {f"{arm} (base={folder.name})": (arm, (folder,)) for folder in (one, other) for arm in ("full", "baseline")}
    rows = read_preferences(files)
    assert [(row["first"], row["second"], row["left"]) for row in rows] == [
        ("full (base=one)", "baseline (base=one)", "full (base=one)"),
        ("full (base=other)", "baseline (base=other)", "full (base=other)"),
    ]
    preferred = [row for row in preference_rows(rows, {}) if row["measure"] == "preferred" and row["kind"] == "all"]
    assert {row["first"] for row in preferred} == {"full (base=one)", "full (base=other)"}
    assert [str(row["value"]) for row in preferred] == ["100.0", "100.0"]


def test_a_sweep_of_one_base_keeps_its_names(tmp_path):
    folder = _folder(tmp_path, "one")
    rows = read_preferences({arm: (arm, (folder,)) for arm in ("full", "baseline")})
    assert [(row["first"], row["second"]) for row in rows] == [("full", "baseline")]
