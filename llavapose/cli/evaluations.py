"""Several evaluations by one command: a grid of settings, every arm of a training sweep, a folder of answers.

python evaluate.py -m judge=gpt4o,claude checkpoint=... arm=full      one after the other, then the tables
python evaluate.py sweep=outputs/sweeps/... judge=gpt4o               every arm that was trained there
python evaluate.py board=DIR                                          tables and page from what lies there
python evaluate.py report=rate output_dir=DIR                         a page on which people rate the answers there
python evaluate.py judge_card=gpt4o output_dir=DIR                    what a judge is worth, beside what it has rated
"""

import itertools
import math
import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from llavapose.cli.card import complete_card, complete_cards
from llavapose.cli.ending import say_tables
from llavapose.cli.exporting import export_probe
from llavapose.cli.rate import rate_answers
from llavapose.config.checks.inputs import missing_anchor
from llavapose.config.compose import settings
from llavapose.config.places import claim_sweep, claimed
from llavapose.config.register import as_settings
from llavapose.config.schema import EvaluateConfig, TrainConfig
from llavapose.errors import ConfigError, DataError, LlavaPoseError
from llavapose.files import read_json
from llavapose.records import BASELINE
from llavapose.sweep.jobs import values_of
from llavapose.sweep.overrides import evaluation_overrides, hydra_value


def evaluate_one(config: EvaluateConfig) -> None:
    """Evaluate one arm, or say what that would cost.

    Raises:
        ConfigError: a judge lays answers beside others that are not there.
    """
    from llavapose.evaluation.evaluate import evaluate

    if config.dry_run:
        _plan([config])
        return
    if missing := missing_anchor(config.rating, config.arm, config.output_dir):
        raise ConfigError("\n".join(missing))
    folder = evaluate(config)
    if config.checkpoint is not None:
        complete_card(Path(config.checkpoint), folder, config.arm)
    if config.tables:
        say_tables(folder, config.baseline)


def _plan(configs: Sequence[EvaluateConfig], names: Sequence[str] = ()) -> None:
    """Print what evaluations would ask and cost, of several each under its name, and their sum."""
    from llavapose.evaluation.evaluate import arm_of
    from llavapose.evaluation.plan import added, lines, plan_of

    planned: set[str] = set()
    plans = [plan_of(arm_of(config), planned) for config in configs]
    for name, plan in zip(names, plans, strict=False):
        print(f"\n{name}\n" + "\n".join(lines(plan)), flush=True)
    if len(plans) > 1:
        print("\nin all, what several ask counted once", flush=True)
    if len(plans) > 1 or not names:
        print("\n".join(lines(added(plans))), flush=True)


def _one_by_one(configs: Sequence[EvaluateConfig], names: Sequence[str]) -> list[str]:
    """Evaluate each, whatever became of the others; what went wrong, in lines."""
    problems = []
    for config, name in zip(configs, names, strict=True):
        print(f"\n{name}", flush=True)
        try:
            evaluate_one(config)
        except LlavaPoseError as error:
            goes_on = f" (goes on with {error.goes_on_with})" if error.goes_on_with else ""
            problems += [f"{name}: {line}{goes_on}" for line in str(error).splitlines()]
            print(f"{name}: not evaluated, the others go on: {str(error).splitlines()[0]}", flush=True)
    return problems


def evaluate_grid(conf: Path, overrides: Sequence[str]) -> None:
    """Every combination of the values given, one after the other; a folder's tables are made once, at the end.

    Raises:
        ConfigError: every mistake of every combination, before the first is evaluated.
        LlavaPoseError: some went wrong; the tables of the others are there.
    """
    combinations = [list(one) for one in itertools.product(*map(values_of, overrides))]
    configs, problems = [], []
    for combination in combinations:
        try:
            configs.append(settings("evaluate", conf, combination))
        except ConfigError as error:
            problems += str(error).splitlines()
    if problems:
        raise ConfigError("\n".join(dict.fromkeys(problems)))
    names = [shlex.join(combination) for combination in combinations]
    if any(config.dry_run for config in configs):
        _plan(configs, names)
        return
    placed = []
    for combination, config in zip(combinations, configs, strict=True):
        chosen = [text.partition("=")[2].strip("'") for text in claimed(config, combination)]
        placed.append(replace(config, output_dir=Path(chosen[0])) if chosen else config)
    problems = _one_by_one([replace(config, tables=False) for config in placed], names)
    for folder, config in {config.output_dir: config for config in placed}.items():
        if config.tables and folder.is_dir() and any(folder.glob("verdicts/*/*.jsonl")):
            say_tables(folder, config.baseline)
    if problems:
        raise LlavaPoseError("\n".join(problems))


