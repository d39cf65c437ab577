"""Benchmarks with an answer key of their own: right or wrong needs no judge.

Read ``scores`` (a key, what a reply comes to, accuracy by arm and type), then ``handvqa`` (the rows of one such set),
and ``clips`` (multiple choice about frames of videos) with ``clip_rows`` (the rows of four such sets).
"""
