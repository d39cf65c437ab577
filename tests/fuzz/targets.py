"""What reads from outside, each as a function that takes damaged input in whole: read, use, write, read again."""

import copy
import json
import random
from pathlib import Path
from typing import Any

from PIL import Image

from llavapose.config.choices import JudgeProtocol
from llavapose.config.compose import settings
from llavapose.config.start import conf_folder
from llavapose.errors import DataError, ReplyError
from llavapose.evaluation.answerers.file import FileAnswerer
from llavapose.evaluation.benchmarks.file import read_questions
from llavapose.evaluation.judges.replies import read_ratings
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Question
from llavapose.samples import check_samples, read_samples, write_samples
from llavapose.scenes.coco import read_scenes
from llavapose.teacher.checks.audit import audit
from llavapose.teacher.context import context_text
from llavapose.teacher.offline.write import generate
from llavapose.teacher.reply.reading import Reading, read_reply
from tests.drawn_by_hand import ALONE, THREE, offline
from tests.fuzz.mutate import damaged_bytes, damaged_json, damaged_text, damaged_value

STANDING = [100, 40, 104, 36, 96, 36, 110, 40, 90, 40, 120, 70, 80, 70, 150, 72, 78, 100, 180, 74, 76, 128, 112, 130]
STANDING += [88, 130, 114, 180, 86, 180, 116, 228, 84, 228]
JOINTS = [value for x, y in zip(STANDING[::2], STANDING[1::2], strict=True) for value in (x, y, 2)]


def coco_files() -> dict[str, Any]:
    """Two pictures, three people, two objects, two captions."""
    images = [{"id": n, "file_name": f"{n:012}.jpg", "width": 200, "height": 256} for n in (1, 2)]
    person = {"category_id": 1, "iscrowd": 0, "area": 20000.5, "bbox": [70, 25, 115.25, 215], "num_keypoints": 17}
    people = [{**person, "id": n, "image_id": 1 + n % 2, "keypoints": list(JOINTS)} for n in (11, 12, 13)]
    things = [{"id": 20 + n, "image_id": n, "category_id": 35, "iscrowd": 0, "bbox": [5, 5, 30, 9.5]} for n in (1, 2)]
    categories = [{"id": 1, "name": "person", "supercategory": "person"}, {"id": 35, "name": "skis"}]
    captions = [{"id": n, "image_id": n, "caption": f"A person stands on skis, number {n}."} for n in (1, 2)]
    return {
        "keypoints": {"images": images, "annotations": people, "categories": categories[:1]},
        "instances": {"images": images, "annotations": [*people, *things], "categories": categories},
        "captions": {"images": images, "annotations": captions},
    }


def coco(rng: random.Random, folder: Path) -> None:
    """Annotations, one file of three damaged -> scenes -> samples on the disk -> read again."""
    files, hurt = copy.deepcopy(coco_files()), rng.choice(("keypoints", "keypoints", "instances", "captions"))
    paths = {name: folder / f"{name}.json" for name in files}
    for name, content in files.items():
        paths[name].write_bytes(damaged_json(content, rng) if name == hurt else json.dumps(content).encode())
    images = folder / "images"
    if not images.is_dir():
        images.mkdir()
        for number in (1, 2):
            Image.new("RGB", (200, 256), "white").save(images / f"{number:012}.jpg")
    scenes = read_scenes(
        images=images, keypoints=paths["keypoints"], instances=paths["instances"], captions=paths["captions"]
    )
    for scene in scenes.scenes:
        scene_facts(scene)
        context_text(scene, "keypoints").encode()
    generate(scenes=scenes, teacher=offline(num_samples=4), out=folder, progress=False)
    read_samples(folder / "samples.jsonl", images)


def _records() -> list[dict[str, Any]]:
    said = [{"from": "human", "value": "<image>\nWho is it?"}, {"from": "gpt", "value": "A man who stands."}]
    ours = {"id": "1-conv-0", "image": "a.jpg", "kind": "conv", "conversations": said, "provenance": {"scene": 1}}
    theirs = {"id": 17, "image": "train2017/a.jpg", "type": "detail", "conversations": said}
    several = {**ours, "id": "2", "conversations": [*said, {"from": "human", "value": "Why?"}, said[1]]}
    return [ours, theirs, several, {**ours, "id": "3", "image": ["a.jpg"]}]


def samples(rng: random.Random, folder: Path) -> None:
    """Samples as lines or as one list -> read, audited, the good ones written and read again."""
    images, path, records = folder / "images", folder / "samples.jsonl", _records()
    images.mkdir(exist_ok=True)
    (images / "a.jpg").touch()
    if rng.random() < 0.3:
        path.write_bytes(damaged_json(records, rng))
    else:
        lines = [json.dumps(one).encode() for one in records]
        at = rng.randrange(len(lines))
        lines[at] = damaged_json(records[at], rng)
        path.write_bytes(b"\n".join(lines))
    good, problems = check_samples(path, images, kind=rng.choice((None, "conv")))
    assert all(one_line(problem) for problem in problems), problems
    audit(path, None, None)
    if good:
        write_samples(folder / "again.jsonl", good)
        assert list(read_samples(folder / "again.jsonl", images)) == good
    if problems:
        raise DataError(problems[0])


