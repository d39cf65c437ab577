"""A run of every family from its folder to the exported one, and two ranks that leave what one process leaves.

LLaVA, Qwen3-VL and Gemma 3 are the three kinds of mask: causal with plain positions, with rotary grids, with windows
and blocks of pictures that see themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForImageTextToText, AutoProcessor

from llavapose.cli.export import export
from llavapose.data.reading.read import read_base
from llavapose.errors import ConfigError
from llavapose.files import read_json
from llavapose.manifest import checkpoints_in
from llavapose.model.bases import family_of_base
from llavapose.model.pretrained import load_model, load_processor
from tests.families.tiny import FAMILIES, write_family
from tests.training.conftest import HAS_DEEPSPEED, asked_for, most_long
from tests.training.runs import lines, run, weights

STEEP = {"eps": 1.0, "lr": 0.1, "warmup_ratio": 0.0}
"""Adam nearly in proportion to the gradient: one of the wrong size shows."""
RANKS = {
    f"{family}-{strategy}": (family, strategy)
    for family in ("llava", "qwen3_vl", "gemma3")
    for strategy in ("deepspeed", "fsdp2")
}


@pytest.fixture(scope="module")
def places(tmp_path_factory, tiny_jsonl, tiny_pictures) -> Callable[[str], dict[str, str]]:
    """What a run of a family needs."""
    folder = tmp_path_factory.mktemp("bases")

    def of(name: str) -> dict[str, str]:
        if not (folder / name).exists():
            write_family(name, folder / name)
        return {"base": str(folder / name), "samples": str(tiny_jsonl), "images": str(tiny_pictures)}

    return of


@pytest.fixture(scope="module")
def one_process(places, tmp_path_factory) -> Callable[[str], Path]:
    """A run in one process, with a checkpoint of its last step."""
    folder = tmp_path_factory.mktemp("one")

    def of(name: str) -> Path:
        if not (folder / name).exists():
            job = {**places(name), "output_dir": str(folder / name), "optim": STEEP, "clip": 2.0, "num_val": 4}
            run(**job, gradient_checkpointing=True, hydra=True, save_every=5)
        return folder / name

    return of


def losses(folder: Path) -> list[float]:
    return [line["train/loss"] for line in lines(folder) if "train/loss" in line]


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        return model(input_ids=torch.arange(5, 40)[None]).logits


@pytest.mark.parametrize("name", most_long(FAMILIES, but=("llava", "qwen3_vl", "gemma3")))
def test_a_run_leaves_what_transformers_loads(name, places, one_process, tmp_path):
    folder = one_process(name)
    # The base's own class, and what was trained: another model than the base, with the trained one's losses.
    told, base = (read_json(place / "config.json", what="x") for place in (folder / "hf", Path(places(name)["base"])))
    assert told["architectures"] == base["architectures"] and told["model_type"] == base["model_type"]
    found, before = weights(folder / "hf"), weights(Path(places(name)["base"]))
    assert found.keys() == before.keys()
    assert max(float((found[key] - value).abs().max()) for key, value in before.items()) > 1e-3
    loaded = AutoModelForImageTextToText.from_pretrained(folder / "hf")
    assert torch.equal(logits(loaded), logits(load_model(str(folder / "hf"))))
    # A checkpoint of the run becomes the same folder.
    checkpoint = checkpoints_in(folder / "checkpoints")[0].folder
    assert export(checkpoint, tmp_path / "hf") == 5
    again = weights(tmp_path / "hf")
    assert all(torch.equal(again[key], value) for key, value in found.items())
    kept = {path.name: path.read_bytes() for path in (folder / "hf").iterdir() if path.suffix in (".json", ".jinja")}
    assert {path.name for path in (tmp_path / "hf").iterdir()} == {path.name for path in (folder / "hf").iterdir()}
    for file, content in kept.items():
        assert (tmp_path / "hf" / file).read_bytes() == content or file == "training.json", file


@pytest.mark.parametrize("name", ["qwen3_vl", "gemma3"])
def test_the_base_s_own_words_and_endings_are_kept(name, places, one_process):
    hf, base = one_process(name) / "hf", Path(places(name)["base"])
    for file in ("generation_config.json", "chat_template.jinja", "tokenizer.json"):
        assert (hf / file).read_bytes() == (base / file).read_bytes(), file
    card = (hf / "README.md").read_text()
    (architecture,) = read_json(hf / "config.json", what="x")["architectures"]
    assert f"from transformers import AutoProcessor, {architecture}\n" in card and "Llava" not in card


def test_pictures_are_bounded_in_the_folder_as_in_training(places, tmp_path):
    """A LLaVA-OneVision lists the grids of its tiles twice: the model's list is the processor's."""
    job = {**places("llava_onevision"), "max_pixels": 28 * 28, "save_every": 5, "hydra": True}
    folder = run(**job, output_dir=str(tmp_path / "run"), optim={"lr": 1e-3})
    assert export(checkpoints_in(tmp_path / "run" / "checkpoints")[0].folder, tmp_path / "hf") == 5
    for place in (folder, tmp_path / "hf"):
        assert read_json(place / "config.json", what="x")["image_grid_pinpoints"] == [[28, 28]]
        processor = read_json(place / "processor_config.json", what="x")
        assert processor["image_processor"]["image_grid_pinpoints"] == [[28, 28]]


@pytest.mark.parametrize(("name", "bound"), [("qwen3_vl", 64 * 64), ("internvl", 2 * 28 * 28), ("smolvlm", 28 * 28)])
def test_the_folder_shows_as_many_tokens_as_training(name, bound, places, tmp_path, monkeypatch):
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
    given = places(name)
    folder = run(**given, max_pixels=bound, output_dir=str(tmp_path / "run"), optim={"lr": 1e-3}, num_val=4)
    family, counts = family_of_base(given["base"]), {}
    for place, told in ((given["base"], bound), (str(folder), None), (given["base"], None)):
        reading = read_base(load_processor(place, chat_template=""), family, source=place, max_pixels=told)
        counts[place, told] = [reading.pictures.num_tokens([size]) for size in ((60, 60), (90, 200), (400, 90))]
    trained, left, whole = counts.values()
    assert left == trained != whole


@pytest.fixture(scope="module")
def two_processes(request, places, tmp_path_factory, launcher) -> Path:
    folder = tmp_path_factory.mktemp("two")
    jobs = [
        {**places(family), "output_dir": str(folder / name), "strategy": strategy, "devices": 2, "batch_size": 4,
         "optim": STEEP, "clip": 2.0, "num_val": 4, "gradient_checkpointing": True}
        for name in asked_for(request, RANKS)
        for family, strategy in [RANKS[name]]
        if HAS_DEEPSPEED or strategy == "fsdp2"
    ]  # fmt: skip
    assert launcher(jobs, folder, ranks=2, timeout=900) == [0, 0], (folder / "log-0.txt").read_text()[-3000:]
    return folder


@pytest.mark.parametrize("name", most_long(RANKS, but=("llava-fsdp2", "qwen3_vl-deepspeed", "gemma3-fsdp2")))
def test_two_ranks_leave_what_one_process_leaves(name, one_process, two_processes, places):
    family, strategy = RANKS[name]
    if strategy == "deepspeed" and not HAS_DEEPSPEED:
        pytest.skip("deepspeed is not installed")
    folder, alone = two_processes / name, one_process(family)
    assert (folder / "hf").is_dir(), (folder / "error-0.txt").read_text()[-3000:]
    assert len(losses(folder)) == 5 and losses(folder) == pytest.approx(losses(alone), rel=1e-5)
    found, expected = (load_model(str(place / "hf")) for place in (folder, alone))
    before = load_model(places(family)["base"])
    size = logits(expected).abs().max()
    assert float((logits(found) - logits(expected)).abs().max() / size) < 1e-5
    assert float((logits(before) - logits(expected)).abs().max() / size) > 1e-2


def test_what_is_llava_s_alone_is_refused_in_one_line(places, tmp_path):
    job = {**places("qwen3_vl"), "output_dir": str(tmp_path), "check": False}
    for further, said in {
        "connector": ({"connector": "linear"}, "connector=linear"),
        "reset": ({"reset": True}, "connector.reset=true"),
        "features": ({"keep_features_gib": 0.1}, "model.keep_features_gib=0.1"),
    }.values():
        with pytest.raises(ConfigError, match=rf"^{said}: the base's model_type is 'qwen3_vl'; expected 'llava'") as it:
            run(**job, **further)
        assert "\n" not in str(it.value)


def test_a_processor_reads_the_folder_as_it_read_the_base(places, one_process):
    """Through transformers' own door, where its class needs nothing that is not installed."""
    hf, base = one_process("gemma3") / "hf", places("gemma3")["base"]
    ours, theirs = (AutoProcessor.from_pretrained(place, backend="pil") for place in (hf, base))
    assert ours.chat_template == theirs.chat_template
    assert ours.image_processor.to_dict() == theirs.image_processor.to_dict()
