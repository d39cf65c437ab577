"""Runs one command and ends its whole process group when the process that asked for it is gone, however it ended.

Started as a file with a pipe's number and the command: ``python guard.py 7 python train.py ...``. The sweep holds the
pipe's other end: even after ``kill -9``, which leaves nobody to clean up, the system closes it, and the guard, which
waits there, reads its end. It is the group's leader, so that a job's ranks end with it. Standard library only: it is
there within milliseconds.
"""

import os
import resource
import signal
import subprocess
import sys
import threading
import time

# As long as a sweep that is ended in good order gives its jobs.
GRACE_S = 10.0


def main() -> None:
    """The command line."""
    pipe, words = int(sys.argv[1]), sys.argv[2:]
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)  # the command's affair; "ignored" would be inherited by it
    process = subprocess.Popen(words)
    threading.Thread(target=_end_with_the_sweep, args=(pipe,), daemon=True).start()
    exit_code = process.wait()
    if exit_code < 0:
        # Ended as the command did, so that the sweep sees the signal; the command has left its own core file.
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if -exit_code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-exit_code, signal.SIG_DFL)
        os.kill(os.getpid(), -exit_code)
    sys.exit(exit_code)


def _end_with_the_sweep(pipe: int) -> None:
    while os.read(pipe, 1):
        pass
    os.killpg(0, signal.SIGTERM)
    time.sleep(GRACE_S)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
