"""Every file in conf/ composes, and every experiment passes the checks."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from omegaconf import OmegaConf

from llavapose.config.compose import composed, typed
from llavapose.config.endpoint import EndpointConfig
from llavapose.config.register import SCHEMAS, as_settings
from llavapose.config.schema import TeacherConfig, TrainConfig, evaluation_of, plain_settings
from llavapose.errors import ConfigError
from llavapose.kinds import taught_kinds

CONF = Path(__file__).parents[2] / "conf"
MODEL = ["teacher.endpoint.model=m"]
PRICES = ["teacher.endpoint.price_in=1", "teacher.endpoint.price_out=2"]
NEEDED = {
    "teacher/openai": [*MODEL, *PRICES],
    "teacher/anthropic": [*MODEL, *PRICES],
    "teacher/vllm": MODEL,
    "teacher/ollama": MODEL,
    "teacher/transformers_serve": MODEL,
    "teacher/endpoint": ["teacher.endpoint=vllm", *MODEL],
    "endpoint/openai": [*MODEL, *PRICES],
    "endpoint/claude": [*MODEL, *PRICES],
    "endpoint/vllm": MODEL,
    "endpoint/ollama": MODEL,
    "endpoint/transformers_serve": MODEL,
    "evaluate": ["checkpoint=tiny", "arm=x"],
    "scenes/custom": ["scenes.root=r", "scenes.train.images=i", "scenes.train.keypoints=k"],
    "scenes/tracked": ["scenes.root=r", "scenes.train.images=i", "scenes.train.keypoints=k"],
    "answerer/file": ["arm=x", "answerer.path=a.jsonl"],
    "answerer/endpoint": ["arm=x", "answerer.endpoint=gpt4o"],
    "judge/endpoint": ["judge.endpoint=gpt4o"],
    "judge/claude": ["judge.endpoint.model=m", "judge.endpoint.price_in=1", "judge.endpoint.price_out=2"],
    "judge/openai": ["judge.endpoint.model=m", "judge.endpoint.price_in=1", "judge.endpoint.price_out=2"],
    "judge/vllm": ["judge.endpoint.model=m"],
    "answerer/text_only": ["arm=text_only"],
    "compared/gpt4o": ["answerer.max_usd=5"],
    "benchmark/file": ["benchmark.path=a.jsonl"],
    "benchmark/handvqa": ["benchmark.path=a.jsonl"],
    **{
        f"benchmark/{name}": ["benchmark.path=a.jsonl", "benchmark.images=."]
        for name in ("mvbench_pose", "motionbench", "humanmovevqa", "micro_actions")
    },
    "connector/frame_attention": ["data=motion"],
    "data/mixture": ["data.kinds.conv=0.5"],
    "data/published": ["data.path=llava_pose", "data.images=train2014"],
}


def choices() -> list[str]:
    return sorted(str(path.relative_to(CONF).with_suffix("")) for path in CONF.glob("*/*.yaml"))


def script_of(experiment: Path) -> str:
    """The script that an experiment's command runs."""
    command = re.search(r"# Command: python (\w+)\.py ", experiment.read_text())
    assert command is not None, experiment
    return command[1]


def groups_of(script: str) -> set[str]:
    text = (CONF / f"{script}.yaml").read_text()
    return set(re.findall(r"^  - (\w+)(?:@[\w.]+)?: ", text, re.MULTILINE))


@pytest.mark.parametrize("script", ["train", "generate", "evaluate"])
def test_defaults_compose_and_pass(script):
    assert typed(script, composed(script, CONF, NEEDED.get(script, []))).scenes.name == "world"


def uses() -> Iterator[Any]:
    """Every choice with every script that has its group; the first of them in ``make test``."""
    for choice in choices():
        group, _, name = choice.partition("/")
        scripts = [script for script in ("train", "generate", "evaluate") if group in groups_of(script)]
        assert scripts, f"no script has the group {group}"
        if group == "experiment":
            scripts = [script_of(CONF / group / f"{name}.yaml")]
        if without_checkpoint(choice):
            scripts = ["evaluate"]
        for script in scripts:
            yield pytest.param(choice, script, marks=() if script == scripts[0] else pytest.mark.long)


