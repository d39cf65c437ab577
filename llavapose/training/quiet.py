"""Warnings of the libraries beneath a run that do not apply here; every other one is heard."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

EXPECTED_WARNINGS = (
    r"Found \d+ module\(s\) in eval mode",  # the frozen vision encoder
    "You're resuming from a checkpoint that ended before the epoch ended",  # the data module keeps its place itself
    r"`isinstance\(treespec, LeafSpec\)` is deprecated",
    ".* does not have many workers",
    "Be aware that when using `ckpt_path`, callbacks used to create",  # a file that Lightning's own callback wrote
    "When saving the DeepSpeed Stage 3 checkpoint, each worker",  # `python -m llavapose export` makes one of them
    "`torch.distributed.(all_gather_into_tensor|reduce_scatter_tensor)` is deprecated",  # DeepSpeed's calls
)
"""Warnings, by their beginnings."""


@contextmanager
def quieted() -> Iterator[None]:
    """Without the expected warnings."""
    with warnings.catch_warnings():
        for message in EXPECTED_WARNINGS:
            warnings.filterwarnings("ignore", message=message)
        yield
