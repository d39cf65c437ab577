"""Mistakes in settings: all of them at once, one line each, with the fix."""

import shutil

import pytest

from llavapose.config.checks.inputs import missing_inputs
from llavapose.config.compose import composed, typed
from llavapose.errors import ConfigError


def mistakes(conf, *overrides, script="train") -> list[str]:
    with pytest.raises(ConfigError) as caught:
        composed(script, conf, overrides)
    return str(caught.value).splitlines()


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["+typo=1"], "typo: no such setting"),
        (
            ["answerer.endpoint=gpt4o"],
            "`answerer.endpoint=gpt4o`: train.py evaluates the checkpoint that it trains; "
            "evaluate.py takes answerer.endpoint",
        ),
        (["data.images=x"], "data.images=x is read by nothing: it goes with data.path, samples made elsewhere"),
        (["data.kinds.conv=nan"], "data.kinds.conv is nan; expected 0 or a positive number"),
        (
            ["teacher.max_asks=5"],
            "teacher.max_asks=5 is read by nothing: the offline teacher asks nobody; leave it out",
        ),
        (
            ["teacher=gpt4o", "teacher.wait=false"],
            "teacher.wait=False is read by nothing: only batches can be handed in; use teacher.mode=batch",
        ),
        (["judge.endpoint=gpt4o", "judge.name=pose"], "judge.name is pose, which is the offline judge; choose another"),
        (
            ["judge.endpoint=gpt4o", "judge.protocol=single", "judge.anchor=x"],
            "judge.anchor is x; judge.protocol=single has no anchor",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.max_usd=-1"],
            "judge.max_usd is -1; expected US dollars above 0, or none for no cap",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.max_usd=lots"],
            "judge.max_usd is lots; expected US dollars above 0, or none for no cap",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.max_usd=nan"],
            "judge.max_usd is nan; expected US dollars above 0, or none for no cap",
        ),
        (
            ["teacher=gpt4o", "max_usd=inf"],
            "max_usd is inf; expected US dollars above 0, or none for no cap",
        ),
        (["max_usd=5"], "max_usd=5 is read by nothing: no teacher's endpoint is asked; leave it out"),
        (
            ["teacher.motion_share=0.5"],
            "teacher.motion_share=0.5 is read by nothing: these scenes are pictures and show no motion; choose "
            "scenes=motion, or leave it out",
        ),
        (
            ["scenes=motion", "teacher.sees=boxes"],
            "teacher.sees=boxes goes with pictures, and these scenes have frames; set teacher.context",
        ),
        (["optim.lr=inf"], "optim.lr is inf; expected a number"),
        (
            ["data.sampler=balanced", "optim.loss_mean=micro_batch"],
            "data.sampler=balanced deals a step by length, and optim.loss_mean=micro_batch would weigh a token by what "
            "lies beside it: set optim.loss_mean=token, or data.sampler=llava",
        ),
        (
            ["data.row_tokens=500"],
            "data.row_tokens is 500, and one sample may take data.max_length=512; raise the first or lower the second",
        ),
        (
            ["global_batch=32", "batch_size=5", "trainer.accumulate_grad_batches=2"],
            "global_batch is 32, and batch_size=5 x trainer.accumulate_grad_batches=2 x 1 ranks is 10; set "
            "batch_size=2 trainer.accumulate_grad_batches=16 or batch_size=4 trainer.accumulate_grad_batches=8 or "
            "batch_size=8 trainer.accumulate_grad_batches=4",
        ),
        (
            ["global_batch=32", "batch_size=8", "trainer.devices=3"],
            "global_batch is 32, and batch_size=8 x trainer.accumulate_grad_batches=1 x 3 ranks is 24; 32 does not "
            "divide by 3 ranks: take 2 or 4 of them, or global_batch=30 or 33",
        ),
        (["global_batch=0"], "global_batch is 0; expected at least 1"),
        (["launcher.jobs=0"], "launcher.jobs is 0; expected at least 1"),
        (["trainer.max_epochs=abc"], "trainer.max_epochs is 'abc'; expected a whole number"),
        (["trainer.max_epochs=0"], "trainer.max_epochs is 0; expected at least 1, or -1 for no limit"),
        (["trainer.max_steps=0"], "trainer.max_steps is 0; expected at least 1, or -1 for no limit"),
        (["trainer.accumulate_grad_batches=0"], "trainer.accumulate_grad_batches is 0; expected at least 1"),
        (["trainer.log_every_n_steps=0"], "trainer.log_every_n_steps is 0; expected at least 1"),
        (["trainer.num_nodes=0"], "trainer.num_nodes is 0; expected at least 1"),
        (["trainer.check_val_every_n_epoch=0"], "trainer.check_val_every_n_epoch is 0; expected at least 1"),
        (["trainer.val_check_interval=0"], "trainer.val_check_interval is 0; expected more than 0"),
        (["trainer.limit_train_batches=abc"], "trainer.limit_train_batches is 'abc'; expected a number"),
        (["trainer.limit_train_batches=0"], "trainer.limit_train_batches is 0; expected more than 0"),
        (
            ["trainer.limit_train_batches=5"],
            "trainer.limit_train_batches=5: neither the schedule nor the plan reckons with it; give trainer.max_steps, "
            "or data.num_samples",
        ),
        (
            ["trainer.overfit_batches=0.1"],
            "trainer.overfit_batches=0.1: neither the schedule nor the plan reckons with it; give data.num_samples and "
            "trainer.max_epochs: few samples, again and again",
        ),
        (
            ["trainer.max_epochs=-1"],
            "trainer.max_epochs=-1 trains on without end; give a number of epochs, or trainer.max_steps",
        ),
        (["adapter=lora", "adapter.targets=['???']"], "adapter.targets has no value; set it with adapter.targets=..."),
        (["trainer.devices=['???']"], "trainer.devices has no value; set it with trainer.devices=..."),
        (
            ["launcher.setup=['${nosuch}']"],
            "launcher.setup: Interpolation key 'nosuch' not found; name an existing setting",
        ),
        (
            ["trainer.limit_train_batches=1"],
            "trainer.limit_train_batches=1: neither the schedule nor the plan reckons with it; give trainer.max_steps, "
            "or data.num_samples",
        ),
        (
            ["trainer.max_epochs=null"],
            "trainer.max_epochs=null trains on without end; give a number of epochs, or trainer.max_steps",
        ),
        (
            ["trainer.max_time='00:01:00:00'"],
            "trainer.max_time: a run that it ends is not gone on with; end it by a signal, which saves: "
            "`timeout 8h python train.py ...`, or launcher=slurm launcher.time=8:00:00",
        ),
        (["output_dir=${oc.env:LLAVAPOSE_NOTHING,''}"], "output_dir is empty; give a path (. is this folder)"),
        (["output_dir="], "output_dir is empty; give a path (. is this folder)"),
        (["data_dir=''"], "data_dir is empty; give a path (. is this folder)"),
        (["data.path=x", "data.images="], "data.images is empty; give a path (. is this folder)"),
        (["callbacks.checkpoint.keep=0"], "callbacks.checkpoint.keep is 0; expected at least 1"),
        (["adapter=lora", "adapter.targets=[q_prjo,dense]"], "adapter.targets has 'q_prjo'; did you mean q_proj?"),
        (["callbacks.loss.factor=0.5"], "callbacks.loss.factor is 0.5; expected more than 1"),
        (
            ["launcher=slurm", "launcher.time=notatime"],
            "launcher.time is 'notatime'; expected Slurm's form, such as 24:00:00 or 90 (minutes)",
        ),
        (["evaluate=false", "reference=demo"], "reference=demo is read by nothing: nothing is evaluated; leave it out"),
        (["controls=[shuffled,shuffled]"], "controls names shuffled twice; name each once"),
        (["data.name=prior"], "data.name is prior, the row of the best answer without a picture; choose another"),
        (["data.name=no_picture"], "data.name is no_picture, the name of a control; choose another"),
        (
            ["judge.endpoint=gpt4o", "judge.endpoint.price_in=nan"],
            "judge.endpoint: price_in and price_out are US dollars per million tokens; expected 0 or more",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.endpoint.price_out=inf"],
            "judge.endpoint: price_in and price_out are US dollars per million tokens; expected 0 or more",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.endpoint.tokens_per_minute=nan"],
            "judge.endpoint.tokens_per_minute is nan; expected a number",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.endpoint.base_url=localhost"],
            "judge.endpoint.base_url is 'localhost'; expected an address such as https://api.openai.com/v1",
        ),
        (
            ["judge.endpoint=gpt4o", "judge.name=."],
            "judge.name is '.'; expected letters, digits, and . _ + - behind the first (at most 100)",
        ),
        (
            ["data.name=../x"],
            "data.name is '../x'; expected letters, digits, and . _ + - behind the first (at most 100)",
        ),
        (["probe.num_items=-5"], "probe.num_items is -5; expected at least 0"),
        (["+optim.lrr=1"], "optim.lrr: no such setting; did you mean lr?"),
        (["modle=tiny"], "`modle=tiny`: nothing named modle; did you mean model?"),
        (["lr=3"], "`lr=3`: nothing named lr; did you mean optim.lr?"),
        (["data.kinds.conf=1"], "`data.kinds.conf=1`: nothing named data.kinds.conf; did you mean data.kinds.conv?"),
        (
            ["model=tny"],
            "model=tny: no such choice; did you mean tiny? (choices: gemma3_4b, internvl3_5_8b, internvl3_8b, "
            "janus_pro_7b, llava15_13b, llava15_7b, llava_onevision, mistral3, molmo2_8b, qwen2_5_vl_7b, qwen2_vl_7b, "
            "qwen3_vl_4b, qwen3_vl_8b, smolvlm2, tiny)",
        ),
        (["model=tiny,llava15_7b"], "`model=tiny,llava15_7b` holds several values; add -m to run one job for each"),
        (["batch_size=many"], "`batch_size=many`: Value 'many' of type 'str' could not be converted to Integer"),
        (["optim.schedule=cosin"], "`optim.schedule=cosin`: Invalid value 'cosin', expected one of [cosine, constant]"),
        (["seed=${nope}"], "seed: Interpolation key 'nope' not found; name an existing setting"),
        (
            ["trainer.max_epoch=2"],
            "trainer.max_epoch: lightning.Trainer takes no such argument; did you mean max_epochs?",
        ),
        (["trainer.logger=x"], "trainer.logger: set by the group logger; choose with logger=..."),
        (["callbacks.checkpont.dirpath=x"], "callbacks.checkpont has no `_target_`; did you mean checkpoint?"),
        (["batch_size=0"], "batch_size is 0; expected at least 1"),
        (["optim.muon_lr=0"], "optim.muon_lr is 0.0; expected a positive number such as 0.02, or null for AdamW"),
        (
            ["scenes.num_train=null"],
            "scenes.num_train is None; the world needs a number of pictures, e.g. num_train=200",
        ),
        (
            ["data.path=x.jsonl"],
            "data.path is set without data.images; give the folder that the samples' pictures lie in",
        ),
        (
            ["data=published", "data.path=x.json", "data.images=x", "data.kind=chat"],
            "data.kind is 'chat'; expected one of conv, detail, complex, locate, or null",
        ),
        (
            ["logger=wandb", "logger.wandb.offlin=true"],
            "logger.wandb.offlin: lightning.pytorch.loggers.WandbLogger takes no such argument; did you mean offline?",
        ),
        (
            ["data.path=sk-aaaaaaaaaaaaaaaaaaaaaaaa", "data.images=x"],
            "data.path looks like a secret key; put it into an environment variable and give its name",
        ),
    ],
)
def test_one_line_with_the_fix(conf, overrides, line):
    assert mistakes(conf, *overrides) == [line]


