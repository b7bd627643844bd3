"""Write the pages of the site that are made from the code: tutorials, data dictionary, exceptions, command line.

Run before ``mkdocs build``; what it writes is not committed. Nothing here depends on the clock, and a page whose text
has not changed is not touched.
"""

from __future__ import annotations

import inspect
import re
import shutil
from pathlib import Path

import nbformat
import typer
from carms_lib import exceptions
from carms_lib.cli import app
from carms_lib.schemas import LAYERS, contracts, data_dictionary
from nbconvert import MarkdownExporter
from traitlets.config import Config
from typer.cli import get_docs_for_click

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent

LAYER_TITLES = {
    "gold": "Gold: analysis-ready",
    "silver": "Silver: one fact a row",
    "bronze": "Bronze: as published, typed and stamped",
    "raw": "Raw: as read from the files",
    "audit": "Audit: what a build records of itself",
}


def write(path: Path, text: str) -> None:
    """Write a page unless it holds this text already."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8", newline="\n")


def tutorial(notebook: Path) -> None:
    """Render an executed notebook, with its outputs, as Markdown and pictures beside it."""
    folder = DOCS / "tutorials"
    pictures = folder / f"{notebook.stem}_files"
    shutil.rmtree(pictures, ignore_errors=True)
    exporter = MarkdownExporter(config=Config({"NbConvertBase": {"display_data_priority": [
        "image/svg+xml", "image/png", "text/html", "text/markdown", "text/plain",
    ]}}))  # fmt: skip
    text, resources = exporter.from_notebook_node(
        nbformat.read(notebook, as_version=4),
        resources={"output_files_dir": pictures.name, "unique_key": notebook.stem},
    )
    # A frame brings a style sheet of its own; the site's tables have one.
    text = re.sub(r"<style scoped>.*?</style>\n?", "", text, flags=re.DOTALL)
    text = text.replace('<table border="1" class="dataframe">', "<table>")
    text = text.replace("![png](", "![The figure that the cell above draws](")
    for name, content in resources["outputs"].items():
        pictures.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    write(folder / f"{notebook.stem}.md", text)


def cell(value: object) -> str:
    """Return a value as the text of a table's cell."""
    return str(value).replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def dictionary() -> str:
    """Return the page that tells every column of every table."""
    frame = data_dictionary()
    parts = [
        "# Data dictionary",
        "Generated from the contracts that every table is held against when it is built.",
        "*Source* is the published column, or the rule, that a column comes from.",
    ]
    for layer in sorted(LAYERS, key=list(LAYER_TITLES).index):
        parts.append(f"## {LAYER_TITLES[layer]}")
        for name, columns in frame.loc[frame["layer"] == layer].groupby("table", sort=True):
            promise = contracts()[layer][str(name)]
            parts.append(f"### {layer}.{name} {{: #{layer}-{name} }}\n\n{promise.row} Version {promise.version}.")
            rows = ["| column | type [unit] | meaning | source | allowed |", "| --- | --- | --- | --- | --- |"]
            for column in columns.to_dict("records"):
                label = f"`{column['column']}`" + (" (key)" if column["key"] else "")
                kind = column["dtype"] + (f" [{column['unit']}]" if column["unit"] else "")
                kind += ", may be missing" if column["nullable"] else ""
                meaning = column["description"]
                if column["references"]:
                    meaning += f" Refers to {column['references']}."
                values = (label, kind, meaning, column["source"], column["allowed"])
                rows.append("| " + " | ".join(map(cell, values)) + " |")
            parts.append('<div class="dictionary" markdown>\n\n' + "\n".join(rows) + "\n\n</div>")
    return "\n\n".join(parts) + "\n"


def exceptions_page() -> str:
    """Return the page of errors and warnings: the drawn tree, then one paragraph a class."""
    doc = inspect.getdoc(exceptions) or ""
    prose, tree = doc.split("::\n", 1)
    paragraphs = [text for text in prose.strip().split("\n\n") if not text.startswith("Belongs here")]
    classes = [
        f"## {name} {{: #{name} }}\n\n{(inspect.getdoc(getattr(exceptions, name)) or '').splitlines()[0]}"
        for name in exceptions.__all__
    ]
    parts = ["# Exceptions", *paragraphs, f"```text\n{inspect.cleandoc(tree)}\n```", *classes]
    return "\n\n".join(parts) + "\n"


def command_line() -> str:
    """Return the page of the shell's verbs, as their own help tells them."""
    command = typer.main.get_command(app)
    context = typer.Context(command, info_name="carms-lib")
    text = get_docs_for_click(obj=command, ctx=context, name="carms-lib", title="Command line")
    return text.strip() + "\n"


def main() -> None:
    """Write all generated pages."""
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        tutorial(notebook)
    write(DOCS / "reference" / "data-dictionary.md", dictionary())
    write(DOCS / "reference" / "exceptions.md", exceptions_page())
    write(DOCS / "reference" / "cli.md", command_line())
    write(DOCS / "changelog.md", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
