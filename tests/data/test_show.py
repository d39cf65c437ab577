"""What is trained on is shown for any base: supervised tokens marked, a picture's tokens as one mark."""

from __future__ import annotations

import json
import re

import pytest

from llavapose.data import show
from llavapose.data.reading.read import read_base
from llavapose.families.known import family_named
from llavapose.records import Sample, Turn
from llavapose.samples import write_samples
from tests.data.reading import spoken
from tests.families.tiny import FAMILIES, made, write_family


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    for at, picture in enumerate(spoken.PICTURES):
        picture.save(folder / f"{at}.png")
    found = []
    for number, images in enumerate(((), ("0.png",), ("0.png", "1.png"))):
        turns = [("What is it?", "A red field — Żółw."), ("Are you sure?", "Yes.")]
        told = [
            Turn(role=role, text=text) for pair in turns for role, text in zip(("user", "assistant"), pair, strict=True)
        ]
        found.append(Sample(id=f"{number}", images=images, kind="conv", turns=tuple(told)))
    write_samples(folder / "samples.jsonl", found)
    return folder


@pytest.mark.parametrize("name", [name for name in FAMILIES if name != "llava"])
def test_any_base_is_shown(name, samples, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("transformers.models.smolvlm.processing_smolvlm.num2words", str)
    base = write_family(name, tmp_path)
    capsys.readouterr()
    given = [str(samples / "samples.jsonl"), "--base", str(base), "--images", str(samples), "--plain"]
    assert show.main(given) == 0
    blocks = capsys.readouterr().out.strip().split("\n\n")
    assert len(blocks) == 3
    processor, family = made(name)[1], family_named(name)
    reading = read_base(processor, family, source=name)
    for number, block in enumerate(blocks):
        said, tokens = block.split("\n", 1)
        taken = int(re.search(r"(\d+) tokens of prefix", said)[1])
        if number:
            ids = reading.pictures.shown(spoken.PICTURES[:number]).ids
            marks = sum(map(int, re.findall(r"<picture x (\d+)>", tokens)))
            assert (taken, marks) == (len(ids), ids.count(reading.pictures.image_id))
        else:
            assert taken == len(reading.conversation.frame.prefix_of_text) and "<picture" not in tokens
        supervised = re.findall(r"(?<=\|)\[(.+?)\](?=\||$)", tokens)
        assert len(supervised) == int(re.search(r"(\d+) supervised", said)[1])
        assert [one for one in supervised if one == spoken.END[name]] == [spoken.END[name]] * 2


def test_without_a_folder_grey_pictures_stand_in(samples, tmp_path, capsys):
    base = write_family("qwen3_vl", tmp_path)
    assert show.main([str(samples / "samples.jsonl"), "--base", str(base), "-n", "3", "--plain"]) == 0
    assert "<picture x" in capsys.readouterr().out


def foreign(folder, *, suffix: str):
    """LLaVA's JSON of two records without a kind: one list, or a record a line."""
    turns = [{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "A dog."}]
    records = [{"id": name, "image": f"train2014/{name}.png", "conversations": turns} for name in ("one", "two")]
    text = json.dumps(records, indent=1) if suffix == ".json" else "\n".join(map(json.dumps, records))
    path = folder / f"samples{suffix}"
    path.write_text(text)
    return path


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_what_trains_is_shown_also_where_it_was_made_elsewhere(suffix, tmp_path, capsys):
    path = foreign(tmp_path, suffix=suffix)
    assert show.main([str(path), "--plain"]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert "no kind of sample one" in line and "say --kind with one of" in line
    assert show.main([str(path), "--plain", "--kind", "detail"]) == 0
    told = capsys.readouterr().out
    assert told.count("(detail, train2014/") == 2 == told.count("<picture x"), "as data.kind does"
    spoken.PICTURES[0].save(tmp_path / "one.png")
    given = [str(path), "--plain", "--kind", "conv", "--images", str(tmp_path), "-n", "1"]
    assert show.main(given) == 0
    assert "one (conv, one.png)" in capsys.readouterr().out, "by its name alone, as training finds it"


def test_a_folder_of_lists_is_shown(tmp_path, capsys):
    foreign(tmp_path, suffix=".json").rename(tmp_path / "conversation.json")
    foreign(tmp_path, suffix=".json").rename(tmp_path / "detailed.json")
    assert show.main([str(tmp_path), "--plain", "--kind", "detail", "-n", "9"]) == 0
    told = capsys.readouterr().out
    assert told.count("(detail, ") == 2 and "(conv, " not in told


def test_a_bad_record_is_one_line(tmp_path, capsys):
    path = tmp_path / "samples.jsonl"
    path.write_text("{torn")
    assert show.main([str(path)]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert f"{path}:1" in line


def test_a_missing_picture_is_one_line(samples, tmp_path, capsys):
    base = write_family("qwen3_vl", tmp_path / "base")
    assert show.main([str(samples / "samples.jsonl"), "--base", str(base), "--images", str(tmp_path)]) == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error")]
    assert "sample '1'" in line or "sample 1" in line


def test_colours_and_what_is_told_of_a_template(samples, tmp_path, capsys):
    base = write_family("llava_onevision", tmp_path)
    assert show.main([str(samples / "samples.jsonl"), "--base", str(base), "-n", "1"]) == 0
    told = capsys.readouterr()
    assert "\x1b[30;42m" in told.out and "before an answer of the past: trained as asked" in told.err


def test_frames_are_shown_behind_their_times(tmp_path, capsys):
    turns = (Turn(role="user", text="Who sits down?"), Turn(role="assistant", text="The man."))
    names = tuple(f"7/{at}.jpg" for at in range(5))
    times = (0.0, 0.4, 0.8, 1.2, 1.6)
    write_samples(tmp_path / "s.jsonl", [Sample(id="1", images=names, kind="conv", turns=turns, times_s=times)])
    assert show.main([str(tmp_path / "s.jsonl"), "--plain", "--frames", "2"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("1 (conv, 2 frames from 7/0.jpg on, at 0.0, 1.6 s): ")
    tokens = said.splitlines()[1].split("|")
    assert tokens.count("<picture x 64>") == 2
    first, second = (at for at, one in enumerate(tokens) if one == "<picture x 64>")
    # The shipped base has seen no digits: they are bytes to it.
    assert "".join(tokens[:first]).endswith("USER:▁<0x30>.<0x30>▁s:▁")
    assert "".join(tokens[first + 1 : second]) == "\\n<0x31>.<0x36>▁s:▁"
    assert show.main([str(tmp_path / "s.jsonl"), "--frames", "0"]) == 1
    assert capsys.readouterr().err == "error: --frames is 0; expected at least 1\n"
