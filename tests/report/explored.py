"""Made-up results for the explorer: every kind of answer, two judges, hostile texts; and what each view shows."""

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

from PIL import Image

from llavapose.files import write_json, write_jsonl

PAIR = "gpt-4o-pair-keypoints"
HOSTILE = (
    "<img src=x onerror=\"document.title='owned'\">",
    "</script><script>document.title='owned'</script>",
    "<!--<script>",
    "]]>&lt;b&gt; {{ 7 * 7 }} {% raw %} ${document.title='owned'}",
    "javascript:document.title='owned'",
    "\x00\x07\x1b[31m\x9b\x7f",
    "safe \u202eneercs\u202c \u2066shown\u2069",
    "\u2028\u2029 \U0001f3be \U0001f469\u200d\U0001f9bd מימין",
    "__proto__ constructor toString",
)
"""What an answer, a reason, a question or an arm's name may hold."""
NEVER_SHOWN = "\x00\x07\x1b\x9b\x7f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
"""Obeyed by terminals and editors, or turning round what stands beside it: shown as a replacement character."""

# question -> pose ratings of full, conv, baseline, prior; "" is no answer, None unscored.
RATED = {
    "1-conv": (9.0, 5.0, 5.0, 1.0),
    "1-detail": (3.0, 6.0, 5.0, 1.0),
    "1-complex": (None, 5.0, 5.0, 1.0),
    "2-conv": (5.0, 5.0, 5.0, 5.0),
    "2-detail": (7.0, 2.0, 4.0, 1.0),
    "2-complex": ("", 8.0, 4.5, 1.0),
}
# What the pair judge gave full, the answer standing first and second, and the baseline beside it.
PAIRED = {
    "1-conv": ((9, 7), (4, 4)),
    "1-detail": ((9, 9), (2, 2)),
    "1-complex": ((6, 6), (5, 5)),
    "2-conv": ((5, 5), (5, 5)),
    "2-detail": ((8, 2), (6, 6)),
}
WRONG = ("1-detail", "2-detail")
"""Where full says something that the keypoints contradict."""
RIGHT, FALSE = "The left elbow is bent", "the left elbow is straight"
ARMS = ("full", "conv", "baseline", "prior")

VIEWS = (
    ("", list(RATED)),
    ("kind=detail", ["1-detail", "2-detail"]),
    ("q=zebra", ["2-detail"]),
    ("q=ZEBRA%20elbow", ["2-detail"]),
    ("q=zebra%20crossing", []),
    ("q=because%20of%202-conv", ["2-conv"]),
    ("arm=full&outcome=better", ["1-conv", "2-detail"]),
    ("arm=full&outcome=worse", ["1-detail"]),
    ("arm=full&outcome=equal", ["2-conv"]),
    ("arm=conv&outcome=better", ["1-detail", "2-complex"]),
    ("outcome=better", ["1-conv", "1-detail", "2-detail", "2-complex"]),
    ("outcome=wrong", ["1-detail", "2-detail"]),
    ("arm=conv&outcome=wrong", []),
    ("outcome=unscored", ["1-complex"]),
    ("outcome=missing", ["2-complex"]),
    ("arm=full&outcome=blind", ["2-conv"]),
    ("arm=full&kind=conv&outcome=better", ["1-conv"]),
    ("arm=full&sort=gain", ["1-conv", "2-detail", "2-conv", "1-detail", "1-complex", "2-complex"]),
    ("arm=full&sort=loss", ["1-detail", "2-conv", "2-detail", "1-conv", "1-complex", "2-complex"]),
    ("arm=conv&sort=gain", ["2-complex", "1-detail", "1-conv", "1-complex", "2-conv", "2-detail"]),
    ("sort=arms", ["2-detail", "1-conv", "2-complex", "1-detail", "1-complex", "2-conv"]),
    ("arm=full&sort=judges", ["1-detail", "2-detail", "1-conv", "2-conv", "1-complex", "2-complex"]),
    (f"arm=full&judge={PAIR}&sort=orders", ["2-detail", "1-conv", "1-detail", "1-complex", "2-conv", "2-complex"]),
    (f"arm=full&judge={PAIR}&outcome=better", ["1-conv", "1-detail", "1-complex"]),
    ("sort=nonsense&outcome=nonsense&kind=nonsense&q=", list(RATED)),
)  # fmt: skip
"""State behind the # -> the questions listed, in order."""


