"""The last line of defence: no contact detail in an error message or a quarantine table.

Belongs here: redaction of e-mail addresses and telephone numbers in a short value. Does not belong here: the
removal of contact blocks and names from pages; the loaders do that before any table exists.
"""

from __future__ import annotations

import re

__all__ = ["CONTACT", "redact_contacts", "show_value"]

CONTACT = re.compile(
    r"[\w.+'’-]+\s?@\s?[\w-]+(?:\.[\w-]+)+"  # e-mail address
    r"|(?<![\d-])(?:\+?1[ .-]?)?\(?\d{3}\)?[ .-]{0,2}\d{3}[ .-]\d{4}(?!\d)"  # ten-digit telephone number
    r"|(?<![\d-])\d{3}[-.]\d{4}(?![\d-])"  # seven-digit telephone number
)
"""An e-mail address or a North American telephone number."""


def redact_contacts(text: str) -> str:
    """Return `text` with every e-mail address and telephone number replaced by "[contact]"."""
    return CONTACT.sub("[contact]", text)


def show_value(value: object, width: int = 60) -> str:
    """Return `value` as text that may be shown to anyone: no contact detail, at most `width` characters."""
    text = redact_contacts(str(value))
    return text if len(text) <= width else text[: width - 1] + "…"
