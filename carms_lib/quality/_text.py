"""Comparing names as people do.

Belongs here: one folding, for checks that compare what two places print. Does not belong here: the folding by which
names are conformed (`carms_lib.transforms`), which is stricter.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = ["letters"]


def letters(text: str) -> str:
    """Return the letters and digits of `text`, without accents and case."""
    plain = unicodedata.normalize("NFKD", text)
    return re.sub(r"[\W_]", "", "".join(c for c in plain if not unicodedata.combining(c))).casefold()
