"""Command line -> typed settings, or every mistake at once.

In: ``conf/`` and overrides. Out: one dataclass a script (``schema``) in which nothing is missing or misspelt, before
anything heavy is imported.

Read ``schema`` with ``scenes``, ``teaching``, ``endpoint``, ``evaluating`` and ``choices`` (every setting, with its
documentation), ``compose`` (Hydra's composing, then the checks), ``check``, ``targets`` and ``inputs`` (the checks:
names and values, arguments of what is built, files), ``machine`` (what this machine cannot do), ``secrets`` (keys have
no place here), ``values`` (what is wrong with a value), ``register`` (what Hydra is told), ``experiments`` (which
recipe is for which script), ``places`` (which folder a run writes to), ``start`` (a script from its command line to its
recipe).
"""
