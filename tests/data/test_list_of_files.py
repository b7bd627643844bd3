"""Bundled data: every file is listed with source and licence, and there is no code beside it."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

FOLDER = Path(str(files("carms_lib").joinpath("data")))


def listed() -> dict[str, list[str]]:
    rows = re.findall(
        r"^\| `([^`]+)` \|(.*)\|$", FOLDER.joinpath("README.md").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(rows) == len({name for name, _ in rows})
    return {name: [cell.strip() for cell in cells.split(" | ")] for name, cells in rows}


def bundled() -> list[str]:
    found = (path for path in FOLDER.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sorted(path.relative_to(FOLDER).as_posix() for path in found)


def test_every_file_is_listed_and_every_listed_file_exists():
    assert sorted(listed()) == bundled()


def test_every_file_has_what_it_is_its_source_and_its_licence():
    licences = ("MIT", "facts of a public release", "cited facts")
    for name, cells in listed().items():
        assert len(cells) == 3, name
        assert all(cells), name
        assert cells[2].startswith(licences), name


def test_there_is_no_code_among_the_data():
    assert {Path(name).suffix for name in bundled()} == {".csv", ".md", ".toml"}


def test_each_published_figure_names_its_address():
    for name in ("2025.csv", "series.csv"):
        rows = FOLDER.joinpath("published", name).read_text(encoding="utf-8").splitlines()
        assert "source" in rows[0].split(",")
        assert all(re.search(r"https?://", row) for row in rows[1:]), name
