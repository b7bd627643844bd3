"""Contact details stop here: e-mail addresses, telephone numbers, names of contacts.

Belongs here: finding them in a text and putting a visible placeholder in their place. Does not belong here: who
is a contact (`contact_names`), and dropping the contact blocks themselves; `pages` never passes them on.

What counts as a contact: everybody named in a contact block of any page of the release, and whoever is named
beside an e-mail address on a page. A full name is removed wherever it stands; a surname after a title, or a first
name just before a removed address, only on the pages that name its bearer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .contact_names import Person, people_beside, people_in_contacts, people_named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

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
_LONE_EXTENSION = re.compile(r"\b(?:[Ee]xt\.?|[Ee]xtension|[Pp]oste)[\s*]{0,3}#?\d{3,6}(?!\d)")
# What a text must hold for the patterns above to be worth trying on the lines around it.
_AT = re.compile(r"@|%40|mailto:|[(\[{][ ]?(?:[Aa][Tt]|[Aa]robase?|a commercial)[ ]?[)\]}]")
_DIGITS = re.compile(rf"\d{{3}}(?:[\s.\u00a0*()]|{_HYPHEN}){{0,5}}\d{{4}}|\+\d|tel:")
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
        words = set(_WORD.findall(body.casefold()))
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
