"""Runs with planted losses: what the table says of them, and that nothing is settled by one seed."""

import json

import pytest

from benchmarks.branch_caps import main, over_seeds, runs_of, settled, together
from llavapose.errors import LlavaPoseError
from llavapose.files import write_jsonl

REFERENCE = (1.00, 1.04, 0.97, 1.02)


def plant(sweep, losses):
    """A sweep of finished runs: arm -> a held-out loss for every seed."""
    jobs = []
    for arm, of_seed in losses.items():
        for seed, loss in enumerate(of_seed):
            folder = sweep / f"{arm}-{seed}"
            (folder / "probe").mkdir(parents=True, exist_ok=True)
            write_jsonl(
                folder / "metrics.jsonl", [{"step": 5, "train/samples_per_s": 20}, {"step": 9, "val/loss": loss}]
            )
            item = {"kind": "facing", "part": "", "group": "facing", "num_people": 1, "pictures": "true", "scene_id": 1}
            sides = [("front", "back"), ("back", "front")]
            rows = [
                {**item, "value": a, "flipped_value": b, "loglik_true": [-1.0], "loglik_flipped": [-2.0]}
                for a, b in sides
            ]
            write_jsonl(folder / "probe" / f"{arm}.jsonl", rows)
            jobs.append({"arm": arm, "seed": seed, "dir": str(folder), "results_dir": str(folder), "exit_code": 0})
    (sweep / "jobs.json").write_text(json.dumps(jobs))
    return sweep


def scaled(factor, wobble):
    return [loss * factor + shift for loss, shift in zip(REFERENCE, (wobble, -wobble, wobble, -wobble), strict=True)]


def test_what_is_within_outside_and_open(tmp_path):
    arms = {
        "cap_1": REFERENCE,
        "same": scaled(1.002, 0.001),
        "worse": scaled(1.03, 0.001),
        "noisy": scaled(1.0, 0.03),
    }
    found = runs_of(plant(tmp_path, arms))
    assert settled(found, "cap_1").endswith("inside same; outside worse; not settled noisy")


def test_one_seed_settles_nothing(tmp_path):
    found = runs_of(plant(tmp_path, {"cap_1": REFERENCE[:1], "same": REFERENCE[:1]}))
    assert settled(found, "cap_1").endswith("inside -; outside -; not settled same")


def test_two_runs_of_one_name_are_not_mixed(tmp_path):
    """A grid over the rate, its arms called alike; and one arm in two sweeps."""
    first = plant(tmp_path / "first", {"cap_1": REFERENCE})
    jobs = json.loads((first / "jobs.json").read_text())
    with pytest.raises(LlavaPoseError, match="cap_1, seed 0: two runs of that name"):
        together([first, first])
    (first / "jobs.json").write_text(json.dumps([*jobs, {**jobs[2], "variant": "optim.lr=1"}]))
    with pytest.raises(LlavaPoseError, match="cap_1, seed 2: two runs of that name"):
        runs_of(first)


def test_the_interval_is_students(tmp_path):
    mean, low, high = over_seeds([1.0, 2.0, 3.0])
    assert (mean, low, high) == pytest.approx((2.0, 2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-3)


def test_the_table_and_its_errors(tmp_path, monkeypatch, capsys):
    plant(tmp_path, {"cap_1": REFERENCE, "same": scaled(1.0, 0.0)})
    monkeypatch.setattr("sys.argv", ["branch_caps", str(tmp_path)])
    assert main() == 0
    out = capsys.readouterr().out
    assert "| same | 4 | 1.0075 | +0.00 [+0.00, +0.00] | 1.000 | +0.000 [+0.000, +0.000] | 20 |" in out
    monkeypatch.setattr("sys.argv", ["branch_caps", str(tmp_path), "--reference", "cap_9"])
    assert main() == 1
    assert "no finished run of cap_9; there are cap_1, same" in capsys.readouterr().err
    with pytest.raises(LlavaPoseError, match="no sweep in"):
        runs_of(tmp_path / "nothing")
    (tmp_path / "same-0" / "metrics.jsonl").write_text('{"step": 5}\n')
    with pytest.raises(LlavaPoseError, match="no held-out loss or no probe"):
        runs_of(tmp_path)
