"""The public face: what is promised, what is there, and what is told of it agree."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import carms_lib
import pytest
from carms_lib import exceptions

ROOT = Path(carms_lib.__file__).parent
PACKAGES = sorted(path.parent.name for path in ROOT.glob("*/__init__.py"))
MODULES = [*(f"carms_lib.{name}" for name in PACKAGES), "carms_lib.exceptions", "carms_lib.provenance"]
HEAVY = {"numba", "matplotlib", "sqlalchemy", "statsmodels", "scipy", "pandas", "typer"}


def public(module_name: str) -> list[tuple[str, object]]:
    module = importlib.import_module(module_name)
    return [(name, getattr(module, name)) for name in getattr(module, "__all__", ())]


def is_ours(value: object) -> bool:
    return str(getattr(value, "__module__", "")).startswith("carms_lib")


def callables() -> list[tuple[str, object]]:
    """Every public function, class and public method of ours, by dotted name."""
    found: dict[str, object] = {}
    for module_name in MODULES:
        for name, value in public(module_name):
            if inspect.isfunction(value) or (inspect.isclass(value) and is_ours(value)):
                found[f"{module_name}.{name}"] = value
            if inspect.isclass(value) and is_ours(value):
                for method_name, raw in vars(value).items():
                    method = raw.__func__ if isinstance(raw, classmethod | staticmethod) else raw
                    if not method_name.startswith("_") and inspect.isfunction(method):
                        found[f"{module_name}.{name}.{method_name}"] = method
    return sorted(found.items())


def sections_of(docstring: str) -> dict[str, str]:
    """Split a numpydoc docstring into its sections."""
    parts = re.split(r"^(\w[\w ]*)\n-{3,}$", inspect.cleandoc(docstring), flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def names_in(section: str) -> set[str]:
    """The names a Parameters or Attributes section tells of; one line may tell of several."""
    heads = re.findall(r"^([*\w][\w, *]*?)(?: :.*)?$", section, flags=re.MULTILINE)
    return {name.strip().lstrip("*") for head in heads for name in head.split(",")}


def parameters_of(value: object) -> list[str]:
    signature = inspect.signature(value)
    return [
        name
        for name, parameter in signature.parameters.items()
        if name not in {"self", "cls"} and not name.startswith("_") and parameter.kind is not parameter.VAR_KEYWORD
    ]


# --- names -----------------------------------------------------------------------------------------------


def test_every_name_of_the_face_is_there_and_public_where_it_lives():
    for name, home in carms_lib._FACE.items():
        assert name in importlib.import_module(home).__all__, f"{home}.__all__ lacks {name}"
        assert getattr(carms_lib, name) is getattr(importlib.import_module(home), name)


def test_the_type_checker_sees_the_same_face():
    tree = ast.parse((ROOT / "__init__.py").read_text(encoding="utf-8"))
    seen = {
        alias.name: node.module
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert seen == carms_lib._FACE


def test_a_misspelt_name_of_the_face_gets_a_near_one():
    with pytest.raises(AttributeError, match=r"no attribute 'load_relaese'. Did you mean 'load_release'"):
        carms_lib.load_relaese  # noqa: B018
    assert set(carms_lib.__all__) <= set(dir(carms_lib))


@pytest.mark.parametrize("module_name", MODULES)
def test_all_is_sorted_complete_and_importable(module_name):
    module = importlib.import_module(module_name)
    assert sorted(module.__all__, key=str.casefold) == sorted(set(module.__all__), key=str.casefold)
    for name in module.__all__:
        assert not name.startswith("_")
        assert hasattr(module, name), f"{module_name}.__all__ promises {name}"


#: Packages that have modules among their names, and mean it.
MODULES_AS_NAMES = {
    "carms_lib.kernels": {"arrays", "jit", "lanes", "noise", "variates"},
    "carms_lib.schemas": {"audit", "bronze", "gold", "raw", "silver"},
    "carms_lib.warehouse.tables": {"audit", "dimensions", "facts", "results"},
}

EVERY_NAME_AFTER_EVERY_MODULE = """
import importlib, inspect, pkgutil, sys
import carms_lib
for found in pkgutil.walk_packages(carms_lib.__path__, "carms_lib."):
    if not found.name.endswith("__main__") and ".migrations." not in found.name:
        importlib.import_module(found.name)
for home in sorted(name for name in sys.modules if name.split(".")[0] == "carms_lib"):
    module = sys.modules[home]
    for name in getattr(module, "__all__", ()):
        if inspect.ismodule(getattr(module, name)):
            print(home, name)
