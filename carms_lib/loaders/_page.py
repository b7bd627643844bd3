"""One program page: from its text to a row of `page` and its rows of `section`.

Belongs here: the order of the work on a page (footer, sections, header, fields, privacy), and the record
that comes out. Does not belong here: finding or decoding files (`_files`), patterns of fields (`_header`,
`_fields`), what must not leave the loaders (`_privacy`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ._fields import parse_fields
from ._header import parse_header
from ._privacy import Scrubber
from ._release import PAGE_COLUMNS
from ._sections import CONTACT_SECTION, Section, split_page

_FOOTER = re.compile(r"\n(?:Source:[ \t]*(?P<source>\S*)[ \t]*\n)(?:ID:[ \t]*(?P<id>\S*))?\s*\Z")

type_Row = tuple[str | None, ...]


class ParsedPage(NamedTuple):
    """A row of `page` and its rows of `section`, in the order of the tables' columns."""

    page: tuple[str | None, ...]
    sections: list[tuple[str | None, ...]]


def parse_page(document_id: str, text: str, *, source_url: str | None = None) -> ParsedPage:
    """Read one page.

    Parameters
    ----------
    document_id : str
        "release-program", such as "1503-27447"; the part after the last hyphen is the `program_stream_id`.
    text : str
        The page as Markdown.
    source_url : str, optional
        Where it was published, when the file says so beside the text; else the page's own footer is asked.

    Returns
    -------
    ParsedPage
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    footer = _FOOTER.search(text)
    if footer:
        text, source_url = text[: footer.start()], source_url or footer["source"] or None
    preamble, sections = split_page(text)
    return assemble(document_id, preamble, sections, source_url)


def assemble(document_id: str, preamble: str, sections: list[Section], source_url: str | None) -> ParsedPage:
    """Make the rows of a page from its parts; the only place where text passes on its way out of the loaders."""
    contacts = "\n".join(section.body for section in sections if section.key == CONTACT_SECTION)
    scrub = Scrubber.for_page(preamble, contacts)
    header = parse_header(preamble)
    values: dict[str, str | None] = {
        **header._asdict(),
        **{name: scrub(value) for name, value in parse_fields(sections)._asdict().items()},
        "document_id": document_id,
        "program_stream_id": document_id.rpartition("-")[2],
        "source_url": source_url,
        "page_language": _language(sections),
    }
    rows: list[tuple[str | None, ...]] = [
        (
            document_id,
            str(position),
            section.key,
            section.heading,
            str(len(section.body)),
            None if section.key == CONTACT_SECTION else scrub(section.body),
        )
        for position, section in enumerate(sections, start=1)
    ]
    return ParsedPage(tuple(values.get(column) for column in PAGE_COLUMNS), rows)


def _language(sections: list[Section]) -> str | None:
    """Return the language of most headings, None for a page without a known heading."""
    n_french = sum(section.language == "fr" for section in sections)
    if not sections:
        return None
    return "fr" if 2 * n_french > len(sections) else "en"
