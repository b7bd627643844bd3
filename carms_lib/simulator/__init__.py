"""QUESTION: who applies where, what would change, and what the match makes of it, thousands of times.

Belongs here: the cohort (who applies and what they want), the market (programs and applicants joined), scenarios
(what a planner would change), `simulate`, and the study that holds the outcomes. Does not belong here: the
mechanism (`carms_lib.matching`) and what outcomes mean (`carms_lib.pressure`).
"""

from __future__ import annotations

from carms_lib.simulator._cohort import PARAMETERS, Cohort, load_cohort
from carms_lib.simulator._comparison import BASELINE, Comparison
from carms_lib.simulator._market import PROGRAM_COLUMNS, Market
from carms_lib.simulator._outcomes import Outcomes
from carms_lib.simulator._scenario import Lever, Scenario
from carms_lib.simulator._simulate import simulate
from carms_lib.simulator._study import Study

__all__ = [
    "BASELINE",
    "PARAMETERS",
    "PROGRAM_COLUMNS",
    "Cohort",
    "Comparison",
    "Lever",
    "Market",
    "Outcomes",
    "Scenario",
    "Study",
    "load_cohort",
    "simulate",
]