def test_numbers_that_stand_for_something_else_are_let_through(conf):
    words = ["max_epochs=-1", "max_steps=9", "num_sanity_val_steps=-1", "val_check_interval='00:12:00:00'",
             "limit_train_batches=1.0", "limit_val_batches=0"]  # fmt: skip
    composed("train", conf, [*(f"trainer.{one}" for one in words), "callbacks.loss.factor=null"])
    composed("train", conf, ["trainer.max_steps=-1"])
    for time in ("90", "1:30", "12:00:00", "2-12", "2-12:30:00", "UNLIMITED"):
        composed("train", conf, ["launcher=slurm", f"launcher.time='{time}'"])


def test_all_problems_at_once(conf):
    found = mistakes(
        conf,
        "modle=tiny",
        "data.kinds.conf=2",
        "+typo=1",
        "trainer.max_epoch=3",
        "logger.csv.save_dri=x",
        "batch_size=0",
    )
    assert [line.split(":")[0].split(" ")[0] for line in found] == [
        "`modle=tiny`",
        "`data.kinds.conf=2`",
        "typo",
        "trainer.max_epoch",
        "logger.csv.save_dri",
        "batch_size",
    ]


@pytest.mark.parametrize("override", [
    "data=3", "data=[1]", "judge=true", "optim.betas=[[1],2]", "seed=" + "9" * 5000, "batch_size=" + "9" * 400,
    "optim.lr=" + "9" * 400, "data=\x1b[2J", "data=" + "[" * 900, "output_dir=\udcff",
])  # fmt: skip
def test_what_hydra_has_no_words_for_is_one_line(conf, override):
    (line,) = mistakes(conf, override)
    assert line.isprintable() and len(line) < 600, "a terminal obeys nothing of it"


