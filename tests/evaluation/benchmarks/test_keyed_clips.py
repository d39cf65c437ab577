"""Multiple choice about clips: rows of three sets and Micro-Action-52, frames from a folder, balanced letters."""

import json
from collections import Counter

import pytest
from PIL import Image

from llavapose.errors import DataError
from llavapose.evaluation.benchmarks.keyed.clips import MOST_FRAMES, ClipChoices
from llavapose.evaluation.benchmarks.keyed.scores import keyed_table

POSE = ["sit down", "stand up", "pick up"]


@pytest.fixture
def frames(tmp_path):
    """Twelve clips of twenty frames."""
    for number in range(12):
        folder = tmp_path / "frames" / f"v{number}"
        folder.mkdir(parents=True)
        for place in range(1, 21):
            Image.new("RGB", (4, 4)).save(folder / f"{place:05d}.jpg")
    return tmp_path / "frames"


def mvbench(num=12, **more):
    return [{"video": f"v{number}.avi", "question": "What is the pose performed by the person in the video?",
             "candidates": POSE, "answer": POSE[1], **more} for number in range(num)]  # fmt: skip


def written(tmp_path, rows, lines=False):
    path = tmp_path / ("rows.jsonl" if lines else "fine_grained_pose.json")
    path.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows))
    return path


def test_each_letter_is_right_equally_often_and_the_options_stay(tmp_path, frames):
    found = ClipChoices(written(tmp_path, mvbench()), form="mvbench", images=frames, frames_per_s=5)
    assert Counter(key.answer for key in found.keys.values()) == {"A": 4, "B": 4, "C": 4}
    for one in found.questions:
        key = found.keys[one.id]
        assert sorted(key.options.values()) == sorted(POSE) and key.options[key.answer] == "stand up"
        assert key.group == "fine-grained pose"
        for letter, text in key.options.items():
            assert f"\n{letter}. {text}" in one.text
    again = ClipChoices(written(tmp_path, mvbench()), form="mvbench", images=frames, frames_per_s=5)
    assert again.questions == found.questions, "the same whenever it is read"


def test_frames_are_those_of_the_folder_with_their_times(tmp_path, frames):
    found = ClipChoices(written(tmp_path, mvbench()), form="mvbench", images=frames, frames_per_s=5)
    one = found.questions[0]
    assert len(one.images) == len(one.times_s) == MOST_FRAMES and one.images[0] == "v0/00001.jpg"
    assert one.times_s[0] == 0 and one.times_s[-1] == pytest.approx(19 / 5) and len(set(one.scene_ids)) == 1
    cut = ClipChoices(written(tmp_path, mvbench(start=1.0, end=2.0)), form="mvbench", images=frames, frames_per_s=5)
    assert cut.questions[0].images == tuple(f"v0/{number:05d}.jpg" for number in range(6, 12))
    assert cut.questions[0].times_s == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0), "seconds since the first that is shown"


def test_motionbench_has_its_options_in_the_question_and_hidden_keys_are_counted(tmp_path, frames, caplog):
    text = "Which way does the person turn?\nA. to the left\nB. to the right\nC. not at all\nD. around"
    rows = [{"key": "k", "video_path": f"v{number}.mp4", "video_type": "public", "question_type": "Action Order",
             "qa": [{"uid": f"u{number}", "question": text, "answer": "B" if number < 8 else "NA"}]}
            for number in range(12)]  # fmt: skip
    with caplog.at_level("INFO"):
        found = ClipChoices(written(tmp_path, rows, lines=True), form="motionbench", images=frames, frames_per_s=5)
    assert len(found.questions) == 8 and "4 of 12 questions have no key" in caplog.text
    assert Counter(key.answer for key in found.keys.values()) == dict.fromkeys("ABCD", 2)
    assert {key.options[key.answer] for key in found.keys.values()} == {"to the right"}
    assert found.keys["u0"].group == "Action Order" and "A. to the left\n" not in found.questions[1].text[:40]


def test_micro_actions_are_asked_among_others_of_the_same_part(tmp_path, frames):
    (tmp_path / "labels.txt").write_text("\n".join(f"v{number}.mp4 {8 + number}" for number in range(12)))
    found = ClipChoices(tmp_path / "labels.txt", form="micro_actions", images=frames, frames_per_s=5)
    assert Counter(key.answer for key in found.keys.values()) == dict.fromkeys("ABCD", 3)
    assert found.keys["v0"].options[found.keys["v0"].answer] == "turning head" and found.keys["v0"].group == "head"
    assert {"nodding", "shaking head", "bowing head", "head up", "tilting head"} >= (
        set(found.keys["v0"].options.values()) - {"turning head"}
    )


