"""Python processes that begin with the libraries already loaded, for tests of what a command does, not of its start.

A fresh ``python train.py`` spends six CPU seconds on imports. ``run`` and ``Popen`` are those of ``subprocess``, except
that a command of this interpreter is forked off a *nursery*: a process that has imported torch, Lightning and
transformers and nothing of llavapose. The new process is a child of the test like any other: it can be waited for,
killed, and has the given folder, environment, files and process group. What cannot be made so is started afresh:
interpreter options, and variables that libraries read while they are imported. ``LLAVAPOSE_FRESH=1`` (``make
test-all``) starts all of them afresh.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

LIBRARIES = (
    "lightning",
    "hydra",
    "peft",
    "pycocotools.coco",
    "scipy.stats",
    "torch.distributed.checkpoint",
    "transformers.models.clip.image_processing_clip",
    "transformers.models.llava.modeling_llava",
    "transformers.models.llava.processing_llava",
)
READ_AT_IMPORT = ("CUDA", "HF_", "HOME", "LD_", "MKL", "MPL", "OMP", "PYTHON", "TMP", "TORCH", "TRANSFORMERS", "XDG_")
"""Beginnings of variables that decide how Python or a library loads."""
PR_SET_CHILD_SUBREAPER = 36
STANDARD = (0, 1, 2)
ENV = dict(os.environ)
"""What the nursery is started with; a test's own changes come later."""


class Popen(subprocess.Popen):
    """``subprocess.Popen`` for commands of this interpreter; see the module."""

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, close_fds: Any, *more: Any) -> None:
        pass_fds, cwd, env, _, _, shell, *pipes = more[:12]
        _, gid, gids, uid, umask, session, group = more[12:]
        words = [os.fspath(word) for word in args] if isinstance(args, (list, tuple)) else []
        env = dict(os.environ if env is None else env)
        odd = executable or preexec_fn or pass_fds or shell or (gid, gids, uid, umask, group) != (None,) * 3 + (-1, -1)
        if odd or not can_fork(words, env):
            super()._execute_child(args, executable, preexec_fn, close_fds, *more)  # pyright: ignore
            return
        given = (pipes[0], pipes[3], pipes[5])  # what the child reads and writes; -1: this process's own
        files = [theirs if theirs != -1 else mine for theirs, mine in zip(given, STANDARD, strict=True)]
        folder = os.path.abspath(cwd or os.getcwd())
        self.pid = _nursery().born({"words": words, "env": env, "cwd": folder, "session": bool(session)}, files)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # pyright: ignore


def run(command: Any, **options: Any) -> subprocess.CompletedProcess:
    """``subprocess.run`` of such a process."""
    before, subprocess.Popen = subprocess.Popen, Popen
    try:
        return subprocess.run(command, **options)
    finally:
        subprocess.Popen = before


def can_fork(words: list[str], env: Mapping[str, str]) -> bool:
    """Whether a command in an environment can be forked off the nursery."""
    if os.environ.get("LLAVAPOSE_FRESH") or not sys.platform.startswith("linux"):
        return False
    if len(words) < 2 or words[0] != sys.executable:
        return False
    if not ((words[1] in ("-m", "-c") and len(words) > 2) or words[1].endswith(".py")):
        return False
    return _at_import(env) == _at_import(ENV)


def _at_import(env: Mapping[str, str]) -> dict[str, str]:
    return {key: env[key] for key in env if key.startswith(READ_AT_IMPORT) and key != "PYTHONPATH"}


