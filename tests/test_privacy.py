"""No person can be reached through what the project ships.

Release pages name people. Every tracked text file, the bundled facts, and everything inside the notebooks is
read for e-mail addresses and telephone numbers; only those that are invented by convention (RFC 2606 domains,
555-01xx numbers) may stand anywhere.
"""

from __future__ import annotations

import re
import subprocess
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@([\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,})")
INVENTED_DOMAIN = re.compile(r"(?:^|\.)(?:example|test|invalid|localhost)$|(?:^|\.)example\.(?:com|net|org|ca)$")
# North American, with or without country code, not inside a longer number, hash or decimal
PHONE = re.compile(r"(?<![\w.+-])(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])(\d{3})[ .-](\d{4})(?![\w.-]?\d)")
# What a vector drawing is made of: commands and coordinates, which may stand as telephone numbers do
DRAWING = re.compile(r'\bd=\\?"(?:[MLHVCSQTAZmlhvcsqtaz]|[-\d. ,]|\\n|\s)+\\?"')
BINARY = {".png", ".zip", ".xlsx", ".npz", ".parquet", ".ico", ".gz", ".woff2"}


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:  # an unpacked source distribution
        names = [
            path.relative_to(ROOT).as_posix()
            for folder in ("carms_lib", "notebooks", "docs", "tests", "examples")
            for path in sorted((ROOT / folder).rglob("*"))
            if path.is_file() and "__pycache__" not in path.parts
        ]
    return [ROOT / name for name in names if (ROOT / name).is_file()]


def texts_of(path: Path) -> list[tuple[str, str]]:
    """The texts in a file, each with where it stands; an archive's members one by one."""
    if path.suffix in {".zip", ".xlsx", ".npz"}:
        with zipfile.ZipFile(path) as archive:
            return [
                (f"{path.name}!{name}", archive.read(name).decode("utf-8", "replace")) for name in archive.namelist()
            ]
    if path.suffix == ".gz":
        import gzip

        return [(path.name, gzip.decompress(path.read_bytes()).decode("utf-8", "replace"))]
    if path.suffix in BINARY:
        return []
    return [(path.name, path.read_text(encoding="utf-8", errors="replace"))]


def emails_in(text: str) -> list[str]:
    return [found[0] for found in EMAIL.finditer(text) if not INVENTED_DOMAIN.search(found[1].lower())]


def phones_in(text: str) -> list[str]:
    return [
        found[0].strip()
        for found in PHONE.finditer(text)
        if not (found[1] == "555" and found[2].startswith("01")) and "-555-" not in found[0]
    ]


def test_the_reader_finds_what_it_looks_for():
    assert emails_in("write to a.person+x@med.university.ca today") == ["a.person+x@med.university.ca"]
    assert emails_in("someone@example.org, x@mail.example.com, y@host.invalid, import @decorator.thing") == []
    assert phones_in("call 416 555-0199 or (416) 978-0000 ext. 3") == ["(416) 978-0000"]
    assert phones_in("tel. 1-514-343-0000; +1 514 343 0000; 514.343.0000") == [
        "1-514-343-0000",
        "+1 514 343 0000",
        "514.343.0000",
    ]
    assert phones_in("1,821 seats; 2025-03-04; 3.14159265; 0.123-456-7890123; 10.1056/NEJM") == []


def test_a_drawing_is_coordinates_and_nothing_else():
    assert DRAWING.sub("", '<path d="M 669 294.5 L 669 294 1325 z"/>') == "<path />"
    assert DRAWING.sub("", r"<path d=\"M 669 294\nL 669 294 1325 z\"/>") == "<path />"
    for kept in ('<p d="call (416) 978-0000">', '<p id="416 978 0000">'):
        assert DRAWING.sub("", kept) == kept


def test_no_tracked_file_holds_a_way_to_reach_a_person():
    paths = tracked()
    assert len(paths) > 50
    found = [
        f"{path.relative_to(ROOT)} ({where}): {hit}"
        for path in paths
        if path != Path(__file__).resolve()  # holds the numbers that prove the reader works
        for where, text in texts_of(path)
        for text in [DRAWING.sub("", text)]
        for hit in [*emails_in(text), *phones_in(text)]
    ]
    assert found == []


def test_no_built_table_holds_a_way_to_reach_a_person(bundled_layers):
    check_layers(bundled_layers)


@pytest.mark.release
def test_no_table_built_from_the_published_pages_holds_a_way_to_reach_a_person(published_layers):
    check_layers(published_layers)


def check_layers(layers):
    found = []
    for layer in ("bronze", "silver", "gold"):
        for name, frame in getattr(layers, layer).items():
            for column in frame.columns:
                if frame[column].dtype.kind in "iufbM":
                    continue
                text = "\n".join(frame[column].dropna().astype(str).unique())
                hits = [*emails_in(text), *phones_in(text)]
                found += [f"{layer}.{name}.{column}: {len(hits)} hits"] if hits else []
    assert found == []
