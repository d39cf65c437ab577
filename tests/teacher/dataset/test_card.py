"""The card says what the samples hold, counted as it says it counts."""

import json
from pathlib import Path

import pytest
import yaml

from llavapose.records import Fact, Sample, Scene, Turn
from llavapose.teacher.checks.findings import check_conversation
from llavapose.teacher.dataset.card import Card, Checked, Cost, checked_of, readme, write_card
from llavapose.teacher.dataset.measures import body_part_of, measure, verb_of
from tests.teacher.repeats import find_duplicates, find_overlap


def sample(name: str, kind: str, answer: str, image: str = "1.jpg") -> Sample:
    turns = (Turn(role="user", text="What is he standing on?"), Turn(role="assistant", text=answer))
    return Sample(id=name, images=(image,), kind=kind, turns=turns, provenance={"teacher": "gpt"})


SAMPLES = (
    sample("a", "conv", "He stands with both feet apart."),
    sample("b", "conv", "He is standing; his left foot is lifted, his eyes watch the building."),
    sample("c", "detail", "Crouching, she hugs her knees. " * 10, "2.jpg"),
)


@pytest.mark.parametrize(
    ("word", "verb"),
    [
        ("standing", "stand"), ("stands", "stand"), ("sitting", "sit"), ("riding", "ride"), ("carries", "carry"),
        ("reaches", "reach"), ("lying", "lie"), ("juggling", "juggling"), ("building", None), ("thing", None),
        ("hand", None), ("ring", None), ("skiing", "ski"), ("feet", None), ("face", None), ("facing", "face"),
    ],
)  # fmt: skip
def test_forms_of_a_verb_count_together(word: str, verb: str | None) -> None:
    assert verb_of(word) == verb


@pytest.mark.parametrize(
    ("word", "part"), [("feet", "foot"), ("knees", "knee"), ("calves", "calf"), ("tree", None), ("hips", "hip")]
)
def test_body_parts(word: str, part: str | None) -> None:
    assert body_part_of(word) == part


def test_what_is_measured() -> None:
    found = measure(iter(SAMPLES))
    assert found.samples == {"conv": 2, "detail": 1}
    assert found.pictures == 2
    assert (found.lengths["conv"].mean, found.lengths["conv"].longest) == (9.5, 13)
    assert (found.lengths["conv"].p5, found.lengths["conv"].median, found.lengths["conv"].p95) == (6, 6, 13)
    assert dict(found.verbs) == {"crouch": 10, "hug": 10, "stand": 2, "watch": 1}
    assert dict(found.body_parts) == {"knee": 10, "foot": 2, "eye": 1}
    assert found.teachers == {"gpt": 3}
    assert found.words == 6 + 13 + 50


def test_findings_are_counted(three: Scene, facts: tuple[Fact, ...]) -> None:
    texts = ("There are nine people, as the keypoints show.", "There are three people.", "It is sunny.")
    told = [(Turn(role="user", text="How many?"), Turn(role="assistant", text=text)) for text in texts]
    found = checked_of(check_conversation(turns, three, facts) for turns in told)
    assert found == Checked(conversations=3, with_leak=1, with_contradiction=1, supported=1, contradicted=1)


def test_the_card_is_markdown_with_the_hubs_header(tmp_path: Path) -> None:
    card = Card(
        name="My <set> | of data",
        measures=measure(SAMPLES),
        teacher="gpt4o",
        models={"gpt-4o-2024-08-06": 12},
        prompts={"conv/captions": "ab12"},
        settings={"scenes": "world", "seed": 3},
        before=Checked(conversations=4, with_leak=1, with_contradiction=2, supported=6, contradicted=2, unverifiable=2),
        after=Checked(conversations=3, supported=7, unverifiable=3),
        duplicates=find_duplicates(SAMPLES),
        overlap=find_overlap(SAMPLES, ["What is he standing on?"]),
        cost=Cost(requests=12, usd=0.345, prompt_tokens=1200, completion_tokens=340),
        notes=("2 pictures were left out",),
        files=("samples.parquet", "samples.jsonl"),
    )
    path = write_card(tmp_path, card)
    text = path.read_text(encoding="utf-8")
    _, header, body = text.split("---\n", 2)
    assert yaml.safe_load(header)["configs"] == [{"config_name": "default", "data_files": "samples.parquet"}]
    for part in (
        r"# My \<set\> \| of data", "3 instruction-following samples about 2 pictures", "| conv | 2 | 2 | 9.5 |",
        "| first replies | 4 | 1 (25.0%) | 2 (50.0%) | 10 | 6 (60.0%) | 2 (20.0%) | 2 (20.0%) |",
        "| samples | 3 | 0 (0.0%) | 0 (0.0%) | 10 | 7 (70.0%) | 0 (0.0%) | 3 (30.0%) |",
        "Of 3 questions 3 are", "gpt-4o-2024-08-06 (12 replies)", "0.34 US dollars", "sha256 `ab12`",
        "- 2 pictures were left out", "crouch 10", "Words are runs of letters",
    ):  # fmt: skip
        assert part in body, part
    value = json.loads((tmp_path / "card.json").read_text(encoding="utf-8"))
    assert value["measures"]["samples"] == {"conv": 2, "detail": 1}
    assert value["before"]["contradicted"] == 2


def test_a_card_of_nothing_asked_says_no_more() -> None:
    text = readme(Card(name="empty", measures=measure([]), teacher="offline"))
    assert "first replies" not in text and "Cost" not in text and "none" in text
