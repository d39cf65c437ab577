"""How much of a pose lies open in the vision encoder's features: a linear readout of every kind of pose fact.

    python benchmarks/readout.py                       # the shipped tiny base
    python benchmarks/readout.py outputs/base_captions # any tiny checkpoint

Pictures of one person; the features of all patches are averaged, and a logistic regression for each part of the body
is fitted on the training pictures and scored on the held-out ones. A language model cannot read easily what a linear
readout cannot.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.base.vision import load_pictures, normalise, patch_features
from llavapose.model.pretrained import load_model
from llavapose.pose.facts.scene import scene_facts
from llavapose.records import Scene
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

KINDS = ("facing", "stance", "trunk", "knee", "elbow", "arm_height", "arm_side", "leg_lift", "legs")


def labels(scenes: list[Scene]) -> dict[tuple[str, str | None], dict[int, str]]:
    """(kind, part) -> index of a scene -> value, for every sure fact about the only person."""
    found: dict[tuple[str, str | None], dict[int, str]] = defaultdict(dict)
    for number, scene in enumerate(scenes):
        for fact in scene_facts(scene):
            if fact.sure and fact.kind in KINDS:
                found[fact.kind, fact.part][number] = fact.value
    return found


@torch.no_grad()
def mean_features(tower: torch.nn.Module, pictures: Tensor) -> Tensor:
    """float[M, D]: the mean over the patches of each picture of uint8[M, 3, H, W]."""
    return torch.cat([patch_features(tower, normalise(part)).mean(1) for part in pictures.split(64)])


def readout_accuracy(train: Tensor, target: Tensor, test: Tensor, truth: Tensor, *, num_classes: int) -> float:
    """Balanced accuracy (mean recall) of a logistic regression that weighs its classes equally in the fit."""
    weight = torch.zeros(train.shape[1], num_classes, requires_grad=True)
    bias = torch.zeros(num_classes, requires_grad=True)
    balance = 1 / torch.bincount(target, minlength=num_classes).clamp(min=1)
    optimizer = torch.optim.LBFGS([weight, bias], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(train @ weight + bias, target, balance) + 1e-3 * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    said = (test @ weight + bias).argmax(1)
    recalls = [(said[truth == c] == c).float().mean() for c in range(num_classes) if (truth == c).any()]
    return float(torch.stack(recalls).mean())


def main() -> None:
    """Print one line a kind of fact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default="tiny")
    parser.add_argument("--pictures", type=int, default=6000, help="drawn in all; about half show one person")
    parser.add_argument("--seed", type=int, default=21)
    options = parser.parse_args()
    settings = WorldSettings(num_train=options.pictures, num_val=options.pictures // 4, seed=options.seed)
    root = ensure_world(Path("outputs/world"), settings)
    tower = load_model(options.checkpoint).model.vision_tower.eval()
    sides = []
    for split in ("train", "val"):
        whole = read_world(root, split)
        scenes = [scene for scene in whole.scenes if len(scene.people) == 1]
        features = mean_features(tower, load_pictures(scenes, whole.images, size=tower.config.image_size))
        sides.append((features, labels(scenes)))
    (train, known), (test, asked) = sides
    center, spread = train.mean(0), train.std(0).clamp(min=1e-6)
    train, test = (train - center) / spread, (test - center) / spread
    print(f"{'fact':28s} {'values':>6s} {'train':>6s} {'test':>6s}  balanced accuracy (chance)")
    for (kind, part), values in sorted(known.items(), key=str):
        names = sorted(set(values.values()))
        if len(names) < 2 or not asked.get((kind, part)):
            continue
        rows, held = list(values), [n for n, value in asked[kind, part].items() if value in names]
        accuracy = readout_accuracy(
            train[rows],
            torch.tensor([names.index(values[n]) for n in rows]),
            test[held],
            torch.tensor([names.index(asked[kind, part][n]) for n in held]),
            num_classes=len(names),
        )
        what = kind if part is None else f"{kind}: {part}"
        print(f"{what:28s} {len(names):6d} {len(rows):6d} {len(held):6d}  {accuracy:.2f} ({1 / len(names):.2f})")


if __name__ == "__main__":
    main()
