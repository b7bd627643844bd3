"""Execute the notebooks in place, reproducibly: ``python notebooks/execute.py [NAME …]``.

What differs between two runs of the same code (ids of cells, times of execution, the version of the kernel) is set to
what does not, so that a notebook changes in version control only when its code or its outputs do.
"""

from __future__ import annotations

import sys
from pathlib import Path

from carms_lib.exceptions import MissingExtraError

try:
    import nbformat
    from nbclient import NotebookClient
except ImportError as error:
    raise SystemExit(str(MissingExtraError(error.name or "nbclient", "notebooks", "execute notebooks"))) from None

HERE = Path(__file__).resolve().parent
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def normalise(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Give cells fixed ids and drop every trace of when and where the notebook was executed."""
    notebook.metadata = nbformat.from_dict(METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number:02}"
        cell.metadata = nbformat.from_dict({})
        if cell.cell_type == "code":
            for output in cell.outputs:
                output.pop("execution_count", None)
                if output.output_type == "execute_result":
                    output.execution_count = cell.execution_count
    return notebook


def execute(path: Path) -> None:
    """Execute one notebook and write it back."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(HERE)}}).execute()
    nbformat.write(normalise(notebook), path)


if __name__ == "__main__":
    chosen = sys.argv[1:] or sorted(path.name for path in HERE.glob("*.ipynb"))
    for name in chosen:
        execute(HERE / name)
