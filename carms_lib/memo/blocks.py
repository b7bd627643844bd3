"""A page as a list of blocks, so that HTML and Markdown say the same.

Belongs here: the few kinds of block a memo has. Does not belong here: what a memo says (`story`), or how a block
looks (`forms`).

Text may mark words as strong, ``**so**``, and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

__all__ = [
    "Answer",
    "Block",
    "Cell",
    "Figure",
    "Grid",
    "Heading",
    "Items",
    "Paragraph",
    "Preformatted",
    "TableBlock",
    "Tile",
    "Tiles",
]


@dataclass(frozen=True)
class Heading:
    """A section's heading."""

    text: str


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of prose; `quiet` for a note under a table or figure."""

    text: str
    quiet: bool = False


@dataclass(frozen=True)
class Answer:
    """The sentences that must be read even if nothing else is."""

    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Items:
    """An unordered list."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Figure:
    """A picture with its caption and with the words that stand for it where it cannot be seen."""

    name: str  # of its file, without suffix
    caption: str
    alternative: str
    wide: bool = False


@dataclass(frozen=True)
class TableBlock:
    """A small table of text; columns from the second on are numbers and aligned as such."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Preformatted:
    """Lines kept as they are."""

    text: str


@dataclass(frozen=True)
class Tile:
    """One number that is read first: what it is, the number, and a note; `tone` is "", "good", "fair" or "poor"."""

    label: str
    value: str
    note: str
    tone: str = ""


@dataclass(frozen=True)
class Tiles:
    """A row of tiles."""

    tiles: tuple[Tile, ...]


@dataclass(frozen=True)
class Cell:
    """A cell of a grid: its text, its tone as a tile's, and the share of the cell that a bar fills, 0 to 1."""

    text: str
    tone: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Grid:
    """A table whose cells have a tone or a bar, beside the text that says the same; `prose` cells are words."""

    header: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    prose: bool = False


Block: TypeAlias = Heading | Paragraph | Answer | Items | Figure | TableBlock | Preformatted | Tiles | Grid
