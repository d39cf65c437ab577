"""A sweep in Weights & Biases: a run for each of its jobs, one with its tables, and a report that shows both.

In: a sweep's files and its tables as printed. Out: runs below ``<sweep>/wandb``, offline unless the environment says
otherwise, and ``report/wandb_report.json``, the report as W&B's own API writes it.

Read ``logged`` (what is logged, as values), ``log`` (the runs), then ``spec`` (the report, built, kept and sent).
"""
