"""The command that prints a ledger, and settles money that nobody knew the fate of."""

import subprocess
import sys
from pathlib import Path

import pytest

from llavapose.llm.chat import Completion
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import note_charge, note_reply, note_sending
from tests import warm

ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "ledger.sqlite"
    reply = Completion(text="x", model="m", num_prompt_tokens=1000, num_completion_tokens=10)
    with Ledger(found) as ledger:
        ledger.write([*note_reply("k", reply, usd=0.25, tag="conv"), note_charge("k2", 0.125, "unreadable")])
        ledger.write(note_sending(ledger.new_ticket(), f"d{n}", 0.5, sent=True) for n in range(3))
    return found


def run(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "llavapose", "ledger", *map(str, words)]
    return warm.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def spent(path: Path) -> tuple[float, float]:
    with Ledger(path) as ledger:
        return ledger.spent_usd(), ledger.doubtful_usd()


def test_what_it_holds_and_how_to_settle_it(path):
    said = run(path)
    assert said.returncode == 0, said.stderr
    assert "1 for $0.2500, 1,000 tokens in, 10 out" in said.stdout and "1 conv" in said.stdout
    assert "charged:   $0.1250" in said.stdout
    assert "in doubt:  3 sendings without a reply, at most $1.5000, 20" in said.stdout
    assert f"python -m llavapose ledger {path} --doubtful USD" in said.stdout
    assert spent(path) == (1.875, 1.5)  # looking changes nothing


@pytest.mark.parametrize("usd", [0.0, 0.75, 1.5])
def test_doubtful_money_is_settled_once_at_what_the_bill_says(path, usd):
    said = run(path, "--doubtful", usd)
    assert said.returncode == 0 and f"settled:   3 sendings at ${usd:,.4f} instead of at most $1.5000" in said.stdout
    assert spent(path) == (0.375 + usd, 0.0)
    again = run(path, "--doubtful", usd)
    assert again.returncode == 1 and "no money is in doubt" in again.stderr
    assert spent(path) == (0.375 + usd, 0.0)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--doubtful", "nan"], "expected US dollars, 0 or more"),
        (["--doubtful", "-1"], "expected US dollars, 0 or more"),
        (["--doubtful", "7"], "cost $1.5000 at most; take what the replies cost from the bill first"),
    ],
)
def test_what_cannot_be_is_one_line(path, words, line):
    said = run(path, *words)
    assert said.returncode == 1 and line in said.stderr and len(said.stderr.splitlines()) == 1
    assert spent(path) == (1.875, 1.5)


def test_no_file_and_one_that_is_in_use(path, tmp_path):
    missing = run(tmp_path / "none.sqlite")
    assert missing.returncode == 1 and "no such file" in missing.stderr and not (tmp_path / "none.sqlite").exists()
    with Ledger(path):
        assert "is in use by another run" in run(path).stderr
