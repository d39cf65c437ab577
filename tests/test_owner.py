"""One run a folder: the lock of a living process, the card of a dead one, other settings' results."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from llavapose import owner
from llavapose.errors import ConfigError
from llavapose.files import read_json, write_json
from llavapose.owner import Place, owner_of, release, stranger, take, unfinished

ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
HOLD = """
import sys, time
from pathlib import Path
from llavapose.owner import Place, take
take(Place(folder=Path(sys.argv[1]), part=sys.argv[2]), {"seed": 1})
if len(sys.argv) > 3:
    import os
    if os.fork() == 0:
        time.sleep(60)
print("held", flush=True)
time.sleep(60)
"""


@pytest.fixture(autouse=True)
def _given_back():
    yield
    release(ok=True)


@pytest.fixture
def held():
    """Starts processes that hold a place."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path, part: str = "", *more: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", HOLD, str(folder), part, *more]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=ENV, start_new_session=True)
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def refusal(place: Place) -> str:
    with pytest.raises(ConfigError) as caught:
        take(place, {"seed": 2})
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_second_run_is_refused_in_one_line_that_names_the_first(tmp_path, held):
    first = held(tmp_path)
    text = refusal(Place(folder=tmp_path))
    assert f"(process {first.pid} on " in text and "`-c " in text and text.startswith(f"output_dir={tmp_path}: ")
    assert owner_of(Place(folder=tmp_path)).pid == first.pid, "the first one's card stands"


@pytest.mark.parametrize("fork", [(), ("fork",)], ids=["alone", "with a child that lives on"])
def test_after_kill_9_the_folder_is_free_at_once(tmp_path, held, fork):
    first = held(tmp_path, "", *fork)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    place = Place(folder=tmp_path)
    assert unfinished(place)
    take(place, {"seed": 2})
    assert owner_of(place).pid == os.getpid() and owner_of(place).values == {"seed": 2}


def test_arms_share_a_folder_and_a_whole_one_is_shared_with_nobody(tmp_path, held):
    held(tmp_path / "a", "detail")
    take(Place(folder=tmp_path / "a", part="conv"), {"seed": 1})
    assert "detail in " in refusal(Place(folder=tmp_path / "a", part="detail"))
    assert "is in use by" in refusal(Place(folder=tmp_path / "a"))
    held(tmp_path / "b")
    assert "is in use by" in refusal(Place(folder=tmp_path / "b", part="conv"))


def test_the_jobs_of_a_sweep_write_below_its_lock(tmp_path):
    take(Place(folder=tmp_path), {"sweep": []})
    child = HOLD.partition("if len")[0]
    words = [sys.executable, "-c", child, str(tmp_path), "conv"]
    assert subprocess.run(words, env={**ENV, owner.SWEEP: str(os.getpid())}).returncode == 0
    done = subprocess.run(words, env=ENV, capture_output=True, text=True)
    assert done.returncode == 1 and "is in use by" in done.stderr, "somebody else's process"


def test_what_shares_data_waits_for_it(tmp_path, held, capsys):
    first = held(tmp_path)
    stop = subprocess.Popen(["sh", "-c", f"sleep 1.5; kill -9 {first.pid}"])
    start = time.monotonic()
    take(Place(folder=tmp_path), {}, wait=True)
    assert 1 < time.monotonic() - start < 20
    assert capsys.readouterr().out.count("waiting for it") == 1
    stop.wait()


def test_what_was_made_for_others_is_given_back(tmp_path, held):
    with owner.held(Place(folder=tmp_path), {"seed": 1}, waits=True):
        pass
    assert owner_of(Place(folder=tmp_path)).ok
    held(tmp_path)


def test_the_card_says_what_made_it_and_how_it_ended(tmp_path):
    place = Place(folder=tmp_path, results=("x",))
    take(place, {"seed": 2})
    card = read_json(place.card, what="card")
    assert card["ended"] is None and card["pid"] == os.getpid() and card["host"] and card["commit"] and card["command"]
    release(ok=True)
    assert owner_of(place).ok and owner_of(place).ended and not unfinished(place)


def test_results_of_other_settings_are_told_apart(tmp_path):
    place = Place(folder=tmp_path, results=("hf/*",))
    take(place, {"lr": 0.1, "seed": 2})
    assert stranger(place, {"lr": 0.2}) is None, "nothing to lose"
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "model.safetensors").touch()
    assert stranger(place, {"lr": 0.1, "seed": 2}) is None
    assert "made by other settings (lr 0.1 there, 0.2 here)" in stranger(place, {"lr": 0.2, "seed": 2})
    place.card.write_text("{")
    assert "holds results that no card" in stranger(place, {"lr": 0.1, "seed": 2})


def test_a_disk_without_locks_is_told_by_the_cards(tmp_path, held, monkeypatch):
    first = held(tmp_path)
    place = Place(folder=tmp_path)

    def no_locks(handle: int, how: int) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(owner.fcntl, "lockf", no_locks)
    assert f"(process {first.pid} on " in refusal(place)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    take(place, {})
    release(ok=False)
    write_json(place.card, {**read_json(place.card, what="card"), "host": "elsewhere", "ended": None})
    assert f"(if it is gone, remove {place.card})" in refusal(place)


def test_a_place_is_given_back_where_it_was_taken(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    monkeypatch.chdir(tmp_path)
    take(Place(folder=Path("out")), {})
    monkeypatch.chdir(tmp_path / "there")
    release(ok=True)
    assert read_json(tmp_path / "out" / "owner.json", what="card")["ended"]
    assert list((tmp_path / "there").iterdir()) == []
