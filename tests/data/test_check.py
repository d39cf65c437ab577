"""Pictures and texts are proven good before training, read once, and told apart by what they hold."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from llavapose.data.check import checked_pictures, main
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.data.datamodule import PoseDataModule
from llavapose.data.index.records import ensure_records
from llavapose.data.show import main as show
from llavapose.errors import DataError
from llavapose.llava_json import to_record
from llavapose.model.pretrained import load_processor
from llavapose.records import Turn
from llavapose.samples import write_samples
from tests.data.test_datamodule import module


def test_broken_pictures_are_listed_before_training(tmp_path, own_pictures, samples, processor):
    (own_pictures / "003.png").write_bytes((own_pictures / "003.png").read_bytes()[:60])
    (own_pictures / "005.png").write_text("text")
    write_samples(tmp_path / "samples.jsonl", samples)
    with pytest.raises(DataError, match="2 bad records") as caught:
        module(tmp_path / "samples.jsonl", own_pictures, processor)
    told = str(caught.value)
    assert "sample 3-conv-0: " in told and "003.png is broken" in told
    assert "sample 5-conv-0: " in told and "005.png is not an image" in told
    assert not list((tmp_path / "index").glob("pictures-*"))


def test_pictures_proven_good_are_read_once(tmp_path, own_pictures, samples, monkeypatch):
    write_samples(tmp_path / "samples.jsonl", samples)
    records = ensure_records(tmp_path / "samples.jsonl", own_pictures, kind=None, folder=tmp_path)
    read: list[Path] = []
    monkeypatch.setattr("llavapose.data.check.check_image", lambda path, **_: read.append(path) or (4, 4))
    for times in (10, 10):  # not again
        with checked_pictures(records, tmp_path):
            pass
        assert len(read) == times
    with checked_pictures(records, tmp_path, anew=True):
        pass
    assert len(read) == 20
    monkeypatch.undo()
    (own_pictures / "003.png").write_text("now broken")
    with pytest.raises(DataError, match=r"003\.png is not an image"), checked_pictures(records, tmp_path):
        pass
    (own_pictures / "003.png").unlink()
    with pytest.raises(DataError, match=r"no image .*003\.png"), checked_pictures(records, tmp_path):
        pass


def test_what_stops_the_block_stops_the_check(tmp_path, own_pictures, samples):
    write_samples(tmp_path / "samples.jsonl", samples)
    records = ensure_records(tmp_path / "samples.jsonl", own_pictures, kind=None, folder=tmp_path)
    with pytest.raises(KeyError), checked_pictures(records, tmp_path):
        raise KeyError
    assert not list(tmp_path.glob("pictures-*"))


def test_the_check_on_demand(tmp_path, own_pictures, tiny_jsonl, capsys):
    arguments = [str(tiny_jsonl), str(own_pictures), "--data-dir", str(tmp_path)]
    assert main(arguments) == 0
    assert "40 samples (complex 10, conv 20, detail 10) of 10 pictures: all good" in capsys.readouterr().out
    (own_pictures / "003.png").write_text("now broken")
    assert main(arguments) == 1
    assert "003.png is not an image" in capsys.readouterr().err
    (own_pictures / "003.png").unlink()
    assert main([str(tmp_path / "none.jsonl"), str(own_pictures)]) == 1
    assert "error: samples: no file" in capsys.readouterr().err


SPECIAL = ("<image>", "</s>", "<s>", "<pad>", "<unk>")


def same_file_with(path: Path, samples, text: str) -> None:
    """Samples of which the third and the fifth have ``text`` inside an answer and inside a question."""
    records = [to_record(sample) for sample in samples]
    records[2]["conversations"][1]["value"] += f" It is {text} so."
    records[4]["conversations"][0]["value"] += f" Say {text} now?"
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


@pytest.mark.parametrize("token", SPECIAL)
def test_special_tokens_in_texts_are_refused_by_training_and_by_the_check_in_the_same_words(
    tmp_path, own_pictures, samples, capsys, token
):
    same_file_with(tmp_path / "samples.jsonl", samples, token)
    with pytest.raises(DataError) as caught:
        processor = load_processor("tiny", chat_template=CHAT_TEMPLATE)
        module(tmp_path / "samples.jsonl", own_pictures, processor, max_length=2048)
    assert main([str(tmp_path / "samples.jsonl"), str(own_pictures), "--data-dir", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert f"error: {caught.value}\n" in told and "2 bad records" in told
    assert all(f"sample {samples[at].id}" in told for at in (2, 4)) and told.count(token) == 2


def test_an_id_of_a_megabyte_is_shortened(tmp_path, own_pictures, samples, processor, capsys):
    for at, text in ((0, "</s>"), (1, " ".join(["long"] * 5000))):
        long = replace(samples[at], id="x" * 1_000_000, turns=(Turn(role="user", text=text), samples[at].turns[1]))
        write_samples(tmp_path / "samples.jsonl", [long, *samples[2:]])
        with pytest.raises(DataError) as caught:
            module(tmp_path / "samples.jsonl", own_pictures, processor)
        (_, line) = str(caught.value).splitlines()
        assert "(1,000,002 characters): " in line and len(line) < 300
    (own_pictures / samples[0].images[0]).write_text("now broken")
    write_samples(tmp_path / "samples.jsonl", [replace(samples[0], id="x" * 1_000_000), *samples[12:]])
    with pytest.raises(DataError) as caught:
        module(tmp_path / "samples.jsonl", own_pictures, processor)
    assert "(1,000,002 characters): " in str(caught.value) and "is not an image" in str(caught.value)
    assert show([str(tmp_path / "samples.jsonl"), "-n", "1"]) == 0
    assert len(capsys.readouterr().out.splitlines()[-3]) < 300


def replaced(path: Path, *, times: bool) -> None:
    """Another picture of equal size in bytes; with its times of before where ``times``."""
    held, stat = path.read_bytes(), path.stat()
    with Image.open(path) as image:
        turned = image.convert("RGB").point(lambda level: 255 - level)
    turned.save(path, compress_level=0)
    grown = path.read_bytes()
    # What follows a PNG's end is read by nobody.
    size = max(len(held), len(grown))
    path.write_bytes(grown.ljust(size, b"\0"))
    if times:
        os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


@pytest.mark.parametrize("times", [False, True], ids=["new-times", "old-times"])
def test_a_picture_replaced_at_equal_size_is_not_resumed(tmp_path, own_pictures, processor, samples, times):
    write_samples(tmp_path / "samples.jsonl", samples)
    path = own_pictures / samples[0].images[0]
    path.write_bytes(path.read_bytes().ljust(1 << 16, b"\0"))  # of a size that both have

    def made() -> PoseDataModule:
        return module(tmp_path / "samples.jsonl", own_pictures, processor)

    first = made()
    held, other = path.read_bytes(), made()
    state = {"fingerprint": first.order_fingerprint(), "epoch": 0, "batches": 1}
    replaced(path, times=times)
    assert other.order_fingerprint() == state["fingerprint"], "what a run has read is its own, whenever it is asked"
    assert path.stat().st_size == len(held) and path.read_bytes() != held
    with pytest.raises(DataError, match="resume: samples, pictures, tokenizer, seed"):
        made().load_state_dict(state)
    path.write_bytes(held)
    made().load_state_dict(state)


def test_pictures_that_were_touched_or_copied_are_resumed(tmp_path, own_pictures, processor, samples, monkeypatch):
    write_samples(tmp_path / "samples.jsonl", samples)
    data = module(tmp_path / "samples.jsonl", own_pictures, processor)
    state = {"fingerprint": data.order_fingerprint(), "epoch": 0, "batches": 1}
    for path in own_pictures.glob("*.png"):
        path.touch()
    with monkeypatch.context() as patched:  # their hashes are those of before: none is decoded again
        patched.setattr("llavapose.data.check.check_image", lambda path, **_: pytest.fail(f"{path} was decoded"))
        module(tmp_path / "samples.jsonl", own_pictures, processor).load_state_dict(state)
    shutil.copytree(own_pictures, tmp_path / "copied")
    module(tmp_path / "samples.jsonl", tmp_path / "copied", processor).load_state_dict(state)


def test_only_what_has_changed_is_read_again(tmp_path, own_pictures, samples, monkeypatch):
    write_samples(tmp_path / "samples.jsonl", samples)
    records = ensure_records(tmp_path / "samples.jsonl", own_pictures, kind=None, folder=tmp_path)
    with checked_pictures(records, tmp_path):
        pass
    Image.new("RGB", (9, 9), "red").save(own_pictures / "003.png")
    read: list[str] = []
    monkeypatch.setattr("llavapose.data.check.check_image", lambda path, **_: read.append(path.name) or (4, 4))
    with checked_pictures(records, tmp_path):
        pass
    assert read == ["003.png"]


def test_a_rank_without_notes_reads_the_pictures_itself(tmp_path, own_pictures, processor, samples, monkeypatch):
    write_samples(tmp_path / "samples.jsonl", samples)
    first = module(tmp_path / "samples.jsonl", own_pictures, processor)
    monkeypatch.setattr("llavapose.data.datamodule.rank_zero_only.rank", 1)
    for index in ("index", "elsewhere"):  # the same disk, and one of its own
        other = module(tmp_path / "samples.jsonl", own_pictures, processor, index=tmp_path / index)
        assert other.order_fingerprint() == first.order_fingerprint()
