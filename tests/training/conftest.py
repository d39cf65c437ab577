"""The tiny base and samples as arguments of ``runs.run``, and processes of their own for runs that need them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests import warm

ROOT = Path(__file__).parents[2]
HAS_DEEPSPEED = find_spec("deepspeed") is not None


@pytest.fixture(scope="session")
def places(tiny_base: Path, tiny_jsonl: Path, tiny_pictures: Path) -> dict[str, str]:
    """What every run needs."""
    return {"base": str(tiny_base), "samples": str(tiny_jsonl), "images": str(tiny_pictures)}


def launch(jobs: list[dict[str, Any]], folder: Path, *, ranks: int = 1, timeout: int = 420) -> list[int]:
    """Run jobs one after another in ``ranks`` processes; returns their exit codes, with the output in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "jobs.json"
    path.write_text(json.dumps(jobs))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shared = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    if ranks > 1:
        shared |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "WORLD_SIZE": str(ranks), "NODE_RANK": "0"}
    processes = []
    for rank in range(ranks):
        own = {"LOCAL_RANK": str(rank), "RANK": str(rank)} if ranks > 1 else {}
        with (folder / f"log-{rank}.txt").open("w") as log:
            processes.append(
                warm.Popen(
                    [sys.executable, str(Path(__file__).parent / "runs.py"), str(path)],
                    env=shared | own,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )
    try:
        return [process.wait(timeout) for process in processes]
    finally:
        for process in processes:
            process.kill()


def asked_for(request: pytest.FixtureRequest, names: Iterable[str]) -> list[str]:
    """Those of the names that are a parameter of a test of this file that pytest has chosen to run."""
    here = [item for item in request.session.items if item.path == request.path and hasattr(item, "callspec")]
    wanted = {value for item in here for value in item.callspec.params.values() if isinstance(value, str)}
    return [name for name in names if name in wanted]


def most_long(names: Iterable[str], *, but: Collection[str]) -> list[Any]:
    """The names as parameters: those that ``make test`` runs, and all others for ``make test-all``."""
    return [name if name in but else pytest.param(name, marks=pytest.mark.long) for name in names]


@pytest.fixture(scope="session")
def launcher() -> Callable[..., list[int]]:
    return launch
