"""Sweeps over bases: each base's baseline once, and no folder that two of them share."""

import shutil

import pytest

from llavapose.errors import ConfigError
from llavapose.files import TINY_BASE
from llavapose.sweep.jobs import plan_sweep
from llavapose.sweep.launch import launch

SECOND = "name: second\nbase: {}\ndtype: float32\nmax_length: 512\n"
FEW = ["benchmark.num_images=6", "sweep_dir=out"]


@pytest.fixture
def two(house):
    """The house with a second base, a folder of its own."""
    shutil.copytree(TINY_BASE, house / "second")
    (house / "conf" / "model" / "second.yaml").write_text(SECOND.format(house / "second"))
    return house


def told(job, key):
    return [word.partition("=")[2].strip("'") for word in job.command if word.startswith(f"{key}=")]


@pytest.mark.parametrize("seeds", [[], ["seed=0,1,2"]])
def test_two_bases_have_two_baselines_each_asked_once(two, seeds):
    sweep = plan_sweep(two / "conf", ["model=tiny,second", "data=conv,full", *seeds, *FEW])
    baselines = [job for job in sweep.jobs if not job.trains]
    assert [told(job, "checkpoint") for job in baselines] == [["tiny"], [str(two / "second")]]
    assert len(sweep.configs) == 4 * (3 if seeds else 1)
    assert len({job.dir for job in sweep.jobs}) == len(sweep.jobs)
    homes = {(job.config.model.base, job.results_dir) for job in sweep.jobs}
    assert len({home for _, home in homes}) == len(homes), "two bases write into one folder"
    for job in baselines:
        assert f"model={job.config.model.name}" in job.results_dir
        assert job.results_dir in {one.results_dir for one in sweep.jobs if one.trains}


def test_bases_by_folder_are_told_apart_too(two):
    sweep = plan_sweep(two / "conf", [f"model.base=tiny,{two / 'second'}", "data=conv", *FEW])
    assert [told(job, "checkpoint") for job in sweep.jobs if not job.trains] == [["tiny"], [str(two / "second")]]
    assert len({job.results_dir for job in sweep.jobs}) == 2


def test_arms_that_are_called_by_their_base_have_folders_of_their_own(two):
    """``data.name`` hangs on the base, so that the arms' names alone would let both baselines meet in one folder."""
    sweep = plan_sweep(two / "conf", ["model=tiny,second", "data=conv", "data.name=conv_${model.name}", *FEW])
    assert [job.arm for job in sweep.jobs if job.trains] == ["conv_tiny", "conv_second"]
    baselines = [job for job in sweep.jobs if not job.trains]
    assert len({job.dir for job in baselines}) == len(baselines) == 2


def test_two_settings_of_one_base_share_its_baseline(two):
    (two / "conf" / "model" / "third.yaml").write_text(SECOND.format("tiny").replace("second", "third"))
    sweep = plan_sweep(two / "conf", ["model=tiny,third", "data=conv", *FEW])
    assert len([job for job in sweep.jobs if not job.trains]) == 1


def test_what_was_made_of_each_base_is_kept(two, data, capsys):
    words = ["model=tiny,second", "data=conv,full", *FEW]
    for _ in range(2):
        launch(two / "conf", words, prepare=data, finish=lambda folder, config: None)
    started = (two / "started.txt").read_text().split()
    assert started == ["baseline", "baseline", "conv", "full", "conv", "full"], "the second time nothing starts"
    assert capsys.readouterr().out.count("kept") == 6
    (two / "second" / "recipe.json").write_text("{}")
    data(None)  # what was hashed is forgotten, as in a process of its own
    with pytest.raises(ConfigError) as refused:
        launch(two / "conf", words, prepare=data, finish=lambda folder, config: None)
    assert "conv model=second" in str(refused.value) and "full model=second" in str(refused.value)
    assert "model=tiny" not in str(refused.value), "the other base's jobs have not changed"
