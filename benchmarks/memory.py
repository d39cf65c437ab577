"""Does the plan of memory hold? Bytes of tiny random LLaVAs on this CPU, beside what `dry_run=true` foretells.

    python -m benchmarks.memory            # three sizes, every strategy that two processes can run; two minutes
    python -m benchmarks.memory --short    # the smallest size in one process

States are the tensors that model, gradients and optimizer hold around a step; activations are what autograd keeps
between forward and backward. Exits with 1 where a number is more than 5% off.
"""

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers import LlavaConfig, LlavaForConditionalGeneration

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.llavas import SIZES, Line, random_batch, rows_of, tiny_config
from llavapose.config.choices import AdapterType
from llavapose.config.schema import AdapterConfig
from llavapose.model.attention.mask import packed_mask
from llavapose.model.batch import Batch
from llavapose.model.losses import token_losses
from llavapose.model.parts import checkpoint_layers, freeze_vision
from llavapose.training.adapters import add_adapter
from llavapose.training.forecast.activations import layer_activations, logit_activations, outer_activations
from llavapose.training.forecast.setup import Engine, Setup
from llavapose.training.forecast.shapes import Shapes, scaled, shapes_of
from llavapose.training.forecast.states import cast_bytes, state_parts

TOLERANCE = 0.05


class Kept:
    """Bytes of the storages that autograd keeps, each once, but for those that are there anyway."""

    def __init__(self, known: Iterable[Tensor]) -> None:
        self.known = {tensor.untyped_storage().data_ptr() for tensor in known}
        self.sizes: dict[int, int] = {}
        self.held: list[Tensor] = []

    def pack(self, tensor: Tensor) -> Tensor:
        """Count a tensor that autograd keeps."""
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in self.known:
            self.sizes[storage.data_ptr()] = storage.nbytes()
            self.held.append(tensor)  # or its address might be given to another
        return tensor

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.sizes.values())


def kept_by_autograd(model: LlavaForConditionalGeneration, batch: Batch, *, autocast: bool) -> int:
    """Bytes that wait for the backward pass behind the loss of a batch."""
    mask = packed_mask(batch.segments)
    here = [*model.parameters(), *model.buffers(), batch.input_ids, batch.targets, batch.positions, mask]
    kept = Kept(here)
    with (
        torch.autograd.graph.saved_tensors_hooks(kept.pack, lambda tensor: tensor),
        torch.autocast("cpu", torch.bfloat16, enabled=autocast),
    ):
        loss = token_losses(model, batch, mask).sum()
    loss.backward()
    return kept.total


def activation_lines(config: LlavaConfig) -> Iterator[Line]:
    """Activations in every precision, kept and computed again, of the model itself and beside an adapter."""
    shapes = shapes_of(config.to_dict(), where="benchmark")
    batch = random_batch(shapes, rows=3, branches=[60, 25, 40], prefix=shapes.image_tokens + 9)
    rows = rows_of(batch)
    for setup, name in ways():
        model = built(config, setup)
        foretold = layer_activations(shapes, setup, rows) + outer_activations(shapes, setup, rows)
        autocast = setup.compute_bytes < setup.weight_bytes
        if autocast and setup.adapter is AdapterType.none:
            # What is computed again is cast again; the rest is kept as it was cast.
            layers = 0 if setup.checkpointing else shapes.text.layers
            foretold += cast_bytes(scaled(shapes, layers=layers), setup)
        foretold += logit_activations(shapes, rows)
        yield Line(what=name, foretold=foretold, measured=kept_by_autograd(model, batch, autocast=autocast))


def ways() -> Iterator[tuple[Setup, str]]:
    """The setups whose activations differ, and what they are called."""
    precisions = {"float32": (4, 4, 4), "bfloat16": (2, 2, 2), "autocast": (4, 4, 2)}
    for precision, (weight, frozen, compute) in precisions.items():
        setup = Setup(weight_bytes=weight, frozen_bytes=frozen, compute_bytes=compute)
        yield setup, f"activations, {precision}"
        yield replace(setup, eager=True), f"activations, {precision}, eager"
        yield replace(setup, checkpointing=True), f"inputs of layers, {precision}"
    beside = Setup(
        weight_bytes=4, frozen_bytes=2, compute_bytes=2, adapter=AdapterType.lora, adapter_rank=8, dropout_bytes=4
    )
    yield beside, "activations, beside an adapter"
    yield replace(beside, checkpointing=True), "inputs of layers, beside an adapter"


