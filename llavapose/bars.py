"""Progress bars: on a screen as tqdm draws them; where stderr is kept in a file, a line a minute.

The one place for all of them: ours, Lightning's, and those that transformers and the hub's client draw while they load.
And for what a library says of itself while it is imported, which is no word to this command's user.
"""

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LINE_EVERY_S = 60.0
"""Seconds between two lines of a bar in a file: a night keeps a thousand lines, and a bar of less than this none."""

_ON_SCREEN_AFTER_S = "1"
"""A bar that ends within this is never drawn: it could not be read."""


def tame_bars() -> None:
    """Set up every bar of this process; to be called before anything that draws one is imported."""
    if sys.stderr.isatty():
        os.environ.setdefault("TQDM_DELAY", _ON_SCREEN_AFTER_S)  # tqdm reads it when it is imported
        if not os.get_terminal_size(sys.stderr.fileno()).columns:
            from tqdm import std

            screen: Any = std
            screen._screen_shape_wrapper = lambda: _usual_size
        return
    from tqdm import tqdm

    if getattr(tqdm.display, "__name__", "") != _line.__name__:
        bar: Any = tqdm
        close = bar.close

        def ended(self: Any) -> None:
            """The last state, where an earlier one was told; without a line break or return of its own behind it."""
            if not getattr(self, "disable", True):
                if getattr(self, "told_at", None) is not None and self.leave is not False:
                    self.fp.write(f"{self}\n")
                self.leave = False
            close(self)

        # tqdm draws over its own line with control characters; in a file they make one line of megabytes.
        bar.display, bar.close, bar.clear, bar.moveto = _line, ended, _nothing, _nothing


def _usual_size(stream: object) -> tuple[int, int]:
    """Columns and rows where a terminal knows none, as many that programs open: tqdm would draw nothing."""
    return 79, 23


def _line(self: Any, msg: str | None = None, pos: int | None = None) -> bool:
    """Tell the state in a line of its own if a minute has passed; whoever asks, and however often."""
    now = time.time()
    since = getattr(self, "told_at", None) or getattr(self, "start_t", now)  # asked for before it starts, too
    if msg is None and now - since >= LINE_EVERY_S:
        self.told_at = now
        self.fp.write(f"{self}\n")
        self.fp.flush()
    return False


def _nothing(self: Any, *args: object, **options: object) -> None:
    """There is nothing on the screen to wipe."""


@contextmanager
def quietly() -> Iterator[None]:
    """Without what libraries log, but for errors: DeepSpeed tells how it looks for compilers and devices."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
