"""Does a killed run come back as if nothing had happened? kill -9 at random moments: python -m benchmarks.kills

Each line is one kill: a run of the tiny base is killed, resumed with ``resume=true``, and compared with one that nobody
touched: every logged loss and the exported weights, bit for bit. Half of the kills hit while a checkpoint is written,
between two file operations that the seed chooses; the others hit at a random moment of training. On two ranks the seed
also says which rank dies; the other one is killed behind it, as launchers do. Exits with 1 where one kill lost more
than the steps since the last checkpoint, or ended in other numbers.

    python -m benchmarks.kills --kills 40 --two-ranks 20 --seed 0
"""

import argparse
import hashlib
import json
import multiprocessing
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

TWO_RANKS = ("deepspeed", "ddp", "fsdp2")
STEPS, EVERY = 10, 2
SETTINGS = {"batch_size": 2, "accumulate": 2, "epochs": 2, "num_val": 4, "save_every": EVERY, "check": False}
OPERATIONS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.listdir", "os.scandir"}
"""Audit events of Python's that a checkpoint's writing raises."""


@dataclass(frozen=True, kw_only=True)
class Kill:
    """One experiment.

    Attributes:
        number: from 1.
        strategy: "single", or one of ``TWO_RANKS``.
        workers: loading processes.
        saving: whether to hit while a checkpoint is written.
        share: 0..1, which operation or which moment of the run.
        rank: which dies first.
    """

    number: int
    strategy: str
    workers: int
    saving: bool
    share: float
    rank: int

    @property
    def ranks(self) -> int:
        """Processes."""
        return 1 if self.strategy == "single" else 2


@dataclass(frozen=True, kw_only=True)
class Whole:
    """A run that nobody touched: what it logged, what it left, how long it trained, its file operations."""

    losses: list[tuple[int, float]]
    weights: str
    seconds: float
    operations: dict[int, int]


def kills(count: int, two_ranks: int, seed: int) -> list[Kill]:
    """The experiments of a seed."""
    generator = random.Random(seed)
    found = []
    for number in range(1, count + 1):
        double = number > count - two_ranks
        found.append(
            Kill(
                number=number,
                strategy=TWO_RANKS[number % len(TWO_RANKS)] if double else "single",
                workers=2 * (number // 2 % 2),
                saving=number % 2 == 0,
                share=generator.random(),
                rank=generator.randrange(2) if double else 0,
            )
        )
    return found


class Runner:
    """Starts runs in processes that were forked from one which has imported everything."""

    def __init__(self, root: Path) -> None:
        self.root = root
        os.environ |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "TOKENIZERS_PARALLELISM": "false"}
        os.environ["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
        self.context = multiprocessing.get_context("forkserver")
        self.context.set_forkserver_preload(["benchmarks.kills", "tests.training.runs", "deepspeed"])
        self.places = _make_places(root)

    def start(
        self, kill: Kill, folder: Path, *, resume: bool | str = False, at: int | None = None
    ) -> list[BaseProcess]:
        """Start one run; ``at``: the file operation before which rank ``kill.rank`` kills itself."""
        job = {**self.places, **SETTINGS, "output_dir": str(folder), "workers": kill.workers, "resume": resume}
        strategy = None
        if kill.ranks > 1:
            job |= {"devices": 2, "batch_size": 1}
            strategy = kill.strategy
        environment = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(kill.ranks)}
        folder.mkdir(parents=True, exist_ok=True)
        processes = []
        for rank in range(kill.ranks):
            own = environment | {"RANK": str(rank), "LOCAL_RANK": str(rank), "NODE_RANK": "0"} if strategy else {}
            mine = at if rank == kill.rank else None
            log = folder.parent / f"{folder.name}-{'resumed' if resume else 'first'}-{rank}.log"
            process = self.context.Process(target=_work, args=(job, strategy, own, str(log), mine))
            process.start()
            processes.append(process)
        return processes


