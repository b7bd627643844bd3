"""Scenarios as background jobs: submitted, polled, the library's own numbers, bounded."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("fastapi", reason="pip install 'carms-lib[examples]'")

QUESTION = {
    "name": "Ontario FM +10 %",
    "levers": [
        {"action": "scale_quota", "value": 1.1, "where": {"province": ["ON"], "discipline": ["Family Medicine"]}}
    ],
    "draws": 110,
    "entropy": 2025,
}


def poll(client, address):
    until = time.monotonic() + 60
    while time.monotonic() < until:
        job = client.get(address).json()
        if job["status"] in {"done", "failed"}:
            return job
        time.sleep(0.05)
    raise AssertionError(f"still {job['status']} after a minute")


@pytest.mark.filterwarnings("ignore::carms_lib.exceptions.TooFewDrawsWarning")
def test_a_scenario_is_run_in_the_background_and_gives_what_the_library_gives(client, layers):
    import carms_lib as carms

    accepted = client.post("/scenarios", json=QUESTION)
    assert (accepted.status_code, accepted.json()["status"]) == (202, "waiting")
    job = poll(client, accepted.headers["Location"])
    assert job["status"] == "done", job["error"]
    assert job["submitted_at"] <= job["started_at"] <= job["finished_at"]

    market = carms.Market.from_gold(layers.gold, carms.load_cohort("2025"))
    more = carms.Scenario(QUESTION["name"]).scale_quota(1.1, province="ON", discipline="Family Medicine")
    wanted = carms.simulate(market, more, n_draws=110, rng=2025).compare(more.name).outcomes().to_frame()
    told = {item["metric"]: (item["estimate"], item["lower"], item["upper"]) for item in job["result"]["outcomes"]}
    assert told == {
        row["metric"]: pytest.approx((row["estimate"], row["lower"], row["upper"])) for row in wanted.to_dict("records")
    }
    assert {item["cell"]["province"] for item in job["result"]["pressure_by_province"]} >= {"ON", "QC"}

    again = client.post("/scenarios", json=QUESTION).json()  # the same question is not run twice
    assert (again["job_id"], again["status"]) == (job["job_id"], "done")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"draws": 100_000}, "draws=100000 is more than 1000"),
        ({"name": "baseline"}, "name='baseline' is taken"),
        ({"levers": [{"action": "close_programs", "value": 2, "where": {}}]}, "close_programs takes no value"),
        ({"levers": [{"action": "add_seats", "where": {"province": ["ON"]}}]}, "add_seats needs a value"),
        ({"levers": [{"action": "add_seats", "value": 0.5, "where": {}}]}, "seats=0.5 must be a whole number"),
        (
            {"levers": [{"action": "scale_class", "value": 2, "where": {"province": ["ON"]}}]},
            "applicant_class alone",
        ),
        ({"levers": [{"action": "set_quota", "value": 1, "where": {"province": ["Ontario"]}}]}, "province='Ontario'"),
        ({"levers": [{"action": "set_quota", "value": 1, "where": {"salary": ["1"]}}]}, "levers.0.where"),
        ({"levers": []}, "body.levers"),
        ({"entropy": -1}, "body.entropy"),
        ({"priority": 1}, "body.priority"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_refused_before_it_waits(client, change, said):
    answer = client.post("/scenarios", json={**QUESTION, **change})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert client.app.state.jobs.counts() == {"waiting": 0, "running": 0, "done": 0, "failed": 0}


def requests(models, n):
    return [models.ScenarioRequest(**{**QUESTION, "entropy": number}) for number in range(n)]


def test_the_line_is_bounded_and_what_ended_is_forgotten_in_order():
    from examples.api import models
    from examples.api.errors import ServiceError
    from examples.api.jobs import Jobs

    go = threading.Event()

    def run(request):
        go.wait(10)
        return models.ScenarioResult(outcomes=[], pressure_by_province=[])

    jobs = Jobs(run, waiting=2, kept=2)
    asked = requests(models, 4)
    for number in range(3):  # one runs, two wait
        jobs.submit(str(number), asked[number], "1503")
    with pytest.raises(ServiceError, match="2 scenarios are waiting already") as refused:
        jobs.submit("3", asked[3], "1503")
    assert (refused.value.status, refused.value.headers) == (429, {"Retry-After": "10"})
    go.set()
    until = time.monotonic() + 10
    while jobs.counts()["done"] < 2 or jobs.counts()["waiting"] + jobs.counts()["running"]:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert [jobs.get(name).status for name in "12"] == ["done", "done"]
    with pytest.raises(ServiceError, match="There is no job 0"):
        jobs.get("0")
    jobs.close()


@pytest.mark.parametrize(("error", "said"), [("ours", "no seats"), ("foreign", "the log has the cause")])
def test_a_run_that_fails_says_so_and_may_be_asked_again(caplog, error, said):
    from carms_lib.exceptions import ScenarioError
    from examples.api import models
    from examples.api.jobs import Jobs

    def run(request):
        raise ScenarioError("no seats") if error == "ours" else RuntimeError("secret")

    jobs = Jobs(run, waiting=2, kept=2)
    (asked,) = requests(models, 1)
    for _ in range(2):
        assert jobs.submit("a", asked, "1503").status == "waiting"
        until = time.monotonic() + 10
        while (job := jobs.get("a")).status != "failed":
            assert time.monotonic() < until
            time.sleep(0.01)
        assert said in job.error
        assert "secret" not in job.error
    jobs.close()
