"""Imports run one way through the package, and no deeper than they may.

Every import statement is read from its source: those at the top of a module, those that only the type checker sees,
those inside a function, and those by name (`importlib.import_module`). A package may import what stands above it, and
itself; packages of one row are ignorant of each other. A module or name that begins with an underscore belongs to its
own package. No two files import each other, however long the way round, and no file is longer than 500 lines.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import carms_lib
import pytest

ROOT = Path(carms_lib.__file__).parent

# The packages, top to bottom.
ROWS = [
    {"exceptions", "provenance"},
    {"argument_checks"},
    {"kernels", "schemas", "result_files"},
    {"matching", "loaders"},
    {"quality"},
    {"transforms"},
    {"warehouse", "simulator"},
    {"pressure"},
    {"fitting"},
    {"forecasting"},
    {"plotting"},
    {"memo"},
    {"cli"},
]
# Rooms of one package, top to bottom; what is not named stands below all of them.
ROWS_WITHIN = {
    "simulator": ["inputs", "draw", "seats", "study"],
    "matching": ["scored"],
}
ROW_OF = {name: at for at, row in enumerate(ROWS) for name in row}

# What stands beside the rows, and why.
FACE = "carms_lib"  # names every package, each loaded when it is first used
SEAM = "_views"  # by which a result opens a view that stands further down, loaded when it is called
SEAM_USERS = {"simulator", "pressure"}

# "Neither knows the other", and what the design keeps apart besides.
ALSO_FORBIDDEN = {
    "matching": {"schemas"},
    "loaders": {"kernels"},
    "simulator": {"loaders", "transforms", "quality", "schemas"},
    "plotting": {"simulator", "warehouse", "loaders", "transforms", "quality", "matching", "kernels"},
}
MOST_LINES = 500

#: Test files that may reach what is private in the library, each place with a line `# private: reason`.
MOST_PRIVATE = 10
TESTS = Path(__file__).parent


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)


def package_of(path: Path) -> str:
    """The package a module belongs to, below carms_lib, or its own name at the top level."""
    parts = path.relative_to(ROOT).parts
    if len(parts) > 1:
        return parts[0]
    return FACE if parts[0] == "__init__.py" else path.stem


def dotted(path: Path) -> str:
    parts = ("carms_lib", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(tree: ast.Module, path: Path, *, by_name: bool = True) -> Iterator[tuple[str, int]]:
    """Every absolute dotted name that the module imports, anywhere in it and by name, with its line."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            if node.level:
                inside = ("carms_lib", *path.relative_to(ROOT).parts[:-1])
                module = ".".join([*inside[: len(inside) - node.level + 1], *([module] if module else [])])
            for alias in node.names:
                yield f"{module}.{alias.name}", node.lineno
        elif by_name and isinstance(node, ast.Constant) and isinstance(node.value, str) and is_module_name(node.value):
            yield node.value, node.lineno


def is_module_name(text: str) -> bool:
    """Say whether a string names a module of ours, as one given to importlib would."""
    return text.startswith("carms_lib.") and all(part.isidentifier() for part in text.split("."))


def room_of(name: str) -> str | None:
    """The package that an imported name stands in; None for other packages and for the bundled facts."""
    parts = name.split(".")
    if parts[0] != "carms_lib" or name == "carms_lib.data":  # a folder of facts, without code
        return None
    return parts[1] if len(parts) > 1 and (parts[1] in ROW_OF or parts[1] == SEAM) else FACE


def is_private(part: str) -> bool:
    return part.startswith("_") and not part.startswith("__")


def too_deep(name: str, path: Path) -> bool:
    """Say whether an import reaches a private module or name of a package that the module is not in."""
    parts = name.split(".")
    if parts[0] != "carms_lib" or name.startswith(f"carms_lib.{SEAM}"):
        return False
    first = next((at for at, part in enumerate(parts) if is_private(part)), None)
    if first is None:
        return False
    own = ("carms_lib", *path.relative_to(ROOT).parts[:-1])
    return tuple(parts[:first]) != own[:first]


