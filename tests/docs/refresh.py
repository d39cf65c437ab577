"""Writes the documents' tables anew from the files that they are of: ``python -m tests.docs.refresh``.

Each table under a comment ``<!-- from: FILE -->`` becomes FILE's table with the same title row, or, where that changed,
the one in the same place among those of FILE.
"""

import sys
from pathlib import Path

from tests.docs.pages import PAGES, ROOT, Part, parts, rows


def refreshed(page: str, root: Path = ROOT) -> str:
    """The page's text with its tables as the files have them.

    Raises:
        SystemExit: a table that its file no longer has.
    """
    lines = (root / page).read_text(encoding="utf-8").splitlines()
    told = [part for part in parts(page) if part.language == "table" and part.tag[0] == "from"]
    for part in reversed(told):  # from the end, so that the places before stay
        place = [one for one in told if one.tag == part.tag].index(part)
        lines[part.line - 1 : part.line - 1 + len(part.text.splitlines())] = _table_of(part, place, root)
    return "\n".join(lines) + "\n"


def _table_of(part: Part, place: int, root: Path) -> list[str]:
    found: list[list[str]] = [[]]
    for line in (root / part.tag[1]).read_text(encoding="utf-8").splitlines():
        if line.startswith("|"):
            found[-1].append(line)
        elif found[-1]:
            found.append([])
    tables = [table for table in found if table]
    header = rows(part.text)[0]
    same = [table for table in tables if rows("\n".join(table))[0] == header]
    if same:
        return same[0]
    if place < len(tables):
        return tables[place]
    raise SystemExit(f"{part.where}: {part.tag[1]} has no such table; write it by hand")


def main() -> None:
    for page in PAGES:
        text = refreshed(page)
        if text != (ROOT / page).read_text(encoding="utf-8"):
            (ROOT / page).write_text(text, encoding="utf-8")
            print(f"{page}: tables written anew")


if __name__ == "__main__":
    sys.exit(main())
