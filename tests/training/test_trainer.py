"""What Lightning refuses is one line that names the group of settings."""

from pathlib import Path

import pytest
from lightning import Callback

from llavapose.config.compose import composed, typed
from llavapose.errors import ConfigError
from llavapose.training.trainer import build_trainer

CONF = Path(__file__).parents[2] / "conf"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["trainer.precision=fp8"], "trainer: Lightning cannot be set up so (Precision 'fp8' is invalid"),
        (["strategy=fsdp2", "trainer.precision=64-true"], "trainer: Lightning cannot be set up so (The `ModelParallel"),
        (["trainer.plugins=no_such"], "trainer: Lightning cannot be set up so ("),
        (["strategy.name=no_such"], "trainer: Lightning cannot be set up so ("),
        (["callbacks.curves.folder=null"], "callbacks: Lightning cannot be set up so ("),
    ],
)
def test_one_line_that_names_the_group(tmp_path, words, said):
    config = typed("train", composed("train", CONF, [*words, f"output_dir={tmp_path}", "trainer.accelerator=cpu"]))
    with pytest.raises(ConfigError) as caught:
        build_trainer(config)
    assert str(caught.value).startswith(said) and "\n" not in str(caught.value)


@pytest.mark.parametrize("devices", ["auto", "-1", "1"])
def test_single_is_one_device(tmp_path, monkeypatch, devices):
    """Lightning's "auto" takes every GPU there is, under DDP."""
    monkeypatch.setattr("lightning.pytorch.accelerators.cpu.CPUAccelerator.auto_device_count", lambda: 4)
    words = [f"output_dir={tmp_path}", "trainer.accelerator=cpu", f"trainer.devices={devices}"]
    trainer = build_trainer(typed("train", composed("train", CONF, words)))
    assert (trainer.world_size, type(trainer.strategy).__name__) == (1, "SingleDeviceStrategy")


class Refuses(Callback):
    """A callback of ours that cannot do what it is asked."""

    def __init__(self) -> None:
        raise ConfigError("callbacks.mine: choose another")


def test_our_own_words_are_kept(tmp_path):
    words = [f"callbacks.mine._target_={__name__}.Refuses", f"output_dir={tmp_path}", "trainer.accelerator=cpu"]
    config = typed("train", composed("train", CONF, words))
    with pytest.raises(ConfigError, match=r"^callbacks\.mine: choose another$"):
        build_trainer(config)
