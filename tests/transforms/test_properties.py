"""Laws of the build that hold whatever the rows."""

from __future__ import annotations

import pandas as pd
from carms_lib.schemas import contracts
from carms_lib.transforms import to_gold
from hypothesis import given, settings
from hypothesis import strategies as st

LENGTHS = {"discipline": 2, "program_master": 4, "page": 4, "section": 12}
ORDERS = st.fixed_dictionaries({table: st.permutations(range(n)) for table, n in LENGTHS.items()})
PRINTED = st.one_of(
    st.none(),
    st.text(max_size=20),
    st.from_regex(r"-?[0-9]{1,4}( [a-z]+)?", fullmatch=True),
    st.sampled_from(["0 - 25", "601 +", "n/a", "101", "9901-102", "CMG Stream for CMG", "January 1, 2025"]),
)


@st.composite
def damages(draw):
    """A few cells of raw tables, and what is printed in them instead."""
    cells = []
    for _ in range(draw(st.integers(1, 4))):
        table = draw(st.sampled_from(sorted(LENGTHS)))
        column = draw(st.sampled_from(contracts()["raw"][table].columns))
        cells.append((table, draw(st.integers(0, LENGTHS[table] - 1)), column, draw(PRINTED)))
    return cells


@settings(max_examples=10, deadline=None)
@given(ORDERS)
def test_the_order_of_rows_changes_neither_silver_nor_gold(bench, orders):
    silver, shuffled = bench.silver(), bench.shuffle(orders).silver()
    for table, frame in silver.items():
        pd.testing.assert_frame_equal(shuffled[table], frame)
    gold, again = to_gold(silver), to_gold(shuffled)
    for table, frame in gold.items():
        assert again[table].to_csv().encode() == frame.to_csv().encode()


@settings(max_examples=30, deadline=None)
@given(damages())
def test_whatever_is_printed_nothing_is_lost(bench, cells):
    damaged = bench
    for table, row, column, value in cells:
        damaged = damaged.set_row(table, row, **{column: value})
    silver = damaged.silver()
    steps = silver.steps
    assert (steps["rows_read"] == steps["rows_kept"] + steps["rows_quarantined"]).all()
    set_aside = silver.quarantine.groupby("table")["source_row"].nunique()
    counted = steps.set_index("table")["rows_quarantined"]
    assert counted[counted > 0].to_dict() == set_aside.to_dict()
    gold = to_gold(silver)
    assert gold["cell"]["seats"].sum() == silver["program"]["quota"].sum()
    assert gold["cell"]["programs"].sum() == len(silver["program"])
