"""What the engine costs: speed beside a bare loop, memory over a long run, seconds to resume.

    python benchmarks/generation.py                    # all three, about five minutes on two free cores
    python benchmarks/generation.py --speed --rounds 5
    python benchmarks/generation.py --memory --resume --quick

speed: a local server, a process of its own, answers every request after 200 ms. Through the engine (ledger on disk,
budget, live line), by a bare loop over ``AsyncOpenAI`` at the same concurrency, and one at a time as the original
scripts ask; taken in turns, so that a busy machine hurts all alike. memory: the scripted model answers 1,000 to 100,000
requests; the resident memory at the end of each. resume: 200,000 answered requests, until the first new one is sent.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from llavapose.config.schema import EndpointConfig
from llavapose.llm.budget import Budget
from llavapose.llm.chat import ChatRequest, Completion, Message
from llavapose.llm.ledger.ledger import Ledger
from llavapose.llm.ledger.notes import note_reply
from llavapose.llm.live.ask import ask_all
from llavapose.llm.openai import open_endpoint
from llavapose.llm.scripted import Scripted

LATENCY_S = 0.2
CONCURRENCY = 64
PROMPT = "You are an AI visual assistant, and you are seeing a single image. " * 40
CONTEXT = "person: [0.419, 0.023, 0.842, 0.987], keypoints: [0.479, 0.391, 2, 0.483, 0.388, 2] " * 5
REPLY = "Question: What is the person doing? Answer: The person is leaning forward on skis. " * 12
PRICE_IN, PRICE_OUT = 2.5, 10.0

SERVER = f"""
import asyncio, json
text = {REPLY!r}
body = json.dumps({{"id": "c", "object": "chat.completion", "created": 1, "model": "served", "choices": [{{"index": 0,
    "finish_reason": "stop", "message": {{"role": "assistant", "content": text}}}}],
    "usage": {{"prompt_tokens": 900, "completion_tokens": 250, "total_tokens": 1150}}}}).encode()
