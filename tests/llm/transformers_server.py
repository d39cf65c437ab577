"""``transformers serve``: a real OpenAI-compatible server, offline on a CPU, for as long as a block lasts."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def served(model: Path, logs: Path) -> Iterator[str]:
    """The address of a server of this model; skips the test where the command is not installed.

    Args:
        model: a Hugging Face folder.
        logs: folder for what the server prints.
    """
    pytest.importorskip("fastapi", reason="transformers serve needs `pip install 'transformers[serving]'`")
    program = Path(sys.executable).with_name("transformers")
    if not program.exists():
        pytest.skip("no `transformers` command beside this Python")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    log = (logs / "serve.log").open("w")
    command = [str(program), "serve", str(model), "--device", "cpu", "--port", str(port)]
    server = subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        for _ in range(240):
            assert server.poll() is None, (logs / "serve.log").read_text()[-2000:]
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=1).close()
                break
            except OSError:
                time.sleep(0.5)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        server.terminate()
        server.wait(20)
        log.close()
