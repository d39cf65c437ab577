"""Free English read as claims: blind wording put to pictures, blind paragraphs, and the answers that the papers quote.

The blind files were written without looking at the extractor. It was improved on their development half only.
"""

import hashlib
import json
from pathlib import Path

import pytest

from benchmarks import claims as benchmark
from benchmarks.claim_paragraphs import paragraph_scores
from llavapose.pose.claims.extract import extract_claims
from llavapose.scenes.world.world import WorldSettings, ensure_world, read_world

SHA256 = {
    benchmark.BLIND: "29fef6f078c2fa9bd06cd43677da2d742bc48505c54cdc57dbbd58d170fb603e",
    benchmark.PARAGRAPHS: "ac09dbeca51aebacaf852d356ecec9527a2d1017361504401215338752a32ad8",
}
PAPERS = Path(__file__).parents[4] / "shared/papers"
QUOTED = sorted((Path(__file__).parents[2] / "golden/claims").glob("*.json"))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    settings = WorldSettings(num_train=0, num_val=160, seed=benchmark.WORLD.seed)
    return read_world(ensure_world(tmp_path_factory.mktemp("world"), settings, progress=False), "val").scenes


@pytest.mark.parametrize("path", SHA256, ids=lambda path: path.stem)
def test_the_blind_files_are_as_they_were_written(path):
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SHA256[path]


def test_flips_of_the_teachers_own_wording_are_found(scenes):
    for cases in (benchmark.own_cases(scenes[:80]), benchmark.own_texts(scenes[:25])):
        counts = benchmark.score(cases)["all"]
        assert counts.num_false > 150 and counts.found >= 0.95 and counts.alarms <= 0.02, counts


@pytest.mark.parametrize(("half", "found", "precision"), [("development", 0.96, 0.98), ("held-out", 0.85, 0.97)])
def test_false_uses_of_blind_wording_are_found(scenes, half, found, precision):
    counts = benchmark.score(benchmark.blind_cases(benchmark.read_rows(benchmark.BLIND, half=half), scenes))["all"]
    assert counts.num_false > 600 and counts.num_true > 600
    assert counts.found >= found and counts.precision >= precision, counts


@pytest.mark.parametrize(("half", "precision", "recall"), [("development", 0.93, 0.92), ("held-out", 0.92, 0.83)])
def test_claims_of_blind_paragraphs(half, precision, recall):
    scores = paragraph_scores(benchmark.read_rows(benchmark.PARAGRAPHS, half=half))
    assert scores.num_listed > 80 and scores.precision >= precision and scores.recall >= recall, scores


@pytest.mark.parametrize("path", QUOTED, ids=lambda path: path.stem)
def test_claims_of_the_papers_quoted_answers(path):
    """Each list was checked by reading; "skier" files are the method's example, the others the papers' results."""
    golden = json.loads(path.read_text(encoding="utf-8"))
    paper = PAPERS / golden["source"]
    if not paper.exists():
        pytest.skip(f"{paper} is not here")
    text = paper.read_text(encoding="utf-8").splitlines()[golden["line"] - 1].replace("**", "")
    assert hashlib.sha256(text.encode()).hexdigest() == golden["sha256"]
    found = [
        {**{name: value for name in ("kind", "value", "part", "mention", "target") if (value := getattr(claim, name))},
         **({"negated": True} if claim.negated else {}),
         "start": claim.start, "end": claim.end, "words": text[claim.start : claim.end]}
        for claim in extract_claims(text)
    ]  # fmt: skip
    assert found == golden["claims"]


def test_there_are_nine_answers_and_three_texts_of_the_skier():
    assert sum(path.stem.startswith("skier_") for path in QUOTED) == 3
    assert len(QUOTED) == 12


@pytest.mark.parametrize(
    "text",
    [
        "She may be standing.", "It looks as if he had his left knee bent.", "Perhaps his right arm is raised.",
        "She appears to be about to sit down.",
        "The skier is ready to jump, about to lift her left leg.", "He has his left foot forward.",
        "The leg of the table is bent.", "The chair's legs are apart.", "His trousers have a straight leg.",
        "She wears knee-length trousers and elbow pads.", "On the other hand, it is bent.",
        "His head is tilted and faces the camera.", "An umbrella leans against the wall.", "A dog lies at his feet.",
        "His left arm is slightly raised.", "Her feet are slightly apart.",
        "A technique that includes bending the knees.",
        "The path turns to the left.", "The man stands to gain from it.", "Their gaze is turned to the right.",
        "Should the left arm be raised?", "His arms might be raised above his head.", "He is to the man's left.",
    ],
)  # fmt: skip
def test_what_claims_nothing_in_free_english(text):
    assert extract_claims(text) == ()


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("There is no bend in the man's left elbow.", ["the man|left elbow|straight"]),
        ("His left arm isn't raised but hangs at his side.", ["he|left arm|not raised", "he|left arm|lowered"]),
        ("Rather than bending the left knee, he keeps it straight.",
         ["he|left knee|not bent", "he|left knee|straight"]),
        ("Overhead, the woman's right arm points to the sky.", ["the woman|right arm|above the head"]),
        ("The elbow of her left arm is bent.", ["she|left elbow|bent"]),
        ("The boy bends his left knee slightly.", ["the boy|left knee|slightly bent"]),
        ("Only the back of the man is visible.", ["the man||away from the camera"]),
        ("The man on the left, standing beside the woman on the right, raises his left arm.",
         ["the man on the left||standing", "the man on the left|left arm|raised"]),
        ("Nobody else is in the picture.", ["||1"]),
    ],
)  # fmt: skip
def test_who_and_what(text, claims):
    read = [f"{c.mention or ''}|{c.part or ''}|{'not ' if c.negated else ''}{c.value}" for c in extract_claims(text)]
    assert read == claims


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("The person appears to be standing.", "The person is standing."),
        ("They seem to be sitting.", "They are sitting."),
        ("He appears to have his left knee bent.", "He has his left knee bent."),
        ("The left elbow seems bent.", "The left elbow is bent."),
        ("She is apparently facing away from the camera.", "She is facing away from the camera."),
        (
            "The **left** elbow of the person on the _left_ is `bent`.",
            "The left elbow of the person on the left is bent.",
        ),
        ("* The *person* is **standing**.", "The person is standing."),
    ],
)
def test_what_models_say_of_what_they_see_is_said(text, plain):
    """As of a picture before them: "appears to be" is no guess; and in Markdown."""

    def told(text):
        return [(c.kind, c.value, c.part, c.mention, c.target, c.negated) for c in extract_claims(text)]

    assert told(text) == told(plain) != []
    for claim in extract_claims(text):  # a span is a place in the text as it was written
        assert claim.value.split()[0][:4] in text[claim.start : claim.end].lower() or claim.kind == "facing"
        assert "appears" not in text[claim.start : claim.end]
