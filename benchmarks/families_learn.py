"""Does a base of another family learn as LLaVA does? Random weights, the world's samples, held-out loss, own pictures.

    python -m benchmarks.families_learn qwen3_vl llava      # about six minutes on one thread
    python -m benchmarks.families_learn --blind             # the control that must fail: trained on others' pictures

A tiny base of each family, of random weights, vision encoder included, is trained by ``train.py`` on the first
sentences of the world's descriptions ("Two people are on the beach."): packed, with the family's own chat template,
pictures and export. What is exported is read back, and its loss on held-out pictures is taken twice: with the answers'
own pictures, and with every picture exchanged with another held-out one, so that words are right and pictures are
wrong. A base that learns only how such sentences run loses nothing by the exchange. Losses are nats an answer, the same
answers for every family: tokenizers differ, so that nats a token could not be compared.

Exits 2 where the exported base's loss is not that which ``train.py`` told last, to 0.2%; 1 where a family's held-out
loss is not halved, or where the exchange of pictures costs the trained base nothing: the 95% interval of the
difference, paired by picture, reaches to 0 or below it. ``--blind`` trains on exchanged pictures and is right when it
exits 1: the loss falls there too, as far as words alone let it.
"""

import argparse
import math
import random
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.config.schema import DataConfig
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.datamodule import PoseDataModule
from llavapose.evaluation.statistics.intervals import t_interval
from llavapose.files import read_jsonl, write_jsonl
from llavapose.model.attention.branches import BRANCHES
from llavapose.model.attention.rules import rows_of, rules_of
from llavapose.model.bases import family_of_base
from llavapose.model.losses import sample_losses, token_losses
from llavapose.model.parts import family_of, language_of
from llavapose.model.pretrained import load_model, load_processor
from tests.families import tiny

ROOT = Path(__file__).resolve().parents[1]
FAMILIES = ("qwen3_vl", "llava")
WIDTH, LAYERS, HEADS = 96, 4, 4
SIDE = 128
"""Pixels a side of the pictures that both families see, as 16 tokens."""
TEXT: dict[str, Any] = {
    "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS, "head_dim": WIDTH // HEADS, "initializer_range": 0.02,
    "max_position_embeddings": 1024,
}  # fmt: skip
BATCH, MAX_LENGTH = 16, 512
SAME = 0.002
"""Share by which the exported base's loss may miss what the training told: the last digits of float32 sums."""
HALVED = 0.5


@dataclass(frozen=True, kw_only=True)
class Learnt:
    """What one family came to, all losses in nats a held-out answer.

    Attributes:
        family: whose base.
        parameters: how many weights.
        start: the loss before the first step, own pictures.
        start_other: the same with exchanged pictures.
        told: the loss behind every epoch, as ``train.py`` validates.
        end: float64[N], each held-out answer's loss of the exported base, own pictures.
        end_other: float64[N], the same with exchanged pictures.
    """

    family: str
    parameters: int
    start: NDArray[np.float64]
    start_other: NDArray[np.float64]
    told: list[float]
    end: NDArray[np.float64]
    end_other: NDArray[np.float64]

    @property
    def gap(self) -> tuple[float, float, float]:
        """What the exchange costs the trained base: the mean and its 95% interval."""
        return paired(self.end_other - self.end)

    def faults(self) -> list[str]:
        """What is not as it should be but for the export, one line each."""
        found = []
        if not self.end.mean() <= HALVED * self.start.mean():
            found.append(f"held-out loss {self.start.mean():.2f} -> {self.end.mean():.2f}: not halved")
        if not self.gap[1] > 0:
            found.append(f"exchanged pictures cost nothing: {said(self.gap)}")
        return [f"{self.family}: {fault}" for fault in found]

    def misread(self) -> list[str]:
        """Where the exported base is not the one that was trained."""
        if abs(self.end.mean() / self.told[-1] - 1) <= SAME:
            return []
        return [f"{self.family}: the exported base's loss is {self.end.mean():.3f}, train.py told {self.told[-1]:.3f}"]


def paired(values: NDArray[np.float64]) -> tuple[float, float, float]:
    """The mean of differences and its 95% interval, by Student's t; every value is of another picture."""
    mean = float(values.mean())
    return mean, *t_interval(mean, float(values.std(ddof=1)) / math.sqrt(len(values)), len(values) - 1)


def said(estimate: tuple[float, float, float]) -> str:
    """A mean with its interval."""
    return "{:+.2f} [{:+.2f}, {:+.2f}]".format(*estimate)


