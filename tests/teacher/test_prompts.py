"""The prompts: the papers' word for word, and variants that promise nothing that is not sent."""

import hashlib
import re
from pathlib import Path

import pytest

from llavapose.config.choices import Context
from llavapose.kinds import taught_kinds
from llavapose.pose.skeleton import COCO17
from llavapose.teacher.prompts import DETAIL_INSTRUCTIONS, prompt, prompt_hash, text_of

PAPER = Path(__file__).parents[2] / "../shared/papers/llava_pose_sensors_2025.txt"
ORIGINALS = {"conv": "captions", "detail": "keypoints", "complex": "keypoints"}
# SHA-256 of the printed text with every run of white space as one space.
PRINTED = {
    "conv": "107771cbaebe67505331b22d8d34e1abb712e759ce6ca9ca4005484df397106a",
    "detail": "5d2016b5e29d96d7af2b770b2c7405ed1b7d0dd17d1561edb15a30b15aa9961d",
    "complex": "474fe63e3a0a7d80da590ca40200741b42cf3715f47208eab31c9c2071f2deac",
    "instructions": "974fc672e06d06346da7646bef39f17e6ae6aa6d48a2ec81173954cb3a1d37dd",
}


def on_one_line(text: str) -> str:
    return " ".join(text.split())


def digest(text: str) -> str:
    return hashlib.sha256(on_one_line(text).encode()).hexdigest()


@pytest.mark.parametrize("kind", taught_kinds())
def test_the_papers_prompts_are_unchanged(kind: str) -> None:
    assert digest(prompt(kind, ORIGINALS[kind])) == PRINTED[kind]


def test_the_papers_instructions_are_unchanged() -> None:
    assert len(set(DETAIL_INSTRUCTIONS)) == 16
    assert digest(" ".join(DETAIL_INSTRUCTIONS)) == PRINTED["instructions"]


@pytest.mark.skipif(not PAPER.is_file(), reason="the paper is not beside the checkout")
def test_the_papers_words_as_printed() -> None:
    printed = PAPER.read_text(encoding="utf-8")
    systems = re.findall(r'"content": f"""(.*?)"""', printed, re.DOTALL)
    assert [on_one_line(text) for text in systems] == [
        on_one_line(prompt(kind, ORIGINALS[kind])) for kind in taught_kinds()
    ]
    assert f'"content": "{text_of("conv.request")}"' in printed
    assert tuple(re.findall(r'➤ "([^"]*)"', printed)) == DETAIL_INSTRUCTIONS


PROMISES = {
    "captions": ("box", "coordinate", "keypoint", "visib", "x1", "wrist"),
    "boxes": ("keypoint", "visib", "wrist"),
    "keypoints": (),
}


@pytest.mark.parametrize("kind", taught_kinds())
@pytest.mark.parametrize("context", PROMISES)
def test_no_prompt_promises_what_is_not_sent(kind: str, context: str) -> None:
    for num_captions in range(6):
        text = prompt(kind, context, num_captions).lower()
        assert not [word for word in PROMISES[context] if word in text]


@pytest.mark.parametrize("kind", taught_kinds())
def test_every_prompt_promises_what_is_sent(kind: str) -> None:
    assert "bounding boxes, represented as (x1, y1, x2, y2)" in prompt(kind, "boxes")
    listed = re.findall(r"^(\d+)\. (.+)$", prompt(kind, "keypoints"), re.MULTILINE)
    assert listed == [(str(number), joint) for number, joint in enumerate(COCO17.joints, 1)]
    assert all("five sentences" in prompt(kind, context) for context in Context)


@pytest.mark.parametrize("kind", taught_kinds())
def test_the_number_of_captions_is_true(kind: str) -> None:
    for context in Context:
        assert "three sentences" in prompt(kind, context, 3)
        assert "one sentence" in prompt(kind, context, 1)
        for number in range(5):
            assert "five" not in prompt(kind, context, number)
    for context in ("boxes", "keypoints"):
        assert not re.search("sentence|caption|in addition", prompt(kind, context, 0), re.IGNORECASE)


def test_variants_use_the_papers_words() -> None:
    def words(text: str) -> set[str]:
        return set(re.findall(r"[a-z0-9]+", text.lower()))

    known = set().union(*(words(prompt(kind, ORIGINALS[kind])) for kind in taught_kinds()))
    for kind in taught_kinds():
        assert not [
            words(prompt(kind, context)) - known for context in PROMISES if words(prompt(kind, context)) - known
        ]


def test_the_control_differs_in_its_keypoints_alone() -> None:
    for kind in taught_kinds():
        assert prompt(kind, "other_keypoints") == prompt(kind, "keypoints")


def test_hashes_tell_prompts_apart() -> None:
    hashes = {prompt_hash(kind, context) for kind in taught_kinds() for context in ("captions", "boxes", "keypoints")}
    assert len(hashes) == 9
    assert all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes)
