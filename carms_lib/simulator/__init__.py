"""QUESTION: who applies where, what would change, and what the match makes of it, thousands of times.

Belongs here: the cohort (who applies and what they want), the market (programs and applicants joined), scenarios
(what a planner would change), `simulate`, and the study that holds the outcomes. Does not belong here: the
mechanism (`carms_lib.matching`) and what outcomes mean (`carms_lib.pressure`).
"""

from __future__ import annotations

from carms_lib.simulator.inputs.cohort import Cohort, load_cohort
from carms_lib.simulator.inputs.input_groups import INPUT_GROUPS, InputGroup, input_group
from carms_lib.simulator.inputs.market import Market
from carms_lib.simulator.inputs.parameters import PARAMETERS
from carms_lib.simulator.inputs.program_table import PROGRAM_COLUMNS
from carms_lib.simulator.inputs.rule_record import load_rules
from carms_lib.simulator.inputs.scenario import Lever, Scenario
from carms_lib.simulator.study.comparison import Comparison
from carms_lib.simulator.study.outcomes import BASELINE, Outcomes
from carms_lib.simulator.study.simulation import simulate
from carms_lib.simulator.study.study import Study

__all__ = [
    "BASELINE",
    "INPUT_GROUPS",
    "PARAMETERS",
    "PROGRAM_COLUMNS",
    "Cohort",
    "Comparison",
    "InputGroup",
    "Lever",
    "Market",
    "Outcomes",
    "Scenario",
    "Study",
    "input_group",
    "load_cohort",
    "load_rules",
    "simulate",
]
