"""Write the generated pages of the site.

Tutorials, data dictionary, rules of the match, exceptions, command line, contributing and changelog are made from what
is committed.

Run before ``mkdocs build``; what it writes is not committed. Nothing here depends on the clock, and a page whose text
has not changed is not touched.
"""

from __future__ import annotations

import inspect
import re
import shutil
import tomllib
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

import pandas as pd
import typer
from carms_lib import exceptions
from carms_lib.cli import app
from carms_lib.schemas import LAYERS, contracts, data_dictionary
from carms_lib.simulator import load_cohort, load_rules
from carms_lib.simulator.inputs.rule_record import STATUSES, rules_of, stated_rules
from carms_lib.simulator.inputs.rules import RULES
from typer.cli import get_docs_for_click

try:
    import markdown
    import nbformat
    from nbconvert import MarkdownExporter
    from traitlets.config import Config
except ImportError as error:
    missing = exceptions.MissingExtraError(error.name or "nbconvert", "docs", "write the pages of the site")
    raise SystemExit(str(missing)) from None

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


RULE_YEARS = range(2016, 2027)
RULES_SUBTITLE = (
    "Generated from `carms_lib/data/rules.toml` and the registry of rules. A cohort has the rules of its year, unless "
    "it states others; `Scenario.set_rule(province=, rule=, value=)` changes one "
    "([Write a scenario](../how-to/write-a-scenario.md)). `carms_lib.simulator.load_rules()` returns this record."
)


def rules_page() -> str:
    """Return the page of the rules of the match by year and province, from the record and the registry."""
    record = load_rules()
    names = load_cohort("2025").provinces["name"]
    years = {year: rules_of(year, names.index) for year in RULE_YEARS}
    parts = [
        "# Rules of the match by year and province",
        RULES_SUBTITLE,
        "\n".join(f"- **{status}**: {meaning}." for status, meaning in STATUSES.items()),
    ]
    for rule, kind in RULES.items():
        entries = record[record["rule"] == rule]
        values = f"Values: {_listed(map(_value, kind.allowed))}; default: {_value(kind.default)}."
        parts.append(f"## {rule} {{: #{rule} }}\n\n{kind.meaning} {values}")
        if entries.empty:
            parts.append("No entry: the record knows of no province with this rule.")
            continue
        rows = [
            [names[code], *(_value(table.loc[code, rule]) for table in years.values())]
            for code in names.index
            if any(table.loc[code, rule] != kind.default for table in years.values())
            or (entries["province"] == code).any()
        ]
        if rows:
            parts.append(_table(["in force by default", *map(str, years)], rows))
        parts.append(_table(["matches", "provinces", "value", "status", "source", "note"], _entries(entries, names)))
    parts += ["## Stated by the bundled cohorts {: #stated }",
              "What follows is an assumption of these cohorts that the record does not hold.",
              _table(["cohorts", "rule", "province", "value", "source"], _stated_by_cohorts(names))]  # fmt: skip
    facts = tomllib.loads(resources.files("carms_lib.data").joinpath("rules.toml").read_text(encoding="utf-8"))["fact"]
    rows = [
        [fact["topic"], _listed(names[code] for code in fact["provinces"]) or "Canada", _years(fact), fact["says"],
         fact["where"], _source(fact["source"])]
        for fact in facts
    ]  # fmt: skip
    parts += ["## Facts beside the registry {: #facts }",
              _table(["topic", "where", "matches", "fact", "in the model", "source"], rows)]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _entries(entries: pd.DataFrame, names: pd.Series) -> list[list[str]]:
    """Return the rows of one rule's entries; provinces of one entry stand together."""
    entry = ["first", "last", "value", "status", "public", "source", "note"]
    rows = []
    for key, group in entries.groupby(entry, dropna=False, sort=False):
        known = dict(zip(entry, key, strict=True))
        places = _listed(names[code] for code in group["province"].dropna()) or "province not published"
        status = known["status"] + (": off by default" if known["status"] == "announced" else "")
        dated = _source(known["source"]) + (f", {known['public']}" if known["public"] else ", undated")
        rows.append([_years(known), places, _value(known["value"]), status, dated, known["note"]])
    return rows


