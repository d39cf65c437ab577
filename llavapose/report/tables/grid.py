"""A table ready to be shown, and its forms: console text, Markdown, LaTeX."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from io import StringIO
from typing import Any

HOLE_MARK = "—"
FAILED_MARK = "failed"
FLAT_MARK = "="
"""Behind an interval of no width."""
FLAT = (
    f"{FLAT_MARK}: no spread was seen, all pictures gave the same; that does not say that others would, and the "
    "interval is none."
)
OWN_BASE = "base: what was fine-tuned; baseline is it untouched, and every difference is to the own base's."
_BASE = re.compile(r" \(base=(?P<base>[^,()]+)(?:,(?P<rest>[^()]*))?\)")


@dataclass(frozen=True, kw_only=True)
class Grid:
    """A table ready to be shown: text cells, the first column names the row; ``note`` says how to read it."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    @property
    def told(self) -> str:
        """The note, and what an interval of no width means where one is there."""
        flat = any(f"] {FLAT_MARK}" in cell for row in self.rows for cell in row)
        return " ".join(filter(None, [self.note, *[FLAT] * flat]))

    @property
    def has_bases(self) -> bool:
        """Whether its rows are arms of several bases."""
        return any(_BASE.search(row[at]) for at in self._arms_at for row in self.rows)

    @property
    def shown(self) -> "Grid":
        """As it is shown: of arms of several bases the base in a column of its own, behind the arm."""
        if not self.has_bases:
            return self
        (at,) = self._arms_at

        def apart(row: tuple[str, ...]) -> tuple[str, ...]:
            found = _BASE.search(row[at])
            if found is None:
                return (*row[: at + 1], HOLE_MARK, *row[at + 1 :])
            rest = f" ({found['rest']})" if found["rest"] else ""
            arm = row[at][: found.start()] + rest + row[at][found.end() :]
            return (*row[:at], arm, found["base"], *row[at + 1 :])

        header = (*self.header[: at + 1], "base", *self.header[at + 1 :])
        note = " ".join(filter(None, [self.note, OWN_BASE]))
        return replace(self, header=header, rows=tuple(map(apart, self.rows)), note=note)

    @property
    def _arms_at(self) -> list[int]:
        return [at for at, name in enumerate(self.header) if name in ("arm", "model")][:1]


def number(value: float, digits: int, sign: bool = False) -> str:
    """A number, or the hole's mark."""
    if math.isnan(value):
        return HOLE_MARK
    value = round(value, digits) + 0.0  # no "-0.0"
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def interval(row: Mapping[str, Any], value: str, low: str, high: str, digits: int, sign: bool = False) -> str:
    """A value with its interval, such as 71.2 [64.0, 78.1], or the hole's mark; one of no width is marked."""
    if math.isnan(row[value]):
        return HOLE_MARK
    flat = f" {FLAT_MARK}" if row[low] == row[high] else ""
    told, first, last = (number(row[name], digits, sign) for name in (value, low, high))
    return f"{told} [{first}, {last}]{flat}"


def as_text(grid: Grid) -> str:
    """The table for a console: aligned columns, nothing but plain characters and the hole's mark."""
    grid = grid.shown
    lines = [grid.header, *grid.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(grid.header))]

    def line_of(cells: Sequence[str]) -> str:
        first, *rest = cells
        aligned = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        return "  ".join([first.ljust(widths[0]), *aligned]).rstrip()

    body = [line_of(grid.header), "  ".join("-" * width for width in widths), *map(line_of, grid.rows)]
    return "\n".join(filter(None, [grid.title, *body, grid.told])) + "\n"


def as_markdown(grid: Grid) -> str:
    """The table as GitHub's Markdown; what a name has of its own in markup or links is shown, not obeyed."""

    def line_of(cells: Sequence[str]) -> str:
        return "| " + " | ".join(_OBEYED.sub(r"\\\g<0>", cell) for cell in cells) + " |"

    grid = grid.shown
    rule = "|" + "|".join([" --- "] + [" ---: "] * (len(grid.header) - 1)) + "|"
    lines = [f"**{grid.title}**", "", line_of(grid.header), rule, *map(line_of, grid.rows), "", grid.told]
    return "\n".join(lines) + "\n"


def as_list(title: str, lines: Sequence[str]) -> str:
    """Lines word for word under a heading, as Markdown."""
    return "\n".join([f"**{title}**", "", *(f"- `{line.replace('`', chr(39))}`" for line in lines)]) + "\n"


def as_comment(title: str, lines: Sequence[str]) -> str:
    """The same as comments of LaTeX."""
    return "".join(f"% {line}\n" for line in (title, *lines))


_OBEYED = re.compile(r"\||<(?=[A-Za-z/!?])|\](?=\()")
"""What Markdown would take for a column's end, for the begin of an element or for a link."""

_LATEX = {"\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "_": r"\_", "#": r"\#", "$": r"\$", "—": "---",
          "‡": r"\ddag{}", "†": r"\dag{}", "§": r"\S{}", "{": r"\{", "}": r"\}", "^": r"\^{}", "~": r"\~{}",
          "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}  # fmt: skip


def as_latex(grid: Grid) -> str:
    r"""The table as a LaTeX ``table`` in the form of the package booktabs."""

    def line_of(cells: Sequence[str]) -> str:
        return " & ".join("".join(_LATEX.get(char, char) for char in cell) for cell in cells) + r" \\"

    grid, out = grid.shown, StringIO()
    columns = "l" + "r" * (len(grid.header) - 1)
    print(r"\begin{table}", r"\centering", rf"\begin{{tabular}}{{{columns}}}", r"\toprule", sep="\n", file=out)
    print(line_of(grid.header), r"\midrule", *map(line_of, grid.rows), sep="\n", file=out)
    print(r"\bottomrule", r"\end{tabular}", sep="\n", file=out)
    note = "".join(_LATEX.get(char, char) for char in grid.told)
    title = "".join(_LATEX.get(char, char) for char in grid.title)
    print(rf"\caption{{{title}. {note}}}", r"\end{table}", sep="\n", file=out)
    return out.getvalue()
