"""Every record and every picture proven good before anything is trained; all that is bad is listed at once."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

from tqdm import tqdm

from llavapose.data.images import check_image
from llavapose.errors import DataError
from llavapose.files import fingerprint
from llavapose.records import Sample
from llavapose.samples import check_samples

MAX_LISTED = 20
"""Bad records and pictures that a message names."""


def read_checked(samples: Path, images: Path, *, kind: str | None = None) -> list[Sample]:
    """Every sample of a file or folder, its records and its pictures proven good; the same asked again is at hand.

    Raises:
        DataError: with every bad record and picture on a line of its own (the first 20), and their number.
    """
    files = sorted(samples.iterdir()) if samples.is_dir() else [samples]
    stats = tuple((file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files if file.is_file())
    return list(_read(samples, images, kind, stats))


# Read before anything heavy is imported, and again where they are packed: 200,000 records take half a minute.
@lru_cache(maxsize=1)
def _read(samples: Path, images: Path, kind: str | None, stats: tuple[object, ...]) -> tuple[Sample, ...]:
    found, problems = check_samples(samples, images, kind=kind)
    problems += [
        f"sample {sample.id} has {len(sample.images)} pictures; training packs one a sample: leave it out or split it"
        for sample in found
        if len(sample.images) != 1
    ]
    problems += bad_images(found, images, stamp=samples.parent / ".checked_images")
    if problems:
        listed = problems[:MAX_LISTED] + ([f"... and {len(problems) - MAX_LISTED} more"] * (len(problems) > MAX_LISTED))
        raise DataError("\n".join([f"{samples}: {len(problems)} bad records; fix or remove them:", *listed]))
    return tuple(found)


def bad_images(samples: Sequence[Sample], images: Path, *, stamp: Path | None = None) -> list[str]:
    """One line a picture that does not decode; a set proven good before, by name, size and time, is not read again."""
    first: dict[str, str] = {}
    for sample in samples:
        first.setdefault(sample.image, sample.id)
    paths = {name: images / name for name in first}
    stats = {name: path.stat() for name, path in paths.items() if path.exists()}
    known = fingerprint([(name, stat.st_size, stat.st_mtime_ns) for name, stat in sorted(stats.items())], 32)
    if stamp is not None and stamp.exists() and known in stamp.read_text().split():
        return []

    def problem(name: str) -> str | None:
        try:
            check_image(paths[name], where=f"sample {first[name]}")
        except DataError as error:
            return str(error)
        return None

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        bar = tqdm(pool.map(problem, paths), total=len(paths), desc="checking pictures", unit="img")
        problems = [line for line in bar if line]
    if stamp is not None and not problems and os.access(stamp.parent, os.W_OK):
        with stamp.open("a") as stream:
            stream.write(known + "\n")
    return problems
