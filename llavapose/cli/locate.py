"""Ask a checkpoint where the joints of held-out people are: COCO's results, average precision, visibility.

python -m llavapose locate outputs/train/locate/hf                        the built-in world's held-out people
python -m llavapose locate CHECKPOINT scenes=coco2017 scenes.root=coco    people of COCO val2017, by their boxes
python -m llavapose locate CHECKPOINT --boxes detections.json scenes=coco2017 scenes.root=coco      by a detector's
python -m llavapose locate --answers replies.jsonl --format qwen scenes=coco2017 scenes.root=coco   another model's
python -m llavapose locate --results results.json scenes=coco2017 scenes.root=coco                  any estimator's
"""

import argparse
import sys
from collections.abc import Sequence
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
    parser.add_argument("settings", nargs="*", help="of train.py: scenes=..., locate.coding=..., locate.size=...")
    parser.add_argument("--out", type=Path, default=Path("outputs/locate"), help="for the results (%(default)s)")
    parser.add_argument("--people", type=int, help="most people, the first of the held-out pictures")
    add_sources(parser)
    parser.add_argument("--batch-size", type=int, default=64, help="questions answered at once (%(default)s)")
    given = parser.parse_intermixed_args()  # options may stand among the settings
    try:
        print("\n".join((locate if given.answers is None and given.results is None else outside)(given)))
    except LlavaPoseError as error:
        print("\n".join(f"error: {line}" for line in str(error).splitlines()), file=sys.stderr)
        return 1
    return 0


def add_sources(parser: argparse.ArgumentParser) -> None:
    """What can stand in place of annotated boxes, and of a checkpoint."""
    parser.add_argument("--boxes", type=Path, help="a detector's, in COCO's results format, in place of annotated ones")
    parser.add_argument("--least-box", type=float, default=0.0, help="least score of such a box (%(default)s)")
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


def locate(given: Any) -> list[str]:
    """The rows of the table, and the files that were written.

    Raises:
        LlavaPoseError: settings, scenes or a checkpoint that are not right.
    """
    from llavapose.config.compose import settings
    from llavapose.config.start import conf_folder
    from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
    from llavapose.evaluation.answerers.checkpoint.locating import locate as ask
    from llavapose.evaluation.answerers.checkpoint.locating import timed
    from llavapose.files import write_json
    from llavapose.locate.boxes import who_is_shown
    from llavapose.locate.datasets.scored import crowding_lines, pckh_table, row_of, views_of
    from llavapose.locate.make import asking_of
    from llavapose.locate.results import write_results
    from llavapose.locate.score import visibility
    from llavapose.locate.shown import mean_pose, questions_of, shown_people, shuffled, write_crops
    from llavapose.scenes.open import open_scenes

    if given.checkpoint is None or ("=" in given.checkpoint and not Path(given.checkpoint).exists()):
        raise ConfigError("no checkpoint; give the `hf` folder of a run, --answers or --results")
    if given.people is not None and given.people < 1:
        raise ConfigError(f"--people is {given.people}; expected 1 or more")
    config: TrainConfig = settings("train", conf_folder(), ["data=locate", *given.settings])
    asking, chosen = asking_of(config.locate), open_scenes(config.scenes, "val", any_joints=True)
    detected = who_is_shown(config.scenes, chosen.scenes, asking, boxes=given.boxes, least_score=given.least_box)
    people = detected.people[: given.people]
    images = given.out / detected.folder if asking.view == "crop" else chosen.images
    if asking.view == "crop":
        write_crops(people, chosen.images, images, asking.size)
    ids = {scene.id for scene in (chosen.scenes if given.boxes and given.people is None else ())}
    ids |= {one.scene.id for one in people}
    before = open_scenes(config.scenes, "train", any_joints=True).scenes
    floor = mean_pose(shown_people(before, asking, views=views_of(config.scenes, "train", margin=asking.margin)))
    answerer = CheckpointAnswerer(given.checkpoint, batch_size=given.batch_size)
    rows: dict[str, dict[str, Any]] = {}

    def add(name: str, located: list[Any], **more: Any) -> None:
        write_results(given.out / f"{name}.json", located)
        asked = {one.person_id for one in people}
        rows[name] = row_of(config.scenes, located, image_ids=ids, annotation_ids=asked) | more

    for name, shown in (("model", [one.image for one in people]), ("shuffled", shuffled(people))):
        asked = [
            [replace_image(question, image) for question in questions_of(one, asking)]
            for one, image in zip(people, shown, strict=True)
        ]
        told, cost = timed(ask(answerer, [one for group in asked for one in group], images, asking.writes))
        per = len(asked[0])
        groups = [told[at : at + per] for at in range(0, len(told), per)]
        located = [
            one.located([answer.place for answer in group], [answer.sure for answer in group])
            for one, group in zip(people, groups, strict=True)
        ]
        pairs = [(spot, answer.spot) for one, group in zip(people, groups, strict=True)
                 for spot, answer in zip(one.spots.values(), group, strict=True)]  # fmt: skip
        add(name, located, **detected.tellable(visibility(pairs).shares()), seconds_a_person=cost.seconds / len(people),
            tokens_a_person=cost.num_tokens / len(people))  # fmt: skip
    add("mean_pose", [one.located(floor, [1.0] * len(floor)) for one in people])
    write_json(given.out / "scores.json", {"people": len(people), "rows": rows})
    shown = pckh_table(rows) if "PCKh" in rows["model"] else table(rows)
    return [*shown, *crowding_lines(rows), *detected.notes, f"results: {given.out}"]


def replace_image(question: Any, image: str) -> Any:
    """The same question about another picture."""
    from dataclasses import replace

    return replace(question, image=image)


def table(rows: dict[str, dict[str, Any]]) -> Sequence[str]:
    """Rows for a terminal."""
    found = [f"{'':<10} {'AP':>22} {'AP50':>7} {'AP75':>7} {'AR':>7} {'parsed':>7} {'s':>7} {'tokens':>7}"]
    for name, row in rows.items():
        ap = row["AP"]
        cells = [f"{ap['value']:.3f} [{ap['low']:.3f}, {ap['high']:.3f}]"]
        cells += [f"{row[key]['value']:.3f}" for key in ("AP50", "AP75", "AR")]
        cells += [f"{row[key]:.2f}" if key in row else "" for key in ("parsed", "seconds_a_person", "tokens_a_person")]
        found.append(f"{name:<10} {cells[0]:>22} " + " ".join(f"{cell:>7}" for cell in cells[1:]))
    return found


if __name__ == "__main__":
    sys.exit(main())
