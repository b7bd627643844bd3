"""The service keeps what its OpenAPI document promises, whatever it is sent: schemathesis, bounded and seeded."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings

pytest.importorskip("fastapi", reason="pip install 'carms-lib[examples]'")
schemathesis = pytest.importorskip("schemathesis", reason="pip install 'carms-lib[examples]'")

from schemathesis.specs.openapi.checks import positive_data_acceptance  # noqa: E402

KEY = "a key that only the tests know, long enough"
OPERATIONS = [
    "GET /health", "GET /ready", "GET /programs", "GET /programs/search", "GET /programs/{program_stream_id}",
    "GET /disciplines", "GET /map", "GET /analytics/match-pressure", "GET /analytics/preferences",
    "POST /scenarios", "GET /scenarios/{job_id}",
]  # fmt: skip


@pytest.fixture(scope="module")
def operations(published, settings_for):
    """The operations of the document, by name; scenarios run without a simulation: their form is looked at here."""
    from examples.api import models
    from examples.api.app import create_app

    app = create_app(settings_for(published, jobs_waiting=1_000))
    app.state.service.run_scenario = lambda request: models.ScenarioResult(outcomes=[], pressure_by_province=[])
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    yield {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}
    app.state.service.close()


def test_every_operation_of_the_document_is_tried(operations):
    assert sorted(operations) == sorted(OPERATIONS)


@pytest.mark.parametrize("mode", ["positive", "negative"])
@pytest.mark.parametrize("label", OPERATIONS)
def test_the_service_keeps_its_promise(operations, label, mode):
    operation = operations[label]
    if mode == "negative" and not any([*operation.iter_parameters(), *operation.body]):
        mode = "positive"  # it takes nothing that could be wrong

    @settings(max_examples=12, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(operation.as_strategy(schemathesis.GenerationMode(mode)))
    def keeps_its_promise(case):
        # a name of the right form that no program carries is refused with 422: the document cannot list all names
        case.call_and_validate(headers={"X-API-Key": KEY}, excluded_checks=[positive_data_acceptance])

    keeps_its_promise()


def test_the_document_is_valid_and_tells_of_every_failure(client):
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, told in document["paths"].items():
        for operation in told.values():
            failures = {status: said for status, said in operation["responses"].items() if status >= "400"}
            assert failures, path
            assert all(set(said["content"]) == {"application/problem+json"} for said in failures.values())
            assert operation["summary"]
