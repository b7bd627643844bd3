"""The one seam by which a result opens a view that lives further down the house.

Belongs here: the table of views. ``study.pressure(…)`` is written on the study, in `simulator`, and answered by
`pressure`; ``bands.plot()`` is written on the bands and drawn by `plotting`. Imports run one way, so neither can
import its answer; instead each opens it by name when it is called. Does not belong here: anything else. A package
that is not in this table imports only what stands above it.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

__all__ = ["open_view"]

_VIEWS = {
    "pressure": ("carms_lib.pressure", "pressure_bands"),
    "outcomes": ("carms_lib.pressure", "outcome_bands"),
    "plot": ("carms_lib.plotting", "plot_bands"),
}


def open_view(name: str) -> Callable[..., Any]:
    """Return the function that answers the view `name`; its package is imported now.

    Parameters
    ----------
    name : {"pressure", "outcomes", "plot"}

    Returns
    -------
    callable
    """
    module, function = _VIEWS[name]
    view: Callable[..., Any] = getattr(importlib.import_module(module), function)
    return view
