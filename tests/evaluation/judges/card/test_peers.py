"""How a judge agrees with people and with the pose judge, told by the verdicts that lie beside its card."""

import random

import pytest

from llavapose.evaluation.judges.card.peers import agreement_with_peers
from llavapose.files import write_jsonl

KINDS = ("conv", "detail", "complex")
JUDGE = "judge-single-keypoints"


def leave(folder, judge, rating_of, raters=1):
    rows = [
        {"question_id": f"{image}-{kind}", "scene_id": image, "kind": kind, "text": "?", "arm": "full", "repeat": rater,
         "judge": judge, "rating": rating_of(image, kind, rater), "reason": "", "claims": []}
        for image in range(40) for kind in KINDS for rater in range(raters)
    ]  # fmt: skip
    write_jsonl(folder / "verdicts" / judge / "full.jsonl", rows)


@pytest.fixture
def folder(tmp_path):
    """The judge follows people in detail, says the opposite in complex, and guesses in conv."""
    rng = random.Random(0)
    truth = {(image, kind): rng.randint(1, 10) for image in range(40) for kind in KINDS}
    says = {
        "conv": lambda worth: rng.randint(1, 10),
        "detail": lambda worth: worth,
        "complex": lambda worth: 11 - worth,
    }
    leave(tmp_path, "people", lambda image, kind, rater: float(truth[image, kind]), raters=2)
    leave(tmp_path, "pose", lambda image, kind, rater: 2.0 * truth[image, kind] - 10)
    leave(tmp_path, JUDGE, lambda image, kind, rater: float(says[kind](truth[image, kind])))
    return tmp_path


def test_by_kind_with_people_and_with_the_pose_judge(folder):
    found = {(row["with"], row["kind"], row["measure"]): row for row in agreement_with_peers(folder, JUDGE)}
    for peer in ("people", "pose"):
        assert found[peer, "detail", "spearman"]["value"] == pytest.approx(1)
        assert found[peer, "complex", "spearman"]["value"] == pytest.approx(-1)
        guessed = found[peer, "conv", "spearman"]
        assert guessed["low"] < 0 < guessed["high"] and guessed["num"] == 40
        assert found[peer, "all", "spearman"]["num"] == 120
    assert found["people", "detail", "weighted_kappa"]["value"] == pytest.approx(1)
    assert ("pose", "detail", "weighted_kappa") not in found, "its scale is its own"


def test_without_its_own_verdicts_or_others_there_is_nothing(folder, tmp_path):
    assert agreement_with_peers(folder, "another-judge") == []
    for peer in ("people", "pose"):
        (folder / "verdicts" / peer / "full.jsonl").unlink()
    assert agreement_with_peers(folder, JUDGE) == []