"""


def test_no_name_is_hidden_by_a_module_of_the_same_name():
    """An import of `carms_lib.x` binds `x` in the package: no function or class may be called as a module beside it."""
    command = [sys.executable, "-c", EVERY_NAME_AFTER_EVERY_MODULE]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, set[str]] = {}
    for line in done.stdout.splitlines():
        home, name = line.split()
        found.setdefault(home, set()).add(name)
    assert found == MODULES_AS_NAMES


# --- weight ----------------------------------------------------------------------------------------------


def test_importing_the_face_loads_nothing_heavy():
    code = f"import sys, carms_lib; print(sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_release_can_be_loaded_and_built_without_the_simulator_the_warehouse_or_a_figure():
    code = (
        "import sys, carms_lib as carms; carms.build(carms.load_release());"
        "print(sorted({'numba', 'matplotlib', 'sqlalchemy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# --- signatures ------------------------------------------------------------------------------------------

#: Keywords that take the place of named parameters, because only the data knows their names.
NAMED_BY_THE_DATA = {
    "where": "columns of programs or applicants",
    "columns": "columns of programs",
    "key": "keys of a table",
    "group": "keys of a result",
    "series": "keys of a projection",
    "changes": "tables of a market",
    "settings": "what a provenance records",
}


def methods_of(value: type) -> list[tuple[str, object]]:
    """Public methods of a class, those that it inherits from ours included."""
    found = inspect.getmembers(value, lambda member: inspect.isfunction(member) or inspect.ismethod(member))
    return [(name, method) for name, method in found if not name.startswith("_") and is_ours(method)]


def every_public_callable() -> list[tuple[str, object]]:
    found = dict(callables())
    for module_name in MODULES:
        for name, value in public(module_name):
            if inspect.isclass(value) and is_ours(value):
                found |= {f"{module_name}.{name}.{method}": each for method, each in methods_of(value)}
    return sorted(found.items())


@pytest.mark.parametrize(("name", "value"), every_public_callable(), ids=lambda v: v if isinstance(v, str) else "")
def test_every_keyword_is_named_and_typed(name, value):
    try:
        parameters = inspect.signature(value).parameters.values()
    except ValueError:  # an exception that only carries its message
        return
    if not is_ours(getattr(value, "__init__", value) if inspect.isclass(value) else value):
        return
    for parameter in parameters:
        if parameter.kind is parameter.VAR_KEYWORD:
            assert parameter.name in NAMED_BY_THE_DATA, f"{name} hides its options in **{parameter.name}"
            assert parameter.name == "settings" or parameter.annotation not in {"Any", parameter.empty}, name


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("Study.pressure", "pressure_bands"),
        ("Study.outcomes", "outcome_bands"),
        ("Study.preferences", "preference_bands"),
        ("Study.ranks", "rank_groups"),
        ("Study.seat_value", "seat_values_of"),
        ("Study.plot", "plot_bands"),
        ("Comparison.pressure", "pressure_bands"),
        ("Comparison.outcomes", "outcome_bands"),
        ("Comparison.plot", "plot_bands"),
        ("Bands.plot", "plot_bands"),
        ("Ranks.plot", "plot_ranks"),
        ("SeatValues.plot", "plot_seat_values"),
        ("Allocation.plot", "plot_allocation"),
        ("Sensitivity.plot", "plot_sensitivity"),
        ("Projection.plot", "plot_series"),
        ("Proxy.plot", "plot_supply"),
    ],
)
def test_a_view_takes_the_arguments_of_its_function_with_the_same_defaults(short, long):
    """What a method fixes itself it does not take: both scenarios of a comparison, what a result knows of itself."""
    from carms_lib import plotting, pressure, simulator

    homes = (simulator, pressure, plotting)
    owner, method = short.split(".")
    own = dict(inspect.signature(getattr(find_in(homes, owner), method)).parameters)
    whole = dict(inspect.signature(find_in(homes, long)).parameters)
    fixed = {"Comparison": {"scenario", "against"}, "Allocation": {"k"}, "SeatValues": {"scenario"}}.get(owner, set())
    del own["self"], whole[next(iter(whole))]
    own = {name: value for name, value in own.items() if short != "SeatValues.plot" or name != "by"}
    assert set(own) == set(whole) - fixed
    for name, parameter in own.items():
        assert (parameter.default, parameter.kind) == (whole[name].default, whole[name].kind), f"{short}({name}=…)"


def find_in(modules, name):
    return next(getattr(module, name) for module in modules if name in module.__all__)


# --- words -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "value"), callables(), ids=lambda value: value if isinstance(value, str) else "")
def test_every_public_callable_is_documented(name, value):
    documented = value.__doc__ or ""
    assert documented.strip(), f"{name} has no docstring"
    if inspect.isclass(value) and issubclass(value, BaseException) and "__init__" not in vars(value):
        return  # an exception that only carries its message
    parts = sections_of(documented)
    told = names_in(parts.get("Parameters", "")) | names_in(parts.get("Attributes", ""))
    if inspect.isclass(value) and not (needs_parameters(value) and "Attributes" not in parts):
        return  # users do not construct it: what it carries is told as attributes
    parameters = parameters_of(value)
    if inspect.isfunction(value) and len(parameters) <= 2 and "Parameters" not in parts:
        silent = [parameter for parameter in parameters if f"`{parameter}`" not in documented]
        assert not silent, f"{name} tells nothing of {silent}, neither in a section nor in its sentence"
        return
    assert not set(parameters) - told, f"{name} does not tell of {sorted(set(parameters) - told)}"
    if inspect.isfunction(value) and value.__annotations__.get("return") not in {None, "None"}:
        assert "Returns" in parts or "Yields" in parts, f"{name} does not say what it returns"


def needs_parameters(value: type) -> bool:
    """Say whether users construct the class; a table model, protocol or enumeration has nothing to tell."""
    import enum
    import typing

    import pandera.pandas as pa

    if issubclass(value, enum.Enum) or getattr(value, "_is_protocol", False) or typing.is_typeddict(value):
        return False
    return not issubclass(value, pa.DataFrameModel)


def test_table_models_open_with_one_row_per():
    from carms_lib.schemas import contracts

    promised = [contract for tables in contracts().values() for contract in tables.values()]
    assert {contract.layer for contract in promised} >= {"bronze", "silver", "gold"}
    assert [c.model.__name__ for c in promised if not (c.model.__doc__ or "").startswith("One row per ")] == []


def test_every_module_says_what_belongs_there_and_what_does_not():
    """In its own docstring, or, where it is short, in a row of its package's table of modules."""
    for path in sorted(ROOT.rglob("*.py")):
        docstring = docstring_of(path)
        belongs, not_here = docstring.find("Belongs here"), docstring.find("Does not belong here")
        short = path.read_text("utf-8").count("\n") < 80 or path.name == "__init__.py"
        listed = short and f"`{path.stem}`" in docstring_of(path.with_name("__init__.py"))
        said = 0 <= belongs < not_here or listed or lists_its_modules(path)
        assert said, f"{path.relative_to(ROOT)} does not say what belongs there and what does not"


