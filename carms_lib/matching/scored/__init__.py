"""Stable matching where programs rank by score: the engine that the simulator calls from compiled code.

====================== ==================================================================================
module                 holds
====================== ==================================================================================
`lists`                the arrays: lists with scores, couples' pairs, and the state of a match
`deferred_acceptance`  applicants propose, without couples
`blocking`             whom a program would take, and which coalitions block
`roth_peranson`        couples admitted one after another
`vacancy_chains`       what one more seat sets off
====================== ==================================================================================

Every array belongs to the caller and nothing allocates. Labels, ranks and checks of input belong to the package above,
`carms_lib.matching`.
"""
