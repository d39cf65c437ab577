"""Builds a frozen benchmark: pictures by lot, questions by a teacher, each of them checked.

In: held-out scenes, a teacher's settings, a seed. Out: the file (``benchmarks/frozen``), and beside it
``replaced/NAME.jsonl``: every question that was refused with the reason, every picture that was given up.

Read ``candidates`` (a teacher's questions about a picture: from facts, or from an endpoint through the one door), then
``build`` (which are taken) and ``write`` (settings -> the file).
"""
