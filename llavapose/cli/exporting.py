"""The probe for others by one command, and what another harness found, as our tables.

python evaluate.py export=lmms_eval scenes=coco2017 output_dir=DIR                 JSONL, data card, task folder
python evaluate.py export=lmms_eval output_dir=DIR exported.results=LOGS           tables of what lmms-eval logged
"""

from collections.abc import Sequence
from pathlib import Path

from llavapose.config.choices import ExportTo
from llavapose.config.compose import settings
from llavapose.config.schema import EvaluateConfig
from llavapose.errors import ConfigError, DataError
from llavapose.owner import Place, take

ARM = "lmms_eval"
"""What the tables call the model that another harness asked, unless ``arm`` says otherwise."""


def export_probe(conf: Path, target: str, overrides: Sequence[str]) -> None:
    """Write the probe of the held-out scenes for another harness, or read back what it logged.

    Args:
        conf: the configuration files.
        target: a harness, ``lmms_eval``.
        overrides: the other settings of the command line.

    Raises:
        ConfigError: mistakes in the settings.
        DataError: annotations that are not there, logged samples that do not belong to the export.
    """
    if target not in list(ExportTo):
        raise ConfigError(f"export is {target}; expected one of {', '.join(ExportTo)}")
    given = {text.lstrip("+").partition("=")[0] for text in overrides}
    # Nobody answers: annotations are read, and no pictures.
    own = {"arm": ARM, "checkpoint": "tiny", "dry_run": "true"}
    if "benchmark" not in given:
        own["benchmark.num_images"] = "0"
    config: EvaluateConfig = settings(
        "evaluate", conf, [*(f"{name}={value}" for name, value in own.items() if name not in given), *overrides]
    )
    if config.exported.results is not None:
        _tell_results(config, config.exported.results)
    else:
        _write(config)


def _write(config: EvaluateConfig) -> None:
    from llavapose.evaluation.parts import benchmark_of
    from llavapose.evaluation.probe.public.folder import Asked, write_public
    from llavapose.scenes.open import open_scenes

    out = config.output_dir
    take(Place(folder=out), {"export": "lmms_eval", "scenes": config.scenes.name, "seed": config.probe.seed})
    benchmark = benchmark_of(config.benchmark, config.scenes, pictures=False)
    asked = Asked(name=benchmark.name, questions=tuple(benchmark.questions)) if benchmark.questions else None
    scenes = open_scenes(config.scenes, "val", pictures=False)
    card = write_public(out, scenes.scenes, config.probe, config.scenes, asked)
    print(f"{card['num_items']} facts of {card['num_images']} pictures in both orders, {card['num_rows']} rows")
    print(f"{out / card['file']}: sha256 {card['sha256']}")
    if asked:
        print(f"{len(asked.questions)} questions of {asked.name}: {out / 'questions.jsonl'}")
    print(f"POSE_PROBE_IMAGES={scenes.images} python -m lmms_eval --include_path {out / 'lmms_eval'} "
          "--tasks pose_probe_all --log_samples --output_path LOGS --model ...")  # fmt: skip


def _tell_results(config: EvaluateConfig, results: Path) -> None:
    from llavapose.evaluation.probe.public.logged import read_answers, read_logged
    from llavapose.evaluation.probe.public.rows import PROBE_FILE, read_choice_rows
    from llavapose.files import write_jsonl

    folder, told = config.output_dir / "results", config.output_dir / PROBE_FILE
    if answers := read_answers(results):
        path = folder / "answers" / f"{config.arm}.jsonl"
        write_jsonl(path, answers)
        print(f"{len(answers)} answers to open questions: {path}, for answerer=file answerer.path={path}")
        if results.is_file() or not any(results.rglob("*_samples_pose_probe*.jsonl")):
            return
    logged = read_logged(results, read_choice_rows(told), config.arm)
    if not logged.rows:
        raise DataError(f"exported.results: {results} has no fact of {told} in both orders; ask without --limit")
    write_jsonl(folder / "probe" / f"{config.arm}.jsonl", logged.rows)
    if logged.num_partial:
        print(f"{logged.num_partial} facts were asked in one order alone and are left out")
    for pictures, num in logged.num_empty.items():
        print(f"{pictures}: {num} replies are empty, as where lmms-eval's model failed (see its log): unanswered")
    _say_probes(folder)


def _say_probes(folder: Path) -> None:
    """Print and write the tables of all models that were read back into a folder."""
    from llavapose.evaluation.probe.rows import check_probes, read_probe
    from llavapose.evaluation.probe.score import PROBE_COLUMNS, probe_table
    from llavapose.files import atomic_write, write_csv
    from llavapose.report.tables import as_markdown, as_text, probe_grid, probe_groups_grid, read_table

    check_probes(folder)
    arms = sorted(path.stem for path in (folder / "probe").glob("*.jsonl"))
    rows = [row for arm in arms for row in read_probe(folder, arm)]
    write_csv(folder / "probe.csv", probe_table(rows), PROBE_COLUMNS)
    for arm in arms:
        own = [row for row in rows if row["arm"] == arm]
        unanswered = sum(one is None for row in own for one in row["chosen"])
        print(f"{arm}: {len(own)} facts asked in both orders, {unanswered} of {2 * len(own)} choices unanswered")
    table = read_table(folder, "probe.csv")
    grids = (probe_grid(table, arms), probe_groups_grid(table, arms))
    for grid in grids:
        print(f"\n{as_text(grid)}", flush=True)
    with atomic_write(folder / "tables.md") as stream:
        stream.write("\n".join(map(as_markdown, grids)))
    print(f"\ntables: {folder / 'tables.md'}, with every number in {folder / 'probe.csv'}")
