"""What a loading process does besides loading: nothing of what is asked of the run.

A terminal's Ctrl-C and a time limit reach every process of a group. The run answers them at the next step's edge, for
which it needs the batches that are still on their way. What the run itself tells its loaders, they do.
"""

import os
import signal
import threading

_LEFT = ("SIGINT", "SIGUSR1", "SIGUSR2", "SIGHUP")
"""Signals that ask a run to end or to save, besides SIGTERM."""


def leave_signals(number: int) -> None:
    """``worker_init_fn`` of a loader: it ends at its run's SIGTERM, and when its run is gone or has no more to load."""
    for name in _LEFT:
        if (asked := getattr(signal, name, None)) is not None:
            signal.signal(asked, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        # Blocked, so that it waits for the thread, which can see who sent it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_with_the_run, args=(os.getppid(),), daemon=True).start()


def _end_with_the_run(run: int) -> None:
    while signal.sigwaitinfo({signal.SIGTERM}).si_pid != run:
        pass
    os._exit(0)