def without_checkpoint(choice: str) -> bool:
    return choice.startswith("compared/") or (choice.startswith("answerer/") and choice != "answerer/checkpoint")


@pytest.mark.parametrize(("choice", "script"), list(uses()))
def test_every_choice_composes_and_passes(choice, script):
    group, _, name = choice.partition("/")
    needed = [*(NEEDED.get(script, []) if not without_checkpoint(choice) else []), *NEEDED.get(choice, [])]
    chosen = [f"teacher.endpoint={name}" if group == "endpoint" else f"{group}={name}", *needed]
    owner = "judge." if script == "evaluate" else "teacher."
    config = composed(script, CONF, [one.replace("teacher.", owner, 1) for one in chosen])
    # A saved configuration is read through OmegaConf, this one is built from what Hydra has read already.
    assert typed(script, config) == as_settings(SCHEMAS[script], OmegaConf.create(OmegaConf.to_yaml(config)))


def test_every_group_of_the_defaults_is_a_folder():
    for script in ("train", "generate", "evaluate"):
        for group in groups_of(script):
            assert (CONF / group).is_dir(), f"{script}: {group}"


@pytest.mark.parametrize("path", sorted((CONF / "experiment").glob("*.yaml")), ids=lambda path: path.stem)
def test_experiments_open_with_what_they_show(path):
    text = path.read_text()
    assert text.startswith("# @package _global_\n")
    for word in ("# Shows: ", f"# Command: python {script_of(path)}.py ", "# Hardware: ", "# Answers: "):
        assert word in text
    command = re.search(r"# Command: python \w+.py (.*(?:\\\n#.*)*)", text)
    assert command is not None
    assert f"experiment={path.stem}" in command[1]


def test_no_key_becomes_a_boolean():
    for path in CONF.rglob("*.yaml"):
        stack = [yaml.safe_load(path.read_text()) or {}]
        while stack:
            node = stack.pop()
            assert all(isinstance(key, str) for key in node), path
            stack += [value for value in node.values() if isinstance(value, dict)]


@pytest.mark.parametrize("size", ["7b", "13b"])
def test_large_models_bring_the_papers_hyperparameters(size):
    config: TrainConfig = typed("train", composed("train", CONF, [f"model=llava15_{size}"]))
    optim = config.optim
    assert (optim.lr, optim.warmup_ratio, optim.weight_decay, optim.schedule) == (2e-5, 0.03, 0.0, "cosine")
    assert (config.batch_size, config.trainer["accumulate_grad_batches"], config.trainer["max_epochs"]) == (8, 2, 1)


def test_paper_experiment_is_the_papers_step():
    config: TrainConfig = typed("train", composed("train", CONF, ["experiment=paper_7b"]))
    trainer = config.trainer
    assert config.batch_size * trainer["accumulate_grad_batches"] * trainer["devices"] == config.global_batch == 32
    assert config.strategy["stage"] == 3
    assert (config.data.sampler, config.data.packing, config.optim.loss_mean) == ("llava", "none", "micro_batch")
    assert config.data.kinds == {"conv": 1, "detail": 1, "complex": 1}


def test_fast_experiment_is_the_papers_but_for_the_packing():
    paper, fast = (
        plain_settings(typed("train", composed("train", CONF, [f"experiment={name}"])))
        for name in ("paper_7b", "paper_7b_fast")
    )
    assert (fast["data"].pop("sampler"), fast["data"].pop("row_tokens")) == ("balanced", 4096)
    assert (fast["data"].pop("packing"), fast["data"].pop("max_branches_per_image")) == ("pictures", 0)
    assert fast["optim"].pop("loss_mean") == "token"
    for settings in (paper, fast):
        for key in ("sampler", "packing", "row_tokens", "max_branches_per_image"):
            settings["data"].pop(key, None)
        settings["optim"].pop("loss_mean", None)
    text = json.dumps(fast).replace("outputs/paper_7b_fast/", "outputs/paper_7b/")
    assert json.loads(text) == json.loads(json.dumps(paper))


