"""What the sections of a page say in a fixed form, English and French.

Belongs here: the labels that the publisher's system prints, and reading the value beside each. Does not
belong here: typing or judging a value; each is returned as printed, wrapped lines joined, or missing.

Every label is anchored at the start of a line, in the section where the publisher prints it. Labels quoted
in a note do not count: a band is read only where its label opens a paragraph and the value follows on the
line.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ._sections import CONTACT_SECTION, Section, unwrap
from ._statements import body_quota, criteria_weights

if TYPE_CHECKING:
    from ._header import Header

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


class Fields(NamedTuple):
    """What the sections say, as printed; None where they do not say it."""

    application_language: str | None = None
    program_length: str | None = None
    applications_band: str | None = None
    applications_note: str | None = None
    interview_band: str | None = None
    interview_note: str | None = None
    reference_letters: str | None = None
    personal_letter_words: str | None = None
    interview_dates: str | None = None
    exams: str | None = None
    body_quota: str | None = None
    criteria_weights: str | None = None


def parse_fields(sections: list[Section], header: Header) -> Fields:
    """Read every field that the publisher's system prints in the sections of a page.

    Parameters
    ----------
    sections : list of Section
        In page order; of several with one key the first counts.
    header : Header
        What the page's header says: a quota in the body is read for its stream and match.

    Returns
    -------
    Fields
    """
    bodies: dict[str, str] = {}
    for section in sections:
        if section.key != CONTACT_SECTION:
            bodies.setdefault(section.key, section.body)
    documents = bodies.get("supporting_documentation_information", "")
    criteria = bodies.get("selection_criteria", "")
    bands = _BANDS.search(criteria)
    dates = _DATES.search(bodies.get("interviews", ""))
    return Fields(
        application_language=_first(_LANGUAGE, bodies.get("general_instructions", "")),
        program_length=_first(_LENGTH, bodies.get("program_curriculum", "")),
        applications_band=_value(bands["applications"]) if bands else None,
        applications_note=_value(bands["applications_note"]) if bands else None,
        interview_band=_value(bands["interview"]) if bands else None,
        interview_note=_value(bands["interview_note"]) if bands else None,
        reference_letters=_joined(_LETTERS.findall(documents)),
        personal_letter_words=_first(_WORDS, documents),
        interview_dates=_joined(_BULLET.findall(dates[1])) if dates else None,
        exams=_joined(_EXAMS.findall(_AFTER_EXAMS.split(documents, maxsplit=1)[0])),
        body_quota=body_quota(bodies, header.stream, header.match_name),
        criteria_weights=criteria_weights(criteria),
    )


def _value(text: str | None) -> str | None:
    return unwrap(text or "") or None


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return _value(found[1]) if found else None


def _joined(values: list[str]) -> str | None:
    """Join what is listed with "; ", each value once, in the order printed."""
    return "; ".join(dict.fromkeys(unwrap(value) for value in values)) or None
