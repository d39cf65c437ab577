"""Sets of samples with folders of pictures of their own, laid together as one: a run reads one set and one folder."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from llavapose.files import fingerprint, read_jsonl, sha256
from llavapose.llava_json import from_record
from llavapose.owner import Place, held
from llavapose.records import Sample
from llavapose.samples import find_made, sign_made, write_samples


def join_sets(sets: Mapping[str, tuple[Path, Path]], data_dir: Path) -> tuple[Path, Path]:
    """One file of samples and one folder of pictures.

    Args:
        sets: name -> (file of our samples, folder of its pictures); the name becomes a folder of the pictures'.
        data_dir: folder of made samples.

    Returns:
        (samples, images): of the joined set; the pictures stay where they are, behind links.
    """
    folder, made_from = _place(sets, data_dir)
    samples, images = folder / "samples.jsonl", folder / "images"
    with held(Place(folder=folder, results=("samples.jsonl",)), made_from, waits=True):
        if there := find_joined(sets, data_dir):
            return there
        images.mkdir(parents=True, exist_ok=True)
        for name, (_, pictures) in sets.items():
            link = images / name
            if not link.is_symlink():
                os.symlink(pictures.resolve(), link, target_is_directory=True)
        write_samples(samples, _all(sets))
        sign_made(folder, made_from, images)
    return samples, images


def find_joined(sets: Mapping[str, tuple[Path, Path]], data_dir: Path) -> tuple[Path, Path] | None:
    """The joined set of these, where it has been made; makes nothing."""
    folder, made_from = _place(sets, data_dir)
    return find_made(folder, made_from)


def _place(sets: Mapping[str, tuple[Path, Path]], data_dir: Path) -> tuple[Path, dict[str, list[str]]]:
    made_from = {name: [sha256(samples), str(images.resolve())] for name, (samples, images) in sorted(sets.items())}
    return data_dir / f"joined-{fingerprint(made_from)}", made_from


def _all(sets: Mapping[str, tuple[Path, Path]]) -> Iterator[Sample]:
    for name, (samples, _) in sets.items():
        for line, record in read_jsonl(samples, what="samples"):
            sample = from_record(record, None, where=f"{samples}:{line}")
            yield replace(sample, images=tuple(f"{name}/{image}" for image in sample.images))
