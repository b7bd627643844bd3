"""Who is named in the contact blocks of a page.

Belongs here: reading the names of people from the header's contact block, from the contact section, and from
beside an e-mail address; telling a person from an office; and the pattern that finds a person elsewhere. Does
not belong here: putting a placeholder in its place (`contact_details`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from .sections import fold

_DIRECTOR = re.compile(
    r"^(?:Program Directors?|Directeurs?(?:\(trice\))? de programme)[ \t]+(.+?)"
    r"(?=\n[ \t]*\n|\n(?:Address|Adresse)\b|\Z)",
    re.MULTILINE | re.DOTALL,
)
_LABELLED = re.compile(
    r"^[ \t]*(?:Name|Nom)[ \t]*:[ \t]*(.*?)"
    r"(?=\n[ \t]*\n|\s*\b(?:Title|Titre|Email|Adresse électronique|Phone|Téléphone)[ \t]*:|\Z)",
    re.MULTILINE | re.DOTALL,
)
_SEVERAL = re.compile(r"\n|[/;&,]|\bc/o\b|\band\b|\bet\b")
_PARENTHESES = re.compile(r"\(([^()]*)\)")
_TITLE = re.compile(
    r"^(?:Dr\(e\)|Drs?|Dre|Docteure?|Doctor|Mrs?|Ms|Miss|Mme|Mlle|Madame|Monsieur|M|Prof|Professor|Professeure?|Pre?)"
    r"(?:\.\s*|\s+)",
    re.IGNORECASE,
)
_TITLES_IN_TEXT = (
    r"(?:Dr\(e\)|Drs?\b\.?|Dre\b\.?|Docteure?\b|Doctor\b|Mr\.?|Mrs\.?|Ms\.?|Miss|Mme\.?|Madame|Monsieur|M\."
    r"|Prof\.?|Professor|Professeure?|Pre?\.)"
)
# Letters after a name.
_DEGREES = """
    BA BSc BScN CCFP CCFP(EM) CMEA DO FACS FCCMG FCFP FRCP FRCPC FRCSC MA MBA MD M.D M.D. MEd MHSc MPH MSc PA PhD RN
"""
# A name with one of these words is that of an office, a group, a place or nobody yet.
_OFFICES = """
    adjoint adjointe administrateur administration administrative administrator administratrice admission admissions
    agent agente anesthesia assistant assistante bureau campus canada carms center centre chief chiefs chirurgie comité
    committee contact contacts coordination coordinator coordonnateur coordonnatrice core department département
    directeur director directors directrice division education enseignement études équipe faculté faculty famille
    family gestion gta hôpital hospital img information interim joint lead leads manager médecine medical medicine
    newmarket office ontario pediatrics pgme physician postgraduate process processus program programme programs
    psychiatry recruitment regional representative résidence résident residency resident résidente résidents residents
    rural school secrétaire secretariat secrétariat secretary site specialist supervisor surgery tba tbd team
    undergraduate université university urban
