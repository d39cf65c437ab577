"""Which checkpoint a run goes on from: the newest that is whole, proven by its hashes before anything is read."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from llavapose.errors import CheckpointError
from llavapose.files import sha256_once
from llavapose.manifest import FOLDER, Checkpoint, File, checkpoints_in, run_of
from llavapose.training.checkpoints.lightning_files import lightning_files
from llavapose.training.checkpoints.ranks import Ranks, of_all

_MOST_THREADS = 4


def found_checkpoints(output_dir: Path, *, strategy: str, world_size: int, say: bool = True) -> list[Checkpoint]:
    """What a run can go on from, best first, by names and sizes; says what it passes over and why.

    Args:
        output_dir: the run's folder.
        strategy: the class that is to read it.
        world_size: ranks that are to read it.
        say: whether to print; one rank does.

    Raises:
        CheckpointError: the newest whole one was written by another strategy or number of ranks.
    """
    folder = output_dir / FOLDER
    good, passed = [], []
    for one in _of_this_run(folder):
        (passed if one.fault else good).append(one)
    if good:
        _refuse_other_ranks(good[0], strategy=strategy, world_size=world_size)
        passed = [one for one in passed if one.step > good[0].step]
    else:
        good, more = _written_by_lightning(folder)
        passed += more
    for one in passed if say else ():
        print(f"resume: passes over {one.folder}: {one.fault}", flush=True)
    return good


def first_proven(found: Sequence[Checkpoint], ranks: Ranks, *, plan: str) -> Checkpoint:
    """The first checkpoint whose hashes are right, each rank reading its share; every rank calls it.

    Args:
        found: best first; the first rank's are taken.
        ranks: all of them.
        plan: fingerprint of this run's order of training.

    Raises:
        CheckpointError: none is what its manifest says, or the plan has changed.
    """
    faults = []
    plans = set(ranks.gather(plan))
    for one in ranks.gather(list(found))[0]:
        if one.manifest is not None and plans != {one.manifest.plan}:
            told = (
                f"resume: {one.folder} was trained on another plan: samples, pictures, tokenizer, seed, batch size or "
                "accumulation differ, so its place in the data is not this run's; restore them or start anew with "
                "resume=false"
            )
            raise of_all(CheckpointError(told))
        fault = next((told for told in ranks.gather(damage(one, ranks)) if told), "")
        if not fault:
            if ranks.is_first:
                print(_goes_on(one), flush=True)
            return one
        faults.append(f"{one.folder.name}: {fault}")
        if ranks.is_first:
            print(f"resume: passes over {one.folder}: {fault}", flush=True)
    told = f"resume: no whole checkpoint ({'; '.join(faults)[:300]}); start anew with resume=false"
    raise of_all(CheckpointError(told))


def lay_aside(folder: Path, one: Checkpoint) -> None:
    """Move everything newer than the checkpoint that is gone on from out of its way, under another name, and say so.

    It was passed over; the same steps are saved again.
    """
    for newer in checkpoints_in(folder):
        if newer.step > one.step:
            number = 1
            while (aside := newer.folder.with_name(f"{newer.folder.name}.passed-{number}")).exists():
                number += 1
            newer.folder.rename(aside)
            print(f"resume: {newer.folder.name} lies aside as {aside}", flush=True)


def _goes_on(one: Checkpoint) -> str:
    told = "Lightning's own; random states are not kept there" if one.manifest is None else f"{one.folder}"
    return f"resume: goes on from {'step ' + str(one.step) if one.manifest else one.folder} ({told})"


def _of_this_run(folder: Path) -> Iterator[Checkpoint]:
    """The checkpoints of a folder; those of a run that it is not of have that as their fault."""
    found = checkpoints_in(folder)
    run = run_of(folder) or next((one.manifest.run for one in found if one.manifest and not one.fault), "")
    for one in found:
        if one.manifest is not None and one.manifest.run != run and not one.fault:
            yield Checkpoint(folder=one.folder, step=one.step, manifest=one.manifest, fault="it is of another run")
        else:
            yield one


def proven(folder: Path) -> Iterator[Checkpoint]:
    """The checkpoints of a run's folder, newest first, up to the first whose hashes are right; in one process."""
    for one in _of_this_run(folder):
        if not one.fault and (fault := damage(one, Ranks())):
            yield Checkpoint(folder=one.folder, step=one.step, manifest=one.manifest, fault=fault)
            continue
        yield one
        if not one.fault:
            return


def _written_by_lightning(folder: Path) -> tuple[list[Checkpoint], list[Checkpoint]]:
    """The newest readable file of Lightning's, and those newer than it that are not."""
    passed = []
    for path, fault in lightning_files(folder):
        one = Checkpoint(folder=path, step=0, manifest=None, fault=fault)
        if not fault:
            return [one], passed
        passed.append(one)
    return [], passed


def _refuse_other_ranks(one: Checkpoint, *, strategy: str, world_size: int) -> None:
    assert one.manifest is not None
    there = one.manifest
    if (there.strategy, there.world_size) != (strategy, world_size):
        raise CheckpointError(
            f"resume: {one.folder} was written by {there.world_size} ranks of {there.strategy}, this run has "
            f"{world_size} of {strategy}; resume with those, or start anew with resume=false in another output_dir"
        )


def damage(one: Checkpoint, ranks: Ranks) -> str:
    """The first file of this rank's share whose hash is not the manifest's."""
    if one.manifest is None:
        return ""  # Lightning's own was read when it was found
    by_size = sorted(one.manifest.files, key=lambda file: (-file.size, file.path))
    mine = by_size[ranks.rank :: ranks.size]

    def fault(file: File) -> str:
        try:
            same = sha256_once(one.folder / file.path) == file.sha256
        except OSError as error:
            return f"{file.path} cannot be read ({error.strerror})"
        return "" if same else f"{file.path} is damaged: its hash is not the manifest's"

    with ThreadPoolExecutor(_MOST_THREADS) as pool:
        return next((told for told in pool.map(fault, mine) if told), "")
