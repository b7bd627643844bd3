"""Imports run one way through the house.

Every import statement of the package is read from its source: those at the top of a module, those that only
the type checker sees, those inside a function, and those by name (`importlib.import_module`). A package may
import what stands above it, and itself; packages of one row are ignorant of each other.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import carms_lib
import pytest

ROOT = Path(carms_lib.__file__).parent

# The house, top to bottom.
ROWS = [
    {"exceptions", "provenance"},
    {"schemas", "matching"},
    {"loaders"},
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
ROW_OF = {name: at for at, row in enumerate(ROWS) for name in row}

# What stands beside the rows, and why.
FACE = "carms_lib"  # names every package of the house, each loaded when it is first used
SEAM = "_views"  # by which a result opens a view that stands further down, loaded when it is called
SEAM_USERS = {"simulator", "pressure"}

# "Neither knows the other", and the simulator is told by the design to see only these above it.
ALSO_FORBIDDEN = {
    "simulator": {"loaders", "transforms", "quality"},
    "plotting": {"simulator", "warehouse", "loaders", "transforms", "quality", "matching"},
}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "__pycache__" not in path.parts)


def package_of(path: Path) -> str:
    """The room of the house a module belongs to: its sub-package, or its own name at the top level."""
    parts = path.relative_to(ROOT).parts
    if len(parts) > 1:
        return parts[0]
    return FACE if parts[0] == "__init__.py" else path.stem


def imports_of(tree: ast.Module, path: Path) -> Iterator[tuple[str, int]]:
    """Every absolute dotted name that the module imports, anywhere in it, with its line."""
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
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and is_module_name(node.value):
            yield node.value, node.lineno


def is_module_name(text: str) -> bool:
    """Say whether a string names a module of ours, as one given to importlib would."""
    return text.startswith("carms_lib.") and all(part.isidentifier() for part in text.split("."))


def room_of(name: str) -> str | None:
    """The room that an imported name stands in; None for other packages and for the bundled facts."""
    parts = name.split(".")
    if parts[0] != "carms_lib" or name == "carms_lib.data":  # a folder of facts, without code
        return None
    return parts[1] if len(parts) > 1 and (parts[1] in ROW_OF or parts[1] == SEAM) else FACE


def broken_rules(path: Path, source: str) -> list[str]:
    here = package_of(path)
    if here in {FACE, SEAM}:
        return []  # they load by name, at use; that they do so is tested below
    found = []
    for name, line in imports_of(ast.parse(source), path):
        there = room_of(name)
        if there is None or there == here:
            continue
        where = f"{path.name}:{line}: {here} imports {name}"
        if there == SEAM:
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


def test_the_house_has_these_rooms_and_no_other():
    rooms = {package_of(path) for path in modules()} - {FACE, SEAM}
    assert rooms == set(ROW_OF)


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_run_one_way(path):
    assert broken_rules(path, path.read_text(encoding="utf-8")) == []


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
