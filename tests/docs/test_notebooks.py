"""Committed notebooks were executed, say when nothing, and claim only what a cell computes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def cells(request) -> list[dict]:
    return json.loads(request.param.read_text(encoding="utf-8"))["cells"]


def text_of(value: object) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def outputs_of(cell: dict) -> str:
    parts = []
    for output in cell.get("outputs", []):
        parts.append(text_of(output.get("text", "")))
        parts += [text_of(output.get("data", {}).get(kind, "")) for kind in ("text/plain", "text/markdown")]
    return "\n".join(parts)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_nothing_tells_when_or_where_it_was_executed(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert notebook["metadata"] == {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    assert [cell["id"] for cell in notebook["cells"]] == [f"cell-{n:02}" for n in range(1, len(notebook["cells"]) + 1)]
    assert all(cell["metadata"] == {} for cell in notebook["cells"])
    assert not re.search(r"/(?:home|root|tmp|Users|work)/", path.read_text(encoding="utf-8"))


def test_every_cell_was_executed_in_order_and_none_failed(cells):
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert all(output["output_type"] != "error" for cell in code for output in cell["outputs"])
    assert sum(bool(cell["outputs"]) for cell in code) >= len(code) / 2


def test_it_opens_with_question_reader_and_release_and_ends_with_provenance(cells):
    first = text_of(cells[0]["source"])
    assert first.startswith("# ")
    for word in ("**Question.**", "**For**", "**Release**"):
        assert word in first
    assert text_of(cells[-2]["source"]) == "## Provenance"
    assert "sha256" in outputs_of(cells[-1])


def test_every_number_in_prose_is_computed_by_a_cell(cells):
    """Numbers of the prose must stand in some output; the names of the match and the release are no claims."""
    computed = set(re.findall(r"\d[\d,]*", "\n".join(outputs_of(cell) for cell in cells)))
    prose = "\n".join(text_of(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    claimed = set(re.findall(r"(?<![\w-])\d[\d,]*\d|(?<![\w-])\d", prose)) - {"2025", "1503"}
    assert claimed <= computed


def test_the_memo_in_six_steps():
    assert [path.stem for path in NOTEBOOKS] == [
        "01_release_to_gold",
        "02_how_the_match_works",
        "03_calibration_and_backtest",
        "04_match_pressure",
        "05_scenarios",
        "06_decision_memo",
    ]


def test_a_cell_holds_no_more_than_a_few_lines_of_logic(cells):
    longest = max(text_of(cell["source"]).count("\n") + 1 for cell in cells if cell["cell_type"] == "code")
    assert longest <= 30


@pytest.mark.parametrize(
    ("script", "package", "extra", "purpose"),
    [
        ("notebooks/execute.py", "nbclient", "notebooks", "execute notebooks"),
        ("notebooks/execute.py", "nbformat", "notebooks", "execute notebooks"),
        ("docs/make_pages.py", "markdown", "docs", "write the pages of the site"),
    ],
)
def test_a_missing_extra_is_named_with_what_brings_it(script, package, extra, purpose):
    code = (
        f"import runpy, sys; sys.modules[{package!r}] = None\n"  # an import of it fails, as where it is not installed
        f"runpy.run_path({str(ROOT / script)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.strip() == (
        f"The package {package!r} is needed to {purpose} and is not installed. "
        f"Install it with: pip install 'carms-lib[{extra}]'"
    )


def test_notebooks_without_their_extra_are_collected_by_nobody_and_harm_nobody():
    """Without nbmake its hook is not set, and the tests beside the notebooks run as they do."""
    code = (
        "import sys; sys.modules['nbmake'] = None; from importlib import util; find = util.find_spec\n"
        "util.find_spec = lambda name, *a: None if name == 'nbmake' else find(name, *a)\n"
        f"import runpy; found = runpy.run_path({str(ROOT / 'notebooks' / 'conftest.py')!r})\n"
        "print('NotebookRun' in found, callable(found['claims']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
