"""PROMISE: one contract per table and layer, and the data dictionary that is generated from them.

Belongs here: what a table must look like, what each column means, the closed vocabularies, the reviewed
reference data, and the one screen that tells how a table breaks its promise. Does not belong here: reading,
shaping or keeping tables.
"""

from __future__ import annotations

from carms_lib.schemas import audit, bronze, gold, raw, silver
from carms_lib.schemas._dictionary import data_dictionary
from carms_lib.schemas._model import TEXT, Column, Table, TableContract, contracts
from carms_lib.schemas._validate import CONTACT, contract, redact_contacts, show_value, validate
from carms_lib.schemas.fields import FIELDS, ROWS, Field, FieldMeaning
from carms_lib.schemas.fields.row import LAYERS
from carms_lib.schemas.reference import Reference, load_reference

__all__ = [
    "CONTACT",
    "FIELDS",
    "LAYERS",
    "ROWS",
    "TEXT",
    "Column",
    "Field",
    "FieldMeaning",
    "Reference",
    "Table",
    "TableContract",
    "audit",
    "bronze",
    "contract",
    "contracts",
    "data_dictionary",
    "gold",
    "load_reference",
    "raw",
    "redact_contacts",
    "show_value",
    "silver",
    "validate",
]
