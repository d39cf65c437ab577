"""Write a training checkpoint as a Hugging Face folder: python -m llavapose export CHECKPOINT OUT."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

from llavapose.bars import tame_bars
from llavapose.config.register import as_settings
from llavapose.config.schema import TrainConfig
from llavapose.errors import CheckpointError, DiskError, LlavaPoseError, disk_words
from llavapose.manifest import FOLDER


def main() -> int:
    """Export; 1 with one line on stderr if something is wrong with the input."""
    parser = argparse.ArgumentParser(
        prog="python -m llavapose export",
        description="Write a training checkpoint of any strategy as a Hugging Face folder, on a machine without a GPU.",
    )
    parser.add_argument(
        "checkpoint", type=Path, help="a file or folder in <output_dir>/checkpoints, or the run's folder"
    )
    parser.add_argument("out", type=Path, help="the folder to write; it must not be there yet")
    parser.add_argument("--base", help="where the base lies now (default: what the run's settings say)")
    given = parser.parse_args()
    tame_bars()
    try:
        step = export(given.checkpoint, given.out, given.base)
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except Exception as error:
        if (words := disk_words(error)) is None:
            raise
        print(f"error: {DiskError(words)}", file=sys.stderr)
        return 1
    print(f"step {step}: {given.out}")
    return 0


def export(checkpoint: Path, out: Path, base: str | None = None) -> int:
    """Write the folder with its card; the optimizer steps behind the weights.

    Raises:
        CheckpointError: no checkpoint of a run, or ``out`` is there already.
    """
    checkpoint = chosen(checkpoint)
    run = run_of(checkpoint)
    config = settings_of(run)
    if base is not None:
        config = replace(config, model=replace(config.model, base=base))
    if out.exists() or out.is_symlink():
        raise CheckpointError(f"{out} is there already; name a folder that is not")
    from llavapose.training.export import export_trained
    from llavapose.training.told.card import write_card
    from llavapose.training.told.facts import FACTS, read_facts, write_facts

    facts = read_facts(run) if (run / FACTS).is_file() else None
    step = export_trained(checkpoint, out, config)
    if facts is None:
        print(f"note: {run / FACTS} is not there, so the folder has no model card", file=sys.stderr)
    else:
        write_facts(out, replace(facts, training={"optimizer steps": step, **facts.training}))
        write_card(out, None)
    return step


def chosen(checkpoint: Path) -> Path:
    """A checkpoint: of a run's folder, or of its ``checkpoints/``, the newest that is whole, and says which.

    Raises:
        CheckpointError: the folder holds none that is whole.
    """
    checkpoint = checkpoint.resolve() if checkpoint.exists() else checkpoint
    inside = next((one for one in (checkpoint / FOLDER, checkpoint) if one.name == FOLDER and one.is_dir()), None)
    if inside is None or (inside == checkpoint and (checkpoint / ".metadata").is_file()):
        return checkpoint
    from llavapose.training.checkpoints.resume import proven

    found = list(proven(inside))
    whole = next((one for one in found if not one.fault), None)
    if whole is not None:
        for one in found[: found.index(whole)]:
            print(f"{checkpoint}: passes over {one.folder.name}: {one.fault}", flush=True)
        print(f"{checkpoint}: its newest whole checkpoint is {whole.folder.name}", flush=True)
        return whole.folder
    faults = "; ".join(f"{one.folder.name}: {one.fault}" for one in found) or "no step-000500 or the like"
    files = ", ".join(sorted(path.name for path in inside.glob("*.ckpt")))
    raise CheckpointError(
        f"checkpoint {checkpoint}: none that is whole in {inside} ({faults}); "
        + (f"name one of {files}" if files else "name a checkpoint of a training run")
    )


def run_of(checkpoint: Path) -> Path:
    """The folder of the run that wrote a checkpoint.

    Raises:
        CheckpointError: there is none above it.
    """
    if not checkpoint.exists():
        raise CheckpointError(f"checkpoint {checkpoint}: no such file or folder; see <output_dir>/checkpoints")
    for folder in checkpoint.resolve().parents:
        if (folder / ".hydra" / "config.yaml").is_file():
            return folder
    raise CheckpointError(
        f"checkpoint {checkpoint}: no .hydra/config.yaml in a folder above it, which says the run's settings; expected "
        "a checkpoint where train.py has left it"
    )


def settings_of(run: Path) -> TrainConfig:
    """The settings of a run, as it has written them down.

    Raises:
        CheckpointError: they cannot be read.
    """
    path = run / ".hydra" / "config.yaml"
    try:
        loaded = OmegaConf.load(path)
        config: TrainConfig = as_settings(TrainConfig, loaded)  # type: ignore[arg-type]
    except (OmegaConfBaseException, OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({' '.join(str(error).split())[:150]}); restore it") from None
    return config


if __name__ == "__main__":
    sys.exit(main())
