"""The readers of a page: its header block, and one small function per field of the registry.

Belongs here: the labels that the publisher's system prints, English and French, and reading the value beside each; of
the contact block only the province of the mailing address. Does not belong here: which fields there are
(`carms_lib.schemas.fields`); typing or judging a value. Each is returned as printed, wrapped lines joined, or missing.

Every label is anchored at the start of a line, in the section where the publisher prints it. Labels quoted
in a note do not count: a band is read only where its label opens a paragraph and the value follows on the
line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import NamedTuple, TypeAlias

from carms_lib.schemas import contract

from ._statements import stated_quota, stated_weights
from .sections import fold, unwrap

_RULE = re.compile(r"^\*[ ]?\*[ ]?\*[ ]*$", re.MULTILINE)
_BLOCKS = re.compile(r"\n[ \t]*\n")
_APPROVAL = re.compile(r"(?:##\s+)?(?:Last approved on|Approuv[eé] le)\s+(.*)", re.IGNORECASE | re.DOTALL)
_QUOTA = re.compile(
    r"(?:##\s+)?(?:Approximate Quota|Quota approximatif)\s*:[ \t]*(\S*)[ \t]*(.*)", re.IGNORECASE | re.DOTALL
)
_ACCREDITATION = re.compile(
    r"(?:##\s+)?(?:Accreditation status|Statut d.agrément)\s*:\s*(.*)", re.IGNORECASE | re.DOTALL
)
_MATCH = re.compile(r"R-\d.*(?:Match|Jumelage)|(?:Match|Jumelage).*R-\d", re.IGNORECASE)
_ADDRESS = re.compile(r"^(?:Address|Adresse)\b(.*?)(?=\n[ \t]*\n|\Z)", re.MULTILINE | re.DOTALL)
_POSTAL_CODE = re.compile(r"[A-Z]\d[A-Z] ?\d[A-Z]\d", re.IGNORECASE)
_IN_ITS_PLACE = re.compile(rf"[^,\d]+,[ \t]*(?P<province>[^\W\d][^,\d]*),[ \t]*{_POSTAL_CODE.pattern}", re.IGNORECASE)

# Names of provinces and territories as they are printed in addresses, folded.
_PROVINCES = frozenset(
    fold(name)
    for name in (
        "Alberta",
        "British Columbia",
        "Colombie-Britannique",
        "Manitoba",
        "New Brunswick",
        "Nouveau-Brunswick",
        "Newfoundland and Labrador",
        "Terre-Neuve-et-Labrador",
        "Northwest Territories",
        "Territoires du Nord-Ouest",
        "Nova Scotia",
        "Nouvelle-Écosse",
        "Nunavut",
        "Ontario",
        "Prince Edward Island",
        "Île-du-Prince-Édouard",
        "Quebec",
        "Saskatchewan",
        "Yukon",
    )
)


class Header(NamedTuple):
    """What the header and contact blocks say, as printed; None where they do not say it."""

    title: str | None = None
    match_name: str | None = None
    stream: str | None = None
    approval_date: str | None = None
    quota: str | None = None
    quota_note: str | None = None
    accreditation: str | None = None
    mailing_province: str | None = None


def parse_header(preamble: str) -> Header:
    """Read the header and contact blocks of a page.

    Parameters
    ----------
    preamble : str
        What `split_page` gives above the first section.

    Returns
    -------
    Header
    """
    parts = _RULE.split(preamble, maxsplit=1)
    found: dict[str, str | None] = {}
    title, match_name, stream = _names(parts[0])
    for block in _BLOCKS.split(parts[0]):
        block = block.strip()
        if match := _APPROVAL.match(block):
            found.setdefault("approval_date", _value(match[1]))
        elif match := _QUOTA.match(block):
            found.setdefault("quota", _value(match[1]))
            found.setdefault("quota_note", _value(match[2]))
        elif match := _ACCREDITATION.match(block):
            found.setdefault("accreditation", _value(match[1]))
    return Header(
        title=title,
        match_name=match_name,
        stream=stream,
        mailing_province=_mailing_province(parts[1]) if len(parts) > 1 else None,
        **found,
    )


def _names(header: str) -> tuple[str | None, str | None, str | None]:
    """Return title, match and stream: the two first-level headings and the line under the second."""
    heads = re.split(r"^#(?!#)[ \t]+", header, flags=re.MULTILINE)[1:]
    title = match_name = stream = None
    for head in heads:
        lines = _BLOCKS.split(head.strip(), maxsplit=1)[0].split("\n")
        if _MATCH.search(lines[0]):
            if match_name is None:
                match_name, stream = _value(lines[0]), _value(" ".join(lines[1:]))
        elif title is None:
            title = _value(" ".join(lines))
    return title, match_name, stream


def _mailing_province(contact_block: str) -> str | None:
    """Return the province at the end of the mailing address as printed; nothing else of the address is kept."""
    address = _ADDRESS.search(contact_block)
    if not address:
        return None
    lines = address[1].strip().split("\n")
    for line in reversed(lines):
        for part in reversed(line.split(",")):
            part = _POSTAL_CODE.sub("", part).strip()
            if fold(part) in _PROVINCES:
                return part
    # What stands where a province does and is none: it is told, so that nobody takes it for an address without one.
    unknown = _IN_ITS_PLACE.fullmatch(lines[-1].strip())
    return unknown["province"].strip() if unknown else None


_DOCUMENTS = "supporting_documentation_information"

_LANGUAGE = re.compile(
    r"^(?:Program application language|Langue de candidature du programme)[ \t]*:[ \t]*(\S.*)$", re.MULTILINE
)
_LENGTH = re.compile(
    r"^(?:This residency program is for|Ce programme de résidence est d.une durée de)[ \t]+"
    r"([^\n]*?)\.?[ \t]*$",
    re.MULTILINE,
)
_APPLICATIONS_LABEL = (
    r"(?:Average\s+number\s+of\s+applications\s+received\s+by\s+our\s+program\s+in\s+the\s+last\s+five\s+years"
    r"|Nombre\s+moyen\s+de\s+demandes\s+soumises\s+au\s+programme\s+pendant\s+les\s+cinq\s+dernières\s+années)"
)
_INTERVIEW_LABEL = (
    r"(?:Average\s+percentage\s+of\s+applicants\s+offered\s+interviews"
    r"|Pourcentage\s+moyen\s+de\s+candidats\s+invités\s+à\s+une\s+entrevue)"
)
_EVALUATION_LABEL = r"(?:Evaluation\s+criteria|Critères\s+d.évaluation)"
_BANDS = re.compile(
    rf"(?:\A|\n[ \t]*\n){_APPLICATIONS_LABEL}\s+:[ \t]*(?P<applications>[^\n]*?)[ \t]*"
    r"\n(?P<applications_note>.*?)"
    rf"\n{_INTERVIEW_LABEL}\s+:[ \t]*(?P<interview>[^\n]*?)[ \t]*%?[ \t]*(?:\n(?P<interview_note>.*?))?"
    rf"(?=\n{_EVALUATION_LABEL}\s+:|\n\#\#[ ]|\Z)",
    re.DOTALL,
)
_LETTERS = re.compile(
    r"^\S.*?[ \t]{2}(?:Number requested|Nombre de document\(s\) demandé)[ \t]*:[ \t]*(\S.*?)[ \t]*$",
    re.MULTILINE,
)
_WORDS = re.compile(
    r"^(?:Personal Letter|Lettre de motivation)\s+(?:Word count|Nombre de mots)\s+"
    r"Minimum[ \t]*:[^\n]*\s+Maximum[ \t]*:[ \t]*(\S[^\n]*?)[ \t]*$",
    re.MULTILINE,
)
_DATES = re.compile(r"^Dates[ \t]*:[ \t]*\n\s*?((?:[ \t]*\*[ \t]+[^\n]+\n?|[ \t]*\n)+)", re.MULTILINE)
_BULLET = re.compile(r"^[ \t]*\*[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
# Examinations come before these; their own label is missing on some pages, so it is no landmark.
_AFTER_EXAMS = re.compile(
    r"^(?:Reference documents|Documents de référence|Additional documents|Documents supplémentaires)[ \t]*$",
    re.MULTILINE,
)
# Examination names as the publisher's system prints them, alone on a line.
_EXAMS = re.compile(
    r"^(MCCQE Part I{1,2}|EACMC, partie I{1,2}|NAC|CNE|FMProC|CProMF|Casper|USMLE ?\d(?:-CK|-CS)?)[ \t]*$",
    re.MULTILINE,
)


@dataclass(eq=False)
class PrintedPage:
    """A page as its readers see it.

    Parameters
    ----------
    document_id, source_url, language : str or None
        What is known of the page before it is read: its key, its address, the language of its headings.
    header : Header
        What the header says.
    bodies : mapping of str to str
        Section key -> body, in page order, without the contacts; of several sections with one key the first.
    """

    document_id: str | None
    source_url: str | None
    language: str | None
    header: Header
    bodies: Mapping[str, str]

    def body(self, section: str) -> str:
        """Return the body of a `section`, empty where the page has none."""
        return self.bodies.get(section, "")

    @cached_property
    def bands(self) -> re.Match[str] | None:
        """Both bands with their notes, which are printed together."""
        return _BANDS.search(self.body("selection_criteria"))


Reader: TypeAlias = Callable[[PrintedPage], str | None]

READERS: dict[str, Reader] = {
    "document_id": lambda page: page.document_id,
    "program_stream_id": lambda page: page.document_id.rpartition("-")[2] if page.document_id else None,
    "source_url": lambda page: page.source_url,
    "page_language": lambda page: page.language,
    **{name: attrgetter(f"header.{name}") for name in Header._fields},
}
"""Name -> reader: the rows of the registry of fields name them. Add one with `reader`."""

WITHOUT_PROSE = frozenset({"document_id", "program_stream_id", "source_url", "page_language"})
"""Readers that return none of the page's prose, so that there is nothing to scrub."""


