"""The dataset card: ``README.md`` as the Hugging Face hub shows it, and the same numbers as ``card.json``."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from llavapose.files import atomic_write, write_json
from llavapose.teacher.checks.duplicates import HOW, Duplicates, Overlap
from llavapose.teacher.checks.findings import Finding
from llavapose.teacher.dataset.measures import HOW_COUNTED, Measures

MOST_WORDS = 25
"""Verbs and body parts that the README lists; ``card.json`` holds all."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found in a number of conversations.

    Attributes:
        conversations: how many were looked through.
        with_leak: those with a leak.
        with_contradiction: those with a contradicted claim.
        supported, contradicted, unverifiable: claims.
    """

    conversations: int = 0
    with_leak: int = 0
    with_contradiction: int = 0
    supported: int = 0
    contradicted: int = 0
    unverifiable: int = 0


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What the replies cost: ``usd`` in all; 0 requests where the teacher is no endpoint."""

    requests: int = 0
    usd: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, kw_only=True)
class Card:
    """All that a dataset card says.

    Attributes:
        name: of the data set.
        measures: of its samples.
        teacher: who wrote it, as configured.
        models: the served models' own names -> replies.
        prompts: prompt -> SHA-256 of its text.
        settings: what was set (scenes, context, seed, quality ...), as plain values.
        before: of the first replies; None where nothing was asked.
        after: of the samples.
        duplicates, overlap: of the samples; None where not looked for.
        cost: of all replies, those not used included.
        notes: what was left out or fell short, one line each.
        files: data files beside the card, the first is the hub's default.
    """

    name: str
    measures: Measures
    teacher: str
    models: Mapping[str, int] = field(default_factory=dict)
    prompts: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)
    before: Checked | None = None
    after: Checked | None = None
    duplicates: Duplicates | None = None
    overlap: Overlap | None = None
    cost: Cost = field(default_factory=Cost)
    notes: Sequence[str] = ()
    files: Sequence[str] = ("samples.jsonl",)


def checked_of(findings: Iterable[Finding]) -> Checked:
    """The findings of conversations, counted."""
    counts: Counter[str] = Counter()
    for finding in findings:
        counts["conversations"] += 1
        counts["with_leak"] += bool(finding.leaks)
        counts["with_contradiction"] += bool(finding.num_contradicted)
        counts["supported"] += finding.num_supported
        counts["contradicted"] += finding.num_contradicted
        counts["unverifiable"] += finding.num_unverifiable
    return Checked(**counts)


def write_card(folder: Path, card: Card) -> Path:
    """Write ``README.md`` and ``card.json`` into the folder; returns the former's path."""
    write_json(folder / "card.json", asdict(card))
    path = folder / "README.md"
    with atomic_write(path) as stream:
        stream.write(readme(card))
    return path


def readme(card: Card) -> str:
    """The card as Markdown with the hub's header."""
    parts = [
        _header(card),
        f"# {_text(card.name)}\n\n{_summary(card)}",
        _table(
            "Samples", ("kind", "samples", "answers", "words: mean", "5%", "median", "95%", "longest"), _kinds(card)
        ),
        _section("Vocabulary", _vocabulary(card.measures)),
    ]
    if card.before or card.after:
        head = ("", "conversations", "with a leak", "with a contradiction", "claims", "supported", "contradicted",
                "unverifiable")  # fmt: skip
        named = (("first replies", card.before), ("samples", card.after))
        rows = [_checked_row(name, checked) for name, checked in named if checked]
        parts.append(_table("Checked against the keypoints", head, rows))
    if card.duplicates:
        parts.append(_table("Answers that come again", ("kind", "answers", *HOW), _duplicate_rows(card.duplicates)))
    if card.overlap:
        parts.append(_section("Overlap with the benchmarks", _overlap(card.overlap)))
    parts.append(_section("How it was made", _making(card)))
    if card.notes:
        parts.append(_section("Notes", "\n".join(f"- {_text(note)}" for note in card.notes)))
    return "\n\n".join(parts) + "\n"