def write_explored(folder: Path) -> Path:
    """The results as files, with tables (of made-up numbers) and a card."""
    questions = [
        {"id": name, "scene_id": int(name[0]), "image": f"{name[0]}.jpg", "kind": name[2:],
         "text": f"How is the left elbow in {name}? {HOSTILE[1]}", "asked": None}
        for name in RATED
    ]  # fmt: skip
    write_jsonl(folder / "benchmark.jsonl", questions)
    for number, arm in enumerate(ARMS):
        _write_arm(folder, arm, {name: ratings[number] for name, ratings in RATED.items()})
    _write_pairs(folder)
    for image, colour in ((1, (200, 60, 60)), (2, (60, 60, 200))):
        path = folder / "pictures" / f"{image}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 72), colour).save(path)
    _write_tables(folder)
    write_json(folder / "owner.json", {
        "command": "train.py -m data=full,conv", "settings": "84e907956b06", "values": {"optim.lr": 0.001},
        "commit": "2992e0d49d17798138a8029997759a89201b10ac", "host": "node7", "pid": 1,
        "started": "2026-11-26T21:15:51+00:00", "ended": "2026-11-26T21:21:37+00:00", "ok": True,
    })  # fmt: skip
    return folder


def _write_tables(folder: Path) -> None:
    rated = [f"pose,{arm},{kind},{50 + number},40,60,{number},1,9,30" for number, arm in enumerate(ARMS)
             for kind in ("conv", "detail", "complex", "all")]  # fmt: skip
    skills = [f"{arm},{pictures},{group},0.4,-0.1,0.5,90" for arm in ARMS[:3] for pictures in ("true", "shuffled")
              for group in ("all", "all (one person)", "all (several people)", "arms")]  # fmt: skip
    for name, columns, rows in (
        ("ablation.csv", "judge,arm,kind,score,low,high,diff,diff_low,diff_high,num_scored", rated),
        ("probe.csv", "arm,pictures,group,skill,low,high,n", skills),
    ):
        (folder / name).write_text("\n".join([columns, *rows]) + "\n")


def answer_text(arm: str, name: str) -> str:
    """Right, then wrong where it is; an emoji before the claims, so that their places count characters."""
    text = f"\U0001f3be {RIGHT}."
    if arm == "full" and name in WRONG:
        text += f" No, {FALSE}."
    if arm == "full" and name == "2-detail":
        text += " A zebra. " + " ".join(HOSTILE)
    return text


def _write_arm(folder: Path, arm: str, ratings: dict) -> None:
    answers, verdicts, shuffled = [], [], []
    for name, rating in ratings.items():
        if rating == "":
            continue
        text = answer_text(arm, name)
        answers.append({"question_id": name, "arm": arm, "text": text, "finish": "stop", "num_tokens": 9})
        claims = [_claim(text, RIGHT, "supported")]
        if FALSE in text:
            claims.append(_claim(text, FALSE, "contradicted"))
        row = {"question_id": name, "arm": arm, "judge": "pose", "rating": rating, "silent": False, "kind": name[2:],
               "scene_id": int(name[0]), "reason": f"because of {name} {HOSTILE[0]}", "claims": claims}  # fmt: skip
        verdicts.append(row)
        shuffled.append({**row, "rating": 2.0, "claims": []})
    write_jsonl(folder / "answers" / f"{arm}.jsonl", answers)
    write_jsonl(folder / "verdicts" / "pose" / f"{arm}.jsonl", verdicts)
    if arm != "prior":
        write_jsonl(folder / "verdicts" / "pose" / "shuffled" / f"{arm}.jsonl", shuffled)


def _claim(text: str, words: str, outcome: str) -> dict:
    start = text.index(words)
    return {"start": start, "end": start + len(words), "outcome": outcome, "kind": "elbow", "part": "left elbow",
            "value": "bent", "negated": False, "person": 0}  # fmt: skip


def _write_pairs(folder: Path) -> None:
    """A judge of pairs, in both orders: a line a rating, the baseline's behind full's."""
    rows = []
    for name, ratings in PAIRED.items():
        for number, (own, other) in enumerate((("ab", "ba"), ("ba", "ab"))):
            for arm, opponent, order, found in (
                ("full", "baseline", own, ratings[0]),
                ("baseline", "full", other, ratings[1]),
            ):
                rows.append({
                    "question_id": name, "arm": arm, "judge": PAIR, "rating": float(found[number]), "silent": False,
                    "reason": f"{arm} {order} {HOSTILE[2]}", "protocol": "pair", "opponent": opponent, "order": order,
                    "key": None, "repeat": 0, "kind": name[2:], "scene_id": int(name[0]), "claims": [],
                })  # fmt: skip
    write_jsonl(folder / "verdicts" / PAIR / "full.jsonl", rows)


def unpacked(html: str) -> Any:
    """What the page's script makes of the block ``data``."""
    (block,) = re.findall(r'<script type="text/plain" id="data">([A-Za-z0-9+/=]*)</script>', html)
    return json.loads(zlib.decompress(base64.b64decode(block, validate=True)))
