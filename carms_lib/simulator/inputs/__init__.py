"""What a draw starts from: who applies, which programs there are, and what a scenario changes.

==================== ====================================================================================
module               holds
==================== ====================================================================================
`parameters`         names and units of the uncertain inputs and of a cohort's tables
`input_groups`       the registry of groups of uncertain inputs
`cohort`             who applies and what they want, with `cohort_tables` and `cohort_file`
`applicant_counts`   a cohort with other class sizes, schools and first choices
`applicants`         one place for each applicant who might take part
`tables`             the market as integer arrays, and what each array is about
`program_table`      checks of the table of programs
`rules`              the registry of rules: who may apply where, and which seats revert, by province
`rule_record`        which rule held where and when, from `data/rules.toml`
`market`             programs and applicants joined, and markets with other programs or schools
`margins`            known margins of a closed match, and raking to them
`seat_plan`          what the seats of a market are, before chance rounds them
`seat_cells`         which totals of seats are rounded with the programs
`levers`             the registry of levers: what each does to a market
`scenario`           a name and its levers, one typed method a lever
`rounding`           whole seats and persons by largest remainder
`toml`               values as TOML text
==================== ====================================================================================

Nothing here is random: the same market serves every draw.
"""
