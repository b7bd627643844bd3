"""One writer for docs/performance.md: each benchmark script owns one section of it."""

from __future__ import annotations

import os
import re
from pathlib import Path

from carms_lib.provenance import package_versions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"
_HEAD = """# Performance

Every figure on this page was measured by a script in `tests/benchmarks/`, which wrote its section here. Run a script
again to measure your own machine. Seconds depend on the machine; ratios and growth do so much less.
"""


def write_section(name: str, markdown: str, *, page: Path = PAGE) -> Path:
    """Replace the section `name` of the page, or add it at the end; other sections stay as they are.

    Parameters
    ----------
    name : str
        Letters, digits and hyphens; the section stands between ``<!-- name -->`` and ``<!-- /name -->``.
    markdown : str
        The section, with its heading of level 2.
    page : Path
        The page; made when it is not there.

    Returns
    -------
    Path
    """
    if not re.fullmatch(r"[a-z0-9-]+", name):
        message = f"name={name!r} must be of small letters, digits and hyphens"
        raise ValueError(message)
    versions = package_versions()
    machine = ", ".join(f"{part} {versions[part]}" for part in ("python", "numpy", "numba"))
    section = (
        f"<!-- {name} -->\n{markdown.strip()}\n\n*Measured on {os.cpu_count()} cores{_processor()}; {machine}.*\n"
        f"<!-- /{name} -->"
    )
    text = page.read_text(encoding="utf-8") if page.exists() else _HEAD
    there = re.compile(rf"<!-- {name} -->\n.*?<!-- /{name} -->", flags=re.DOTALL)
    text = there.sub(lambda _: section, text) if there.search(text) else f"{text.rstrip()}\n\n{section}\n"
    page.write_text(text, encoding="utf-8")
    return page


def _processor() -> str:
    """Name the processor where the system does: two of one name can differ by half, so family and model go with it."""
    listing = Path("/proc/cpuinfo")
    if not listing.exists():
        return ""
    facts = dict(re.findall(r"^(model name|cpu family|model)\s*: (.*)$", listing.read_text("utf-8"), re.MULTILINE))
    if "model name" not in facts:
        return ""
    return f" of {facts['model name']} (family {facts.get('cpu family', '?')}, model {facts.get('model', '?')})"
