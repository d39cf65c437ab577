"""What captions are read to say: names, actions, clothes and places, and nothing where they say nothing."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from llavapose.records import Person, Scene
from llavapose.teacher.offline.captions import reading

SHARED = Path(__file__).parents[3] / "../shared/data/llava_coco2014/captions_boxes_val_80.jsonl"


def scene(*captions: str, people: int = 1) -> Scene:
    box = (0.1, 0.1, 0.5, 0.9)
    joints = ((0.2, 0.3, 2),) * 17
    found = tuple(Person(id=number, box_xyxy=box, keypoints=joints) for number in range(people))
    return Scene(id=1, image="1.jpg", width=100, height=100, captions=captions, people=found)


@pytest.mark.parametrize(
    ("caption", "noun", "does"),
    [
        ("A man in a red shirt is riding a wave in the ocean.", "man", ("riding a wave",)),
        ("The woman in turquoise is having a drink.", "woman", ("having a drink",)),
        ("A guy wearing a helmet jumps.", "man", ("jumping",)),
        ("A young boy is skiing down a slope on the snow.", "boy", ("skiing down a slope",)),
        ("A surfer stands on the rocks watching a wave crash.", "surfer", ("standing on the rocks",)),
        ("Someone sitting on a bench, with a dog", "person", ("sitting on a bench",)),
        ("A woman is seated on a chair while it rains.", "woman", ("seated on a chair",)),
        ("A little girl holds an umbrella and smiles.", "girl", ("holding an umbrella",)),
        ("A man riding his bike down the street", "man", ("riding his bike",)),
        ("A person riding his bike", "person", ()),  # a pronoun that the noun does not tell
        ("A woman's hand holding a cup", "person", ()),
        ("A man with a dog that is lying on the grass", "man", ()),
        ("A dog sitting next to a woman", "woman", ()),
        ("A man wearing a hat.", "man", ()),
        ("A man trying to", "man", ()),
        ("A man holding the", "man", ()),
        ("A man standing next to a woman", "person", ()),  # two people, of whom one is annotated
        ("", "person", ()),
        ("???", "person", ()),
        ("man man man", "person", ()),
    ],
)
def test_one_person(caption: str, noun: str, does: tuple[str, ...]) -> None:
    found = reading(scene(caption))
    assert (found.noun, found.does) == (noun, does)


def test_what_several_captions_agree_on_comes_first() -> None:
    told = reading(
        scene(
            "A man in a blue jacket is holding an umbrella on the street.",
            "A man waving on a city street.",
            "Someone in blue is waving on a sidewalk",
        )
    )
    assert told.does == ("waving", "holding an umbrella")
    assert told.wears == ("blue", "a blue jacket")
    assert set(told.places) == {"on the street", "on a city street", "on a sidewalk"}


def test_several_people() -> None:
    told = reading(scene("Two men are surfing in the sea.", "A man surfing near another man", people=2))
    assert (told.noun, told.does) == ("man", ("surfing",))
    told = reading(scene("A man is throwing a ball and a girl is waving.", "Two people in a park", people=2))
    assert (told.noun, told.does) == ("person", ())
    assert [deed.action for deed in told.deeds] == ["throwing a ball", "waving"]
    told = reading(scene("Two women sitting on a bench", people=3))
    assert (told.noun, told.does) == ("person", ()), "a third is not spoken of"
    crowd = replace(scene("Two women sitting on a bench", people=2), num_crowds=1)
    assert reading(crowd).does == ()


def test_a_snow_covered_hill_is_no_snow() -> None:
    assert reading(scene("A man skiing on a snow covered hill.")).places == ("on a snow covered hill",)


@pytest.mark.skipif(not SHARED.exists(), reason="no captions of COCO here")
def test_real_captions_are_read_without_loose_ends() -> None:
    read = 0
    for line in SHARED.read_text().splitlines():
        row = json.loads(line)
        people = sum(found["category"] == "person" for found in row["instances"])
        told = reading(scene(*row["captions"], people=people))
        for action in (*told.does, *(deed.action for deed in told.deeds)):
            assert action.split()[-1] not in ("a", "the", "of", "to", "with", "his", "her"), action
            assert action.split()[0].endswith(("ing", "seated")), action
            read += 1
    assert read > 25