"""
_AFTER_NAME = frozenset(map(fold, _DEGREES.split()))
_OFFICE_WORDS = frozenset(map(fold, _OFFICES.split()))
_NAME_BESIDE_ADDRESS = re.compile(
    r"(?<![\w@])([^\W\d_a-z][\w'’-]+(?:[ \t]+[^\W\d_a-z]\.)?(?:[ \t\n]+[^\W\d_a-z][\w'’-]+){1,2})(?![\w@])"
)
_LETTERS = {
    "a": "aàáâãäå",
    "c": "cç",
    "e": "eèéêë",
    "i": "iìíîï",
    "n": "nñ",
    "o": "oòóôõöø",
    "u": "uùúûü",
    "y": "yýÿ",
}
# Between two parts of a name: white space, emphasis, a hyphen, or what stands for a space in an address.
_GAP_CHARACTER = r"(?:[\s.*_+\u00a0\u200b\u2010-\u2013-]|%20)"
_GAP = _GAP_CHARACTER + "{1,4}"
_MIDDLE = rf"(?:\(?[^\W\d_a-z][\w'’.]*\)?{_GAP}){{0,2}}?"


@dataclass(frozen=True)
class Person:
    """Someone to be found: the parts of the name in order, accents and case kept."""

    parts: tuple[str, ...]

    @cached_property
    def surname(self) -> str:
        """The last part, folded."""
        return fold(self.parts[-1])

    @cached_property
    def first(self) -> str:
        """The first part, folded."""
        return fold(self.parts[0])

    @cached_property
    def surname_words(self) -> frozenset[str]:
        """Words in lower case of which a text must hold one to name this person."""
        return _words_of(self.parts[-1])

    @cached_property
    def first_words(self) -> frozenset[str]:
        """Words in lower case of which a text must hold one to give the first name too."""
        return _words_of(self.parts[0])

    @cached_property
    def full_name(self) -> re.Pattern[str] | None:
        """The full name, also reversed or with middle names left out or added; None for a surname alone."""
        if len(self.parts) < 2:
            return None
        first, last = _spelt(self.parts[0]), _spelt(self.parts[-1])
        return re.compile(
            rf"(?:{_TITLES_IN_TEXT}[ \t]*)?(?<![^\W\d_])"
            rf"(?:{first}{_GAP}{_MIDDLE}{last}|{last},\s+{first})(?![^\W\d_])"
        )

    @cached_property
    def surname_alone(self) -> re.Pattern[str]:
        """The surname where it stands for the person.

        After a title; after a word with the initial of the first name ("J.", a short form); after another name
        that was removed; alone in parentheses.
        """
        between = "|".join(map(_spelt, self.parts[1:-1])) or "(?!)"
        surname = rf"(?:(?:{between}){_GAP})*{_spelt(self.parts[-1])}"
        initial = re.escape(self.parts[0][0].upper()) if len(self.parts) > 1 else "(?!)"
        return re.compile(
            rf"(?<![^\W\d_])(?:{_TITLES_IN_TEXT}{_GAP_CHARACTER}{{0,3}}{_MIDDLE}|{initial}(?:[\w'’]*|\.)[ \t\n]+)"
            rf"{surname}(?![^\W\d_])"
            rf"|(?<=\[name removed\])\s*(?:,|&|/|and|et)\s*{surname}(?![^\W\d_])"
            rf"|(?<=\(){surname}(?=\))|(?<=[,/] ){surname}(?=\))"
        )


def people_in_contacts(preamble: str, contacts: str) -> list[Person]:
    """Return the people named in a page's own contact blocks, in order, each once.

    Parameters
    ----------
    preamble : str
        What stands above the first section.
    contacts : str
        Body of the contact section.
    """
    printed = [match[1] for match in _DIRECTOR.finditer(preamble)]
    printed += [match[1] for match in _LABELLED.finditer(contacts)]
    return list(dict.fromkeys(person for names in printed for person in people_named(names)))


def people_beside(address: str, around: str) -> list[Person]:
    """Return the people named around an e-mail address whose surname or first name is part of it."""
    local = "".join(char for char in fold(address.partition("@")[0]) if char.isalpha())
    people = []
    for match in _NAME_BESIDE_ADDRESS.finditer(around):
        words = match[1].split()
        if len(words) > 2 and fold(words[0]) not in local:
            words = words[1:]  # "Ask Ada Quill": a sentence begins with a capital too
        people += [
            person
            for person in people_named(" ".join(words))
            if len(person.parts) > 1 and any(len(part) > 2 and part in local for part in (person.surname, person.first))
        ]
    return people


@lru_cache(maxsize=4096)
def people_named(printed: str) -> tuple[Person, ...]:
    """Return the people in a printed name: none for an office, two for "Dr. A B / Ms C D"."""
    people: list[Person] = []
    aliases = [
        alias.strip() for alias in _PARENTHESES.findall(printed) if re.fullmatch(r"[^\W\d_a-z][\w'’-]+", alias.strip())
    ]
    for piece in _SEVERAL.split(_PARENTHESES.sub(" ", printed.replace("Dr(e)", "Dr"))):
        parts, has_title = _parts(piece)
        if not parts or any(fold(part) in _OFFICE_WORDS for part in parts):
            continue
        if len(parts) == 1 and not has_title:
            continue
        if len(parts[-1]) < 2 or all(len(part) < 2 for part in parts):
            continue
        people.append(Person(parts))
        people += [Person((alias, *parts[1:])) for alias in aliases if len(parts) > 1]
    return tuple(people)


def _parts(piece: str) -> tuple[tuple[str, ...], bool]:
    """Return the parts of a name without titles and letters after it, and whether it had a title."""
    piece = " ".join(piece.replace("*", " ").split())
    has_title = False
    while title := _TITLE.match(piece + " "):
        has_title, piece = True, piece[title.end() :].strip()
    words = [word.strip(".") for word in re.split(r"[\s\u2010-\u2013-]+", piece)]
    kept = [word for word in words if word and fold(word) not in _AFTER_NAME and any(map(str.isalpha, word))]
    return tuple(kept), has_title


def _words_of(part: str) -> frozenset[str]:
    """Return the words as which one part of a name may be printed.

    With and without accents; of "D'Arc" the longer side; and what follows the space that the published pages
    sometimes put before an accented letter.
    """
    word = max(re.split("['’‘]", part), key=len).casefold()
    accent = next((place for place, char in enumerate(word) if not char.isascii()), 0)
    return frozenset({word, fold(word), word[accent:]})


def _spelt(part: str) -> str:
    """Return a pattern for one part of a name, in any case, with or without accents, whatever the apostrophe.

    The published pages sometimes put a space before an accented letter; it is allowed for.
    """
    spelt = []
    for char in part:
        plain = fold(char)
        if char in "'’‘":
            spelt.append("['’‘]?")
        elif plain in _LETTERS:
            spelt.append(("[ ]?" if char.casefold() != plain else "") + f"[{_LETTERS[plain]}]")
        else:
            spelt.append(re.escape(char))
    return "(?i:" + "".join(spelt) + ")"
