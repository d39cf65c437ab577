"""The probe for others: one JSONL file with a hash, a data card, tasks for lmms-eval; and what that logs, read back.

Read ``letters`` (which letter a reply gives), ``rows`` (an item as two multiple-choice questions), ``lmms_utils`` (what
lmms-eval calls; copied into the task folder with ``letters``, so that neither imports anything of ours), ``tasks`` (its
YAML), ``card``, ``folder`` (all of it written), then ``logged`` (logged samples -> rows of our probe).
"""
