"""Which old checkpoints go: never the last whole one, never what another run wrote."""

import shutil
from pathlib import Path

from llavapose.manifest import checkpoints_in


def hidden_folder(final: Path, *, run: str, how: str) -> Path:
    """Where a checkpoint lies while it is written or removed: beside its place, named by what and whose it is."""
    return final.with_name(f".{final.name}.{run}.{how}")


def prune(folder: Path, *, run: str, keep: int, best: int | None = None) -> list[Path]:
    """Remove a run's own checkpoints but the newest ``keep`` whole ones and the best, and what was never finished.

    Returns them.

    What cannot be told to be this run's, or is not what its manifest says, is left alone.
    """
    own = [one for one in checkpoints_in(folder) if one.manifest and one.manifest.run == run and not one.fault]
    gone = [one.folder for one in own[max(1, keep) :] if one.step != best]
    for path in gone:
        # Under another name first: killed on the way, what is left does not look like a checkpoint.
        path.rename(hidden_folder(path, run=run, how="removing"))
    for how in ("writing", "removing"):
        for path in folder.glob(f".step-*.{run}.{how}"):
            if path.is_symlink():
                path.unlink()  # what it leads to lies elsewhere, and is not this folder's
            else:
                shutil.rmtree(path)
    return gone
