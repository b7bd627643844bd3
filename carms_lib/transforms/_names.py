"""Every spelling that is understood, from the reviewed reference data.

Belongs here: turning the reference tables into look-ups by folded spelling. Does not belong here: the spellings
(``carms_lib/data/reference``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from carms_lib.schemas import Reference, codes
from carms_lib.transforms._values import fold

__all__ = ["Names"]


@dataclass(frozen=True)
class Names:
    """Look-ups from folded spelling to canonical name.

    Parameters
    ----------
    stream, school, province, accreditation, language, exam, match, iteration : mapping of str to str
        One look-up per kind of name.
    """

    stream: Mapping[str, str]
    school: Mapping[str, str]
    province: Mapping[str, str]
    accreditation: Mapping[str, str]
    language: Mapping[str, str]
    exam: Mapping[str, str]
    match: Mapping[str, str]
    iteration: Mapping[str, str]

    @classmethod
    def of(cls, reference: Reference) -> Names:
        """Read `reference`; canonical names are spellings of themselves."""
        return cls(
            stream=_lookup(reference, "stream", reference.stream["stream"]),
            school=_lookup(reference, "school", reference.school["school"])
            | _pairs(reference.school["school_fr"], reference.school["school"]),
            province=_pairs(reference.province["province"], reference.province["province"])
            | _pairs(reference.province["province_name"], reference.province["province"])
            | _pairs(reference.province["province_name_fr"], reference.province["province"]),
            accreditation=_lookup(reference, "accreditation", codes.ACCREDITATIONS),
            language=_lookup(reference, "language", codes.LANGUAGES),
            exam=_lookup(reference, "exam", codes.EXAMS),
            match=_lookup(reference, "match", ()),
            iteration=_lookup(reference, "iteration", codes.ITERATIONS),
        )


def _lookup(reference: Reference, field: str, canonical: Iterable[str]) -> dict[str, str]:
    spelling = reference.spelling.loc[reference.spelling["field"] == field]
    return {fold(name): name for name in canonical} | _pairs(spelling["spelling"], spelling["canonical"])


def _pairs(spellings: pd.Series[str], names: pd.Series[str]) -> dict[str, str]:
    present = spellings.notna()
    return {fold(text): name for text, name in zip(spellings[present], names[present], strict=True)}