def built(config: LlavaConfig, setup: Setup) -> LlavaForConditionalGeneration:
    """A random model as a run would train it."""
    torch.manual_seed(0)
    attention = "eager" if setup.eager else "sdpa"
    model = LlavaForConditionalGeneration._from_config(config, attn_implementation=attention)
    model = model.to(torch.bfloat16 if setup.frozen_bytes == 2 else torch.float32).train()
    freeze_vision(model)
    if setup.adapter is AdapterType.lora:
        add_adapter(model, AdapterConfig(type=AdapterType.lora, r=setup.adapter_rank, alpha=16), seed=0)
    if setup.checkpointing:
        checkpoint_layers(model)
    return model


def bytes_of(tensors: Iterable[Any]) -> int:
    """Bytes of the tensors' storages, each once."""
    storages = {tensor.untyped_storage().data_ptr(): tensor.untyped_storage().nbytes() for tensor in tensors}
    return sum(storages.values())


def state_lines(name: str, shapes: Shapes, setup: Setup, held: dict[str, int]) -> list[Line]:
    """What is held beside what was foretold, part by part."""
    parts = {part.name: part.gpu + part.host for part in state_parts(shapes, setup)}
    return [Line(what=f"{part}, {name}", foretold=parts[part], measured=size) for part, size in held.items()]


def single_lines(config: LlavaConfig) -> list[Line]:
    """States of one process, float32."""
    shapes, setup = shapes_of(config.to_dict(), where="benchmark"), Setup()
    model = built(config, setup)
    trained = [parameter for parameter in model.parameters() if parameter.requires_grad]
    adam = torch.optim.AdamW(trained, lr=1e-3, weight_decay=0.0)
    batch = random_batch(shapes, rows=2, branches=[20], prefix=shapes.image_tokens + 9)
    token_losses(model, batch, packed_mask(batch.segments)).mean().backward()
    adam.step()
    held = {
        "parameters": bytes_of(model.parameters()),
        "gradients": bytes_of(p.grad for p in trained if p.grad is not None),
        "optimizer": bytes_of(v for state in adam.state.values() for v in state.values() if v.numel() > 1),
    }
    return state_lines("single", shapes, setup, held)


def lines_of_ranks(sizes: list[str]) -> dict[str, list[Line]]:
    """States of two processes under every strategy that cuts something up: size -> lines."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        shared = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        shared |= {"DS_ACCELERATOR": "cpu", "OMP_NUM_THREADS": "1"}
        words = [sys.executable, "-m", "benchmarks.memory_ranks", folder, *sizes]
        processes = [
            subprocess.Popen(words, env={**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)}, stdout=sys.stderr)
            for rank in range(2)
        ]
        codes = [process.wait(600) for process in processes]
        if any(codes):
            raise RuntimeError("a rank failed; its output says why")
        found = json.loads((Path(folder) / "held.json").read_text(encoding="utf-8"))
    lines: dict[str, list[Line]] = {}
    for size, engines in found.items():
        shapes = shapes_of(tiny_config(SIZES[size]).to_dict(), where="benchmark")
        for engine, held in engines.items():
            lines.setdefault(size, []).extend(state_lines(f"{engine} on 2", shapes, RANKS[engine], held))
    return lines


RANKS = {
    "ddp": Setup(ranks=2, ddp=True),
    "zero2": Setup(engine=Engine.zero2, ranks=2, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True),
    "zero3": Setup(engine=Engine.zero3, ranks=2, weight_bytes=2, frozen_bytes=2, compute_bytes=2, masters=True),
    # DeepSpeed copies its masters also where the weights are float32 themselves.
    "zero3 in float32": Setup(engine=Engine.zero3, ranks=2, masters=True),
    "fsdp2": Setup(engine=Engine.fsdp2, ranks=2),
}
"""What two processes are asked to hold."""


def main() -> None:
    """Measure, print, fail where the plan is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="the smallest size in one process")
    options = parser.parse_args()
    sizes = ["small"] if options.short else list(SIZES)
    of_ranks = {} if options.short else lines_of_ranks(sizes)
    print("| size | what | foretold, bytes | measured, bytes | error |\n|---|---|---|---|---|")
    wrong = 0
    for size in sizes:
        config = tiny_config(SIZES[size])
        for line in [*single_lines(config), *of_ranks.get(size, []), *activation_lines(config)]:
            wrong += abs(line.error) > TOLERANCE
            print(f"| {size} | {line.what} | {line.foretold:,.0f} | {line.measured:,.0f} | {line.error:+.2%} |")
    if wrong:
        sys.exit(f"error: {wrong} numbers are more than {TOLERANCE:.0%} off")


if __name__ == "__main__":
    main()