def evaluate_sweep(conf: Path, folder: str, overrides: Sequence[str]) -> None:
    """Evaluate every arm that a training sweep left, as its own settings say and ``overrides`` change.

    What is there already is kept; at the end come the sweep's tables and page anew.

    Raises:
        ConfigError: mistakes in the settings.
        DataError: no training sweep there.
        LlavaPoseError: some arms went wrong; tables and page of the others are there.
    """
    from llavapose.report.sweep import finish_sweep

    path = Path(folder) / "jobs.json"
    if not path.is_file():
        raise DataError(f"sweep: no jobs.json in {folder}; expected the folder of a training sweep (sweep_dir)")
    refused = [text for text in overrides if text.partition("=")[0] in ("arm", "checkpoint", "output_dir", "tables")]
    if refused:
        raise ConfigError(f"`{refused[0]}`: the sweep's own jobs say so; leave it out")
    if others := [text for text in overrides if stands_for_folder(text)]:
        raise ConfigError(
            f"`{others[0]}`: is a command of its own; give output_dir=FOLDER with it, and leave out sweep="
        )
    jobs = [job for job in read_json(path, what="sweep") if job["exit_code"] == 0]
    # The baseline first: a judge of pairs lays its answers beside the others'.
    jobs.sort(key=lambda job: job["arm"] != BASELINE)
    configs = [settings("evaluate", conf, [*_words(conf, job), *overrides]) for job in jobs]
    names = [f"{job['arm']} {job.get('variant', '')}".rstrip() for job in jobs]
    if any(config.dry_run for config in configs):
        _plan(configs, names)
        return
    claim_sweep(Path(folder), ["evaluate", *overrides])
    problems = _one_by_one(configs, names)
    finish_sweep(Path(folder))
    complete_cards(Path(folder))
    if problems:
        raise LlavaPoseError("\n".join(problems))


def _words(conf: Path, job: dict[str, Any]) -> tuple[str, ...]:
    """The overrides that evaluate a job as it was evaluated."""
    told = OmegaConf.create(job["settings"])
    assert isinstance(told, DictConfig), job
    config: TrainConfig = as_settings(TrainConfig, told)
    checkpoint = config.model.base if job["arm"] == BASELINE else str(Path(job["dir"]) / "hf")
    words = evaluation_overrides(conf, config, checkpoint=checkpoint, arm=job["arm"])
    return (*words, "tables=false", f"output_dir={hydra_value(job['results_dir'])}")


def rebuild_board(conf: Path, folder: str, overrides: Sequence[str]) -> None:
    """Tables and page of a folder of answers and verdicts, whoever made them; no model and no key is needed.

    Raises:
        ConfigError: further settings than ``baseline`` and ``max_missing``.
        DataError: no questions there, or answers and verdicts that do not belong to them.
    """
    from llavapose.evaluation.judges.missing import MAX_MISSING
    from llavapose.evaluation.tables.entries import check_entries
    from llavapose.report.board import write_board

    given = {name: value for name, _, value in (text.partition("=") for text in overrides)}
    if odd := [name for name in given if name not in ("baseline", "max_missing")]:
        raise ConfigError(f"`{odd[0]}=...`: a board is made of what lies in its folder; expected baseline=ARM or "
                          "max_missing=SHARE alone")  # fmt: skip
    most = _share("max_missing", given.get("max_missing"), MAX_MISSING)
    board = Path(folder)
    if not board.is_dir():
        what = "is a file" if board.is_file() else "is not there"
        raise DataError(f"board: {folder} {what}; expected a folder that evaluate.py writes (output_dir)")
    check_entries(board, max_missing=most)
    claim_sweep(board, ["board"])
    write_board(board, given.get("baseline", BASELINE))


def _share(name: str, text: str | None, default: float) -> float:
    try:
        value = default if text is None else float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise ConfigError(f"{name} is {text}; expected a share from 0 to 1")
    return value


def make_judge_card(conf: Path, judge: str, overrides: Sequence[str]) -> None:
    """Measure a judge by answers whose truth is known, or say what that would cost; no checkpoint is needed.

    Raises:
        ConfigError: mistakes in the settings, or a judge that asks no model.
        DataError: no picture that answers can be planted about.
    """
    from llavapose.evaluation.judges.card.making import make_cards, planned_cards
    from llavapose.evaluation.plan import lines
    from llavapose.report.tables.cards import write_card_page

    config = card_settings(conf, judge, overrides)
    if config.dry_run:
        print("\n".join(lines(planned_cards(config))), flush=True)
        return
    for card in make_cards(config):
        print(f"Judge's card: {write_card_page(card)}", flush=True)
    if any(config.output_dir.glob("verdicts/*/*.jsonl")):
        say_tables(config.output_dir, config.baseline)


def card_settings(conf: Path, judge: str, overrides: Sequence[str]) -> EvaluateConfig:
    """The settings of a judge's cards: those of an evaluation without anybody who answers.

    Raises:
        ConfigError: mistakes, somebody who answers, or a judge that asks no model.
    """
    own = ("arm", "checkpoint", "answerer", "judge", "probe.enabled")
    if refused := [text for text in overrides if text.partition("=")[0] in own]:
        raise ConfigError(f"`{refused[0]}`: judge_card={judge} says who judges, and nobody else answers; leave it out")
    usual = [] if any(text.startswith("output_dir=") for text in overrides) else ["output_dir=outputs/evaluate/judged"]
    fixed = ["answerer=text_only", "arm=text_only", "probe.enabled=false"]
    config = settings("evaluate", conf, [f"judge={judge}", *fixed, *usual, *overrides])
    if config.judge.endpoint is None:
        raise ConfigError(f"judge_card={judge}: asks no model, and needs no card; expected a judge with an endpoint, "
                          "such as judge_card=gpt4o or judge_card=endpoint judge.endpoint=vllm")  # fmt: skip
    return config


FOLDERS = {
    "sweep": evaluate_sweep, "board": rebuild_board, "report=rate": rate_answers, "judge_card": make_judge_card,
    "export": export_probe,
}  # fmt: skip
"""Settings that stand for a whole folder of evaluations, or for something else than one -> what is done."""


def stands_for_folder(override: str) -> bool:
    """Whether a word of the command line is one of ``FOLDERS``, with whatever value."""
    return any(override == name or override.startswith(f"{name}=") for name in FOLDERS)
