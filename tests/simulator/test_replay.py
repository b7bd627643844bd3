"""A draw made again with its lists is the draw that the study made."""

from __future__ import annotations

import carms_lib as carms
import numpy as np
import pytest
from carms_lib.simulator.study.replay import plan_blocks, replay


@pytest.mark.parametrize("changed", [False, True])
def test_a_replayed_draw_is_the_draw_of_the_study(market: carms.Market, changed: bool) -> None:
    more = carms.Scenario("more").scale_quota(1.5, discipline="Family Medicine").scale_class(0.5, applicant_class="img")
    study = carms.simulate(market, more, n_draws=25, rng=11)
    outcomes = study.outcomes_of("more" if changed else "baseline")
    entropy, plans = plan_blocks(more.apply(market) if changed else market, 25, 11)
    assert entropy == study.entropy
    assert [draw for plan in plans for draw in plan.draws] == list(range(25))
    for plan in plans:
        for drawn in replay(more.apply(market) if changed else market, plan):
            kept = outcomes.first[drawn.draw]
            np.testing.assert_array_equal(drawn.match, np.where(kept >= 0, kept, -1))
            np.testing.assert_array_equal(drawn.quota, outcomes.quota[drawn.draw])
            listed = np.diff(drawn.ptr) > 0
            np.testing.assert_array_equal(listed, outcomes.ranked[drawn.draw] >= 0)
            np.testing.assert_array_equal(drawn.program[drawn.ptr[:-1][listed]], outcomes.ranked[drawn.draw][listed])
