"""What betrays the annotations is found, in the original's published samples and elsewhere, and nothing else is."""

import json
from pathlib import Path

import pytest

from llavapose.files import read_jsonl
from llavapose.llava_json import from_record
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.teacher.checks.leaks import find_leaks
from llavapose.teacher.offline.write import generate
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS
from tests.drawn_by_hand import offline

DATA = Path(__file__).parents[3] / "../shared/data"
UPSTREAM = DATA / "upstream_outputs"
CAPTIONS = DATA / "llava_coco2014" / "captions_boxes_val_80.jsonl"
GOLDEN = Path(__file__).parents[2] / "golden" / "leaks_upstream.json"

LEAKS = {
    "His keypoints indicate that he walks.": ["keypoints"],
    "The key-points of the left arm are close.": ["key-points"],
    "The keypoint at the wrist is high.": ["keypoint"],
    "Key points show a poised stance.": ["Key points"],
    "The man's key points lie close together.": ["key points"],
    "The key point at the left wrist is high.": ["key point"],
    "The body landmarks lie low.": ["body landmarks"],
    "Points such as the nose and the eyes face us.": ["Points such as"],
    "The visibility of points such as the nose shows it.": ["visibility of points such as"],
    "The visibility of his eyes and ears suggests that he faces us.": ["visibility of his eyes and ears"],
    "The nose has a visibility of 2.": ["visibility of 2"],
    "The visibility labels say so.": ["visibility labels"],
    "The left ankle is not labeled.": ["ankle is not labeled"],
    "The right wrist is marked as hidden.": ["marked as hidden"],
    "From the coordinates, he is tall.": ["coordinates"],
    "The detailed coordinates given for the smaller people": ["detailed coordinates given"],
    "The x-coordinate of the nose is small.": ["x-coordinate"],
    "Its x and y are close.": ["x and y"],
    "He moves along the y-axis.": ["y-axis"],
    "His bounding box is large.": ["bounding box"],
    "Their bounding-boxes overlap.": ["bounding-boxes"],
    "As the captions say, it rains.": ["captions"],
    "The caption mentions a dog.": ["caption"],
    "According to the caption, they ski.": ["caption"],
    "The annotations show two people.": ["annotations"],
    "Two annotated people stand there.": ["annotated"],
    "From the details provided, they wait.": ["details provided"],
    "From the image details provided, describe them.": ["image details provided"],
    "Based on the provided information, they wait.": ["provided information"],
    "Given the provided data it is noon.": ["provided data"],
    "The given description says little.": ["given description"],
    "Based on the description, he runs.": ["description"],
    "The pose data suggests a jump.": ["pose data"],
    "His exact activity is not specified.": ["is not specified"],
    "This matches the described setting.": ["described setting"],
    "The wrist is at [0.419, 0.023].": ["[0.419, 0.023]"],
    "Look at (0.42, 0.39, 2).": ["(0.42, 0.39, 2)"],
    "Its joint positions (0.42, 0.39) are low.": ["joint positions", "(0.42, 0.39)"],
    "The hand is at 0.42, 0.39.": ["0.42, 0.39"],
    "The hand is at (120, 245).": ["(120, 245)"],
    "The box is [12, 30, 200, 310].": ["[12, 30, 200, 310]"],
    "The knee has y = 0.7.": ["y = 0.7"],
}