def test_larger_experiment_is_the_papers_but_for_the_model():
    config: TrainConfig = typed("train", composed("train", CONF, ["experiment=paper_13b"]))
    assert (config.model.name, config.data.sampler, config.global_batch) == ("llava15_13b", "llava", 32)
    assert config.strategy["offload_optimizer"] is True


def test_locllm_is_the_published_recipe():
    config: TrainConfig = typed("train", composed("train", CONF, ["experiment=locllm"]))
    adapter, optim, locate = config.adapter, config.optim, config.locate
    assert (adapter.r, adapter.alpha, adapter.dropout, adapter.targets) == (8, 16, 0.05, ["q_proj", "v_proj"])
    assert [str(tower) for tower in adapter.towers] == ["language", "vision"]
    assert (optim.lr, optim.connector_lr, optim.weight_decay, optim.warmup_ratio) == (5e-4, None, 0.05, 0.03)
    assert (config.model.vision, config.model.vision_base, config.model.vision_size) == (
        "dinov2", "facebook/dinov2-large", 224
    )  # fmt: skip
    assert (locate.view, locate.coding, locate.size, locate.versions, locate.max_joints) == (
        "crop",
        "decimal",
        224,
        12,
        5,
    )
    people = config.batch_size // locate.max_joints * config.trainer["accumulate_grad_batches"] * config.known_ranks
    assert people == 64 and config.trainer["max_epochs"] * locate.versions == 12
    assert (config.connector.type, config.scenes.name, config.data.kinds) == ("linear", "coco2017", {"locate": 1})


def test_posellm_is_locllm_but_for_the_connector():
    first, second = (
        plain_settings(typed("train", composed("train", CONF, [f"experiment={name}"])))
        for name in ("locllm", "posellm")
    )
    # What is written where has the folder's name in it.
    assert {key for key in first if first[key] != second[key]} == {
        "connector", "output_dir", "results_dir", "callbacks", "logger"
    }  # fmt: skip
    assert second["connector"] == {**first["connector"], "type": "mlp2x_gelu"}


def test_command_line_goes_before_an_experiment():
    config: TrainConfig = typed(
        "train", composed("train", CONF, ["experiment=paper_7b", "optim.lr=1e-6", "model=tiny"])
    )
    assert (config.optim.lr, config.model.name) == (1e-6, "tiny")


def test_evaluation_takes_the_runs_settings():
    config: TrainConfig = typed("train", composed("train", CONF, ["data=detail", "benchmark.num_images=7", "seed=3"]))
    evaluation = evaluation_of(config, checkpoint=Path("hf"))
    assert (evaluation.arm, evaluation.benchmark.num_images, evaluation.checkpoint) == ("detail", 7, "hf")
    assert evaluation.output_dir == Path("outputs/train/detail")


def test_a_rank_reads_the_settings_that_its_parent_wrote(tmp_path):
    config = composed("train", CONF, ["data=detail", "strategy=ddp", "output_dir=here", "sweep_dir=there"])
    OmegaConf.save(config, tmp_path / "config.yaml")
    assert typed("train", OmegaConf.load(tmp_path / "config.yaml")) == typed("train", config)


def test_the_papers_data_is_the_papers_choice():
    config = typed("generate", composed("generate", CONF, ["experiment=paper_data", "dry_run=true"]))
    teacher = config.teacher
    assert (config.scenes.name, config.scenes.select, teacher.num_samples) == ("coco2014", "person", 200_328)
    assert [teacher.context_of(kind) for kind in taught_kinds()] == ["captions", "keypoints", "keypoints"]
    assert (teacher.conv_form, teacher.quality) == ("pairs", "report")


@pytest.mark.parametrize("counts", ["data.counts={conv: 20}", "data.counts.conv=20", "++data.counts.conv=20"])
def test_counts_are_given_as_they_are_written(counts):
    assert typed("train", composed("train", CONF, [counts])).data.counts == {"conv": 20}
    with pytest.raises(ConfigError, match=r"data\.counts has tale; expected some of conv, detail, complex"):
        composed("train", CONF, [counts.replace("conv", "tale")])