class Nursery:
    """A child of this process that has imported the libraries; it ends when this process does."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._lock = threading.Lock()

    def born(self, request: dict[str, Any], files: list[int]) -> int:
        """The id of a new process, a child of this one.

        Args:
            request: its words, environment, folder, and whether it is given a session of its own.
            files: descriptors that become its standard input, output and error.
        """
        text = json.dumps(request | {"parent": os.getpid()}).encode()
        with self._lock:
            _adopt(True)  # the new process's own parent ends at once, and it becomes ours
            try:
                socket.send_fds(self._link, [len(text).to_bytes(8, "big")], files)
                self._link.sendall(text)
                return int.from_bytes(_read(self._link, 8), "big")
            finally:
                _adopt(False)


_BORN_HERE: Nursery | None = None


def _nursery() -> Nursery:
    """This process's nursery, started at its first use; a process that was forked off one has one from its start."""
    global _BORN_HERE
    if _BORN_HERE is None:
        mine, theirs = socket.socketpair()
        words = [sys.executable, str(Path(__file__).resolve()), str(theirs.fileno())]
        process = subprocess.Popen(words, pass_fds=(theirs.fileno(),), env=ENV)
        theirs.close()
        atexit.register(process.wait)
        atexit.register(mine.close)  # the last is called first, and ends it
        _BORN_HERE = Nursery(mine)
    return _BORN_HERE


def _adopt(yes: bool) -> None:
    """Whether orphans below this process become its children."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, int(yes), 0, 0, 0)


def _read(link: socket.socket, count: int) -> bytes:
    """Exactly so many bytes."""
    found = b""
    while len(found) < count:
        piece = link.recv(count - len(found))
        if not piece:
            raise ConnectionError("the nursery is gone")
        found += piece
    return found


def _serve(link: socket.socket) -> dict[str, Any]:
    """Answer requests until their sender is gone; returns only in a new process, with its request."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        head, files, *_ = socket.recv_fds(link, 8, len(STANDARD))
        if not head:
            os._exit(0)
        request = json.loads(_read(link, int.from_bytes(head, "big")))
        told, tell = os.pipe()
        if not (between := os.fork()):
            if born := os.fork():
                os.write(tell, born.to_bytes(8, "big"))
                os._exit(0)
            for theirs, own in zip(files, STANDARD, strict=True):
                os.dup2(theirs, own)
            link.close()
            os.closerange(len(STANDARD), max(told, tell, *files) + 1)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            while os.getppid() != request["parent"]:
                time.sleep(0.001)
            return request
        os.waitpid(between, 0)
        link.sendall(os.read(told, 8))
        for one in (told, tell, *files):
            os.close(one)


def _settled(request: dict[str, Any]) -> dict[str, Any]:
    """Take the request's place: its session, folder and environment, and a nursery for its own children.

    Returns it; in a process that such a nursery has born in turn, that process's own.
    """
    global _BORN_HERE
    if request["session"]:
        os.setsid()
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    ENV.clear()
    ENV.update(request["env"])
    sys.stdout.reconfigure(line_buffering=sys.stdout.isatty())  # pyright: ignore
    mine, theirs = socket.socketpair()
    if os.fork():
        theirs.close()
        _BORN_HERE, subprocess.Popen = Nursery(mine), Popen
        return request
    mine.close()
    nothing = os.open(os.devnull, os.O_RDWR)
    for own in STANDARD:
        os.dup2(nothing, own)
    return _settled(_serve(theirs))


def _run(words: list[str], path: str, before: list[str]) -> None:
    """What the interpreter does with its words."""
    first, *rest = words
    home = "" if first == "-c" else os.getcwd() if first == "-m" else os.path.dirname(os.path.abspath(first))
    sys.path[:] = [home, *filter(None, path.split(os.pathsep)), *before]
    importlib.invalidate_caches()
    if first == "-c":
        sys.argv = ["-c", *rest[1:]]
        main = sys.modules["__main__"] = ModuleType("__main__")
        exec(compile(rest[0], "<string>", "exec"), main.__dict__)
    elif first == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = words
        runpy.run_path(first, run_name="__main__")


def _main() -> None:
    """The nursery: imports, then one process a request."""
    given = {os.path.abspath(path) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path}
    before = [path for path in sys.path[1:] if path not in given]
    sys.path[:] = before
    for name in LIBRARIES:
        importlib.import_module(name)
    assert not [name for name in sys.modules if name.partition(".")[0] == "llavapose"]
    assert threading.active_count() == 1  # what threads hold is lost in a fork
    gc.collect()
    gc.freeze()
    request = _settled(_serve(socket.socket(fileno=int(sys.argv[1]))))
    _run(request["words"][1:], os.environ.get("PYTHONPATH", ""), before)


if __name__ == "__main__":
    _main()
