"""Runs whose features are averaged behind the connector: trained, kept, adapted, exported, gone on from and asked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from llavapose.cli.export import export
from llavapose.config.choices import ConnectorType
from llavapose.errors import CheckpointError
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.evaluation.answerers.checkpoint.loading import load
from llavapose.records import Question
from tests.training.runs import lines, run, weights
from tests.training.test_towers import BOTH


@pytest.fixture(scope="module")
def trained(places, tmp_path_factory) -> Path:
    return run(**places, output_dir=str(tmp_path_factory.mktemp("pooled")), pool=3, save_every=1, hydra=True)


def test_a_run_says_so_and_its_folder_is_asked(trained, places, tmp_path):
    told = json.loads((trained / "config.json").read_text())
    assert (told["connector"], told["image_seq_length"]) == ({"type": "mlp2x_gelu", "pool": 3}, 1)
    assert json.loads((trained / "training.json").read_text())["settings"]["connector"]["pool"] == 3
    assert "with features averaged 3 x 3 behind it" in (trained / "README.md").read_text()
    loaded = load(str(trained), torch.device("cpu"), None)
    assert loaded.model.model.multi_modal_projector.pool == 3
    answerer = CheckpointAnswerer(trained, device="cpu", batch_size=2, max_new_tokens=4)
    asked = [Question(id=str(n), scene_id=n, image=f"{n:03}.png", kind="conv", text="Why?") for n in range(3)]
    assert [answer.num_tokens for answer in answerer.answers(asked, Path(places["images"]), "arm")]
    export(trained.parent, tmp_path / "again")
    expected = weights(trained)
    assert all(torch.equal(value, expected[name]) for name, value in weights(tmp_path / "again").items())
    assert json.loads((tmp_path / "again" / "config.json").read_text()) == told


def test_the_next_run_keeps_it(trained, places, tmp_path):
    job = {**places, "base": str(trained), "optim": {"lr": 0.0, "warmup_ratio": 0.0}}
    on = run(**job, output_dir=str(tmp_path / "on"))
    assert json.loads((on / "config.json").read_text())["connector"]["pool"] == 3
    back = run(**job, output_dir=str(tmp_path / "back"), connector=ConnectorType.mlp2x_gelu)
    told = json.loads((back / "config.json").read_text())
    assert (told["model_type"], told["image_seq_length"]) == ("llava", 9) and "connector" not in told


@pytest.mark.parametrize("kind", ["lora", "qlora"])
def test_beside_adapters(places, tmp_path, kind):
    folder = run(**places, output_dir=str(tmp_path), pool=3, adapter={**BOTH, "type": kind}, save_every=1, hydra=True)
    assert load(str(folder), torch.device("cpu"), None).model.model.multi_modal_projector.pool == 3
    export(tmp_path, tmp_path / "again")


def test_kept_features_change_no_loss(places, tmp_path):
    told = []
    for gib in (0, 1):
        run(**places, output_dir=str(tmp_path / str(gib)), pool=3, keep_features_gib=gib)
        told.append([line["train/loss"] for line in lines(tmp_path / str(gib)) if "train/loss" in line])
    assert told[0] == pytest.approx(told[1], abs=1e-5) and told[0]


def test_a_checkpoint_of_other_pooling_is_not_gone_on_from(places, tmp_path):
    job = {**places, "output_dir": str(tmp_path), "save_every": 1}
    run(**job, pool=3, stop=(3, False))
    with pytest.raises(CheckpointError):
        run(**job, resume=True)
