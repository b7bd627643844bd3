"""Stable matching where programs rank by score: the one engine, which `solve` and the simulator call.

====================== ==================================================================================
module                 holds
====================== ==================================================================================
`lists`                the arrays: lists with scores, couples' pairs, and the state of a match
`heaps`                held seats: the worst of each program at the root
`deferred_acceptance`  applicants propose, without couples
`blocking`             whom a program would take, and which coalitions block
`moves`                who waits, takes a seat, gives one up, or withdraws with a partner
`roth_peranson`        units admitted one after another, chains from one instability to the next
`kojima_pathak_roth`   passes over everybody until one changes nothing
`vacancy_chains`       what one more seat sets off
====================== ==================================================================================

Every array belongs to the caller and nothing allocates. Labels, ranks and checks of input belong to the package above,
`carms_lib.matching`.
"""
