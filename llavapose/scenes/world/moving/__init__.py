"""The built-in world in motion: clips in which its people move from pose to pose, with the truth behind them.

In: numbers of clips and frames, a size, a seed. Out: a folder of frames with tracked people in COCO's and in
PoseTrack18's form, captions, and ``truth_*.jsonl``, which only tests and scores read.

Read ``folder`` (clips on the disk, whole or not at all), ``timing`` (when things happen), ``catalogue`` (every motion),
``blend`` (limbs between two postures), ``actor`` (one person at any time), ``script`` (who does what when), ``film``
(painted), then ``annotations``, ``captions`` and ``truth`` (what is written down).
"""
