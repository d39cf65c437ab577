"""Sweeps whose arms have different bases, as files: what is of one base must never meet what is of the other.

Ratings are whole numbers that follow from base, arm and question alone, so that every difference can be counted by
hand, and the bases' untouched answers lie far apart: who takes the other base's baseline is off by ``APART`` points.
"""

from pathlib import Path

from llavapose.files import write_json, write_jsonl

NUM_IMAGES = 24
KINDS = ("conv", "detail", "complex")
BASES = {"weak": "org/weak-7b", "strong": "org/strong-8b"}
"""What ``model.name`` says -> what ``model.base`` says."""
WORTH = {
    "weak": {"baseline": 2, "conv": 4, "full": 5},
    "strong": {"baseline": 7, "conv": 8, "full": 10},
}
"""Base -> arm -> its usual rating."""
APART = 50
"""Rating x 10 between the two untouched bases."""
SEES = {
    "weak": {"baseline": 0, "conv": 2, "full": 3},
    "strong": {"baseline": 1, "conv": 3, "full": 4},
}
"""Base -> arm -> of four facts, how many it gets right."""
PAIRS = "gpt-4o-pair-keypoints"


def rating(base: str, arm: str, image: int) -> float:
    """1 to 10: the usual one, every third picture one lower, so that there is a spread."""
    return float(max(1, WORTH[base][arm] - (image % 3 == 0)))


def questions() -> list[dict]:
    return [
        {"id": f"{image}-{kind}", "scene_id": image, "image": f"{image}.jpg", "kind": kind, "text": f"How ({kind})?",
         "asked": None}
        for image in range(1, NUM_IMAGES + 1)
        for kind in KINDS
    ]  # fmt: skip


def write_arm(folder: Path, base: str, arm: str) -> None:
    """Answers, verdicts with both controls, the prior and the probe of one arm of a base."""
    asked = questions()
    write_jsonl(folder / "benchmark.jsonl", asked)
    write_json(folder / "benchmark.json", {"name": "b", "hash": "h", "num_questions": len(asked)})
    answers = [{"question_id": one["id"], "arm": arm, "text": f"{base} {arm}", "finish": "stop", "num_tokens": 2}
               for one in asked]  # fmt: skip
    write_jsonl(folder / "answers" / f"{arm}.jsonl", answers)
    verdicts = [
        {"question_id": one["id"], "arm": arm, "judge": "pose", "rating": rating(base, arm, one["scene_id"]),
         "reason": "", "silent": False, "kind": one["kind"], "scene_id": one["scene_id"], "text": one["text"],
         "claims": []}
        for one in asked
    ]  # fmt: skip
    write_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", verdicts)
    for control, rated in (("shuffled", 1.5), ("no_picture", 1.25)):
        rated += 0.25 * (base == "strong")
        under = [{**row, "rating": rated} for row in verdicts]
        write_jsonl(folder / "verdicts" / "pose" / control / f"{arm}.jsonl", under)
    write_jsonl(folder / "answers" / "prior.jsonl", [{**row, "arm": "prior", "text": "Somebody."} for row in answers])
    write_jsonl(
        folder / "verdicts" / "pose" / "prior.jsonl", [{**row, "arm": "prior", "rating": 1.0} for row in verdicts]
    )
    write_jsonl(folder / "probe" / f"{arm}.jsonl", probe_rows(base, arm))


def probe_rows(base: str, arm: str) -> list[dict]:
    rows = []
    for pictures in ("true", "shuffled"):
        for image in range(1, NUM_IMAGES + 1):
            right = (image - 1) % 4 < (SEES[base][arm] if pictures == "true" else 2)
            values = ("bent", "straight") if (image - 1) // 4 % 2 else ("straight", "bent")
            true, flipped = ([-1.0, -1.0], [-2.0, -2.0]) if right else ([-2.0, -2.0], [-1.0, -1.0])
            rows.append({
                "arm": arm, "pictures": pictures, "id": f"{image}-elbow", "scene_id": image, "group": "arms",
                "kind": "elbow", "part": "left elbow", "value": values[0], "flipped_value": values[1], "num_people": 1,
                "loglik_true": true, "loglik_flipped": flipped,
            })  # fmt: skip
    return rows


def write_pairs(folder: Path, base: str, arm: str) -> None:
    """A judge of pairs lays an arm beside its own base's baseline; the strong one's company costs an arm nothing."""
    lines = [
        {"question_id": one["id"], "scene_id": one["scene_id"], "kind": one["kind"], "text": one["text"], "arm": of,
         "judge": PAIRS, "rating": rating(base, of, one["scene_id"]), "opponent": other,
         "order": order if of == arm else order[::-1], "repeat": 0, "protocol": "pair", "reason": "", "model": "gpt-4o",
         "context": "keypoints"}
        for one in questions()
        for order in ("ab", "ba")
        for of, other in ((arm, "baseline"), ("baseline", arm))
    ]  # fmt: skip
    write_jsonl(folder / "verdicts" / PAIRS / f"{arm}.jsonl", lines)


def job(folder: Path, variant: str, arm: str, model: str, base: str, exit_code: int | None = 0, seed: int = 0) -> dict:
    """A line of ``jobs.json``."""
    place = folder / variant if variant else folder
    return {
        "arm": arm, "variant": variant, "dir": str(place / "runs" / arm), "results_dir": str(place),
        "exit_code": exit_code, "seed": seed, "settings": {"model": {"name": model, "base": base}, "seed": seed},
    }  # fmt: skip


def write_sweep(folder: Path, *, bases: dict[str, str] = BASES, seeds: tuple[int, ...] = (), pairs: bool = False,
                missing: tuple[tuple[str, str], ...] = ()) -> Path:  # fmt: skip
    """A finished sweep of ``-m model=weak,strong data=conv,full``; with seeds, each baseline in the first one's folder.

    Args:
        folder: where it goes.
        bases: ``model.name`` -> ``model.base``.
        seeds: training seeds; none: nothing but the base and the arm varies.
        pairs: whether a judge of pairs has rated too.
        missing: (base, arm) whose job failed.
    """
    baselines, jobs = [], []
    for name in bases:
        for place, seed in enumerate(seeds or (0,)):
            varies = len(bases) > 1
            variant = ",".join([*[f"model={name}"] * varies, *[f"seed={seed}"] * bool(seeds)])
            for arm in ("baseline", "conv", "full"):
                if arm == "baseline" and place:
                    continue
                failed = (name, arm) in missing
                told = job(folder, variant, arm, name, bases[name], int(failed), seed)
                (baselines if arm == "baseline" else jobs).append(told)
                if not failed:
                    write_arm(Path(told["results_dir"]), name, arm)
                if pairs and arm != "baseline" and not failed:
                    write_pairs(Path(told["results_dir"]), name, arm)
    write_json(folder / "jobs.json", [*baselines, *jobs])
    return folder