def _work(job: dict[str, Any], strategy: str | None, environment: Mapping[str, str], log: str, at: int | None) -> None:
    """One rank, in a process of its own."""
    os.environ |= environment
    multiprocessing.set_start_method("fork", force=True)  # as on any Linux: loading processes start at once
    with open(log, "w") as stream:
        os.dup2(stream.fileno(), 1)
        os.dup2(stream.fileno(), 2)
    from tests.training.runs import named_strategy, run

    folder = Path(job["output_dir"])
    count = _count_operations(str(folder / "checkpoints"), at)
    run(**job, strategy=named_strategy(strategy) if strategy else "auto")
    (folder / f"operations-{environment.get('RANK', '0')}.json").write_text(json.dumps(count))


def _count_operations(folder: str, at: int | None) -> list[int]:
    """Count file operations below a folder; before number ``at`` this process kills itself."""
    count = [0]
    lock = threading.Lock()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event in OPERATIONS and any(folder in str(one) for one in arguments[:2]):
            with lock:
                count[0] += 1
                if count[0] == at:
                    os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)
    return count


def _make_places(root: Path) -> dict[str, str]:
    import torch

    from llavapose.model.pretrained import write_checkpoint
    from llavapose.samples import write_samples
    from tests.conftest import make_llava, make_processor, tiny_samples, write_pictures

    processor = make_processor()
    model = make_llava(processor)
    base = write_checkpoint(
        root / "base", state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32
    )
    write_samples(root / "samples.jsonl", tiny_samples(6))
    pictures = write_pictures(root / "pictures", 6)
    return {"base": str(base), "samples": str(root / "samples.jsonl"), "images": str(pictures)}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def losses(folder: Path) -> list[tuple[int, float]]:
    """Every loss that a run logged."""
    lines = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    return [(line["step"], line.get("train/loss", line.get("val/loss"))) for line in lines]


def exported(folder: Path) -> str:
    """The hash of the weights that a run left."""
    return hashlib.sha256((folder / "hf" / "model.safetensors").read_bytes()).hexdigest()


def finish(processes: list[BaseProcess], timeout: float = 300) -> list[int | None]:
    """Wait for a run's end; its exit codes, None where it had to be stopped."""
    deadline = time.monotonic() + timeout
    for process in processes:
        process.join(max(0.1, deadline - time.monotonic()))
    codes = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    return codes


def untouched(runner: Runner, kill: Kill) -> Whole:
    """Run to the end, as what the killed ones are compared with."""
    folder = runner.root / f"whole-{kill.strategy}-{kill.workers}"
    processes = runner.start(kill, folder)
    began = _training_began(folder, processes)
    codes = finish(processes)
    if codes != [0] * kill.ranks:
        raise SystemExit(f"error: the run that nobody touched failed ({codes}); see {folder}*.log")
    counts = {rank: json.loads((folder / f"operations-{rank}.json").read_text())[0] for rank in range(kill.ranks)}
    return Whole(losses=losses(folder), weights=exported(folder), seconds=time.monotonic() - began, operations=counts)


def _training_began(folder: Path, processes: list[BaseProcess]) -> float:
    while not (folder / "metrics.jsonl").exists() and all(process.is_alive() for process in processes):
        time.sleep(0.005)
    return time.monotonic()


def strike(runner: Runner, kill: Kill, whole: Whole, folder: Path) -> str:
    """Start a run and kill it; where it was hit, "" where it had come to its end before."""
    operations = whole.operations[kill.rank]
    at = 1 + int(kill.share * operations) if kill.saving else None
    processes = runner.start(kill, folder, at=at)
    if kill.saving:
        processes[kill.rank].join(300)
    else:
        _training_began(folder, processes)
        time.sleep(kill.share * whole.seconds * 0.8)
        processes[kill.rank].kill()
        processes[kill.rank].join()
    hit = processes[kill.rank].exitcode == -signal.SIGKILL
    for process in processes:
        process.kill()
        process.join()
    return (f"file operation {at} of {operations}" if kill.saving else "training") if hit else ""


