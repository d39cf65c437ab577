"""How fast do help and mistakes answer? Wall and CPU seconds of whole processes: python benchmarks/startup.py"""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).parents[1]
RUNS = 5
COMMANDS = (
    ("train", "--help"),
    ("generate", "--help"),
    ("evaluate", "--help"),
    ("train", "optim.lrr=1"),
    ("train", "modle=tiny"),
    ("train", "model=tny"),
    ("train", "+typo=1"),
    ("train", "data.path=missing.jsonl data.images=missing"),
    ("evaluate", "checkpoint=missing/folder/hf arm=x"),
    ("generate", "scenes=coco2017"),
)


def main() -> None:
    print(f"| command | wall s (median of {RUNS}) | CPU s | lines |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for script, arguments in COMMANDS:
            words = [sys.executable, str(ROOT / f"{script}.py"), *arguments.split()]
            walls, cpus, lines = [], [], 0
            for _ in range(RUNS):
                start, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
                done = subprocess.run(words, cwd=folder, capture_output=True, text=True)
                after = resource.getrusage(resource.RUSAGE_CHILDREN)
                walls.append(time.monotonic() - start)
                cpus.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
                lines = len((done.stdout + done.stderr).splitlines())
            print(f"| `python {script}.py {arguments}` | {median(walls):.2f} | {median(cpus):.2f} | {lines} |")


if __name__ == "__main__":
    main()
