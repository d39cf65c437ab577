"""The recipe of the tiny base, stage by stage.

World (with a seed of its own), vision encoder, baseline samples (captions and boxes), tokenizer, LLaVA. Every stage
leaves files, and a stage whose files are there is not run again.
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import lightning as L
import torch
from safetensors.torch import load_file, save_file
from transformers import CLIPVisionModel, PreTrainedTokenizerFast

from llavapose.base.architecture import IMAGE_SIZE, PATCH_SIZE, tiny_llava, vision_config
from llavapose.base.connector import settle_connector
from llavapose.base.tokenizer import make_processor, train_tokenizer
from llavapose.base.vision import VisionRecipe, pretrain_vision, vision_report
from llavapose.config.choices import Context, Dtype
from llavapose.config.schema import DataConfig, ModelConfig, OptimConfig, TrainConfig
from llavapose.config.teaching import TeacherConfig
from llavapose.files import fingerprint, read_json, read_jsonl, sha256, write_json
from llavapose.kinds import KINDS, taught_kinds
from llavapose.model.pretrained import write_checkpoint
from llavapose.samples import read_samples
from llavapose.scenes.coco import SceneSet
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world
from llavapose.teacher.offline.write import generate
from llavapose.training.callbacks.curves import Curves
from llavapose.training.callbacks.packing import PackingCheck
from llavapose.training.callbacks.throughput import Throughput
from llavapose.training.fit import fit
from llavapose.training.told.facts import FACTS

WORLD_SEED = 7_000_001
"""Seed of the base's own world: the demo's and the results' worlds have others, so that no picture is shared."""

NUM_SETTLED = 1024
"""Pictures that the connector's start is measured on."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Everything that decides the base.

    Attributes:
        vision: "keypoints" (regression at every patch, then frozen) or "captions" (no pre-training: the encoder learns
            with the language model, from captions and boxes alone).
        num_images: training pictures of the base's own world; the encoder sees all of them.
        num_told: how many of them the language model learns from.
        num_read: how many of them the tokenizer's texts come from.
        num_val: its held-out pictures.
        num_held: samples held out of the LLaVA stage.
        vocab_size: entries of the tokenizer.
        encoder: stages of the vision encoder's pre-training, each with a warm restart of the rate.
        lr, muon_lr, batch_size, epochs: of the LLaVA stage.
        seed: of weights and orders.
    """

    vision: str = "keypoints"
    num_images: int = 20000
    num_told: int = 4000
    num_read: int = 1500
    num_val: int = 400
    num_held: int = 512
    vocab_size: int = 1800
    encoder: tuple[VisionRecipe, ...] = (
        VisionRecipe(steps=16000, things=False),
        VisionRecipe(steps=12000, lr=1.2e-3, muon_lr=0.014),
    )
    lr: float = 1.5e-3
    muon_lr: float = 0.02
    batch_size: int = 32
    epochs: int = 1
    seed: int = 0


def base_world(recipe: Recipe, work: Path) -> Path:
    """The folder of the base's world."""
    settings = WorldSettings(num_train=recipe.num_images, num_val=recipe.num_val, seed=WORLD_SEED)
    return ensure_world(work / "world", settings)


def write_samples_of(scenes: SceneSet, num: int, context: str, work: Path, *, seed: int) -> Path:
    """Samples of every kind about the first ``num`` scenes from one context; returns the JSONL file."""
    folder = work / f"samples-{num}-{context}"
    path = folder / "samples.jsonl"
    if not path.exists():
        teacher = TeacherConfig(name="offline", context=dict.fromkeys(taught_kinds(), Context(context)), seed=seed)
        generate(scenes=replace(scenes, scenes=scenes.scenes[:num]), teacher=teacher, out=folder)
    return path


def base_tokenizer(samples: list[Path], images: Path, recipe: Recipe) -> PreTrainedTokenizerFast:
    """A tokenizer for the offline teacher's language in all contexts: pose words are not spelt letter by letter."""
    texts = [turn.text for path in samples for sample in read_samples(path, images) for turn in sample.turns]
    return train_tokenizer(texts, vocab_size=recipe.vocab_size)