def reader(function: Reader) -> Reader:
    """Add a reader under the name of the function."""
    READERS[function.__name__] = function
    return function


@reader
def application_language(page: PrintedPage) -> str | None:
    """Read the language of application in the general instructions."""
    return _first(_LANGUAGE, page.body("general_instructions"))


@reader
def program_length(page: PrintedPage) -> str | None:
    """Read the sentence on the length of training in the curriculum."""
    return _first(_LENGTH, page.body("program_curriculum"))


@reader
def applications_band(page: PrintedPage) -> str | None:
    """Read the average number of applications among the selection criteria."""
    return _value(page.bands["applications"]) if page.bands else None


@reader
def applications_note(page: PrintedPage) -> str | None:
    """Read the text under the average number of applications."""
    return _value(page.bands["applications_note"]) if page.bands else None


@reader
def interview_band(page: PrintedPage) -> str | None:
    """Read the average percentage of applicants interviewed among the selection criteria."""
    return _value(page.bands["interview"]) if page.bands else None


@reader
def interview_note(page: PrintedPage) -> str | None:
    """Read the text under the average percentage of applicants interviewed."""
    return _value(page.bands["interview_note"]) if page.bands else None


@reader
def reference_letters(page: PrintedPage) -> str | None:
    """Read the numbers of letters requested in the supporting documentation."""
    return _joined(_LETTERS.findall(page.body(_DOCUMENTS)))


