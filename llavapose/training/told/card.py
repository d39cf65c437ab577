"""The model card: an exported folder's ``README.md``, as the Hugging Face hub shows it.

Written from the folder's facts when training ends, and again when there are results.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from huggingface_hub import EvalResult, ModelCardData

from llavapose.config.choices import DRAWN
from llavapose.families.known import LLAVA, family_named
from llavapose.files import atomic_write, read_json
from llavapose.training.told.facts import Facts, is_hub_id, read_facts

CARD = "README.md"
_SAID_BY = {"conv": "questions", "detail": "descriptions", "complex": "reasoning"}


@dataclass(frozen=True, kw_only=True)
class Score:
    """One number for the hub's table of results; ``text`` is the number with its interval."""

    benchmark: str
    measure: str
    name: str
    value: float
    text: str


@dataclass(frozen=True, kw_only=True)
class Results:
    """What an evaluation found: its tables as Markdown, and the numbers among them that the hub lists."""

    tables: Sequence[str] = ()
    scores: Sequence[Score] = ()
    judges: Sequence[str] = ()
    of_world: bool = False


def write_card(folder: Path, results: Results | None) -> Path:
    """Write ``README.md`` from the folder's facts and what was found since; returns its path.

    Raises:
        DataError: the folder's facts are missing or not whole.
    """
    path = folder / CARD
    text = card_text(read_facts(folder), results, built=_built(folder))
    with atomic_write(path) as stream:
        stream.write(text)
    return path


@dataclass(frozen=True, kw_only=True)
class Built:
    """What a folder's ``config.json`` says of its model.

    Attributes:
        architecture: the class of transformers that loads it.
        model_type: of its configuration.
        connector: its type, where transformers does not have it.
        pool: patches along each side that are averaged to one token behind it.
    """

    architecture: str = "LlavaForConditionalGeneration"
    model_type: str = LLAVA.name
    connector: str | None = None
    pool: int = 1


def _built(folder: Path) -> Built:
    config = folder / "config.json"
    told = read_json(config, what="checkpoint") if config.is_file() else {}
    parts, names = told.get("connector"), told.get("architectures") or [Built.architecture]
    kind = str(told.get("model_type", Built.model_type))
    own = {"connector": str(parts["type"]), "pool": int(parts.get("pool", 1))} if parts else {}
    return Built(architecture=str(names[0]), model_type=kind, **own)


def card_text(facts: Facts, results: Results | None, *, built: Built = Built()) -> str:
    """The card as Markdown with the hub's header; ``built``: what the folder's model is."""
    pooled = f" with features averaged {built.pool} x {built.pool} behind it" if built.pool > 1 else ""
    use = _OWN_USE.format(connector=built.connector, pooled=pooled)
    if built.connector is None:
        family = family_named(built.model_type)
        kept = _OWN_PICTURES if family is not None and family.own_pictures else _BASE_S_PICTURES
        use = f"{_USE.format(architecture=built.architecture)}\n\n{kept}"
    parts = [
        f"---\n{_header(facts, results, built)}\n---",
        f"# llavapose, {facts.arm}\n\n{_summary(facts)}",
        f"## Use\n\n{use}",
        f"## Data\n\n{_data(facts)}",
        f"## Recipe\n\n{_recipe(facts)}",
        f"## Results\n\n{_results(results)}",
        "## What it does not show\n\n" + "\n".join(f"- {line}" for line in _limits(facts, results)),
    ]
    return "\n\n".join(parts) + "\n"


_USE = """```python
from transformers import AutoProcessor, {architecture}

model = {architecture}.from_pretrained(folder)
processor = AutoProcessor.from_pretrained(folder)
```"""
_OWN_PICTURES = "The chat template and the picture's padding to a square are part of the folder."
_BASE_S_PICTURES = "The base's own chat template and what it makes of pictures are part of the folder."


_OWN_USE = """This is not a LLaVA: its connector, `{connector}`{pooled}, is llavapose's own, and `model_type` is
`llavapose`. The classes of transformers refuse the folder. llavapose loads it:

```python
from llavapose.data.conversation import CHAT_TEMPLATE
from llavapose.model.pretrained import load_model, load_processor

model = load_model(folder)
processor = load_processor(folder, chat_template=CHAT_TEMPLATE)
```

`evaluate.py checkpoint=FOLDER`, `train.py model.base=FOLDER` and `python -m llavapose ask FOLDER` take it too."""


