"""Many runs after each other: ``-m`` with several values.

In: overrides with lists of values. Out: a folder a run, and ``jobs.json``, which says how each ended::

    [{"arm": "full", "variant": "seed=0", "dir": "...", "results_dir": "...", "exit_code": 0}]

Read ``launch`` (which runs there are, and where they go), then ``processes`` (each a process tree of its own, ended
when this one is) and ``guard`` (even by ``kill -9``).
"""
