"""The model card: word for word, for the hub's own reader, and completed when there are results."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from huggingface_hub import ModelCard

from llavapose.cli.card import complete_card
from llavapose.errors import DataError
from llavapose.evaluation.answerers.checkpoint.answerer import CheckpointAnswerer
from llavapose.report.own_results import own_results
from llavapose.training.told.card import Built, Results, Score, card_text, write_card
from llavapose.training.told.facts import Facts, write_facts
from tests.report.conftest import write_results
from tests.training.runs import run

GOLDEN = Path(__file__).parents[2] / "golden" / "model_card.md"
FACTS = Facts(
    arm="detail",
    base="llava-hf/llava-1.5-7b-hf",
    data={
        "teacher": "gpt4o", "scenes": "coco2014", "files": {"samples.jsonl": "3f" * 32},
        "samples": {"detail": 45_174}, "pictures": 45_110, "held-out samples": 64, "cut at max_length": 0,
    },
    training={"optimizer steps": 1412, "samples a step": 32, "strategy": "DeepSpeedStrategy"},
    settings={"optim": {"lr": 2e-05}, "seed": 0},
    versions={"torch": "2.13.0"},
)  # fmt: skip
TABLE = (
    "**Ablation, judge pose**\n\n| arm | all |\n| --- | ---: |\n| detail | 71.2 [64.0, 78.1] |\n\nMean rating x 10.\n"
)
RESULTS = Results(
    tables=[TABLE],
    scores=[Score(benchmark="coco2014 (270 questions: 3f0c)", measure="rating", name="all, judge pose", value=71.2,
                  text="71.2 [64.0, 78.1]")],
    judges=["pose"],
)  # fmt: skip


def test_word_for_word():
    assert card_text(FACTS, RESULTS) == GOLDEN.read_text(encoding="utf-8")


def test_without_results_it_says_so_and_claims_nothing():
    text = card_text(FACTS, None)
    assert "Not evaluated yet." in text and "Anything: it was not evaluated" in text
    assert ModelCard(text).data.eval_results is None and "71.2" not in text


def test_the_hub_reads_it():
    data = ModelCard(card_text(FACTS, RESULTS)).data
    assert (data.base_model, data.library_name, data.pipeline_tag) == (
        "llava-hf/llava-1.5-7b-hf", "transformers", "image-text-to-text",
    )  # fmt: skip
    (result,) = data.eval_results
    assert (result.metric_value, result.dataset_name) == (71.2, "coco2014 (270 questions: 3f0c)")
    assert "71.2 [64.0, 78.1]" in result.metric_name


@pytest.fixture(scope="module")
def exported(places, tmp_path_factory) -> Path:
    return run(**places, output_dir=str(tmp_path_factory.mktemp("card")), num_val=4)


def test_every_exported_folder_has_one(exported, places):
    card = ModelCard.load(exported / "README.md")
    facts = json.loads((exported / "training.json").read_text())
    digest = hashlib.sha256(Path(places["samples"]).read_bytes()).hexdigest()
    assert facts["data"]["files"] == {"samples.jsonl": digest} and digest in card.text
    assert facts["data"]["samples"] == {"complex": 9, "conv": 18, "detail": 9}, "a picture of four samples is held out"
    assert facts["training"]["optimizer steps"] == 5 and "- optimizer steps: 5\n" in card.text
    assert card.data.base_model is None, "a folder is no name on the hub"
    assert str(Path(places["base"]).parent) not in card.content, "no place of this machine is published"


def test_results_complete_it_and_change_no_answer(exported, tmp_path):
    write_results(tmp_path, "full")
    write_results(tmp_path / "other", "baseline")
    before = CheckpointAnswerer(exported).identity()
    complete_card(exported, tmp_path, "full", baseline=tmp_path / "other")
    card = ModelCard.load(exported / "README.md")
    found = own_results(tmp_path, "full", baseline=tmp_path / "other")
    scores = {f"{row['kind']}": row for row in found.own(found.ablation)}
    told = {result.metric_name.split(",")[0]: result.metric_value for result in card.data.eval_results}
    assert {kind: told[kind] for kind in scores} == {kind: pytest.approx(row["score"]) for kind, row in scores.items()}
    for row in scores.values():
        assert f"{row['score']:.1f} [{row['low']:.1f}, {row['high']:.1f}]" in card.text
    assert f"{scores['all']['diff']:+.1f} [" in card.text, "beside the baseline, wherever that lies"
    assert "Not evaluated yet." not in card.text and "The intervals are over pictures" in card.text
    assert CheckpointAnswerer(exported).identity() == before, "a rewritten card would have every answer made again"


def test_a_folder_that_training_did_not_leave_is_let_alone(tmp_path):
    write_results(tmp_path, "full")
    (tmp_path / "hf").mkdir()
    complete_card(tmp_path / "hf", tmp_path, "full")
    assert list((tmp_path / "hf").iterdir()) == []


def test_broken_facts_are_one_line(tmp_path):
    write_facts(tmp_path, FACTS)
    (tmp_path / "training.json").write_text('{"arm": "x"}')
    with pytest.raises(DataError, match=r"training\.json is not what training leaves"):
        write_card(tmp_path, None)


def test_a_connector_that_transformers_does_not_have_is_said():
    text = card_text(FACTS, None, built=Built(model_type="llavapose", connector="pose_attention"))
    data = ModelCard(text).data
    assert data.library_name == "llavapose" and "llava" not in data.tags
    assert "its connector, `pose_attention`, is llavapose's own" in text and "import load_model" in text
    text = card_text(FACTS, None, built=Built(model_type="llavapose", connector="linear", pool=2))
    assert "its connector, `linear` with features averaged 2 x 2 behind it, is llavapose's own" in text
    assert "LlavaForConditionalGeneration" not in text


def test_another_family_s_folder_names_its_own_class(tmp_path):
    config = {"architectures": ["Qwen3VLForConditionalGeneration"], "model_type": "qwen3_vl"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    write_facts(tmp_path, FACTS)
    text = write_card(tmp_path, None).read_text()
    assert "from transformers import AutoProcessor, Qwen3VLForConditionalGeneration\n" in text
    assert "model = Qwen3VLForConditionalGeneration.from_pretrained(folder)\n" in text
    assert "Llava" not in text and "padding to a square" not in text
    data = ModelCard(text).data
    assert data.library_name == "transformers" and data.tags[0] == "qwen3_vl"