def base_encoder(recipe: Recipe, scenes: SceneSet, held_out: SceneSet, work: Path) -> CLIPVisionModel:
    """The pre-trained vision encoder, with the held-out numbers of every stage beside it."""
    torch.manual_seed(recipe.seed)
    tower = CLIPVisionModel(vision_config()).eval()
    for number, path in enumerate(encoder_files(recipe, work)):
        if path.exists():
            tower.load_state_dict(load_file(path))
            continue
        heads = pretrain_vision(tower, scenes.scenes, scenes.images, recipe.encoder[number])
        report = vision_report(tower, heads, held_out.scenes, held_out.images)
        print(f"vision encoder, stage {number + 1}, held-out pictures:", json.dumps(report), flush=True)
        write_json(path.with_suffix(".json"), report)
        save_file(tower.state_dict(), path)
    return tower


def encoder_files(recipe: Recipe, work: Path) -> list[Path]:
    """Where the encoder is kept after each stage."""
    stages = [asdict(stage) for stage in recipe.encoder]
    names = [fingerprint([stages[: number + 1], recipe.num_images]) for number in range(len(stages))]
    return [work / f"vision-{name}.safetensors" for name in names]


def base_llava(recipe: Recipe, samples: Path, images: Path, start: Path, out: Path) -> Path:
    """Train the LLaVA from ``start`` on the baseline's samples; returns its Hugging Face folder."""
    config = TrainConfig(
        data=DataConfig(
            name="base",
            kinds=dict.fromkeys(KINDS, 1.0),
            max_length=512,
            max_branches_per_image=0,
            num_val=recipe.num_held,
        ),
        model=ModelConfig(
            name="tiny", base=str(start), dtype=Dtype.float16, freeze_vision=recipe.vision == "keypoints"
        ),
        optim=OptimConfig(lr=recipe.lr, muon_lr=recipe.muon_lr, betas=[0.9, 0.98], weight_decay=0.01),
        batch_size=recipe.batch_size,
        seed=recipe.seed,
        output_dir=out,
        data_dir=samples.parent,
    )
    trainer = L.Trainer(
        max_epochs=recipe.epochs,
        accelerator="cpu",
        devices=1,
        gradient_clip_val=1.0,
        callbacks=[PackingCheck(), Throughput(), Curves(out)],
        logger=False,
        enable_checkpointing=False,
        enable_model_summary=False,
        use_distributed_sampler=False,
        log_every_n_steps=20,
        num_sanity_val_steps=0,
    )
    folder = fit(config, trainer, samples=samples, images=images)
    assert folder is not None
    return folder


def make_base(recipe: Recipe, *, work: Path, out: Path) -> Path:
    """Make a base from nothing.

    Args:
        recipe: what to make.
        work: folder of the intermediate files; a second call goes on from those.
        out: the finished base, a Hugging Face folder with ``recipe.json`` beside the weights.
    """
    world = base_world(recipe, work)
    scenes, held_out = read_world(world, "train"), read_world(world, "val")
    tower = base_encoder(recipe, scenes, held_out, work) if recipe.vision == "keypoints" else None
    samples = write_samples_of(scenes, recipe.num_told, "boxes", work, seed=recipe.seed)
    texts = [write_samples_of(scenes, recipe.num_read, c, work, seed=recipe.seed) for c in ("boxes", "keypoints")]
    tokenizer = base_tokenizer(texts, scenes.images, recipe)
    model = tiny_llava(tokenizer, tower, seed=recipe.seed)
    if tower is not None:
        settle_connector(model, scenes.scenes[:NUM_SETTLED], scenes.images)
    processor = make_processor(tokenizer, image_size=IMAGE_SIZE, patch_size=PATCH_SIZE)
    stage = work / f"llava-{fingerprint(asdict(recipe))}"
    start = write_checkpoint(
        stage / "start", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32
    )
    trained = base_llava(recipe, samples, scenes.images, start, stage)
    report = {
        "recipe": asdict(recipe),
        "data": {"world": world.name, "samples_sha256": sha256(samples)},
        "vision": read_json(encoder_files(recipe, work)[-1].with_suffix(".json"), what="vision report")
        if tower is not None
        else None,
        "curve_end": last_numbers(stage / "metrics.jsonl"),
    }
    if out.exists():
        shutil.rmtree(out)
    # A folder with facts of its training is a run's, whose card is written anew with every evaluation.
    shutil.copytree(trained, out, ignore=shutil.ignore_patterns("README.md", FACTS))
    write_json(out / "recipe.json", report)
    return out


def last_numbers(path: Path) -> dict[str, float]:
    """The last value of every number in a metrics file."""
    found: dict[str, float] = {}
    for _, line in read_jsonl(path, what="metrics"):
        found.update(line)
    return found
