"""Pose facts of people in photographs: read in many data sets' forms, shaken, drawn for marking, held against marks.

In: a file of annotated people and its pictures. Out: a page on which facts are marked by looking, tables of right and
wrong, and how many stated facts turn over where joints are off as annotators' are. Command: ``benchmarks/facts.py``.

Read ``readers`` (a file -> scenes and areas), ``jitter`` (joints moved at random), ``marks`` (what was seen), ``page``
and ``page.html`` (marking by keyboard), ``command`` (the options).
"""
