"""Forty misbehaviours, a fifth of the replies each: every good reply kept, one line where it stops, sums that hold."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from llavapose.llm.live import workers
from tests.llm.hostile import Measured, exact, measure
from tests.llm.misbehaving import DECOY, MISBEHAVIOURS, Misbehaviour

STOPS = {"unauthorized_terminal_codes": "key: the endpoint refuses the key (401: Who are you? ]0;owned[2J[31m5m)"}
"""What ends a run, as no request would be answered until a person has done something."""


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Measured]]:
    """All of them beside one another: most of the time is spent waiting."""
    folder: Path = tmp_path_factory.mktemp("ledgers")
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(8) as pool:
        patch.setattr(workers, "BACKOFF_S", 0.02)
        rows = list(pool.map(lambda one: measure(one, folder, number=40), MISBEHAVIOURS))
    for path in folder.iterdir():
        assert DECOY.encode() not in path.read_bytes(), path
    yield {row.name: row for row in rows}


def test_there_are_forty():
    assert len(MISBEHAVIOURS) == 40


@pytest.mark.parametrize("misbehaviour", MISBEHAVIOURS, ids=lambda one: one.name)
def test_every_good_reply_is_kept_and_the_money_is_true(measured: dict[str, Measured], misbehaviour: Misbehaviour):
    row = measured[misbehaviour.name]
    assert row.misbehaved > 0
    assert row.kept == row.good and row.strange == 0
    assert row.errors == ()
    expected = STOPS.get(row.name)
    assert [line[: len(expected or "")] for line in row.stopped] == ([expected] if expected else [])
    assert all(len(line.splitlines()) == 1 and line.isprintable() for line in row.stopped)
    assert row.counted_usd >= row.charged_usd - 1e-9
    # A reply that came too late on a busy machine is paid twice, and the first time in doubt.
    if exact(misbehaviour) and not row.twice:
        assert row.certain_usd == pytest.approx(row.charged_usd)
