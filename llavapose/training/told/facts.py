"""What is known of an exported folder when training ends: ``training.json``, from which its card is written.

One literal fact sheet::

    {"arm": "detail", "base": "llava-hf/llava-1.5-7b-hf", "data": {"files": {"samples.jsonl": "3f0c..."}, ...},
     "training": {"optimizer steps": 6260, "samples a step": 32, ...}, "settings": {"optim": {"lr": 2e-05, ...}, ...},
     "versions": {"llavapose": "0.1.0", "torch": "2.13.0", ...}}
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from llavapose import __version__
from llavapose.config.schema import TrainConfig, plain_settings
from llavapose.data.datamodule import PoseDataModule
from llavapose.errors import DataError
from llavapose.files import read_json, sha256, write_json

FACTS = "training.json"
MADE_ELSEWHERE = "those that the samples name"
"""Whose pictures samples are about that somebody else made."""
_NOT_THE_RECIPE = (
    "output_dir", "results_dir", "sweep_dir", "data_dir", "resume", "evaluate", "launcher", "logger", "callbacks",
    "benchmark", "probe", "answerer", "judge",
)  # fmt: skip
_HUB_ID = re.compile(r"[\w-]+/[\w.-]+")


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known when training ends; plain values all through, places left out.

    Attributes:
        arm: the mixture's name.
        base: a hub id, ``tiny``, or the name of a folder.
        data: who wrote the samples, about which pictures, how many, with the hash of each file.
        training: steps and sizes.
        settings: of the run.
        versions: of the packages that compute.
    """

    arm: str
    base: str
    data: Mapping[str, Any]
    training: Mapping[str, Any]
    settings: Mapping[str, Any]
    versions: Mapping[str, str]


def facts_of(config: TrainConfig, data: PoseDataModule, *, samples: Path, training: Mapping[str, Any]) -> Facts:
    """The facts of one run.

    Args:
        config: its settings.
        data: its data module, set up.
        samples: the file or folder that the samples were read from.
        training: steps and sizes, by name.
    """
    base = config.model.base if is_hub_id(config.model.base) else Path(config.model.base).name
    made_here = config.data.path is None
    told = {
        "teacher": config.teacher.name if made_here else "samples made elsewhere",
        "scenes": config.scenes.name if made_here else MADE_ELSEWHERE,
        "files": {path.name: sha256(path) for path in _files(samples)},
        "samples": data.train.kind_counts,
        "pictures": data.train.num_pictures,
        "held-out samples": len(data.val),
        "cut at max_length": data.train.num_truncated,
    }
    if frames := data.train.num_frames:
        told["frames a clip"] = frames
    recipe = {key: value for key, value in plain_settings(config).items() if key not in _NOT_THE_RECIPE}
    if not made_here:
        recipe.pop("teacher")
        recipe.pop("scenes")
    return Facts(
        arm=config.data.name,
        base=base,
        data=told,
        training=training,
        settings=_published(recipe),
        versions={"llavapose": __version__} | {name: version(name) for name in ("torch", "transformers", "lightning")},
    )


def write_facts(folder: Path, facts: Facts) -> None:
    """Write ``training.json`` into an exported folder."""
    write_json(folder / FACTS, asdict(facts))


def read_facts(folder: Path) -> Facts:
    """The facts of an exported folder.

    Raises:
        DataError: they are missing or not whole.
    """
    told = read_json(folder / FACTS, what="facts of a training")
    try:
        return Facts(**told)
    except TypeError as error:
        raise DataError(f"model card: {folder / FACTS} is not what training leaves ({error}); train again") from None


def is_hub_id(base: str) -> bool:
    """Whether a base is a name on the hub, and no folder here."""
    return bool(_HUB_ID.fullmatch(base)) and not Path(base).exists()


def _files(samples: Path) -> list[Path]:
    return sorted(path for path in samples.rglob("*") if path.is_file()) if samples.is_dir() else [samples]


def _published(value: Any) -> Any:
    """Settings without what says where a machine keeps things: a card is published. What is not set is left out."""
    if isinstance(value, dict):
        kept = {key: _published(inner) for key, inner in value.items() if key not in ("base_url", "api_key_env")}
        return {key: inner for key, inner in kept.items() if inner is not None and inner != {}}
    if isinstance(value, list):
        return [_published(inner) for inner in value]
    return Path(value).name if isinstance(value, str) and value.startswith(("/", "~")) else value
