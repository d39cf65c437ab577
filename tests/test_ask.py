"""Ordinary questions get a clean sentence, and whose answer it is is said."""

import os
import re
import sys
import time
from pathlib import Path

import pytest

from llavapose.ask import OF_DRAWN_PEOPLE, check_input, is_tiny, photos_and_question, said_once
from llavapose.errors import LlavaPoseError
from tests import warm

ROOT = Path(__file__).parents[1]

# Written by arms trained on the built-in world, word for word: asked what their data did not ask.
WRITTEN = [
    ". The person is standing. The person is facing away from the camera. The person is standing.",
    "There is one person in the picture. The person is standing and is standing. The person is standing.",
    "The person on the left is sitting on a bench and is sitting on a bench. The person is at ease.",
    "The person on the left is sitting on a bench and is sitting. The person on the left is facing toward the camera.",
    "The person is lying. The person is lying. The person is is is is lying. The right knee is straight..",
]


def clean(text: str) -> bool:
    """Whole sentences from a capital letter to a stop, none twice, no phrase twice in a row."""
    sentences = re.split(r"(?<=[.!?])\s+", text.lower())
    twice = re.search(r"\b(\w+(?: \w+)+) and \1\b|\b(\w+) \2\b|\.\.|\b(\w+ \w+)(?: \w+)+ and \3\.", text.lower())
    return bool(re.fullmatch(r"[A-Z\d].*[.!?]", text)) and len(set(sentences)) == len(sentences) and not twice


def told(text: str, size: int = 3) -> tuple[str, list[str]]:
    left_out: list[str] = []
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    return "".join(said_once(pieces, left_out)), left_out


@pytest.mark.parametrize("written", WRITTEN)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_nothing_is_said_twice(written, size):
    assert not clean(written)
    text, _ = told(written, size)
    assert clean(text), text
    assert told(text)[0] == text
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", written))


def test_what_is_left_out_is_counted():
    text, left_out = told(WRITTEN[-1])
    assert text == "The person is lying. The right knee is straight."
    assert left_out == ["The person is lying.", "The person is lying."]


@pytest.mark.parametrize(
    "text",
    [
        "Two people: one runs, one sits. The dog sits and waits... It had had enough, and more and more come.",
        "1. A bench\n2. A dog\n\nBoth are red.",
        "Yes",
        "The left arm is up and the right arm is up. 3.5 m away, Mr. X waves!",
    ],
)
def test_a_sound_answer_is_left_as_it_is(text):
    assert told(text) == (text, [])


def test_a_sentence_is_told_as_soon_as_the_next_begins():
    pieces = iter(["One person. ", "Two", " dogs."])
    reader = said_once(pieces, [])
    assert next(reader) == "One person."
    assert next(pieces) == " dogs."


def test_who_is_tiny(tmp_path):
    assert is_tiny("tiny") and is_tiny(str(ROOT / "llavapose/assets/tiny_base"))
    (tmp_path / "config.json").write_text('{"vision_config": {"hidden_size": 1024, "image_size": 336}}')
    assert not is_tiny(str(tmp_path)) and not is_tiny("llava-hf/llava-1.5-7b-hf")


@pytest.mark.slow
def test_asked_from_the_command_line(tmp_path):
    """One line says what the tiny model knows, before the answer; no bar, and the answer alone on stdout."""
    from PIL import Image

    Image.new("RGB", (224, 224), (120, 160, 90)).save(tmp_path / "photo.jpg")
    command = [sys.executable, "-m", "llavapose", "ask", "tiny", "photo.jpg", "What is the person doing?"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = warm.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert clean(done.stdout.strip()) and done.stdout.count("\n") == 1
    first, *further = done.stderr.splitlines()
    assert first == OF_DRAWN_PEOPLE and all(line.startswith("note: sentences said again") for line in further)


def test_a_mistake_answers_at_once(tmp_path):
    started = time.process_time()
    command = [sys.executable, "-m", "llavapose", "ask", "owner/name", "none.jpg", "What?"]
    env = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    done = warm.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "none.jpg: no such file" in done.stderr and "owner/name is not whole in the cache" in done.stderr
    assert time.process_time() - started < 4


PHOTOS = [Path("a,1.jpg"), Path("b.jpg")]


@pytest.mark.parametrize(
    ("asked", "images", "found"),
    [
        (["a.jpg", "Why?"], [], ([Path("a.jpg")], "Why?")),
        (["What changed?"], PHOTOS, (PHOTOS, "What changed?")),
        (["What changed?"], PHOTOS[:1] * 2, (PHOTOS[:1] * 2, "What changed?")),
        (["Why?"], PHOTOS[:1], (PHOTOS[:1], "Why?")),
        (["Why?"], [], "no photo or no question; expected CHECKPOINT PHOTO"),
        ([], [], "no photo or no question"),
        (["a.jpg", "b.jpg", "Why?"], [], "more than a photo and a question; expected .* --image PHOTO PHOTO"),
        ([], PHOTOS, "no question in front of --image"),
        (["a.jpg", "Why?"], PHOTOS, "a photo before --image, too"),
        ([" "], PHOTOS, "question is empty"),
    ],
)
def test_photos_and_question(asked, images, found):
    if isinstance(found, str):
        with pytest.raises(LlavaPoseError, match=found):
            photos_and_question(asked, images)
    else:
        assert photos_and_question(asked, images) == found


def test_a_missing_photo_of_several_is_named_once(tmp_path):
    (tmp_path / "a.jpg").touch()
    with pytest.raises(LlavaPoseError) as told:
        check_input("tiny", [tmp_path / "a.jpg", tmp_path / "b.jpg", tmp_path / "b.jpg"])
    assert str(told.value).count("b.jpg: no such file") == 1 and "a.jpg" not in str(told.value)


@pytest.mark.slow
def test_two_photos_from_the_command_line(tmp_path):
    from PIL import Image

    for name in ("before.jpg", "after.jpg"):
        Image.new("RGB", (224, 224), (120, 160, 90)).save(tmp_path / name)
    command = [sys.executable, "-m", "llavapose", "ask", "tiny", "What has changed?", "--image", "before.jpg",
               "after.jpg"]  # fmt: skip
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = warm.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert clean(done.stdout.strip()) and done.stderr.splitlines()[0] == OF_DRAWN_PEOPLE
