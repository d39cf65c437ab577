"""Result files -> tables: means with intervals, differences to the baseline, skills.

In: an evaluation's folder, read from its files alone. Out: ``ablation.csv`` and ``probe.csv``; how they look is the
report's affair.

Read ``ablation`` (ratings -> the table), then ``results`` (files -> ratings and choices -> CSV) and ``seeds`` (of how
many seeds a sweep's rows are the mean).
"""