def test_one_context_stands_for_all_kinds():
    config = typed("generate", composed("generate", CONF, ["teacher.context=boxes"]))
    assert {config.teacher.context_of(kind) for kind in taught_kinds()} == {"boxes"}
    with pytest.raises(ConfigError, match=r"teacher\.context has tale; expected some of conv, detail, complex"):
        composed("generate", CONF, ["+teacher.context.tale=boxes"])


def test_an_endpoint_s_setting_needs_a_teacher_that_has_one():
    with pytest.raises(ConfigError, match="this teacher has no endpoint; choose one that has"):
        composed("generate", CONF, ["teacher.endpoint.model=x", "+teacher.endpoint.foo=1"])


# What data and ledgers of these teachers are known by: name, and the address, model and parameters of the endpoint.
TEACHERS = {
    "gpt4o": ("gpt4o", "https://api.openai.com/v1", "gpt-4o", 1024, 64),
    "openai": ("openai", "https://api.openai.com/v1", "m", 1024, 64),
    "anthropic": ("anthropic", "https://api.anthropic.com/v1/", "m", 1024, 16),
    "vllm": ("vllm", "http://localhost:8000/v1", "m", 1024, 256),
    "ollama": ("ollama", "http://localhost:11434/v1", "m", 1024, 4),
    "transformers_serve": ("transformers_serve", "http://localhost:8000/v1", "m", 512, 4),
}


def teacher_of(script: str, *overrides: str) -> TeacherConfig:
    return typed(script, composed(script, CONF, [*overrides])).teacher


@pytest.mark.parametrize("name", TEACHERS)
def test_the_short_names_stay_what_they_were(name):
    teacher = teacher_of("generate", f"teacher={name}", *NEEDED.get(f"teacher/{name}", []))
    endpoint = teacher.endpoint
    assert endpoint is not None and endpoint.temperature is None
    told = (teacher.name, endpoint.base_url, endpoint.model, endpoint.max_tokens, endpoint.max_concurrency)
    assert told == TEACHERS[name]


@pytest.mark.parametrize("script", ["generate", "train"])
def test_an_endpoint_is_chosen_by_its_name(script):
    short = teacher_of(script, "teacher=vllm", *MODEL)
    assert teacher_of(script, "teacher.endpoint=vllm", *MODEL) == short
    assert teacher_of(script, *MODEL, "teacher=endpoint", "teacher.endpoint=vllm") == short
    assert teacher_of(script, "teacher=gpt4o", "teacher.endpoint=vllm", *MODEL) == short
    claude = teacher_of(script, "teacher.endpoint=claude", *MODEL, *PRICES)
    assert claude.endpoint is not None and claude.name == claude.endpoint.name == "claude"


def test_an_experiment_takes_another_endpoint():
    teacher = teacher_of("generate", "experiment=paper_data", "teacher.endpoint=vllm", *MODEL)
    assert (teacher.name, teacher.num_samples) == ("vllm", 200_328)


def test_an_endpoint_s_mistakes_name_its_owner():
    wrong = EndpointConfig(base_url="http://u", model="m", timeout_s=-1, max_image_px=0, price_in=-1)
    assert wrong.problems("judge.endpoint") == [
        "judge.endpoint.max_image_px is 0; expected at least 28",
        "judge.endpoint.timeout_s is -1; expected seconds, e.g. 120",
        "judge.endpoint: price_in and price_out are US dollars per million tokens; expected 0 or more",
    ]


@pytest.mark.parametrize(
    ("script", "owner"), [("generate", "teacher"), ("evaluate", "judge"), ("evaluate", "answerer")]
)
@pytest.mark.parametrize("name", ["openai", "claude"])
def test_an_endpoint_without_prices_is_neither_planned_nor_capped(script, owner, name):
    given = [f"{owner}=endpoint", f"{owner}.endpoint={name}", f"{owner}.endpoint.model=m"]
    given += ["arm=x", "checkpoint=null" if owner == "answerer" else "checkpoint=tiny"] * (script == "evaluate")
    cap = "max_usd=5" if owner == "teacher" else f"{owner}.max_usd=5"
    for asked in ("dry_run=true", cap):
        with pytest.raises(ConfigError) as refused:
            composed(script, CONF, [*given, asked])
        assert str(refused.value).splitlines() == [
            f"{owner}.endpoint.{price} has no value; set it with {owner}.endpoint.{price}=..."
            for price in ("price_in", "price_out")
        ]
    prices = [f"{owner}.endpoint.price_in=1", f"{owner}.endpoint.price_out=2"]
    endpoint = getattr(typed(script, composed(script, CONF, [*given, *prices])), owner).endpoint
    assert (endpoint.price_in, endpoint.price_out) == (1, 2)


