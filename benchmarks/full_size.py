"""What do 200,328 samples cost to audit, card and export: seconds, memory, and are the counts right?

    python -m benchmarks.full_size                              # 20,000, 60,000 and 200,328 samples
    python -m benchmarks.full_size --samples 20000 --only audit

Writes samples of the published set's lengths and kinds (``full_size_set.py``) below outputs/benchmarks/full_size, runs
each command as a process of its own and prints a row each. Wall seconds depend on what else the machine does, CPU
seconds, of all processes of the command, hardly. Memory is the largest sum over a command's processes, shared pages
counted once, looked at four times a second. Ends with 1 where a count is not what was planted.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.full_size_set import CONTRADICTION, FULL, LEAK, write_set
from llavapose.files import read_json
from llavapose.samples import sign_made
from llavapose.teacher.checks.duplicates import HOW

ROOT = Path(__file__).parents[1]
HOME = ROOT / "outputs" / "benchmarks" / "full_size"
SIZES = (20_000, 60_000, FULL)
LOOK_EVERY_S = 0.25


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What a command took: wall and CPU seconds, MiB of all its processes at most, its output and exit status."""

    wall_s: float
    cpu_s: float
    mib: float
    output: str
    status: int


def measured(words: Sequence[str]) -> Cost:
    """Run a command to its end and look at its processes meanwhile."""
    started, peaks = time.monotonic(), [0.0]
    process = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY_S):
            peaks.append(tree_mib(process.pid))

    looking = threading.Thread(target=look)
    looking.start()
    assert process.stdout is not None
    output = process.stdout.read()
    ended.set()
    looking.join()  # before the process is reaped: its number is nobody else's
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    mib = max(peaks)
    cpu_s = used.ru_utime + used.ru_stime
    return Cost(wall_s=time.monotonic() - started, cpu_s=cpu_s, mib=mib, output=output, status=process.returncode)


def tree_mib(pid: int) -> float:
    """MiB of a process and all below it, a page that several have counted once."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    total, left = 0.0, [pid]
    while left:
        one = left.pop()
        left += children.get(one, [])
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{one}/smaps_rollup").read_text(), re.MULTILINE)
        except OSError:
            continue
        total += int(found[1]) / 1024 if found else 0.0
    return total


def scenes_of(folder: Path) -> list[str]:
    return [
        "scenes=custom", f"scenes.root={folder}", "scenes.held_out=null", "scenes.train.images=images",
        "scenes.train.keypoints=person_keypoints.json", "scenes.train.instances=instances.json",
        "scenes.train.captions=captions.json",
    ]  # fmt: skip


def generate_words(folder: Path, *more: str) -> list[str]:
    return [sys.executable, str(ROOT / "generate.py"), *scenes_of(folder), f"data_dir={folder / 'data'}", *more]


def made_words(folder: Path, *more: str) -> list[str]:
    return generate_words(
        folder, f"output_dir={folder / 'made'}", "teacher.num_samples=50", "num_page_scenes=0", *more
    )  # fmt: skip


def put_in_place(folder: Path) -> None:
    """A folder of made samples that holds the set's, so that their card and exports are all that is left to write."""
    made = folder / "made"
    shutil.rmtree(made, ignore_errors=True)
    done = subprocess.run(made_words(folder), cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"error: the folder of samples could not be made: {done.stderr[-500:]}")
    (made / "samples.jsonl").unlink()
    os.link(folder / "samples.jsonl", made / "samples.jsonl")
    sign_made(made, read_json(made / "made.json", what="made samples")["made_from"], folder / "images")


def audit_faults(folder: Path, output: str, *, claims: bool) -> list[str]:
    """What an audit counted otherwise than planted."""
    rows = {cells[0]: cells[1:] for line in output.splitlines() if (cells := re.split(r"\s{2,}", line.strip()))}
    names = ["samples", LEAK, *([CONTRADICTION] if claims else []), *(f"answers {how}" for how in HOW)]
    return [
        f"{kind}: {name} {got}; planted {want}"
        for kind, planted in planted_in(folder).items()
        for name in names
        if (got := number_of(rows, name, kind)) != (want := planted[name.removeprefix("answers ")])
    ]


def number_of(rows: Mapping[str, Sequence[str]], name: str, kind: str) -> int | None:
    """The number in a printed table's row and column; None where it is not there."""
    if name not in rows or kind not in rows.get("kind", ()):
        return None
    found = re.match(r"[\d,]+", rows[name][rows["kind"].index(kind)])
    return int(found[0].replace(",", "")) if found else None