def test_missing_values(conf):
    assert mistakes(conf, script="evaluate") == [
        "arm has no value; set it with arm=...",
        "checkpoint has no value; set it with checkpoint=...",
    ]


POSE = "llavapose.evaluation.judges.pose.judge.PoseJudge"


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["judge=gpt5"], "judge=gpt5: no such choice; did you mean gpt4o?"),
        (["benchmark=moon"], "benchmark=moon: no such choice; expected one of "),
        (["answerer=text"], "answerer=text: no such choice; did you mean text_only? (choices: checkpoint, "),
        (["judge.name=gpt4o"], f"judge.name: {POSE} takes no such argument"),
        (["benchmark.name=e_hpaub"], "`benchmark.name=e_hpaub`: nothing named benchmark.name"),
        (["judge.options.strict=true"], f"judge.options.strict: {POSE} takes no such argument"),
        (["judge.options.name=x"], f"judge.name: {POSE} takes no such argument"),
        (
            ["benchmark.num_images=0", "probe.enabled=false"],
            "benchmark.num_images=0 and probe.enabled=false: nothing would be evaluated; leave one of them out",
        ),
        (["benchmark.num_images=0", "probe.num_items=0"], "benchmark.num_images=0 and probe.num_items=0: nothing"),
        (["judge._target_=my.Judge"], "judge._target_: nothing named my.Judge is installed; check the name"),
        (
            ["benchmark.path=a.jsonl"],
            "benchmark.path: llavapose.evaluation.benchmarks.world.WorldBenchmark takes no such",
        ),
        (["answerer=file", "checkpoint=null"], "answerer.path: llavapose.evaluation.answerers.file.FileAnswerer needs"),
        (
            ["answerer=file", "answerer.path=a.jsonl"],
            "checkpoint: this answerer reads none",
        ),
    ],
)
def test_parts_of_an_evaluation_are_real_or_refused(conf, overrides, line):
    assert mistakes(conf, "checkpoint=tiny", "arm=x", *overrides, script="evaluate")[-1].startswith(line)


