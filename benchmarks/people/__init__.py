"""Pose facts of people in photographs: read in many data sets' forms, shaken, drawn for marking, held against marks;
and what becomes of motion facts when frames are changed, and how many are true.

In: a file of annotated people and its pictures; or scenes over time. Out: a page on which facts are marked by looking,
tables of right and wrong, and how many stated facts turn over where joints are off as annotators' are. Commands:
``benchmarks/facts.py``, ``benchmarks/motion_facts.py``.

Read ``readers`` (a file -> scenes and areas), ``jitter`` (joints moved at random), ``marks`` (what was seen), ``page``
and ``page.html`` (marking by keyboard), ``command`` (the options); ``moving`` (scenes over time, changed and shaken)
and ``motion_truth`` (motion facts against the moving world).
"""
