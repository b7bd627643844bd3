"""Blocks as Markdown, with the figures beside the file.

Belongs here: the form of each block in Markdown. Does not belong here: a word of the memo.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from carms_lib.memo.blocks import Answer, Block, Figure, Grid, Heading, Items, Paragraph, Preformatted, Table, Tiles

__all__ = ["to_markdown"]


def to_markdown(title: str, subtitle: str, blocks: Iterable[Block], folder: str) -> str:
    """Return the page as Markdown; `folder` is where its figures lie, relative to it."""
    parts = [f"# {title}", subtitle, *(_form(block, folder) for block in blocks)]
    return "\n\n".join(parts) + "\n"


def _form(block: Block, folder: str) -> str:
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
        case Table(header, rows):
            return _table(header, rows, "---:")
        case Grid(header, cells, prose):
            texts = tuple(tuple(cell.text for cell in row) for row in cells)
            return _table(header, texts, "---" if prose else "---:")
        case Tiles(tiles):
            return "\n".join(f"- {tile.label}: **{tile.value}** ({tile.note})" for tile in tiles)
        case Preformatted(text):
            return f"```text\n{text}\n```"


def _table(header: tuple[str, ...], rows: tuple[tuple[str, ...], ...], rule: str) -> str:
    rules = ("---", *(rule for _ in header[1:]))
    return "\n".join("| " + " | ".join(map(_cell, row)) + " |" for row in (header, rules, *rows))


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", r"\|")
