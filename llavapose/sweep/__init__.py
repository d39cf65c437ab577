"""Many runs after each other: ``-m`` with several values.

In: overrides with lists of values. Out: a folder a run, and ``jobs.json``, which says how each ended::

    [{"arm": "full", "variant": "seed=0", "dir": "...", "results_dir": "...", "what": "new", "exit_code": 0, ...}]

Read ``jobs`` (which runs there are, and where they go; ``overrides`` writes their commands), ``identity`` (what decides
their results) and ``earlier`` (what of an earlier run can stay), then ``launch``: the whole sweep. ``processes`` runs
each as a process tree of its own, ended when this one is; ``guard`` sees to that even after ``kill -9``. ``slurm``
makes a job of Slurm's of each instead.
"""
