"""Samples of a picture that share a step: what the cap on them does to held-out loss and probe skill.

    python train.py -m experiment=branch_caps seed=0,1,2,3,4 data.max_branches_per_image=1,2,4,0
    python -m benchmarks.branch_caps                # reads outputs/branch_caps; name the folders of further sweeps

Differences are to the arm ``cap_1``, paired by seed (its order, its held-out pictures), with Student's t over seeds.
Says which arms' intervals of the loss lie inside 1% either way.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.errors import LlavaPoseError
from llavapose.evaluation.probe.score import probe_table
from llavapose.evaluation.statistics.intervals import t_interval
from llavapose.files import read_json, read_jsonl

SWEEP, REFERENCE = Path("outputs/branch_caps"), "cap_1"
WITHIN = 1.0
"""Per cent of the reference's held-out loss: what counts as the same training."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """What one run came to: nats a held-out token, the probe's skill, samples a second behind the first steps."""

    loss: float
    skill: float
    rate: float


def runs_of(sweep: Path) -> dict[str, dict[int, Run]]:
    """Arm -> seed -> run, of the finished jobs of a sweep.

    Raises:
        LlavaPoseError: no sweep lies there, or a run without held-out loss or probe.
    """
    if not (sweep / "jobs.json").is_file():
        raise LlavaPoseError(
            f"no sweep in {sweep} (no jobs.json); run experiment=branch_caps first, or name its folder"
        )
    found: dict[str, dict[int, Run]] = {}
    for job in read_json(sweep / "jobs.json", what="jobs of a sweep"):
        arm = job["arm"]
        if job.get("exit_code") != 0:
            continue
        log = [row for _, row in read_jsonl(Path(job["dir"]) / "metrics.jsonl", what="curves")]
        losses = [row["val/loss"] for row in log if "val/loss" in row]
        rates = [row["train/samples_per_s"] for row in log if "train/samples_per_s" in row]
        path = Path(job["results_dir"]) / "probe" / f"{arm}.jsonl"
        rows = [{**row, "arm": arm} for _, row in read_jsonl(path, what="probe")]
        if not losses or not rows:
            raise LlavaPoseError(f"{job['dir']}: no held-out loss or no probe; both are needed (data.num_val, probe)")
        table = probe_table([row for row in rows if row["pictures"] == "true"], groups=("all",))
        skill = next(row["skill"] for row in table if row["group"] == "all")
        if job["seed"] in found.setdefault(arm, {}):
            raise _twice(arm, job["seed"])
        found[arm][job["seed"]] = Run(loss=losses[-1], skill=skill, rate=float(np.median(rates)))
    return found


def _twice(arm: str, seed: int) -> LlavaPoseError:
    return LlavaPoseError(
        f"{arm}, seed {seed}: two runs of that name, of other settings or in two folders; give one of them a data.name"
    )


def together(sweeps: Sequence[Path]) -> dict[str, dict[int, Run]]:
    """The runs of several sweeps.

    Raises:
        LlavaPoseError: an arm's seed in two of them.
    """
    found: dict[str, dict[int, Run]] = {}
    for sweep in sweeps:
        for arm, runs in runs_of(sweep).items():
            if twice := found.get(arm, {}).keys() & runs.keys():
                raise _twice(arm, min(twice))
            found.setdefault(arm, {}).update(runs)
    return found


def over_seeds(values: Sequence[float]) -> tuple[float, float, float]:
    """Mean and its 95% interval, by Student's t over the seeds."""
    numbers = np.asarray(values, dtype=float)
    se = float(numbers.std(ddof=1) / np.sqrt(len(numbers))) if len(numbers) > 1 else float("nan")
    mean = float(numbers.mean())
    return (mean, *t_interval(mean, se, len(numbers) - 1))


def differences(arm: Mapping[int, Run], reference: Mapping[int, Run]) -> tuple[list[float], list[float]]:
    """Per seed that both have: the loss's difference in per cent of the reference's, and the skill's."""
    seeds = sorted(arm.keys() & reference.keys())
    losses = [100 * (arm[seed].loss / reference[seed].loss - 1) for seed in seeds]
    return losses, [arm[seed].skill - reference[seed].skill for seed in seeds]


def told(estimate: tuple[float, float, float], digits: int) -> str:
    """A mean with its interval."""
    mean, low, high = estimate
    return f"{mean:+.{digits}f} [{low:+.{digits}f}, {high:+.{digits}f}]"


def settled(found: Mapping[str, Mapping[int, Run]], reference: str) -> str:
    """Which arms train as the reference does, within the limit; which do not; which cannot be told."""
    same, other, open_ = [], [], []
    for arm, runs in found.items():
        if arm == reference:
            continue
        _, low, high = over_seeds(differences(runs, found[reference])[0])
        inside = low >= -WITHIN and high <= WITHIN
        outside = low > WITHIN or high < -WITHIN
        (same if inside else other if outside else open_).append(arm)
    parts = {"inside": same, "outside": other, "not settled": open_}
    return f"difference of the loss within {WITHIN:g}%: " + "; ".join(
        f"{name} {', '.join(arms) or '-'}" for name, arms in parts.items()
    )


def main() -> int:
    """Print the table and what it settles."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sweeps", nargs="*", type=Path, default=[SWEEP], help=f"folders of sweeps; {SWEEP}")
    parser.add_argument("--reference", default=REFERENCE, help=f"the arm that others are held against; {REFERENCE}")
    given = parser.parse_args()
    try:
        found = together(given.sweeps)
        if given.reference not in found:
            raise LlavaPoseError(f"no finished run of {given.reference}; there are {', '.join(found) or 'none'}")
    except LlavaPoseError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    heads = ("arm", "seeds", "held-out loss", "difference, %", "probe skill", "difference", "samples/s")
    print(f"| {' | '.join(heads)} |\n" + "|---" * len(heads) + "|")
    for arm, runs in found.items():
        losses, skills = differences(runs, found[given.reference])
        mean_loss, mean_skill, rate = (
            float(np.mean([getattr(run, name) for run in runs.values()])) for name in ("loss", "skill", "rate")
        )
        apart = ("-", "-") if arm == given.reference else (told(over_seeds(losses), 2), told(over_seeds(skills), 3))
        print(f"| {arm} | {len(runs)} | {mean_loss:.4f} | {apart[0]} | {mean_skill:.3f} | {apart[1]} | {rate:.0f} |")
    print(settled(found, given.reference))
    return 0


if __name__ == "__main__":
    sys.exit(main())
