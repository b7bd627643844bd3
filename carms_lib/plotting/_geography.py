"""Where the provinces and territories stand in a figure.

Belongs here: names, order from west to east, and the tile of each jurisdiction. Does not belong here: which
programs lie where; that is in the gold tables.
"""

from __future__ import annotations

__all__ = ["PROVINCES", "PROVINCE_KEYS", "TILES", "is_geographic"]

PROVINCES = {
    "BC": "British Columbia",
    "AB": "Alberta",
    "SK": "Saskatchewan",
    "MB": "Manitoba",
    "ON": "Ontario",
    "QC": "Québec",
    "NB": "New Brunswick",
    "NS": "Nova Scotia",
    "PE": "Prince Edward Island",
    "NL": "Newfoundland and Labrador",
    "YT": "Yukon",
    "NT": "Northwest Territories",
    "NU": "Nunavut",
}

# column, row; row 0 is the north
TILES = {
    "YT": (0, 0), "NT": (1, 0), "NU": (3, 0),
    "BC": (0, 1), "AB": (1, 1), "SK": (2, 1), "MB": (3, 1), "ON": (4, 1), "QC": (5, 1), "NL": (7, 1),
    "NB": (6, 2), "PE": (7, 2),
    "NS": (7, 3),
}  # fmt: skip

PROVINCE_KEYS = ("province", "school_province", "site_province")


def is_geographic(key: str) -> bool:
    """Say whether a group key holds provinces."""
    return key in PROVINCE_KEYS