def docstring_of(path):
    if not path.exists():  # a folder of scripts, such as the migrations
        return ""
    return " ".join((ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").split())


def lists_its_modules(path):
    """Whether a package's docstring has a row for every module beside it."""
    beside = [each.stem for each in path.parent.glob("*.py") if each.name != "__init__.py"]
    return path.name == "__init__.py" and all(f"`{name}`" in docstring_of(path) for name in beside)


def test_no_module_is_longer_than_500_lines():
    long = {
        p.relative_to(ROOT).as_posix(): n for p in ROOT.rglob("*.py") if (n := p.read_text("utf-8").count("\n")) > 500
    }
    assert long == {}


# --- errors ----------------------------------------------------------------------------------------------


def tree_in(docstring: str) -> dict[str, str]:
    """Read the drawn tree of classes: name -> parent."""
    parents: dict[str, str] = {}
    path: list[str] = []
    for line in docstring.splitlines():
        drawn = re.match(r"^( {4}[│├└─ ]*)(Carms\w+|\w+(?:Error|Warning))\b", line)
        if drawn:
            depth = (len(drawn[1]) - 4) // 4
            path = [*path[:depth], drawn[2]]
            parents[drawn[2]] = path[depth - 1] if depth else ""
    return parents


def test_the_page_of_exceptions_agrees_with_the_code():
    drawn = tree_in(exceptions.__doc__)
    classes = {name: getattr(exceptions, name) for name in exceptions.__all__}
    assert set(drawn) == set(classes)
    for name, parent in drawn.items():
        bases = [base.__name__ for base in classes[name].__bases__ if base.__module__ == exceptions.__name__]
        assert bases == ([parent] if parent else []), name


def test_foreign_bases_that_the_page_names_are_there():
    named = dict(re.findall(r"(\w+(?:Error|Warning)) +\((\w+)\)", exceptions.__doc__))
    assert named
    for name, base in named.items():
        assert base in {parent.__name__ for parent in getattr(exceptions, name).__mro__}, f"{name} is no {base}"


def test_everything_the_library_raises_by_name_is_on_the_page():
    asked_by_python = {"AttributeError", "TypeError", "StopIteration", "KeyError", "Exit"}
    raised = set()
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            call = node.exc if isinstance(node, ast.Raise) else None
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id[0].isupper():
                raised.add(call.func.id)
    assert raised <= set(exceptions.__all__) | asked_by_python
