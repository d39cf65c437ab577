"""A finished sweep as files: four arms and the baseline, one of them failed."""

import random
from pathlib import Path

import pytest
from PIL import Image

from llavapose.files import write_json, write_jsonl

ARMS = ("full", "conv", "detail", "complex", "baseline")
SIGHT = {"full": 0.85, "conv": 0.6, "detail": 0.75, "complex": 0.65, "baseline": 0.5}
BLIND = "Somebody is there."
SENTENCE = "The left elbow of the person is {}. She waits for <b>the ball</b> & smiles."


def write_results(folder: Path, arm: str, *, num_images: int = 24, seed: int = 0) -> None:
    """Answers, verdicts and probe rows of one arm, as evaluate.py leaves them."""
    rng = random.Random(f"{arm}/{seed}")
    questions = [
        {"id": f"{image}-{kind}", "scene_id": image, "image": f"{image}.jpg", "kind": kind,
         "text": f"Is the left elbow of the person bent or straight ({kind})?", "asked": None}
        for image in range(1, num_images + 1)
        for kind in ("conv", "detail", "complex")
    ]  # fmt: skip
    write_jsonl(folder / "benchmark.jsonl", questions)
    answers, verdicts = [], []
    for question in questions:
        right = rng.random() < SIGHT[arm]
        text = SENTENCE.format("bent" if right else "straight")
        claim = {"start": 0, "end": text.index("."), "outcome": "supported" if right else "contradicted",
                 "kind": "elbow", "part": "left elbow", "value": "bent", "negated": False, "person": 0}  # fmt: skip
        answers.append({"question_id": question["id"], "arm": arm, "text": text, "finish": "stop", "num_tokens": 9})
        verdicts.append({"question_id": question["id"], "arm": arm, "judge": "pose", "rating": 10.0 if right else 1.0,
                         "reason": "right: left elbow bent" if right else "wrong: left elbow straight",
                         "silent": False, "kind": question["kind"], "scene_id": question["scene_id"],
                         "claims": [claim]})  # fmt: skip
    write_jsonl(folder / "answers" / f"{arm}.jsonl", answers)
    write_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", verdicts)
    for control, rating in (("shuffled", 2.0), ("no_picture", 1.5)):
        rated = [{**row, "rating": rating, "claims": []} for row in verdicts]
        write_jsonl(folder / "verdicts" / "pose" / control / f"{arm}.jsonl", rated)
    blind = [{**row, "arm": "prior", "text": BLIND, "finish": "stop", "num_tokens": 9} for row in answers]
    write_jsonl(folder / "answers" / "prior.jsonl", blind)
    rated = [{**row, "arm": "prior", "rating": 1.0, "reason": "guessed", "claims": []} for row in verdicts]
    write_jsonl(folder / "verdicts" / "pose" / "prior.jsonl", rated)
    write_jsonl(folder / "probe" / f"{arm}.jsonl", probe_rows(arm, num_images, rng))
    for image in (1, 2, num_images):
        path = folder / "pictures" / f"{image}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 96), (60, 90 + 5 * image, 140)).save(path)


def probe_rows(arm: str, num_images: int, rng: random.Random) -> list[dict]:
    """Two kinds of fact about every picture, balanced, with and without its own picture."""
    rows = []
    for pictures in ("true", "shuffled"):
        for image in range(1, num_images + 1):
            for kind, group, values in (("elbow", "elbows and knees", ("bent", "straight")),
                                        ("arm_height", "arms", ("lowered", "raised"))):  # fmt: skip
                right = rng.random() < (SIGHT[arm] if pictures == "true" else 0.5)
                true, flipped = ([-1.0, -1.0], [-2.0, -2.0]) if right else ([-2.0, -2.0], [-1.0, -1.0])
                rows.append({
                    "arm": arm, "pictures": pictures, "id": f"{image}-{kind}", "scene_id": image, "group": group,
                    "kind": kind, "part": "left", "value": values[image % 2], "flipped_value": values[1 - image % 2],
                    "num_people": 1 + image // 2 % 2, "loglik_true": true, "loglik_flipped": flipped,
                })  # fmt: skip
    return rows


@pytest.fixture
def sweep(tmp_path):
    """A sweep's folder of which ``complex`` has failed, leaving a stale file of an earlier run behind."""
    folder = tmp_path / "sweep"
    jobs = []
    for arm in ARMS:
        write_results(folder, arm)
        run = folder / "runs" / arm
        run.mkdir(parents=True)
        lines = [{"step": step, "train/loss": 4 / (1 + step / 20), "lr": 1e-3} for step in range(0, 200, 10)]
        write_jsonl(run / "metrics.jsonl", [*lines, {"step": 199, "val/loss": 0.9}])
        code = 1 if arm == "complex" else 0
        jobs.append({"arm": arm, "variant": "", "dir": str(run), "results_dir": str(folder), "exit_code": code})
    write_json(folder / "jobs.json", jobs)
    return folder


@pytest.fixture
def seeds_sweep(tmp_path):
    """Two seeds of two arms; the baseline was evaluated once; ``conv`` failed with seed 1."""
    folder = tmp_path / "seeds"
    jobs = []
    for seed in (0, 1):
        for arm in ("full", "conv"):
            place = folder / f"seed={seed}"
            write_results(place, arm, seed=seed)
            failed = arm == "conv" and seed == 1
            jobs.append({"arm": arm, "variant": f"seed={seed}", "dir": str(place / "runs" / arm),
                         "results_dir": str(place), "exit_code": int(failed)})  # fmt: skip
    write_results(folder / "seed=0", "baseline")
    place = str(folder / "seed=0")
    jobs.append({"arm": "baseline", "variant": "seed=0", "dir": place, "results_dir": place, "exit_code": 0})
    write_json(folder / "jobs.json", jobs)
    return folder
