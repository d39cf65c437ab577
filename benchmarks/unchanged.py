"""What a rearrangement of the code must leave as it was: dumped from a small seeded run, as files to compare.

    python benchmarks/unchanged.py outputs/before      (then change the code)
    python benchmarks/unchanged.py outputs/after && diff -r outputs/before outputs/after

Requests and prompts, samples, readings of replies, token ids and labels, packed batches, five steps' losses and
gradients, benchmark, probe, answers, verdicts, tables and the text of the page. Half a minute on one core.
"""

import hashlib
import os
import re
import shutil
import sys
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import torch

from llavapose.config.compose import settings
from llavapose.data.datamodule import PoseDataModule
from llavapose.evaluation.benchmarks.world import build_benchmark
from llavapose.evaluation.evaluate import evaluate
from llavapose.evaluation.probe.items import build_probe, item_row
from llavapose.files import write_json
from llavapose.model.attention.mask import packed_mask
from llavapose.model.losses import token_losses, token_weights
from llavapose.model.parts import freeze_vision
from llavapose.model.pretrained import load_model
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import to_dict
from llavapose.report.sweep import finish_sweep
from llavapose.samples import read_samples
from llavapose.scenes.open import open_scenes
from llavapose.teacher.endpoint.write import assignment_of
from llavapose.teacher.make import ensure_samples
from llavapose.teacher.order import slots_between
from llavapose.teacher.prompts import prompt_hash
from llavapose.teacher.reply.reading import read_reply
from llavapose.training.fit import build_data

CONTEXTS = ("captions", "boxes", "keypoints", "other_keypoints")
NUM_STEPS = 5
LEAK = "Question: Where is it?\n===\nAnswer: At 0.31, 0.42."


def overrides(work: Path) -> list[str]:
    return [
        f"scenes.root={work}/world", "scenes.num_train=40", "scenes.num_val=60", f"data_dir={work}/samples",
        f"output_dir={work}/run", f"results_dir={work}/sweep", f"sweep_dir={work}/sweep",
        "teacher.num_samples=150", "benchmark.num_images=8", "probe.num_items=60", "batch_size=8", "data.num_val=12",
    ]  # fmt: skip