def last_saved(folder: Path) -> int:
    """The step of the newest checkpoint that is whole; 0 without one."""
    from llavapose.manifest import checkpoints_in

    return max((one.step for one in checkpoints_in(folder / "checkpoints") if not one.fault), default=0)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one kill.

    Attributes:
        kill: which.
        where: it hit.
        reached: the last step that the killed run had logged.
        saved: the step of its newest whole checkpoint.
        half: whether a half-written checkpoint lay beside it.
        from_saved: whether the next run went on from that very checkpoint, or from the start where there was none.
        same: whether every loss and every weight is that of the run that nobody touched.
    """

    kill: Kill
    where: str
    reached: int
    saved: int
    half: bool
    from_saved: bool
    same: bool

    @property
    def repeated(self) -> int:
        """Steps that were trained twice."""
        return self.reached - self.saved

    @property
    def wrong(self) -> bool:
        """Whether it lost more than the last whole checkpoint and the one under way allow, or came out other."""
        return self.repeated > 2 * EVERY or not self.from_saved or not self.same

    def row(self) -> tuple[object, ...]:
        """Its line of the table."""
        went_on = f"step {self.saved}" if self.saved else "the start"
        return (
            self.kill.number,
            self.kill.strategy,
            self.kill.workers,
            self.where,
            self.reached,
            "yes" if self.half else "",
            went_on if self.from_saved else "?",
            "identical" if self.same else "DIFFERENT",
        )


def experiment(runner: Runner, kill: Kill, whole: Whole) -> Outcome:
    """Kill a run, go on, compare."""
    folder = runner.root / f"kill-{kill.number}"
    while not (where := strike(runner, kill, whole, folder)):
        kill = replace(kill, share=kill.share / 2)  # it had come to its end before
        shutil.rmtree(folder)
    logged = losses(folder) if (folder / "metrics.jsonl").exists() else []
    saved, half = last_saved(folder), any((folder / "checkpoints").glob(".step-*"))
    # Where there is nothing to go on from, the run begins anew.
    codes = finish(runner.start(kill, folder, resume="auto"))
    log = (folder.parent / f"{folder.name}-resumed-0.log").read_text()
    return Outcome(
        kill=kill,
        where=where,
        reached=max((step for step, _ in logged), default=0),
        saved=saved,
        half=half,
        from_saved=(f"goes on from step {saved} " in log) if saved else "goes on from" not in log,
        same=codes == [0] * kill.ranks and losses(folder) == whole.losses and exported(folder) == whole.weights,
    )


def summary(outcomes: list[Outcome]) -> list[tuple[object, ...]]:
    """A line for each strategy, and one for all."""
    groups = {"single": ["single"], **{name: [name] for name in TWO_RANKS}, "all": ["single", *TWO_RANKS]}
    rows = []
    for name, strategies in groups.items():
        some = [one for one in outcomes if one.kill.strategy in strategies]
        if some:
            rows.append(
                (
                    name,
                    len(some),
                    sum(one.kill.saving for one in some),
                    sum(one.half for one in some),
                    f"{sum(one.repeated for one in some) / len(some):.1f}",
                    max(one.repeated for one in some),
                    sum(one.from_saved for one in some),
                    sum(one.same for one in some),
                )
            )
    return rows


def _line(row: tuple[object, ...]) -> str:
    return f"| {' | '.join(map(str, row))} |"


EACH = ("kill", "strategy", "workers", "hit in", "at step", "half written", "went on from", "losses and weights")
SUMMARY = (
    "strategy",
    "kills",
    "while saving",
    "left a half-written one",
    "steps repeated",
    "most",
    "from the newest whole one",
    "bit-identical",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40, help="of which two-ranks on two ranks")
    parser.add_argument("--two-ranks", type=int, default=20, help="kills of runs on two ranks")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, help="keep the runs here")
    chosen = parser.parse_args()
    print(_line(EACH), "|---" * len(EACH) + "|", sep="\n")
    wholes: dict[tuple[str, int], Whole] = {}
    outcomes = []
    with tempfile.TemporaryDirectory() as temporary:
        runner = Runner(chosen.folder or Path(temporary))
        for kill in kills(chosen.kills, chosen.two_ranks, chosen.seed):
            key = (kill.strategy, kill.workers)
            if key not in wholes:
                wholes[key] = untouched(runner, kill)
            outcomes.append(experiment(runner, kill, wholes[key]))
            print(_line(outcomes[-1].row()), flush=True)
    print("", _line(SUMMARY), "|---" * len(SUMMARY) + "|", *map(_line, summary(outcomes)), sep="\n")
    wrong = sum(one.wrong for one in outcomes)
    print(f"\n{len(outcomes)} kills, {wrong} wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
