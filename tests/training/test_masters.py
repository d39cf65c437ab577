"""Whatever computes in bfloat16 steps float32 weights; and what would not is refused before anything is loaded."""

from __future__ import annotations

import pytest
import torch

from llavapose.config.compose import settings
from llavapose.errors import ConfigError
from llavapose.model.pretrained import load_model, load_processor, write_checkpoint
from tests.training.conftest import HAS_DEEPSPEED
from tests.training.runs import run

SMALL = {"optim": {"lr": 2e-5, "warmup_ratio": 0.0, "schedule": "constant"}, "masters": True, "batch_size": 4}
RANKS = {"deepspeed": "deepspeed", "deepspeed_stage2": "deepspeed2", "fsdp2": "fsdp2"}


@pytest.fixture(scope="module")
def half_base(places, tmp_path_factory) -> str:
    """The tiny base with its weights in bfloat16: all runs start from the same numbers."""
    llava = load_model(places["base"])
    folder = tmp_path_factory.mktemp("half") / "hf"
    processor = load_processor(places["base"], chat_template="")
    return str(
        write_checkpoint(
            folder, state=llava.state_dict(), config=llava.config, processor=processor, dtype=torch.bfloat16
        )
    )


@pytest.fixture(scope="module")
def left(places, half_base, tmp_path_factory, launcher) -> dict[str, dict]:
    """Run -> what ``Masters`` left; five steps each, of the same eight samples."""
    folder = tmp_path_factory.mktemp("masters")
    data = {**places, "base": half_base, **SMALL}
    run(**{**data, "batch_size": 8}, output_dir=str(folder / "float32"))
    run(**{**data, "batch_size": 8}, output_dir=str(folder / "mixed"), precision="bf16-mixed")
    jobs = [
        {**data, "output_dir": str(folder / name), "strategy": strategy, "devices": 2, "precision": "bf16-true"}
        for name, strategy in RANKS.items()
        if HAS_DEEPSPEED or strategy == "fsdp2"
    ]
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    for name in RANKS:
        error = folder / name / "error-0.txt"
        assert not error.exists(), error.read_text()[-3000:]
    return {path.parent.name: torch.load(path, weights_only=True) for path in folder.glob("*/masters.pt")}


@pytest.mark.parametrize("name", [*RANKS, "mixed"])
def test_small_steps_are_kept(name, left, half_base):
    before = {key: value.detach() for key, value in load_model(half_base).named_parameters()}
    masters, exact = left[name]["masters"], left["float32"]["masters"]
    assert not any(value.requires_grad for value in [*masters.values(), *exact.values()])
    assert masters.keys() == exact.keys()
    assert all(value.dtype == torch.float32 for value in masters.values())
    changed = sum(int((value != before[key]).sum()) for key, value in masters.items())
    total = sum(value.numel() for value in masters.values())
    assert changed > 0.99 * total, changed / total
    rounded = sum(int((value.bfloat16() != before[key].bfloat16()).sum()) for key, value in masters.items())
    assert rounded < 0.5 * total, "in bfloat16 alone most steps would be lost"
    moved = torch.cat([(value - before[key]).flatten() for key, value in masters.items()])
    expected = torch.cat([(exact[key] - before[key]).flatten() for key in masters])
    # Adam's first steps are little more than the gradient's sign, which bfloat16 turns over where it is nearly zero.
    assert float(torch.nn.functional.cosine_similarity(moved, expected, dim=0)) > 0.97


@pytest.mark.parametrize("name", RANKS)
def test_buffers_keep_their_digits(name, left):
    found, expected = left[name]["buffers"], left["float32"]["buffers"]
    assert any("inv_freq" in key for key in expected)
    for key, value in expected.items():
        assert found[key].dtype == value.dtype and torch.equal(found[key].cpu(), value), key


@pytest.mark.parametrize("strategy", ["single", "ddp"])
@pytest.mark.parametrize("precision", ["bf16-true", "16-true"])
def test_half_weights_without_masters_are_refused(conf, strategy, precision):
    words = [f"strategy={strategy}", f"trainer.precision={precision}", "trainer.accelerator=cpu"]
    with pytest.raises(ConfigError, match=rf"trainer\.precision={precision} keeps no float32 weights") as caught:
        settings("train", conf, words)
    assert "mixed" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("strategy", ["fsdp2", "deepspeed_stage3_cpu"])
def test_half_weights_with_masters_are_taken(conf, strategy):
    settings("train", conf, [f"strategy={strategy}", "trainer.precision=bf16-true", "trainer.accelerator=cpu"])
