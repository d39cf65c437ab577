"""``train.py dry_run=true``: the plan of a run from its settings and from what this machine has; nothing is made."""

import shutil
from dataclasses import replace
from pathlib import Path

from llavapose.cli.training import refuse_no_room, shown_frames
from llavapose.config.checks.machine.cards import first_card, host_memory
from llavapose.config.checks.machine.gpus import find_gpus
from llavapose.config.checks.machine.packages import package_problems
from llavapose.config.choices import CardName
from llavapose.config.schema import TrainConfig
from llavapose.config.values import not_dividing
from llavapose.data.check import INDEX
from llavapose.data.joined import find_joined
from llavapose.errors import ConfigError, DataError
from llavapose.families.known import family_named
from llavapose.families.resolution import USUAL
from llavapose.locate.make import find_located
from llavapose.scenes.open import opened_if_there
from llavapose.teacher.make import find_samples
from llavapose.training.forecast.cards import CARDS, GIB, Card, card_of
from llavapose.training.forecast.epoch import epoch_of
from llavapose.training.forecast.forecast import Forecast, forecast_of
from llavapose.training.forecast.frames import of_frames, told, with_prefixes
from llavapose.training.forecast.indexed import read_index
from llavapose.training.forecast.mixture import Mixture, all_samples, chosen_of, cut, with_located
from llavapose.training.forecast.settings import on_cpu, plan_settings, setup_of
from llavapose.training.forecast.shapes import Shapes, shapes_for
from llavapose.training.forecast.text import Places, lines_of


def print_plan(config: TrainConfig) -> None:
    """Print samples, steps, hours, memory, disk, and what would fit."""
    print("\n".join(lines_of(forecast(config), places_of(config))))


def forecast(config: TrainConfig) -> Forecast:
    """The plan of a run."""
    shapes, gpus = shapes_for(config.model, config.connector), find_gpus()
    setup = setup_of(config, num_gpus=gpus.num if gpus is not None else 0)
    setup = replace(setup, dense_mask=setup.dense_mask or shapes.needs_mask)
    # A plan made where no GPU can be counted knows the ranks of a number of devices alone.
    counted = (gpus is not None and gpus.num > 0) or str(config.trainer.get("devices", 1)) not in ("auto", "-1")
    _refuse_as_training_does(config, setup.ranks if counted else None)
    planned, whole = plan_settings(config, shapes, setup), _mixture(config)
    if (known := whole.prefixes) is not None:
        planned = replace(planned, prefix_tokens=known.picture, text_prefix_tokens=known.text)
    else:
        whole = with_prefixes(whole, lead=shapes.lead, image_tokens=shapes.image_tokens)
        whole = replace(whole, notes=(*whole.notes, *_estimated(shapes)))
    whole = replace(whole, notes=(*told(whole), *whole.notes))
    whole = replace(whole, notes=(*whole.notes, *package_problems("model.base", config.model.base)))
    mixture = cut(whole, config.data.max_length - whole.lengths.prefixes(planned))
    epoch = epoch_of(mixture, planned, shapes, setup)
    return forecast_of(config, shapes, setup, epoch, card=_card(config))


def _estimated(shapes: Shapes) -> tuple[str, ...]:
    """What is guessed of pictures whose tokens depend on their size."""
    if not shapes.varies:
        return ()
    height, width = USUAL
    return (
        f"pictures are taken to be {width} x {height}, {shapes.image_tokens:,} tokens each: an estimate until there is "
        "an index",
    )


def _refuse_as_training_does(config: TrainConfig, ranks: int | None) -> None:
    """What settings alone do not show, and a run would refuse when it has found its ranks and its base.

    Raises:
        ConfigError: a picture leaves no room in ``data.max_length``, or steps do not come to ``global_batch``.
    """
    refuse_no_room(config)
    if config.global_batch is not None and ranks is not None:
        accumulate = int(config.trainer.get("accumulate_grad_batches") or 1)
        if problems := not_dividing(config.global_batch, config.batch_size, accumulate, ranks):
            raise ConfigError(problems[0])


def _card(config: TrainConfig) -> Card | None:
    if on_cpu(config):
        return None
    if config.forecast.card is not None:
        return CARDS[config.forecast.card]
    found = first_card()
    return CARDS[CardName.a100_80gb] if found is None else card_of(*found)


