"""What a loading process does besides loading: nothing of what is asked of the run.

A terminal's Ctrl-C and a time limit reach every process of a group. The run answers them at the next step's edge, for
which it needs the batches that are still on their way.
"""

import signal

ASKED = ("SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2", "SIGHUP")
"""Signals that ask a run to end or to save."""


def leave_signals(number: int) -> None:
    """``worker_init_fn`` of a loader: a loading process ends when its parent does, or has no more to load."""
    for name in ASKED:
        if (asked := getattr(signal, name, None)) is not None:
            signal.signal(asked, signal.SIG_IGN)