def write_random(name: str, folder: Path, seed: int) -> int:
    """Write a family's folder with random weights; returns how many there are."""
    model, processor = tiny.made(name)
    config = model.config
    _set(config.text_config, TEXT)
    encoder = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH}
    if name == "llava":
        _set(config.vision_config, {**encoder, "num_hidden_layers": 2, "num_attention_heads": HEADS,
                                    "image_size": SIDE, "patch_size": SIDE // 4})  # fmt: skip
        config.image_seq_length, processor.patch_size = 16, SIDE // 4
        processor.image_processor.size = {"shortest_edge": SIDE}
        processor.image_processor.crop_size = {"height": SIDE, "width": SIDE}
    else:
        half = WIDTH // HEADS // 2
        config.text_config.rope_parameters = {**tiny.QWEN3_ROPE, "mrope_section": [half // 2, half // 4, half // 4]}
        _set(config.vision_config, {**encoder, "depth": 2, "num_heads": HEADS, "out_hidden_size": WIDTH})
        processor.image_processor.size = {"shortest_edge": SIDE**2, "longest_edge": SIDE**2}
    torch.manual_seed(seed)
    made = type(model)(config)
    made.save_pretrained(folder)
    processor.save_pretrained(folder)
    return made.num_parameters()


def _set(config: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(config, name, value)


def write_samples(out: Path, num_pictures: int) -> tuple[Path, Path]:
    """First sentences of the world's descriptions, one a picture; their file and the folder of the pictures."""
    made = out / f"made-{num_pictures}"
    if not (made / "samples.jsonl").is_file():
        told = {"output_dir": made, "scenes.root": made / "world", "scenes.num_train": num_pictures}
        words = [f"{key}={value}" for key, value in {**told, "scenes.num_val": 1, "num_page_scenes": 0}.items()]
        _run("generate.py", out, *words)
    described = [row for _, row in read_jsonl(made / "samples.jsonl", what="samples") if row["kind"] == "detail"]
    rows = {row["image"]: {**row, "conversations": _first_sentence(row["conversations"])} for row in described}
    write_jsonl(made / "first.jsonl", rows.values())
    return made / "first.jsonl", next((made / "world").glob("*/train"))


def _first_sentence(turns: list[dict[str, str]]) -> list[dict[str, str]]:
    return [turns[0], {**turns[1], "value": re.split(r"(?<=\.) ", turns[1]["value"])[0]}]


def exchange(images: Path, names: list[str], folder: Path) -> None:
    """Copy pictures under each other's names: one circle, so that none keeps its own."""
    folder.mkdir(parents=True, exist_ok=True)
    circle = random.Random(0).sample(names, len(names))
    for name, other in zip(circle, [*circle[1:], circle[0]], strict=True):
        shutil.copyfile(images / other, folder / name)


def _run(script: str, out: Path, *settings: str) -> None:
    done = subprocess.run([sys.executable, str(ROOT / script), *settings], cwd=out, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{script} failed:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")


def data_of(base: Path, samples: Path, images: Path, *, num_val: int = 0, seed: int = 0) -> PoseDataModule:
    """Samples as ``train.py`` reads them."""
    return PoseDataModule(
        samples=samples, images=images, processor=load_processor(str(base), chat_template=CHAT_TEMPLATE),
        config=DataConfig(name="held_out", kinds={"detail": 1}, max_length=MAX_LENGTH, num_val=num_val),
        batch_size=BATCH, seed=seed, index=base.parent / f"index-{images.name}-{num_val}", base=str(base),
        family=family_of_base(str(base)),
    )  # fmt: skip


def losses_of(base: Path, samples: Path, images: Path) -> tuple[NDArray[np.float64], int]:
    """float64[N]: nats of each answer, in the file's order, and how many tokens they are together."""
    model = load_model(str(base)).eval()
    rules = rules_of(language_of(model).config, family_of(model))
    data = data_of(base, samples, images)
    found: dict[str, tuple[float, int]] = {}
    with torch.inference_mode():
        for micro in data.plan(0).micro_batches(0):
            batch = data.train[micro]
            told = sample_losses(token_losses(model, batch, BRANCHES.see(rows_of(batch, rules))), batch)
            found |= {data.train.sample(number).id: loss for number, loss in told.items()}
    rows = [found[row["id"]] for _, row in read_jsonl(samples, what="samples")]
    return np.array([loss for loss, _ in rows]), sum(tokens for _, tokens in rows)


def train(base: Path, samples: Path, images: Path, run: Path, *, num_val: int, epochs: int, seed: int) -> list[float]:
    """Train by ``train.py``; nats a held-out token behind every epoch."""
    settings = {
        "model.base": base, "model.freeze_vision": "false", "model.max_length": MAX_LENGTH, "data": "detail",
        "data.path": samples, "data.images": images, "data.num_val": num_val, "evaluate": "false", "batch_size": BATCH,
        "trainer.max_epochs": epochs, "optim.loss_mean": "token", "callbacks.checkpoint.every_n_steps": 0, "seed": seed,
        "output_dir": run,
    }  # fmt: skip
    _run("train.py", run.parent, *(f"{key}={value}" for key, value in settings.items()))
    rows = [row for _, row in read_jsonl(run / "metrics.jsonl", what="metrics")]
    return [row["val/loss"] for row in rows if "val/loss" in row]


def learn(name: str, samples: Path, images: Path, given: argparse.Namespace) -> Learnt:
    """Train a family's random base; its losses before, on the way and behind, with own and exchanged pictures."""
    out = given.out.resolve() / f"{name}-{given.seed}{'-blind' * given.blind}"
    shutil.rmtree(out, ignore_errors=True)
    base = out / "base"
    parameters = write_random(name, base, given.seed)
    rows = [row for _, row in read_jsonl(samples, what="samples")]
    data = data_of(base, samples, images, num_val=given.held_out, seed=given.seed)
    ids = {data.val.sample(number).id for number in range(len(data.val))}
    own = [row for row in rows if row["id"] in ids]
    write_jsonl(out / "held_out.jsonl", own)
    exchange(images, [row["image"] for row in own], out / "other")
    seen = images
    if given.blind:
        seen = out / "blind"
        exchange(images, [row["image"] for row in rows if row["id"] not in ids], seen)
        for row in own:
            shutil.copyfile(images / row["image"], seen / row["image"])
    per_token = train(base, samples, seen, out / "run", num_val=given.held_out, epochs=given.epochs, seed=given.seed)

    def losses(folder: Path, shown: Path) -> tuple[NDArray[np.float64], int]:
        return losses_of(folder, out / "held_out.jsonl", shown)

    (start, tokens), (start_other, _) = losses(base, images), losses(base, out / "other")
    (end, _), (end_other, _) = losses(out / "run/hf", images), losses(out / "run/hf", out / "other")
    told = [loss * tokens / len(own) for loss in per_token]
    return Learnt(family=name, parameters=parameters, start=start, start_other=start_other, told=told, end=end,
                  end_other=end_other)  # fmt: skip


def show(found: list[Learnt]) -> None:
    """One table."""
    heads = ("family", "parameters", "start", "behind each epoch", "end", "others' pictures", "difference",
             "difference at the start")  # fmt: skip
    print(f"| {' | '.join(heads)} |\n|---{'|---:' * (len(heads) - 1)}|")
    for one in found:
        cells = [
            f"`{one.family}`",
            f"{one.parameters / 1e6:.2f} M",
            f"{one.start.mean():.1f}",
            ", ".join(f"{loss:.1f}" for loss in one.told),
            f"{one.end.mean():.2f}",
            f"{one.end_other.mean():.2f}",
            said(one.gap),
            said(paired(one.start_other - one.start)),
        ]
        print(f"| {' | '.join(cells)} |")


def main(words: list[str] | None = None) -> int:
    """Print the table and what is not as it should be; the exit code says which."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", metavar="FAMILY", help=f"of {', '.join(FAMILIES)} (both)")
    parser.add_argument("--out", type=Path, default=Path("outputs/families_learn"))
    parser.add_argument("--pictures", type=int, default=1600, help="of the world, one sentence each (1600)")
    parser.add_argument("--held-out", type=int, default=200, help="of them (200)")
    parser.add_argument("--epochs", type=int, default=4, help="(4)")
    parser.add_argument("--seed", type=int, default=0, help="of weights, order and what is held out (0)")
    parser.add_argument("--blind", action="store_true", help="train on exchanged pictures: nothing is seen, exits 1")
    given = parser.parse_args(words)
    given.families = given.families or list(FAMILIES)
    if odd := [name for name in given.families if name not in FAMILIES]:
        parser.error(f"no random base of {odd[0]}; there are {', '.join(FAMILIES)}")
    if not (1 < given.held_out < given.pictures and given.epochs > 0):
        parser.error("--held-out needs two pictures at least and fewer than --pictures, --epochs 1 at least")
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    samples, images = write_samples(out, given.pictures)
    found = []
    for name in given.families:
        started = time.time()
        found.append(learn(name, samples, images, given))
        print(f"{name}: {time.time() - started:.0f} s", file=sys.stderr, flush=True)
    print(f"held-out loss, nats an answer ({len(found[0].end)} held-out pictures, {given.pictures} in all, "
          f"seed {given.seed}{', trained on exchanged pictures' * given.blind}):\n")  # fmt: skip
    show(found)
    misread = [line for one in found for line in one.misread()]
    faults = [line for one in found for line in one.faults()]
    print("\n" + "\n".join(misread + faults or ["as it should be: every loss is halved, every exchange costs"]))
    return 2 if misread else 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
