"""A tiny LLaVA with its processor, pictures and samples, made on the fly: no asset, no download."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from llavapose.records import Sample, Turn
from tests.drawn_by_hand import alone, facts, three  # noqa: F401 (fixtures)

if TYPE_CHECKING:
    from transformers import LlavaForConditionalGeneration, LlavaProcessor

IMAGE_SIZE = 42
PATCH_SIZE = 14
COLOURS = ("red", "green", "blue", "yellow")

# The whole suite runs offline, on CPUs, without a screen; installed commands are the virtual environment's.
os.environ |= {
    "HF_HUB_OFFLINE": "1",
    "WANDB_MODE": "offline",
    "MPLBACKEND": "Agg",
    "CUDA_VISIBLE_DEVICES": "",
    "TOKENIZERS_PARALLELISM": "false",
    "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]),
}

# A job that a shell starts in the background ignores Ctrl-C, and so would the tests of it.
if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _bars_as_they_were():
    """A run that a test starts in this process changes how every later bar is drawn."""
    from tqdm import tqdm

    names = ("display", "close", "clear", "moveto")
    before = {name: getattr(tqdm, name) for name in names}
    yield
    for name, method in before.items():
        setattr(tqdm, name, method)


@pytest.fixture
def plain_plots(monkeypatch):
    """Empty plots, for tests of other things that write pages: drawing them takes longer than all the rest of those."""
    from markupsafe import Markup

    from llavapose.report.plots import arms, drawing

    for room in (arms, drawing):
        monkeypatch.setattr(room, "svg", lambda figure: drawing.pyplot.close(figure) or Markup("<svg></svg>"))


def tiny_samples(num_pictures: int) -> tuple[Sample, ...]:
    """Four samples a picture, of every kind and of uneven length; the answers depend on the picture's colour."""
    found = []
    for number in range(num_pictures):
        colour = COLOURS[number % len(COLOURS)]
        texts = {
            "conv-0": (("What colour is it?", f"It is {colour}."),),
            "conv-1": (("Is it dark?", "No."), ("Are you sure?", f"Yes, for it is {colour}, as one sees at once.")),
            "detail-0": (("Describe the picture.", f"The picture is one plain field of {colour} from edge to edge."),),
            "complex-0": (("Why?", f"Because {colour} was chosen; the person on the left would have it so."),),
        }
        for name, pairs in texts.items():
            turns = [Turn(role=r, text=t) for pair in pairs for r, t in zip(("user", "assistant"), pair, strict=True)]
            kind = name.split("-")[0]
            found.append(Sample(id=f"{number}-{name}", images=(f"{number:03}.png",), kind=kind, turns=tuple(turns)))
    return tuple(found)


def write_pictures(folder: Path, num_pictures: int) -> Path:
    """One plain picture a number, wider than high."""
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    for number in range(num_pictures):
        Image.new("RGB", (48, 32), COLOURS[number % len(COLOURS)]).save(folder / f"{number:03}.png")
    return folder


def make_processor() -> LlavaProcessor:
    """A processor whose tokenizer was trained on the tiny samples."""
    from llavapose.base import tokenizer

    texts = [turn.text for sample in tiny_samples(4) for turn in sample.turns]
    trained = tokenizer.train_tokenizer(texts * 3, vocab_size=400)
    return tokenizer.make_processor(trained, image_size=IMAGE_SIZE, patch_size=PATCH_SIZE)


def make_llava(processor: LlavaProcessor, *, seed: int = 0, tied: bool = True) -> LlavaForConditionalGeneration:
    """A LLaVA of about 50,000 parameters, in float32."""
    import torch
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration

    torch.manual_seed(seed)
    tokenizer = processor.tokenizer
    size: dict[str, Any] = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    text = LlamaConfig(
        **size,
        vocab_size=len(tokenizer),
        max_position_embeddings=512,
        tie_word_embeddings=tied,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.2,
    )
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**size, image_size=IMAGE_SIZE, patch_size=PATCH_SIZE),
        text_config=text,
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(IMAGE_SIZE // PATCH_SIZE) ** 2,
        vision_feature_layer=-1,
        tie_word_embeddings=tied,
    )
    return LlavaForConditionalGeneration(config).eval()


@pytest.fixture(scope="session")
def processor() -> LlavaProcessor:
    return make_processor()


@pytest.fixture
def llava(processor: LlavaProcessor) -> LlavaForConditionalGeneration:
    """A fresh model, so that a test may change it."""
    return make_llava(processor)


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory: pytest.TempPathFactory, processor: LlavaProcessor) -> Path:
    """The tiny LLaVA as a Hugging Face folder."""
    import torch

    from llavapose.model.pretrained import write_checkpoint

    model = make_llava(processor)
    folder = tmp_path_factory.mktemp("base") / "hf"
    return write_checkpoint(
        folder, state=model.state_dict(), config=model.config, processor=processor, dtype=torch.float32
    )


@pytest.fixture(scope="session")
def tiny_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of ten pictures."""
    return write_pictures(tmp_path_factory.mktemp("pictures"), 10)


@pytest.fixture(scope="session")
def tiny_jsonl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty samples of the ten pictures, on disk."""
    from llavapose.samples import write_samples

    path = tmp_path_factory.mktemp("samples") / "samples.jsonl"
    write_samples(path, tiny_samples(10))
    return path


@pytest.fixture(scope="session")
def samples() -> tuple[Sample, ...]:
    return tiny_samples(10)


@pytest.fixture(scope="session")
def conf() -> Path:
    """The folder of configuration files."""
    return Path(__file__).parents[1] / "conf"
