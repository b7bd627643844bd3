"""What nbmake has just computed must bear out what the prose of a notebook claims.

Belongs here: holding the numbers of the prose against the outputs of this run. What is committed is held against
itself in ``tests/docs/test_notebooks.py``; here a claim that the code no longer makes fails even where nobody executed
the notebook anew.
"""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Any

if find_spec("nbmake"):
    from nbmake.nb_run import NotebookRun

    _execute = NotebookRun.execute

    def _execute_and_compare(self: Any) -> Any:
        result = _execute(self)
        if result.error is None:
            missing = claims(result.nb.cells) - computed(result.nb.cells)
            if missing:
                raise AssertionError(f"{self.filename}: the prose claims {sorted(missing)}, which no cell computed now")
        return result

    NotebookRun.execute = _execute_and_compare


def claims(cells: list[Any]) -> set[str]:
    """Return the numbers of the prose; the names of the match and the release are no claims."""
    prose = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    return set(re.findall(r"(?<![\w-])\d[\d,]*\d|(?<![\w-])\d", prose)) - {"2025", "1503"}


def computed(cells: list[Any]) -> set[str]:
    """Return the numbers of the outputs."""
    texts = []
    for cell in cells:
        for output in cell.get("outputs", []):
            texts += [str(output.get("text", "")), str(output.get("data", {}).get("text/plain", ""))]
            texts.append(str(output.get("data", {}).get("text/markdown", "")))
    return set(re.findall(r"\d[\d,]*", "\n".join(texts)))
