"""The samples of an index that an earlier run has left: their tokens exactly, in place of an estimate from words."""

from pathlib import Path

import numpy as np

from llavapose.data.index.records import find_records
from llavapose.data.index.tokens import find_tokens
from llavapose.data.plan.lengths import Lengths
from llavapose.training.forecast.mixture import Mixture, Prefixes


def read_index(
    samples: Path,
    images: Path,
    *,
    kind: str | None,
    folder: Path,
    base: str,
    image_tokens: int | str,
    max_length: int,
    frames: int | None = None,
) -> Mixture | None:
    """All samples of a set, by the index that is there for a base's tokenizer; None where there is none.

    Args:
        samples: file or folder of samples.
        images: folder of their pictures.
        kind: of the records that tell none.
        folder: where indexes are kept.
        base: whose tokenizer.
        image_tokens: those that a picture takes; where its size decides, the rule, as ``data.reading.read`` has it.
        max_length: that samples were cut at.
        frames: how many of a sample's frames are taken.
    """
    records = find_records(samples, images, kind=kind, folder=folder, frames=frames)
    tokens = (
        find_tokens(records, base=base, image_tokens=image_tokens, max_length=max_length, folder=folder)
        if records is not None
        else None
    )
    if records is None or tokens is None:
        return None
    lengths = Lengths(
        image=np.asarray(records.image),
        num_tokens=tokens.num_tokens,
        num_targets=np.maximum(1, tokens.num_targets),
        num_words=np.asarray(records.words),
        prefix=tokens.prefixes(records.image),
        num_shown=records.num_shown,
    )
    bad = tokens.faults(np.arange(len(records)))
    return Mixture(
        lengths=lengths,
        kind=np.asarray(records.kind),
        kinds=records.kinds,
        names=records.names,
        groups=records.groups,
        source=f"{samples}, tokens from its index",
        notes=(f"{len(bad):,} of all cannot be trained on: {bad[0]}",) if bad else (),
        prefixes=Prefixes(picture=tokens.table.facts["prefix"], text=tokens.table.facts["prefix_of_text"]),
    )