def _stated_by_cohorts(names: pd.Series) -> list[list[str]]:
    """Return what the bundled cohorts state otherwise; those that state the same stand together."""
    cohorts: dict[tuple[str, ...], list[str]] = {}
    for path in sorted((ROOT / "carms_lib" / "data" / "cohorts").glob("*.toml")):
        cohort = load_cohort(path.stem)
        stated = stated_rules(cohort.provinces, cohort.year)
        for rule in RULES:
            source = cohort.sources[cohort.columns[f"provinces.{rule}"]["source"]]
            for code in stated.index[stated[rule]]:
                row = (rule, names[code], _value(cohort.provinces.loc[code, rule]), source)
                cohorts.setdefault(row, []).append(cohort.name)
    return [[_listed(same), *row] for row, same in cohorts.items()]


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *(list(map(cell, row)) for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _listed(items: Iterable[object]) -> str:
    return ", ".join(map(str, items))


def _value(value: object) -> str:
    return {"True": "yes", "False": "no"}.get(str(value), str(value))


def _years(entry: dict[str, object]) -> str:
    first, last = entry.get("first"), entry.get("last")
    if first is None:
        return "not dated"
    if pd.isna(last):
        return f"from {first}"
    return str(first) if first == last else f"{first} to {last}"


def _source(address: str) -> str:
    return f"[{address.split('/')[2]}]({address})"


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


SLIDE_STYLE = """
:root { color-scheme: light dark; --ink: #16202a; --paper: #fff; --accent: #0b4a7f }
@media (prefers-color-scheme: dark) { :root { --ink: #e8edf2; --paper: #12181f; --accent: #7db8ec } }
html { scroll-snap-type: y mandatory } body { margin: 0; background: var(--paper); color: var(--ink) }
section { box-sizing: border-box; min-height: 100vh; padding: 7vh 9vw; scroll-snap-align: start;
  display: flex; flex-direction: column; justify-content: center;
  font: clamp(18px, 2.1vw, 30px)/1.5 system-ui, sans-serif }
section > * { max-width: 34em } h1, h2 { color: var(--accent); line-height: 1.2; margin: 0 0 .6em }
h1 { font-size: 2.2em } h2 { font-size: 1.6em } img { max-height: 52vh; max-width: 100%; background: #fff }
pre { font-size: .72em; overflow-x: auto; max-width: 100% } a { color: var(--accent) } li { margin-bottom: .4em }
@media print { section { min-height: auto; height: 100vh; break-after: page } }
"""

SLIDE_SUBTITLE = (
    "carms_lib: where the pressure is in the Canadian residency match, and what one more seat would do.\n\n"
    "*Page Down or a swipe leads on; print makes a page of each slide.*"
)


def slides(source: Path) -> str:
    """Return the page in five minutes as slides: a section a screen, in one file beside its picture."""
    text = source.read_text(encoding="utf-8")
    text = re.sub(r"^For those who decide.*?\n\n", "", text, flags=re.MULTILINE | re.DOTALL, count=1)
    text = re.sub(r"\[([^\]]+)\]\((?!https?:)[^)]+\.(?:md|html)\)", r"\1", text).replace("](assets/", "](")
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    parts[0] += f"\n{SLIDE_SUBTITLE}\n"
    body = "\n".join(
        f"<section>\n{markdown.markdown(part.strip(), extensions=['fenced_code'])}\n</section>" for part in parts
    )
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>carms_lib in five minutes</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{SLIDE_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def contributing() -> str:
    """Return CONTRIBUTING.md with its links as they are from docs/project/."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    text = text.replace("](docs/", "](../").replace("](CHANGELOG.md)", "](../changelog.md)")
    # What is not on the site is named and not linked.
    return re.sub(r"\[([^\]]+)\]\((carms_lib/[^)]+)\)", r"\1 (`\2`)", text)


def main() -> None:
    """Write all generated pages."""
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        tutorial(notebook)
    write(DOCS / "reference" / "data-dictionary.md", dictionary())
    write(DOCS / "reference" / "rules.md", rules_page())
    write(DOCS / "reference" / "exceptions.md", exceptions_page())
    write(DOCS / "reference" / "cli.md", command_line())
    write(DOCS / "assets" / "slides.html", slides(DOCS / "five-minutes.md"))
    write(DOCS / "project" / "contributing.md", contributing())
    write(DOCS / "changelog.md", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
