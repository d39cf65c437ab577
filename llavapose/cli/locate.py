"""Ask a checkpoint where the joints of held-out people are: COCO's results, average precision, visibility.

python -m llavapose locate outputs/train/locate/hf                        the built-in world's held-out people
python -m llavapose locate CHECKPOINT scenes=coco2017 scenes.root=coco    people of COCO val2017, by their boxes
python -m llavapose locate CHECKPOINT --boxes detections.json scenes=coco2017 scenes.root=coco      by a detector's
python -m llavapose locate CHECKPOINT --photo beach.jpg --box 120 40 200 380    one's own photo, of a person in this box
python -m llavapose locate --answers replies.jsonl --format qwen scenes=coco2017 scenes.root=coco   another model's
python -m llavapose locate --results results.json scenes=coco2017 scenes.root=coco                  any estimator's
"""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from llavapose.config.schema import TrainConfig
from llavapose.errors import ConfigError, LlavaPoseError


def main() -> int:
    """Locate, write and print; 1 with one line on stderr if something is wrong with the input."""
    lines = (__doc__ or "").splitlines()
    parser = argparse.ArgumentParser(
        prog="python -m llavapose locate", description=lines[0], epilog="\n".join(lines[2:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("checkpoint", nargs="?", help="the `hf` folder of a run with data=locate or data=full_locate")
    parser.add_argument("settings", nargs="*", help="of evaluate.py: scenes=..., locate.coding=..., locate.size=...")
    parser.add_argument("--out", type=Path, default=Path("outputs/locate"), help="for the results (%(default)s)")
    parser.add_argument("--people", type=int, help="whole held-out pictures until there are as many people")
    add_sources(parser)
    parser.add_argument("--batch-size", type=int, help="questions answered at once (64)")
    given = parser.parse_intermixed_args()  # options may stand among the settings
    try:
        print("\n".join(chosen(given)(given)))
    except LlavaPoseError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 1
    except OSError as error:
        print(f"error: {error.filename or given.out}: {error.strerror or error}; check the path", file=sys.stderr)
        return 1
    return 0


def chosen(given: Any) -> Callable[[Any], list[str]]:
    """What the options ask for.

    Raises:
        ConfigError: they do not go together.
    """
    if given.batch_size is not None and given.batch_size < 1:
        raise ConfigError(f"--batch-size is {given.batch_size}; expected 1 or more")
    if given.box and given.photo is None:
        raise ConfigError("--box is of --photo; --boxes is a detector's file")
    if given.photo is not None:
        return in_photo
    return locate if given.answers is None and given.results is None else outside


def add_sources(parser: argparse.ArgumentParser) -> None:
    """What can stand in place of annotated boxes, and of a checkpoint."""
    parser.add_argument("--boxes", type=Path, help="a detector's, in COCO's results format, in place of annotated ones")
    parser.add_argument("--least-box", type=float, help="least score of such a box (0)")
    parser.add_argument("--photo", type=Path, help="of one's own, in place of annotated pictures")
    parser.add_argument(
        "--box", type=float, nargs=4, action="append", default=[], metavar=("X", "Y", "WIDTH", "HEIGHT"),
        help="of a person in the photo, in pixels; several times for several (the whole photo)",
    )  # fmt: skip
    parser.add_argument("--answers", type=Path, help="JSONL of another model's replies, in place of a checkpoint")
    parser.add_argument("--format", help="of the replies: rex_omni, qwen, qwen_pixels, molmo, llavapose")
    parser.add_argument("--results", type=Path, help="COCO's results of a pose estimator, in place of a checkpoint")


def outside(given: Any) -> list[str]:
    """The rows of what others located; loads no model.

    Raises:
        LlavaPoseError: settings, scenes or a file that are not right.
    """
    from llavapose.config.choices import SceneSource
    from llavapose.config.compose import composed, typed
    from llavapose.config.start import conf_folder
    from llavapose.locate.datasets.scored import crowding_lines, pckh_table
    from llavapose.locate.outside import answers_rows, results_rows

    if given.boxes is not None or (given.answers is not None) == (given.results is not None):
        raise ConfigError("--answers, --results and a checkpoint with --boxes go without each other; give one")
    for name, value in (
        ("--people", given.people),
        ("--least-box", given.least_box),
        ("--batch-size", given.batch_size),
    ):
        if value is not None:
            raise ConfigError(f"{name} is of a checkpoint; leave it out beside --answers and --results")
    if given.results is not None and given.format is not None:
        raise ConfigError("--format is of --answers; results have COCO's")
    words = [*([given.checkpoint] if given.checkpoint else []), *given.settings]  # no checkpoint: all are settings
    # Nothing is trained: neither a GPU nor the pictures of training need be here.
    config: TrainConfig = typed("train", composed("train", conf_folder(), ["data=locate", *words]))
    if given.results is not None:
        found = results_rows(config.scenes, given.results, given.out)
    else:
        found = answers_rows(config.scenes, config.locate, given.answers, given.format, given.out)
    shown = pckh_table(found.rows) if config.scenes.source == SceneSource.mpii else table(found.rows)
    return [*shown, *crowding_lines(found.rows), *found.notes, f"results: {given.out}"]


def in_photo(given: Any) -> list[str]:
    """Ask a checkpoint about a photo, as it was taught; nothing is scored.

    Raises:
        LlavaPoseError: a photo, a box or a checkpoint that is not right.
    """
    from llavapose.ask import OF_DRAWN_PEOPLE, check_input, is_tiny
    from llavapose.bars import tame_bars

    others = {"--boxes": given.boxes, "--answers": given.answers, "--results": given.results, "--people": given.people,
              "--least-box": given.least_box, "--format": given.format}  # fmt: skip
    odd = [name for name, value in others.items() if value is not None] + given.settings
    if odd:
        raise ConfigError(
            f"{odd[0]} does not go with --photo, which is asked as the checkpoint was taught; leave it out"
        )
    if given.checkpoint is None:
        raise ConfigError("--photo: no checkpoint; give the `hf` folder of a run")
    check_input(given.checkpoint, [given.photo])
    given.out.mkdir(parents=True, exist_ok=True)  # what cannot be is said before the model is loaded
    if is_tiny(given.checkpoint):
        print(OF_DRAWN_PEOPLE, file=sys.stderr)
    tame_bars()
    from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
    from llavapose.evaluation.locating.photo import locate_in_photo

    answerer = CheckpointAnswerer(given.checkpoint, batch_size=given.batch_size or 64)
    return locate_in_photo(answerer, given.photo, [tuple(box) for box in given.box], given.out)


def locate(given: Any) -> list[str]:
    """Ask a checkpoint: ``evaluate.py`` with nothing but this measure; prints its tables and writes its page.

    Raises:
        LlavaPoseError: settings, scenes or a checkpoint that are not right.
    """
    from llavapose.cli.ending import say_tables
    from llavapose.config.compose import settings
    from llavapose.config.start import conf_folder
    from llavapose.evaluation.evaluate import evaluate
    from llavapose.sweep.overrides import hydra_value

    if given.checkpoint is None or ("=" in given.checkpoint and not Path(given.checkpoint).exists()):
        raise ConfigError("no checkpoint; give the `hf` folder of a run, --answers or --results")
    if given.people is not None and given.people < 1:
        raise ConfigError(f"--people is {given.people}; expected 1 or more")
    told = {
        "checkpoint": given.checkpoint, "output_dir": given.out, "locate.num_people": given.people,
        "locate.boxes": given.boxes, "locate.least_box": given.least_box or 0.0,
        "answerer.batch_size": given.batch_size or 64,
    }  # fmt: skip
    words = [f"{name}={hydra_value(value)}" for name, value in told.items()]
    words += as_taught(Path(given.checkpoint), given.settings)
    words += ["arm=model", "benchmark.num_images=0", "probe.enabled=false", "controls=[]", "text_only=false"]
    config = settings("evaluate", conf_folder(), [*words, *given.settings])
    logging.basicConfig(level="INFO", format="%(message)s")
    evaluate(config)
    say_tables(config.output_dir)
    return [*other_measures(config), f"results: {config.output_dir / 'located'}"]


def as_taught(checkpoint: Path, given: Sequence[str]) -> list[str]:
    """Settings with which a checkpoint was taught to locate, but for those that are given."""
    from llavapose.evaluation.locating.taught import SETTINGS, taught_settings
    from llavapose.sweep.overrides import hydra_value

    taught = taught_settings(checkpoint)
    mine = {word.lstrip("+").partition("=")[0]: word.partition("=")[2].strip("\"'") for word in given}
    names = [name for name in SETTINGS if name in taught and f"locate.{name}" not in mine]
    # What nothing reads is refused: a whole picture is not cut out.
    if mine.get("locate.view", taught.get("view")) == "picture":
        names = [name for name in names if name not in ("size", "margin")]
    return [f"locate.{name}={hydra_value(taught[name])}" for name in names]


def other_measures(config: Any) -> Sequence[str]:
    """What CrowdPose and MPII measure beside the table, of the checkpoint's own pictures."""
    from llavapose.config.choices import SceneSource
    from llavapose.files import read_json
    from llavapose.locate.datasets.scored import crowding_lines, pckh_table

    rows = read_json(config.output_dir / "located" / "model.json", what="located")["rows"]
    if config.scenes.source == SceneSource.mpii:
        return pckh_table(rows)
    return crowding_lines(rows)


def table(rows: dict[str, dict[str, Any]]) -> Sequence[str]:
    """Rows for a terminal, in the scale of every other table: times 100."""
    found = [f"{'':<10} {'AP':>20} {'AP50':>6} {'AP75':>6} {'AR':>6} {'parsed':>7}"]
    for name, row in rows.items():
        ap = {key: value * 100 for key, value in row["AP"].items()}
        cells = f"{ap['value']:.1f} [{ap['low']:.1f}, {ap['high']:.1f}]"
        others = " ".join(f"{row[key]['value'] * 100:>6.1f}" for key in ("AP50", "AP75", "AR"))
        parsed = f"{row['parsed']:.2f}" if "parsed" in row else ""
        found.append(f"{name:<10} {cells:>20} {others} {parsed:>7}".rstrip())
    return found


if __name__ == "__main__":
    sys.exit(main())