def test_a_run_that_evaluates_nothing_says_so(conf):
    nothing = ["benchmark.num_images=0", "probe.enabled=false"]
    (line,) = mistakes(conf, *nothing)
    assert line.endswith("nothing would be evaluated; leave one of them out, or say evaluate=false")
    composed("train", conf, [*nothing, "evaluate=false"])


def test_an_argument_of_ones_own_class_is_named_as_it_is_set(conf, tmp_path, monkeypatch):
    (tmp_path / "my_judge.py").write_text("class Judge:\n    def __init__(self, strict, ledger): ...\n")
    monkeypatch.syspath_prepend(tmp_path)
    words = ["checkpoint=tiny", "arm=x", "judge._target_=my_judge.Judge"]
    (line,) = mistakes(conf, *words, script="evaluate")
    assert line == ("judge.options.strict: my_judge.Judge needs this argument; set it with judge.options.strict=...")
    (line,) = mistakes(conf, *words, "judge.options.strickt=1", "judge.options.strict=1", script="evaluate")
    assert line == "judge.options.strickt: my_judge.Judge takes no such argument; did you mean strict?"


def test_typo_in_an_experiment_file(conf, tmp_path):
    shutil.copytree(conf, tmp_path / "conf")
    experiment = tmp_path / "conf" / "experiment" / "mine.yaml"
    experiment.write_text("# @package _global_\ntrainer:\n  max_epoch: 2\n")
    assert mistakes(tmp_path / "conf", "experiment=mine") == [
        "trainer.max_epoch: lightning.Trainer takes no such argument; did you mean max_epochs?"
    ]
    experiment.write_text("# @package _global_\noptim:\n  lrr: 2\n")
    (line,) = mistakes(tmp_path / "conf", "experiment=mine")
    assert "'lrr'" in line
    assert "did you mean" in line
    experiment.write_text("# @package _global_\noptim: [\n")
    (line,) = mistakes(tmp_path / "conf", "experiment=mine")
    assert "\n" not in line


