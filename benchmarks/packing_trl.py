"""TRL's SFTTrainer as an arm of ``packing.py``: its padded collator over rows of prompt and completion.

Rows of prompt and completion, for with conversations it trains on the questions too: with pictures it refuses
``assistant_only_loss`` and packing. Its loss takes logits at supervised positions alone, as ours does. What it is given
is as fast as it can be here: no checkpointing, float32, batches collated before the clock runs.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from numpy.typing import NDArray
from PIL import Image
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import CLIPImageProcessor, LlavaProcessor, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

from benchmarks.packing_arms import CLIP_MEAN, CLIP_STD, IMAGE_ID, LEAD, VOCAB, MadeUp, Size, picture, prefix_of, tiny
from benchmarks.packing_load import WHOLE, Load, Run
from llavapose.data.plan.lengths import Lengths

IMAGE = "<image>"


def trl_runner(size: Size, lengths: Lengths, samples: NDArray[np.int32]) -> tuple[Load, Run]:
    """A step's load, and its run: the samples in random order, eight padded rows a micro-step."""
    trainer = _trainer(size, lengths, samples)
    batches: list[dict[str, Any]] = list(trainer.get_train_dataloader())
    trainer.current_gradient_accumulation_steps = len(batches)
    num_targets = sum(int((batch["labels"] != -100).sum()) for batch in batches)
    widths = [batch["input_ids"].shape[1] for batch in batches]
    tokens = sum(batch["input_ids"].numel() for batch in batches)
    load = Load(
        tokens=tokens,
        padding=tokens - sum(int(batch["attention_mask"].sum()) for batch in batches),
        # Its rows are padded, and their mask is dense.
        pairs=sum(len(batch["input_ids"]) * width**2 for batch, width in zip(batches, widths, strict=True)),
        targets=num_targets,
        pictures=sum(len(batch["pixel_values"]) for batch in batches),
    )

    def run() -> dict[int, float]:
        weight = torch.tensor(num_targets)
        means = [trainer.training_step(trainer.model, dict(batch), weight) for batch in batches]
        trainer.model.zero_grad()
        return {WHOLE: float(sum(means)) * num_targets}

    return load, run


def _trainer(size: Size, lengths: Lengths, samples: NDArray[np.int32]) -> SFTTrainer:
    """A trainer over the samples of one step, in the usual settings but for what would slow it down here."""
    folder = Path(tempfile.mkdtemp(prefix="packing-trl-"))
    config = SFTConfig(
        output_dir=str(folder), per_device_train_batch_size=8, gradient_accumulation_steps=4, max_length=None,
        gradient_checkpointing=False, bf16=False, use_cpu=True, report_to="none", save_strategy="no", disable_tqdm=True,
        dataloader_num_workers=0, logging_strategy="no",
    )  # fmt: skip
    rows = Dataset.from_list([_row(size, lengths, int(index)) for index in samples])
    return SFTTrainer(model=tiny(size), args=config, train_dataset=rows, processing_class=_processor(size))


def _row(size: Size, lengths: Lengths, index: int) -> dict[str, Any]:
    """A sample in TRL's form: picture, prompt with question, answer."""
    branch = MadeUp(lengths)[index]
    asked = len(branch.ids) - branch.num_targets
    drawn = Image.fromarray(picture(int(lengths.image[index]), size))
    prompt = f"{_words(prefix_of(size)[:LEAD])} {IMAGE} {_words(branch.ids[:asked])} "
    return {"images": [drawn], "prompt": prompt, "completion": _words(branch.ids[asked:])}


def _word(number: int) -> str:
    # All are as long: an added token is also found inside a longer word.
    return f"w{number:03d}"


def _words(ids: Any) -> str:
    return " ".join(_word(number) for number in ids)


def _processor(size: Size) -> LlavaProcessor:
    """Reads the made-up words back as their ids, and pictures as our own arms do."""
    vocabulary = {_word(number): number for number in range(VOCAB) if number != IMAGE_ID} | {IMAGE: IMAGE_ID}
    words = Tokenizer(WordLevel(vocabulary, unk_token=_word(2)))
    words.pre_tokenizer = WhitespaceSplit()  # type: ignore[assignment]
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=words, pad_token=_word(0), eos_token=_word(3), additional_special_tokens=[IMAGE]
    )
    tokenizer.image_token = IMAGE  # type: ignore[attr-defined]
    images = CLIPImageProcessor(
        do_resize=False, do_center_crop=False, image_mean=CLIP_MEAN.tolist(), image_std=CLIP_STD.tolist()
    )
    return LlavaProcessor(
        images, tokenizer, patch_size=14, vision_feature_select_strategy="default", image_token=IMAGE,
        num_additional_image_tokens=1,
    )  # fmt: skip
