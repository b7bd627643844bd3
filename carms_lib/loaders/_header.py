"""What stands above the first section of a page: title, match, stream, dates, quota, accreditation, province.

Belongs here: reading the header block, and from the contact block only the province of the mailing address
and the names that `contact_details` must find elsewhere. Does not belong here: typing or judging a value; each is
returned as printed, wrapped lines joined, or missing.
"""

from __future__ import annotations

import re
from typing import NamedTuple

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


def _value(text: str) -> str | None:
    return unwrap(text) or None


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
