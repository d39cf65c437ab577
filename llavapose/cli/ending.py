"""How a run ends: its tables, where it left its checkpoint, and the commands that go on from there."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from llavapose.cli.card import complete_cards
from llavapose.config.choices import SceneSource
from llavapose.config.schema import TrainConfig
from llavapose.config.start import conf_folder
from llavapose.files import read_json
from llavapose.records import BASELINE, POSE
from llavapose.sweep.jobs import is_job
from llavapose.sweep.overrides import evaluation_overrides, hydra_value

_OF_FILES = (SceneSource.coco, SceneSource.tracks)
"""Scenes whose held-out files a run may not have named, and an evaluation needs."""


def say_results(config: TrainConfig, checkpoint: Path) -> None:
    """Print what one run of ``train.py`` left, last what to do next; a sweep's job leaves that to its sweep."""
    if is_job(config):
        return
    if config.evaluate:
        say_tables(config.results_dir, runs={config.data.name: config.output_dir})
    print(f"checkpoint: {checkpoint}\n\nnext:")
    for aim, words in _next(config, checkpoint):
        print(f"  # {aim}\n  python -m llavapose {shlex.join(words)}")


def say_tables(folder: Path, baseline: str = BASELINE, *, runs: Mapping[str, Path] = MappingProxyType({})) -> None:
    """Print the tables of every arm whose results lie in ``folder``; write them and the page beside these.

    Args:
        folder: of the results.
        baseline: the arm that the others are compared with.
        runs: arm -> folder of its training run, for the page's curves.
    """
    from llavapose.evaluation.tables.verdicts import judges_found
    from llavapose.report.board import write_results
    from llavapose.report.tables.ablation import OFFLINE, is_papers

    intro = "Every arm that was evaluated here, answering the same questions about the same held-out pictures"
    write_results(folder, baseline, title="Evaluation", intro=intro, runs=runs)
    print(f"tables: {folder / 'tables.md'}, with every number in ablation.csv and probe.csv beside it")
    asked = read_json(told, what="benchmark") if (told := folder / "benchmark.json").is_file() else {}
    if is_papers(str(asked.get("name"))) and judges_found([folder]) == (POSE,):
        print(f"{asked['name']}: {OFFLINE}")


def say_sweep(folder: Path, config: TrainConfig) -> None:
    """The tables and the page of a sweep, then what the documents say of it."""
    from llavapose.report.reference import say_reference
    from llavapose.report.sweep import finish_sweep

    finish_sweep(folder)
    complete_cards(folder)
    if config.reference is not None:
        say_reference(folder, config.reference)


def _next(config: TrainConfig, checkpoint: Path) -> list[tuple[str, tuple[str, ...]]]:
    """(aim, words of the command); evaluations are those that the run's own settings ask for."""
    from llavapose.evaluation.tables.results import arms_found

    ask = ("ask", str(checkpoint), "photo.jpg", "What is the person doing?")
    found: list[tuple[str, tuple[str, ...]]] = [("ask it about a photo", ask)]
    if config.data.asked_kinds == {"locate"}:  # it has learnt to say nothing else
        found = [("ask it where the joints in a photo are", ("locate", str(checkpoint), "--photo", "photo.jpg"))]
    if not config.evaluate:
        found.append(("evaluate it", _evaluate(config, str(checkpoint), config.data.name)))
    if BASELINE not in arms_found([config.results_dir]):
        found.append(("evaluate its base too, for the difference", _evaluate(config, config.model.base, BASELINE)))
    return found


def _evaluate(config: TrainConfig, checkpoint: str, arm: str) -> tuple[str, ...]:
    settings = evaluation_overrides(conf_folder(), config, checkpoint=checkpoint, arm=arm)
    files = {"images": "FOLDER", "keypoints": "FILE"} if config.scenes.source in _OF_FILES else {}
    held_out = [f"scenes.val.{key}={word}" for key, word in files.items() if getattr(config.scenes.val, key) is None]
    return ("evaluate", *settings, f"output_dir={hydra_value(config.results_dir)}", *held_out)
