"""Answers that come again are counted by kind and by picture; a benchmark's texts are found among the samples."""

import random

from llavapose.records import Sample, Turn
from llavapose.teacher.checks.duplicates import HOW, Twin
from tests.teacher.repeats import find_duplicates, find_overlap

LONG = (
    "The man on the left stands upright and holds a red umbrella above his head while the woman beside him bends "
    "forward to look at a small dog that sits on the wet ground between them and looks up at her, its tail on the "
    "stones; behind them three other people wait at the edge of the street with their arms at their sides and their "
    "faces turned toward the passing cars. A child in a yellow coat runs after a ball that rolls down the street, one "
    "leg lifted high, both elbows bent, hair flying; an older man on a bench follows it with his eyes, legs crossed, a "
    "newspaper open in his hands, and seems about to call out, since the ball nears the road and a cyclist comes from "
    "the right with her trunk low over the handlebar and no sign yet that she has seen what happens ahead."
)


def sample(name: str, image: str, *texts: str, kind: str = "conv") -> Sample:
    turns = [turn for text in texts for turn in (Turn(role="user", text="What?"), Turn(role="assistant", text=text))]
    return Sample(id=name, images=(image,), kind=kind, turns=tuple(turns))


def test_same_words_are_the_same_whatever_case_and_signs() -> None:
    found = find_duplicates([
        sample("a", "1.jpg", "He is standing.", "He is sitting."),
        sample("b", "1.jpg", "he is STANDING!"),
        sample("c", "2.jpg", "He is standing"),
        sample("d", "2.jpg", "He, is standing.", kind="detail"),
        sample("e", "3.jpg", "He isn't standing."),
    ])  # fmt: skip
    assert found.answers == {"conv": 5, "detail": 1}
    assert found.found["conv"] == dict(zip(HOW, (1, 1, 0, 0), strict=True))
    assert found.found["detail"] == dict(zip(HOW, (1, 0, 0, 0), strict=True))
    assert found.pairs == (
        Twin(id="b", of="a", how=HOW[0]), Twin(id="c", of="a", how=HOW[1]), Twin(id="d", of="a", how=HOW[0]),
    )  # fmt: skip
    assert found.commonest == ((4, "a"),)
    assert found.rate("conv") == 0.4 and found.rate("conv", HOW[0]) == 0.2
    assert found.lines()[0].startswith("conv: 5 answers, 1 same, one picture (20.0%)")


def test_nearly_the_same_is_found_and_what_only_resembles_is_not() -> None:
    near = LONG.replace("red umbrella", "blue umbrella")
    other = " ".join(random.Random(0).sample(LONG.split(), len(LONG.split())))
    found = find_duplicates([
        sample("a", "1.jpg", LONG, kind="detail"),
        sample("b", "2.jpg", near, kind="detail"),
        sample("c", "1.jpg", LONG.replace("wet ground", "dry ground"), kind="detail"),
        sample("d", "3.jpg", other, kind="detail"),
        sample("e", "4.jpg", LONG.partition(";")[0], kind="detail"),
    ])  # fmt: skip
    assert found.found["detail"] == dict(zip(HOW, (0, 0, 1, 1), strict=True))
    assert [(pair.id, pair.how) for pair in found.pairs] == [("b", HOW[3]), ("c", HOW[2])]


def test_short_answers_are_the_same_or_different() -> None:
    texts = [f"The person on the left has the {side} arm raised." for side in ("left", "right")]
    found = find_duplicates([sample(str(number), f"{number}.jpg", text) for number, text in enumerate(texts)])
    assert found.found["conv"] == dict.fromkeys(HOW, 0)


def test_the_report_is_the_same_each_time() -> None:
    rng = random.Random(1)
    words = [f"word{number}" for number in range(40)]
    made = [
        sample(str(number), f"{number % 7}.jpg", " ".join(rng.choices(words[: 5 + number % 30], k=rng.choice((3, 40)))))
        for number in range(300)
    ]
    made += [sample(f"again {one.id}", one.image, one.turns[1].text + " end") for one in made[::3]]
    assert find_duplicates(made) == find_duplicates(iter(made))
    assert sum(find_duplicates(made).found["conv"].values()) > 20


def test_nothing_comes_of_nothing() -> None:
    found = find_duplicates([])
    assert (found.answers, found.found, found.lines()) == ({}, {}, [])


def test_a_benchmarks_texts_are_found() -> None:
    samples = [sample("a", "1.jpg", LONG.replace("red", "blue")), sample("b", "2.jpg", "No."), sample("c", "2", "Why")]
    found = find_overlap(samples, ["WHAT", "no", LONG, "what?"])
    assert (found.questions, found.answers) == (3, 3)
    assert found.same == {"user": 3, "assistant": 1}
    assert found.near == {"user": 0, "assistant": 1}
    assert ("a", 2) in found.pairs and ("b", 1) in found.pairs
