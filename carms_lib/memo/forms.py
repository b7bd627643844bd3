"""Blocks as HTML and as Markdown, and a page as PDF.

Belongs here: both forms of each block; finding a browser, and asking it to print a page. Does not belong here: a word
of the memo. The HTML page is self-contained: style and figures are inside it, and nothing is fetched; its frame and
style, also in print, are `page.html` and `page.css` beside this module. The figures of the Markdown lie in a folder
beside the file.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from html import escape
from importlib import resources
from pathlib import Path
from string import Template

from carms_lib.exceptions import MemoError
from carms_lib.memo.blocks import (
    Answer,
    Block,
    Cell,
    Figure,
    Grid,
    Heading,
    Items,
    Paragraph,
    Preformatted,
    TableBlock,
    Tile,
    Tiles,
)

__all__ = ["BROWSER_VARIABLE", "find_browser", "print_pdf", "to_html", "to_markdown"]

_BAND, _AS_ONE = re.compile(r"(?<=</strong>) (\([^()]*\))$"), r' <span class="band">\1</span>'
_COLUMNS = 5  # more do not fit a telephone, where each row becomes a card


def to_html(
    title: str, subtitle: str, blocks: Iterable[Block], pictures: Mapping[str, bytes], *, layout: str = "memo"
) -> str:
    """Return the page as HTML; `pictures` holds an SVG file for each figure's name.

    The layout "memo" sets one column to be read; "board" gives tables the whole width.
    """
    here = resources.files("carms_lib.memo")
    return Template(here.joinpath("page.html").read_text(encoding="utf-8")).substitute(
        title=escape(title),
        subtitle=_inline(subtitle),
        layout=layout,
        style=here.joinpath("page.css").read_text(encoding="utf-8"),
        body="\n".join(_html(block, pictures) for block in blocks),
    )


def _html(block: Block, pictures: Mapping[str, bytes]) -> str:
    match block:
        case Heading(text):
            return f'<h2 id="{_anchor(text)}">{_inline(text)}</h2>'
        case Paragraph(text, quiet):
            return f'<p class="quiet">{_inline(text)}</p>' if quiet else f"<p>{_inline(text)}</p>"
        case Answer(sentences):
            lines = "\n".join(f"<li>{_inline(sentence)}</li>" for sentence in sentences)
            return f'<ol class="answer">\n{lines}\n</ol>'
        case Items(items):
            lines = "\n".join(f"<li>{_inline(item)}</li>" for item in items)
            return f"<ul>\n{lines}\n</ul>"
        case Figure(name, caption, alternative, wide):
            source = "data:image/svg+xml;base64," + base64.b64encode(pictures[name]).decode("ascii")
            return (
                f"<figure{' class=wide' if wide else ''}>\n"
                f'<div class="scroll" tabindex="0"><img src="{source}" alt="{escape(alternative)}"></div>\n'
                f"<figcaption>{_inline(caption)}</figcaption>\n</figure>"
            )
        case TableBlock(header, rows):
            head = "".join(f'<th scope="col" role="columnheader">{_inline(cell)}</th>' for cell in header)
            body = "\n".join('<tr role="row">' + _row(header, row) + "</tr>" for row in rows)
            many = len(header) > _COLUMNS
            return (
                f'<div class="scroll{" wide" if many else ""}" tabindex="0">'
                f'<table role="table"{" class=cards" if many else ""}>\n'
                f'<thead><tr role="row">{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>'
            )
        case Preformatted(text):
            return f"<pre>{escape(text)}</pre>"
        case Tiles(tiles):
            return '<dl class="tiles">\n' + "\n".join(map(_tile, tiles)) + "\n</dl>"
        case Grid(header, cells, prose):
            head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in header)
            body = "\n".join("<tr>" + _cells(row) + "</tr>" for row in cells)
            return (
                f'<div class="scroll wide" tabindex="0"><table class="grid{" prose" if prose else ""}">\n'
                f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table></div>"
            )


def _row(header: tuple[str, ...], row: tuple[str, ...]) -> str:
    """Return a row; a cell says what it is, for a telephone that shows a row as a card."""
    first, *others = (_inline(cell) for cell in row)
    return f'<th scope="row" role="rowheader">{first}</th>' + "".join(
        f'<td role="cell" data-label="{escape(name)}">{_BAND.sub(_AS_ONE, cell)}</td>'
        for name, cell in zip(header[1:], others, strict=True)
    )


def _tile(tile: Tile) -> str:
    tone = f" {tile.tone}" if tile.tone else ""
    return (
        f'<div class="tile{tone}"><dt>{_inline(tile.label)}</dt>'
        f"<dd><strong>{_inline(tile.value)}</strong><span>{_inline(tile.note)}</span></dd></div>"
    )


def _cells(row: tuple[Cell, ...]) -> str:
    first, *others = row
    return f'<th scope="row"{_look(first)}>{_inline(first.text)}</th>' + "".join(
        f"<td{_look(cell)}>{_inline(cell.text)}</td>" for cell in others
    )


def _look(cell: Cell) -> str:
    names = [cell.tone] if cell.tone else []
    if cell.share is None:
        return f' class="{names[0]}"' if names else ""
    return f' class="{" ".join([*names, "bar"])}" style="--share: {100 * min(max(cell.share, 0.0), 1.0):.0f}%"'


def _inline(text: str) -> str:
    return re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(text, quote=False))


def _anchor(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def to_markdown(title: str, subtitle: str, blocks: Iterable[Block], folder: str) -> str:
    """Return the page as Markdown; `folder` is where its figures lie, relative to it."""
    parts = [f"# {title}", subtitle, *(_markdown(block, folder) for block in blocks)]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Block, folder: str) -> str:
    match block:
        case Heading(text):
            return f"## {text}"
        case Paragraph(text, quiet):
            return f"*{text.replace('**', '')}*" if quiet else text
        case Answer(sentences):
            return "\n>\n".join(f"> {sentence}" for sentence in sentences)
        case Items(items):
            return "\n".join(f"- {item}" for item in items)
        case Figure(name, caption, alternative):
            return f"![{alternative}]({folder}/{name}.svg)\n\n*{caption}*"
        case TableBlock(header, rows):
            return _markdown_table(header, rows, "---:")
        case Grid(header, cells, prose):
            texts = tuple(tuple(cell.text for cell in row) for row in cells)
            return _markdown_table(header, texts, "---" if prose else "---:")
        case Tiles(tiles):
            return "\n".join(f"- {tile.label}: **{tile.value}** ({tile.note})" for tile in tiles)
        case Preformatted(text):
            return f"```text\n{text}\n```"


def _markdown_table(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...], rule: str) -> str:
    rules = ("---", *(rule for _ in header[1:]))
    return "\n".join("| " + " | ".join(map(_markdown_cell, row)) + " |" for row in (header, rules, *rows))


def _markdown_cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")


BROWSER_VARIABLE = "CARMS_BROWSER"
_BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
    "microsoft-edge",
)
_TIMEOUT = 120  # seconds


def find_browser() -> str:
    """Return the path of a browser that can print.

    Raises
    ------
    MemoError
        If none is found; said before a long run, not after it.
    """
    named = os.environ.get(BROWSER_VARIABLE)
    for name in (named,) if named else _BROWSERS:
        found = shutil.which(name)
        if found:
            return found
    where = f"{BROWSER_VARIABLE}={named!r} names none" if named else f"looked for {', '.join(_BROWSERS[:4])} …"
    msg = (
        f"pdf=True needs a browser to print with, and there is none ({where}). Install Chromium or Chrome, or set "
        f"{BROWSER_VARIABLE} to its path; without pdf the page can be printed from any browser."
    )
    raise MemoError(msg)


def print_pdf(browser: str, page: Path, to: Path) -> None:
    """Print the HTML file `page` into the PDF file `to`; needs no display.

    Raises
    ------
    MemoError
        If the browser fails or writes nothing.
    """
    with tempfile.TemporaryDirectory(prefix="carms-browser-") as profile:
        command = [
            browser, "--headless=new", "--disable-gpu", "--no-sandbox", "--no-pdf-header-footer",
            f"--user-data-dir={profile}", f"--print-to-pdf={to.resolve()}", page.resolve().as_uri(),
        ]  # fmt: skip
        try:
            # The page is our own and holds no script; the browser is the user's own.
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT, check=False)  # noqa: S603
        except (OSError, subprocess.TimeoutExpired) as error:
            msg = f"The browser {browser!r} could not print the memo: {error}."
            raise MemoError(msg) from error
    if done.returncode != 0 or not to.is_file() or to.stat().st_size == 0:
        said = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        msg = f"The browser {browser!r} could not print the memo: exit code {done.returncode}, {said}"
        raise MemoError(msg)
