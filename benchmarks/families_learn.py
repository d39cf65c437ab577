"""Does a base of another family learn as LLaVA does? Random weights of equal size, the world's samples, held-out loss.

    python -m benchmarks.families_learn qwen3_vl llava

Each family trains by ``train.py`` itself, packed and with its own template and pictures, once on the samples as they
are and once with every sample's picture replaced by another's, held-out samples too: what that arm learns, words alone
teach. Prints nats a held-out token at the start, on the way and at the end. Tokenizers differ by family, so that losses
are compared within a family; the falls, in per cent of the start, between them.
"""

import argparse
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.files import read_jsonl, write_jsonl
from tests.families import tiny

ROOT = Path(__file__).resolve().parents[1]
FAMILIES = ("llava", "qwen3_vl")
WIDTH, LAYERS, HEADS = 96, 4, 4
PIXELS = 128
"""A side of LLaVA's picture; the other family gets as many tokens of a picture, 64, by its own rule."""
TEXT: dict[str, Any] = {
    "hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS,
    "num_key_value_heads": HEADS, "head_dim": WIDTH // HEADS, "initializer_range": 0.02, "max_position_embeddings": 2048,
}  # fmt: skip


def write_random(name: str, folder: Path) -> int:
    """Write a family's folder with random weights; returns how many there are."""
    model, processor = tiny.made(name)
    config = model.config
    _set(config.text_config, TEXT)
    if name == "llava":
        _set(config.vision_config, {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "num_hidden_layers": 2,
                                    "num_attention_heads": HEADS, "image_size": PIXELS, "patch_size": 16})  # fmt: skip
        config.image_seq_length = (PIXELS // 16) ** 2
        processor.patch_size = 16
        processor.image_processor.size = {"shortest_edge": PIXELS}
        processor.image_processor.crop_size = {"height": PIXELS, "width": PIXELS}
    else:
        half = WIDTH // HEADS // 2
        config.text_config.rope_parameters = {**tiny.QWEN3_ROPE, "mrope_section": [half // 2, half // 4, half // 4]}
        _set(config.vision_config, {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH, "depth": 2,
                                    "num_heads": HEADS, "out_hidden_size": WIDTH})  # fmt: skip
        processor.image_processor.size = {"shortest_edge": 256 * 256, "longest_edge": 256 * 256}
    torch.manual_seed(0)
    made = type(model)(config)
    made.save_pretrained(folder)
    processor.save_pretrained(folder)
    return made.num_parameters()


def _set(config: Any, values: dict[str, Any]) -> None:
    for name, value in values.items():
        setattr(config, name, value)


def write_samples(out: Path, num_pictures: int, kind: str) -> tuple[Path, Path, Path]:
    """The world's samples of one kind, the same with other pictures, and the folder of the pictures."""
    made = out / "made"
    if not (made / "samples.jsonl").is_file():
        words = [f"output_dir={made}", f"scenes.num_train={num_pictures}", "scenes.num_val=10", "num_page_scenes=0"]
        _run([sys.executable, str(ROOT / "generate.py"), *words], out)
    rows = [row for _, row in read_jsonl(made / "samples.jsonl", what="samples") if row.get("kind", kind) == kind]
    pictures = list(dict.fromkeys(row["image"] for row in rows))
    others = random.Random(0).sample(pictures, len(pictures))
    moved = dict(zip(others, [*others[1:], others[0]], strict=True))
    write_jsonl(out / "true.jsonl", rows)
    write_jsonl(out / "shuffled.jsonl", [{**row, "image": moved[row["image"]]} for row in rows])
    return out / "true.jsonl", out / "shuffled.jsonl", made


def _run(words: list[str], out: Path) -> None:
    done = subprocess.run(words, cwd=out, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(words[:4])} ... failed:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}")


def learn(name: str, samples: Path, images: Path, out: Path, steps: int) -> list[tuple[int, float]]:
    """Train a family's random base by ``train.py``; (step, nats a held-out token)."""
    run = out / "runs" / f"{name}-{samples.stem}"
    settings = {
        "model.base": out / name, "model.freeze_vision": "false", "model.max_length": 1024, "data": "conv",
        "data.path": samples, "data.images": images, "data.num_val": 150, "evaluate": "false", "batch_size": 12,
        "trainer.max_steps": steps, "trainer.max_epochs": -1, "trainer.val_check_interval": 0.5, "optim.lr": "2e-3",
        "optim.muon_lr": "null", "callbacks.checkpoint.every_n_steps": 0, "output_dir": run,
    }  # fmt: skip
    _run([sys.executable, str(ROOT / "train.py"), *(f"{key}={value}" for key, value in settings.items())], out)
    rows = [row for _, row in read_jsonl(run / "metrics.jsonl", what="metrics")]
    return [(int(row["step"]), row["val/loss"]) for row in rows if "val/loss" in row]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.families_learn")
    parser.add_argument("families", nargs="*", default=list(FAMILIES), choices=FAMILIES)
    parser.add_argument("--out", type=Path, default=Path("outputs/families_learn"))
    parser.add_argument("--pictures", type=int, default=600)
    parser.add_argument("--steps", type=int, default=120)
    given = parser.parse_args()
    out = given.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    true, shuffled, made = write_samples(out, given.pictures, "conv")
    images = next(made.parent.glob("outputs/world/*/train"))
    for name in given.families:
        print(f"{name}: {write_random(name, out / name) / 1e6:.1f} M parameters", flush=True)
        for samples in (true, shuffled):
            told = ", ".join(
                f"{loss:.3f} (step {step})" for step, loss in learn(name, samples, images, out, given.steps)
            )
            print(f"  {samples.stem} pictures, nats a held-out token: {told}", flush=True)


if __name__ == "__main__":
    main()
