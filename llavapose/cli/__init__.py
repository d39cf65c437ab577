"""The recipes behind train.py, generate.py and evaluate.py: settings in, a run out.

Each imports what it needs where it needs it, so that ``--help`` and a typo answer at once; nothing imports them. As
modules of the package they run from any folder (``python -m llavapose train``, ``llavapose-train``), and a file called
evaluate.py shadows nobody's module of this name.

Read ``generate``, ``train`` with ``training`` (data and checkpoint, made where they are due), ``evaluate``,
``card`` (results into a checkpoint's card), and ``ending`` (what a run says at its end).
"""