answer = b"HTTP/1.1 200 OK\\r\\ncontent-type: application/json\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(body) + body
async def serve(reader, writer):
    try:
        while True:
            head = (await reader.readuntil(b"\\r\\n\\r\\n")).lower()
            await reader.readexactly(int(head.split(b"content-length:")[1].split(b"\\r\\n")[0]))
            await asyncio.sleep({LATENCY_S})
            writer.write(answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


def _outputs() -> Path:
    """On the disk that results lie on: a temporary folder may be memory, where syncing costs nothing."""
    folder = Path("outputs")
    folder.mkdir(exist_ok=True)
    return folder


def requests(number: int) -> Iterator[ChatRequest]:
    for index in range(number):
        messages = (Message(role="system", text=PROMPT), Message(role="user", text=f"Image {index}. {CONTEXT}"))
        yield ChatRequest(messages=messages, model="m", max_tokens=600, tag="conv")


def limits(url: str = "http://127.0.0.1:9/v1") -> EndpointConfig:
    return EndpointConfig(base_url=url, model="m", max_concurrency=CONCURRENCY, price_in=PRICE_IN, price_out=PRICE_OUT)


def through_the_engine(number: int, folder: Path, url: str | None) -> None:
    config = limits(url) if url else limits()
    with Ledger(folder / "ledger.sqlite") as ledger:
        tally = ask_all(
            requests(number),
            model=lambda: open_endpoint(config) if url else Scripted(lambda request: REPLY),
            ledger=ledger,
            budget=Budget(max_usd=1e6, price_in=PRICE_IN, price_out=PRICE_OUT, spent_usd=ledger.spent_usd()),
            limits=config,
            total=number,
        )
        assert tally.answered == number == ledger.num_replies(), tally.summary()


async def bare(number: int, url: str, concurrency: int) -> None:
    from openai import AsyncOpenAI

    source = requests(number)
    async with AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:

        async def worker() -> None:
            for request in source:
                messages = [{"role": message.role, "content": message.text} for message in request.messages]
                create = client.chat.completions.create
                reply = await create(model="m", max_tokens=600, messages=messages)  # type: ignore[arg-type]
                assert reply.choices[0].message.content == REPLY

        await asyncio.gather(*(worker() for _ in range(concurrency)))


def timed(action, *arguments) -> tuple[float, float]:
    """Wall and CPU seconds."""
    start, cpu = time.perf_counter(), time.process_time()
    action(*arguments)
    return time.perf_counter() - start, time.process_time() - cpu


def speed(number: int, rounds: int) -> None:
    server = subprocess.Popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        url = f"http://127.0.0.1:{server.stdout.readline().strip()}/v1"
        asyncio.run(bare(20, url, 20))  # imports
        taken: dict[str, list[tuple[float, float]]] = {"engine": [], "bare loop": [], "one at a time": []}
        for _ in range(rounds):
            with tempfile.TemporaryDirectory(dir=_outputs()) as folder:
                taken["engine"].append(timed(through_the_engine, number, Path(folder), url))
            taken["bare loop"].append(timed(lambda: asyncio.run(bare(number, url, CONCURRENCY))))
            taken["one at a time"].append(timed(lambda: asyncio.run(bare(max(number // 64, 10), url, 1))))
    finally:
        server.terminate()
        server.wait()
    counts = {"engine": number, "bare loop": number, "one at a time": max(number // 64, 10)}
    rate = {name: median(counts[name] / wall for wall, _ in rows) for name, rows in taken.items()}
    print(f"\n| {number:,} requests, {LATENCY_S * 1e3:.0f} ms each, {CONCURRENCY} at once | requests/s "
          f"(median of {rounds}) | CPU ms a request | engine is |\n|---|---|---|---|")  # fmt: skip
    for name, rows in taken.items():
        cpu_ms = median(cpu for _, cpu in rows) / counts[name] * 1e3
        print(f"| {name} | {rate[name]:.1f} | {cpu_ms:.2f} | {rate['engine'] / rate[name]:.2f} x |")


def memory(numbers: list[int]) -> None:
    print("\n| requests, scripted model | MB at the end | most MB | s | CPU ms a request |\n|---|---|---|---|---|")
    for number in numbers:
        command = [sys.executable, __file__, "--one-memory-run", str(number)]
        print(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip(), flush=True)


def one_memory_run(number: int) -> None:
    with tempfile.TemporaryDirectory(dir=_outputs()) as folder:
        wall, cpu = timed(through_the_engine, number, Path(folder), None)
    now = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6
    # Not getrusage: what it calls the most counts from before this program was loaded.
    most = int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) / 1e3
    print(f"| {number:,} | {now:.0f} | {most:.0f} | {wall:.0f} | {cpu / number * 1e3:.2f} |")


def resume(number: int) -> None:
    reply = Completion(text=REPLY, model="served", num_prompt_tokens=900, num_completion_tokens=250)
    with tempfile.TemporaryDirectory(dir=_outputs()) as folder:
        path = Path(folder) / "ledger.sqlite"
        with Ledger(path) as ledger:
            ledger.write(s for one in requests(number) for s in note_reply(one.key, reply, usd=0.005))
        size_mb = path.stat().st_size / 1e6
        building = timed(lambda: [one.key for one in requests(number)])
        start, cpu = time.perf_counter(), time.process_time()
        with Ledger(path) as ledger:
            spent_usd = ledger.spent_usd()
            opened = time.perf_counter() - start, time.process_time() - cpu
            sent: list[tuple[float, float]] = []

            def first(request: ChatRequest) -> str:
                sent.append((time.perf_counter() - start, time.process_time() - cpu))
                return REPLY

            budget = Budget(max_usd=None, price_in=PRICE_IN, price_out=PRICE_OUT, spent_usd=spent_usd)
            tally = ask_all(
                requests(number + 1),
                model=lambda: Scripted(first),
                ledger=ledger,
                budget=budget,
                limits=limits(),
                progress=False,
            )
            read = timed(lambda: sum(1 for _ in ledger.replies(one.key for one in requests(number))))
    assert (tally.answered_before, tally.answered) == (number, 1)
    print(f"\n| resume over {number:,} answered requests ({size_mb:.0f} MB) | s | CPU s |\n|---|---|---|")
    print(f"| ledger open, money summed | {opened[0]:.2f} | {opened[1]:.2f} |")
    print(f"| first new request sent | {sent[0][0]:.1f} | {sent[0][1]:.1f} |")
    print(f"| of that, building the requests and their keys | {building[0]:.1f} | {building[1]:.1f} |")
    print(f"| reading all replies back | {read[0]:.1f} | {read[1]:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for part in ("speed", "memory", "resume"):
        parser.add_argument(f"--{part}", action="store_true", help="only this part (and others named)")
    parser.add_argument("--quick", action="store_true", help="a tenth of the requests")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the speed part")
    parser.add_argument("--one-memory-run", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.one_memory_run:
        one_memory_run(chosen.one_memory_run)
        return
    every = not (chosen.speed or chosen.memory or chosen.resume)
    share = 10 if chosen.quick else 1
    if chosen.speed or every:
        speed(6400 // share, chosen.rounds)
    if chosen.memory or every:
        memory([number // share for number in (1_000, 10_000, 100_000)])
    if chosen.resume or every:
        resume(200_000 // share)


if __name__ == "__main__":
    main()
