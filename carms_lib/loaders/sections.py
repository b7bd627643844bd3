"""The headings of a program page in both languages, and how a page falls into sections.

Belongs here: the table of headings, comparing them as people do (apostrophes, accents and case aside),
splitting a page's lines, and joining lines that were wrapped. Does not belong here: what a section says
(`page_readers`), and what of it may leave the loaders (`contacts`).

A page is a header block, a contact block and sections. A section begins with the rule ``* * *`` followed by
a first-level heading, known or not; a first-level heading without the rule is text of the body. No page of release
1503 has an unknown one, so that one is news: a new section, or an old one under another name.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

CONTACT_SECTION = "program_contacts"

# key -> (English heading, French heading), spelt as published; `fold` forgives what differs in print.
HEADINGS: dict[str, tuple[str, str]] = {
    CONTACT_SECTION: ("Program Contacts", "Personnes à contacter"),
    "important_information": ("Important Information", "Information importante"),
    "return_of_service": ("Return of Service", "Service post-formation"),
    "general_instructions": ("General Instructions", "Instruction generale"),
    "supporting_documentation_information": (
        "Supporting Documentation / Information",
        "Documents / Information à l’appui",
    ),
    "review_process": ("Review Process", "Processus d'examen des candidatures"),
    "interviews": ("Interviews", "Entrevues"),
    "selection_criteria": ("Selection Criteria", "Critères de sélection"),
    "program_highlights": ("Program Highlights", "Aperçu du programme"),
    "program_curriculum": ("Program Curriculum", "Programme d'étude"),
    "training_sites": ("Training Sites", "Site de formation"),
    "additional_information": ("Additional Information", "Information supplémentaire"),
    "faq": ("FAQ", "Foire aux questions"),
    "summary_of_changes": ("Summary of changes", "Résumé des modifications"),
}

_RULE = re.compile(r"\*[ ]?\*[ ]?\*\s*")
_HEADING = re.compile(r"#[ \t]+(\S.*?)\s*")
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00a0": " "})
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")


@dataclass(frozen=True)
class Section:
    """One section of a page.

    Parameters
    ----------
    key : str
        One of `HEADINGS`; the heading as printed where it is none of them.
    language : str or None
        "en" or "fr"; None for an unknown heading.
    heading : str or None
        As printed; None where the form of the pages does not repeat it.
    body : str
        As printed, with line feeds only.
    """

    key: str
    language: str | None
    heading: str | None
    body: str

    @property
    def is_known(self) -> bool:
        """The heading is one of those in the table."""
        return self.key in HEADINGS


def fold(text: str) -> str:
    """Return `text` without accents, case, invisible characters and kinds of apostrophe or space."""
    text = _INVISIBLE.sub("", text).translate(_APOSTROPHES)
    plain = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(plain.casefold().split())


_BY_HEADING = {
    fold(heading): (key, language)
    for key, headings in HEADINGS.items()
    for language, heading in zip(("en", "fr"), headings, strict=True)
}


def split_page(text: str) -> tuple[str, list[Section]]:
    """Split a page into what stands above the first section, and its sections in order.

    Parameters
    ----------
    text : str
        The page with line feeds only and without its footer.

    Returns
    -------
    preamble : str
        Header and contact block.
    sections : list of Section
        Bodies stripped of outer white space; an empty section has an empty body.
    """
    lines = text.split("\n")
    starts: list[tuple[int, int, str, str | None, str]] = []  # rule line, heading line, key, language, heading
    for number, line in enumerate(lines):
        if not (line.startswith("*") and _RULE.fullmatch(line)):
            continue
        below = number + 1
        while below < len(lines) and not lines[below].strip():
            below += 1
        heading = _HEADING.fullmatch(lines[below]) if below < len(lines) else None
        if heading:
            key, language = _BY_HEADING.get(fold(heading[1]), (heading[1], None))
            starts.append((number, below, key, language, heading[1]))
    if not starts:
        return text, []
    ends = [start[0] for start in starts[1:]] + [len(lines)]
    sections = [
        Section(key, language, heading, "\n".join(lines[head + 1 : end]).strip())
        for (_, head, key, language, heading), end in zip(starts, ends, strict=True)
    ]
    return "\n".join(lines[: starts[0][0]]), sections


def unwrap(text: str) -> str:
    """Join the lines of one paragraph into one line, with single spaces.

    A line that was broken inside a hyphenated word or a URL is joined with a space as well: the loaders keep
    what is printed and do not guess.
    """
    return " ".join(text.split())
