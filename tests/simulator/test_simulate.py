from __future__ import annotations

import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import carms_lib as carms
import numpy as np
import pandas as pd
import pytest
from carms_lib.exceptions import ArgumentError, StudyError, UnknownNameError
from carms_lib.simulator.study import simulation

pytestmark = pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")

MORE = carms.Scenario("more").add_seats(4, discipline="Family Medicine")
CLOSED = carms.Scenario("closed").close_programs(program_stream_id="13")


def _same(one: carms.Study, two: carms.Study, draws: slice = slice(None)) -> None:
    assert one.scenarios == two.scenarios
    for name in one.scenarios:
        for a, b in zip(one.outcomes_of(name)[2:], two.outcomes_of(name)[2:], strict=True):
            np.testing.assert_array_equal(a[draws], b[draws])


@pytest.fixture(scope="module")
def study(market: carms.Market) -> carms.Study:
    return carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025)


def test_numbers_do_not_depend_on_workers(market: carms.Market, study: carms.Study) -> None:
    with ThreadPoolExecutor(1) as one:
        _same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, executor=one))
    with ThreadPoolExecutor(7) as seven:
        _same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, executor=seven))


def test_threads_see_the_market_where_it_is(market: carms.Market, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is pickled for them, nor a work space made anew for a copy of the market."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("pickled")

    monkeypatch.setattr(pickle, "dumps", refuse)
    with ThreadPoolExecutor(2) as threads:
        carms.simulate(market, n_draws=10, rng=1, executor=threads)


def test_numbers_do_not_depend_on_processes(market: carms.Market, study: carms.Study) -> None:
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as processes:
        _same(study, carms.simulate(market, MORE, CLOSED, n_draws=105, rng=2025, executor=processes))


def test_more_draws_never_change_earlier_ones(market: carms.Market, study: carms.Study) -> None:
    longer = carms.simulate(market, MORE, CLOSED, n_draws=123, rng=2025)
    for name in study.scenarios:
        for a, b in zip(study.outcomes_of(name)[2:], longer.outcomes_of(name)[2:], strict=True):
            np.testing.assert_array_equal(a, b[:105])


def test_other_scenarios_do_not_change_a_scenario(market: carms.Market, study: carms.Study) -> None:
    alone = carms.simulate(market, CLOSED, n_draws=105, rng=2025)
    for a, b in zip(study.outcomes_of("closed")[2:], alone.outcomes_of("closed")[2:], strict=True):
        np.testing.assert_array_equal(a, b)


def test_entropy_reruns_the_study(market: carms.Market) -> None:
    first = carms.simulate(market, n_draws=10)
    assert first.provenance.entropy == first.entropy
    _same(first, carms.simulate(market, n_draws=10, rng=first.entropy))
    other = carms.simulate(market, n_draws=10)
    assert other.entropy != first.entropy


def test_draws_differ_and_inputs_change_with_the_block(study: carms.Study) -> None:
    wished = study.outcomes_of().wished
    assert not (wished[0] == wished[1]).all()
    assert len(study.inputs) == 11
    assert study.inputs["merit"].nunique() == 11


def test_study_saves_and_loads(study: carms.Study, tmp_path: Path) -> None:
    path = study.save(tmp_path / "study.npz")
    again = carms.Study.load(path)
    _same(study, again)
    pd.testing.assert_frame_equal(study.inputs, again.inputs)
    assert again.provenance.to_dict() == study.provenance.to_dict()
    pd.testing.assert_frame_equal(
        study.pressure(by="discipline").to_frame(), again.pressure(by="discipline").to_frame()
    )
    with pytest.raises(ArgumentError, match="exists already"):
        study.save(path)


def test_load_refuses_what_is_no_study(tmp_path: Path) -> None:
    for name, content in (("text.npz", b"no archive"), ("pickle.npz", pickle.dumps({}))):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(StudyError, match="not a saved study"):
            carms.Study.load(tmp_path / name)
    with pytest.raises(StudyError, match="not a saved study"):
        carms.Study.load(tmp_path / "absent.npz")


@pytest.mark.parametrize("n_draws", [0, -5, 1.5, "many", True, None])
def test_number_of_draws_is_checked(market: carms.Market, n_draws: object) -> None:
    with pytest.raises(ArgumentError, match="n_draws"):
        carms.simulate(market, n_draws=n_draws, rng=1)  # type: ignore[arg-type]


def test_one_draw_is_a_study(market: carms.Market) -> None:
    assert carms.simulate(market, n_draws=1, rng=1).n_draws == 1


def test_scenarios_need_different_names(market: carms.Market) -> None:
    with pytest.raises(ArgumentError, match="more than once"):
        carms.simulate(market, MORE, carms.Scenario("more"), n_draws=1, rng=1)


def test_comparison_is_offered_near_names(study: carms.Study) -> None:
    with pytest.raises(UnknownNameError, match="'more'"):
        study.compare("mor")
    with pytest.raises(UnknownNameError, match="baseline"):
        study.compare("baseline")


def test_words(study: carms.Study) -> None:
    assert "105 draws" in repr(study)
    assert "entropy 2025" in study.summary()
    assert "more minus baseline" in study.compare("more").summary()
    assert study.provenance.settings["cohort"] == "2025"
    assert study.provenance.settings["n_draws"] == 105


def test_progress_bar_counts_draws(market: carms.Market, capsys: pytest.CaptureFixture[str]) -> None:
    carms.simulate(market, n_draws=10, rng=1, progress=True)
    assert "10/10" in capsys.readouterr().err


def test_what_must_be_compiled_is_compiled_before_the_bar_begins(
    market: carms.Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps: list[str] = []
    compiled, bar = simulation.compile_block, simulation.tqdm
    monkeypatch.setattr(simulation, "compile_block", lambda *given: (steps.append("compiled"), compiled(*given)))
    monkeypatch.setattr(simulation, "tqdm", lambda **given: (steps.append("bar"), bar(**given))[1])
    fewer = carms.Scenario("fewer").scale_demand(0.5, discipline="Psychiatry")  # with lists of its own
    carms.simulate(market, fewer, n_draws=10, rng=1)
    assert steps == ["compiled", "compiled", "bar"]
