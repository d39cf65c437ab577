"""benchmarks/packing_frames.py: both arms have the same losses, and an arm that cheats does not pass."""

import numpy as np

from benchmarks import packing_frames
from benchmarks.packing_arms import SMALL, plan_of
from benchmarks.packing_frames import FRAMES, QUESTIONS, arms, lengths_of, prefix_tokens


def test_a_line_for_every_number_of_frames(monkeypatch, capsys):
    monkeypatch.setattr(packing_frames, "FRAMES", (1, 4))
    monkeypatch.setattr(packing_frames, "CLIPS", 20)
    assert packing_frames.main(["--small"]) == 0
    rows = [line.split("|")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("|")][2:]
    assert [int(row[0]) for row in rows] == [1, 4]
    for row in rows:
        assert float(row[6]) == QUESTIONS, "frames are read once for all samples of a clip"
    assert float(rows[0][5]) < float(rows[1][5])


def test_what_is_saved_is_what_counting_gives():
    """5 copies of the frames and 5 samples against one copy of them and 5 samples, without padding."""
    lengths = lengths_of(8, packing_frames.POOLED)
    prefix, samples = prefix_tokens(8, packing_frames.POOLED), float(lengths.num_tokens.mean())
    assert prefix == 35 + 8 * 152
    ours, copies = (
        packing_frames.load_of_frames(packing_frames.plan_epoch(lengths, arm.settings), lengths, arm, 8)
        for arm in arms()
    )
    told = (copies.tokens - copies.padding) / (ours.tokens - ours.padding)
    assert abs(told / (5 * (prefix + samples) / (prefix + 5 * samples)) - 1) < 1e-9
    assert copies.pictures == 5 * ours.pictures == 5 * 8 * 1000


def test_samples_are_the_same_whatever_the_frames():
    one, most = (lengths_of(frames, packing_frames.POOLED) for frames in (FRAMES[0], FRAMES[-1]))
    np.testing.assert_array_equal(one.num_tokens, most.num_tokens)
    assert (most.num_tokens + most.prefix).max() <= packing_frames.ROW_TOKENS
    assert (one.num_targets >= 1).all() and (one.num_targets <= one.num_tokens).all()


def test_an_arm_that_drops_a_sample_does_not_pass(monkeypatch, capsys):
    def dropping(lengths, arm, samples):
        return plan_of(lengths, arm, samples[:-1] if arm.name == "copies" else samples)

    monkeypatch.setattr(packing_frames, "plan_of", dropping)
    monkeypatch.setattr(packing_frames, "FRAMES", (1, 4))
    monkeypatch.setattr(packing_frames, "CLIPS", 20)
    assert packing_frames.main(["--small"]) == 2
    assert "copies: summed loss" in capsys.readouterr().out
    assert SMALL.image_tokens == 16
