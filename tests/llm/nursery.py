"""A process that has everything imported and forks a child for each run that a test wants to kill.

Reads JSON lines: {"url", "ledger", "number", "config", "max_usd", "file_size"} starts a run of so many requests and
answers with its process id; {"wait": pid} answers with the run's wait status. A run leaves its tally, or its error,
in the file LEDGER.PID.json, and what it writes to stderr in LEDGER.PID.err.
"""

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import openai  # noqa: F401  so that the children start at once

from llavapose.errors import LlavaPoseError
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.live import workers
from tests.llm.asking import ask, config, requests

workers.BACKOFF_S = 0.05


class Told(Ledger):
    """A ledger that tells, in a file that outlives any kill, which replies it said were recorded."""

    def write(self, statements):
        statements = list(statements)
        super().write(statements)
        keys = [str(values[0]) for sql, values in statements if "INTO replies" in sql]
        os.write(self.told, "".join(f"{key}\n" for key in keys).encode())


def run(order: dict[str, Any]) -> dict[str, Any]:
    if order["file_size"]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["file_size"], resource.RLIM_INFINITY))
    limits = config(base_url=order["url"], **order["config"])
    with Told(Path(order["ledger"])) as ledger:
        ledger.told = os.open(f"{order['ledger']}.told", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        tally = ask(requests(order["number"]), ledger, limits, max_usd=order["max_usd"])
    return {
        "answered": tally.answered,
        "before": tally.answered_before,
        "left": tally.left,
        "stopped": tally.stopped,
        "asked": tally.asked,
    }


def child(order: dict[str, Any]) -> None:
    name = f"{order['ledger']}.{os.getpid()}"
    os.dup2(os.open(f"{name}.err", os.O_WRONLY | os.O_CREAT), 2)
    try:
        result = run(order)
    except LlavaPoseError as error:
        result = {"error": str(error)}
    Path(f"{name}.json").write_text(json.dumps(result))


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if "wait" in order:
            print(os.waitpid(order["wait"], 0)[1], flush=True)
            continue
        pid = os.fork()
        if pid == 0:
            try:
                child(order)
            finally:
                os._exit(0)
        print(pid, flush=True)


if __name__ == "__main__":
    main()