def test_plain_groups_take_any_argument_of_their_class(conf):
    config = composed("train", conf, ["trainer.limit_val_batches=4", "logger=wandb", "logger.wandb.notes=hello"])
    assert config.trainer.limit_val_batches == 4
    assert config.logger.wandb.notes == "hello"


def test_missing_files(conf):
    config = typed("train", composed("train", conf, ["data.path=no.jsonl", "data.images=no", "model.base=/no"]))
    assert missing_inputs(config) == [
        "model.base: no folder /no; expected a checkpoint's, such as the `hf` that train.py leaves, `tiny`, "
        "or owner/name",
        "data.path: no file no.jsonl; expected a file, check the path",
        "data.images: no folder no; expected a folder, check the path",
    ]
    folder = typed("train", composed("train", conf, ["data=published", f"data.path={conf}", f"data.images={conf}"]))
    assert missing_inputs(folder) == []
    hub = typed("train", composed("train", conf, ["model.base=owner/name"]))
    assert missing_inputs(hub) == []


def test_missing_pictures_say_where_they_are_had(conf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = ["benchmark=llava_coco", "checkpoint=tiny", "arm=x", "probe.enabled=false"]
    lines = missing_inputs(typed("evaluate", composed("evaluate", conf, given)))
    (images,) = [line for line in lines if line.startswith("benchmark.images: no folder data/coco/val2014; ")]
    assert "http://images.cocodataset.org/zips/val2014.zip" in images and "unpack below data/coco" in images


@pytest.mark.parametrize("kind", ["captions", "instances", "person_keypoints"])
def test_a_benchmark_is_not_built_without_an_annotation_file(conf, tmp_path, kind):
    (tmp_path / "annotations").mkdir()
    for one in {"captions", "instances", "person_keypoints"} - {kind}:
        (tmp_path / "annotations" / f"{one}_val2014.json").write_text("{}")
    given = ["scenes=coco2014", f"scenes.root={tmp_path}", "benchmark=e_hpaub", "dry_run=true"]
    (line,) = missing_inputs(typed("generate", composed("generate", conf, given)))
    name = "keypoints" if kind == "person_keypoints" else kind
    assert line.startswith(f"scenes.val.{name}: no file {tmp_path}/annotations/{kind}_val2014.json; ")
    assert "annotations_trainval2014.zip" in line and line.endswith(f"unpack below {tmp_path}")


def test_a_benchmark_needs_the_name_of_a_file_of_captions(conf, tmp_path):
    (tmp_path / "annotations").mkdir()
    for one in ("instances", "person_keypoints"):
        (tmp_path / "annotations" / f"{one}_val2014.json").write_text("{}")
    given = ["scenes=coco2014", f"scenes.root={tmp_path}", "benchmark=e_hpaub", "scenes.val.captions=null"]
    (line,) = missing_inputs(typed("generate", composed("generate", conf, given)))
    assert line.startswith("scenes.val.captions names no file; ")


def test_chance_is_not_told_by_the_tested_pictures(conf):
    told = ["arm=x", "checkpoint=tiny", "scenes=coco2017"]
    file = "annotations/person_keypoints_val2017.json"
    composed("evaluate", conf, told)
    (line,) = mistakes(conf, *told, f"scenes.train.keypoints={file}", script="evaluate")
    assert line.startswith(f"scenes.train.keypoints and scenes.val.keypoints are both {file}: ")
