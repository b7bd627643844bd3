"""The Canadian residency match as governed tables, a fast simulation, and pressure with honest bands.

Belongs here: the public face, about twenty names, each imported when it is first used, so that
``import carms_lib`` costs milliseconds and loads neither numba, matplotlib, sqlalchemy nor statsmodels.
Does not belong here: code.

The data goes one way: `loaders` read the published files, `schemas` hold the contract of every table, `transforms`
make bronze, silver and gold, `quality` checks them, `warehouse` keeps them, `matching` is the mechanism, `simulator`
draws and matches, `pressure` turns draws into answers with bands, `fitting` fits cohorts to published
figures, `forecasting` tests and projects them, `plotting` draws figures, `memo` writes the report, `cli` is the command
line.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

_FACE = {
    "CarmsError": "carms_lib.exceptions",
    "CarmsWarning": "carms_lib.exceptions",
    "Cohort": "carms_lib.simulator",
    "Layers": "carms_lib.transforms",
    "Market": "carms_lib.simulator",
    "Provenance": "carms_lib.provenance",
    "Release": "carms_lib.loaders",
    "Scenario": "carms_lib.simulator",
    "Study": "carms_lib.simulator",
    "allocate_seats": "carms_lib.pressure",
    "build": "carms_lib.transforms",
    "data_dictionary": "carms_lib.schemas",
    "fetch_release": "carms_lib.loaders",
    "load_cohort": "carms_lib.simulator",
    "load_release": "carms_lib.loaders",
    "open_warehouse": "carms_lib.warehouse",
    "seat_values": "carms_lib.pressure",
    "simulate": "carms_lib.simulator",
    "to_bronze": "carms_lib.transforms",
    "to_gold": "carms_lib.transforms",
    "to_silver": "carms_lib.transforms",
    "write_memo": "carms_lib.memo",
    "write_scorecard": "carms_lib.memo",
}

__version__ = "0.1.0"
__all__ = [
    "CarmsError",
    "CarmsWarning",
    "Cohort",
    "Layers",
    "Market",
    "Provenance",
    "Release",
    "Scenario",
    "Study",
    "__version__",
    "allocate_seats",
    "build",
    "data_dictionary",
    "fetch_release",
    "load_cohort",
    "load_release",
    "open_warehouse",
    "seat_values",
    "simulate",
    "to_bronze",
    "to_gold",
    "to_silver",
    "write_memo",
    "write_scorecard",
]

if TYPE_CHECKING:
    from carms_lib.exceptions import CarmsError, CarmsWarning
    from carms_lib.loaders import Release, fetch_release, load_release
    from carms_lib.memo import write_memo, write_scorecard
    from carms_lib.pressure import allocate_seats, seat_values
    from carms_lib.provenance import Provenance
    from carms_lib.schemas import data_dictionary
    from carms_lib.simulator import Cohort, Market, Scenario, Study, load_cohort, simulate
    from carms_lib.transforms import Layers, build, to_bronze, to_gold, to_silver
    from carms_lib.warehouse import open_warehouse


def __getattr__(name: str) -> Any:
    if name in _FACE:
        value = getattr(importlib.import_module(_FACE[name]), name)
        globals()[name] = value  # the next access is an ordinary attribute
        return value
    from difflib import get_close_matches  # noqa: PLC0415 - only a misspelt name pays for it

    near = get_close_matches(name, __all__, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    msg = f"module 'carms_lib' has no attribute {name!r}.{hint}"
    raise AttributeError(msg)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