def _mixture(config: TrainConfig) -> Mixture:
    """The samples that would be trained on; of those that are there, held-out pictures are taken off as in a run."""
    data, there = config.data, _samples(config)
    if there is None:
        chosen = chosen_of(_expected(config), data, seed=config.seed)
        missing = data.path is not None
        return replace(
            chosen, notes=(*chosen.notes, *[f"no file {data.path}: none of this is of its samples"] * missing)
        )
    ids, notes = _held_out(config)
    found = _indexed(config, *there) or all_samples(data, there[0], seed=config.seed)
    chosen = chosen_of(found, data, seed=config.seed, held_out_ids=ids)
    return replace(chosen, notes=(*chosen.notes, *notes))


def _expected(config: TrainConfig) -> Mixture:
    """What the run would make of samples that are not there yet."""
    kinds = config.data.asked_kinds
    if frames := shown_frames(config):
        return of_frames(all_samples(config.data, None, seed=config.seed), frames)
    others = all_samples(config.data, None, seed=config.seed) if kinds - {"locate"} else None
    if "locate" in kinds and config.data.path is None:
        return with_located(others, config.locate)
    return others if others is not None else all_samples(config.data, None, seed=config.seed)


def _indexed(config: TrainConfig, samples: Path, images: Path) -> Mixture | None:
    folder = config.data_dir / INDEX
    if not folder.is_dir():
        return None
    return read_index(
        samples,
        images,
        kind=config.data.kind,
        folder=folder,
        base=config.model.base,
        image_tokens=_picture_rule(config),
        max_length=config.data.max_length,
        frames=config.data.frames,
    )


def _picture_rule(config: TrainConfig) -> int | str:
    """What an index of tokens is found by of pictures: the tokens of each, or what bounds the base's own way."""
    shapes = shapes_for(config.model, config.connector)
    family = family_named(shapes.family)
    if family is not None and family.own_pictures:
        return shapes.image_tokens
    return f"max_pixels={config.model.max_pixels}"


def _held_out(config: TrainConfig) -> tuple[frozenset[int], tuple[str, ...]]:
    """Ids of the pictures that training would leave out, and what cannot be told of them; draws no world."""
    from llavapose.evaluation.benchmarks.held_out import held_out_ids

    if not config.evaluate:
        return held_out_ids(config), ()
    try:
        if opened_if_there(config.scenes, "val") is None:
            raise DataError(f"scenes {config.scenes.name} are not here")
        return held_out_ids(config), ()
    except DataError as error:
        why = str(error).partition("\n")[0]
        return held_out_ids(replace(config, evaluate=False)), (f"the benchmark's pictures are not taken off: {why}",)


def _samples(config: TrainConfig) -> tuple[Path, Path] | None:
    """The run's samples and the folder of their pictures, where they are there."""
    path, images = config.data.path, config.data.images
    if path is None or images is None:
        kinds, sets = config.data.asked_kinds, dict[str, tuple[Path, Path] | None]()
        if kinds - {"locate"}:
            made = find_samples(config.scenes, config.teacher, config.data_dir)
            sets["pictures"] = (made.samples, made.images) if made else None
        if "locate" in kinds:
            sets["people"] = find_located(config.scenes, config.locate, config.data_dir)
        there = {name: one for name, one in sets.items() if one is not None}
        if len(there) < len(sets):
            return None
        return find_joined(there, config.data_dir) if len(there) > 1 else next(iter(there.values()))
    return (path, images) if path.exists() else None


def places_of(config: TrainConfig) -> Places:
    """What this machine has for the run."""
    there = config.output_dir.absolute()
    while not there.exists():
        there = there.parent
    given, free = config.forecast.host_gib, shutil.disk_usage(there).free
    return Places(
        disk=free,
        folder=config.output_dir,
        host=host_memory() if given is None else given * GIB,
        is_here=given is not None or on_cpu(config) or (config.forecast.card is None and first_card() is not None),
        kept=_checkpoints(config),
    )


def _checkpoints(config: TrainConfig) -> int:
    """Checkpoints on disk at the worst moment: those that stay, and the one being written."""
    node = config.callbacks.get("checkpoint")
    if node is None:
        return 0
    if "keep" in node:
        return int(node["keep"]) + 1
    # Lightning's: the best, a second copy as the last, and the new one before an old one goes.
    return max(1, int(node.get("save_top_k", 1))) + bool(node.get("save_last")) + 1
