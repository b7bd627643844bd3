"""One program page: from its text to a row of `page` and its rows of `section`.

Belongs here: the order of the work on a page (footer, sections, header, fields, privacy), and the rows that come
out. Does not belong here: finding or decoding files (`_files`), the patterns of fields (`page_readers`),
what must not leave the loaders (`contacts`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from .contacts import Directory, Scrubber, people_in_contacts
from .page_readers import Header, PrintedPage, parse_header, read_fields
from .sections import CONTACT_SECTION, Section, split_page

if TYPE_CHECKING:
    from collections.abc import Iterable

_FOOTER = re.compile(r"\n[ \t]*Source:[ \t]*(?P<source>\S*)[ \t]*(?:\n[ \t]*ID:[^\n]*)?\s*\Z")

Row = tuple[str | None, ...]


class PageParts(NamedTuple):
    """A page taken apart: nothing read yet, nothing removed yet.

    Never leaves the loaders: it holds the contact blocks.
    """

    document_id: str | None
    source_url: str | None
    preamble: str
    sections: list[Section]

    @property
    def contacts(self) -> str:
        """The bodies of the sections that stay here: the contacts, and what stands under an unknown heading."""
        return "\n\n".join(part.body for part in self.sections if _stays(part))

    @property
    def body(self) -> str:
        """The bodies of all other sections."""
        return "\n\n".join(part.body for part in self.sections if not _stays(part))


def _stays(section: Section) -> bool:
    """Answer whether the text of a section stays here; under an unknown heading there may be contacts too."""
    return section.key == CONTACT_SECTION or not section.is_known


def take_apart(document_id: str | None, text: str, *, source_url: str | None = None) -> PageParts:
    """Split the Markdown of a page.

    Parameters
    ----------
    document_id : str or None
        "release-program", such as "1503-27447".
    text : str
        The page as Markdown, with whatever line ends.
    source_url : str, optional
        Where it was published, when the file says so beside the text; else the page's own footer is asked.

    Returns
    -------
    PageParts
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    footer = _FOOTER.search(text)
    if footer:
        text, source_url = text[: footer.start()], source_url or footer["source"] or None
    return PageParts(document_id, source_url, *split_page(text))


def read_pages(pages: Iterable[PageParts]) -> tuple[list[Row], list[Row]]:
    """Read every page of a release; the only way by which a text leaves the loaders.

    Parameters
    ----------
    pages : iterable of PageParts
        All of the release: the contacts of one page are removed from the others too.

    Returns
    -------
    page_rows, section_rows : list of tuple of str or None
        In the order of the raw tables of these names.
    """
    pages = list(pages)
    directory = Directory(person for page in pages for person in people_in_contacts(page.preamble, page.contacts))
    page_rows: list[Row] = []
    section_rows: list[Row] = []
    for page in pages:
        header = parse_header(page.preamble)
        # Whatever may leave: the bodies, what the header says, and headings that nobody has seen before.
        headings = [part.heading for part in page.sections if not part.is_known]
        leaving = "\n\n".join(filter(None, [page.body, *header, *headings]))
        scrub = Scrubber.for_page(page.preamble, page.contacts, leaving, directory)
        page_rows.append(read_fields(_printed(page, header), scrub))
        section_rows += _section_rows(page, scrub)
    return page_rows, section_rows


def _printed(page: PageParts, header: Header) -> PrintedPage:
    bodies: dict[str, str] = {}
    for section in _as_far_as_known(page.sections):
        if section.key != CONTACT_SECTION:
            bodies.setdefault(section.key, section.body)
    return PrintedPage(page.document_id, page.source_url, _language(page.sections), header, bodies)


def _as_far_as_known(sections: list[Section]) -> list[Section]:
    """Return the known sections, each with what stands under unknown headings below it.

    Such a heading may as well be one that an author put into the text; the labels that the publisher's system prints
    under it still count.
    """
    known: list[Section] = []
    for section in sections:
        if section.is_known:
            known.append(section)
        elif known and not _stays(known[-1]):
            known[-1] = replace(known[-1], body=f"{known[-1].body}\n\n# {section.heading}\n\n{section.body}")
    return known


def _section_rows(page: PageParts, scrub: Scrubber) -> Iterable[Row]:
    for position, section in enumerate(page.sections, start=1):
        text = None if _stays(section) else scrub(section.body)
        key, heading = section.key, section.heading
        if not section.is_known:
            key = heading = scrub(heading) or key
        yield page.document_id, str(position), key, heading, str(len(section.body)), text


def _language(sections: list[Section]) -> str | None:
    """Return the language of most headings, None for a page without a known heading."""
    languages = [section.language for section in sections if section.is_known]
    if not languages:
        return None
    return "fr" if 2 * languages.count("fr") > len(languages) else "en"