def _header(facts: Facts, results: Results | None, built: Built) -> str:
    own = built.connector is not None
    listed = [
        EvalResult(
            task_type="visual-question-answering",
            dataset_type="llavapose",
            dataset_name=score.benchmark,
            metric_type=score.measure,
            metric_name=f"{score.name}: {score.text}",
            metric_value=score.value,
        )
        for score in (results.scores if results else ())
    ]
    data = ModelCardData(
        language="en",
        library_name="llavapose" if own else "transformers",
        pipeline_tag="image-text-to-text",
        base_model=facts.base if is_hub_id(facts.base) else None,
        tags=["human-pose", "llavapose"] if own else [built.model_type, "human-pose", "llavapose"],
        model_name=f"llavapose-{facts.arm}",
        eval_results=listed or None,
    )
    # No license: it follows from the base's and the data's, which only whoever publishes can know.
    return data.to_yaml().strip()


def _summary(facts: Facts) -> str:
    base = f"[{facts.base}](https://huggingface.co/{facts.base})" if is_hub_id(facts.base) else f"`{facts.base}`"
    if facts.base == "tiny":
        base += ", the tiny LLaVA that ships with llavapose"
    kinds = ", ".join(f"{count:,} {_SAID_BY.get(kind, kind)} (`{kind}`)" for kind, count in _samples(facts).items())
    return (
        f"{base}, fine-tuned on instruction data about human poses: {kinds}. It carries the licence terms of its base "
        "and its data."
    )


def _samples(facts: Facts) -> Mapping[str, int]:
    return facts.data["samples"]


def _data(facts: Facts) -> str:
    data = facts.data
    lines = [
        f"- Teacher: {data['teacher']}",
        f"- Pictures: {data['scenes']}, {data['pictures']:,} of them trained on",
        *(f"- `{kind}`: {count:,} samples" for kind, count in _samples(facts).items()),
        f"- Held out for the validation loss: {data['held-out samples']:,} samples, by whole pictures",
        f"- Cut at the longest length: {data['cut at max_length']:,}",
        *(f"- `{name}`: sha256 `{digest}`" for name, digest in data["files"].items()),
    ]
    return "\n".join(lines)


def _recipe(facts: Facts) -> str:
    lines = [f"- {name}: {value:,}" if isinstance(value, int) else f"- {name}: {value}"
             for name, value in facts.training.items()]  # fmt: skip
    lines += [f"- {name} {number}" for name, number in facts.versions.items()]
    settings = yaml.safe_dump(dict(facts.settings), sort_keys=False, allow_unicode=True).strip()
    return "\n".join(lines) + f"\n\nSettings:\n\n```yaml\n{settings}\n```"


def _results(results: Results | None) -> str:
    if results is None or not results.tables:
        return "Not evaluated yet."
    return "\n".join(results.tables).strip()


def _limits(facts: Facts, results: Results | None) -> list[str]:
    found = []
    if results is None or not results.tables:
        found.append("Anything: it was not evaluated when this card was written.")
    else:
        found.append(
            f"Other trainings: this is one, with seed {facts.settings['seed']}. The intervals are over pictures, not "
            "over seeds."
        )
        found.append(
            "That a difference to the base comes from the picture, where it is marked †: what a model gains without "
            "looking is gained too. The row prior, shuffled pictures and no picture are the controls."
        )
        if results.of_world:
            found.append("Photographs: it was asked about pictures that a program draws, of drawn people.")
        if "pose" in results.judges:
            found.append(
                "Reasoning, style or usefulness: the pose judge compares claims about poses with keypoints and judges "
                "nothing else."
            )
        found.append("The papers' numbers: their pictures and questions are not published, nothing here compares.")
    if facts.data["scenes"] in DRAWN:
        found.append("Knowledge of the world: the people that it was trained on are drawn.")
    found.append("Safety, bias, other languages than English: not looked at.")
    return found
