"""Micro-Action-52 as an answer key: labels, names, parts, scores counted by hand."""

import pytest

from llavapose.errors import DataError
from llavapose.scenes.tracks.micro_actions import (
    NAMES,
    NUM_LABELS,
    PARTS,
    label_named,
    part_of,
    read_answers,
    read_labels,
    read_names,
    score,
)


def test_every_label_has_a_name_and_one_part_of_the_body():
    assert NUM_LABELS == 52 and len(set(NAMES)) == 52
    assert [label for labels in PARTS.values() for label in labels] == list(range(52))
    for label, name, part in (
        (0, "shaking body", "body"), (9, "nodding", "head"), (11, "scratching arms", "upper limb"),
        (28, "crossing legs", "lower limb"), (37, "crossing arms", "body-hand"), (43, "touching nose", "head-hand"),
        (51, "scratching feet", "leg-hand"),
    ):  # fmt: skip
        assert (NAMES[label], part_of(label)) == (name, part)


def test_lists_as_the_authors_write_them_and_tables(tmp_path):
    path = tmp_path / "labels.txt"
    path.write_bytes(b"\xef\xbb\xbf0003_01_0005.mp4 8\r\n0003_02_0001.mp4 17\r\n\r\n")
    assert read_labels(path) == {"0003_01_0005": 8, "0003_02_0001": 17}
    path.write_text("id,gt_label_1,gt_label_2\ntest0000.mp4,2,21\ntest0001.mp4,4,36\n")
    assert read_labels(path) == {"test0000": 21, "test0001": 36}
    path.write_text("label,video\n3,a\n")
    assert read_labels(path) == {"a": 3}
    head = "vid," + ",".join(f"action_pred_{n}" for n in range(1, 6)) + ",body_pred_1"
    path.write_text(f"{head}\ntest0000.mp4,21,22,23,1,2,2\n")
    assert read_answers(path) == {"test0000": (21, 22, 23, 1, 2)}
    assert read_labels(path) == {"test0000": 21}


def test_names_of_a_file_and_names_that_somebody_wrote(tmp_path):
    path = tmp_path / "label_name.txt"
    path.write_text("\n".join(f"{label}\t{name}" for label, name in enumerate(NAMES)))
    assert read_names(path) == NAMES
    assert [label_named(text) for text in ("Nodding.", " touching_nose ", "12", "52", "dancing", "")] == [
        9, 43, 12, None, None, None,
    ]  # fmt: skip
    path.write_text("0 a\n1 b\n")
    with pytest.raises(DataError, match=r"label_name.txt has 2 names; expected 52, from 0"):
        read_names(path)
    path.write_text("0 a\n0 b\n")
    with pytest.raises(DataError, match=r"label_name.txt:2 is '0 b.n'; expected a number once, and its name"):
        read_names(path)


def test_scores_are_those_that_are_counted_by_hand():
    key = {"a": 9, "b": 9, "c": 10, "d": 43, "e": 0, "f": 51}
    answers = {
        "a": (9, 1),
        "b": (10, 9),
        "c": (10,),
        "d": (41, 42, 40, 44, 43),
        "e": (20, 21, 22, 23, 24, 0),
        "x": (1,),
    }
    found = score(key, answers)
    assert (found.num, found.num_unanswered, found.num_unknown) == (6, 1, 1)
    assert found.action_top1 == pytest.approx(2 / 6), "a, c"
    assert found.action_top5 == pytest.approx(4 / 6), "b and d too; e's is the sixth guess"
    assert found.part_top1 == pytest.approx(4 / 6), "a, b, c, d"
    # Labels 9: 2 x 1 / (2 + 1); 10: 2 x 1 / (1 + 2); 43, 0, 51: none.
    assert found.action_macro_f1 == pytest.approx((2 / 3 + 2 / 3) / 5)
    # Head 2 x 3 / (3 + 3); head-hand 2 x 1 / (1 + 1); body, leg-hand: none.
    assert found.part_macro_f1 == pytest.approx(2 / 4)
    assert found.f1_mean == pytest.approx((2 / 4 + 4 / 6 + (4 / 3) / 5 + 2 / 6) / 4)
    assert found.parts == {
        "body": 0, "head": pytest.approx(2 / 3), "head-hand": 0, "leg-hand": 0,
    }  # fmt: skip
    whole = score(key, {video: (label,) for video, label in key.items()})
    assert (whole.action_top1, whole.part_top1, whole.f1_mean) == (1, 1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"has no labels; expected lines such as"),
        ("a.mp4 52\n", r"labels.txt:1 is .*; expected a video and labels from 0 to 51"),
        ("a.mp4 x\n", r"labels.txt:1 is"),
        ("a.mp4\n", r"labels.txt:1 is"),
        ("a 1\na.mp4 2\n", r"labels.txt:2: video a is there twice; keep one"),
        ("id,label\na\n", r"labels.txt:2 is 'a.n'"),
        ("id,label\n" + "a" * 200_000 + ",1\n", r"labels.txt:2 is .*200,00"),
    ],
)
def test_keys_of_another_form_are_refused_in_one_line(tmp_path, text, said):
    path = tmp_path / "labels.txt"
    path.write_text(text)
    with pytest.raises(DataError, match=said) as error:
        read_labels(path)
    assert "\n" not in str(error.value)


def test_what_is_no_file_of_text(tmp_path):
    with pytest.raises(DataError, match=r"no file .*none.txt of labels"):
        read_labels(tmp_path / "none.txt")
    with pytest.raises(DataError, match=r"is a folder; expected a file of answers"):
        read_answers(tmp_path)
    (tmp_path / "odd.txt").write_bytes(b"a.mp4 \xff\n")
    with pytest.raises(DataError, match=r"is not UTF-8 text \(byte 6\)"):
        read_labels(tmp_path / "odd.txt")
    with pytest.raises(DataError, match=r"the key has no video"):
        score({}, {})
