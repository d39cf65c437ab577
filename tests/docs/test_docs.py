"""README, CONTRIBUTING, CHANGELOG and docs/: commands compose, files and links are there, nothing is passed over."""

import ast
import importlib
import json
import re

import pytest
import yaml

from llavapose.errors import ConfigError
from tests.docs.checked import OTHERS, check, is_setting
from tests.docs.pages import PAGES, ROOT, Part, all_parts, anchors, commands, links, spans

LANGUAGES = {"sh", "python", "yaml", "json", "text", "bibtex", "table"}
TESTS = {"run", "fails", "file", "append", "leaves"}
TOP = {path.name for path in ROOT.iterdir() if path.is_dir()} - {"outputs"}
SHELL = [part for part in all_parts("sh") if part.tag[1] != "run"]
INLINE = [
    (part, span)
    for part in all_parts("text", "table")
    for span in spans(part)
    if part.page != "CHANGELOG.md" and re.match(r"(python|make|llavapose-\w+) ", span)
]


@pytest.mark.parametrize("part", SHELL, ids=lambda part: part.where)
def test_every_command_composes(part: Part, monkeypatch):
    assert part.tag[1] in ("", "fails")
    for words in commands(part.text):
        if part.tag[1] == "fails":
            with pytest.raises(ConfigError):
                check(words, monkeypatch)
        else:
            assert check(words, monkeypatch)


@pytest.mark.parametrize("part, span", INLINE, ids=[f"{part.where}-{span[:40]}" for part, span in INLINE])
def test_every_command_in_a_sentence_composes(part: Part, span: str, monkeypatch):
    for words in commands(span):
        assert check(words, monkeypatch), part.where


def test_most_commands_are_looked_into():
    """Few commands are of a program that is only named."""
    found = [words for part in SHELL for words in commands(part.text)]
    assert sum(words[0] in OTHERS for words in found) <= 7
    assert sum(words[0] == "python" for words in found) >= 60


def test_blocks_and_tags_are_known():
    for page in PAGES:
        for part in all_parts(*LANGUAGES, "text", ""):
            assert part.language in LANGUAGES, f"{part.where}: name the block's language"
            kind, value = part.tag
            assert kind != "test" or value.split()[0] in TESTS, f"{part.where}: {value}"
        fences = re.findall(r"^```(\w*)$", (ROOT / page).read_text(encoding="utf-8"), re.MULTILINE)
        assert set(fences[::2]) <= LANGUAGES and set(fences[1::2]) <= {""}, page


@pytest.mark.parametrize("part", all_parts("python"), ids=lambda part: part.where)
def test_python_names_what_is_there(part: Part):
    for node in ast.walk(ast.parse(part.text)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("llavapose"):
            module = importlib.import_module(node.module or "")
            assert all(hasattr(module, alias.name) for alias in node.names), part.where


def test_data_blocks_are_data():
    for part in all_parts("yaml"):
        assert isinstance(yaml.safe_load(part.text), dict), part.where
    for part in all_parts("json"):
        rest = part.text.strip()
        while rest:
            _, end = json.JSONDecoder().raw_decode(rest)
            rest = rest[end:].strip()


def test_links_lead_somewhere():
    for part in all_parts("text", "table"):
        for link in links(part):
            if link.startswith("https://"):
                continue
            path, _, anchor = link.partition("#")
            target = (ROOT / part.page).parent / path if path else ROOT / part.page
            assert target.exists(), f"{part.where}: {link}"
            page = str(target.resolve().relative_to(ROOT.resolve()))
            assert not anchor or anchor in anchors(page), f"{part.where}: {link}"


def test_every_page_is_linked_from_the_readme():
    found = {link for part in all_parts("text", "table") if part.page == "README.md" for link in links(part)}
    assert set(PAGES) - {"README.md"} <= found


def test_named_files_are_there():
    for part in all_parts("text", "table"):
        if part.page == "CHANGELOG.md":
            continue
        for span in spans(part):
            if re.fullmatch(r"[\w./-]+", span) and span.partition("/")[0] in TOP and "/" in span:
                assert (ROOT / span).exists(), f"{part.where}: {span}"


def test_named_settings_are_there():
    for part in all_parts("text", "table"):
        if part.page == "CHANGELOG.md":
            continue
        for span in spans(part):
            words = span.split()
            if all(re.fullmatch(r"\+?[a-z_]+[\w.]*=\S*", word) for word in words):
                assert all(map(is_setting, words)), f"{part.where}: {span}"


def test_the_readme_is_a_front_door():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150