REPLIES = (
    "Q: Is the left arm bent?\nA: Yes, the left elbow is bent.\n\nQ: Who waves?\nA: The woman in the park waves.",
    '```json\n[{"question": "Where is she?", "answer": "She stands in a park."}, {"q": "Why?", "a": "To wave."}]\n```',
    '{"description": "A woman stands in a park, her left arm is bent and her right knee is straight, waving to us."}',
    "**Question 1:** What is the person doing?\n**Answer:** Waving, with the left wrist above the shoulder.\n",
    "The woman stands upright in a park. Her left elbow is bent at 90 degrees; the keypoints say [0.3, 0.2].",
    "[['What is she doing?', 'She is waving.'], ['Is she sitting?', 'No, she stands.']]",
)
RATINGS = (
    "8 7.5\nAssistant 1 is closer to the picture.",
    "Rating: 7/10\nThe answer names both arms.",
    "**Score: 9**",
    "The first answer is right.\n9, 4",
)


def replies(rng: random.Random, folder: Path) -> None:
    """A teacher's reply -> a reading -> its line in the ledger and back; a judge's reply -> ratings."""
    if rng.random() < 0.3:
        text = damaged_text(rng.choice(RATINGS), rng)
        read_ratings(
            text, rng.choice(list(JudgeProtocol)), mark="4f1c9a0b7d2e", answers=(text[::2],), cut_off=rng.random() < 0.1
        )
        return
    kind, scene = rng.choice(("conv", "detail", "complex")), rng.choice((ALONE, THREE))
    found = read_reply(
        damaged_text(rng.choice(REPLIES), rng), kind, scene=scene, facts=tuple(scene_facts(scene)),
        finish=rng.choice(("stop", "stop", "length")), conv_form=rng.choice(("pairs", "dialogue")),
        instruction="Describe the person." if kind == "detail" else None,
    )  # fmt: skip
    assert Reading.from_json(found.to_json()) == found
    if found.reason:
        raise ReplyError(found.reason)


def answers(rng: random.Random, folder: Path) -> None:
    """Answers and questions made elsewhere."""
    asked = [{"id": f"{n}-conv", "scene_id": n, "image": "a.jpg", "kind": "conv", "text": "Who?"} for n in (1, 2, 3)]
    asked[0]["asked"] = {"kind": "elbow", "person": 0, "part": "left elbow"}
    rows = [{"question_id": f"{n}-conv", "text": f"Answer {n}."} for n in (1, 2, 3)]
    path = folder / "rows.jsonl"
    hurt = rng.choice((asked, rows))
    lines = [json.dumps(row).encode() for row in hurt]
    at = rng.randrange(len(lines))
    lines[at] = damaged_json(hurt[at], rng)
    path.write_bytes(b"\n".join(lines))
    if hurt is asked:
        questions = read_questions(path)
        json.dumps([question.text for question in questions]).encode()
        return
    questions = [Question(id=row["id"], scene_id=1, image="a.jpg", kind="conv", text="Who?") for row in asked]
    for answer in FileAnswerer(path).answers(questions, folder, "arm"):
        answer.text.encode()


OVERRIDES = {
    "train": (
        "data=detail", "data=mixture", "data.kinds.conv=0.5", "optim.lr=0.1", "optim.betas=[0.9,0.99]", "seed=3",
        "batch_size=4", "model=tiny", "model.max_length=512", "connector=linear", "strategy=ddp", "judge=pose",
        "callbacks.checkpoint=null", "trainer.max_epochs=2", "output_dir=out", "results_dir=out/r", "logger=none",
        "scenes.num_train=10", "teacher.num_samples=40", "teacher.context=boxes", "evaluate=false",
        "benchmark.num_images=4", "probe.num_items=10", "optim.schedule=constant", "model.dtype=bfloat16",
    ),
    "generate": (
        "scenes=world", "scenes.seed=2", "scenes.image_size=128", "teacher.num_samples=10", "teacher=vllm",
        "teacher.endpoint.model=x/y", "max_usd=3", "dry_run=true", "split=val", "output_dir=out", "exports=[llava]",
        "num_page_scenes=0", "teacher.endpoint.price_in=0.5", "teacher.endpoint.base_url=http://localhost:1/v1",
        "teacher.context.conv=captions", "teacher.max_asks=2", "teacher.quality=reject", "teacher.conv_form=dialogue",
    ),
}  # fmt: skip


def configs(rng: random.Random, folder: Path) -> None:
    """A command line with one damaged setting among good ones."""
    script = rng.choice(("train", "generate", "generate", "generate", "generate"))
    words = rng.sample(OVERRIDES[script], 2)
    if rng.random() < 0.5:
        words[0] = damaged_bytes(words[0].encode(), rng).decode("utf-8", "surrogateescape")
    else:
        nasty = damaged_value([0], rng)
        text = nasty if isinstance(nasty, str) else json.dumps(nasty)
        words[0] = f"{words[0].partition('=')[0]}={text}"
    settings(script, conf_folder(), [word.replace("\x00", "") for word in words])


TARGETS = {"coco": coco, "samples": samples, "replies": replies, "answers": answers, "configs": configs}


def one_line(message: str) -> bool:
    """Whether a message can be shown: a line or a list of them, of bearable length, nothing that moves a cursor."""
    try:
        message.encode()
    except UnicodeEncodeError:
        return False
    shown = all(letter == "\n" or letter.isprintable() for letter in message)
    return shown and all(0 < len(line) <= 1500 for line in message.split("\n"))