def rank_within(package: str, parts: tuple[str, ...]) -> int | None:
    """The row of a module inside its package; None where the package has no rows, or for its own face."""
    rows = ROWS_WITHIN.get(package)
    if rows is None or len(parts) < 2:
        return None
    return rows.index(parts[1]) if parts[1] in rows else len(rows)


def broken_rules(path: Path, source: str) -> list[str]:
    here = package_of(path)
    if here in {FACE, SEAM}:
        return []  # both load by name, at use; that they do so is tested below
    found = []
    own = path.relative_to(ROOT).with_suffix("").parts
    for name, line in imports_of(ast.parse(source), path):
        where = f"{path.name}:{line}: {here} imports {name}"
        if too_deep(name, path):
            found.append(f"{where}, which is private there")
        there = room_of(name)
        if there is None:
            continue
        if there == here:
            mine = rank_within(here, own if own[-1] != "__init__" else own[:-1])
            other = rank_within(here, tuple(name.split(".")[1:]))
            if mine is not None and other is not None and other > mine:
                found.append(f"{where}, which stands below it in {here}")
        elif there == SEAM:
            if here not in SEAM_USERS:
                found.append(f"{where}; only {sorted(SEAM_USERS)} open views")
        elif there == FACE:
            if name != "carms_lib.__version__":
                found.append(f"{where}; import from the package that holds it, not from the face")
        elif ROW_OF[there] >= ROW_OF[here]:
            found.append(f"{where}, which does not stand above it")
        elif there in ALSO_FORBIDDEN.get(here, ()):
            found.append(f"{where}, which it does not know by design")
    return found


def graph() -> dict[str, set[str]]:
    """Module -> modules that it imports anywhere in it, types included; the face is left out, it loads by name."""
    files = {dotted(path): path for path in modules() if "migrations" not in path.parts}
    edges: dict[str, set[str]] = {}
    for name, path in files.items():
        if name in {FACE, f"{FACE}.{SEAM}"}:
            continue
        edges[name] = set()
        for target, _ in imports_of(ast.parse(path.read_text(encoding="utf-8")), path, by_name=False):
            while target and target not in files:
                target = target.rpartition(".")[0]  # a name in a module
            if target not in {"", name, FACE, f"{FACE}.{SEAM}"}:
                edges[name].add(target)
    return edges


def circles(edges: dict[str, set[str]]) -> list[str]:
    """Modules left after taking away, again and again, those that import no other left or that none left imports."""
    left = dict(edges)
    while True:
        imported = set().union(*left.values()) if left else set()
        gone = {name for name, targets in left.items() if not targets & left.keys() or name not in imported}
        if not gone:
            return sorted(left)
        left = {name: targets - gone for name, targets in left.items() if name not in gone}


def private_places(source: str) -> list[tuple[int, bool]]:
    """Where a test imports or names what is private in the library: line, and whether its reason is told there.

    A place is an import statement, or a dotted name in a string, as `monkeypatch.setattr` takes one. Its reason is in
    a comment on its own lines or the line above.
    """
    lines = source.splitlines()
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_module_name(node.value):
            names = [node.value]
        else:
            continue
        if any(name.startswith("carms_lib.") and any(map(is_private, name.split("."))) for name in names):
            near = lines[max(node.lineno - 2, 0) : node.end_lineno]
            found.append((node.lineno, any(re.search(r"# private: \S", line) for line in near)))
    return found


def test_few_tests_reach_what_is_private_and_each_says_why():
    found = {
        path.relative_to(TESTS).as_posix(): places
        for path in sorted(TESTS.rglob("*.py"))
        if (places := private_places(path.read_text(encoding="utf-8")))
    }
    silent = {name: [line for line, told in places if not told] for name, places in found.items()}
    assert {name: lines for name, lines in silent.items() if lines} == {}
    assert len(found) <= MOST_PRIVATE, sorted(found)


