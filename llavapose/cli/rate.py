"""People rate what lies in a folder of results: the page for them, and their ratings read back.

python evaluate.py report=rate output_dir=DIR                         writes DIR/rate/index.html
python evaluate.py report=rate output_dir=DIR rate.ratings=[a.jsonl]  joins exports with the key, makes the tables anew
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from llavapose.cli.ending import say_tables
from llavapose.config.compose import composed, typed
from llavapose.config.evaluating import BenchmarkConfig, EvaluateConfig
from llavapose.config.register import built
from llavapose.config.scenes import ScenesConfig
from llavapose.errors import ConfigError, DataError
from llavapose.records import PEOPLE

_TAKEN = ("rate", "scenes", "benchmark", "output_dir", "baseline")
_READING_BACK = ("output_dir", "baseline")


def rate_answers(conf: Path, _chosen: str, overrides: Sequence[str]) -> None:
    """Write the page, or read ratings back and make the tables anew.

    Raises:
        ConfigError: settings that are of no use here, or pictures that are not those of the questions.
        DataError: no results there, or ratings that are not of their draw.
    """
    config = _settings(conf, overrides)
    if config.rate.ratings is not None:
        _check_read(overrides)
        _read_back(config)
    else:
        named = any(text.lstrip("+").startswith(("scenes", "benchmark")) for text in overrides)
        _write_page(config, [(config.benchmark, config.scenes)] if named else _evaluated(config))


def _settings(conf: Path, overrides: Sequence[str]) -> EvaluateConfig:
    heads = {text: text.lstrip("+").partition("=")[0].partition(".")[0].partition("@")[0] for text in overrides}
    if odd := [text for text, head in heads.items() if head not in _TAKEN]:
        raise ConfigError(f"`{odd[0]}`: people rate what lies in output_dir; expected {', '.join(_TAKEN)} alone")
    if "output_dir" not in heads.values():
        raise ConfigError(
            "output_dir has no value; report=rate needs the folder of results that evaluate.py has written"
        )
    given = [_listed(text) for text in overrides]
    config: EvaluateConfig = typed("evaluate", composed("evaluate", conf, [*given, f"arm={PEOPLE}", "checkpoint=tiny"]))
    if not config.output_dir.is_dir():
        raise DataError(f"rate: no folder {config.output_dir}; expected one that evaluate.py writes (output_dir)")
    return config


def _check_read(overrides: Sequence[str]) -> None:
    """What only a page is made of has no say in what was rated: the key tells that."""
    for text in overrides:
        name = text.lstrip("+").partition("=")[0]
        if name != "rate.ratings" and name not in _READING_BACK:
            raise ConfigError(
                f"`{text}`: with rate.ratings the draw is that of its key, and nothing reads this; leave it out"
            )


def _listed(text: str) -> str:
    """``rate.ratings=a.jsonl`` and ``rate.arms=full`` as lists of one; a pattern's stars must be quoted for Hydra."""
    name, _, value = text.partition("=")
    if name not in ("rate.ratings", "rate.arms") or value in ("", "null"):
        return text
    inner = value[1:-1] if value.startswith("[") and value.endswith("]") else value
    words = [word.strip().strip("'\"") for word in inner.split(",")]
    quoted = ",".join("'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'" for word in words if word)
    return f"{name}=[{quoted}]"


Asked = tuple[BenchmarkConfig, ScenesConfig]


def _write_page(config: EvaluateConfig, asked: Sequence[Asked]) -> None:
    from llavapose.evaluation.judges.people.draw import draw
    from llavapose.evaluation.judges.people.key import keep_key, salt_of
    from llavapose.evaluation.judges.people.needed import needed_told, spread_of, too_few_told
    from llavapose.report.explorer.blind import write_rating_page

    folder = config.output_dir
    found = draw(folder, config.rate, config.baseline, salt=salt_of(folder))
    scenes = _scenes(folder, asked)
    needed = needed_told(found, spread_of(folder, found.arms, found.mode), config.rate.half_width)
    path = folder / "rate" / "index.html"
    key = keep_key(folder, found)
    write_rating_page(found, scenes, path, needed=needed)
    unit = "answers" if found.mode == "scale" else "pairs of answers"
    print(
        f"{found.num_pictures} of {found.num_there} pictures by lot (rate.seed={found.seed}), {len(found.items)} {unit}"
    )
    print(f"arms: {', '.join(found.arms)}")
    if found.left_out:
        print(f"{found.left_out} pictures could not be drawn: a kind of question or an arm's answer is missing there")
    print(needed)
    if few := too_few_told(found, folder, config.baseline):
        print(few)
    print(f"page for raters: {path}\nkey, not for raters: {key}")
    print(f"read back with: report=rate output_dir={folder} rate.ratings=[FILE,...]", flush=True)


def _scenes(folder: Path, asked: Sequence[Asked]) -> Any:
    """The pictures that the questions of a folder are about: of the first settings that ask just these."""
    from llavapose.evaluation.benchmarks.protocol import questions_hash
    from llavapose.evaluation.parts import benchmark_of
    from llavapose.files import read_json

    told = folder / "benchmark.json"
    wanted = read_json(told, what="benchmark").get("hash") if told.is_file() else None
    for benchmark, scenes in asked:
        made = benchmark_of(benchmark, scenes)
        if questions_hash(made.questions) == wanted:
            return made.scenes
    raise ConfigError(
        f"rate: the questions in {folder} ({wanted}) are not those of these settings; give the scenes=... and "
        "benchmark=... that they were asked with"
    )


def _evaluated(config: EvaluateConfig) -> list[Asked]:
    """Benchmark and scenes of an evaluation that left its settings in the folder; behind it the usual ones."""
    found = []
    for path in sorted(config.output_dir.glob("settings/*/config.yaml"))[:1]:
        try:
            values: Any = OmegaConf.to_container(OmegaConf.load(path), resolve=True)
            found.append((built(BenchmarkConfig, values["benchmark"]), built(ScenesConfig, values["scenes"])))
        except (OmegaConfBaseException, KeyError, TypeError, ValueError):
            continue  # of another version
    return [*found, (config.benchmark, config.scenes)]


def _read_back(config: EvaluateConfig) -> None:
    from llavapose.evaluation.judges.people.exports import exports_named, keep_ratings, read_exports
    from llavapose.evaluation.judges.people.key import read_key
    from llavapose.evaluation.tables.results import arms_found

    folder = config.output_dir
    key = read_key(folder)
    given = read_exports(exports_named(config.rate.ratings or ()), key)
    print("\n".join(keep_ratings(folder, key, given)), flush=True)
    if arms_found([folder]):
        say_tables(folder, config.baseline)
    else:
        print(f"no tables yet: no judge has rated anything in {folder}", flush=True)
