"""Which requests really went out: a file beside the ledger, a mark a sending, for the run after one that was killed.

A ledger notes money before a request is sent, with full sync, and makes more requests ready than are under way. After a
kill it would take all of them for sent. A mark is one write without sync just before the request leaves: it outlives
the process, as a kill leaves what the system has been given. It may not outlive the machine; so the file begins with
the name of the boot, and after another boot every note counts.
"""

import os
from pathlib import Path

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_WIDTH = 8


class Marks:
    """The marks of one run; made when a ledger is opened.

    Args:
        ledger: the ledger's file.

    Attributes:
        before: tickets that the run before marked; None: nobody can tell, all may have been sent.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = ledger.with_name(f"{ledger.name}.sent")
        self._boot = _boot()
        self.before = _read(self._path, self._boot)
        self._file = -1

    def begin(self) -> None:
        """Start anew, once what the run before left is written down."""
        if self._boot is None:
            return
        try:
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o644)
            os.write(self._file, self._boot)
        except OSError:
            self._give_up()

    def mark(self, ticket: int) -> None:
        """This request goes out now."""
        if self._file < 0:
            return
        try:
            whole = os.write(self._file, ticket.to_bytes(_WIDTH)) == _WIDTH
        except OSError:
            whole = False
        if not whole:
            self._give_up()

    def close(self) -> None:
        """Nothing more will be marked."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _give_up(self) -> None:
        """Marks that are not all there say less than none: without the file every note counts."""
        self.close()
        self._path.unlink(missing_ok=True)


def _boot() -> bytes | None:
    try:
        return BOOT_ID.read_bytes().strip() + b"\n"
    except OSError:
        return None


def _read(path: Path, boot: bytes | None) -> set[int] | None:
    try:
        content = path.read_bytes()
    except OSError:
        return None
    if boot is None or not content.startswith(boot):
        return None
    marks = content[len(boot) :]
    return {int.from_bytes(marks[start : start + _WIDTH]) for start in range(0, len(marks), _WIDTH)}