@pytest.mark.parametrize(
    ("source", "places"),
    [
        ("from carms_lib.matching import solve, _linking", [(1, False)]),
        ("import carms_lib.loaders._files  # private: a reason", [(1, True)]),
        ("def f():\n    # private: a reason\n    from carms_lib.loaders._files import find_release", [(3, True)]),
        ("monkeypatch.setattr('carms_lib.loaders._files.LIMITS', 1)  # private:", [(1, False)]),
        ("from carms_lib import _views", [(1, False)]),
        ("from carms_lib import __version__\nfrom carms_lib.matching import solve\nfrom distributed import _x", []),
    ],
)
def test_the_reader_of_tests_sees_every_way_to_what_is_private(source, places):
    assert private_places(source) == places


def test_these_are_the_packages_and_no_other():
    assert {package_of(path) for path in modules()} - {FACE, SEAM} == set(ROW_OF)
    assert not list((ROOT / "data").rglob("*.py"))  # facts alone


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_one_way_and_no_deeper_than_they_may(path):
    source = path.read_text(encoding="utf-8")
    assert broken_rules(path, source) == []
    assert len(source.splitlines()) <= MOST_LINES


def test_no_file_imports_itself_by_a_way_round():
    assert circles(graph()) == []


def test_a_way_round_is_seen():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}, "e": set()}) == ["a", "b", "c"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []


def classes() -> dict[str, set[str]]:
    """Public class -> the packages that define one of that name."""
    found: dict[str, set[str]] = {}
    for path in modules():
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found.setdefault(node.name, set()).add(package_of(path))
    return found


def test_no_name_stands_in_two_packages_for_two_things():
    """What is left is one thing seen twice: a table's contract and the database's, a value and the record of it."""
    contract_and_database = {
        "Discipline",
        "Exam",
        "InterviewDate",
        "Program",
        "Province",
        "School",
        "Section",
        "Site",
        "Stream",
    }
    value_and_record = {"Check", "Release", "Scenario", "Study"}
    twice = {name for name, packages in classes().items() if len(packages) > 1}
    assert twice == contract_and_database | value_and_record


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("schemas", "from carms_lib.matching import solve"),
        ("matching", "import carms_lib.schemas.gold"),
        ("quality", "def f():\n    from carms_lib.transforms import build"),
        ("loaders", "if TYPE_CHECKING:\n    from carms_lib.transforms import Layers"),
        ("warehouse", "import importlib\nimportlib.import_module('carms_lib.simulator')"),
        ("loaders", "from ..memo import write_memo"),
        ("plotting", "from carms_lib._views import open_view"),
        ("memo", "from carms_lib import build"),
        ("simulator", "from carms_lib.loaders import Release"),
        ("pressure", "from carms_lib.matching._solve import solve"),
        ("pressure", "from carms_lib.matching import _solve"),
        ("simulator", "from carms_lib.matching.scored.lists import _private"),
        ("simulator/inputs", "from carms_lib.simulator.draw.block import run_block"),
        ("simulator/draw", "def f():\n    from carms_lib.simulator.study import replay"),
        ("matching/scored", "from carms_lib.matching._solve import solve"),
    ],
)
def test_the_reader_of_imports_sees_every_way_to_break_the_rule(room, source):
    assert broken_rules(ROOT / room / "module.py", source)


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("memo", "from carms_lib.plotting import plot_bands\nimport numpy"),
        ("simulator", "def f():\n    from carms_lib._views import open_view"),
        ("loaders", "from . import _page\nfrom ._page import Page"),
        ("cli", "from carms_lib import __version__"),
        ("matching", "from carms_lib.matching._solve import solve\nfrom carms_lib.matching.scored.lists import NOBODY"),
        ("simulator/seats", "from carms_lib.simulator.draw.block import run_block"),
    ],
)
def test_the_reader_of_imports_lets_pass_what_is_allowed(room, source):
    assert broken_rules(ROOT / room / "module.py", source) == []


def test_the_seam_loads_nothing_of_ours_until_it_is_used():
    tree = ast.parse((ROOT / "_views.py").read_text(encoding="utf-8"))
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    named = [alias.name for node in statements if isinstance(node, ast.Import) for alias in node.names]
    named += [node.module or "" for node in statements if isinstance(node, ast.ImportFrom)]
    first_row = {f"carms_lib.{room}" for room in ROWS[0]}
    assert not [name for name in named if name.startswith("carms_lib") and name not in first_row]