@pytest.mark.parametrize("name", ["vllm", "ollama", "transformers_serve"])
def test_a_local_endpoint_costs_nothing(name):
    endpoint = teacher_of("generate", f"teacher.endpoint={name}", *MODEL).endpoint
    assert endpoint is not None and (endpoint.price_in, endpoint.price_out) == (0, 0)


NAMES = "claude, gpt4o, ollama, openai, transformers_serve, vllm"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["teacher=endpoint"], f"teacher=endpoint does not say which one; choose with teacher.endpoint=NAME: {NAMES}"),
        (
            ["judge.endpoint=vllm"],
            "`judge.endpoint=vllm`: nothing named judge.endpoint; did you mean teacher.endpoint?",
        ),
        (["teacher.endpoint=vlm"], f"teacher.endpoint=vlm: no such choice; did you mean vllm? (choices: {NAMES})"),
        (
            ["teacher=offline", "teacher.endpoint=gpt4o"],
            "teacher=offline asks no endpoint; leave it out, or leave teacher.endpoint out",
        ),
        (
            ["teacher=gpt4o", "teacher.endpoint.timeout_s=0"],
            "teacher.endpoint.timeout_s is 0.0; expected seconds, e.g. 120",
        ),
    ],
)
def test_a_wrong_endpoint_is_one_line(overrides, line):
    with pytest.raises(ConfigError) as caught:
        composed("generate", CONF, overrides)
    assert str(caught.value) == line


COMPARED = {
    "llava15_7b": ("baseline", "CheckpointAnswerer", "llava-hf/llava-1.5-7b-hf"),
    "qwen2_vl_7b": ("Qwen2-VL-7B", "CheckpointAnswerer", "Qwen/Qwen2-VL-7B-Instruct"),
    "qwen2_vl_72b": ("Qwen2-VL-72B", "EndpointAnswerer", "Qwen/Qwen2-VL-72B-Instruct"),
    "internvl3_8b": ("InternVL3-8B", "CheckpointAnswerer", "OpenGVLab/InternVL3-8B-hf"),
    "janus_pro_7b": ("Janus-Pro-7B", "CheckpointAnswerer", "deepseek-community/Janus-Pro-7B"),
    "gpt4o": ("GPT-4o", "EndpointAnswerer", "gpt-4o"),
    "deepseek_vl2": ("DeepSeek-VL2", "FileAnswerer", "answers/DeepSeek-VL2.jsonl"),
    "v_star": ("V-star", "FileAnswerer", "answers/V-star.jsonl"),
    "chatpose": ("ChatPose", "FileAnswerer", "answers/ChatPose.jsonl"),
    "posellava": ("PoseLLaVA", "FileAnswerer", "answers/PoseLLaVA.jsonl"),
}
"""Every model of the papers' comparisons: its row, who answers, and with what."""


def test_every_model_of_the_comparisons_has_its_settings():
    assert {path.stem for path in CONF.glob("compared/*.yaml")} == COMPARED.keys()


@pytest.mark.parametrize("name", COMPARED)
def test_a_model_of_the_comparisons_composes(name):
    config = typed("evaluate", composed("evaluate", CONF, [f"compared={name}", *NEEDED.get(f"compared/{name}", [])]))
    answerer = config.answerer
    source = config.checkpoint or (answerer.endpoint.model if answerer.endpoint else str(answerer.path))
    assert (config.arm, answerer._target_.rpartition(".")[2], source) == COMPARED[name]
    assert config.ours == "full" and config.rating is config.judge, "the pose judge lays nothing beside"
    text = (CONF / "compared" / f"{name}.yaml").read_text()
    assert f"python evaluate.py compared={name}" in text
    if answerer.path is not None:
        assert "Not run here" in text and "question_id" in text, "the recipe"
