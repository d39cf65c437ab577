"""Prove every record and every picture good: ``python -m llavapose.data.check SAMPLES IMAGES``.

Training does it by itself: records are proven while they are indexed, pictures in the background meanwhile; those that
were proven good before, by name, size and time, are not read again. This command reads every one of them.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from tqdm import tqdm

from llavapose.bars import tame_bars
from llavapose.data.choose import kind_counts, said_counts
from llavapose.data.images import check_image
from llavapose.data.index.records import Records, ensure_records
from llavapose.data.index.shards import num_cores
from llavapose.errors import DataError, LlavaPoseError
from llavapose.samples import bad_records

INDEX = "index"
"""Folder below ``data_dir`` that indexes are kept in."""
_AT_ONCE = 64
"""Pictures of one task: few enough that a stopped run ends at once."""


@contextmanager
def checked_pictures(records: Records, folder: Path, *, anew: bool = False) -> Iterator[None]:
    """Prove in the background of what the block does that every picture decodes; bad ones are told at its end.

    Args:
        records: whose pictures.
        folder: where indexes are kept; a set that was proven good is noted there, and is not read again.
        anew: whether to read it nevertheless.

    Raises:
        DataError: at the end of the block, with every bad picture on a line of its own (the first 20) and their number.
    """
    names, stamp = records.names, folder / f"pictures-{_looks(records)}"
    if stamp.exists() and not anew:
        yield
        return
    pool = ThreadPoolExecutor(num_cores())
    parts = [range(at, min(at + _AT_ONCE, len(names))) for at in range(0, len(names), _AT_ONCE)]
    tasks = [pool.submit(_bad, records, part) for part in parts]
    try:
        yield
        problems = _told(tasks, len(names))
    finally:
        pool.shutdown(cancel_futures=True)
    if problems:
        raise bad_records(records.samples, problems)
    folder.mkdir(parents=True, exist_ok=True)
    stamp.touch()


def _looks(records: Records) -> str:
    """A hash of what the folder says of the pictures: names, sizes, times; those that are missing are left out."""
    digest, root = hashlib.sha256(), str(records.images)
    for name in records.names:
        with suppress(OSError):
            stat = os.stat(f"{root}/{name}")
            digest.update(f"{name}\0{stat.st_size}\0{stat.st_mtime_ns}\0".encode())
    return digest.hexdigest()[:32]


def _bad(records: Records, numbers: Sequence[int]) -> list[str]:
    """One line for each of these pictures that does not decode."""
    problems = []
    for number in numbers:
        path = records.images / records.names[number]
        try:
            check_image(path, where="")
        except DataError:
            # Whose it is takes a look at all records, so that only a bad one is worth it.
            first = int((records.image == number).argmax())
            problems += _problem(path, where=f"sample {records.ids[first]}")
    return problems


def _problem(path: Path, *, where: str) -> list[str]:
    try:
        check_image(path, where=where)
    except DataError as error:
        return [str(error)]
    return []


def _told(tasks: Sequence[Future[list[str]]], number: int) -> list[str]:
    problems = []
    with tqdm(total=number, desc="checking pictures", unit="img") as bar:
        for at, task in enumerate(tasks):
            problems += task.result()
            bar.update(min(_AT_ONCE, number - at * _AT_ONCE))
    return problems


def main(arguments: list[str] | None = None) -> int:
    """Index the records and read every picture; 1 with what is bad on stderr."""
    parser = argparse.ArgumentParser(prog="python -m llavapose.data.check", description=(__doc__ or "").split(":")[0])
    parser.add_argument("samples", type=Path, help="JSONL of samples, LLaVA JSON, or a folder of either")
    parser.add_argument("images", type=Path, help="folder of their pictures")
    parser.add_argument("--kind", default=None, help="of records for which nothing tells it: conv, detail or complex")
    parser.add_argument("--data-dir", type=Path, default=Path("outputs/samples"), help="train.py's data_dir: its index")
    given = parser.parse_args(arguments)
    tame_bars()
    try:
        folder = given.data_dir / INDEX
        records = ensure_records(given.samples, given.images, kind=given.kind, folder=folder, look=True)
        with checked_pictures(records, folder, anew=True):
            counts = kind_counts(records, np.arange(len(records)))
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{len(records)} samples ({said_counts(counts)}) of {len(records.names)} pictures: all good")
    return 0


if __name__ == "__main__":
    sys.exit(main())
