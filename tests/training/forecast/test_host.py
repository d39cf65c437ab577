"""What a machine's own memory takes at each moment: of 7B and 13B by hand, of a tiny model measured."""

from dataclasses import replace

import pytest

from benchmarks.host import TOLERANCE, compare
from llavapose.cli.plan import forecast, places_of
from llavapose.config.compose import composed, typed
from llavapose.errors import ConfigError
from llavapose.training.forecast.advice import changes
from llavapose.training.forecast.cards import GIB
from llavapose.training.forecast.host import Moment, host_of
from llavapose.training.forecast.setup import Engine, Setup, weights_of
from llavapose.training.forecast.shapes import read_shapes
from llavapose.training.forecast.states import state_parts
from llavapose.training.forecast.text import lines_of

SEVEN = read_shapes("llava-hf/llava-1.5-7b-hf")
ZERO3 = Setup(
    engine=Engine.zero3, ranks=2, ranks_a_node=2, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True,
    sharded_loading=True, loading_bytes=2,
)  # fmt: skip
WHOLE = Setup(ranks=2, ranks_a_node=2, ddp=True, compute_bytes=2)
TRAINED = weights_of(SEVEN, ZERO3).trained
OFFLOADED = ("experiment=paper_13b", "dry_run=true")


def host(setup, *, on_gpu=True):
    return host_of(SEVEN, setup, state_parts(SEVEN, setup), on_gpu=on_gpu, exported=2.0 * SEVEN.total)


def gb(setup, moment) -> float:
    return host(setup).at(moment) / 1e9


def test_the_base_whole_or_a_tensor_at_a_time():
    assert gb(Setup(), Moment.load) == pytest.approx(28.3, rel=0.01)
    assert gb(WHOLE, Moment.load) == pytest.approx(2 * 28.3, rel=0.01)
    assert gb(ZERO3, Moment.load) < 1
    # Files are mapped once, whoever reads them, and tensor by tensor where the model is cut up.
    assert host(WHOLE).mapped == 2 * SEVEN.total
    assert host(ZERO3).mapped == 2 * SEVEN.largest


def test_what_deepspeed_passes_through_when_it_starts():
    assert gb(ZERO3, Moment.start) / 2 == pytest.approx(6.8, rel=0.01)
    assert gb(replace(ZERO3, ranks=1, ranks_a_node=1), Moment.start) == pytest.approx(13.5, rel=0.01)
    assert host(WHOLE).at(Moment.start) == 0


def test_the_copy_of_a_checkpoint():
    # Rank 0's alone, however many ranks there are: weights and two moments.
    assert gb(WHOLE, Moment.save) == pytest.approx(12 * TRAINED / 1e9, rel=0.02)
    shards = Setup(engine=Engine.fsdp2, ranks=8, ranks_a_node=4, compute_bytes=2, sharded_loading=True)
    assert gb(shards, Moment.save) * 2 == pytest.approx(12 * TRAINED / 1e9, rel=0.02)
    assert gb(ZERO3, Moment.save) == pytest.approx(2 * 4, rel=0.01)


def test_the_end_holds_what_is_moved_and_what_is_gathered():
    gathered = 2 * SEVEN.total
    assert host(ZERO3).at(Moment.export) == gathered
    # Under ddp every rank moves weights and gradients; the model is then cast to what is written.
    assert host(WHOLE).at(Moment.export) == 2 * 4 * (SEVEN.total + TRAINED) + gathered
    shards = Setup(engine=Engine.fsdp2, ranks=2, ranks_a_node=2, compute_bytes=2, sharded_loading=True)
    assert host(shards).at(Moment.export) == 2 * gathered + gathered


@pytest.fixture
def few_gib(monkeypatch):
    """A machine without a GPU and with 24 GiB."""
    monkeypatch.setattr("llavapose.cli.plan.host_memory", lambda: 24 * GIB)
    monkeypatch.setattr("llavapose.cli.plan.first_card", lambda: None)
    return monkeypatch


def said(conf, *overrides):
    config = typed("train", composed("train", conf, list(overrides)))
    return "\n".join(lines_of(forecast(config), places_of(config)))


def test_another_machine_s_plan_says_what_it_needs(conf, few_gib):
    text = said(conf, *OFFLOADED, "forecast.card=a100_80gb")
    assert "\nfits: 13.5 GiB" in text
    assert "\neach host needs 219.9 GiB (ending, export); this machine has 24.0, which is less" in text
    assert "DOES NOT FIT: 2" not in text


def test_this_machine_s_plan_is_held_against_its_memory(conf, few_gib):
    few_gib.setattr("llavapose.cli.plan.first_card", lambda: ("NVIDIA A100-SXM4-80GB", int(79.1 * GIB)))
    text = said(conf, *OFFLOADED)
    assert "\nDOES NOT FIT: 219.9 GiB (ending, export) of the 24.0 that each host has" in text
    assert said(conf, *OFFLOADED, "forecast.host_gib=256").endswith(
        "\nfits: 219.9 GiB (ending, export) of the 256.0 that each host has"
    )


def test_what_would_fit_fits_the_host_too(conf):
    config = typed("train", composed("train", conf, [*OFFLOADED, "strategy=deepspeed_stage3"]))
    planned = forecast(config)
    free, held = changes(planned), changes(planned, host=100 * GIB)
    assert any(change.words == "strategy=deepspeed_stage3_offload" for change in free)
    assert held == [change for change in free if change.memory.host.peak <= 100 * GIB] != free


def test_an_impossible_memory_is_refused(conf):
    with pytest.raises(ConfigError, match=r"forecast\.host_gib is -1\.0; expected a positive number, e\.g\. 512"):
        composed("train", conf, ["forecast.host_gib=-1", "dry_run=true"])


@pytest.mark.long
def test_one_process_measured():
    """As ``python -m benchmarks.host`` at a quarter of the size; one arm."""
    lines = compare(150, ["single"])
    assert [line.moment for line in lines] == ["load", "save", "export", "moved"]
    assert all(abs(line.error) <= TOLERANCE for line in lines), lines


@pytest.mark.long
def test_two_ranks_measured():
    lines = compare(400, ["deepspeed_stage3", "fsdp2"])
    assert all(abs(line.error) <= TOLERANCE for line in lines), lines