@pytest.mark.parametrize("trained", [False, True])
def test_humanmovevqa_is_read_as_its_authors_programs_write_it(tmp_path, frames, trained):
    """Of the benchmark, a file a category; of the training files, conversations."""
    stem = "Which way does the person move first?"
    options = "A. to the left\nB. away, then\nto the right\nC. not at all"
    rows = [{"id": f"q{n}", "video_path": f"/data/videos/v{n}.mp4", "question": f"{stem}\nOptions:\n{options}",
             "answer": "B. away, then to the right"} for n in range(3)]  # fmt: skip
    if trained:
        said = f"<video>\n{stem}\n{options}\nAnswer with the option letter."
        turns = [{"from": "user", "value": said}, {"from": "assistant", "value": "Answer: B"}]
        rows = [{"video": [f"v{n}.mp4"], "task": "ordering", "conversations": turns} for n in range(3)]
    path = tmp_path / "ordering.json"
    path.write_text("\n".join(map(json.dumps, rows)))
    found = ClipChoices(path, form="humanmovevqa", images=frames, frames_per_s=5)
    assert len(found.questions) == 3 and Counter(key.answer for key in found.keys.values()) == dict.fromkeys("ABC", 1)
    assert {key.options[key.answer] for key in found.keys.values()} == {"away, then to the right"}
    assert {key.group for key in found.keys.values()} == {"ordering"}
    assert all(one.text.startswith(f"{stem}\nA. ") and one.text.count("option") == 1 for one in found.questions)
    path.write_text(json.dumps({"clip": "v1"}))
    with pytest.raises(DataError, match="has video_path None; expected a text"):
        ClipChoices(path, form="humanmovevqa", images=frames)


def test_a_question_that_cannot_be_read_is_counted_and_left_out(tmp_path, frames, caplog):
    """As other programs leave them out without a word: no options, an answer that is none, no question at all."""
    rows = [{"video_path": "v1.mp4", "question_type": "Camera Motion", "qa": [
        {"uid": "good", "question": "Which way?\nA) left\nB) right", "answer": "(b)".upper()},
        {"uid": "no options", "question": "Which way?", "answer": "A"},
        {"uid": "none of them", "question": "Which way?\nA. left\nB. right", "answer": "C"},
        {"uid": "kept back", "question": "Which way?\nA. left\nB. right", "answer": "NA"},
        {"uid": "nothing asked", "question": "A. left\nB. right", "answer": "B"}]}]  # fmt: skip
    with caplog.at_level("INFO"):
        found = ClipChoices(written(tmp_path, rows, lines=True), form="motionbench", images=frames)
    assert [*found.keys] == ["good"] and found.keys["good"].options[found.keys["good"].answer] == "right"
    assert "3 of 5 questions have no options" in caplog.text and "the first is no options" in caplog.text
    assert "1 of 2 questions have no key" in caplog.text
    rows[0]["qa"] = rows[0]["qa"][1:2]
    with pytest.raises(DataError, match="has no question with options and an answer; expected motionbench's rows"):
        ClipChoices(written(tmp_path, rows, lines=True), form="motionbench", images=frames)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"answer": "lie down"}, "has answer 'lie down'; expected one of its candidates"),
        ({"candidates": ["one"]}, "has candidates ['one']; expected two texts or more"),
        ({"video": 3}, "has video 3; expected a text"),
        ({"video": "../v0.avi"}, "expected one inside, without .."),
        ({"video": "v99.avi"}, "ffmpeg -i v99.avi -vf fps=4"),
    ],
)
def test_what_is_no_row_is_refused_in_a_line(tmp_path, frames, change, told):
    rows = [mvbench()[0] | change]
    with pytest.raises(DataError) as error:
        ClipChoices(written(tmp_path, rows), form="mvbench", images=frames)
    assert told in str(error.value) and "\n" not in str(error.value), error.value


def test_an_unknown_form_and_a_missing_folder_are_refused(tmp_path, frames):
    path = written(tmp_path, mvbench())
    with pytest.raises(DataError, match="expected one of mvbench, motionbench, humanmovevqa, micro_actions"):
        ClipChoices(path, form="mine", images=frames)
    with pytest.raises(DataError, match=r"set benchmark\.images"):
        ClipChoices(path, form="mvbench")


def test_the_table_says_by_how_much_accuracy_falls_when_frames_are_reversed():
    rows = [{"arm": "a", "pictures": pictures, "question_id": str(n), "scene_id": n, "group": "g", "num_options": 4,
             "outcome": "A", "answer": "A", "right": right} for n in range(30)
            for pictures, right in (("true", 1.0), ("reversed", float(n % 2)))]  # fmt: skip
    table = {(row["pictures"], row["group"]): row for row in keyed_table(rows)}
    assert table["true", "all"]["falls"] == pytest.approx(0.5) and table["true", "all"]["falls_low"] > 0.2
    assert "falls" not in table["reversed", "all"]
