"""Command line -> typed settings, or every mistake at once.

In: ``conf/`` and overrides. Out: one dataclass a script (``schema``) in which nothing is missing or misspelt, before
anything heavy is imported.

Read ``schema`` with ``model``, ``scenes``, ``teaching``, ``endpoint``, ``evaluating``, ``generating``, ``launching``,
``choices`` and ``values`` (every setting, with its documentation and what is wrong with it), ``compose`` (Hydra's
composing, then ``checks/``), ``register`` (what Hydra is told), ``places`` (which folder a run writes to), ``start`` (a
script from its command line to its recipe).
"""
