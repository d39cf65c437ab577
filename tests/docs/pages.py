"""The project's Markdown, taken apart: fenced blocks with their tags, tables, links, inline code, headings."""

import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    *sorted(f"docs/{p.name}" for p in (ROOT / "docs").glob("*.md")),
)
TAG = re.compile(r"<!-- (test|from|numbers from|printed by): (.+?) -->")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A fenced block, a table or a paragraph.

    ``language`` is the block's, "table" or "text"; ``tag`` is what the comment above says, such as ("test", "run").
    """

    page: str
    section: str
    line: int
    language: str
    text: str
    tag: tuple[str, str] = ("", "")

    @property
    def where(self) -> str:
        return f"{self.page}:{self.line}"


@cache
def parts(page: str) -> tuple[Part, ...]:
    """Everything of a page but headings and comments, in order."""
    found: list[Part] = []
    section, tag = "", ("", "")
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    at = 0
    while at < len(lines):
        line, start = lines[at], at
        if comment := TAG.fullmatch(line):
            tag, at = (comment[1], comment[2]), at + 1
            continue
        assert not line.startswith("<!--"), f"{page}:{at + 1}: a comment that no test reads"
        if line.startswith("#") or not line.strip():
            section = line.lstrip("# ") if line.startswith(("# ", "## ")) else section
            at += 1
            continue
        if line.startswith("```"):
            at = next(n for n in range(at + 1, len(lines)) if lines[n].startswith("```")) + 1
            language, text = line[3:].strip(), "\n".join(lines[start + 1 : at - 1])
        else:
            language = "table" if line.startswith("|") else "text"
            while at < len(lines) and lines[at].strip() and not lines[at].startswith(("```", "#", "<!--")):
                if (language == "table") != lines[at].startswith("|"):
                    break
                at += 1
            text = "\n".join(lines[start:at])
        found.append(Part(page=page, section=section, line=start + 1, language=language, text=text, tag=tag))
        tag = ("", "")
    return tuple(found)


def all_parts(*languages: str) -> list[Part]:
    return [part for page in PAGES for part in parts(page) if part.language in languages]


def spans(part: Part) -> list[str]:
    """Inline code of a table or a paragraph."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", part.text)]


def links(part: Part) -> list[str]:
    return re.findall(r"\[[^\]]*\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", part.text))


@cache
def anchors(page: str) -> frozenset[str]:
    """As GitHub makes them of headings."""
    text = re.sub(r"^```.*?^```", "", (ROOT / page).read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads)


def commands(text: str) -> list[list[str]]:
    """The commands of a shell block as words, comments left out."""
    lines = text.replace("\\\n", " ").splitlines()
    words = [shlex.split(line, comments=True) for line in lines]
    return [found for found in words if found]


def rows(table: str) -> list[list[str]]:
    """A Markdown table's cells, without the rule under its head."""
    found = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table.splitlines()]
    return [cells for cells in found if not all(re.fullmatch(r":?-+:?", cell) for cell in cells)]
