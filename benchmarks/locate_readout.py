"""How well joints can be read off a vision encoder's features by ridge regression: what an answer in words is held to.

    python -m benchmarks.locate_readout                                    the shipped tiny base, the built-in world
    python -m benchmarks.locate_readout CHECKPOINT scenes.num_train=6000   any checkpoint, any scenes

The features of all patches of a person's crop, side by side, are the input; the 34 coordinates are the output. The
penalty is chosen on a tenth of the training people. Rows: the readout, the same with another person's crop, the mean.
All are as sure of everyone: beside them stands a model's AP "unranked", not its AP.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from llavapose.base.vision import normalise, patch_features
from llavapose.config.compose import settings
from llavapose.config.start import conf_folder
from llavapose.files import fingerprint
from llavapose.locate.make import asking_of
from llavapose.locate.score import keypoint_intervals
from llavapose.locate.shown import Shown, mean_pose, shown_people, shuffled, write_crops
from llavapose.model.pretrained import load_model
from llavapose.scenes.open import keypoint_file, open_scenes, scenes_settings

PENALTIES = (1e-1, 1.0, 1e1, 1e2, 1e3, 1e4)


def features_of(people: list[Shown], names: list[str], folder: Path, tower: torch.nn.Module) -> Tensor:
    """float32[N, patches x width]: of each person's crop."""
    found = []
    for start in range(0, len(names), 64):
        images = [Image.open(folder / name).convert("RGB") for name in names[start : start + 64]]
        size = (tower.config.image_size,) * 2
        pixels = np.stack([np.asarray(image.resize(size, Image.Resampling.BICUBIC)) for image in images])
        with torch.no_grad():
            found.append(patch_features(tower, normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2))).flatten(1))
    return torch.cat(found)


def targets_of(people: list[Shown]) -> Tensor:
    """float64[N, 34]: NaN where a joint is not labelled in the crop."""
    values = [[one.spots[name].place or (np.nan, np.nan) for name in one.spots] for one in people]
    return torch.tensor(np.array(values).reshape(len(people), -1))


class Ridge:
    """One ridge regression a coordinate, in the dual where there are fewer people than features."""

    def __init__(self, inputs: Tensor, wanted: Tensor, penalty: float) -> None:
        self.mean, self.std = inputs.mean(0), inputs.std(0).clamp(min=1e-6)
        rows = self._scaled(inputs)
        self.middle = wanted.nanmean(0)
        # A joint that is not labelled is taken for the mean: it pulls nothing either way.
        rest = torch.nan_to_num(wanted - self.middle, nan=0.0).to(rows.dtype)
        few = len(rows) < rows.shape[1]
        gram = rows @ rows.T if few else rows.T @ rows
        gram.diagonal().add_(penalty * rows.shape[1])
        solved = torch.linalg.solve(gram, rest if few else rows.T @ rest)
        self.weight = rows.T @ solved if few else solved

    def _scaled(self, inputs: Tensor) -> Tensor:
        return (inputs - self.mean) / self.std

    def __call__(self, inputs: Tensor) -> Tensor:
        """float64[N, 34]."""
        return (self._scaled(inputs) @ self.weight).double() + self.middle


def main() -> None:
    """Print a row each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", nargs="?", default="tiny")
    parser.add_argument("settings", nargs="*")
    parser.add_argument("--out", type=Path, default=Path("outputs/locate_readout"))
    given = parser.parse_args()
    if "=" in given.checkpoint:
        given.checkpoint, given.settings = "tiny", [given.checkpoint, *given.settings]
    config = settings("train", conf_folder(), ["data=locate", *given.settings])
    asking = asking_of(config.locate)
    tower = load_model(given.checkpoint).model.vision_tower.eval()
    sides: list[tuple[list[Shown], Tensor]] = []
    for split in ("train", "val"):
        chosen = open_scenes(config.scenes, split)
        people = shown_people(chosen.scenes, asking)
        folder = given.out / fingerprint([scenes_settings(config.scenes, split), asking.size, asking.margin])
        write_crops(people, chosen.images, folder, asking.size)
        sides.append((people, features_of(people, [one.image for one in people], folder, tower)))
    (train, inputs), (val, asked) = sides
    wanted, held = targets_of(train), len(train) // 10
    errors = {}
    for penalty in PENALTIES:
        said = Ridge(inputs[held:], wanted[held:], penalty)(inputs[:held])
        errors[penalty] = float((said - wanted[:held]).square().nanmean())
    best = min(errors, key=lambda one: errors[one])
    print({key: round(value**0.5, 4) for key, value in errors.items()})
    readout = Ridge(inputs, wanted, best)
    others = {one.image: at for at, one in enumerate(val)}
    rows = {
        "readout": readout(asked),
        "shuffled": readout(asked[[others[name] for name in shuffled([one.image for one in val])]]),
        "mean": torch.tensor(mean_pose(train)).double().flatten().expand(len(val), -1),
    }
    annotations = keypoint_file(config.scenes, "val")
    print(f"{len(train):,} people to fit, {len(val):,} held out, penalty {best:g}")
    for name, places in rows.items():
        points = places.reshape(len(val), -1, 2).tolist()
        located = [
            one.located([(x, y) for x, y in row], [1.0] * len(row)) for one, row in zip(val, points, strict=True)
        ]
        ids = {one.scene.id for one in val}
        found = keypoint_intervals(annotations, located, image_ids=ids, measures=("AP", "AP50", "AP75", "AR"))
        told = ", ".join(f"{key} {one.value:.3f} [{one.low:.3f}, {one.high:.3f}]" for key, one in found.items())
        print(f"{name:<9} {told}")


if __name__ == "__main__":
    main()
