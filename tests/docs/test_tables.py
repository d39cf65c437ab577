"""Numbers in the documents are those of the files, or of a command that is named."""

import csv
import re

import pytest

from tests.docs.checked import check
from tests.docs.pages import ROOT, Part, all_parts, commands, parts, rows

NUMBER = re.compile(r"[+-]?\d+\.\d+")
FROM_FILES = [part for part in all_parts("table") if part.tag[0] == "from"]
TOLD = [part for part in all_parts("text") if part.tag[0] == "numbers from"]


def tables_of(text: str) -> list[list[list[str]]]:
    """Every table of a Markdown text."""
    found = re.findall(r"(?:^\|.*\n?)+", text, re.MULTILINE)
    return [rows(table.strip()) for table in found]


@pytest.mark.parametrize("part", FROM_FILES, ids=lambda part: part.where)
def test_tables_are_the_files(part: Part):
    assert rows(part.text) in tables_of((ROOT / part.tag[1]).read_text(encoding="utf-8")), part.where


def test_every_table_of_results_says_where_it_comes_from(monkeypatch):
    found = [part for part in parts("docs/results.md") if part.language == "table"]
    assert {part.tag[0] for part in found} == {"from", "printed by"}
    for part in all_parts("table"):
        if part.tag[0] == "printed by":
            with monkeypatch.context() as patch:
                assert all(check(words, patch) in ("make", "parsed") for words in commands(part.tag[1])), part.where
    shown = [rows(part.text) for part in found]
    for table in tables_of((ROOT / "results/world/tables.md").read_text(encoding="utf-8")):
        assert table in shown


@pytest.mark.parametrize("part", TOLD, ids=lambda part: part.where)
def test_numbers_in_sentences_are_the_files(part: Part):
    known = set(NUMBER.findall((ROOT / part.tag[1]).read_text(encoding="utf-8")))
    told = set(NUMBER.findall(part.text))
    assert told and told <= known, told - known


@pytest.mark.parametrize("folder", ["results/world", "results/world/captions_encoder"])
def test_markdown_of_results_is_its_csv(folder):
    ablation, probe, groups, *_ = map(
        without_seeds, tables_of((ROOT / folder / "tables.md").read_text(encoding="utf-8"))
    )
    scores = {(row["arm"], row["kind"]): row for row in read(folder, "ablation")}
    for row in ablation[1:]:
        told = dict(zip(ablation[0], row, strict=True))
        for kind in ("conv", "detail", "complex", "all"):
            assert told[kind] == shown(scores[told["arm"], kind], "score", "low", "high", ".1f")
        total = scores[told["arm"], "all"]
        difference = shown(total, "diff", "diff_low", "diff_high", "+.1f") if total["diff"] else "—"
        assert told["difference to baseline"].removesuffix(" †") == difference
        assert told["n"].partition(" ")[0] == total["num_scored"]
        for name, column in (("shuffled", "shuffled"), ("no picture", "no_picture")):
            if name in told:
                assert told[name] == (plain(total[column], ".1f") if total[column] else "—")
    skills = {(row["arm"], row["pictures"], row["group"]): row for row in read(folder, "probe")}
    wide = [("true", "all"), ("true", "all (one person)"), ("true", "all (several people)"), ("shuffled", "all")]
    for arm, *cells, num in probe[1:]:
        found = [skills[arm, *where] for where in wide]
        assert cells == [shown(row, "skill", "low", "high", ".2f") for row in found] and num == found[0]["n"]
    for arm, *cells in groups[1:]:
        assert cells == [plain(skills[arm, "true", group]["skill"], ".2f") for group in groups[0][1:]]


def without_seeds(table: list[list[str]]) -> list[list[str]]:
    """A sweep's tables end with how many seeds a row is the mean of."""
    return [row[:-1] for row in table] if table[0][-1] == "seeds" else table


def read(folder: str, name: str) -> list[dict[str, str]]:
    with (ROOT / folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def plain(number: str, form: str) -> str:
    """A number in a form such as ".2f", zero without a minus."""
    return format(round(float(number), int(form[-2])) + 0.0, form)


def shown(row: dict[str, str], value: str, low: str, high: str, form: str) -> str:
    first, least, most = (plain(row[key], form) for key in (value, low, high))
    return f"{first} [{least}, {most}]"
