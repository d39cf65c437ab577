"""What is wrong with a run's settings, told before anything heavy is imported: all of it at once, each with its fix.

In: the composed configuration, or the script's dataclass. Out: lines.

Read ``check`` (names and values; ``numbers``, what trainer and callbacks take), ``targets`` (arguments of what is
built, read from its source), ``inputs`` (files, keys and caps that are not there), ``secrets`` (keys have no place
in settings), ``experiments`` (which recipe is for which script), and ``machine/`` (what this machine cannot do).
"""
