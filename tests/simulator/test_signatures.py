"""A draw can be read: few parameters, groups of arrays made by name, and a compiled entry only where Python calls."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

import carms_lib
import pytest

ROOT = Path(carms_lib.__file__).parent
#: What a draw runs through.
ON_THE_WAY = ("simulator/draw", "simulator/seats", "matching/scored")
MOST_PARAMETERS = 8
ENTRIES, INNER = {"kernel", "allocating_kernel"}, {"inner_kernel", "inlined_kernel"}


def modules(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def parameters(function: ast.FunctionDef) -> int:
    given = function.args
    return len(given.posonlyargs) + len(given.args) + len(given.kwonlyargs) + (given.vararg is not None)


def decorators(function: ast.FunctionDef) -> set[str]:
    marks = [node.func if isinstance(node, ast.Call) else node for node in function.decorator_list]
    return {mark.id for mark in marks if isinstance(mark, ast.Name)}


def called(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node


@functools.cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def too_many(tree: ast.AST) -> list[str]:
    return [each.name for each in functions(tree) if parameters(each) > MOST_PARAMETERS]


@functools.cache
def groups(*trees: ast.Module) -> set[str]:
    """Named tuples with more than two fields."""
    return {
        node.name
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(isinstance(base, ast.Name) and base.id == "NamedTuple" for base in node.bases)
        and sum(isinstance(part, ast.AnnAssign) for part in node.body) > 2
    }


def by_position(tree: ast.AST, names: set[str]) -> list[str]:
    """Where a named tuple of `names` is made from values whose meaning is their place."""
    return [f"{name}:{node.lineno}" for name, node in called(tree) if name in names and node.args]


@pytest.mark.parametrize("path", modules(*ON_THE_WAY), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_function_on_the_way_of_a_draw_has_more_than_eight_parameters(path: Path) -> None:
    assert too_many(parsed(path)) == []


@pytest.mark.parametrize("path", modules("simulator"), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_groups_of_arrays_are_made_with_named_fields(path: Path) -> None:
    names = groups(*(parsed(each) for each in modules("simulator", "matching/scored")))
    assert {"Tables", "Space", "Races", "BlockResult", "Gains"} <= names
    assert by_position(parsed(path), names) == []


@pytest.mark.parametrize("path", modules("simulator/inputs"), ids=lambda path: path.stem)
def test_no_array_is_chosen_by_how_its_name_begins_or_ends(path: Path) -> None:
    assert [
        name for name, _ in called(parsed(path)) if name in {"startswith", "endswith"} and path.stem != "cohort"
    ] == []


def test_only_what_python_calls_has_an_entry_for_python() -> None:
    trees = [parsed(path) for path in modules("")]
    plain = {
        name
        for tree in trees
        for each in functions(tree)
        if not decorators(each) & (ENTRIES | INNER)
        for name, _ in called(each)
    }
    entries = {
        each.name for path in modules("simulator") for each in functions(parsed(path)) if decorators(each) & ENTRIES
    }
    assert {"_run_draws", "follow_every_seat"} <= entries
    assert entries <= plain


def test_what_breaks_the_rules_is_seen() -> None:
    nine = ast.parse("def step(a, b, c, d, e, f, *, g, h, i): pass\ndef other(a, b, c, d, e, f, g, h): pass")
    assert too_many(nine) == ["step"]
    made = ast.parse(
        "class Pair(NamedTuple):\n    a: int\n    b: int\n    c: int\nPair(1, b=2, c=3)\nPair(a=1, b=2, c=3)"
    )
    assert groups(made) == {"Pair"}
    assert by_position(made, {"Pair"}) == ["Pair:5"]