@reader
def personal_letter_words(page: PrintedPage) -> str | None:
    """Read the largest length of the personal letter in the supporting documentation."""
    return _first(_WORDS, page.body(_DOCUMENTS))


@reader
def interview_dates(page: PrintedPage) -> str | None:
    """Read the list of interview dates."""
    dates = _DATES.search(page.body("interviews"))
    return _joined(_BULLET.findall(dates[1])) if dates else None


@reader
def exams(page: PrintedPage) -> str | None:
    """Read the examinations named in the supporting documentation."""
    return _joined(_EXAMS.findall(_AFTER_EXAMS.split(page.body(_DOCUMENTS), maxsplit=1)[0]))


@reader
def body_quota(page: PrintedPage) -> str | None:
    """Read the number of positions that the body states for the stream and match of the header."""
    return stated_quota(page.bodies, page.header.stream, page.header.match_name)


@reader
def criteria_weights(page: PrintedPage) -> str | None:
    """Read the weights of the selection criteria."""
    return stated_weights(page.body("selection_criteria"))


def readers_of_page() -> tuple[str, ...]:
    """Return the names of the readers of the raw table of pages, in the order of its columns.

    Raises
    ------
    TypeError
        If the registry of fields names a reader that is not there.
    """
    names = tuple(column.place.reader for column in contract("raw", "page").fields.values() if column.place)
    if unknown := [name for name in names if name not in READERS]:
        msg = f"The registry of fields names readers of a page that the loaders do not have: {', '.join(unknown)}."
        raise TypeError(msg)
    return names


def read_fields(page: PrintedPage, scrub: Callable[[str | None], str | None]) -> tuple[str | None, ...]:
    """Read every field that the registry has of a page.

    Parameters
    ----------
    page : PrintedPage
    scrub : callable
        Removes contact details from a text.

    Returns
    -------
    tuple of str or None
        What is printed, in the order of the raw table of pages; None where the page does not say it.
    """
    values = ((name, READERS[name](page)) for name in readers_of_page())
    return tuple(value if name in WITHOUT_PROSE else scrub(value) for name, value in values)


def _value(text: str | None) -> str | None:
    return unwrap(text or "") or None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return _value(found[1]) if found else None


def _joined(values: list[str]) -> str | None:
    """Join what is listed with "; ", each value once, in the order printed."""
    return "; ".join(dict.fromkeys(unwrap(value) for value in values)) or None
