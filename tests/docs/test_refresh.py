"""The documents' tables are written from their files by one command."""

from tests.docs.pages import PAGES, ROOT, parts
from tests.docs.refresh import refreshed


def test_the_documents_are_fresh():
    for page in PAGES:
        assert refreshed(page) == (ROOT / page).read_text(encoding="utf-8"), page


def test_a_changed_file_changes_its_tables_alone(tmp_path):
    page = "docs/results.md"
    told = [part for part in parts(page) if part.language == "table" and part.tag[0] == "from"]
    for name in {part.tag[1] for part in told}:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text(encoding="utf-8")
        (tmp_path / name).write_text(text.replace("| full |", "| whole | x |").replace("| arm |", "| row |"))
    (tmp_path / "docs").mkdir()
    before = (ROOT / page).read_text(encoding="utf-8")
    (tmp_path / page).write_text(before)
    after = refreshed(page, tmp_path)
    assert after.count("| whole | x |") == before.count("| full |") > 5
    assert [line for line in after.splitlines() if not line.startswith("|")] == [
        line for line in before.splitlines() if not line.startswith("|")
    ]
