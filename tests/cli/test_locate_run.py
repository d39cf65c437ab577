"""``train.py data=locate``: samples made, a model trained, people asked about, a table beside the published numbers."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image

from llavapose.locate.codings import CODINGS
from llavapose.model.pretrained import load_model
from llavapose.report.tables import read_table
from tests import warm

EMBEDDING = "model.language_model.embed_tokens.weight"
SMALL = ("scenes.num_train=6", "scenes.num_val=3", "scenes.image_size=64", "locate.size=32", "trainer.max_steps=2",
         "data.num_val=4", "logger=none", "locate.num_people=3")  # fmt: skip
NUM_WORDS = 1800
"""Of the tiny base."""


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable,
        "-m",
        "llavapose",
        "train",
        *SMALL,
        f"scenes.root={folder}/w",
        f"data_dir={folder}/d",
        *words,
    ]
    return warm.run(command, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.mark.parametrize("coding", ["decimal", "tokens"])
def test_a_run_ends_with_where_joints_are(tmp_path, coding):
    done = run(tmp_path, "data=locate", f"locate.coding={coding}", "output_dir=run")
    assert done.returncode == 0, done.stderr
    assert "Where joints are" in done.stdout and "PoseLLM" in done.stdout and "Ablation" not in done.stdout
    rows = {row["shown"]: row for row in read_table(tmp_path / "run", "located.csv")}
    assert rows["true"]["coding"] == coding and set(rows) == {"true", "shuffled", "mean_pose"}
    assert json.loads((tmp_path / "run" / "hf" / "config.json").read_text())["text_config"]["vocab_size"] == (
        NUM_WORDS + 1000 if coding == "tokens" else NUM_WORDS
    )
    card = (tmp_path / "run" / "hf" / "README.md").read_text()
    assert "Where joints are" in card and "keypoint AP" in card and "not evaluated when" not in card
    words = ("-m", "llavapose", "locate", "run/hf", f"scenes.root={tmp_path}/w", *SMALL[:3])
    again = warm.run(
        [sys.executable, *words, "--people", "3", "--out", "asked"], cwd=tmp_path, capture_output=True, text=True
    )
    assert again.returncode == 0, again.stderr
    kept = [json.loads((tmp_path / place).read_text()) for place in
            ("run/located/locate.results.json", "asked/located/model.results.json")]  # fmt: skip
    assert kept[0] == kept[1], "asked again, it says the same"
    asked_of_a_photo(tmp_path)


def asked_of_a_photo(folder: Path) -> None:
    """A photo that a phone wrote lying: the box is in the pixels that a viewer shows; asked as it was taught."""
    turned = Image.Exif()
    turned[0x0112] = 6  # to be turned by a quarter
    Image.new("RGB", (90, 60), "green").save(folder / "beach.jpg", exif=turned)
    words = (sys.executable, "-m", "llavapose", "locate", "run/hf", "--photo", "beach.jpg", "--out", "mine")
    done = warm.run([*words, "--box", "5", "10", "50", "75", "--box", "0", "0", "30", "90"],
                    cwd=folder, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("left wrist") == 2 and "person 2, box 0 0 30 90" in done.stdout
    people = json.loads((folder / "mine" / "beach.results.json").read_text())
    assert [one["bbox"] for one in people] == [[5, 10, 50, 75], [0, 0, 30, 90]]
    assert all(len(one["keypoints"]) == 51 for one in people)
    with Image.open(folder / "mine" / "beach.joints.jpg") as drawn:
        assert drawn.size == (60, 90)
    for box, said in (
        (["70", "0", "10", "10"], "within this photo's 60 x 90"),
        (["5", "5", "0", "10"], "--box 5 5 0 10"),
    ):
        done = warm.run([*words, "--box", *box], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr, done.stderr


def test_of_a_photo_a_checkpoint_that_was_never_taught_is_refused(tmp_path):
    Image.new("RGB", (90, 60)).save(tmp_path / "a.png")
    words = (sys.executable, "-m", "llavapose", "locate", "tiny", "--photo", "a.png")
    for more, said in (
        ([], "give the `hf` folder of a run with data=locate"),
        (["locate.size=64"], "locate.size=64 does not go with --photo"),
        (["--people", "3"], "--people does not go with --photo"),
    ):
        done = warm.run([*words, *more], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 1 and said in done.stderr and "Traceback" not in done.stderr, done.stderr
    done = warm.run([*words[:5], "--box", "1", "1", "5", "5"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 1 and "--box is of --photo" in done.stderr


def test_everyone_in_a_picture_from_end_to_end(tmp_path):
    words = [word for word in SMALL if not word.startswith("locate.size")]
    command = [
        sys.executable,
        "-m",
        "llavapose",
        "train",
        *words,
        f"scenes.root={tmp_path}/w",
        f"data_dir={tmp_path}/d",
    ]
    asked = ("data=locate", "locate.view=picture", "locate.asking=json", "locate.coding=tokens", "output_dir=run",
             "data.max_length=2048", "data.num_val=1")  # fmt: skip
    done = warm.run([*command, *asked], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = {row["shown"]: row for row in read_table(tmp_path / "run", "located.csv")}
    assert rows["true"]["boxes"] == "own" and rows["true"]["asking"] == "json"


def test_a_grid_has_its_table_and_the_untaught_base_is_not_asked(tmp_path):
    done = run(tmp_path, "data=locate", "connector=linear,mlp2x_gelu", "locate.coding=tokens", "sweep_dir=grid", "-m")
    assert done.returncode == 0, done.stderr + done.stdout
    rows = read_table(tmp_path / "grid", "located.csv")
    arms = [row["arm"] for row in rows if row["shown"] == "true"]
    assert arms == ["locate (connector=linear)", "locate (connector=mlp2x_gelu)"]
    assert "Where joints are" in done.stdout and "77.4" in done.stdout
    assert (tmp_path / "grid" / "report" / "index.html").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["data=conv", "locate.size=64"], "is read by nothing: the mixture has no kind locate; choose data=locate"),
        (["data=locate", "locate.least_box=0.5"], "locate.least_box=0.5 is read by nothing: it goes with locate.boxes"),
        (["data=locate", "locate.boxes=nowhere.json"], "nowhere.json"),
        (["data=locate", "locate.view=picture"], "locate.size=32 is read by nothing: with locate.view=picture"),
        (["data=locate", "locate.left_out=[nose,tail]"], "locate.left_out has tail; expected some of nose"),
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_one_line(tmp_path, words, said):
    done = run(tmp_path, *words, "output_dir=run")
    assert done.returncode == 1 and said in done.stderr, done.stderr
    assert "Traceback" not in done.stderr and not (tmp_path / "run" / "hf").exists()


def test_cells_of_a_grid_have_samples_of_their_own(tmp_path):
    done = run(
        tmp_path, "data=conv,locate", "locate.coding=decimal,bins", "evaluate=false", "sweep_dir=grid",
        "teacher.num_samples=40", "launcher.baseline=false", "trainer.max_steps=1", "-m",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + done.stdout
    made = {path.parent.name for path in (tmp_path / "d").glob("locate-*/samples.jsonl")}
    assert len(made) == 2, "a set each for the two codings"
    ended = {job["exit_code"] for job in json.loads((tmp_path / "grid" / "jobs.json").read_text())}
    assert ended == {0} and len(list((tmp_path / "grid").rglob("hf/config.json"))) == 4


def test_beside_adapters_the_new_words_rows_alone_are_trained(tmp_path):
    words = ("data=locate", "locate.coding=tokens", "adapter=lora", "optim.weight_decay=0.1", "optim.lr=0.01",
             "evaluate=false")  # fmt: skip
    done = run(tmp_path, *words, "output_dir=run")
    assert done.returncode == 0, done.stderr
    base = load_model("tiny", words=CODINGS["tokens"].new_tokens).state_dict()[EMBEDDING]
    found = load_model(str(tmp_path / "run" / "hf")).state_dict()[EMBEDDING]
    assert found.shape == base.shape and torch.equal(found[:NUM_WORDS], base[:NUM_WORDS])
    moved = (found[NUM_WORDS:] != base[NUM_WORDS:]).any(1)
    assert moved.all(), "a softmax moves every row that can be written"
    again = run(tmp_path, *words, "output_dir=again", "trainer.max_steps=1")
    assert again.returncode == 0, again.stderr
    exported = warm.run(
        [sys.executable, "-m", "llavapose", "export", "run", "exported"], cwd=tmp_path, capture_output=True, text=True
    )
    assert exported.returncode == 0, exported.stderr
    other = load_model(str(tmp_path / "exported")).state_dict()
    assert torch.allclose(other[EMBEDDING], found, atol=1e-6)


def test_a_strategy_that_cuts_matrices_up_is_refused_beside_adapters(tmp_path):
    words = ("data=locate", "locate.coding=tokens", "adapter=lora", "strategy=deepspeed_stage3_cpu", "output_dir=run")
    done = run(tmp_path, *words)
    assert done.returncode == 1 and "use strategy=ddp or single, or locate.coding=bins" in done.stderr, done.stderr