def _header(card: Card) -> str:
    number = sum(card.measures.samples.values())
    sizes = ((1_000, "n<1K"), (10_000, "1K<n<10K"), (100_000, "10K<n<100K"), (1_000_000, "100K<n<1M"))
    size = next((name for limit, name in sizes if number < limit), "1M<n<10M")
    lines = [
        "---",
        "language: [en]",
        "task_categories: [image-text-to-text, visual-question-answering]",
        "tags: [llava, instruction-tuning, human-pose]",
        f"size_categories: [{size}]",
    ]
    if card.files:
        lines += ["configs:", "  - config_name: default", f"    data_files: {card.files[0]}"]
    return "\n".join([*lines, "---"])


def _summary(card: Card) -> str:
    measures = card.measures
    kinds = ", ".join(f"{number:,} {kind}" for kind, number in measures.samples.items())
    return (
        f"{sum(measures.samples.values()):,} instruction-following samples about {measures.pictures:,} pictures of "
        f"people ({kinds or 'none'}), written by the teacher {_text(card.teacher)}."
    )


def _kinds(card: Card) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for kind, number in card.measures.samples.items():
        told = card.measures.lengths.get(kind)
        if told is not None:
            rows.append((kind, number, told.answers, told.mean, told.p5, told.median, told.p95, told.longest))
    return rows


def _vocabulary(measures: Measures) -> str:
    def listed(found: Sequence[tuple[str, int]]) -> str:
        return ", ".join(f"{word} {times:,}" for word, times in found[:MOST_WORDS]) or "none"

    return "\n".join(
        [
            f"- {measures.words:,} words, {measures.different_words:,} different.",
            f"- {len(measures.verbs):,} verbs: {listed(measures.verbs)}.",
            f"- {len(measures.body_parts):,} body parts: {listed(measures.body_parts)}.",
            "",
            HOW_COUNTED,
        ]
    )


def _checked_row(name: str, checked: Checked) -> tuple[object, ...]:
    claims = checked.supported + checked.contradicted + checked.unverifiable
    return (
        name,
        checked.conversations,
        _of(checked.with_leak, checked.conversations),
        _of(checked.with_contradiction, checked.conversations),
        claims,
        *(_of(number, claims) for number in (checked.supported, checked.contradicted, checked.unverifiable)),
    )


def _duplicate_rows(found: Duplicates) -> list[tuple[object, ...]]:
    return [
        (kind, number, *(_of(found.found[kind][how], number) for how in HOW)) for kind, number in found.answers.items()
    ]


def _overlap(found: Overlap) -> str:
    return (
        f"Of {found.questions:,} questions {found.same['user']:,} are a question or answer of a benchmark and "
        f"{found.near['user']:,} nearly; of {found.answers:,} answers {found.same['assistant']:,} and "
        f"{found.near['assistant']:,}."
    )


def _making(card: Card) -> str:
    cost = card.cost
    lines = [f"- Teacher: {_text(card.teacher)}"]
    if card.models:
        served = ", ".join(f"{_text(name)} ({number:,} replies)" for name, number in card.models.items())
        lines.append(f"- Served models: {served}")
    if cost.requests:
        lines.append(
            f"- Cost: {cost.requests:,} requests, {cost.prompt_tokens:,} tokens in, {cost.completion_tokens:,} out, "
            f"{cost.usd:,.2f} US dollars"
        )
    lines += [f"- {_text(str(key))}: {_text(str(value))}" for key, value in card.settings.items()]
    lines += [f"- Prompt {_text(name)}: sha256 `{digest}`" for name, digest in card.prompts.items()]
    return "\n".join(lines)


def _of(number: int, whole: int) -> str:
    return f"{number:,} ({number / whole:.1%})" if whole else f"{number:,}"


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    def line(cells: Sequence[object]) -> str:
        return f"| {' | '.join(f'{cell:,}' if isinstance(cell, int) else _text(str(cell)) for cell in cells)} |"

    ruler = f"| {' | '.join(['---', *['---:'] * (len(head) - 1)])} |"
    return _section(title, "\n".join([line(head), ruler, *(line(row) for row in rows)]))


def _text(value: str) -> str:
    """A value in one line that Markdown takes as it is."""
    line = " ".join(value.split())
    for sign in "\\`*_<>|[]":
        line = line.replace(sign, f"\\{sign}")
    return line
