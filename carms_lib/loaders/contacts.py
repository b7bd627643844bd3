"""Contact details stop here: e-mail addresses, telephone numbers, names of contacts.

Belongs here: reading the names of people from the contact blocks and from beside an e-mail address; telling a person
from an office; finding contact details in a text and putting a visible placeholder in their place. Does not belong
here: dropping the contact blocks themselves; `pages` never passes them on.

A contact is everybody named in a contact block of any page of the release, and everybody named beside an e-mail
address on a page. A full name is removed wherever it occurs; a surname after a title, or a first name just before a
removed address, only on the pages that name its bearer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from .sections import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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


def _words(text: str) -> set[str]:
    """Return the words of a text in lower case; what is no bare word is taken apart once, however often it stands."""
    printed = set(text.casefold().split())
    bare = {word for word in printed if word.isalpha()}
    return bare.union(_WORD.findall(" ".join(printed - bare)))


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


EMAIL_PLACEHOLDER = "[e-mail removed]"
PHONE_PLACEHOLDER = "[telephone removed]"
NAME_PLACEHOLDER = "[name removed]"

# A name may be wrapped at a hyphen, and so may a domain; some addresses are printed with a space before the @, with
# "(at)" for it, or percent-encoded inside another address.
_LOCAL = r"(?:[\w.+'’%-]{1,64}-\n)?[\w.+'’%-]{0,80}[\w+]"
_AT_SIGN = r"(?:[ *_]{0,3}@[ *_]?|%40|\s?[(\[{]\s?(?:at|arobas|arobase|a commercial)\s?[)\]}]\s?)"
_DOMAIN = r"(?:[\w-]{1,63}\.|[\w-]{1,63}-\n){1,8}(?:[\w-]{1,63}-\n)?[\w-]{0,63}\w"
_EMAIL = re.compile(rf"(?:mailto:\s*)?{_LOCAL}{_AT_SIGN}{_DOMAIN}", re.IGNORECASE)
_LINK = re.compile(r"\[([^\[\]]*)\]\(\s*mailto:[^()]*\)", re.IGNORECASE)
_BARE_MAILTO = re.compile(r"mailto:[^\s)>\]]+", re.IGNORECASE)
_HYPHEN = r"[\u2010-\u2015\u2212-]"
_SEPARATOR = rf"(?:[\s.\u00a0*]|{_HYPHEN}){{0,3}}"
_EXTENSION = r"(?:(?:[\s,;*(]|%20){0,4}(?:ext(?:ension)?|ex|x|poste?|p|#)[\s.:*#]{0,3}\d{2,6}(?!\d)\)?)"
_PHONE = re.compile(
    rf"(?<![\w/=%&.+])(?:tel:\s*)?(?:(?:\+|00)?1{_SEPARATOR})?"
    rf"(?:\(\d{{3}}\){_SEPARATOR}|\d{{3}}{_SEPARATOR})\d{{3}}{_SEPARATOR}\d{{4}}(?!\d){_EXTENSION}?"
    rf"|(?<=tel:)[+(\d][\d().\s-]{{6,19}}"
    rf"|(?<![\w/=%&.])\+\d{{1,3}}[\s.-]\d[\d\s.()-]{{6,14}}\d",
    re.IGNORECASE,
)
# Seven digits are a telephone number only where something says so.
_LOCAL_PHONE = re.compile(
    rf"((?:\b(?:tel|tél|phone|telephone|téléphone|fax|télécopieur|pager|cell)\w*)[\s.:*]{{0,4}})"
    rf"\d{{3}}{_HYPHEN}\d{{4}}(?!\d)",
    re.IGNORECASE,
)
# Each of the next three begins with the characters that it can begin with, a class or single letters: the regular
# expressions of Python pass over everything else at once. They look at every character of a release.
_LONE_EXTENSION = re.compile(r"[EePp](?<=\b[EePp])(?:(?<=[Ee])xt(?:ension|\.)?|(?<=[Pp])oste)[\s*]{0,3}#?\d{3,6}(?!\d)")
# What a text must hold for the patterns above to be worth trying on the lines around it.
_CLOSED_AT = r"[ ]?(?:[Aa][Tt]|[Aa]robase?|a commercial)[ ]?[)\]}]"
_AT = re.compile(rf"@|%40|mailto:|\({_CLOSED_AT}|\[{_CLOSED_AT}|\{{{_CLOSED_AT}")
_DIGITS = re.compile(r"[\d+:](?:(?<=\d)\d\d[\s.\u00a0*()\u2010-\u2015\u2212-]{0,5}\d{4}|(?<=\+)\d|(?<=tel:))")
_WORD = re.compile(r"[^\W\d_]+")
_BEFORE, _AFTER = 100, 60  # characters around an address in which a name belongs to it


class Directory:
    """Everybody who is named in a contact block of a release, found by surname.

    Parameters
    ----------
    people : iterable of Person
    """

    def __init__(self, people: Iterable[Person]) -> None:
        self._by_surname: dict[str, list[Person]] = {}
        for person in dict.fromkeys(people):
            if len(person.parts) > 1:
                for word in person.surname_words:
                    self._by_surname.setdefault(word, []).append(person)

    def named_among(self, words: set[str]) -> list[Person]:
        """Return those whose surname and first name are both among `words`, all in lower case."""
        return [
            person
            for word in sorted(words & self._by_surname.keys())
            for person in self._by_surname[word]
            if not words.isdisjoint(person.first_words)
        ]


class Scrubber:
    """Takes contact details out of the texts of one page.

    Parameters
    ----------
    own : iterable of Person
        Those whom the page itself names as contacts.
    others : iterable of Person
        Contacts of other pages, whose full names are to go.
    """

    def __init__(self, own: Iterable[Person], others: Iterable[Person] = ()) -> None:
        # Longest first, so that "A B-C" goes as a whole before "A B" is looked for.
        self._own = dict.fromkeys(sorted(own, key=lambda person: -len(person.parts)))
        self._everybody = list(dict.fromkeys([*self._own, *others]))
        firsts = sorted({re.escape(person.parts[0]) for person in self._own if len(person.parts) > 1})
        self._first_names = "|".join(firsts)

    @classmethod
    def for_page(cls, preamble: str, contacts: str, body: str, directory: Directory) -> Scrubber:
        """Learn whom to look for on a page.

        Parameters
        ----------
        preamble : str
            What stands above the first section.
        contacts : str
            Body of the contact section.
        body : str
            The other sections.
        directory : Directory
            The contacts of the whole release.
        """
        own = people_in_contacts(preamble, contacts)
        for start, end in _spans(body, _AT):
            passage = body[start:end]
            for link in _LINK.finditer(passage):
                own += [person for person in people_named(link[1]) if len(person.parts) > 1]
            for address in _EMAIL.finditer(passage):
                around = passage[max(0, address.start() - _BEFORE) : address.end() + _AFTER]
                own += people_beside(address[0], around)
        words = _words(body)
        return cls(
            [person for person in own if not words.isdisjoint(person.surname_words | person.first_words)],
            directory.named_among(words),
        )

    def __call__(self, text: str | None) -> str | None:
        """Return `text` with placeholders for contact details; None stays None."""
        if not text:
            return text
        text = _around(text, _AT, _without_addresses)
        text = _around(text, _DIGITS, _without_numbers)
        text = _LONE_EXTENSION.sub(PHONE_PLACEHOLDER, text)
        return self._without_names(text)

    def _without_names(self, text: str) -> str:
        lower = text.casefold()
        named = [person for person in self._everybody if any(word in lower for word in person.surname_words)]
        for person in named:
            if person.full_name is not None and any(word in lower for word in person.first_words):
                text = person.full_name.sub(NAME_PLACEHOLDER, text)
        own = [person for person in named if person in self._own]
        for person in [*own, *own]:  # twice: "Drs. A and B" needs A gone before B is recognized
            text = person.surname_alone.sub(NAME_PLACEHOLDER, text)
        if self._first_names and "removed]" in text:
            before_address = rf"\b(?:{self._first_names})\b(?=[^.\n]{{0,40}}\[(?:e-mail|telephone) removed\])"
            text = re.sub(before_address, NAME_PLACEHOLDER, text)
        return text


def _around(text: str, trigger: re.Pattern[str], change: Callable[[str], str]) -> str:
    """Apply `change` to the lines that hold `trigger` and the lines next to them, and to nothing else."""
    changed, done = [], 0
    for start, end in _spans(text, trigger):
        changed += [text[done:start], change(text[start:end])]
        done = end
    return "".join([*changed, text[done:]])


def _spans(text: str, trigger: re.Pattern[str]) -> list[tuple[int, int]]:
    """Return where the lines around each `trigger` begin and end, runs of them as one."""
    spans: list[tuple[int, int]] = []
    for match in trigger.finditer(text):
        start = text.rfind("\n", 0, max(0, text.rfind("\n", 0, match.start()))) + 1
        end = text.find("\n", text.find("\n", match.end()) + 1) if "\n" in text[match.end() :] else len(text)
        end = len(text) if end < 0 else end
        if spans and start <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _without_addresses(text: str) -> str:
    text = _LINK.sub(_words_of_link, text)
    text = _EMAIL.sub(EMAIL_PLACEHOLDER, text)
    return _BARE_MAILTO.sub(EMAIL_PLACEHOLDER, text)


def _without_numbers(text: str) -> str:
    text = _PHONE.sub(PHONE_PLACEHOLDER, text)
    return _LOCAL_PHONE.sub(rf"\1{PHONE_PLACEHOLDER}", text)


def _words_of_link(link: re.Match[str]) -> str:
    """Keep the words of a mail link unless they are the address."""
    words = link[1].strip()
    return EMAIL_PLACEHOLDER if not words or _EMAIL.search(words) else f"{words} ({EMAIL_PLACEHOLDER})"
