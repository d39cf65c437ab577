"""A real browser for the pages' tests: Chromium without a window, spoken to over its debugging pipe.

Commands and replies are JSON with a zero byte behind, on the file descriptors 3 and 4 (``--remote-debugging-pipe``).
"""

import base64
import contextlib
import functools
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_browser = pytest.mark.skipif(
    BROWSER is None,
    reason="no Chromium on the PATH (chromium, chromium-browser or google-chrome): the page is not opened in a browser",
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip
WAIT_S = 60
KEYS = {
    "Enter": 13,
    "Escape": 27,
    "ArrowUp": 38,
    "ArrowDown": 40,
    "ArrowRight": 39,
    "Tab": 9,
    "Home": 36,
    "End": 35,
    " ": 32,
}


class Tab:
    """One page, at a width; notes what it asks of any network and what goes wrong in it."""

    def __init__(self, read: int, write: int) -> None:
        self._read, self._write, self._rest, self._last, self._session = read, write, b"", 0, ""
        self.asked: list[str] = []
        self.wrong: list[str] = []
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self._call(f"{domain}.enable")

    def open(self, url: str, *, width: int = 1280, height: int = 900, scripts: bool = True) -> None:
        """Load a page and wait until it is there, unpacked; a telephone where it is narrow."""
        phone = width < 600
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self._call("Emulation.setScriptExecutionDisabled", value=not scripts)
        # By way of an empty page: an address that differs behind the # alone would load nothing.
        for one in ("about:blank", url):
            self._call("Page.navigate", url=one)
            empty = json.dumps(one == "about:blank")
            there = (
                f"document.readyState === 'complete' && (location.href === 'about:blank') === {empty}"
                " && !document.querySelector('[aria-busy=true]')"
            )
            end = time.monotonic() + WAIT_S
            while not self.ask(there):
                assert time.monotonic() < end, f"{one} does not load"
                time.sleep(0.02)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page."""
        found = self._call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The words of every element that is chosen."""
        return self.ask(f"[...document.querySelectorAll({json.dumps(selector)})].map((one) => one.innerText)")

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            told = {"key": key, "windowsVirtualKeyCode": KEYS.get(key, ord(key[0].upper()))}
            text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            self._call("Input.dispatchKeyEvent", type="keyDown", **told, **text)
            self._call("Input.dispatchKeyEvent", type="keyUp", **told)

    def choose(self, name: str, value: str) -> None:
        """Put a value into a field of the filters, as a reader would."""
        self.ask(
            f"(() => {{ const one = document.forms.filters.elements[{json.dumps(name)}];"
            f"if (one.type === 'checkbox') one.checked = {json.dumps(bool(value))};"
            f"else one.value = {json.dumps(value)};"
            "one.dispatchEvent(new Event('input', {bubbles: true})); })()"
        )
        time.sleep(0.3)  # the search waits until nobody types

    def shot(self, path: Path, *, whole: bool = False) -> Path:
        """A picture of what is seen, or of the whole page."""
        found = self._call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))
        return path

    def _call(self, method: str, **params: Any) -> dict[str, Any]:
        self._last += 1
        where = {"sessionId": self._session} if self._session else {}
        told = {"id": self._last, "method": method, "params": params, **where}
        os.write(self._write, json.dumps(told).encode() + b"\0")
        while True:
            found = self._next()
            if found.get("id") == self._last:
                assert "error" not in found, (method, found["error"])
                return found["result"]
            self._note(found)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            ready, _, _ = select.select([self._read], [], [], WAIT_S)
            assert ready, "the browser says nothing"
            self._rest += os.read(self._read, 1 << 20) or exec_gone()
        line, _, self._rest = self._rest.partition(b"\0")
        return json.loads(line)

    def _note(self, event: dict[str, Any]) -> None:
        method, params = event.get("method"), event.get("params", {})
        if method == "Network.requestWillBeSent" and not params["request"]["url"].startswith(("file:", "data:")):
            self.asked.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.wrong.append(str(params["exceptionDetails"].get("exception", params)))
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.wrong.append(params["entry"]["text"])
        elif method == "Page.javascriptDialogOpening":
            self.wrong.append(f"dialog {params['message']}")


def kept_by_browser(test: Callable[..., None]) -> Callable[..., None]:
    """A test of what a page keeps, run up to three times, each in a folder of its own below ``tmp_path``.

    The first browser on a busy machine may show a page an empty store, though what an earlier one kept is written; a
    page at fault fails three times.
    """

    @functools.wraps(test)
    def run(*, tmp_path: Path, **given: Any) -> None:
        for number in range(3):
            folder = tmp_path / str(number)
            folder.mkdir()
            with contextlib.suppress(AssertionError) if number < 2 else contextlib.nullcontext():
                return test(tmp_path=folder, **given)
        return None

    return run


def exec_gone() -> bytes:
    raise AssertionError("the browser has gone")


@contextlib.contextmanager
def browser(profile: Path) -> Iterator[Tab]:
    """A tab of a browser that ends with the block."""
    (ours_in, theirs_out), (theirs_in, ours_out) = os.pipe(), os.pipe()

    def joined() -> None:
        # By way of high numbers: a pipe may itself have got the number 3 or 4.
        first, second = os.dup(theirs_in), os.dup(theirs_out)
        os.dup2(first, 3)
        os.dup2(second, 4)

    command = [str(BROWSER), *FLAGS, "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank"]
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(
            command, stdout=nowhere, stderr=nowhere, pass_fds=(3, 4, theirs_in, theirs_out), preexec_fn=joined
        )
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Tab(ours_in, ours_out)
    finally:
        process.terminate()
        process.wait(30)
        os.close(ours_in)
        os.close(ours_out)
