"""How long from `python train.py` to the first step, and how much memory, once samples are indexed?

    python -m benchmarks.start --samples 200328
    python -m benchmarks.start --samples 2000000

Writes samples of the papers' three kinds and lengths, 4.4 a picture, below outputs/benchmarks/start, and trains
the tiny model for one step twice: the first run builds the index, the second finds it. CPU seconds and memory are those
of the whole process: imports, the step, its checkpoint and the exported folder included. The step is of 2 samples, for
activations grow with the step and not with the set. Ends with 1 beyond a limit.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
SHARES = {"conv": 112_980, "detail": 45_174, "complex": 42_174}
WORDS = {"conv": 12, "detail": 98, "complex": 60}
SAMPLES_PER_PICTURE = 200_328 / 45_174
MAX_CPU_S = 20.0
"""To the first step over 200,328 samples, more samples are not held to it."""
MAX_MB = {200_328: 600, 2_000_000: 1_200}
PARTS = ("knee", "elbow", "shoulder", "wrist", "hip", "ankle", "hand", "arm", "leg", "head")
STATES = ("bent", "straight", "raised", "lowered", "stretched out", "held close to the body", "turned to the camera")


def sentence(draw: random.Random) -> str:
    side, who = draw.choice(("left", "right")), draw.choice(("person", "woman on the left", "man in front", "child"))
    return f"The {side} {draw.choice(PARTS)} of the {who} is {draw.choice(STATES)}."


def text(draw: random.Random, kind: str) -> str:
    most = max(4, round(draw.lognormvariate(0, 0.3) * WORDS[kind]))
    found: list[str] = []
    while sum(len(one.split()) for one in found) < most:
        found.append(sentence(draw))
    return " ".join(found)


def write_samples(folder: Path, number: int, *, size: tuple[int, int] = (128, 96)) -> None:
    """Samples as JSONL, and their pictures as links to a few files."""
    folder.mkdir(parents=True, exist_ok=True)
    num_pictures = round(number / SAMPLES_PER_PICTURE)
    images = folder / "images"
    images.mkdir(exist_ok=True)
    for at in range(64):
        Image.effect_noise(size, 40 + at).convert("RGB").save(images / f"source{at:02}.jpg")
    for at in range(num_pictures):
        target = images / f"{at:012}.jpg"
        if not target.exists():
            os.link(images / f"source{at % 64:02}.jpg", target)
    draw = random.Random(0)
    kinds = [kind for kind, share in SHARES.items() for _ in range(round(number * share / sum(SHARES.values())))]
    kinds += ["conv"] * (number - len(kinds))
    with (folder / "samples.jsonl.part").open("w") as stream:
        for at, kind in enumerate(kinds[:number]):
            talk = [
                {"from": "human", "value": f"<image>\nWhat is the pose of the person? ({draw.choice(PARTS)})"},
                {"from": "gpt", "value": text(draw, kind)},
            ]
            record = {
                "id": f"{at}-{kind}-0",
                "image": f"{draw.randrange(num_pictures):012}.jpg",
                "kind": kind,
                "conversations": talk,
                "provenance": {"scene": at, "teacher": "offline", "context": "keypoints", "prompt": "1", "seed": 0},
            }
            stream.write(json.dumps(record) + "\n")
    (folder / "samples.jsonl.part").rename(folder / "samples.jsonl")


def run(folder: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds of all its processes, and the largest process's MB, of a training of one step."""
    words = [
        sys.executable, str(ROOT / "train.py"), f"data.path={folder / 'samples.jsonl'}",
        f"data.images={folder / 'images'}", f"data_dir={folder / 'data'}", f"output_dir={folder / 'out'}",
        "trainer.max_steps=1", "batch_size=2", "trainer.accelerator=cpu", "evaluate=false",
    ]  # fmt: skip
    started = time.monotonic()
    shutil.rmtree(folder / "out", ignore_errors=True)
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"error: {' '.join(words)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def beyond(number: int, *, cpu_s: float, mb: float) -> list[str]:
    """One phrase for each limit of a start that finds its index."""
    most_mb = next(limit for most, limit in MAX_MB.items() if number <= most or most == max(MAX_MB))
    wrong = [f"{mb:.0f} MB; expected at most {most_mb}"] * (mb > most_mb)
    return wrong + [f"{cpu_s:.1f} CPU s; expected at most {MAX_CPU_S}"] * (cpu_s > MAX_CPU_S and number <= 200_328)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.start", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=int, default=200_328)
    parser.add_argument("--keep", action="store_true", help="an index that is there, also in part, is not built anew")
    given = parser.parse_args()
    number = given.samples
    folder = ROOT / "outputs" / "benchmarks" / "start" / str(number)
    if not (folder / "samples.jsonl").exists():
        write_samples(folder, number)
    if not given.keep:
        shutil.rmtree(folder / "data", ignore_errors=True)
    print(f"{number:,} samples, {(folder / 'samples.jsonl').stat().st_size / 2**20:,.0f} MB\n", flush=True)
    print("| run | wall s | CPU s | largest process, MB |\n|---|---|---|---|")
    for name in ("index built", "index found"):
        wall, cpu, memory = run(folder)
        print(f"| {name} | {wall:.1f} | {cpu:.1f} | {memory:.0f} |", flush=True)
    size = sum(file.stat().st_size for file in (folder / "data" / "index").rglob("*") if file.is_file())
    print(f"\nindex: {size / 2**20:,.0f} MB")
    wrong = beyond(number, cpu_s=cpu, mb=memory)
    for line in wrong:
        print(f"error: index found: {line}", file=sys.stderr)
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
