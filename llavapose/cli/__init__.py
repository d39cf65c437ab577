"""The recipes behind train.py, generate.py and evaluate.py: settings in, a run out.

Each imports what it needs where it needs it, so that ``--help`` and a typo answer at once; nothing imports them. As
modules of the package they run from any folder (``python -m llavapose train``, ``llavapose-train``), and a file called
evaluate.py shadows nobody's module of this name.

Read ``generate`` with ``audit``, ``train`` with ``training`` (data and checkpoint, made where they are due) and
``plan`` (what a run would need),
``evaluate`` with ``evaluations`` (several by one command), ``rate`` (people rate answers) and ``exporting`` (the probe
for other harnesses), ``card`` (results into a checkpoint's card), and ``ending`` (what a run says at its end).
``export`` writes a checkpoint of a run under way as a folder that transformers loads; ``locate`` asks one where joints
are.
"""

import sys

TYPE_CHECKING = False  # as type checkers know it; the module that defines it takes its time
if TYPE_CHECKING:
    from types import TracebackType


def _said_in_one_line(kind: type[BaseException], error: BaseException, trace: "TracebackType | None") -> None:
    """Ctrl-C while a script still imports what it needs ends it as it does later: with a word, not with a traceback."""
    reason: BaseException | None = error
    while reason is not None and not isinstance(reason, KeyboardInterrupt):
        reason = reason.__cause__ or reason.__context__  # a library that was interrupted may tell it as its own failure
    if reason is not None:
        import signal  # not above: what is imported before the hook stands can itself be interrupted

        print("interrupted", file=sys.stderr)
        # Python ends by the signal itself behind this, which a shell's loop understands; the trace would come again.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if not issubclass(kind, KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    else:
        sys.__excepthook__(kind, error, trace)


if sys.excepthook is sys.__excepthook__:  # a debugger's own is left alone
    sys.excepthook = _said_in_one_line