def planted_in(folder: Path) -> dict[str, Counter[str]]:
    found = read_json(folder / "planted.json", what="what was planted")
    return {kind: Counter(counts) for kind, counts in found.items()}


def card_faults(folder: Path, output: str, *, exports: bool) -> list[str]:
    """What the card counted otherwise than planted, and exports that do not hold every sample."""
    made, planted = folder / "made", planted_in(folder)
    card = read_json(made / "card.json", what="card")
    faults = [
        f"card: {kind}: {how} {card['duplicates']['found'][kind][how]}; planted {counts[how]}"
        for kind, counts in planted.items()
        for how in HOW
        if card["duplicates"]["found"][kind][how] != counts[how]
    ]
    number = sum(counts["samples"] for counts in planted.values())
    held = {"card": sum(card["measures"]["samples"].values())}
    if exports:
        import pyarrow.parquet

        with (made / "messages.jsonl").open("rb") as stream:
            held["messages"] = sum(1 for _ in stream)
        with (made / "llava.json").open("rb") as stream:
            held["llava"] = sum(line.startswith(b"{") for line in stream)
        held["parquet"] = pyarrow.parquet.ParquetFile(made / "samples.parquet").metadata.num_rows
    return faults + [f"{name} holds {many}; expected {number}" for name, many in held.items() if many != number]


def ended_well(folder: Path, output: str) -> list[str]:
    return []


@dataclass(frozen=True, kw_only=True)
class Step:
    """One command and what its output must say."""

    name: str
    words: Callable[[Path], list[str]]
    faults: Callable[[Path, str], list[str]] = ended_well
    of_made: bool = False


def alone(form: str) -> Callable[[Path], list[str]]:
    """One export without a card."""
    code = (
        "import sys; from pathlib import Path; from llavapose.teacher.dataset.exports import export_samples; "
        f"export_samples(Path(sys.argv[1]), Path(sys.argv[2]), [{form!r}])"
    )
    return lambda folder: [sys.executable, "-c", code, str(folder / "samples.jsonl"), str(folder / "alone")]


STEPS = (
    Step(
        name="audit",
        words=lambda folder: generate_words(
            folder, f"audit={folder / 'samples.jsonl'}", f"output_dir={folder / 'audit'}"
        ),
        faults=partial(audit_faults, claims=True),
    ),
    Step(
        name="audit, no scenes",
        words=lambda folder: [
            sys.executable, str(ROOT / "generate.py"), f"scenes.root={folder / 'none'}",
            f"audit={folder / 'samples.jsonl'}", f"output_dir={folder / 'audit_alone'}",
        ],
        faults=partial(audit_faults, claims=False),
    ),
    Step(name="card", words=made_words, faults=partial(card_faults, exports=False), of_made=True),
    Step(
        name="card, all exports",
        words=lambda folder: made_words(folder, "exports=[llava,messages,parquet]"),
        faults=partial(card_faults, exports=True),
        of_made=True,
    ),
    *(Step(name=f"export {form}", words=alone(form)) for form in ("llava", "messages", "parquet")),
    Step(
        name="check",
        words=lambda folder: [
            sys.executable, "-m", "llavapose.data.check", str(folder / "samples.jsonl"), str(folder / "images"),
            "--data-dir", str(folder / "data"),
        ],
    ),
)  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_size", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--samples", type=int, nargs="+", default=SIZES)
    parser.add_argument("--only", nargs="+", help="names of commands, of " + ", ".join(step.name for step in STEPS))
    given = parser.parse_args()
    print("| samples | command | wall s | CPU s | memory, MiB |\n|---:|---|---:|---:|---:|", flush=True)
    faults: list[str] = []
    for number in given.samples:
        folder = HOME / str(number)
        write_set(folder, number)
        steps = [step for step in STEPS if not given.only or step.name in given.only]
        if any(step.of_made for step in steps):
            put_in_place(folder)
        for step in steps:
            for name in ("audit", "audit_alone", "alone", "data"):
                shutil.rmtree(folder / name, ignore_errors=True)
            cost = measured(step.words(folder))
            told = (
                step.faults(folder, cost.output)
                if not cost.status
                else [f"ended with {cost.status}: {cost.output[-900:]}"]
            )
            faults += [f"{number:,} samples, {step.name}: {fault}" for fault in told]
            row = f"| {number:,} | {step.name} | {cost.wall_s:.1f} | {cost.cpu_s:.1f} | {cost.mib:,.0f} |"
            print(row, flush=True)
    print("\n".join(f"error: {fault}" for fault in faults) or "\nevery planted number was counted exactly")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
