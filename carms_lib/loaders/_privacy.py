"""Contact details stop here: e-mail addresses, telephone numbers, names of contacts.

Belongs here: finding them and putting a visible placeholder in their place. Does not belong here: dropping
the contact blocks themselves; `_page` never passes them on.
"""

from __future__ import annotations

import re

EMAIL_PLACEHOLDER = "[e-mail removed]"
PHONE_PLACEHOLDER = "[telephone removed]"
NAME_PLACEHOLDER = "[name removed]"

_EMAIL = re.compile(r"[\w.+%'-]+\s?@\s?[\w-]+(?:\.[\w-]+)+")
_PHONE = re.compile(r"(?<!\d)(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]*\d{3}[ .-]?\d{4}(?!\d)")


class Scrubber:
    """Takes contact details out of the texts of one page."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    @classmethod
    def for_page(cls, preamble: str, contacts: str) -> Scrubber:
        """Learn from a page's own contact blocks which names to look for."""
        return cls([])

    def __call__(self, text: str | None) -> str | None:
        """Return `text` without contact details."""
        if not text:
            return text
        text = _EMAIL.sub(EMAIL_PLACEHOLDER, text)
        return _PHONE.sub(PHONE_PLACEHOLDER, text)