def text_of(html: str) -> str:
    """A page's words, one run of text a line, without style, drawings and pictures."""
    html = re.sub(r"<(style|svg|script)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return "\n".join(line for part in re.split(r"<[^>]*>", html) if (line := " ".join(part.split()))) + "\n"


def digest(tensor: torch.Tensor) -> str:
    return hashlib.sha256(tensor.detach().contiguous().numpy().tobytes()).hexdigest()[:16]


def dump_requests(config, scenes, out: Path) -> None:
    """Keys and messages of every kind in every context, and what is read out of answers given as replies."""
    prompts, requests = {}, []
    for context in CONTEXTS:
        asked = settings(
            "generate", ROOT / "conf",
            ["teacher=vllm", "teacher.endpoint.model=m", f"teacher.context={context}",
             f"scenes.root={config.scenes.root}", "scenes.num_train=40", "scenes.num_val=60", "teacher.num_samples=60"],
        )  # fmt: skip
        assignment = assignment_of(scenes, asked.teacher)
        for kind in assignment.wanted:
            prompts[f"{kind} {context}"] = [prompt_hash(kind, context), assignment.wording(kind)]
            for slot in slots_between(assignment.orders[kind], kind, 0, 6):
                request = assignment.request(slot)
                requests.append([context, slot.name, request.key, [[m.role, m.text] for m in request.messages]])
    write_json(out / "prompts.json", prompts)
    write_json(out / "requests.json", requests)


def dump_readings(samples, scenes, out: Path) -> None:
    by_image = {scene.image: scene for scene in scenes.scenes}
    lines = []
    for sample in samples:
        scene = by_image[sample.image]
        question, answer = sample.turns[0].text, sample.turns[1].text
        replies = {
            "conv": f"Question: {question}\n===\nAnswer: {answer}\n===\n" + LEAK,
            "detail": answer,
            "complex": f"Question: {question}\n===\nAnswer: {answer}",
        }
        for conv_form in ("pairs", "dialogue"):
            reading = read_reply(
                replies[sample.kind], sample.kind, scene=scene, facts=scene_facts(scene), finish="stop",
                conv_form=conv_form, instruction=question if sample.kind == "detail" else None,
            )  # fmt: skip
            lines.append(f"{sample.id} {conv_form} {reading.to_json()}")
    (out / "readings.txt").write_text("\n".join(lines) + "\n")


def dump_training(config, made, out: Path) -> None:
    """Ids and labels of every sample, the first packed batches, and five plain steps of gradient descent on them."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    data: PoseDataModule = build_data(config, samples=made.samples, images=made.images, accumulate=1)
    tokens = [
        [s.id, list(b.ids), "".join("01"[one] for one in b.supervised)]
        for part in (data.train, data.val)
        for s, b in ((part.sample(at), branch) for at, branch in enumerate(part.branches))
    ]
    write_json(out / "tokens.json", tokens)
    model = load_model("tiny")
    freeze_vision(model)
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.05)
    batches, steps = [], []
    for number, batch in enumerate(data.train_dataloader()):
        if number == NUM_STEPS:
            break
        batches.append({name: digest(value) for name, value in vars(batch).items() if isinstance(value, torch.Tensor)})
        batches[-1] |= {"num_samples": batch.num_samples, "step_weight": batch.step_weight}
        losses = token_losses(model, batch, packed_mask(batch.segments))
        loss = (losses * token_weights(batch, data.loss.power)).sum() / batch.step_weight
        optimizer.zero_grad()
        loss.backward()
        gradients = {n: digest(p.grad) for n, p in model.named_parameters() if p.grad is not None}
        steps.append({"loss": float(loss).hex(), "losses": digest(losses), "gradients": gradients})
        optimizer.step()
    write_json(out / "batches.json", batches)
    write_json(out / "steps.json", steps)


def dump_evaluation(config, scenes, work: Path, out: Path) -> None:
    """Two arms: the shipped base, and the same under another name with fewer tokens an answer."""
    questions = build_benchmark(scenes.scenes, seed=0, num_images=8)
    write_json(out / "benchmark.json", [to_dict(question) for question in questions])
    write_json(out / "probe_items.json", [item_row(item) for item in build_probe(scenes.scenes, 0, num_items=60)])
    sweep = work / "sweep"
    common = [one for one in overrides(work) if one.startswith(("scenes.", "benchmark.", "probe."))]
    for arm, extra in (("baseline", []), ("full", ["answerer.max_new_tokens=24"])):
        told = [*common, *extra, "checkpoint=tiny", f"arm={arm}", f"output_dir={sweep}"]
        evaluate(settings("evaluate", ROOT / "conf", told))
    job = {"variant": "", "dir": str(work / "none"), "results_dir": str(sweep), "exit_code": 0}
    write_json(sweep / "jobs.json", [{"arm": arm, **job} for arm in ("baseline", "full")])
    finish_sweep(sweep)
    (out / "page.txt").write_text(text_of((sweep / "report" / "index.html").read_text()))
    for path in sorted(sweep.rglob("*")):
        if path.is_file() and path.suffix in (".jsonl", ".csv", ".md", ".tex") and "wandb" not in str(path):
            target = out / "sweep" / path.relative_to(sweep)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)


def main(out: Path) -> None:
    work = out.with_name(f"{out.name}.work").resolve()
    for folder in (out, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    os.environ.setdefault("WANDB_MODE", "offline")
    config = settings("train", ROOT / "conf", overrides(work))
    made = ensure_samples(config.scenes, config.teacher, config.data_dir)
    shutil.copy(made.samples, out / "samples.jsonl")
    samples = read_samples(made.samples, made.images)
    scenes = open_scenes(config.scenes, "train")
    dump_requests(config, scenes, out)
    dump_readings(samples, scenes, out)
    dump_training(config, made, out)
    dump_evaluation(config, open_scenes(config.scenes, "val"), work, out)
    shutil.rmtree(work)
    files = [path for path in sorted(out.rglob("*")) if path.is_file()]
    whole = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]
    print(f"{len(files)} files in {out}, all together {whole}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