CLEAN = (
    "A box of apples stands beside the man.",
    "The man is boxing; boxers often stand so.",
    "She points at the sea and then at his nose.",
    "The key point is that both of them smile.",
    "The key points to note are the calm sea and the low sun.",
    "Three key points of the plan are written on the board.",
    "Her face is visible and her left hand is hidden.",
    "Describe the people in the image in detail.",
    "Provide a detailed description of the poses of people in the given image.",
    "The provided image shows a street.",
    "The fog lowers the visibility of the road.",
    "Poor light reduces the visibility of his face.",
    "Visibility is good on the slope.",
    "He coordinates his arms and legs well.",
    "The coach coordinates with the players by shouting.",
    "Their movements are well coordinated and the dancers coordinate their steps.",
    "A GPS unit shows coordinates of some kind? No, it shows the time.",
    "A cartoon with a caption hangs on the wall.",
    "The caption reads 'Welcome'.",
    "A poster with captions below the pictures.",
    "The information provided by the sign helps the travellers.",
    "The details given in the picture are few.",
    "A map with handwritten annotations lies there.",
    "The umbrella provides context to the scene.",
    "A dog called Coco sits beside him.",
    "He ate at a burger joint; the joint positions itself as cheap.",
    "Player number 23 stands at the net.",
    "The score is 3, 4 and the clock shows 10:45.",
    "It costs 0.99 dollars.",
    "They wait (1, 2 or 3 minutes).",
    "In 2012, 2013 and 2014 they won.",
    "The skeleton costume is funny.",
    "A landmark rises behind them.",
    "The data center is grey.",
    "The box labelled fragile is open.",
    "He stands at a good angle, x-ray in hand.",
    "Given the details of her dress, it is a wedding.",
    "The text on the sign says stop.",
    "The described man is on the left.",
)


@pytest.mark.parametrize("text", LEAKS)
def test_a_leak_is_found_where_it_stands(text: str) -> None:
    found = find_leaks(text)
    assert [leak.words for leak in found] == LEAKS[text]
    assert all(text[leak.start : leak.end] == leak.words for leak in found)


@pytest.mark.parametrize("text", CLEAN)
def test_what_a_person_says_of_a_picture_is_no_leak(text: str) -> None:
    assert find_leaks(text) == ()


@pytest.mark.parametrize("text", LEAKS)
def test_case_and_typographic_quotes_change_nothing(text: str) -> None:
    wanted = [(leak.start, leak.end) for leak in find_leaks(text)]
    assert [(leak.start, leak.end) for leak in find_leaks(text.replace("'", "’"))] == wanted


@pytest.mark.skipif(not UPSTREAM.is_dir(), reason="the original's published samples are not here")
def test_the_originals_samples_leak_where_a_reader_finds_it_and_nowhere_else() -> None:
    wanted = json.loads(GOLDEN.read_text(encoding="utf-8"))
    found = []
    for path in sorted(UPSTREAM.glob("*.json")):
        for index, record in enumerate(json.loads(path.read_text(encoding="utf-8"))):
            sample = from_record({**record, "kind": "conv"}, None, where=path.name)
            for turn, message in enumerate(sample.turns):
                found += [
                    {"file": path.name, "record": index, "turn": turn, "start": leak.start, "end": leak.end,
                     "kind": leak.kind, "words": leak.words}
                    for leak in find_leaks(message.text)
                ]  # fmt: skip
    assert found == wanted
    answers = {(leak["file"], leak["record"]) for leak in wanted if leak["turn"] == 1}
    assert answers == {("detailed.json", 0), ("detailed.json", 1), ("reasoning.json", 0), ("reasoning.json", 1)}


@pytest.mark.skipif(not CAPTIONS.is_file(), reason="LLaVA's captions are not here")
def test_captions_that_people_wrote_are_clean() -> None:
    captions = [text for _, record in read_jsonl(CAPTIONS, what="captions") for text in record["captions"]]
    assert len(captions) >= 400
    assert [text for text in captions if find_leaks(text)] == []


def test_the_papers_instructions_are_clean() -> None:
    assert [text for text in DETAIL_INSTRUCTIONS if find_leaks(text)] == []


def test_the_offline_teachers_samples_are_clean(scene_set: SceneSet, tmp_path: Path) -> None:
    summary = generate(scenes=scene_set, out=tmp_path / "out", progress=False, teacher=offline())
    texts = [turn.text for sample in read_samples(Path(summary.path), scene_set.images) for turn in sample.turns]
    assert len(texts) >= 40
    assert [text for text in texts if find_leaks(text)] == []
